//! One file of the store: what one source says.
//!
//! Advisories one after the other, then for each ecosystem and package a list of entries that point at them, then an
//! `fst` from `ecosystem NUL package` to these lists, then a description in JSON; the last 40 bytes say where each part
//! begins. A file is written once and swapped in whole, so that it never has to be locked or mended.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

use fst::{Map, MapBuilder};
use serde::{Deserialize, Serialize};

use super::map::Mapped;
use crate::feeds::FeedError;
use crate::feeds::record::{Advisory, Affected, Entry};

/// The end of a file of this form.
const MAGIC: &[u8; 8] = b"dgfeed01";
/// Bytes at the end that say where everything is.
const FOOTER: usize = 40;
/// Bytes of a description.
const MAX_DESCRIPTION: usize = 16 << 20;

/// What a source's data is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// What it is called: the ecosystem's folder, or the name of the file that was imported.
    pub name: String,
    /// Where it came from, for people.
    pub origin: String,
    /// Seconds since 1970 when it was made.
    pub made: u64,
    /// Records that count.
    pub records: u64,
    /// Records that were withdrawn, and do not.
    pub withdrawn: u64,
    /// Records that are about nothing images have.
    pub unused: u64,
    /// When the record that was changed last was changed, as it says itself.
    pub newest: String,
    /// Entries of each ecosystem with its release.
    pub ecosystems: BTreeMap<String, u64>,
}

/// Writes a file.
pub(in crate::feeds) struct Writer<W: Write> {
    out: BufWriter<W>,
    at: u64,
    lists: BTreeMap<Vec<u8>, Vec<u8>>,
    description: Description,
}

impl<W: Write + Seek> Writer<W> {
    pub(in crate::feeds) fn new(out: W, description: Description) -> Self {
        Self { out: BufWriter::new(out), at: 0, lists: BTreeMap::new(), description }
    }

    /// Adds a record.
    pub(in crate::feeds) fn add(&mut self, advisory: &Advisory, entries: Vec<Entry>) -> io::Result<()> {
        if entries.is_empty() {
            self.description.unused += 1;
            return Ok(());
        }
        let at = self.at;
        self.write(&encode(advisory)?)?;
        self.description.records += 1;
        if advisory.modified > self.description.newest {
            self.description.newest.clone_from(&advisory.modified);
        }
        for Entry { ecosystem, name, affected } in entries {
            let encoded = encode(&Affected { advisory: at, ..affected })?;
            self.lists.entry(key(&ecosystem, &name)).or_default().extend(encoded);
            *self.description.ecosystems.entry(ecosystem).or_default() += 1;
        }
        Ok(())
    }

    /// Counts a record that was withdrawn.
    pub(in crate::feeds) fn withdrawn(&mut self) {
        self.description.withdrawn += 1;
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    /// Writes the rest, and gives back what it wrote to.
    pub(in crate::feeds) fn finish(mut self) -> io::Result<(W, Description)> {
        let mut index = MapBuilder::memory();
        for (key, list) in std::mem::take(&mut self.lists) {
            index.insert(key, self.at).map_err(io::Error::other)?;
            self.write(&u64::try_from(list.len()).unwrap_or(u64::MAX).to_le_bytes())?;
            self.write(&list)?;
        }
        let index = index.into_inner().map_err(io::Error::other)?;
        let index_at = self.at;
        self.write(&index)?;
        let description = serde_json::to_vec(&self.description).map_err(io::Error::other)?;
        let description_at = self.at;
        self.write(&description)?;
        let end = self.at;
        for number in [index_at, description_at, end, self.description.records] {
            self.write(&number.to_le_bytes())?;
        }
        self.write(MAGIC)?;
        let out = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok((out, self.description))
    }
}

fn encode<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    postcard::to_stdvec(value).map_err(io::Error::other)
}

fn key(ecosystem: &str, name: &str) -> Vec<u8> {
    [ecosystem.as_bytes(), &[0], name.as_bytes()].concat()
}

/// A file, open for reading.
#[derive(Debug)]
pub(in crate::feeds) struct SourceFile {
    index: Map<Slice>,
    bytes: std::sync::Arc<Mapped>,
    /// What it is.
    pub(in crate::feeds) description: Description,
}

/// A part of a mapped file, for the index.
#[derive(Debug)]
struct Slice {
    bytes: std::sync::Arc<Mapped>,
    from: usize,
    to: usize,
}

impl AsRef<[u8]> for Slice {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(self.from..self.to).unwrap_or_default()
    }
}

impl SourceFile {
    /// Opens a file.
    ///
    /// # Errors
    /// When it cannot be read, or is none of this version's.
    pub(in crate::feeds) fn open(path: &Path) -> Result<Self, FeedError> {
        let failed = |error: io::Error| FeedError::Open { path: path.display().to_string(), reason: error.to_string() };
        let damaged = || FeedError::Damaged { path: path.display().to_string() };
        // A pipe would be waited for.
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(damaged());
        }
        let file = File::open(path).map_err(failed)?;
        let bytes = std::sync::Arc::new(Mapped::open(&file).map_err(failed)?);
        let footer = bytes.len().checked_sub(FOOTER).ok_or_else(damaged)?;
        let number = |index: usize| {
            let at = footer + index * 8;
            let eight: [u8; 8] = bytes.get(at..at + 8)?.try_into().ok()?;
            usize::try_from(u64::from_le_bytes(eight)).ok()
        };
        if bytes.get(bytes.len() - MAGIC.len()..) != Some(MAGIC.as_slice()) {
            return Err(damaged());
        }
        let (Some(index_at), Some(description_at), Some(end)) = (number(0), number(1), number(2)) else {
            return Err(damaged());
        };
        if index_at > description_at || description_at > end || end != footer || end - description_at > MAX_DESCRIPTION
        {
            return Err(damaged());
        }
        let description = bytes.get(description_at..end).unwrap_or_default();
        let description = serde_json::from_slice(description).map_err(|_| damaged())?;
        let index = Slice { bytes: std::sync::Arc::clone(&bytes), from: index_at, to: description_at };
        let index = Map::new(index).map_err(|_| damaged())?;
        Ok(Self { index, bytes, description })
    }

    /// What it knows of a package, under the names the store has them by.
    ///
    /// # Errors
    /// When the file is damaged.
    pub(in crate::feeds) fn find(&self, ecosystem: &str, name: &str) -> Result<Vec<Affected>, ()> {
        let Some(at) = self.index.get(key(ecosystem, name)) else { return Ok(Vec::new()) };
        let at = usize::try_from(at).map_err(|_| ())?;
        let start = at.checked_add(8).ok_or(())?;
        let length: [u8; 8] = self.bytes.get(at..start).and_then(|b| b.try_into().ok()).ok_or(())?;
        let length = usize::try_from(u64::from_le_bytes(length)).map_err(|_| ())?;
        let mut rest = start.checked_add(length).and_then(|end| self.bytes.get(start..end)).ok_or(())?;
        let mut found = Vec::new();
        while !rest.is_empty() {
            let (entry, left) = postcard::take_from_bytes(rest).map_err(|_| ())?;
            found.push(entry);
            rest = left;
        }
        Ok(found)
    }

    /// The advisory an entry points at.
    ///
    /// # Errors
    /// When the file is damaged.
    pub(in crate::feeds) fn advisory(&self, entry: &Affected) -> Result<Advisory, ()> {
        let at = usize::try_from(entry.advisory).map_err(|_| ())?;
        let bytes = self.bytes.get(at..).ok_or(())?;
        postcard::take_from_bytes(bytes).map(|(advisory, _)| advisory).map_err(|_| ())
    }
}
