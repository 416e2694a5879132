//! What is in the files of a layer: content patterns, secrets, key files and digests. Files are gathered into batches, and
//! large ones cut into pieces that stand alone, so that any core can look at any of them and memory depends on neither.

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::crew::Crew;
use super::limits::MAX_LINE;
use super::model::{ContentMatch, FileSecret};
use super::search::{Patterns, Search};
use super::stream::hex;
use crate::secrets::{self, KeyHit, Scanner, SecretHit};

/// Bytes of small files that are handed out together.
const BATCH: usize = 256 << 10;
/// Bytes of a file above which it is cut into pieces of about this size.
const PIECE: usize = 1 << 20;
/// Bytes that a piece shows of the next one, so that a secret on the cut is seen whole.
const TAIL: usize = 16 << 10;
/// Bytes handed out and not looked at yet.
pub(super) const BUDGET: usize = 24 << 20;
/// Buffers kept to be used again.
const SPARE: usize = 8;

/// What contents are looked through for.
#[derive(Debug)]
pub(super) struct Looks<'a> {
    pub(super) patterns: &'a Patterns,
    pub(super) secrets: bool,
    pub(super) keys: bool,
    /// Whether every file gets its digest.
    pub(super) digests: bool,
    spare: Mutex<Vec<Vec<u8>>>,
}

impl<'a> Looks<'a> {
    pub(super) fn new(patterns: &'a Patterns, secrets: bool, keys: bool, digests: bool) -> Self {
        Self { patterns, secrets, keys, digests, spare: Mutex::default() }
    }

    /// Whether no content is looked at.
    pub(super) fn is_idle(&self) -> bool {
        self.patterns.is_empty() && !self.secrets && !self.keys && !self.digests
    }

    fn buffer(&self) -> Vec<u8> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn give_back(&self, mut buffer: Vec<u8>) {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE && buffer.capacity() <= 2 * PIECE {
            buffer.clear();
            spare.push(buffer);
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

/// The contents of one layer, handed out as they are read.
pub(super) struct Contents<'c, 'env> {
    crew: &'c Crew<'env>,
    looks: &'env Looks<'env>,
    results: Arc<Results>,
    batch: Batch,
    /// Digests of large files, by entry: they are made while the file goes by.
    digests: BTreeMap<usize, String>,
}

/// Where tasks put what they found.
#[derive(Debug, Default)]
struct Results {
    parts: Mutex<Vec<Part>>,
    pending: AtomicUsize,
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
}

/// A piece of a large file.
#[derive(Debug)]
struct Piece {
    entry: usize,
    path: String,
    /// Its own bytes, then the start of the next piece.
    bytes: Vec<u8>,
    /// Bytes that are its own.
    own: usize,
    /// Where it starts in the file.
    offset: u64,
    /// A line in it is longer than what is searched.
    is_unsearched: bool,
}

/// What was found in a piece; lines and places are counted from its start.
#[derive(Debug, Default)]
struct Part {
    offset: u64,
    /// Bytes that are its own.
    own: u64,
    newlines: u64,
    /// Bytes after its last newline.
    after_newline: Option<u64>,
    is_binary: bool,
    hits: Vec<SecretHit>,
    found: Found,
}

impl<'c, 'env> Contents<'c, 'env> {
    pub(super) fn new(crew: &'c Crew<'env>, looks: &'env Looks<'env>) -> Self {
        let results = Arc::default();
        Self { crew, looks, results, batch: Batch::default(), digests: BTreeMap::new() }
    }

    /// Reads a file's content to its end. `each` is shown all of it, in order.
    pub(super) fn read(
        &mut self,
        file: Reading<'_>,
        data: &mut impl BufRead,
        each: &mut dyn FnMut(&[u8]),
    ) -> io::Result<()> {
        match usize::try_from(file.size) {
            Ok(size) if size <= PIECE => self.read_whole(file, size, data, each),
            _ => self.read_pieces(file, data, each),
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
            self.batch.bytes = self.looks.buffer();
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
        });
        read.map(drop)
    }

    fn read_pieces(
        &mut self,
        file: Reading<'_>,
        data: &mut impl BufRead,
        each: &mut dyn FnMut(&[u8]),
    ) -> io::Result<()> {
        let is_key = self.looks.keys && secrets::key_file(file.path).is_some();
        let mut hash = (file.digest || self.looks.digests || is_key).then(Sha256::new);
        let is_searched = self.looks.secrets || self.looks.keys || !self.looks.patterns.is_empty();
        let (mut bytes, mut offset, mut wanted) = (self.looks.buffer(), 0, PIECE + TAIL);
        let mut is_unsearched = false;
        let result = loop {
            let seen = bytes.len();
            let read = fill(&mut bytes, wanted, data);
            let new = bytes.get(seen..).unwrap_or_default();
            each(new);
            if let Some(hash) = &mut hash {
                hash.update(new);
            }
            if !matches!(read, Ok(true)) {
                break read;
            }
            if !is_searched {
                bytes.clear();
                continue;
            }
            let own = match cut(&bytes) {
                Cut::Newline(own) => own,
                Cut::Line(own) if self.looks.patterns.is_empty() || is_unsearched => own,
                Cut::Line(_) if bytes.len() < MAX_LINE => {
                    wanted = bytes.len().saturating_mul(2).min(MAX_LINE);
                    continue;
                }
                Cut::Line(own) => {
                    is_unsearched = true;
                    own
                }
            };
            let mut next = self.looks.buffer();
            next.extend_from_slice(bytes.get(own..).unwrap_or_default());
            let path = file.path.to_owned();
            self.hand_out_piece(Piece { entry: file.entry, path, bytes, own, offset, is_unsearched });
            offset += own as u64;
            (bytes, wanted) = (next, PIECE + TAIL);
        };
        if is_searched {
            let (own, path) = (bytes.len(), file.path.to_owned());
            self.hand_out_piece(Piece { entry: file.entry, path, bytes, own, offset, is_unsearched });
        }
        if let (Ok(_), Some(hash)) = (&result, hash) {
            self.digests.insert(file.entry, hex(&hash.finalize()));
        }
        result.map(drop)
    }

    fn hand_out_piece(&self, piece: Piece) {
        let looks = self.looks;
        self.hand_out(piece.bytes.capacity(), move |parts| {
            parts.push(look_at_piece(looks, &piece));
            looks.give_back(piece.bytes);
        });
    }

    /// Hands out the files gathered so far.
    fn flush(&mut self) {
        let Batch { bytes, files } = std::mem::take(&mut self.batch);
        if files.is_empty() {
            return;
        }
        let looks = self.looks;
        self.hand_out(bytes.capacity(), move |parts| {
            let mut search = Search::new(looks.patterns);
            for file in &files {
                let content = bytes.get(file.bytes.clone()).unwrap_or_default();
                parts.push(look_at_file(looks, &mut search, file, content));
            }
            looks.give_back(bytes);
        });
    }

    fn hand_out(&self, bytes: usize, look: impl FnOnce(&mut Vec<Part>) + Send + 'env) {
        self.results.pending.fetch_add(1, Ordering::SeqCst);
        let pending = Pending(self.results.clone());
        let task = move || {
            let mut parts = Vec::new();
            look(&mut parts);
            pending.0.parts.lock().unwrap_or_else(PoisonError::into_inner).append(&mut parts);
            drop(pending);
        };
        self.crew.submit(bytes, Box::new(task));
    }

    /// Waits for everything that was handed out; gives what was found, in the order of the entries.
    pub(super) fn finish(&mut self) -> Vec<Found> {
        self.flush();
        let results = &self.results;
        self.crew.help_until(|| results.pending.load(Ordering::SeqCst) == 0);
        let mut parts = std::mem::take(&mut *results.parts.lock().unwrap_or_else(PoisonError::into_inner));
        parts.sort_by_key(|part| (part.found.entry, part.offset));
        let mut all: Vec<Found> = Vec::new();
        let mut file = Whole::default();
        for part in parts {
            if all.last().is_none_or(|last| last.entry != part.found.entry) {
                file = Whole::default();
                all.push(Found { entry: part.found.entry, ..Found::default() });
            }
            if let Some(found) = all.last_mut() {
                file.add(part, found);
            }
        }
        for found in &mut all {
            found.sha256 = self.digests.remove(&found.entry).or(found.sha256.take());
            // Where every pattern has matched before it, a long line hides nothing.
            found.is_unsearched &= found.matches.len() < self.looks.patterns.len();
        }
        // Large files that only their digest was wanted of.
        let left = std::mem::take(&mut self.digests);
        all.extend(left.into_iter().map(|(entry, sha256)| Found { entry, sha256: Some(sha256), ..Found::default() }));
        all.sort_by_key(|found| found.entry);
        all
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

/// How many bytes are a piece of their own.
enum Cut {
    /// Up to the last newline that leaves a tail.
    Newline(usize),
    /// There is none: in the middle of a line, at a byte that no secret holds where there is one.
    Line(usize),
}

fn cut(bytes: &[u8]) -> Cut {
    let most = bytes.len().saturating_sub(TAIL);
    let head = bytes.get(..most).unwrap_or_default();
    if let Some(newline) = head.iter().rposition(|b| *b == b'\n') {
        return Cut::Newline(newline + 1);
    }
    let is_free = |b: &u8| b.is_ascii_whitespace() || matches!(b, b',' | b';' | b'(' | b')' | b'{' | b'}' | 0);
    Cut::Line(head.iter().rev().take(TAIL).position(is_free).map_or(most, |back| most - back))
}

fn look_at_file(looks: &Looks<'_>, search: &mut Search<'_>, file: &BatchFile, content: &[u8]) -> Part {
    let mut found = Found { entry: file.entry, ..Found::default() };
    search.run(content, &mut found.matches);
    if looks.keys {
        found.key = secrets::classify(&file.path, &mut &*content);
    }
    let mut hits = Vec::new();
    if looks.secrets {
        let scan = Scanner::shared().scan(&file.path, content);
        found.is_cut = scan.is_cut;
        hits = scan.hits;
    }
    if file.digest || found.key.is_some() {
        found.sha256 = Some(hex(&Sha256::digest(content)));
    }
    Part { hits, found, ..Part::default() }
}

fn look_at_piece(looks: &Looks<'_>, piece: &Piece) -> Part {
    let own = piece.bytes.get(..piece.own).unwrap_or_default();
    let mut found = Found { entry: piece.entry, is_unsearched: piece.is_unsearched, ..Found::default() };
    // A line that is not there whole is not searched, nor what follows it.
    if !piece.is_unsearched {
        Search::new(looks.patterns).run(own, &mut found.matches);
    }
    if looks.keys && piece.offset == 0 {
        found.key = secrets::classify(&piece.path, &mut &*own);
    }
    let mut hits = Vec::new();
    if looks.secrets {
        let scan = Scanner::shared().scan(&piece.path, piece.bytes.as_slice());
        found.is_cut = scan.is_cut;
        // What starts late in the tail may not end in it; the next piece has it whole.
        let reach = (piece.own + TAIL / 2) as u64;
        hits.extend(scan.hits.into_iter().filter(|hit| hit.bytes.start < reach));
    }
    Part {
        offset: piece.offset,
        own: own.len() as u64,
        newlines: own.iter().filter(|b| **b == b'\n').count() as u64,
        after_newline: own.iter().rposition(|b| *b == b'\n').map(|at| (own.len() - at - 1) as u64),
        is_binary: own.contains(&0),
        hits,
        found,
    }
}

/// A file put together from its pieces.
#[derive(Debug, Default)]
struct Whole {
    /// Newlines before the piece.
    newlines: u64,
    /// Bytes of the piece's first line that stand before it.
    line_before: u64,
    is_binary: bool,
    /// Where the last secrets lie in the file, to tell those a piece and the next one both saw.
    last: Vec<Range<u64>>,
}

impl Whole {
    fn add(&mut self, part: Part, found: &mut Found) {
        let of = part.found;
        found.sha256 = found.sha256.take().or(of.sha256);
        found.key = found.key.take().or(of.key);
        found.is_unsearched |= of.is_unsearched;
        found.is_cut |= of.is_cut;
        for hit in of.matches {
            if found.matches.iter().all(|known| known.pattern != hit.pattern) {
                found.matches.push(ContentMatch { line: hit.line + self.newlines, ..hit });
            }
        }
        if part.is_binary && !self.is_binary {
            self.is_binary = true;
            found.secrets.iter_mut().for_each(|secret| (secret.line, secret.column) = (0, 0));
        }
        let mut here = Vec::new();
        for hit in part.hits {
            let place = hit.bytes.start + part.offset..hit.bytes.end + part.offset;
            if self.last.iter().any(|known| known.start < place.end && place.start < known.end) {
                continue;
            }
            let before = if hit.line == 1 { usize::try_from(self.line_before).unwrap_or(0) } else { 0 };
            let has_lines = !self.is_binary && hit.line > 0;
            let (line, column) = (hit.line + self.newlines, hit.column.saturating_add(before));
            let (line, column) = if has_lines { (line, column) } else { (0, 0) };
            found.secrets.push(FileSecret { line, column, ..FileSecret::from(hit) });
            here.push(place);
        }
        found.places.extend(here.iter().cloned());
        self.last = here;
        self.newlines += part.newlines;
        self.line_before = part.after_newline.unwrap_or(self.line_before + part.own);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
