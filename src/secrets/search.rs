//! Searching one file after the other while their bytes go by.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::Range;

use crate::rule::Confidence;
use crate::text::Masked;

use super::check::{self, Candidate};
use super::file_kind::{self, FileKind};
use super::fingerprint::fingerprint;
use super::pattern::{Matched, Pattern};
use super::place::Places;
use super::prefilter::KeywordAt;
use super::scanner::Meaning;
use super::wide::{self, Encoding};
use super::{Scan, Scanner, SecretHit, encoded};

/// Bytes that are searched at a time.
const BLOCK: usize = 512 << 10;
/// Bytes before a keyword that are still there when it is looked at.
const BEHIND: usize = 8 << 10;
/// Bytes after a keyword that have to be there when it is looked at, unless the file ends: as much as a private key has.
const AHEAD: usize = 32 << 10;
/// Bytes that are kept.
const MEMORY: usize = BEHIND + BLOCK + AHEAD;
/// Bytes by which a file is told to be binary or UTF-16.
const HEAD: usize = 4 << 10;
/// Bytes of UTF-16 that are decoded at a time.
const WIDE_BLOCK: usize = 64 << 10;
/// Secrets of one file that are kept.
const MAX_HITS: usize = 1000;
/// So many secrets of one kind are a crowd.
const CROWD: usize = 5;
/// Longer than any keyword.
const KEYWORD: usize = 256;

/// A search that goes from file to file and keeps its buffers: make one a thread. Bytes come by [`Search::push`] between
/// [`Search::start`] and [`Search::finish`], in pieces of any size; memory is bounded whatever a file's size.
#[derive(Debug)]
pub struct Search<'s> {
    scanner: &'s Scanner,
    /// Memory for text, [`MEMORY`] bytes once there is some; the first `length` bytes are of the file.
    buffer: Vec<u8>,
    length: usize,
    /// Memory for UTF-16 that is to be decoded into `buffer`.
    raw: Vec<u8>,
    state: State,
    /// By detector: up to where in the buffer its keywords need not be looked at.
    done: Vec<usize>,
    keywords: Vec<KeywordAt>,
    /// Base64 is looked into; not in what came out of base64.
    looks_inside: bool,
}

/// Where the search of a file stands.
#[derive(Debug, Default)]
struct State {
    kind: FileKind,
    /// Detectors that look at all of this file, and those that do not look at it.
    bound: Vec<usize>,
    barred: Vec<usize>,
    /// Set with the first bytes.
    encoding: Option<Encoding>,
    /// Bytes of an unfinished UTF-16 character.
    rest: Vec<u8>,
    is_binary: bool,
    is_opaque: bool,
    /// Bytes of the file that have left the buffer.
    gone: u64,
    /// Up to where the buffer has been searched, and up to where base64 in it has been looked into.
    searched: usize,
    unwrapped: usize,
    places: Places,
    found: Vec<SecretHit>,
    is_cut: bool,
}

impl<'s> Search<'s> {
    pub(super) fn new(scanner: &'s Scanner) -> Self {
        Self {
            scanner,
            buffer: Vec::new(),
            length: 0,
            raw: Vec::new(),
            state: State::default(),
            done: vec![0; scanner.detectors()],
            keywords: Vec::new(),
            looks_inside: true,
        }
    }

    /// Begins a file, forgetting one that was not finished. `path` is `/`-separated; some detectors and kinds of files are told
    /// by it. `false` when nothing can be found in such a file, and nothing need be pushed.
    pub fn start(&mut self, path: &str) -> bool {
        self.length = 0;
        self.done.fill(0);
        self.state = State {
            kind: FileKind::of(path),
            bound: self.scanner.bound_to(path),
            barred: self.scanner.barred_from(path),
            is_opaque: Scanner::is_opaque(path),
            ..State::default()
        };
        !self.state.is_opaque
    }

    /// The next bytes of the file. `false` when nothing can be found in what is still to come, and nothing more need be
    /// pushed.
    pub fn push(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() && !self.state.is_opaque {
            let room = self.room();
            let length = room.len().min(bytes.len());
            let (now, later) = bytes.split_at(length);
            room.iter_mut().zip(now).for_each(|(room, byte)| *room = *byte);
            self.take(length);
            bytes = later;
        }
        !self.state.is_opaque
    }

    /// Ends the file: what was found in it.
    pub fn finish(&mut self) -> Scan {
        if !self.state.is_opaque {
            self.judge_head();
        }
        if !self.state.is_opaque {
            self.search_block(true);
        }
        self.length = 0;
        std::mem::take(&mut self.state).result()
    }

    /// Searches a file that is at hand whole; a small one is searched where it is.
    pub fn scan_whole(&mut self, path: &str, bytes: &[u8]) -> Scan {
        self.start(path);
        if !self.state.is_opaque && bytes.len() < MEMORY {
            let encoding = self.state.judge_head(bytes.get(..HEAD).unwrap_or(bytes));
            if encoding == Encoding::Bytes {
                if !self.state.is_opaque {
                    self.look(bytes, 0..bytes.len());
                }
                return std::mem::take(&mut self.state).result();
            }
            self.state.encoding = None;
        }
        self.push(bytes);
        self.finish()
    }

    /// Searches a file that is read from here.
    pub fn scan(&mut self, path: &str, mut reader: impl Read) -> Scan {
        let mut error = None;
        self.start(path);
        while !self.state.is_opaque {
            match reader.read(self.room()) {
                Ok(0) => break,
                Ok(length) => self.take(length),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    error = Some(e);
                    break;
                }
            }
        }
        Scan { error, ..self.finish() }
    }

    /// Searches a text in which assignments are judged by their names elsewhere.
    pub(super) fn scan_text(&mut self, text: &str) -> Vec<SecretHit> {
        self.start("");
        self.state.kind = FileKind::judged_elsewhere();
        self.state.encoding = Some(Encoding::Bytes);
        let bytes = text.as_bytes();
        if bytes.len() < MEMORY {
            self.look(bytes, 0..bytes.len());
            return std::mem::take(&mut self.state).result().hits;
        }
        self.push(bytes);
        self.finish().hits
    }

    /// Memory for the next bytes; never none.
    fn room(&mut self) -> &mut [u8] {
        if self.is_wide() {
            self.raw.resize(WIDE_BLOCK, 0);
            &mut self.raw
        } else {
            let at = self.length;
            self.memory().get_mut(at..).unwrap_or_default()
        }
    }

    /// Most texts are searched where they are, and need none.
    fn memory(&mut self) -> &mut Vec<u8> {
        if self.buffer.is_empty() {
            self.buffer = vec![0; MEMORY];
        }
        &mut self.buffer
    }

    fn is_wide(&self) -> bool {
        matches!(self.state.encoding, Some(Encoding::Utf16 { .. }))
    }

    /// So many bytes have been put into the memory for them.
    fn take(&mut self, length: usize) {
        if self.is_wide() {
            let raw = std::mem::take(&mut self.raw);
            self.decode(raw.get(..length).unwrap_or(&raw));
            self.raw = raw;
            return;
        }
        self.length = (self.length + length).min(MEMORY);
        if self.length >= HEAD {
            self.judge_head();
        }
        if self.length == MEMORY && !self.state.is_opaque {
            self.search_block(false);
        }
    }

    /// By the first bytes: what kind of file is it?
    fn judge_head(&mut self) {
        if self.state.encoding.is_some() {
            return;
        }
        let head = self.buffer.get(..self.length.min(HEAD)).unwrap_or_default();
        if let Encoding::Utf16 { mark, .. } = self.state.judge_head(head) {
            let raw = self.buffer.get(mark..self.length).unwrap_or_default().to_vec();
            self.state.gone = mark as u64;
            self.length = 0;
            for piece in raw.chunks(WIDE_BLOCK) {
                self.decode(piece);
            }
        }
    }

    /// Puts UTF-16 into the buffer as UTF-8.
    fn decode(&mut self, bytes: &[u8]) {
        let Some(Encoding::Utf16 { is_big, .. }) = self.state.encoding else { return };
        let mut text = Vec::with_capacity(bytes.len());
        wide::decode(&mut self.state.rest, bytes, is_big, &mut text);
        let mut text = text.as_slice();
        while !text.is_empty() {
            let at = self.length;
            let room = self.memory().get_mut(at..).unwrap_or_default();
            let length = room.len().min(text.len());
            let (now, later) = text.split_at(length);
            room.iter_mut().zip(now).for_each(|(room, byte)| *room = *byte);
            self.length += length;
            text = later;
            if self.length == MEMORY {
                self.search_block(false);
            }
        }
    }

    /// Searches what is in the buffer, all but its end unless that is the file's, and makes room.
    fn search_block(&mut self, is_end: bool) {
        let to = if is_end { self.length } else { self.length.saturating_sub(AHEAD) };
        let buffer = std::mem::take(&mut self.buffer);
        self.look(buffer.get(..self.length).unwrap_or_default(), self.state.searched..to);
        self.buffer = buffer;
        if is_end {
            return;
        }
        let drop = to.saturating_sub(BEHIND);
        let text = self.buffer.get(..drop).unwrap_or_default();
        self.state.places.leave(text, drop);
        self.state.gone += if self.is_wide() { wide::length(text) } else { drop as u64 };
        self.buffer.copy_within(drop..self.length, 0);
        self.length -= drop;
        self.state.searched = to - drop;
        self.state.unwrapped = self.state.unwrapped.saturating_sub(drop);
        self.done.iter_mut().for_each(|done| *done = done.saturating_sub(drop));
    }

    /// Searches a part of a text.
    fn look(&mut self, text: &[u8], part: Range<usize>) {
        let Self { scanner, keywords, .. } = self;
        let Range { start: from, end: to } = part;
        keywords.clear();
        scanner.prefilter.find(text.get(from..text.len().min(to + KEYWORD)).unwrap_or_default(), |k| {
            if from + k.start < to {
                keywords.push(KeywordAt { keyword: k.keyword, start: from + k.start, end: from + k.end });
            }
        });
        // Those that overlap come by the bytes they were found by.
        keywords.sort_unstable_by_key(|k| (k.start, k.keyword));
        if !self.keywords.is_empty() || !self.state.bound.is_empty() {
            self.judge(text, part);
        }
    }

    /// Looks at the keywords of a part of a text, and at all of it for detectors bound to such files.
    fn judge(&mut self, text: &[u8], part: Range<usize>) {
        let Self { scanner, state, done, keywords, looks_inside, .. } = self;
        for at in keywords.iter() {
            match scanner.meanings.get(at.keyword) {
                Some(Meaning::Detector(detector)) if !state.barred.contains(detector) => {
                    let (Some(pattern), Some(done)) = (scanner.pattern(*detector), done.get_mut(*detector)) else {
                        continue;
                    };
                    pattern.around(text, at.start..at.end, done, |matched| state.judge(pattern, text, matched));
                }
                Some(Meaning::WrappedKey | Meaning::WrappedToken) if *looks_inside && at.start >= state.unwrapped => {
                    let is_key = scanner.meanings.get(at.keyword) == Some(&Meaning::WrappedKey);
                    if let Some((run, decoded)) = encoded::around(text, at.start..at.end, is_key) {
                        state.unwrapped = run.end;
                        state.judge_wrapped(scanner, text, run, &decoded);
                    }
                }
                _ => {}
            }
        }
        for detector in std::mem::take(&mut state.bound) {
            if let Some(pattern) = scanner.pattern(detector) {
                let range = part.start..text.len().min(part.end + KEYWORD);
                pattern.within(text, range, |matched| {
                    if matched.whole.start < part.end {
                        state.judge(pattern, text, matched);
                    }
                });
            }
            state.bound.push(detector);
        }
    }
}

impl State {
    /// By the first bytes: how is the file encoded, and what is it?
    fn judge_head(&mut self, head: &[u8]) -> Encoding {
        let encoding = Encoding::of(head);
        self.encoding = Some(encoding);
        self.is_binary = encoding == Encoding::Bytes && memchr::memchr(0, head).is_some();
        self.is_opaque = file_kind::is_opaque(head);
        encoding
    }

    /// What was found in the file.
    fn result(self) -> Scan {
        let Self { found, mut is_cut, kind, .. } = self;
        let mut hits = surest(found);
        if kind.is_package {
            doubt_crowds(&mut hits);
        }
        is_cut |= hits.len() > MAX_HITS;
        hits.truncate(MAX_HITS);
        Scan { hits, error: None, is_cut }
    }

    /// Keeps a match that is a secret.
    fn judge(&mut self, pattern: &Pattern, text: &[u8], matched: Matched) {
        let candidate = Candidate { text, matched, kind: &self.kind, is_binary: self.is_binary };
        let Some(verdict) = check::judge(pattern, &candidate) else { return };
        let Some(secret) = text.get(verdict.secret.clone()) else { return };
        let identity = verdict.identity.as_deref().unwrap_or(secret);
        let hit = SecretHit {
            detector: pattern.detector,
            line: 0,
            column: 0,
            bytes: 0..0,
            confidence: verdict.confidence,
            excerpt: Masked::new(&String::from_utf8_lossy(secret)),
            fingerprint: fingerprint(pattern.detector.id, identity),
            is_encrypted: verdict.is_encrypted,
        };
        self.keep(text, verdict.secret, hit);
    }

    /// Keeps the secrets of a run of base64; they stand where the run stands.
    fn judge_wrapped(&mut self, scanner: &Scanner, text: &[u8], run: Range<usize>, decoded: &[u8]) {
        let mut inner = Search { looks_inside: false, ..Search::new(scanner) };
        inner.start("");
        inner.state.kind = FileKind::judged_elsewhere();
        inner.push(decoded);
        for hit in inner.finish().hits {
            self.keep(text, run.clone(), hit);
        }
    }

    /// Keeps a hit at its place.
    fn keep(&mut self, text: &[u8], place: Range<usize>, hit: SecretHit) {
        if self.found.len() > 2 * MAX_HITS {
            self.is_cut = true;
            return;
        }
        let is_wide = matches!(self.encoding, Some(Encoding::Utf16 { .. }));
        let offset = |at: usize| {
            let before = text.get(..at).unwrap_or(text);
            self.gone + if is_wide { wide::length(before) } else { before.len() as u64 }
        };
        let bytes = offset(place.start)..offset(place.end);
        let (line, column) = if self.is_binary { (0, 0) } else { self.places.of(text, place.start) };
        self.found.push(SecretHit { line, column, bytes, ..hit });
    }
}

/// Many secrets of one kind in a file that was published are a list of examples, as scanners of secrets carry them.
fn doubt_crowds(hits: &mut [SecretHit]) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    hits.iter().for_each(|hit| *counts.entry(hit.detector.id).or_default() += 1);
    let is_crowd = |hit: &SecretHit| counts.get(hit.detector.id).is_some_and(|count| *count >= CROWD);
    hits.iter_mut().filter(|hit| is_crowd(hit)).for_each(|hit| hit.confidence = Confidence::Low);
}

/// Of secrets that overlap the surest stays, though what only a name tells gives way to what is known by its form; of two as
/// sure the one that stands first, then the longer, then by id. In order of their place.
fn surest(mut found: Vec<SecretHit>) -> Vec<SecretHit> {
    let is_named = |hit: &SecretHit| hit.detector.check == Some("assigned");
    let key = |hit: &SecretHit| {
        (is_named(hit), Reverse(hit.confidence), hit.bytes.start, Reverse(hit.bytes.end), hit.detector.id)
    };
    found.sort_by(|a, b| key(a).cmp(&key(b)));
    let mut kept: BTreeMap<u64, SecretHit> = BTreeMap::new();
    for hit in found {
        // What is kept does not overlap, so the last that starts before this one's end decides.
        let last = kept.range(..hit.bytes.end).next_back();
        if last.is_none_or(|(_, other)| other.bytes.end <= hit.bytes.start) {
            kept.insert(hit.bytes.start, hit);
        }
    }
    kept.into_values().collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::rule;

    fn found_in(path: &str, text: &[u8]) -> Vec<(&'static str, u64, usize)> {
        let hits = Scanner::shared().search().scan(path, text).hits;
        hits.iter().map(|hit| (hit.detector.id, hit.line, hit.column)).collect()
    }

    fn found(text: &str) -> Vec<(&'static str, u64, usize)> {
        found_in("file", text.as_bytes())
    }

    /// A token that exists nowhere; in pieces, so that no scanner of this repository takes it for one.
    fn token() -> String {
        ["ghp_", "q3TxWz9kLmN4bV7cX2sD", "5fG8hJ1pR64fDpPu"].concat()
    }

    #[test]
    fn every_example_matches() {
        let mut wrong = Vec::new();
        for detector in rule::detectors() {
            let path = detector.paths.first().map_or(String::from("file"), |glob| glob.replace('*', ""));
            let ids =
                |text: &str| found_in(&path, text.as_bytes()).into_iter().map(|(id, _, _)| id).collect::<Vec<_>>();
            let told = |text: String| (detector.id, ids(&text), text);
            wrong.extend(detector.matches.iter().map(|s| told(s.text())).filter(|(id, ids, _)| ids != &[*id]));
            wrong.extend(detector.no_matches.iter().map(|s| told(s.text())).filter(|(_, ids, _)| !ids.is_empty()));
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn the_catalogue_looks_like_no_secret_itself() {
        let source = include_str!(concat!(env!("OUT_DIR"), "/catalogue.rs"));
        assert!(source.len() > 100_000, "{}", source.len());
        assert_eq!(found_in("dockgate", source.as_bytes()), []);
        assert!(rule::all().iter().any(|rule| !found(&rule.page.text()).is_empty()), "there is nothing to hide");
    }

    #[test]
    fn places_are_lines_columns_and_bytes() {
        let text = format!("a\nß {} b {}\n", token(), token());
        assert_eq!(found(&text), [("github-pat", 2, 3), ("github-pat", 2, 46)]);
        let hit = &Scanner::shared().scan_text(&text)[0];
        assert_eq!(&text.as_bytes()[hit.bytes.start as usize..hit.bytes.end as usize], token().as_bytes());
        assert!(!format!("{hit:?}").contains(&token()[4..]));
    }

    #[test]
    fn fingerprints_stay_when_lines_move() {
        let print = |text: &str| Scanner::shared().scan_text(text)[0].fingerprint;
        assert_eq!(print(&token()), print(&format!("\n\n  x = {}", token())));
        assert_ne!(print(&token()), print(&token().replace("q3", "q4")));
    }

    #[test]
    fn a_secret_below_its_keyword_is_placed_on_its_own_line() {
        let text = ["x\nmachine git.test\n  login deploy\n  password q3Tx", "Wz9k\n"].concat();
        assert_eq!(found(&text), [("netrc-password", 4, 12)]);
    }

    #[test]
    fn pieces_are_searched_as_one() {
        let text = format!("a\nb {}\n", token());
        let mut search = Scanner::shared().search();
        for size in [1, 7, 100] {
            assert!(search.start("app/config"));
            text.as_bytes().chunks(size).for_each(|piece| assert!(search.push(piece)));
            let hits: Vec<_> = search.finish().hits.iter().map(|h| (h.detector.id, h.line, h.column)).collect();
            assert_eq!(hits, [("github-pat", 2, 3)]);
        }
        assert!(!search.start("logo.png"));
    }

    #[test]
    fn secrets_across_blocks_are_found_once_at_their_place() {
        // So that the borders of blocks fall on every part of a token.
        let line = "let x = 1; // ßß\n";
        for shift in (0..120).step_by(7) {
            let padding = format!("{}{}", " ".repeat(shift), line.repeat(BLOCK / line.len()));
            let text = format!("{padding}{padding}{} {padding}\n{}", token(), token());
            let lines = text.lines().enumerate().filter(|(_, line)| line.contains(&token()));
            let expected: Vec<_> = lines
                .map(|(n, line)| ("github-pat", n as u64 + 1, line[..line.find(&token()).unwrap()].chars().count() + 1))
                .collect();
            assert_eq!(found(&text), expected, "{shift}");
        }
    }

    #[test]
    fn huge_lines_are_searched_in_bounded_memory() {
        let padding = "let x=1;".repeat(400_000);
        let text = format!("first\n{padding} {}\nlast {}\n", token(), token());
        let column = padding.len() + 2;
        assert_eq!(found(&text), [("github-pat", 2, column), ("github-pat", 3, 6)]);
        let mut search = Scanner::shared().search();
        search.scan("file", text.as_bytes());
        assert!(search.buffer.capacity() <= BEHIND + BLOCK + AHEAD);
    }

    #[test]
    fn utf16_is_searched_as_text() {
        let text = format!("eins\r\nzwei ß\r\nauth = {}\r\n", token());
        for (is_big, mark) in [(false, true), (true, true), (false, false), (true, false)] {
            let encode = |unit: u16| if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() };
            let mark = mark.then_some(0xFEFF);
            let bytes: Vec<u8> = mark.into_iter().chain(text.encode_utf16()).flat_map(encode).collect();
            assert_eq!(found_in("a.ini", &bytes), [("github-pat", 3, 8)]);
            let hit = &Scanner::shared().search().scan("a.ini", bytes.as_slice()).hits[0];
            let place: Vec<u8> = token().encode_utf16().flat_map(encode).collect();
            assert_eq!(&bytes[hit.bytes.start as usize..hit.bytes.end as usize], place);
        }
    }

    #[test]
    fn base64_is_looked_into() {
        let wrapped = crate::secrets::encoded::encode(&token());
        assert_eq!(found(&format!("data:\n  auth: {wrapped}\n")), [("github-pat", 2, 9)]);
        assert_eq!(found(&format!("data:\n  auth: x{wrapped}\n")), []);
    }

    #[test]
    fn binary_data_is_searched_without_lines_and_pictures_are_not() {
        let mut bytes = vec![0_u8; 200_000];
        bytes.extend(token().bytes());
        bytes.extend([0; 10]);
        assert_eq!(found_in("usr/bin/app", &bytes), [("github-pat", 0, 0)]);
        assert_eq!(found_in("logo.PNG", &bytes), []);
        assert_eq!(found_in("logo", &[b"\x89PNG\r\n\x1a\n", bytes.as_slice()].concat()), []);
    }

    #[test]
    fn a_failing_reader_keeps_what_was_found() {
        struct Failing(Vec<u8>);
        impl Read for Failing {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                if self.0.is_empty() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                let length = buffer.len().min(self.0.len());
                buffer[..length].copy_from_slice(&self.0[..length]);
                self.0.drain(..length);
                Ok(length)
            }
        }
        let mut text = format!("{}\n", token()).into_bytes();
        text.extend(vec![b'\n'; 1 << 20]);
        let scan = Scanner::shared().scan("f", Failing(text));
        assert_eq!((scan.hits.len(), scan.error.is_some()), (1, true));
    }

    #[test]
    fn a_crowd_in_a_published_package_is_doubted() {
        let confidences = |path: &str, count: usize| {
            let tokens: Vec<String> = (0..count).map(|n| token().replace("q3T", &format!("q{n}T"))).collect();
            let hits = Scanner::shared().search().scan(path, tokens.join("\n").as_bytes()).hits;
            hits.iter().map(|hit| hit.confidence).collect::<Vec<_>>()
        };
        assert_eq!(confidences("node_modules/a/list", CROWD), [Confidence::Low; CROWD]);
        assert_eq!(confidences("node_modules/a/list", 1), confidences("dump", 1));
        assert!(confidences("dump", CROWD).iter().all(|confidence| *confidence > Confidence::Low));
    }

    #[test]
    fn hits_are_bounded() {
        let text = format!("{}\n", token()).repeat(3 * MAX_HITS);
        let scan = Scanner::shared().scan("f", text.as_bytes());
        assert_eq!((scan.hits.len(), scan.is_cut), (MAX_HITS, true));
    }

    #[test]
    fn a_file_at_hand_is_searched_as_one_that_is_read() {
        let long = format!("{} {}\n", "y ".repeat(BLOCK), token());
        let wide: Vec<u8> = format!("auth = {}\r\n", token()).encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked = [b"\xff\xfe", wide.as_slice()].concat();
        let samples: Vec<String> = rule::detectors().iter().flat_map(|d| d.matches).map(rule::Veiled::text).collect();
        for text in samples.iter().map(String::as_bytes).chain([
            long.as_bytes(),
            &wide,
            &marked,
            b"\x89PNG\r\n\x1a\nx",
            b"",
            b"\0",
        ]) {
            for path in ["a.yaml", "node_modules/a/b.js", "x.png"] {
                let mut search = Scanner::shared().search();
                let whole = format!("{:?}", search.scan_whole(path, text));
                assert_eq!(whole, format!("{:?}", search.scan(path, text)));
            }
        }
    }

    #[test]
    fn any_bytes_in_any_pieces_give_the_same() {
        let mut seed = 1_u64;
        let mut next = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize
        };
        let samples =
            rule::detectors().iter().flat_map(|d| d.matches.iter().chain(d.no_matches)).map(rule::Veiled::text);
        let keywords = rule::detectors().iter().flat_map(|d| d.keywords).map(|keyword| (*keyword).to_owned());
        let parts: Vec<String> = samples.chain(keywords).collect();
        for _ in 0..50 {
            let mut text = Vec::new();
            for _ in 0..40 {
                text.extend_from_slice(parts[next() % parts.len()].as_bytes());
                text.extend([b"\n", b" ", b"\0", b"\xff", b"\""][next() % 5]);
            }
            let whole = format!("{:?}", Scanner::shared().search().scan("a.yaml", text.as_slice()).hits);
            let mut search = Scanner::shared().search();
            search.start("a.yaml");
            let mut rest = text.as_slice();
            while !rest.is_empty() {
                let (now, later) = rest.split_at((next() % 900).min(rest.len()));
                search.push(now);
                rest = later;
            }
            assert_eq!(format!("{:?}", search.finish().hits), whole);
        }
    }
}
