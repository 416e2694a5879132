//! What holds an image: an archive, a layout, a registry. All that reading an image asks of it.

use std::fmt;

use super::error::ImageError;
use super::store::Section;

/// The blob of a layer, as the manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Blob {
    /// What it is called where it is held: the name of an archive's member, or its digest.
    pub(super) name: String,
    /// Its digest, when the manifest gives it.
    pub(super) digest: Option<String>,
    /// Its size, when the manifest gives it.
    pub(super) size: Option<u64>,
    /// Its licence forbids to distribute it, so that it is mostly not where the image is.
    pub(super) is_foreign: bool,
}

/// Gives out an image's documents whole and its layers as streams.
pub(super) trait Holder: fmt::Debug + Sync {
    /// What it is called in messages.
    fn place(&self) -> String;

    /// The manifest or index of a digest, not verified; `None` when it is not there.
    fn manifest(&self, digest: &str) -> Result<Option<Vec<u8>>, ImageError>;

    /// The small blob of a digest, such as an image config, not verified; `None` when it is not there.
    fn document(&self, digest: &str) -> Result<Option<Vec<u8>>, ImageError>;

    /// The blob of a layer; `None` when it is not there.
    fn layer(&self, blob: &Blob) -> Result<Option<Section>, ImageError>;
}
