//! What the databases of a distribution have recorded of the files that its packages brought, to hold the file system against.

mod apk;
mod compare;
mod dpkg;

use std::collections::BTreeMap;

use crate::image::{EntryKind, Tree};

use super::{Packages, rpm};

pub use compare::Difference;

/// Packages named in a note; the rest are counted.
const MAX_NAMED: usize = 5;
/// Bytes of all recorded paths together. Databases have each directory once, so that a small one could come to very many.
const MAX_PATH_BYTES: usize = 256 << 20;
/// Bytes of one path, as Linux has it.
const MAX_PATH: usize = 4096;
const TOO_MANY: &str = "there are more of them, or longer names, than any system has";

/// Whether the content of the file at an absolute path is needed for [`recorded`], beside what [`inventory`](super::inventory) needs.
pub fn is_record(path: &str) -> bool {
    dpkg::is_record(path)
}

/// The files of an image's packages as they should be.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Sorted by package and path.
    pub files: Vec<RecordedFile>,
    /// Packages of which no file is recorded, sorted.
    pub unrecorded: Vec<String>,
    /// How many files are not to be compared, by the reason: the end of a sentence about them.
    pub left_out: BTreeMap<&'static str, usize>,
    /// Bytes that further paths may have.
    room: usize,
}

impl Default for Recorded {
    fn default() -> Self {
        Self { files: Vec::new(), unrecorded: Vec::new(), left_out: BTreeMap::new(), room: MAX_PATH_BYTES }
    }
}

/// A file as its package brought it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordedFile {
    /// The package.
    pub package: String,
    /// Absolute path, as the database spells it.
    pub path: String,
    /// What it is, where the database tells.
    pub kind: Option<RecordedKind>,
    /// Its content.
    pub digest: Option<RecordedDigest>,
    /// Permission bits (07777).
    pub mode: Option<u32>,
    /// Bytes.
    pub size: Option<u64>,
    /// It is there to be changed.
    pub is_config: bool,
    /// It may be missing.
    pub is_optional: bool,
}

/// What a recorded file is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordedKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, and where it leads.
    Symlink(Option<String>),
    /// A device, a socket or a fifo.
    Other,
}

impl RecordedKind {
    /// Whether an entry is of this kind.
    fn is(&self, kind: EntryKind) -> bool {
        match self {
            Self::File => matches!(kind, EntryKind::File | EntryKind::Hardlink),
            Self::Directory => kind == EntryKind::Directory,
            Self::Symlink(_) => kind == EntryKind::Symlink,
            Self::Other => matches!(kind, EntryKind::CharDevice | EntryKind::BlockDevice | EntryKind::Fifo),
        }
    }
}

/// The digest of a file's content; of a symbolic link apk records that of its target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordedDigest {
    /// MD5.
    Md5([u8; 16]),
    /// SHA-1.
    Sha1([u8; 20]),
    /// SHA-256 in lower-case hexadecimal, or the start of it.
    Sha256(String),
}

/// What is recorded of the files of the packages in a tree, whose databases must have been captured with what [`is_record`] names.
pub fn recorded(tree: &Tree, packages: &Packages) -> Recorded {
    let mut recorded = Recorded::default();
    dpkg::read(tree, packages, &mut recorded);
    apk::read(tree, packages, &mut recorded);
    rpm::read_files(tree, packages, &mut recorded);
    recorded.files.sort();
    recorded.files.dedup();
    recorded.unrecorded.sort();
    recorded.unrecorded.dedup();
    recorded
}

impl Recorded {
    /// Adds a file.
    pub(super) fn push(&mut self, file: RecordedFile) {
        match self.room.checked_sub(file.path.len()).filter(|_| file.path.len() <= MAX_PATH) {
            Some(room) => {
                self.room = room;
                self.files.push(file);
            }
            None => self.leave_out(TOO_MANY),
        }
    }

    /// A file is not to be compared.
    pub(super) fn leave_out(&mut self, reason: &'static str) {
        *self.left_out.entry(reason).or_default() += 1;
    }

    /// What was not compared, in words.
    pub fn notes(&self) -> Vec<String> {
        let left_out = self.left_out.iter().map(|(reason, count)| {
            let were = if *count == 1 { "1 file of a package was" } else { &format!("{count} files of packages were") };
            format!("{were} not held against what is recorded: {reason}")
        });
        let mut notes: Vec<String> = left_out.collect();
        if !self.unrecorded.is_empty() {
            let named = self.unrecorded.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>().join(", ");
            let more = match self.unrecorded.len().saturating_sub(MAX_NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            notes.push(format!(
                "the database has no record of the files of {named}{more}, so they were held against nothing"
            ));
        }
        notes
    }
}

/// Bytes from hexadecimal digits; `None` when there are others, or another number of them.
pub(super) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let text = text.as_bytes();
    if text.len() != N * 2 {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests;
