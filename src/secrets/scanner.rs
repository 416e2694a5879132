//! Searching text for secrets: one pass for the detectors' keywords, and a detector's own pattern only near one of its
//! keywords.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, Read};
use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use grep_matcher::{LineTerminator, Match, Matcher, NoCaptures, NoError};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, Sink, SinkContext, SinkFinish, SinkMatch};
use regex::bytes::{Captures, Regex, RegexBuilder};

use crate::rule::{self, Detector};
use crate::text::Masked;

use super::fingerprint::fingerprint;
use super::lines::{Cut, CutLines};
use super::placeholder::{entropy, is_placeholder};
use super::{Scan, Search, SecretHit};

/// Lines after that of a keyword which its detector sees too: a key goes on below its header.
const LINES_AFTER: usize = 3;
/// Secrets of one input that are kept.
const MAX_HITS: usize = 1000;
/// Names of files whose content is compressed or drawn, so that no text can be found in it.
const OPAQUE: [&str; 24] = [
    "7z", "avif", "br", "bz2", "gif", "gz", "ico", "jpeg", "jpg", "lz4", "mp3", "mp4", "ogg", "otf", "png", "tgz",
    "ttf", "webm", "webp", "whl", "woff", "woff2", "xz", "zst",
];

/// All detectors, each compiled when one of its keywords is first met.
#[derive(Debug)]
pub struct Scanner {
    /// `None` when there are none.
    keywords: Option<Keywords>,
    /// By keyword: the detector it belongs to.
    owners: Vec<usize>,
    detectors: Vec<Lazy>,
}

#[derive(Debug)]
struct Lazy {
    detector: &'static Detector,
    compiled: OnceLock<Option<Compiled>>,
}

#[derive(Debug)]
struct Compiled {
    detector: &'static Detector,
    regex: Regex,
    allow: Vec<Regex>,
}

/// The keywords as something a searcher can look for.
#[derive(Debug)]
struct Keywords(AhoCorasick);

impl Matcher for &Keywords {
    type Captures = NoCaptures;
    type Error = NoError;

    fn find_at(&self, haystack: &[u8], at: usize) -> Result<Option<Match>, NoError> {
        let found = haystack.get(at..).and_then(|rest| self.0.find(rest));
        Ok(found.map(|m| Match::new(at + m.start(), at + m.end())))
    }

    fn new_captures(&self) -> Result<NoCaptures, NoError> {
        Ok(NoCaptures::new())
    }

    fn line_terminator(&self) -> Option<LineTerminator> {
        Some(LineTerminator::byte(b'\n'))
    }
}

impl Scanner {
    /// The scanner over every detector of the catalogue, built on first use.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Scanner> = OnceLock::new();
        SHARED.get_or_init(|| Self::new(rule::detectors()))
    }

    fn new(detectors: &'static [Detector]) -> Self {
        let detectors: Vec<Lazy> =
            detectors.iter().map(|detector| Lazy { detector, compiled: OnceLock::new() }).collect();
        let all = detectors.iter().enumerate().flat_map(|(i, d)| d.detector.keywords.iter().map(move |k| (i, *k)));
        let (owners, keywords): (Vec<usize>, Vec<&str>) = all.unzip();
        // A run over one Dockerfile pays for the building, which a DFA makes twice as dear.
        let kind = Some(AhoCorasickKind::ContiguousNFA);
        // Only far more keywords than any catalogue has could fail to build.
        let finder = AhoCorasick::builder().ascii_case_insensitive(true).kind(kind).build(&keywords).ok();
        Self { keywords: finder.map(Keywords), owners, detectors }
    }

    /// Searches a stream, in bounded memory. `path` is only asked for its extension: images and compressed files are
    /// not searched.
    pub fn scan(&self, path: &str, reader: impl Read) -> Scan {
        let Some(keywords) = &self.keywords else { return Scan::default() };
        if Self::is_opaque(path) {
            return Scan::default();
        }
        let mut cut_lines = CutLines::new(reader);
        let mut sink =
            Collector { scanner: self, keywords, block: VecDeque::new(), found: Vec::new(), is_binary: false };
        let mut searcher = SearcherBuilder::new()
            .line_number(true)
            .after_context(LINES_AFTER)
            .binary_detection(BinaryDetection::convert(b'\0'))
            .build();
        let error = searcher.search_reader(keywords, &mut cut_lines, &mut sink).err();
        sink.drain(0);
        let is_cut = sink.found.len() > MAX_HITS;
        sink.found.truncate(MAX_HITS);
        let hits = sink.found.into_iter().map(|found| found.into_hit(&cut_lines.cuts)).collect();
        Scan { hits, error, is_cut }
    }

    /// Whether nothing can be found in a file of this name.
    pub(super) fn is_opaque(path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        OPAQUE.iter().any(|opaque| opaque.eq_ignore_ascii_case(extension))
    }

    /// A search that goes from file to file; each thread has its own.
    pub fn search(&self) -> Search<'_> {
        Search::new(self)
    }

    /// Searches a text.
    pub fn scan_text(&self, text: &str) -> Vec<SecretHit> {
        self.scan("", text.as_bytes()).hits
    }
}

impl Lazy {
    fn get(&self) -> Option<&Compiled> {
        // That every detector compiles is a test.
        self.compiled.get_or_init(|| Compiled::new(self.detector).ok()).as_ref()
    }
}

impl Compiled {
    fn new(detector: &'static Detector) -> Result<Self, regex::Error> {
        let compile =
            |pattern: &&str| RegexBuilder::new(pattern).unicode(false).multi_line(true).size_limit(16 << 20).build();
        let allow = detector.allow.iter().map(compile).collect::<Result<_, _>>()?;
        Ok(Self { detector, regex: compile(&detector.regex)?, allow })
    }

    /// Where the secrets of `window` are that start within its first `line` bytes.
    fn find(&self, window: &[u8], line: usize) -> Vec<Range<usize>> {
        let within = |captures: &Captures<'_>| captures.get(0).is_some_and(|m| m.start() < line);
        let all = self.regex.captures_iter(window).take_while(within).take(MAX_HITS);
        all.filter_map(|captures| {
            let secret = captures.name("secret").or_else(|| captures.get(1)).or_else(|| captures.get(0))?;
            self.is_real(secret.as_bytes()).then(|| secret.range())
        })
        .collect()
    }

    fn is_real(&self, secret: &[u8]) -> bool {
        !is_placeholder(&String::from_utf8_lossy(secret))
            && self.detector.entropy.is_none_or(|least| entropy(secret) >= least)
            && !self.allow.iter().any(|allow| allow.is_match(secret))
    }
}

/// A line the searcher handed over.
struct Line {
    number: u64,
    start: u64,
    bytes: Vec<u8>,
    has_keyword: bool,
}

struct Found {
    detector: &'static Detector,
    line: u64,
    line_start: u64,
    column: usize,
    bytes: Range<u64>,
    excerpt: Masked,
    fingerprint: u64,
}

/// Gathers lines until those after a keyword are known too.
struct Collector<'s> {
    scanner: &'s Scanner,
    keywords: &'s Keywords,
    block: VecDeque<Line>,
    found: Vec<Found>,
    is_binary: bool,
}

impl Collector<'_> {
    fn push(&mut self, number: Option<u64>, start: u64, bytes: &[u8], has_keyword: bool) -> bool {
        let number = number.unwrap_or_default();
        self.block.push_back(Line { number, start, bytes: bytes.to_vec(), has_keyword });
        self.drain(LINES_AFTER);
        self.found.len() <= MAX_HITS
    }

    /// Judges the oldest lines until `keep` are left.
    fn drain(&mut self, keep: usize) {
        while self.block.len() > keep {
            let Some(line) = self.block.pop_front() else { return };
            if line.has_keyword {
                self.judge(&line);
            }
        }
    }

    fn judge(&mut self, line: &Line) {
        let mut window = line.bytes.clone();
        self.block.iter().take(LINES_AFTER).for_each(|next| window.extend_from_slice(&next.bytes));
        let scanner = self.scanner;
        let mut here: Vec<(Range<usize>, &'static Detector)> = Vec::new();
        for index in self.detectors_near(&line.bytes) {
            let Some(compiled) = scanner.detectors.get(index).and_then(Lazy::get) else { continue };
            let ranges = compiled.find(&window, line.bytes.len());
            here.extend(ranges.into_iter().map(|range| (range, compiled.detector)));
        }
        // Of two that overlap, the surer stays; of two as sure, the one that stands first, then by id.
        here.sort_by(|(a, x), (b, y)| (y.confidence, a.start, b.end, x.id).cmp(&(x.confidence, b.start, a.end, y.id)));
        let mut kept: Vec<(Range<usize>, &'static Detector)> = Vec::new();
        for (range, detector) in here {
            let overlaps = |(other, _): &(Range<usize>, _)| range.start < other.end && other.start < range.end;
            if !kept.iter().any(overlaps) {
                kept.push((range, detector));
            }
        }
        kept.sort_by_key(|(range, _)| range.start);
        for (range, detector) in kept {
            self.found.extend(self.found_at(line, &window, range, detector));
        }
    }

    /// Which detectors have a keyword in `line`.
    fn detectors_near(&self, line: &[u8]) -> BTreeSet<usize> {
        let found = self.keywords.0.find_overlapping_iter(line);
        found.filter_map(|m| self.scanner.owners.get(m.pattern().as_usize()).copied()).collect()
    }

    fn found_at(&self, line: &Line, window: &[u8], range: Range<usize>, detector: &'static Detector) -> Option<Found> {
        let before = window.get(..range.start)?;
        let secret = String::from_utf8_lossy(window.get(range.clone())?);
        // The secret may stand on a line below that of the keyword.
        let lines_down = before.iter().filter(|b| **b == b'\n').count();
        let in_line = before.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
        let column = String::from_utf8_lossy(before.get(in_line..)?).chars().count() + 1;
        let (number, column) = if self.is_binary { (0, 0) } else { (line.number + lines_down as u64, column) };
        let start = line.start + range.start as u64;
        Some(Found {
            detector,
            line: number,
            line_start: line.start + in_line as u64,
            column,
            bytes: start..start + range.len() as u64,
            excerpt: Masked::new(&secret),
            fingerprint: fingerprint(detector.id, window.get(range)?),
        })
    }
}

impl Found {
    /// Takes cut lines together again.
    fn into_hit(self, cuts: &[Cut]) -> SecretHit {
        let cuts_before = cuts.partition_point(|cut| cut.at < self.bytes.start);
        let last = cuts_before.checked_sub(1).and_then(|last| cuts.get(last));
        let column = match last.filter(|cut| cut.at + 1 == self.line_start) {
            Some(cut) if self.line > 0 => usize::try_from(self.bytes.start - cut.line_start + 1).unwrap_or(usize::MAX),
            _ => self.column,
        };
        SecretHit {
            detector: self.detector,
            line: self.line.saturating_sub(cuts_before as u64),
            column,
            bytes: self.bytes,
            confidence: self.detector.confidence,
            excerpt: self.excerpt,
            fingerprint: self.fingerprint,
            is_encrypted: false,
        }
    }
}

impl Sink for Collector<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, line: &SinkMatch<'_>) -> Result<bool, io::Error> {
        Ok(self.push(line.line_number(), line.absolute_byte_offset(), line.bytes(), true))
    }

    fn context(&mut self, _: &Searcher, line: &SinkContext<'_>) -> Result<bool, io::Error> {
        Ok(self.push(line.line_number(), line.absolute_byte_offset(), line.bytes(), false))
    }

    fn context_break(&mut self, _: &Searcher) -> Result<bool, io::Error> {
        self.drain(0);
        Ok(true)
    }

    fn binary_data(&mut self, _: &Searcher, _: u64) -> Result<bool, io::Error> {
        self.is_binary = true;
        Ok(true)
    }

    fn finish(&mut self, _: &Searcher, _: &SinkFinish) -> Result<(), io::Error> {
        self.drain(0);
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&'static str, u64, usize)> {
        Scanner::shared().scan_text(text).iter().map(|hit| (hit.detector.id, hit.line, hit.column)).collect()
    }

    /// A token that exists nowhere; in pieces, so that no scanner of this repository takes it for one.
    fn token() -> String {
        ["ghp_", "q3TxWz9kLmN4bV7cX2sD", "5fG8hJ1pR6tY0uI3"].concat()
    }

    #[test]
    fn every_detector_compiles() {
        for detector in rule::detectors() {
            assert!(Compiled::new(detector).is_ok(), "{}", detector.id);
            assert!(detector.keywords.iter().all(|k| k.to_ascii_lowercase() == *k), "{}", detector.id);
        }
        assert!(rule::detectors().len() >= 40);
    }

    #[test]
    fn every_example_matches() {
        for detector in rule::detectors() {
            for text in detector.matches {
                let ids: Vec<_> = found(text).into_iter().map(|(id, _, _)| id).collect();
                assert_eq!(ids, [detector.id], "{text}");
            }
            for text in detector.no_matches {
                assert_eq!(found(text), [], "{}: {text}", detector.id);
            }
        }
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
    fn a_secret_below_its_keyword_is_placed_on_its_own_line() {
        let text = ["x\nmachine git.test\n  login deploy\n  password q3Tx", "Wz9k\n"].concat();
        assert_eq!(found(&text), [("netrc-password", 4, 12)]);
    }

    #[test]
    fn huge_lines_are_searched_in_bounded_memory() {
        let padding = "let x=1;".repeat(400_000);
        let text = format!("first\n{padding} {}\nlast {}\n", token(), token());
        let column = padding.len() + 2;
        assert_eq!(found(&text), [("github-pat", 2, column), ("github-pat", 3, 6)]);
    }

    #[test]
    fn binary_data_is_searched_without_lines_and_pictures_are_not() {
        let mut bytes = vec![0_u8; 200_000];
        bytes.extend(token().bytes());
        bytes.extend([0; 10]);
        let scan = Scanner::shared().scan("usr/bin/app", bytes.as_slice());
        assert_eq!(scan.hits.iter().map(|hit| (hit.line, hit.column)).collect::<Vec<_>>(), [(0, 0)]);
        assert!(Scanner::shared().scan("logo.PNG", bytes.as_slice()).hits.is_empty());
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
    fn hits_are_bounded() {
        let text = format!("{}\n", token()).repeat(MAX_HITS + 50);
        let scan = Scanner::shared().scan("f", text.as_bytes());
        assert_eq!((scan.hits.len(), scan.is_cut), (MAX_HITS, true));
    }
}
