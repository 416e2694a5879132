//! A detector, compiled: where in a block its secrets are.

use std::ops::Range;

use regex_automata::meta::{self, Regex};
use regex_automata::util::{captures::Captures, syntax};
use regex_automata::{Anchored, Input, PatternID};
use regex_syntax::hir::Hir;
use regex_syntax::hir::literal::Extractor;

use crate::rule::Detector;

use super::placeholder::{entropy, is_placeholder};

/// What a match may reach beyond its keyword when its pattern sets no bound.
const MAX_REACH: usize = 4 << 10;
/// Bytes of memory a pattern's automaton may take while it searches; one each thread.
const AUTOMATON: usize = 256 << 10;
/// Matches of one pattern in one window.
const MAX_MATCHES: usize = 1000;

/// A detector, compiled.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) detector: &'static Detector,
    regex: Regex,
    /// The group that is the secret, when it takes part.
    group: usize,
    allow: Vec<Regex>,
    /// Every match starts with a keyword.
    is_anchored: bool,
    /// Bytes a match may have.
    reach: usize,
}

/// A match of a detector's pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Matched {
    /// All of it.
    pub(super) whole: Range<usize>,
    /// The secret in it.
    pub(super) secret: Range<usize>,
}

/// Parses a pattern as detectors are written.
fn parse(pattern: &str) -> Result<Hir, Box<dyn std::error::Error>> {
    let config = syntax::Config::new().unicode(false).utf8(false).multi_line(true);
    Ok(syntax::parse_with(pattern, &config)?)
}

fn compile(hir: &Hir) -> Result<Regex, Box<dyn std::error::Error>> {
    let config = meta::Config::new().utf8_empty(false).nfa_size_limit(Some(16 << 20)).hybrid_cache_capacity(AUTOMATON);
    Ok(Regex::builder().configure(config).build_from_hir(hir)?)
}

impl Pattern {
    /// # Errors
    /// When a regular expression of the detector is none.
    pub(super) fn new(detector: &'static Detector) -> Result<Self, Box<dyn std::error::Error>> {
        let hir = parse(detector.regex)?;
        let regex = compile(&hir)?;
        let allow = detector.allow.iter().map(|pattern| compile(&parse(pattern)?)).collect::<Result<_, _>>()?;
        let named = regex.group_info().to_index(PatternID::ZERO, "secret");
        let group = named.unwrap_or_else(|| usize::from(regex.captures_len() > 1));
        let reach = hir.properties().maximum_len().unwrap_or(MAX_REACH).min(MAX_REACH);
        // A look behind, as `\b`, is no part of a match.
        let prefixes = Extractor::new().extract(&hir);
        let starts_with_keyword = |literal: &[u8]| {
            let lower = literal.to_ascii_lowercase();
            detector.keywords.iter().any(|keyword| lower.starts_with(keyword.as_bytes()))
        };
        let is_anchored = prefixes
            .literals()
            .is_some_and(|all| !all.is_empty() && all.iter().all(|literal| starts_with_keyword(literal.as_bytes())));
        Ok(Self { detector, regex, group, allow, is_anchored, reach })
    }

    /// Literals every match starts with, in their case; none when that is not known.
    pub(super) fn beginnings(detector: &'static Detector) -> Vec<Box<[u8]>> {
        let Ok(hir) = parse(detector.regex) else { return Vec::new() };
        let prefixes = Extractor::new().extract(&hir);
        prefixes.literals().into_iter().flatten().map(|literal| literal.as_bytes().into()).collect()
    }

    /// The secrets of matches around a keyword. `done` says up to where keywords need not be looked at again.
    pub(super) fn around(&self, text: &[u8], keyword: Range<usize>, done: &mut usize, mut found: impl FnMut(Matched)) {
        if keyword.start < *done {
            return;
        }
        if self.is_anchored {
            let end = self.end(text, keyword.end, self.reach);
            let input = Input::new(text).range(keyword.start..end).anchored(Anchored::Yes);
            let mut captures = self.regex.create_captures();
            self.regex.search_captures(&input, &mut captures);
            if let Some(matched) = self.matched(&captures) {
                // What is inside a match is no secret of its own.
                *done = matched.whole.end.max(keyword.end);
                found(matched);
            }
            return;
        }
        let start = line_start(text, keyword.start, self.reach);
        // Twice the reach, so that a line full of keywords is searched twice and not once a keyword.
        let end = self.end(text, keyword.end, 2 * self.reach);
        let is_cut = end == keyword.end + 2 * self.reach;
        let line_end = line_end(text, keyword.end, 2 * self.reach);
        *done = if is_cut { keyword.end + self.reach } else { line_end };
        self.within(text, start..end, found);
    }

    /// The secrets of all matches within a range.
    pub(super) fn within(&self, text: &[u8], range: Range<usize>, mut found: impl FnMut(Matched)) {
        let mut captures = self.regex.create_captures();
        let mut at = range.start;
        for _ in 0..MAX_MATCHES {
            let input = Input::new(text).range(at..range.end);
            self.regex.search_captures(&input, &mut captures);
            let Some(matched) = self.matched(&captures) else { return };
            at = matched.whole.end.max(at + 1);
            found(matched);
            if at >= range.end {
                return;
            }
        }
    }

    /// Whether what a match holds is a secret as far as its characters tell.
    pub(super) fn is_real(&self, secret: &[u8]) -> bool {
        !is_placeholder(&String::from_utf8_lossy(secret))
            && self.detector.entropy.is_none_or(|least| entropy(secret) >= least)
            && !self.allow.iter().any(|allow| allow.is_match(secret))
    }

    fn matched(&self, captures: &Captures) -> Option<Matched> {
        let whole = captures.get_match()?.range();
        let group = captures.get_group(self.group).or_else(|| captures.get_group(1));
        let secret = group.map_or_else(|| whole.clone(), |span| span.start..span.end);
        Some(Matched { whole, secret })
    }

    /// Where a window after `from` ends: with its last line, or after `reach` bytes. A zero byte that ends a line is in it, for
    /// patterns that want to see what comes after a secret.
    fn end(&self, text: &[u8], from: usize, reach: usize) -> usize {
        let mut end = from;
        for _ in 0..=self.detector.lines {
            let limit = from + reach;
            end = line_end(text, end, limit.saturating_sub(end));
            if end >= limit.min(text.len()) {
                return limit.min(text.len());
            }
            end += 1;
        }
        if text.get(end - 1) == Some(&0) { end } else { end - 1 }
    }
}

/// Where the line of `at` starts, looking back so far.
fn line_start(text: &[u8], at: usize, reach: usize) -> usize {
    let from = at.saturating_sub(reach);
    let before = text.get(from..at).unwrap_or_default();
    memchr::memrchr2(b'\n', 0, before).map_or(from, |newline| from + newline + 1)
}

/// Where the line of `at` ends, looking ahead so far. A zero byte ends a line too: only binary data has any.
fn line_end(text: &[u8], at: usize, reach: usize) -> usize {
    let after = text.get(at..text.len().min(at + reach)).unwrap_or_default();
    at + memchr::memchr2(b'\n', 0, after).unwrap_or(after.len())
}
