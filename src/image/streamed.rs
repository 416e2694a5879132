//! Layers that come by in an engine's stream, recalled from the cache.
//!
//! An engine tells an image's diff ids before it sends it. Where the name of a member says which of them it holds, or an earlier
//! run has seen what it holds, and that layer is in the cache, its bytes are hashed as they come by and not looked through.
//! Should they turn out to be another layer, the image is asked for once more, and read.

use std::io;

use super::cache::{Cache, Key};
use super::job::Job;
use super::layer::ReadLayer;
use super::recall;
use super::record;
use super::store::Section;
use super::stream::Uncompressed;

/// What an engine's image is known to hold, and where that is kept.
pub(super) struct Streamed<'a> {
    pub(super) cache: &'a Cache,
    /// As the engine tells them, lowest first.
    pub(super) diff_ids: &'a [String],
}

/// A layer that a member is thought to hold.
pub(super) struct Thought {
    diff_id: String,
    record: Vec<u8>,
}

impl Streamed<'_> {
    /// The layer that the member of a name is thought to hold, when the cache has it.
    pub(super) fn thought(&self, name: &str, job: &Job<'_>) -> Option<Thought> {
        let diff_id = self.named(name).or_else(|| {
            let noted = self.cache.note(&member(name))?;
            self.diff_ids.contains(&noted).then_some(noted)
        })?;
        let record = self.cache.layer(&recall::key(job, &diff_id))?;
        Some(Thought { diff_id, record })
    }

    /// Podman calls a member by the layer's diff id, Docker by its blob's digest, which is the same for a layer that is not compressed.
    fn named(&self, name: &str) -> Option<String> {
        let name = name.trim_start_matches('/');
        let hex = name.strip_prefix("blobs/sha256/").or_else(|| name.strip_suffix(".tar"))?;
        self.diff_ids.iter().find(|id| id.strip_prefix("sha256:") == Some(hex)).cloned()
    }

    /// Keeps a layer that was read whole, and what the member of that name was seen to hold.
    pub(super) fn keep(&self, name: &str, read: &ReadLayer, job: &Job<'_>) {
        let Some(digests) = read.digests.as_ref().filter(|digests| self.diff_ids.contains(&digests.diff_id)) else {
            return;
        };
        if let Some(record) = record::encode(&read.layer, &read.problems) {
            self.cache.keep_layer(&recall::key(job, &digests.diff_id), &record);
            self.cache.keep_note(&member(name), &digests.diff_id);
        }
    }
}

impl Thought {
    /// The layer as it was when it was read, when the member holds it; `None` when it holds another.
    pub(super) fn verified(self, section: Section, seen: &(dyn Fn(u64) + Sync)) -> Option<ReadLayer> {
        let stored_size = section.size;
        let mut stream = Uncompressed::open(section, true, seen).ok()?;
        io::copy(&mut stream, &mut io::sink()).ok()?;
        let digests = stream.digests();
        if digests.diff_id != self.diff_id {
            return None;
        }
        let (mut layer, problems) = record::decode(&self.record)?;
        layer.stored_size = stored_size;
        Some(ReadLayer { layer, problems, digests: Some(digests) })
    }
}

fn member(name: &str) -> Key {
    Key::of(["member of an engine's archive", name.trim_start_matches('/')])
}
