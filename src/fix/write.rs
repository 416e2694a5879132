//! Puts a mended file in the place of the one that was read: whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use thiserror::Error;

/// Why a file was not written. It is then as it was.
#[derive(Debug, Error)]
pub enum WriteError {
    /// Somebody wrote it since it was read.
    #[error("it was changed while it was being fixed")]
    Changed,
    /// The system refuses.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Writes `after` where `before` was read. Permissions and, where this process may set it, the owner stay; a link still
/// points to the file.
///
/// # Errors
/// When the file is not what was read, cannot be written, or its folder cannot.
pub fn write(path: &Path, before: &[u8], after: &[u8]) -> Result<(), WriteError> {
    let path = fs::canonicalize(path)?;
    if fs::read(&path)? != before {
        return Err(WriteError::Changed);
    }
    // Replacing needs no right to the file itself: who may not write it shall not replace it either.
    let metadata = OpenOptions::new().write(true).open(&path)?.metadata()?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut part = tempfile::Builder::new().prefix(".dockgate-").tempfile_in(folder)?;
    part.write_all(after)?;
    part.as_file().set_permissions(metadata.permissions())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        // Only root may give a file away; for others it is theirs already, or stays so.
        let _ = fchown(part.as_file(), Some(metadata.uid()), Some(metadata.gid()));
        part.as_file().set_permissions(metadata.permissions())?;
    }
    part.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_with_its_permissions_and_links_stay() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Dockerfile");
        fs::write(&file, "old").unwrap();
        let link = folder.path().join("link");
        #[cfg(unix)]
        {
            use std::os::unix::fs::{PermissionsExt, symlink};
            fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
            symlink("Dockerfile", &link).unwrap();
            write(&link, b"old", b"new").unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        }
        #[cfg(not(unix))]
        write(&file, b"old", b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(matches!(write(&file, b"old", b"newer"), Err(WriteError::Changed)));
        assert_eq!(fs::read(&file).unwrap(), b"new");
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert!(names.iter().all(|name| name == "Dockerfile" || name == "link"), "{names:?}");
    }
}
