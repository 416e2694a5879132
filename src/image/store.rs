//! Where an image's blobs lie: in an archive, reached by position, or in the files of a layout directory. Nothing is
//! unpacked; every blob is read through a reader of its own, so that layers can be read side by side.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::time::{Duration, SystemTime};

use super::entries::{Entries, Member, MemberKind, Skip, TarError};
use super::error::ImageError;
use super::holder::{Blob, Holder};
use super::limits::{MAX_DOCUMENT, MAX_MEMBER_LINKS, MAX_MEMBERS};
use super::names;

/// Times of files are coarse: one that was changed no longer ago than this may be changed again without showing it.
#[cfg(unix)]
const SETTLED: Duration = Duration::from_secs(1);

/// An archive or a layout directory.
#[derive(Debug)]
pub(super) struct Store {
    /// The file or directory.
    pub(super) path: PathBuf,
    /// What the archive holds; `None` for a directory.
    index: Option<Index>,
}

/// The members of an archive, by absolute name.
#[derive(Debug, Default)]
struct Index {
    members: BTreeMap<String, Place>,
    /// Bytes of the archive.
    length: u64,
    /// Names that more than one member has, and the archive's damage if it has any.
    remarks: Vec<String>,
}

#[derive(Debug)]
enum Place {
    Data {
        position: u64,
        size: u64,
    },
    /// A link to another member.
    Link(String),
}

/// The bytes of one blob, as stored, wherever they come from. Whatever it takes to get them begins with the first read, so
/// that a thousand of them can wait.
pub(super) struct Section {
    /// Bytes of the blob, as far as they are known beforehand.
    pub(super) size: u64,
    /// The file they are in, and where they start.
    #[cfg_attr(not(unix), expect(dead_code, reason = "nothing tells there whether it has changed"))]
    file: Option<(PathBuf, u64)>,
    /// They are fetched by their digest, and other bytes would be refused by everybody who fetches them.
    pub(super) is_addressed: bool,
    source: Box<dyn Read + Send>,
}

/// A run of a file's bytes.
struct FileRange {
    path: PathBuf,
    position: u64,
    size: u64,
    file: Option<io::Take<File>>,
}

impl Store {
    /// Opens an archive: reads its headers once and passes over the data.
    pub(super) fn archive(path: &Path) -> Result<Self, ImageError> {
        // Opening a fifo would wait for its writer.
        let metadata = std::fs::metadata(path).map_err(|e| ImageError::io("open", path, e))?;
        if !metadata.is_file() {
            let reason = "it is no regular file; archives are read by position, not from a pipe".to_owned();
            return Err(ImageError::NotAnImage { path: path.to_owned(), reason });
        }
        let mut file = File::open(path).map_err(|e| ImageError::io("open", path, e))?;
        refuse_compressed(path, &mut file)?;
        Ok(Self { path: path.to_owned(), index: Some(Index::read(path, file)?) })
    }

    /// Opens a layout directory.
    pub(super) fn directory(path: &Path) -> Self {
        Self { path: path.to_owned(), index: None }
    }

    /// Whether there is a file of this name.
    pub(super) fn holds(&self, name: &str) -> bool {
        match &self.index {
            Some(index) => index.find(name).is_some(),
            None => self.path.join(name).is_file(),
        }
    }

    /// What is odd about an archive as a whole.
    pub(super) fn remarks(&self) -> &[String] {
        self.index.as_ref().map(|index| index.remarks.as_slice()).unwrap_or_default()
    }

    /// The blob of this name; `None` when there is none.
    pub(super) fn open(&self, name: &str) -> Result<Option<Section>, ImageError> {
        let Some(index) = &self.index else { return self.open_file(name) };
        let section = index.find(name).map(|(position, size)| {
            // A header may promise more than the file has.
            let size = size.min(index.length.saturating_sub(position));
            Section::of_file(self.path.clone(), position, size)
        });
        Ok(section)
    }

    fn open_file(&self, name: &str) -> Result<Option<Section>, ImageError> {
        // Names are made from digests and constants; still none may leave the directory.
        let Ok(name) = names::normalise(name.as_bytes()) else { return Ok(None) };
        let path = self.path.join(name.trim_start_matches('/'));
        match std::fs::metadata(&path) {
            Ok(found) if found.is_file() => Ok(Some(Section::of_file(path, 0, found.len()))),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ImageError::io("read", &path, error)),
        }
    }

    /// The whole of a small document; `None` when there is none of this name.
    pub(super) fn named_document(&self, name: &str) -> Result<Option<Vec<u8>>, ImageError> {
        let Some(mut section) = self.open(name)? else { return Ok(None) };
        if section.size > MAX_DOCUMENT {
            let what = format!("{name} is longer than {MAX_DOCUMENT} bytes");
            return Err(ImageError::Limit { place: self.place(), what });
        }
        let mut bytes = Vec::new();
        section.read_to_end(&mut bytes).map_err(|e| ImageError::io("read", &self.path, e))?;
        Ok(Some(bytes))
    }
}

impl Holder for Store {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn manifest(&self, digest: &str) -> Result<Option<Vec<u8>>, ImageError> {
        self.named_document(&blob_name(digest))
    }

    fn document(&self, digest: &str) -> Result<Option<Vec<u8>>, ImageError> {
        self.named_document(&blob_name(digest))
    }

    fn layer(&self, blob: &Blob) -> Result<Option<Section>, ImageError> {
        self.open(&blob.name)
    }
}

/// Where a layout has the blob of a digest. The digest was parsed, so it holds no slash.
pub(super) fn blob_name(digest: &str) -> String {
    format!("blobs/{}", digest.replacen(':', "/", 1))
}

impl Section {
    /// A blob of so many bytes that come out of `source`.
    pub(super) fn new(size: u64, source: impl Read + Send + 'static) -> Self {
        Self { size, file: None, is_addressed: false, source: Box::new(source) }
    }

    /// The same of a blob that is fetched by its digest.
    pub(super) fn addressed(size: u64, source: impl Read + Send + 'static) -> Self {
        Self { is_addressed: true, ..Self::new(size, source) }
    }

    fn of_file(path: PathBuf, position: u64, size: u64) -> Self {
        let file = Some((path.clone(), position));
        Self { file, ..Self::new(size, FileRange { path, position, size, file: None }) }
    }

    /// Tells the file apart from any other and from itself once it has been changed; `None` where that cannot be told, as of
    /// a file that was changed just now.
    #[cfg(unix)]
    pub(super) fn stamp(&self) -> Option<String> {
        use std::os::unix::fs::MetadataExt;
        let (path, position) = self.file.as_ref()?;
        let of = std::fs::metadata(path).ok()?;
        let changed = Duration::new(u64::try_from(of.ctime()).ok()?, u32::try_from(of.ctime_nsec()).ok()?);
        let age = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?.checked_sub(changed)?;
        let size = self.size;
        let times = format!("{}.{} {}.{}", of.mtime(), of.mtime_nsec(), of.ctime(), of.ctime_nsec());
        (age > SETTLED).then(|| format!("{} {} {} {times} {position} {size}", of.dev(), of.ino(), of.size()))
    }

    /// Times of files are not enough to go by here.
    #[cfg(not(unix))]
    pub(super) fn stamp(&self) -> Option<String> {
        None
    }
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.source.read(buffer)
    }
}

impl Read for FileRange {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let mut file = File::open(&self.path)?;
                file.seek(SeekFrom::Start(self.position))?;
                self.file.insert(file.take(self.size))
            }
        };
        file.read(buffer)
    }
}

impl Skip for BufReader<File> {
    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let bytes = i64::try_from(bytes).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        self.seek_relative(bytes)
    }
}

impl Index {
    fn read(path: &Path, file: File) -> Result<Self, ImageError> {
        let length = file.metadata().map_err(|e| ImageError::io("read", path, e))?.len();
        let mut index = Self { length, ..Self::default() };
        let mut entries = Entries::new(BufReader::with_capacity(4096, file));
        let mut count = 0;
        loop {
            let member = match entries.next() {
                Ok(Some(member)) => member,
                Ok(None) => break,
                Err(TarError::Io(source)) => return Err(ImageError::io("read", path, source)),
                Err(damage) if count == 0 => {
                    let reason = format!("it is no tar: {damage}");
                    return Err(ImageError::NotAnImage { path: path.to_owned(), reason });
                }
                Err(damage) => {
                    index.remarks.push(format!("the archive is damaged: {damage}; what follows was not read"));
                    break;
                }
            };
            count += 1;
            if count > MAX_MEMBERS {
                let what = format!("the archive has more than {MAX_MEMBERS} members");
                return Err(ImageError::Limit { place: path.display().to_string(), what });
            }
            let Ok(name) = names::normalise(&member.name) else { continue };
            let place = match member.kind {
                MemberKind::File if member.sparse.is_none() => {
                    Place::Data { position: member.position, size: member.stored }
                }
                MemberKind::Symlink | MemberKind::Hardlink => match link_target(&member, &name) {
                    Some(target) => Place::Link(target),
                    None => continue,
                },
                _ => continue,
            };
            // Engines unpack the archive, so the last member of a name is the one that counts.
            if index.members.insert(name.clone(), place).is_some() && is_document(&name) {
                index.remarks.push(format!("the archive has several members named {name}; the last was read"));
            }
        }
        Ok(index)
    }

    fn find(&self, name: &str) -> Option<(u64, u64)> {
        let mut name = names::normalise(name.as_bytes()).ok()?;
        for _ in 0..MAX_MEMBER_LINKS {
            match self.members.get(&name)? {
                Place::Data { position, size } => return Some((*position, *size)),
                Place::Link(target) => name.clone_from(target),
            }
        }
        None
    }
}

/// The member that a link of an archive stands for; `None` when it leads out of the archive.
pub(super) fn link_target(link: &Member, name: &str) -> Option<String> {
    let mut target = Vec::new();
    if link.kind == MemberKind::Symlink {
        target.extend_from_slice(names::parent(name).as_bytes());
        target.push(b'/');
    }
    target.extend_from_slice(&link.link);
    names::normalise(&target).ok()
}

/// Documents nothing else vouches for.
pub(super) fn is_document(name: &str) -> bool {
    matches!(name, "/manifest.json" | "/index.json" | "/oci-layout")
}

fn refuse_compressed(path: &Path, file: &mut File) -> Result<(), ImageError> {
    let mut head = Vec::new();
    let read = file.take(6).read_to_end(&mut head).and_then(|_| file.rewind());
    read.map_err(|e| ImageError::io("read", path, e))?;
    let (format, program) = match head.as_slice() {
        [0x1f, 0x8b, ..] => ("gzip", "gunzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("zstd", "unzstd"),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => ("xz", "unxz"),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => ("bzip2", "bunzip2"),
        _ => return Ok(()),
    };
    let command = format!("{program} --keep {}", path.display());
    Err(ImageError::Compressed { path: path.to_owned(), format, command })
}
