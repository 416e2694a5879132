//! Images: opened from archives and layouts, their layers read once in a bounded stream, merged to the tree a container
//! would see. The tree remembers for each entry the layer it came from.

mod cache;
mod contents;
mod crew;
mod docker;
mod entries;
mod error;
mod extraction;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod fixture;
mod holder;
mod layer;
mod layers;
mod limits;
mod model;
mod names;
mod oci;
mod pax;
mod platform;
mod recall;
mod record;
mod reference;
mod search;
mod skopeo_dir;
mod source;
mod sparse;
mod store;
mod stream;
mod tree;

pub use cache::{Cache, CacheInfo};
pub use error::ImageError;
pub use model::*;
pub use reference::ImageReference;
pub use source::{Identity, Progress, ReadOptions, identify, read};
