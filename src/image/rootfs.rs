//! A root directory, such as `debootstrap` makes or an engine mounts, told as the tar of an image's only layer.
//!
//! Nothing outside of it is read: links are entries like any other and are never followed, and what is mounted inside is
//! another file system.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use tar::{Builder, EntryType, Header};

use super::attestation::Attestations;
use super::entries::BLOCK;
use super::error::ImageError;
use super::holder::{Blob, Holder};
use super::limits::{MAX_ENTRIES, MAX_LAYER_PROBLEMS};
use super::model::Problem;
use super::source::Plan;
use super::store::Section;

/// Directories within directories.
const MAX_DEPTH: usize = 1_000;
/// Bytes of a `security.capability` attribute, at most.
const MAX_CAPABILITY: usize = 64;

/// A root directory, walked through.
#[derive(Debug)]
pub(super) struct Rootfs {
    path: PathBuf,
    members: Arc<[Member]>,
    /// Bytes of the tar.
    size: u64,
    problems: Problems,
}

/// What could not be read, in words.
type Problems = Arc<Mutex<Vec<String>>>;

/// An entry of the tar to be.
#[derive(Debug)]
struct Member {
    /// Below the root, without a slash in front.
    path: PathBuf,
    header: Vec<u8>,
    /// Bytes of content.
    size: u64,
}

impl Rootfs {
    /// Walks through a directory.
    pub(super) fn open(path: &Path) -> Result<Self, ImageError> {
        let root = std::fs::symlink_metadata(path).map_err(|e| ImageError::io("open", path, e))?;
        // The root itself may be named by a link.
        let path = if root.is_symlink() {
            path.canonicalize().map_err(|e| ImageError::io("open", path, e))?
        } else {
            path.to_owned()
        };
        let root = std::fs::symlink_metadata(&path).map_err(|e| ImageError::io("open", &path, e))?;
        if !root.is_dir() {
            let reason = "it is no directory, as a root of a file system is".to_owned();
            return Err(ImageError::NotAnImage { path, reason });
        }
        let mut walk = Walk {
            root: &path,
            device: root.dev(),
            members: Vec::new(),
            linked: BTreeMap::new(),
            problems: Vec::new(),
            mounts: Vec::new(),
        };
        walk.directory(Path::new(""), 0)?;
        let Walk { members, mut problems, mounts, .. } = walk;
        if !mounts.is_empty() {
            problems.push(format!("other file systems are mounted at {} and were not looked into", mounts.join(", ")));
        }
        let of_member = |member: &Member| member.header.len() as u64 + padded(member.size);
        let size = members.iter().map(of_member).sum::<u64>() + 2 * BLOCK;
        Ok(Self { path, members: members.into(), size, problems: Arc::new(Mutex::new(problems)) })
    }

    /// The image it is. It has no config.
    pub(super) fn plan(&self) -> Plan {
        let blob = Blob { name: self.place(), digest: None, size: Some(self.size), is_foreign: false };
        let note = "a root directory has no image config: user, ports, variables, labels and history were not judged";
        Plan {
            config: None,
            tags: Vec::new(),
            digest: None,
            top: None,
            base: None,
            attestations: Attestations::default(),
            layers: vec![blob],
            problems: Vec::new(),
            notes: vec![note.to_owned()],
        }
    }
}

impl Holder for Rootfs {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn manifest(&self, _: &str) -> Result<Option<Vec<u8>>, ImageError> {
        Ok(None)
    }

    fn document(&self, _: &str) -> Result<Option<Vec<u8>>, ImageError> {
        Ok(None)
    }

    fn layer(&self, _: &Blob) -> Result<Option<Section>, ImageError> {
        let tar = Tar {
            root: Root { path: self.path.clone(), folder: None },
            members: Arc::clone(&self.members),
            problems: Arc::clone(&self.problems),
            next: 0,
            part: Part::Bytes(Vec::new(), 0),
        };
        Ok(Some(Section::new(self.size, tar)))
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let untold = problems.len().saturating_sub(MAX_LAYER_PROBLEMS);
        problems.truncate(MAX_LAYER_PROBLEMS);
        if untold > 0 {
            problems.push(format!("{untold} more files or directories could not be read"));
        }
        problems.into_iter().map(|message| Problem { layer: Some(0), message }).collect()
    }
}

fn padded(size: u64) -> u64 {
    size.checked_next_multiple_of(BLOCK).unwrap_or(u64::MAX)
}

struct Walk<'a> {
    root: &'a Path,
    /// Of the root's file system.
    device: u64,
    members: Vec<Member>,
    /// Files with several names, by inode, with the first of them.
    linked: BTreeMap<u64, PathBuf>,
    problems: Vec<String>,
    mounts: Vec<String>,
}

impl Walk<'_> {
    fn directory(&mut self, path: &Path, depth: usize) -> Result<(), ImageError> {
        if depth > MAX_DEPTH {
            self.problems
                .push(format!("/{} is deeper than {MAX_DEPTH} directories and was not looked into", path.display()));
            return Ok(());
        }
        let names = std::fs::read_dir(self.root.join(path)).and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<Vec<_>>>()
        });
        let mut names = match names {
            Ok(names) => names,
            Err(error) => {
                self.problems.push(format!("/{} cannot be listed: {error}", path.display()));
                return Ok(());
            }
        };
        names.sort();
        for name in names {
            if self.members.len() as u64 >= MAX_ENTRIES {
                let what = format!("it has more than {MAX_ENTRIES} entries");
                return Err(ImageError::Limit { place: self.root.display().to_string(), what });
            }
            self.entry(path.join(name), depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: PathBuf, depth: usize) -> Result<(), ImageError> {
        let found = std::fs::symlink_metadata(self.root.join(&path)).and_then(|metadata| {
            let link = metadata.is_symlink().then(|| std::fs::read_link(self.root.join(&path))).transpose()?;
            Ok((metadata, link))
        });
        let (metadata, link) = match found {
            Ok(found) => found,
            Err(error) => {
                self.problems.push(format!("/{} cannot be read: {error}", path.display()));
                return Ok(());
            }
        };
        let kind = metadata.file_type();
        // A socket is nothing without the process behind it, and no tar holds one.
        if kind.is_socket() {
            return Ok(());
        }
        let is_mount = metadata.dev() != self.device;
        if is_mount {
            self.mounts.push(format!("/{}", path.display()));
            if !kind.is_dir() {
                return Ok(());
            }
        }
        let first = (kind.is_file() && metadata.nlink() > 1).then(|| self.linked.get(&metadata.ino())).flatten();
        let (kind, link) = match (first, link) {
            (Some(first), _) => (EntryType::Link, Some(first.clone())),
            (None, Some(link)) => (EntryType::Symlink, Some(link)),
            (None, None) if kind.is_dir() => (EntryType::Directory, None),
            (None, None) if kind.is_fifo() => (EntryType::Fifo, None),
            (None, None) if kind.is_char_device() => (EntryType::Char, None),
            (None, None) if kind.is_block_device() => (EntryType::Block, None),
            (None, None) => (EntryType::Regular, None),
        };
        if kind == EntryType::Regular && metadata.nlink() > 1 {
            self.linked.insert(metadata.ino(), path.clone());
        }
        let size = if kind == EntryType::Regular { metadata.len() } else { 0 };
        let capability = if kind == EntryType::Regular { capability(&self.root.join(&path)) } else { None };
        let header = header(&path, kind, &metadata, size, link.as_deref(), capability.as_deref());
        let header = header.map_err(|e| ImageError::io("describe", &self.root.join(&path), e))?;
        self.members.push(Member { path: path.clone(), header, size });
        if kind == EntryType::Directory && !is_mount {
            self.directory(&path, depth + 1)?;
        }
        Ok(())
    }
}

/// The `security.capability` attribute of a file. Where there is none, or attributes are not known at all, it has none.
fn capability(file: &Path) -> Option<Vec<u8>> {
    let mut buffer = [0; MAX_CAPABILITY];
    let size = rustix::fs::lgetxattr(file, "security.capability", &mut buffer).ok()?;
    buffer.get(..size).map(<[u8]>::to_vec)
}

/// The header of a member, with the extended one it needs.
fn header(
    path: &Path,
    kind: EntryType,
    metadata: &Metadata,
    size: u64,
    link: Option<&Path>,
    capability: Option<&[u8]>,
) -> io::Result<Vec<u8>> {
    /// Numbers that old headers hold.
    const OCTAL: u32 = 1 << 21;
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(metadata.mode() & 0o7777);
    header.set_uid(u64::from(metadata.uid() % OCTAL));
    header.set_gid(u64::from(metadata.gid() % OCTAL));
    header.set_mtime(0);
    header.set_size(size);
    let (path, link) = (path.as_os_str().as_bytes(), link.map(|link| link.as_os_str().as_bytes()));
    let numbers = [("uid", metadata.uid()), ("gid", metadata.gid())].map(|(key, n)| (key, n.to_string(), n >= OCTAL));
    let mut extended: Vec<(&str, &[u8])> = vec![("path", path)];
    extended.extend(link.map(|link| ("linkpath", link)));
    extended.extend(numbers.iter().filter(|(_, _, is_large)| *is_large).map(|(key, n, _)| (*key, n.as_bytes())));
    extended.extend(capability.map(|value| ("SCHILY.xattr.security.capability", value)));
    let mut builder = Builder::new(Vec::new());
    builder.append_pax_extensions(extended)?;
    header.set_cksum();
    let mut bytes = std::mem::take(builder.get_mut());
    bytes.extend_from_slice(header.as_bytes());
    Ok(bytes)
}

/// The tar, made while it is read.
struct Tar {
    root: Root,
    members: Arc<[Member]>,
    problems: Problems,
    /// The member after the current one.
    next: usize,
    part: Part,
}

/// What is given out.
enum Part {
    /// Headers and padding, up to a position.
    Bytes(Vec<u8>, usize),
    /// The content of a member: so many bytes are left.
    Content {
        file: File,
        left: u64,
    },
    /// Zeros that stand for what could not be read, or fill up a block.
    Zeros(u64),
    End,
}

impl Tar {
    fn current(&self) -> Option<&Member> {
        self.members.get(self.next.checked_sub(1)?)
    }

    /// The part after one that is over.
    fn advance(&mut self) {
        let is_header = matches!(self.part, Part::Bytes(..));
        let members = Arc::clone(&self.members);
        let current = self.next.checked_sub(1).and_then(|at| members.get(at));
        let size = current.map_or(0, |member| member.size);
        self.part = match current {
            Some(member) if is_header && size > 0 => match self.root.open(&member.path, size) {
                Ok(file) => Part::Content { file, left: size },
                Err(error) => {
                    self.tell(&error);
                    Part::Zeros(padded(size))
                }
            },
            _ if matches!(self.part, Part::Content { .. }) && padded(size) > size => Part::Zeros(padded(size) - size),
            _ => match self.members.get(self.next) {
                Some(member) => {
                    self.next += 1;
                    Part::Bytes(member.header.clone(), 0)
                }
                None if self.next == self.members.len() => {
                    self.next += 1;
                    Part::Zeros(2 * BLOCK)
                }
                None => Part::End,
            },
        };
    }

    /// Tells that the content of the current member cannot be read. A file that changes meanwhile cannot be read either.
    fn tell(&self, error: &io::Error) {
        let path = self.current().map(|member| member.path.display().to_string()).unwrap_or_default();
        let problem = format!("/{path} cannot be read, so its content was not checked: {error}");
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).push(problem);
    }
}

/// Where files are opened.
struct Root {
    path: PathBuf,
    /// The folder a file was opened in last, for those beside it.
    folder: Option<(PathBuf, OwnedFd)>,
}

impl Root {
    /// Opens the file that was seen on the walk; nothing that has taken its place since, least of all a link to elsewhere.
    fn open(&mut self, path: &Path, size: u64) -> io::Result<File> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let folder = match self.folder.take() {
            Some((last, folder)) if last == parent => folder,
            _ => self.folder(parent)?,
        };
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let opened = rustix::fs::openat(&folder, name, flags, Mode::empty());
        self.folder = Some((parent.to_owned(), folder));
        let file = File::from(opened?);
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() != size {
            return Err(io::Error::other("it has changed meanwhile"));
        }
        Ok(file)
    }

    /// Opens a folder, each on the way to it from the one before: one that has become a link leads nowhere. Linux would do
    /// that in one step (`openat2`), but not everywhere, and nobody else has it.
    fn folder(&self, path: &Path) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut folder = rustix::fs::open(&self.path, flags, Mode::empty())?;
        for name in path {
            folder = rustix::fs::openat(&folder, name, flags | OFlags::NOFOLLOW, Mode::empty())?;
        }
        Ok(folder)
    }
}

impl Read for Tar {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = match &mut self.part {
                Part::End => return Ok(0),
                Part::Bytes(bytes, at) => {
                    let rest = bytes.get(*at..).unwrap_or_default();
                    let size = rest.len().min(buffer.len());
                    buffer[..size].copy_from_slice(&rest[..size]);
                    *at += size;
                    size
                }
                Part::Zeros(left) => {
                    let size = usize::try_from(*left).unwrap_or(usize::MAX).min(buffer.len());
                    buffer[..size].fill(0);
                    *left -= size as u64;
                    size
                }
                Part::Content { left: 0, .. } => 0,
                Part::Content { file, left } => {
                    let most = usize::try_from(*left).unwrap_or(usize::MAX).min(buffer.len());
                    let read = match file.read(&mut buffer[..most]) {
                        Ok(0) => Err(io::Error::other("it has changed meanwhile")),
                        read => read,
                    };
                    match read {
                        Ok(size) => {
                            *left -= size as u64;
                            size
                        }
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                        Err(error) => {
                            let left = *left;
                            let size = self.current().map_or(left, |member| member.size);
                            self.tell(&error);
                            self.part = Part::Zeros(left + (padded(size) - size));
                            continue;
                        }
                    }
                }
            };
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.advance();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
