//! A file of the image held against what its package's database has recorded of it.

use sha1::{Digest, Sha1};

use super::{RecordedDigest, RecordedFile, RecordedKind};
use crate::image::{Entry, EntryKind, Node, Tree};

/// How a file differs from its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It is not there.
    Missing,
    /// What is there is not what the package brought: in words, such as `its content differs`.
    Changed(Vec<String>),
}

impl RecordedFile {
    /// How the file in a tree differs from this record; `None` when it does not, or nothing recorded can be compared. A file that is
    /// there to be changed cannot differ, only be missing. The content of regular files is compared where the tree has their
    /// [`Checksums`](crate::image::Checksums) and digests.
    pub fn difference(&self, tree: &Tree) -> Option<Difference> {
        let Some(node) = tree.landed(&self.path) else { return (!self.is_optional).then_some(Difference::Missing) };
        if self.is_config {
            return None;
        }
        let changes = self.changes(node);
        (!changes.is_empty()).then_some(Difference::Changed(changes))
    }

    fn changes(&self, node: &Node) -> Vec<String> {
        let entry = &*node.entry;
        if self.kind.as_ref().is_some_and(|kind| !kind.is(entry.kind)) {
            return vec![format!("it is {} now", named(entry.kind))];
        }
        let mut changes = Vec::new();
        let is_file = entry.kind == EntryKind::File;
        let is_changed = self.digest.as_ref().and_then(|digest| digest.is_of(entry)).is_some_and(|is_same| !is_same);
        if is_changed {
            changes.push("its content differs".to_owned());
        } else if let Some(size) = self.size.filter(|size| is_file && *size != entry.size) {
            changes.push(format!("it has {} bytes in place of {size}", entry.size));
        }
        let has_mode = is_file || entry.kind == EntryKind::Directory;
        if let Some(mode) = self.mode.filter(|mode| has_mode && *mode != entry.mode) {
            changes.push(format!("its mode is {:04o} in place of {mode:04o}", entry.mode));
        }
        if let (Some(RecordedKind::Symlink(Some(target))), Some(now)) = (&self.kind, &entry.link)
            && target != now
        {
            changes.push(format!("it leads to {now} in place of {target}"));
        }
        changes
    }
}

fn named(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::File | EntryKind::Hardlink => "a regular file",
        EntryKind::Directory => "a directory",
        EntryKind::Symlink => "a symbolic link",
        EntryKind::CharDevice | EntryKind::BlockDevice => "a device",
        EntryKind::Fifo => "a fifo",
    }
}

impl RecordedDigest {
    /// Whether it is the digest of an entry; `None` when that is not known.
    fn is_of(&self, entry: &Entry) -> Option<bool> {
        let target = || entry.link.as_deref().filter(|_| entry.kind == EntryKind::Symlink);
        match self {
            Self::Md5(md5) => Some(entry.checksums.as_deref()?.md5 == *md5),
            Self::Sha1(sha1) => match target() {
                Some(target) => Some(<[u8; 20]>::from(Sha1::digest(target)) == *sha1),
                None => Some(entry.checksums.as_deref()?.sha1 == *sha1),
            },
            Self::Sha256(start) => Some(entry.sha256.as_deref()?.starts_with(start.as_str())),
        }
    }
}
