//! Images: from archives, layouts, registries, engines and root directories, their layers read once in a bounded stream, merged to the tree a container
//! would see. The tree remembers for each entry the layer it came from.

mod attestation;
mod cache;
mod contents;
mod crew;
mod digests;
mod docker;
mod engine;
mod entries;
mod environment;
mod error;
mod export;
mod extraction;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod fixture;
mod holder;
mod job;
mod layer;
mod layers;
mod limits;
mod model;
mod names;
mod network;
mod oci;
mod pax;
mod platform;
mod recall;
mod record;
mod reference;
mod registry;
#[cfg(unix)]
mod rootfs;
mod search;
mod skopeo_dir;
mod source;
mod sparse;
mod store;
mod stream;
mod streamed;
mod tree;

pub use attestation::{Attestations, AttestedPackage, Sbom};
pub use cache::{Cache, CacheInfo};
pub use digests::{Answer, Digests, whole_name};
pub use error::ImageError;
pub use model::*;
pub use reference::ImageReference;
pub use registry::RegistryAccess;
pub use source::{Identity, Progress, ReadOptions, identify, platforms, read};
