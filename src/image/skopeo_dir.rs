//! Directories as skopeo writes them (`dir:`): the manifest beside blobs that are named by their digests alone.

use std::path::Path;

use super::error::ImageError;
use super::holder::{Blob, Holder};
use super::oci::{self, Variants};
use super::store::{Section, Store};
use super::stream::digest_of_bytes;

const MANIFEST: &str = "manifest.json";

/// A directory of skopeo.
#[derive(Debug)]
pub(super) struct SkopeoDir(Store);

impl SkopeoDir {
    pub(super) fn open(path: &Path) -> Self {
        Self(Store::directory(path))
    }

    /// The image in it.
    pub(super) fn variants(&self) -> Result<Variants<'_>, ImageError> {
        let missing = || ImageError::Missing { place: self.place(), what: MANIFEST.to_owned() };
        let top = self.0.named_document(MANIFEST)?.ok_or_else(missing)?;
        oci::behind(self, &top, &digest_of_bytes(&top), Vec::new())
    }
}

/// The part of a digest that files are named by.
fn hex(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap_or(digest)
}

impl Holder for SkopeoDir {
    fn place(&self) -> String {
        self.0.place()
    }

    /// Those behind an index, which `--all` writes.
    fn manifest(&self, digest: &str) -> Result<Option<Vec<u8>>, ImageError> {
        self.0.named_document(&format!("{}.manifest.json", hex(digest)))
    }

    fn document(&self, digest: &str) -> Result<Option<Vec<u8>>, ImageError> {
        self.0.named_document(hex(digest))
    }

    fn layer(&self, blob: &Blob) -> Result<Option<Section>, ImageError> {
        self.0.open(hex(blob.digest.as_deref().unwrap_or(&blob.name)))
    }
}
