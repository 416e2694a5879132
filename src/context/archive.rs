//! A build context given as a tar archive, plain, gzip or zstd. Nothing of it is unpacked: the archive is read through once
//! for its table of contents, and files are read where they lie in it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::MultiGzDecoder;
use tar::EntryType;

use super::{ContextError, ContextFileKind, path, read};
use crate::text;

/// Bytes of an archive, decompressed.
const MAX_BYTES: u64 = 16 << 30;
/// Entries that are taken.
const MAX_ENTRIES: usize = 2_000_000;
/// Bytes of an entry's path.
const MAX_PATH: usize = 4096;
/// First bytes of what an archive may be compressed with.
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const BZIP2: &[u8] = b"BZh";
const XZ: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z'];

/// A tar archive with its table of contents.
#[derive(Debug)]
pub struct Archive {
    /// The archive itself, or what it decompresses to in a file without a name.
    file: Arc<Mutex<File>>,
    /// By path, cleaned; of entries with the same path the last.
    pub(super) entries: BTreeMap<String, ArchiveEntry>,
    /// What was not taken, in words.
    pub(super) problems: Vec<String>,
}

/// One entry.
#[derive(Clone, Debug)]
pub(super) struct ArchiveEntry {
    pub(super) kind: ContextFileKind,
    pub(super) size: u64,
    /// Where its bytes start.
    at: u64,
    /// The target of a symbolic link.
    link: Option<String>,
}

/// A file of an archive, opened.
#[derive(Debug)]
pub struct ArchiveFile {
    file: Arc<Mutex<File>>,
    at: u64,
    left: u64,
}

impl Archive {
    /// Whether the bytes a file begins with are those of an archive that can be a context.
    pub fn is_one(head: &[u8]) -> bool {
        let is_tar = head.get(257..262) == Some(b"ustar");
        is_tar || [GZIP, ZSTD, BZIP2, XZ].iter().any(|magic| head.starts_with(magic))
    }

    /// Reads the table of contents of the archive at `path`.
    ///
    /// # Errors
    /// When it cannot be read, is no tar archive, or is larger than is taken.
    pub fn open(path: &Path) -> Result<Self, ContextError> {
        let fail = |error| ContextError::Archive { path: path.display().to_string(), error };
        let mut file = File::open(path).map_err(fail)?;
        let mut head = Vec::new();
        (&mut file).take(512).read_to_end(&mut head).map_err(fail)?;
        file.seek(SeekFrom::Start(0)).map_err(fail)?;
        if head.get(257..262) == Some(b"ustar") { Self::index(file) } else { Self::spool(file) }.map_err(fail)
    }

    /// The same for an archive that comes as a stream.
    ///
    /// # Errors
    /// As [`Archive::open`].
    pub fn read(stream: impl Read) -> Result<Self, ContextError> {
        Self::spool(stream).map_err(|error| ContextError::Archive { path: "-".to_owned(), error })
    }

    /// Puts what a stream decompresses to into a file without a name, where it can be read in any order.
    fn spool(mut stream: impl Read) -> io::Result<Self> {
        let mut head = Vec::new();
        (&mut stream).take(6).read_to_end(&mut head)?;
        let whole = io::Cursor::new(head.clone()).chain(stream);
        let unknown = |what: &str| io::Error::new(io::ErrorKind::Unsupported, format!("it is compressed with {what}"));
        let mut file = tempfile::tempfile()?;
        let mut copy = |decoder: &mut dyn Read| io::copy(&mut decoder.take(MAX_BYTES + 1), &mut file);
        let length = match &head {
            head if head.starts_with(GZIP) => copy(&mut MultiGzDecoder::new(whole))?,
            head if head.starts_with(ZSTD) => copy(&mut zstd::Decoder::new(whole)?)?,
            head if head.starts_with(BZIP2) => return Err(unknown("bzip2; use gzip or zstd")),
            head if head.starts_with(XZ) => return Err(unknown("xz; use gzip or zstd")),
            _ => copy(&mut { whole })?,
        };
        if length > MAX_BYTES {
            let told = format!("it has more than {} GiB", MAX_BYTES >> 30);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, told));
        }
        file.seek(SeekFrom::Start(0))?;
        Self::index(file)
    }

    fn index(file: File) -> io::Result<Self> {
        let mut entries: BTreeMap<String, ArchiveEntry> = BTreeMap::new();
        let mut problems = Vec::new();
        let mut tar = tar::Archive::new(&file);
        for entry in tar.entries_with_seek()? {
            let entry = entry?;
            let name = entry.path_bytes();
            if entries.len() >= MAX_ENTRIES {
                problems.push(format!("the context has more than {MAX_ENTRIES} entries; the rest was not looked at"));
                break;
            }
            if name.len() > MAX_PATH {
                let start: String = text::decode(&name).chars().take(80).collect();
                problems.push(format!("{start}… is longer than {MAX_PATH} bytes and was not looked at"));
                continue;
            }
            let path = path::inside(&text::decode(&name));
            let link = entry.link_name_bytes().map(|target| text::decode(&target).into_owned());
            let kind = match entry.header().entry_type() {
                EntryType::Regular | EntryType::Continuous => ContextFileKind::File,
                EntryType::Directory => ContextFileKind::Directory,
                EntryType::Symlink => ContextFileKind::Symlink,
                EntryType::Link => {
                    let target = link.as_deref().map(path::inside).and_then(|target| entries.get(&target).cloned());
                    match target {
                        Some(target) => drop(entries.insert(path, target)),
                        None => problems.push(format!("{path} is a link to nothing and was not looked at")),
                    }
                    continue;
                }
                EntryType::GNUSparse => {
                    problems.push(format!("{path} is stored with holes and was not looked at"));
                    continue;
                }
                EntryType::XGlobalHeader | EntryType::XHeader => continue,
                _ => ContextFileKind::Other,
            };
            if path.is_empty() {
                continue;
            }
            let size = if kind == ContextFileKind::File { entry.size() } else { 0 };
            let link = link.filter(|_| kind == ContextFileKind::Symlink);
            entries.insert(path, ArchiveEntry { kind, size, at: entry.raw_file_position(), link });
        }
        Ok(Self { file: Arc::new(Mutex::new(file)), entries, problems })
    }

    /// A regular file.
    pub(super) fn open_file(&self, path: &str) -> Option<ArchiveFile> {
        let entry = self.entries.get(path).filter(|entry| entry.kind == ContextFileKind::File)?;
        Some(ArchiveFile { file: Arc::clone(&self.file), at: entry.at, left: entry.size })
    }

    /// All of a regular file that has at most `max` bytes; `None` when there is none of that path.
    pub fn read_file(&self, path: &str, max: u64) -> Option<io::Result<Vec<u8>>> {
        self.open_file(&path::inside(path)).map(|file| read::bounded_from(file, max))
    }

    /// The target of a symbolic link.
    pub(super) fn link(&self, path: &str) -> Option<&str> {
        self.entries.get(path)?.link.as_deref()
    }
}

impl Read for ArchiveFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(buffer) = buffer.get_mut(..wanted).filter(|buffer| !buffer.is_empty()) else { return Ok(0) };
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.at))?;
        let read = file.read(buffer)?;
        drop(file);
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::context::Context;

    fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, text) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, "link", "a/b").unwrap();
        builder.into_inner().unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn files_are_read_where_they_lie_whatever_the_compression() {
        let plain = archive(&[("./a/b", "one"), ("c", "two"), ("c", "three"), (".dockerignore", "d\n"), ("d", "")]);
        let zstd = zstd::encode_all(plain.as_slice(), 1).unwrap();
        for bytes in [plain.clone(), gzip(&plain), zstd] {
            assert!(Archive::is_one(&bytes));
            let archive = Arc::new(Archive::read(bytes.as_slice()).unwrap());
            assert_eq!(archive.read_file("/a/b", 10).unwrap().unwrap(), b"one");
            assert!(archive.read_file("c", 3).unwrap().is_err());
            assert!(archive.read_file("link", 3).is_none());
            let context = Context::of_archive(&archive, None).unwrap();
            let paths: Vec<_> = context.files.iter().map(|f| (f.path.as_str(), f.size)).collect();
            assert_eq!(paths, [(".dockerignore", 2), ("a", 0), ("a/b", 3), ("c", 5), ("link", 0)]);
            assert_eq!(context.left_out, ["d"]);
            assert_eq!(context.read_head(3, 4).unwrap(), b"thre");
            assert_eq!(context.read_link("link").as_deref(), Some("a/b"));
        }
    }

    #[test]
    fn what_is_no_archive_or_a_broken_one_is_an_error() {
        assert!(Archive::read(&b"BZh91AY"[..]).unwrap_err().to_string().contains("bzip2"));
        assert!(Archive::read(&b"FROM debian\n"[..]).is_err());
        let whole = archive(&[("a", "one")]);
        assert!(Archive::read(&gzip(&whole)[..40]).is_err());
        assert!(!Archive::is_one(b"FROM debian\n"));
    }
}
