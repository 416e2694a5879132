//! ZIP archives held in memory, <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>: the central directory is walked, and
//! only the members asked for are unpacked.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::DeflateDecoder;

use super::super::bytes::{Endian, slice};

const END: &[u8] = b"PK\x05\x06";
const CENTRAL: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";

/// Bytes of the end record without its comment, and of the longest comment.
const END_LENGTH: usize = 22;
const MAX_COMMENT: usize = 0xffff;

/// Compression methods.
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// An archive.
pub(super) struct Zip<'a> {
    bytes: &'a [u8],
    /// The central directory.
    directory: &'a [u8],
    /// Bytes in front of the archive proper: a script that starts it.
    prefix: usize,
}

/// A member of an archive.
pub(super) struct Member<'a> {
    pub(super) name: Cow<'a, str>,
    is_encrypted: bool,
    method: u16,
    packed: usize,
    header: usize,
}

impl<'a> Zip<'a> {
    /// Finds the directory; `None` when there is none.
    pub(super) fn open(bytes: &'a [u8]) -> Option<Self> {
        let from = bytes.len().saturating_sub(END_LENGTH + MAX_COMMENT);
        let tail = bytes.get(from..)?;
        let is_end = |at: &usize| {
            let comment = Endian::Little.size16(tail, at + 20);
            tail.get(*at..).is_some_and(|rest| rest.starts_with(END))
                && comment.is_some_and(|comment| at + END_LENGTH + comment == tail.len())
        };
        let end = from + (0..tail.len().saturating_sub(END_LENGTH - 1)).rev().find(is_end)?;
        let number = |at| Endian::Little.size32(bytes, end + at);
        let (size, offset) = (number(12)?, number(16)?);
        let start = end.checked_sub(size)?;
        Some(Self { bytes, directory: bytes.get(start..end)?, prefix: start.checked_sub(offset)? })
    }

    /// The members; `None` at last when the directory is damaged.
    pub(super) fn members(&self) -> impl Iterator<Item = Option<Member<'a>>> + use<'a> {
        let mut rest = self.directory;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let read = Member::read(rest);
            rest = read.as_ref().map(|(_, rest)| *rest).unwrap_or_default();
            Some(read.map(|(member, _)| member))
        })
    }

    /// The content of a member of at most `most` bytes; `None` when it is longer, damaged or in a form that is not read.
    pub(super) fn content(&self, member: &Member<'_>, most: usize) -> Option<Cow<'a, [u8]>> {
        let header = self.bytes.get(self.prefix.checked_add(member.header)?..)?;
        let name = Endian::Little.size16(header, 26)?;
        let start = 30 + name + Endian::Little.size16(header, 28)?;
        let packed = slice(header, start, member.packed)?;
        if !header.starts_with(LOCAL) || member.is_encrypted {
            return None;
        }
        match member.method {
            STORED => (packed.len() <= most).then_some(Cow::Borrowed(packed)),
            DEFLATED => {
                let mut content = Vec::new();
                let mut decoder = DeflateDecoder::new(packed).take(most as u64 + 1);
                decoder.read_to_end(&mut content).ok()?;
                (content.len() <= most).then_some(Cow::Owned(content))
            }
            _ => None,
        }
    }
}

impl<'a> Member<'a> {
    /// Reads an entry of the directory; gives what follows it too.
    fn read(entry: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let short = |at| Endian::Little.u16(entry, at);
        let long = |at| Endian::Little.size32(entry, at);
        let length = |at| short(at).map(usize::from);
        let name = slice(entry, 46, length(28)?)?;
        let rest = entry.get(46 + name.len() + length(30)? + length(32)?..)?;
        let member = Self {
            name: String::from_utf8_lossy(name),
            is_encrypted: short(8)? & 1 != 0,
            method: short(10)?,
            packed: long(20)?,
            header: long(42)?,
        };
        entry.starts_with(CENTRAL).then_some((member, rest))
    }
}
