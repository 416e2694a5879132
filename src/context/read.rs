//! Opening files of the context.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::text;

use super::{Context, ContextError, ContextFileKind};

impl Context {
    /// Opens a regular file by its index in [`Context::files`].
    ///
    /// # Errors
    /// When there is no such regular file, or it cannot be opened. Links are not followed.
    pub fn open_file(&self, index: usize) -> Result<File, ContextError> {
        let path = self.files.get(index).map_or("", |file| file.path.as_str());
        let open = || {
            let is_file = self.files.get(index).is_some_and(|file| file.kind == ContextFileKind::File);
            let on_disk = self.on_disk(path);
            // Asked again: the entry may be another one by now, and opening a fifo would wait for ever.
            if !is_file || !on_disk.symlink_metadata()?.is_file() {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
            }
            File::open(on_disk)
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

    /// The target of a symbolic link, as it is written; `None` when it cannot be read.
    pub(super) fn read_link(&self, path: &str) -> Option<String> {
        let target = std::fs::read_link(self.on_disk(path)).ok()?;
        Some(text::decode(&os_bytes(target.as_os_str())).into_owned())
    }

    /// Where an entry is on the disk.
    pub(super) fn on_disk(&self, path: &str) -> PathBuf {
        self.root.join(&*os_string(&text::encode(path)))
    }
}

/// All of a file that has at most `max` bytes.
pub(super) fn bounded(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(max + 1).read_to_end(&mut bytes)?;
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
