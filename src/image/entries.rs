//! The members of a tar, read in one pass from a stream that may lie about anything.
//!
//! The formats are ustar, PAX and GNU, read as Go's `archive/tar` (the engines') reads them, so that what is checked is
//! what a container gets: links and directories have no data whatever their size says, PAX records win over header
//! fields, and a GNU long name wins over both.

use std::io::{self, BufRead, Read};

use tar::Header;
use thiserror::Error;

use super::limits::{MAX_EXTENSION, MAX_EXTENSIONS};
use super::names;
use super::pax::Pax;
use super::sparse::{self, Segment};

/// Bytes of a block; headers and data start at multiples of it.
pub(super) const BLOCK: u64 = 512;

/// A stream whose bytes can be passed over.
pub(super) trait Skip: BufRead {
    /// Passes over `bytes`. Passing the end is an error now or at the next read.
    fn skip(&mut self, bytes: u64) -> io::Result<()>;
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemberKind {
    File,
    Hardlink,
    Symlink,
    CharDevice,
    BlockDevice,
    Directory,
    Fifo,
    /// A type flag that tar gives no meaning.
    Unknown(u8),
}

/// A member of a tar.
#[derive(Debug)]
pub(super) struct Member {
    /// Its name, as it is.
    pub(super) name: Vec<u8>,
    /// Target of a link, as it is.
    pub(super) link: Vec<u8>,
    pub(super) kind: MemberKind,
    pub(super) mode: u32,
    pub(super) uid: u64,
    pub(super) gid: u64,
    /// Bytes of content.
    pub(super) size: u64,
    /// Where the content of a sparse file lies; between the segments it is zero.
    pub(super) sparse: Option<Vec<Segment>>,
    /// The `security.capability` attribute.
    pub(super) capability: Option<Vec<u8>>,
    /// Where the data starts in the stream.
    pub(super) position: u64,
    /// Bytes of data.
    pub(super) stored: u64,
}

/// The stream is not a tar from here on, or ends too early.
#[derive(Debug, Error)]
pub(super) enum TarError {
    #[error("{0}")]
    Io(io::Error),
    #[error("it ends in the middle of an entry")]
    Truncated,
    #[error("the header at byte {0} is damaged")]
    Header(u64),
    #[error("the extended header at byte {0} is damaged")]
    Extension(u64),
    #[error("the extended header at byte {0} is longer than {MAX_EXTENSION} bytes")]
    LongExtension(u64),
    #[error("the map of the sparse file at byte {0} is damaged")]
    Sparse(u64),
}

impl From<io::Error> for TarError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Truncated } else { Self::Io(error) }
    }
}

/// Reads members one after the other.
#[derive(Debug)]
pub(super) struct Entries<R> {
    stream: R,
    position: u64,
    /// Data of the current member not read yet.
    data: u64,
    /// Padding after it.
    padding: u64,
}

impl<R: Skip> Entries<R> {
    pub(super) fn new(stream: R) -> Self {
        Self { stream, position: 0, data: 0, padding: 0 }
    }

    /// The stream, wherever it stands.
    pub(super) fn into_inner(self) -> R {
        self.stream
    }

    /// The next member; `None` at the end-of-archive marker or at the end of the stream. Data of the last one that was
    /// not read is passed over.
    pub(super) fn next(&mut self) -> Result<Option<Member>, TarError> {
        let mut pax = Pax::default();
        let (mut long_name, mut long_link) = (None, None);
        for extensions in 0..=MAX_EXTENSIONS {
            self.pass_data()?;
            let at = self.position;
            let Some(block) = self.block()? else {
                return if extensions == 0 { Ok(None) } else { Err(TarError::Truncated) };
            };
            if is_zero(&block) {
                return match self.block()? {
                    Some(second) if !is_zero(&second) => Err(TarError::Header(at)),
                    _ => Ok(None),
                };
            }
            if !checksum_holds(&block) {
                return Err(TarError::Header(at));
            }
            let header = Header::from_byte_slice(&block);
            let field = |range: std::ops::Range<usize>| {
                block.get(range).and_then(number).and_then(|n| u64::try_from(n).ok()).ok_or(TarError::Header(at))
            };
            let size = field(124..136)?;
            match block[156] {
                b'x' => pax = Pax::parse(&self.extension(at, size)?).ok_or(TarError::Extension(at))?,
                b'L' => long_name = Some(until_nul(&self.extension(at, size)?).to_vec()),
                b'K' => long_link = Some(until_nul(&self.extension(at, size)?).to_vec()),
                // Global records describe the archive (git writes the commit's id) and are ignored. To engines they are
                // a member, which what was said of the next member is spent on.
                b'g' => {
                    self.expect(size)?;
                    pax = Pax::default();
                    (long_name, long_link) = (None, None);
                }
                flag => {
                    let mut name = header.path_bytes().into_owned();
                    let mut link = header.link_name_bytes().unwrap_or_default().into_owned();
                    name = pax.path.take().unwrap_or(name);
                    link = pax.link.take().unwrap_or(link);
                    name = long_name.unwrap_or(name);
                    link = long_link.unwrap_or(link);
                    let kind = kind(flag, &name);
                    let stored = match kind {
                        MemberKind::File | MemberKind::Unknown(_) => pax.size.unwrap_or(size),
                        _ => 0,
                    };
                    self.expect(stored)?;
                    let mut member = Member {
                        name,
                        link,
                        kind,
                        // The file type bits some builders put into the mode are the type flag's business.
                        mode: (field(100..108)? & 0o7777) as u32,
                        uid: pax.uid.map_or_else(|| field(108..116), Ok)?,
                        gid: pax.gid.map_or_else(|| field(116..124), Ok)?,
                        size: stored,
                        sparse: None,
                        capability: pax.capability.take(),
                        position: self.position,
                        stored,
                    };
                    self.read_sparse_map(&mut member, &mut pax, &block, at)?;
                    return Ok(Some(member));
                }
            }
        }
        Err(TarError::Extension(self.position))
    }

    /// The data of the current member, as stored.
    pub(super) fn data(&mut self) -> Data<'_, R> {
        Data { entries: self }
    }

    fn read_sparse_map(
        &mut self,
        member: &mut Member,
        pax: &mut Pax,
        block: &[u8; BLOCK as usize],
        at: u64,
    ) -> Result<(), TarError> {
        if member.kind != MemberKind::File {
            return Ok(());
        }
        let bad = || TarError::Sparse(at);
        let (segments, size) = if block[156] == b'S' {
            let data = std::mem::take(&mut self.data);
            let padding = std::mem::take(&mut self.padding);
            let map = sparse::gnu_map(block, || self.block().ok().flatten());
            (self.data, self.padding) = (data, padding);
            member.position = self.position;
            map.ok_or_else(bad)?
        } else if let Some(sparse) = pax.sparse.take() {
            if let Some(name) = sparse.name.clone() {
                member.name = name;
            }
            let size = sparse.size.ok_or_else(bad)?;
            let segments = if sparse.in_data {
                let map = sparse::map_in_data(&mut self.data()).ok_or_else(bad)?;
                member.stored = self.data;
                member.position = self.position;
                map
            } else {
                sparse.segments
            };
            (segments, size)
        } else {
            return Ok(());
        };
        if !sparse::holds_together(&segments, size, member.stored) {
            return Err(bad());
        }
        member.size = size;
        member.sparse = Some(segments);
        Ok(())
    }

    fn expect(&mut self, data: u64) -> Result<(), TarError> {
        self.padding = data.checked_next_multiple_of(BLOCK).ok_or(TarError::Header(self.position))? - data;
        self.data = data;
        Ok(())
    }

    fn pass_data(&mut self) -> Result<(), TarError> {
        let left = self.data.checked_add(self.padding).ok_or(TarError::Header(self.position))?;
        (self.data, self.padding) = (0, 0);
        if left > 0 {
            self.stream.skip(left)?;
            self.position = self.position.saturating_add(left);
        }
        Ok(())
    }

    /// The data of an extension header, bounded.
    fn extension(&mut self, at: u64, size: u64) -> Result<Vec<u8>, TarError> {
        if size > MAX_EXTENSION {
            return Err(TarError::LongExtension(at));
        }
        self.expect(size)?;
        let mut data = Vec::new();
        self.data().read_to_end(&mut data)?;
        Ok(data)
    }

    /// The next block; `None` when the stream is at its end.
    fn block(&mut self) -> Result<Option<[u8; BLOCK as usize]>, TarError> {
        let mut block = [0; BLOCK as usize];
        let mut filled = 0;
        while filled < block.len() {
            match self.stream.read(&mut block[filled..]) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(TarError::Truncated),
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.position = self.position.saturating_add(BLOCK);
        Ok(Some(block))
    }
}

/// The data of a member. A stream that ends before it does is an error.
#[derive(Debug)]
pub(super) struct Data<'a, R> {
    entries: &'a mut Entries<R>,
}

impl<R: Skip> Read for Data<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let entries = &mut *self.entries;
        let most = usize::try_from(entries.data).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let read = entries.stream.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        entries.data -= read as u64;
        entries.position = entries.position.saturating_add(read as u64);
        Ok(read)
    }
}

impl<R: Skip> BufRead for Data<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let entries = &mut *self.entries;
        let most = usize::try_from(entries.data).unwrap_or(usize::MAX);
        if most == 0 {
            return Ok(&[]);
        }
        let available = entries.stream.fill_buf()?;
        if available.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(available.get(..most).unwrap_or(available))
    }

    fn consume(&mut self, amount: usize) {
        let entries = &mut *self.entries;
        entries.stream.consume(amount);
        entries.data = entries.data.saturating_sub(amount as u64);
        entries.position = entries.position.saturating_add(amount as u64);
    }
}

fn kind(flag: u8, name: &[u8]) -> MemberKind {
    match flag {
        0 if name.ends_with(b"/") => MemberKind::Directory,
        0 | b'0' | b'7' | b'S' => MemberKind::File,
        b'1' => MemberKind::Hardlink,
        b'2' => MemberKind::Symlink,
        b'3' => MemberKind::CharDevice,
        b'4' => MemberKind::BlockDevice,
        b'5' => MemberKind::Directory,
        b'6' => MemberKind::Fifo,
        flag => MemberKind::Unknown(flag),
    }
}

/// A number field: octal text, or binary when the first bit is set.
pub(super) fn number(field: &[u8]) -> Option<i64> {
    let (&first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        let negative = first & 0x40 != 0;
        let start = if negative { -1 } else { 0 };
        let start: i64 = (start << 6) | i64::from(first & 0x3f);
        return rest.iter().try_fold(start, |n, byte| n.checked_mul(256)?.checked_add(i64::from(*byte)));
    }
    let text = until_nul(field).trim_ascii();
    if text.is_empty() {
        return Some(0);
    }
    i64::from_str_radix(std::str::from_utf8(text).ok()?, 8).ok()
}

/// The sum of the header's bytes with its own field as blanks; old tars summed signed bytes.
fn checksum_holds(block: &[u8; BLOCK as usize]) -> bool {
    let Some(stated) = number(&block[148..156]) else { return false };
    let summed = |value: fn(u8) -> i64| -> i64 {
        block.iter().enumerate().map(|(i, b)| if (148..156).contains(&i) { 32 } else { value(*b) }).sum()
    };
    stated == summed(i64::from) || stated == summed(|b| i64::from(b as i8))
}

fn is_zero(block: &[u8; BLOCK as usize]) -> bool {
    block.iter().all(|b| *b == 0)
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|b| *b == 0).next().unwrap_or_default()
}

impl Member {
    /// The name for messages.
    pub(super) fn shown(&self) -> String {
        names::text(self.name.get(..200).unwrap_or(&self.name))
    }
}
