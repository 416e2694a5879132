//! Puts a mended file in the place of the one that was read, or a new one where there was none: whole or not at all.

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

/// Writes a file that is not there yet, with the permissions that new files get.
///
/// # Errors
/// When there is one by now, or its folder cannot be written.
pub fn create(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut part = builder.prefix(".dockgate-").tempfile_in(folder)?;
    part.write_all(bytes)?;
    match part.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(WriteError::Changed),
        Err(error) => Err(error.error.into()),
    }
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

    #[test]
    fn a_new_file_takes_the_place_of_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".dockerignore");
        create(&file, b".env\n").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b".env\n");
        assert!(matches!(create(&file, b"other"), Err(WriteError::Changed)));
        assert_eq!(fs::read(&file).unwrap(), b".env\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let usual = folder.path().join("usual");
            fs::write(&usual, "").unwrap();
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode(&file), mode(&usual));
        }
    }
}
