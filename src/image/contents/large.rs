//! Files that are looked at piece by piece.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::super::crew::Crew;
use super::super::limits::MAX_LINE;
use super::super::search::Search;
use super::super::stream::hex;
use super::{Found, Looks, Reading, Summing};
use crate::secrets;

/// Bytes of a piece, about.
pub(super) const PIECE: usize = 1 << 20;
/// Pieces of a file that wait.
const MAX_WAITING: usize = 4;

/// Where a piece ends in what has been read; `None` when more has to be read. With `by_lines`, after a newline, unless a line is
/// longer than [`MAX_LINE`].
pub(super) fn end_of_piece(bytes: &[u8], by_lines: bool) -> Option<usize> {
    if !by_lines || bytes.len() > MAX_LINE {
        return Some(bytes.len());
    }
    bytes.iter().rposition(|b| *b == b'\n').map(|newline| newline + 1)
}

/// A large file being looked at.
#[derive(Debug)]
pub(super) struct Large<'env> {
    looks: &'env Looks<'env>,
    path: String,
    found: Found,
    hash: Option<Sha256>,
    summing: Option<Summing>,
    search: Option<secrets::Search<'static>>,
    /// The start of the file, until it is told whether it is a key.
    head: Option<Vec<u8>>,
    /// A piece was looked at.
    is_begun: bool,
    /// Newlines of the pieces before.
    newlines: u64,
    /// The last piece ended in the middle of a line.
    is_in_line: bool,
}

impl<'env> Large<'env> {
    pub(super) fn new(looks: &'env Looks<'env>, file: Reading<'_>) -> Self {
        let is_key = looks.keys && secrets::key_file(file.path).is_some();
        let mut search = looks.search();
        if let Some(search) = &mut search {
            search.start(file.path);
        }
        Self {
            looks,
            path: file.path.to_owned(),
            found: Found { entry: file.entry, ..Found::default() },
            hash: (file.digest || looks.digests || is_key).then(Sha256::new),
            summing: looks.checksums.then(Summing::default),
            search,
            head: is_key.then(Vec::new),
            is_begun: false,
            newlines: 0,
            is_in_line: false,
        }
    }

    fn look(&mut self, piece: &[u8]) {
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        if is_first && self.looks.keys && self.head.is_none() && secrets::may_be_key_file(&self.path, piece) {
            self.head = Some(Vec::new());
            self.hash.get_or_insert_with(Sha256::new);
        }
        if let Some(hash) = &mut self.hash {
            hash.update(piece);
        }
        if let Some(summing) = &mut self.summing {
            summing.update(piece);
        }
        if let Some(search) = &mut self.search {
            search.push(piece);
        }
        if let Some(head) = &mut self.head {
            let most = usize::try_from(secrets::HEAD).unwrap_or(usize::MAX).saturating_sub(head.len());
            head.extend_from_slice(piece.get(..most).unwrap_or(piece));
        }
        if !self.looks.patterns.is_empty() {
            self.look_for_patterns(piece);
        }
    }

    /// Once a line was not there whole, what follows is not searched.
    fn look_for_patterns(&mut self, piece: &[u8]) {
        self.found.is_unsearched |= self.is_in_line || piece.len() > MAX_LINE;
        if !self.found.is_unsearched {
            Search::new(self.looks.patterns).run(piece, self.newlines, &mut self.found.matches);
        }
        self.newlines += piece.iter().filter(|b| **b == b'\n').count() as u64;
        self.is_in_line = piece.last().is_some_and(|b| *b != b'\n');
    }

    /// What was found; a file that was not read whole has no digest.
    pub(super) fn finish(mut self, is_whole: bool) -> Found {
        if let Some(head) = self.head {
            self.found.key = secrets::classify(&self.path, &mut head.as_slice());
        }
        if let Some(search) = &mut self.search {
            self.found.take_secrets(search.finish());
        }
        self.looks.give_back_search(self.search);
        self.found.sha256 = self.hash.filter(|_| is_whole).map(|hash| hex(&hash.finalize()));
        self.found.checksums = self.summing.filter(|_| is_whole).map(Summing::finish);
        // Where every pattern has matched before it, a long line hides nothing.
        self.found.is_unsearched &= self.found.matches.len() < self.looks.patterns.len();
        self.found
    }
}

/// The pieces of a large file, looked at in their order by one core at a time.
#[derive(Clone, Debug)]
pub(super) struct Lane<'env>(Arc<Mutex<Waiting<'env>>>);

#[derive(Debug)]
struct Waiting<'env> {
    pieces: VecDeque<Vec<u8>>,
    /// The file, while nobody looks at it.
    large: Option<Large<'env>>,
    /// A task will look at what waits.
    is_handed_out: bool,
}

impl<'env> Lane<'env> {
    pub(super) fn new(large: Large<'env>) -> Self {
        let waiting = Waiting { pieces: VecDeque::new(), large: Some(large), is_handed_out: false };
        Self(Arc::new(Mutex::new(waiting)))
    }

    /// Hands out a piece. While too many wait, the caller works off something.
    pub(super) fn push(&self, crew: &Crew<'env>, piece: Vec<u8>) {
        crew.help_until(|| self.lock().pieces.len() < MAX_WAITING);
        let mut waiting = self.lock();
        waiting.pieces.push_back(piece);
        let is_handed_out = std::mem::replace(&mut waiting.is_handed_out, true);
        drop(waiting);
        if !is_handed_out {
            let lane = self.clone();
            crew.submit(0, Box::new(move |crew| lane.work(crew)));
        }
    }

    /// Waits until all pieces were looked at; gives the file back. `None` when looking at it has panicked.
    pub(super) fn finish(&self, crew: &Crew<'env>) -> Option<Large<'env>> {
        crew.help_until(|| !self.lock().is_handed_out);
        self.lock().large.take()
    }

    fn work(&self, crew: &Crew<'env>) {
        let _lost = Lost { lane: self, crew };
        loop {
            let mut waiting = self.lock();
            let Some(piece) = waiting.pieces.pop_front() else {
                waiting.is_handed_out = false;
                break;
            };
            let Some(mut large) = waiting.large.take() else { break };
            drop(waiting);
            crew.notify();
            large.look(&piece);
            large.looks.give_back(piece);
            self.lock().large = Some(large);
        }
        crew.notify();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<'env>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// After a panic, what waits in a lane is lost, and nobody may wait for it.
struct Lost<'l, 'env> {
    lane: &'l Lane<'env>,
    crew: &'l Crew<'env>,
}

impl Drop for Lost<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut waiting = self.lane.lock();
            waiting.pieces.clear();
            waiting.is_handed_out = false;
            drop(waiting);
            self.crew.notify();
        }
    }
}
