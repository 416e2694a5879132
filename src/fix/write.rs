//! Puts a mended file in the place of the one that was read, or a new one where there was none: whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
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

/// Writes `after` where `before` was read. Permissions, access lists and other attributes stay, and the owner where this process may
/// set it; a link still points to the file, and all names of a file with several still have it.
///
/// # Errors
/// When the file is neither what was read nor what is to be written, or cannot be written.
pub fn write(path: &Path, before: &[u8], after: &[u8]) -> Result<(), WriteError> {
    let path = fs::canonicalize(path)?;
    let now = fs::read(&path)?;
    // A file that was named twice is written once.
    if now == after {
        return Ok(());
    }
    if now != before {
        return Err(WriteError::Changed);
    }
    // Replacing needs no right to the file itself: who may not write it shall not replace it either.
    let file = OpenOptions::new().write(true).open(&path)?;
    if has_other_names(&file)? {
        return Ok(overwrite(file, before, after)?);
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut part = match tempfile::Builder::new().prefix(".dockgate-").tempfile_in(folder) {
        Ok(part) => part,
        // The file may be written, and its folder may not.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(overwrite(file, before, after)?),
        Err(error) => return Err(error.into()),
    };
    part.write_all(after)?;
    copy_attributes(&file, part.as_file())?;
    match part.persist(&path) {
        Ok(_) => Ok(()),
        // A file that is mounted by itself, as into a container, keeps its place.
        Err(error) if error.error.kind() == io::ErrorKind::ResourceBusy => Ok(overwrite(file, before, after)?),
        Err(error) => Err(error.error.into()),
    }
}

/// Whether one of its names would keep the old file if another got a new one.
fn has_other_names(file: &File) -> io::Result<bool> {
    let metadata = file.metadata()?;
    #[cfg(unix)]
    let names = std::os::unix::fs::MetadataExt::nlink(&metadata);
    #[cfg(not(unix))]
    let names = u64::from(metadata.is_file());
    Ok(names > 1)
}

/// Writes into the file itself, which is put back when there is no room for all of it.
fn overwrite(mut file: File, before: &[u8], after: &[u8]) -> io::Result<()> {
    let put = |file: &mut File, bytes: &[u8]| {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(bytes)?;
        file.set_len(bytes.len() as u64)
    };
    let written = put(&mut file, after);
    if written.is_err() {
        // What went wrong is told already.
        let _ = put(&mut file, before);
    }
    written
}

/// Gives a new file what another has beside its content.
fn copy_attributes(from: &File, to: &File) -> io::Result<()> {
    let metadata = from.metadata()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        // Only root may give a file away; for others it is theirs already, or stays so. It takes setuid bits, so permissions
        // come after it.
        let _ = fchown(to, Some(metadata.uid()), Some(metadata.gid()));
    }
    to.set_permissions(metadata.permissions())?;
    #[cfg(target_os = "linux")]
    copy_extended(from, to)?;
    Ok(())
}

/// Access lists, labels and what users attach. Only access lists are permissions: without them the file is not written.
#[cfg(target_os = "linux")]
fn copy_extended(from: &File, to: &File) -> io::Result<()> {
    use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};

    // Linux has no longer ones.
    let (mut names, mut value) = (vec![0_u8; 64 << 10], vec![0_u8; 64 << 10]);
    // Some file systems have none.
    let length = flistxattr(from, &mut names[..]).unwrap_or(0);
    for name in names.get(..length).unwrap_or_default().split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let copied = fgetxattr(from, name, &mut value[..])
            .and_then(|length| fsetxattr(to, name, value.get(..length).unwrap_or_default(), XattrFlags::empty()));
        if name.starts_with(b"system.posix_acl_") {
            copied?;
        }
    }
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
#[allow(clippy::unwrap_used, clippy::print_stderr)]
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
        write(&file, b"old", b"new").unwrap();
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert!(names.iter().all(|name| name == "Dockerfile" || name == "link"), "{names:?}");
    }

    #[cfg(unix)]
    #[test]
    fn other_names_of_a_file_and_its_attributes_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("Dockerfile"), folder.path().join("other"));
        fs::write(&file, "a longer one").unwrap();
        fs::hard_link(&file, &other).unwrap();
        write(&file, b"a longer one", b"new").unwrap();
        assert_eq!(fs::read(&other).unwrap(), b"new");
        fs::remove_file(&other).unwrap();
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{XattrFlags, getxattr, setxattr};
            if setxattr(&file, "user.note", b"kept", XattrFlags::empty()).is_err() {
                eprintln!("skipped: files have no attributes here");
                return;
            }
            // A list that lets user 7 read: version 2, then tag, permissions and id of each entry.
            let entries = [(1_u16, 6_u16, u32::MAX), (2, 4, 7), (4, 0, u32::MAX), (16, 4, u32::MAX), (32, 0, u32::MAX)];
            let mut list = 2_u32.to_le_bytes().to_vec();
            for (tag, permissions, id) in entries {
                list.extend([tag.to_le_bytes(), permissions.to_le_bytes()].concat());
                list.extend(id.to_le_bytes());
            }
            let has_lists = setxattr(&file, "system.posix_acl_access", &list, XattrFlags::empty()).is_ok();
            write(&file, b"new", b"newer").unwrap();
            let mut value = [0_u8; 256];
            let length = getxattr(&file, "user.note", &mut value[..]).unwrap();
            assert_eq!(&value[..length], b"kept");
            if has_lists {
                let length = getxattr(&file, "system.posix_acl_access", &mut value[..]).unwrap();
                assert_eq!(&value[..length], list);
            }
        }
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
