//! Opening files of the context.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::text;

use super::archive::{Archive, ArchiveFile};
use super::{Context, ContextError, ContextFileKind};

/// Where the files of a context are.
#[derive(Debug, Default)]
pub(super) enum Store {
    /// Nowhere: they are empty.
    #[default]
    Nowhere,
    /// Below a directory.
    Folder(PathBuf),
    /// In a tar archive.
    Archive(Arc<Archive>),
}

/// A file of a context, opened.
#[derive(Debug)]
pub enum ContextReader {
    /// On the disk.
    Disk(File),
    /// In an archive.
    Archive(ArchiveFile),
}

impl Read for ContextReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Disk(file) => file.read(buffer),
            Self::Archive(file) => file.read(buffer),
        }
    }
}

impl Context {
    /// The directory it is; `None` for an archive.
    pub fn folder(&self) -> Option<&Path> {
        match &self.store {
            Store::Folder(root) => Some(root),
            Store::Nowhere | Store::Archive(_) => None,
        }
    }

    /// Opens a regular file by its index in [`Context::files`].
    ///
    /// # Errors
    /// When there is no such regular file, or it cannot be opened. Links are not followed.
    pub fn open_file(&self, index: usize) -> Result<ContextReader, ContextError> {
        let path = self.files.get(index).map_or("", |file| file.path.as_str());
        let is_file = self.files.get(index).is_some_and(|file| file.kind == ContextFileKind::File);
        let none = || io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file");
        let open = || match &self.store {
            _ if !is_file => Err(none()),
            Store::Nowhere => Err(io::ErrorKind::NotFound.into()),
            Store::Archive(archive) => archive.open_file(path).map(ContextReader::Archive).ok_or_else(none),
            Store::Folder(root) => {
                let on_disk = below(root, path);
                // Asked again: the entry may be another one by now, and opening a fifo would wait for ever.
                if !on_disk.symlink_metadata()?.is_file() {
                    return Err(none());
                }
                File::open(on_disk).map(ContextReader::Disk)
            }
        };
        open().map_err(|error| ContextError::File { path: path.to_owned(), error })
    }

    /// The first `max` bytes of a regular file, or all of a shorter one.
    ///
    /// # Errors
    /// As [`Context::open_file`], and when reading fails.
    pub fn read_head(&self, index: usize, max: u64) -> Result<Vec<u8>, ContextError> {
        let mut head = Vec::new();
        let read = self.open_file(index)?.take(max).read_to_end(&mut head);
        let fail = |error| ContextError::File {
            path: self.files.get(index).map_or_else(String::new, |f| f.path.clone()),
            error,
        };
        read.map(|_| head).map_err(fail)
    }

    /// SHA-256 of a regular file, lower-case hexadecimal; `None` when it cannot be read or has more than `max` bytes.
    pub fn sha256(&self, index: usize, max: u64) -> Option<String> {
        self.files.get(index).filter(|file| file.size <= max)?;
        let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
        let mut reader = self.open_file(index).ok()?.take(max);
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Some(hash.finalize().iter().map(|b| format!("{b:02x}")).collect()),
                Ok(read) => hash.update(buffer.get(..read)?),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
    }

    /// Permission bits of a file, setuid and setgid among them (07777); `None` where they are not known.
    pub fn mode(&self, index: usize) -> Option<u32> {
        let path = self.files.get(index)?.path.as_str();
        match &self.store {
            Store::Folder(root) => mode_on_disk(&below(root, path)),
            Store::Nowhere | Store::Archive(_) => None,
        }
    }

    /// The target of a symbolic link, as it is written; `None` when it cannot be read.
    pub(super) fn read_link(&self, path: &str) -> Option<String> {
        match &self.store {
            Store::Nowhere => None,
            Store::Archive(archive) => archive.link(path).map(str::to_owned),
            Store::Folder(root) => {
                let target = std::fs::read_link(below(root, path)).ok()?;
                Some(text::decode(&os_bytes(target.as_os_str())).into_owned())
            }
        }
    }
}

#[cfg(unix)]
fn mode_on_disk(path: &Path) -> Option<u32> {
    let metadata = path.symlink_metadata().ok()?;
    Some(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777)
}

#[cfg(not(unix))]
fn mode_on_disk(_path: &Path) -> Option<u32> {
    None
}

/// Where an entry of the context at `root` is on the disk.
pub(super) fn below(root: &Path, path: &str) -> PathBuf {
    root.join(&*os_string(&text::encode(path)))
}

/// All of a file that has at most `max` bytes.
pub(super) fn bounded(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    bounded_from(File::open(path)?, max)
}

/// All of what a reader has, when that is at most `max` bytes.
pub(super) fn bounded_from(reader: impl Read, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {max} bytes")));
    }
    Ok(bytes)
}

/// The bytes of a name.
#[cfg(unix)]
pub(super) fn os_bytes(name: &OsStr) -> Cow<'_, [u8]> {
    Cow::Borrowed(std::os::unix::ffi::OsStrExt::as_bytes(name))
}

#[cfg(unix)]
fn os_string(bytes: &[u8]) -> Cow<'_, OsStr> {
    Cow::Borrowed(std::os::unix::ffi::OsStrExt::from_bytes(bytes))
}

/// The bytes of a name, `/`-separated.
#[cfg(not(unix))]
pub(super) fn os_bytes(name: &OsStr) -> Cow<'_, [u8]> {
    Cow::Owned(name.to_string_lossy().replace('\\', "/").into_bytes())
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> Cow<'_, OsStr> {
    Cow::Owned(String::from_utf8_lossy(bytes).into_owned().into())
}
