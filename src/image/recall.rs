//! Layers by way of the cache: one that was read before is recalled, once it is sure to be the same.
//!
//! The record of a layer goes by its diff id, which only the image's config states. What is recalled is therefore first
//! held against what is stored: by the digest of the blob, where an earlier run saw what that blob unpacks to; else by
//! unpacking it, which is still far less than looking through it. A file that has been verified and has not been changed
//! since (its inode, size and times say so) is not read again.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::cache::{Cache, Key};
use super::job::Job;
use super::layer::{Expected, ReadLayer};
use super::layers::StoredLayer;
use super::record;
use super::store::Section;
use super::stream::{CHUNK, Digests, Uncompressed, digest_of};

/// What decides, beside the layer, what a record holds: the version of everything that reads layers.
const READER: &str = env!("DOCKGATE_READER");

/// A layer in the cache, or its place there.
pub(super) struct Recall<'a> {
    cache: &'a Cache,
    key: Key,
    diff_id: &'a str,
    blob: Option<&'a str>,
    /// What the file looked like before it was read.
    stamp: Option<String>,
    /// The blob is fetched by its digest from somewhere else.
    is_addressed: bool,
}

impl<'a> Recall<'a> {
    /// `None` when nobody says what the layer is.
    pub(super) fn new(cache: &'a Cache, job: &Job<'_>, section: &Section, expected: &'a Expected) -> Option<Self> {
        let diff_id = expected.diff_id.as_deref()?;
        let (blob, stamp) = (expected.blob.as_deref(), section.stamp());
        Some(Self { cache, key: key(job, diff_id), diff_id, blob, stamp, is_addressed: section.is_addressed })
    }

    /// The layer as it was when it was read, when it was, and is stored here unchanged. `size` is that of its blob.
    pub(super) fn recall(&self, stored: &StoredLayer<'_>, size: u64, seen: &(dyn Fn(u64) + Sync)) -> Option<ReadLayer> {
        // Nothing is verified for a record that is not there.
        let record = self.cache.layer(&self.key)?;
        if !self.is_stored(stored, size, seen) {
            return None;
        }
        let (layer, problems) = record::decode(&record)?;
        let digests = Digests { diff_id: self.diff_id.to_owned(), stored: self.blob.map(str::to_owned) };
        Some(ReadLayer { layer, problems, digests: Some(digests) })
    }

    /// Keeps a layer that was verified while it was read.
    pub(super) fn keep(&self, read: &ReadLayer) {
        if let Some(record) = record::encode(&read.layer, &read.problems) {
            self.cache.keep_layer(&self.key, &record);
        }
        self.note();
    }

    /// Notes that this blob was seen to be this layer.
    fn note(&self) {
        if let Some(blob) = self.blob.filter(|blob| *blob != self.diff_id) {
            self.cache.keep_note(&unpacked(blob), self.diff_id);
        }
        if let Some(stamp) = &self.stamp {
            self.cache.keep_note(&verified(stamp, self.blob), self.diff_id);
        }
    }

    /// Whether what is stored is this layer.
    fn is_stored(&self, stored: &StoredLayer<'_>, size: u64, seen: &(dyn Fn(u64) + Sync)) -> bool {
        let is_noted = |key: &Key| self.cache.note(key).as_deref() == Some(self.diff_id);
        if self.stamp.as_ref().is_some_and(|stamp| is_noted(&verified(stamp, self.blob))) {
            seen(size);
            return true;
        }
        let is_known = self.blob.is_some_and(|blob| blob == self.diff_id || is_noted(&unpacked(blob)));
        // What has this digest was seen to be this layer, and is not fetched to see it once more.
        if is_known && self.is_addressed {
            seen(size);
            return true;
        }
        let Some(section) = (stored.again)() else { return false };
        let is_same = match self.blob.filter(|_| is_known) {
            Some(blob) => hashed(section, seen).is_some_and(|digest| digest == blob),
            None => self.unpacks(section, seen),
        };
        if is_same {
            self.note();
        }
        is_same
    }

    fn unpacks(&self, section: Section, seen: &(dyn Fn(u64) + Sync)) -> bool {
        let Ok(mut stream) = Uncompressed::open(section, self.blob.is_some(), seen) else { return false };
        if io::copy(&mut stream, &mut io::sink()).is_err() {
            return false;
        }
        let digests = stream.digests();
        digests.diff_id == self.diff_id && self.blob.is_none_or(|blob| digests.stored.as_deref() == Some(blob))
    }
}

/// Where the cache has what a job reads of a layer.
pub(super) fn key(job: &Job<'_>, diff_id: &str) -> Key {
    Key::of([READER, "layer"].into_iter().chain(job.scope().iter().map(String::as_str)).chain([diff_id]))
}

fn unpacked(blob: &str) -> Key {
    Key::of(["unpacked", blob])
}

fn verified(stamp: &str, blob: Option<&str>) -> Key {
    Key::of(["verified", stamp, blob.unwrap_or_default()])
}

fn hashed(mut section: Section, seen: &(dyn Fn(u64) + Sync)) -> Option<String> {
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; CHUNK]);
    loop {
        match section.read(&mut buffer) {
            Ok(0) => return Some(digest_of(hash)),
            Ok(read) => {
                hash.update(buffer.get(..read)?);
                seen(read as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
