//! The names in git's index, which say what git has although it would ignore it. Format: git's `index-format`, versions 2
//! to 4.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::read;
use crate::text;

/// Bytes of an index.
const MAX_INDEX: u64 = 512 << 20;
/// Bytes of a `.git` file, which names a folder.
const MAX_POINTER: u64 = 64 << 10;
/// Bytes of an entry before its flags: times, device, inode, mode, owner, size and object id.
const BEFORE_FLAGS: usize = 60;
/// The flag of an entry that has more flags.
const EXTENDED: u16 = 0x4000;

/// The folder git keeps a repository's data in: `.git`, or where a `.git` file points.
pub(super) fn git_dir(repository: &Path) -> Option<PathBuf> {
    let own = repository.join(".git");
    if own.is_dir() {
        return Some(own);
    }
    let pointer = read::bounded(&own, MAX_POINTER).ok()?;
    let text = String::from_utf8_lossy(&pointer);
    Some(repository.join(text.strip_prefix("gitdir:")?.trim()))
}

/// The files that git has below `root`, relative to it. Nothing when the index cannot be read.
pub(super) fn tracked(index: &Path, repository: &Path, root: &Path) -> BTreeSet<String> {
    let Ok(bytes) = read::bounded(index, MAX_INDEX) else { return BTreeSet::new() };
    let prefix = match root.strip_prefix(repository) {
        Ok(below) if below.as_os_str().is_empty() => String::new(),
        Ok(below) => format!("{}/", text::decode(&read::os_bytes(below.as_os_str()))),
        Err(_) => return BTreeSet::new(),
    };
    let mut tracked = BTreeSet::new();
    // What was read before something that cannot be is kept.
    let _ = each_name(&bytes, |name| {
        tracked.extend(text::decode(name).strip_prefix(prefix.as_str()).map(str::to_owned));
    });
    tracked
}

/// Calls `take` with every name of an index, in order; `None` when the index is not of a known form.
fn each_name(bytes: &[u8], mut take: impl FnMut(&[u8])) -> Option<()> {
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let version = number(4).filter(|version| bytes.starts_with(b"DIRC") && (2..=4).contains(version))?;
    let count = number(8)?;
    let (mut at, mut last) = (12, Vec::new());
    for _ in 0..count {
        let start = at;
        let flags = u16::from_be_bytes(bytes.get(at + BEFORE_FLAGS..at + BEFORE_FLAGS + 2)?.try_into().ok()?);
        at += BEFORE_FLAGS + 2 + if flags & EXTENDED == 0 { 0 } else { 2 };
        if version == 4 {
            // The name is that of the entry before, less so many bytes, and what follows.
            let (dropped, length) = offset(bytes.get(at..)?)?;
            at += length;
            last.truncate(last.len().checked_sub(dropped)?);
        } else {
            last.clear();
        }
        let rest = bytes.get(at..)?;
        let length = rest.iter().position(|byte| *byte == 0)?;
        last.extend_from_slice(rest.get(..length)?);
        at += length + 1;
        if version < 4 {
            // Padded to eight bytes.
            at = start + (at - start).next_multiple_of(8);
        }
        take(&last);
    }
    Some(())
}

/// A number as pack files have offsets: seven bits a byte, each but the first raised by one. With its length.
fn offset(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0_usize;
    for (index, byte) in bytes.iter().enumerate().take(8) {
        value = (value + usize::from(index > 0)) << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn entry(name: &[u8], flags: u16) -> Vec<u8> {
        let mut entry = vec![0; BEFORE_FLAGS];
        entry.extend(flags.to_be_bytes());
        if flags & EXTENDED != 0 {
            entry.extend([0, 0]);
        }
        entry.extend(name);
        entry.push(0);
        entry
    }

    fn names(bytes: &[u8]) -> Vec<String> {
        let mut names = Vec::new();
        let _ = each_name(bytes, |name| names.push(String::from_utf8_lossy(name).into_owned()));
        names
    }

    #[test]
    fn names_are_read_in_every_version() {
        let padded = |name: &[u8], flags| {
            let mut entry = entry(name, flags);
            entry.resize(entry.len().next_multiple_of(8), 0);
            entry
        };
        let head = |version: u8| [b"DIRC".as_slice(), &[0, 0, 0, version, 0, 0, 0, 2]].concat();
        let second = [head(2), padded(b"dist/.gitkeep", 13), padded(b"src/a", 5)].concat();
        assert_eq!(names(&second), ["dist/.gitkeep", "src/a"]);
        let third = [head(3), padded(b"dist/.gitkeep", EXTENDED | 13), padded(b"src/a", 5)].concat();
        assert_eq!(names(&third), ["dist/.gitkeep", "src/a"]);
        let fourth = [head(4), entry(b"\0src/a", 5), entry(b"\x01bc", 6)].concat();
        assert_eq!(names(&fourth), ["src/a", "src/bc"]);
        assert_eq!(names(&second[..second.len() - 9]), ["dist/.gitkeep"]);
        assert_eq!(names(b"DIRC\0\0\0\x09"), Vec::<String>::new());
    }

    #[test]
    fn numbers_are_those_of_pack_files() {
        assert_eq!(offset(&[0x00]), Some((0, 1)));
        assert_eq!(offset(&[0x7f]), Some((127, 1)));
        assert_eq!(offset(&[0x80, 0x00]), Some((128, 2)));
        assert_eq!(offset(&[0x81, 0x01]), Some((257, 2)));
        assert_eq!(offset(&[0xff]), None);
    }
}
