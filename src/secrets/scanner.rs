//! All detectors, ready to search: the keywords of all of them in one prefilter, and each pattern compiled when one of its
//! keywords is first met.

use std::io::Read;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::rule::{self, Detector};

use super::names::Names;
use super::pattern::Pattern;
use super::prefilter::{Compared, Prefilter};
use super::{Scan, Search, SecretHit};

/// Names of files whose content is compressed or drawn, so that no text can be found in it.
const OPAQUE: [&str; 24] = [
    "7z", "avif", "br", "bz2", "gif", "gz", "ico", "jpeg", "jpg", "lz4", "mp3", "mp4", "ogg", "otf", "png", "tgz",
    "ttf", "webm", "webp", "whl", "woff", "woff2", "xz", "zst",
];
/// How a private key's armour begins.
const ARMOUR: &str = "-----BEGIN ";
/// A beginning shorter than this, in base64, would be met by chance too often.
const MIN_BEGINNING: usize = 4;

/// All detectors. Patterns are compiled when they are first needed; threads share them.
#[derive(Debug)]
pub struct Scanner {
    pub(super) prefilter: Prefilter,
    /// By keyword of the prefilter.
    pub(super) meanings: Vec<Meaning>,
    patterns: Vec<Lazy>,
    /// Globs of detectors that look at some files only, and at all of those.
    paths: Names,
    /// Globs of files that detectors do not look at.
    exceptions: Names,
}

/// What a keyword tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A secret of this detector may be around.
    Detector(usize),
    /// The base64 text around may hold a private key.
    WrappedKey,
    /// The base64 text that starts here may hold a token.
    WrappedToken,
}

#[derive(Debug)]
struct Lazy {
    detector: &'static Detector,
    pattern: OnceLock<Option<Pattern>>,
}

impl Scanner {
    /// The scanner over every detector of the catalogue, built on first use.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Scanner> = OnceLock::new();
        SHARED.get_or_init(|| Self::new(rule::detectors()))
    }

    /// A scanner over some detectors.
    pub fn new(detectors: &'static [Detector]) -> Self {
        let mut keywords: Vec<(Vec<u8>, Compared)> = Vec::new();
        let mut meanings = Vec::new();
        for (index, detector) in detectors.iter().enumerate() {
            for keyword in detector.keywords {
                keywords.push((keyword.as_bytes().to_vec(), Compared::Folded));
                meanings.push(Meaning::Detector(index));
            }
        }
        for shift in 0..3 {
            keywords.push((wrapped(ARMOUR.as_bytes(), shift), Compared::Exact));
            meanings.push(Meaning::WrappedKey);
        }
        let surest = detectors.iter().filter(|detector| detector.confidence == rule::Confidence::High);
        let mut beginnings: Vec<Vec<u8>> = surest
            .flat_map(Pattern::beginnings)
            .filter(|beginning| beginning.len() >= MIN_BEGINNING)
            .map(|beginning| wrapped(&beginning, 0))
            .collect();
        beginnings.sort_unstable();
        // What starts with another starts where that does.
        beginnings.dedup_by(|later, earlier| later.starts_with(earlier));
        meanings.extend(beginnings.iter().map(|_| Meaning::WrappedToken));
        keywords.extend(beginnings.into_iter().map(|beginning| (beginning, Compared::AtRun)));
        let prefilter = Prefilter::new(keywords.iter().map(|(text, compared)| (text.as_slice(), *compared)));
        let patterns = detectors.iter().map(|detector| Lazy { detector, pattern: OnceLock::new() }).collect();
        let paths = Names::new(detectors.iter().map(|detector| detector.paths));
        let exceptions = Names::new(detectors.iter().map(|detector| detector.except));
        Self { prefilter, meanings, patterns, paths, exceptions }
    }

    /// A search that goes from file to file; each thread has its own.
    pub fn search(&self) -> Search<'_> {
        Search::new(self)
    }

    /// Searches one stream, in bounded memory. Where there are many, a [`Search`] keeps its buffers.
    pub fn scan(&self, path: &str, reader: impl Read) -> Scan {
        self.search().scan(path, reader)
    }

    /// Searches a text in which assignments are judged by their names elsewhere: a Dockerfile, a history.
    pub fn scan_text(&self, text: &str) -> Vec<SecretHit> {
        self.search().scan_text(text)
    }

    /// The compiled pattern of a detector.
    pub(super) fn pattern(&self, detector: usize) -> Option<&Pattern> {
        let lazy = self.patterns.get(detector)?;
        // That every detector compiles is a test.
        lazy.pattern.get_or_init(|| Pattern::new(lazy.detector).ok()).as_ref()
    }

    /// How many detectors there are.
    pub(super) fn detectors(&self) -> usize {
        self.patterns.len()
    }

    /// Detectors that look at all of a file of this name.
    pub(super) fn bound_to(&self, path: &str) -> Vec<usize> {
        self.paths.matching(path)
    }

    /// Detectors that do not look at a file of this name.
    pub(super) fn barred_from(&self, path: &str) -> Vec<usize> {
        self.exceptions.matching(path)
    }

    /// Whether nothing can be found in a file of this name.
    pub(super) fn is_opaque(path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        OPAQUE.iter().any(|opaque| opaque.eq_ignore_ascii_case(extension))
    }
}

/// What `text` is in base64 when `shift` (0 to 2) other bytes stand before it in its group of three: the characters that depend on it alone.
fn wrapped(text: &[u8], shift: usize) -> Vec<u8> {
    let padded: Vec<u8> = std::iter::repeat_n(0, shift).chain(text.iter().copied()).collect();
    let encoded = STANDARD_NO_PAD.encode(&padded).into_bytes();
    let first = (shift * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    encoded.get(first..last).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_known_in_base64_wherever_it_stands() {
        for before in ["", "a", "ab", "abc", "\n\n", "12345"] {
            let encoded = STANDARD_NO_PAD.encode(format!("{before}-----BEGIN RSA PRIVATE KEY-----"));
            let known = String::from_utf8(wrapped(ARMOUR.as_bytes(), before.len() % 3)).unwrap_or_default();
            assert!(known.len() >= 12 && encoded.contains(&known), "{before:?}: {known}");
        }
    }

    #[test]
    fn every_detector_compiles() {
        for detector in rule::detectors() {
            assert!(Pattern::new(detector).is_ok(), "{}", detector.id);
        }
        assert!(rule::detectors().len() >= 210);
    }
}
