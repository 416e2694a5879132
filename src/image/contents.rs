//! What is in the files of a layer: content patterns, secrets, key files and digests.
//!
//! Files are gathered into batches that any core can look at. A file too large for that is cut into pieces, which are looked
//! at in their order by one core at a time, while the reader goes on unpacking. Memory depends on neither.

mod large;

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use self::large::{Lane, Large};
use super::crew::Crew;
use super::limits::MAX_LINE;
use super::model::{Checksums, ContentMatch, FileSecret, Wants};
use super::search::{Patterns, Search};
use super::stream::hex;
use crate::secrets::{self, KeyHit, Scan, Scanner};

/// Bytes of small files that are handed out together.
const BATCH: usize = 256 << 10;
/// Bytes of a file above which it is cut into pieces.
const WHOLE: usize = 4 << 20;
/// Bytes handed out and not looked at yet, for each core: enough for none to wait, and no more, for memory that is touched for
/// the first time is dear.
const BUDGET: usize = 4 << 20;
/// Bytes of buffers kept to be used again. The kernel clears every page of a new one.
const SPARE: usize = 16 << 20;

/// Bytes handed out and not looked at yet, in all.
pub(super) fn budget() -> usize {
    BUDGET * rayon::current_num_threads()
}

/// What contents are looked through for.
#[derive(Debug)]
pub(super) struct Looks<'a> {
    pub(super) patterns: &'a Patterns,
    pub(super) secrets: bool,
    pub(super) keys: bool,
    /// Whether every file gets its digest.
    pub(super) digests: bool,
    /// Whether every file gets its checksums.
    pub(super) checksums: bool,
    buffers: Mutex<Spare>,
    searches: Mutex<Vec<secrets::Search<'static>>>,
}

impl<'a> Looks<'a> {
    pub(super) fn new(wants: &Wants, patterns: &'a Patterns) -> Self {
        let &Wants { secrets, keys, digests, checksums, .. } = wants;
        Self { patterns, secrets, keys, digests, checksums, buffers: Mutex::default(), searches: Mutex::default() }
    }

    /// Whether no content is looked at.
    pub(super) fn is_idle(&self) -> bool {
        self.patterns.is_empty() && !self.secrets && !self.keys && !self.digests && !self.checksums
    }

    /// An empty buffer with room for so many bytes.
    fn buffer(&self, bytes: usize) -> Vec<u8> {
        let spare = self.buffers.lock().unwrap_or_else(PoisonError::into_inner).take(bytes);
        spare.unwrap_or_else(|| Vec::with_capacity(bytes))
    }

    fn give_back(&self, buffer: Vec<u8>) {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner).keep(buffer);
    }

    /// A search for secrets, where they are wanted. Searches are dear to make.
    fn search(&self) -> Option<secrets::Search<'static>> {
        let spare = || self.searches.lock().unwrap_or_else(PoisonError::into_inner).pop();
        self.secrets.then(|| spare().unwrap_or_else(|| Scanner::shared().search()))
    }

    fn give_back_search(&self, search: Option<secrets::Search<'static>>) {
        self.searches.lock().unwrap_or_else(PoisonError::into_inner).extend(search);
    }
}

/// Buffers that wait to be used again.
#[derive(Debug, Default)]
struct Spare {
    buffers: Vec<Vec<u8>>,
    bytes: usize,
}

impl Spare {
    /// The smallest that has room for so many bytes.
    fn take(&mut self, bytes: usize) -> Option<Vec<u8>> {
        let fitting = self.buffers.iter().enumerate().filter(|(_, buffer)| buffer.capacity() >= bytes);
        let (index, _) = fitting.min_by_key(|(_, buffer)| buffer.capacity())?;
        let buffer = self.buffers.swap_remove(index);
        self.bytes -= buffer.capacity();
        Some(buffer)
    }

    fn keep(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() > 0 && self.bytes + buffer.capacity() <= SPARE {
            buffer.clear();
            self.bytes += buffer.capacity();
            self.buffers.push(buffer);
        }
    }
}

/// A file whose content is about to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'p> {
    /// Position of its entry among the layer's changes.
    pub(super) entry: usize,
    pub(super) path: &'p str,
    pub(super) size: u64,
    /// Whether its digest is wanted though not everybody's is.
    pub(super) digest: bool,
}

/// What was found in a file.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Position of its entry among the layer's changes.
    pub(super) entry: usize,
    /// SHA-256, where it was wanted and the file was read whole.
    pub(super) sha256: Option<String>,
    pub(super) checksums: Option<Box<Checksums>>,
    pub(super) matches: Vec<ContentMatch>,
    pub(super) key: Option<KeyHit>,
    pub(super) secrets: Vec<FileSecret>,
    /// Where they stand in the file.
    pub(super) places: Vec<Range<u64>>,
    /// A line was too long to be searched for patterns.
    pub(super) is_unsearched: bool,
    /// There are more secrets than are kept.
    pub(super) is_cut: bool,
}

impl Found {
    fn take_secrets(&mut self, scan: Scan) {
        self.is_cut = scan.is_cut;
        for hit in scan.hits {
            self.places.push(hit.bytes.clone());
            self.secrets.push(FileSecret::from(hit));
        }
    }
}

/// The contents of one layer, handed out as they are read.
pub(super) struct Contents<'c, 'env> {
    crew: &'c Crew<'env>,
    looks: &'env Looks<'env>,
    results: Arc<Results>,
    batch: Batch,
}

/// Where tasks put what they found.
#[derive(Debug, Default)]
struct Results {
    found: Mutex<BTreeMap<usize, Found>>,
    pending: AtomicUsize,
}

impl Results {
    fn add(&self, found: impl IntoIterator<Item = Found>) {
        let mut all = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(found.into_iter().map(|found| (found.entry, found)));
    }
}

/// Files that were read whole.
#[derive(Debug, Default)]
struct Batch {
    bytes: Vec<u8>,
    files: Vec<BatchFile>,
}

#[derive(Debug)]
struct BatchFile {
    entry: usize,
    path: String,
    bytes: Range<usize>,
    digest: bool,
    checksums: bool,
}

impl<'c, 'env> Contents<'c, 'env> {
    pub(super) fn new(crew: &'c Crew<'env>, looks: &'env Looks<'env>) -> Self {
        Self { crew, looks, results: Arc::default(), batch: Batch::default() }
    }

    /// Reads a file's content to its end. `each` is shown all of it, in order.
    pub(super) fn read(
        &mut self,
        file: Reading<'_>,
        data: &mut impl BufRead,
        each: &mut dyn FnMut(&[u8]),
    ) -> io::Result<()> {
        match usize::try_from(file.size) {
            Ok(size) if size <= WHOLE => self.read_whole(file, size, data, each),
            _ => self.read_large(file, data, each),
        }
    }

    fn read_whole(
        &mut self,
        file: Reading<'_>,
        size: usize,
        data: &mut impl BufRead,
        each: &mut dyn FnMut(&[u8]),
    ) -> io::Result<()> {
        if !self.batch.bytes.is_empty() && self.batch.bytes.len() + size > BATCH {
            self.flush();
        }
        if self.batch.bytes.capacity() == 0 {
            self.batch.bytes = self.looks.buffer(BATCH.max(size));
        }
        let bytes = &mut self.batch.bytes;
        let start = bytes.len();
        let read = fill(bytes, start + size, data);
        each(bytes.get(start..).unwrap_or_default());
        if self.looks.is_idle() && !file.digest {
            bytes.truncate(start);
            return read.map(drop);
        }
        // What precedes damage is looked at too.
        self.batch.files.push(BatchFile {
            entry: file.entry,
            path: file.path.to_owned(),
            bytes: start..self.batch.bytes.len(),
            digest: read.is_ok() && (file.digest || self.looks.digests),
            checksums: read.is_ok() && self.looks.checksums,
        });
        read.map(drop)
    }

    fn read_large(
        &mut self,
        file: Reading<'_>,
        data: &mut impl BufRead,
        each: &mut dyn FnMut(&[u8]),
    ) -> io::Result<()> {
        let lane = Lane::new(Large::new(self.looks, file));
        let (mut bytes, mut wanted) = (self.looks.buffer(large::PIECE), large::PIECE);
        let result = loop {
            let seen = bytes.len();
            let read = fill(&mut bytes, wanted, data);
            each(bytes.get(seen..).unwrap_or_default());
            if !matches!(read, Ok(true)) {
                break read;
            }
            let Some(end) = large::end_of_piece(&bytes, !self.looks.patterns.is_empty()) else {
                wanted = bytes.len().saturating_mul(2).min(MAX_LINE + 1);
                continue;
            };
            let mut next = self.looks.buffer(large::PIECE);
            next.extend_from_slice(bytes.get(end..).unwrap_or_default());
            bytes.truncate(end);
            lane.push(self.crew, std::mem::replace(&mut bytes, next));
            wanted = large::PIECE.max(bytes.len() + 1);
        };
        lane.push(self.crew, bytes);
        if let Some(large) = lane.finish(self.crew) {
            self.results.add([large.finish(result.is_ok())]);
        }
        result.map(drop)
    }

    /// Hands out the files gathered so far.
    fn flush(&mut self) {
        let Batch { bytes, files } = std::mem::take(&mut self.batch);
        if files.is_empty() {
            return;
        }
        self.results.pending.fetch_add(1, Ordering::SeqCst);
        let (looks, pending) = (self.looks, Pending(self.results.clone()));
        let size = bytes.capacity();
        let task = move |_: &Crew<'env>| {
            let (mut lines, mut search) = (Search::new(looks.patterns), looks.search());
            let look = |file: &BatchFile| {
                let content = bytes.get(file.bytes.clone()).unwrap_or_default();
                look_at(looks, &mut lines, search.as_mut(), file, content)
            };
            let found: Vec<Found> = files.iter().map(look).collect();
            pending.0.add(found);
            looks.give_back_search(search);
            looks.give_back(bytes);
        };
        self.crew.submit(size, Box::new(task));
    }

    /// Waits for everything that was handed out; gives what was found, in the order of the entries.
    pub(super) fn finish(&mut self) -> Vec<Found> {
        self.flush();
        let results = &self.results;
        self.crew.help_until(|| results.pending.load(Ordering::SeqCst) == 0);
        let found = std::mem::take(&mut *results.found.lock().unwrap_or_else(PoisonError::into_inner));
        found.into_values().collect()
    }
}

/// Counts a task as done when it is dropped, even in a panic.
struct Pending(Arc<Results>);

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.pending.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Reads until `bytes` has `wanted` of them; tells whether it has, which it has not at the end of the data.
fn fill(bytes: &mut Vec<u8>, wanted: usize, data: &mut impl BufRead) -> io::Result<bool> {
    // At once, for growing by steps copies what is there each time. No caller wants more than a few MiB on a header's word.
    bytes.reserve(wanted.saturating_sub(bytes.len()));
    while bytes.len() < wanted {
        let available = match data.fill_buf() {
            Ok([]) => return Ok(false),
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let step = available.len().min(wanted - bytes.len());
        bytes.extend_from_slice(available.get(..step).unwrap_or_default());
        data.consume(step);
    }
    Ok(true)
}

fn look_at(
    looks: &Looks<'_>,
    lines: &mut Search<'_>,
    search: Option<&mut secrets::Search<'_>>,
    file: &BatchFile,
    content: &[u8],
) -> Found {
    let mut found = Found { entry: file.entry, ..Found::default() };
    lines.run(content, 0, &mut found.matches);
    if looks.keys {
        found.key = secrets::classify(&file.path, &mut &*content);
    }
    if let Some(search) = search {
        found.take_secrets(search.scan_whole(&file.path, content));
    }
    if file.digest || found.key.is_some() {
        found.sha256 = Some(hex(&Sha256::digest(content)));
    }
    if file.checksums {
        let mut summing = Summing::default();
        summing.update(content);
        found.checksums = Some(summing.finish());
    }
    found
}

/// Checksums of a file that goes by.
#[derive(Clone, Debug, Default)]
struct Summing {
    md5: Md5,
    sha1: Sha1,
}

impl Summing {
    fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.sha1.update(bytes);
    }

    fn finish(self) -> Box<Checksums> {
        Box::new(Checksums { md5: self.md5.finalize().into(), sha1: self.sha1.finalize().into() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
