//! Content patterns: which lines of a file match which of the policy's regular expressions, told while its bytes go by.

use std::io;

use grep_matcher::Matcher;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, Sink, SinkMatch};

use super::error::ImageError;
use super::model::ContentMatch;

/// The content patterns, compiled.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    each: Vec<RegexMatcher>,
    /// All of them as one alternation, to pass over most lines at once.
    any: Option<RegexMatcher>,
}

impl Patterns {
    /// Compiles patterns. They are matched against the bytes of a line without its newline.
    pub(super) fn new(patterns: &[String]) -> Result<Self, ImageError> {
        let failed = |pattern: &str, reason: String| ImageError::Pattern { pattern: pattern.to_owned(), reason };
        // Bytes first: in Unicode mode `.` would stop at bytes that are not UTF-8. Patterns with classes of other
        // characters need Unicode mode.
        let build = |pattern: &String| builder(false).build(pattern).or_else(|_| builder(true).build(pattern));
        let mut each = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            // The matcher puts patterns into groups of its own, where an unbalanced `a)(b` would pass.
            regex::bytes::Regex::new(pattern).map_err(|e| failed(pattern, e.to_string()))?;
            each.push(build(pattern).map_err(|e| failed(pattern, e.to_string()))?);
        }
        let any = match patterns {
            [] => None,
            [_] => each.first().cloned(),
            all => {
                let any = builder(false).build_many(all).or_else(|_| builder(true).build_many(all));
                Some(any.map_err(|e| failed(&all.join("|"), e.to_string()))?)
            }
        };
        Ok(Self { each, any })
    }

    /// Number of patterns.
    pub(super) fn len(&self) -> usize {
        self.each.len()
    }

    /// Whether there is nothing to search for.
    pub(super) fn is_empty(&self) -> bool {
        self.each.is_empty()
    }
}

fn builder(unicode: bool) -> RegexMatcherBuilder {
    let mut builder = RegexMatcherBuilder::new();
    builder.multi_line(true).line_terminator(Some(b'\n')).unicode(unicode);
    builder
}

/// A search that goes from file to file.
#[derive(Debug)]
pub(super) struct Search<'p> {
    patterns: &'p Patterns,
    searcher: Searcher,
}

impl<'p> Search<'p> {
    pub(super) fn new(patterns: &'p Patterns) -> Self {
        let searcher = SearcherBuilder::new()
            .line_number(true)
            .binary_detection(BinaryDetection::none())
            .bom_sniffing(false)
            .build();
        Self { patterns, searcher }
    }

    /// Searches lines that follow `lines` others, for the patterns that have not matched. Matches are by pattern.
    pub(super) fn run(&mut self, content: &[u8], lines: u64, matches: &mut Vec<ContentMatch>) {
        let Some(any) = &self.patterns.any else { return };
        let mut hits = Hits { patterns: &self.patterns.each, first: vec![None; self.patterns.each.len()] };
        // A slice cannot fail to be read, and these matchers cannot fail to match.
        let _ = self.searcher.search_slice(any, content, &mut hits);
        for (pattern, line) in hits.first.iter().enumerate() {
            let Some(line) = line.filter(|_| matches.iter().all(|known| known.pattern != pattern)) else { continue };
            matches.push(ContentMatch { pattern, line: line + lines });
        }
        matches.sort_by_key(|hit| hit.pattern);
    }
}

struct Hits<'p> {
    patterns: &'p [RegexMatcher],
    /// The first line each pattern matched.
    first: Vec<Option<u64>>,
}

impl Sink for Hits<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> io::Result<bool> {
        let line = found.bytes().strip_suffix(b"\n").unwrap_or(found.bytes());
        for (pattern, first) in self.patterns.iter().zip(&mut self.first) {
            if first.is_none() && pattern.is_match(line).map_err(io::Error::other)? {
                *first = found.line_number();
            }
        }
        Ok(self.first.iter().any(Option::is_none))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn search(patterns: &[&str], content: &[u8]) -> Vec<(usize, u64)> {
        let patterns = Patterns::new(&patterns.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>()).unwrap();
        let mut matches = Vec::new();
        Search::new(&patterns).run(content, 0, &mut matches);
        matches.iter().map(|m| (m.pattern, m.line)).collect()
    }

    #[test]
    fn each_pattern_tells_its_first_line() {
        let content = b"one\npassword = x\ntoken\npassword = y";
        assert_eq!(search(&["^password", "token$", "absent", "o"], content), [(0, 2), (1, 3), (3, 1)]);
        assert_eq!(search(&["y$"], content), [(0, 4)]);
    }

    #[test]
    fn bytes_that_are_not_text_hide_nothing() {
        assert_eq!(search(&["^.*secret"], b"\xff\x00\nbin\xff\x00secret"), [(0, 2)]);
        assert_eq!(search(&["[\u{e9}]x"], "caf\u{e9}x".as_bytes()), [(0, 1)]);
    }

    #[test]
    fn broken_patterns_are_refused_even_where_they_complete_each_other() {
        for patterns in [vec!["a)(b"], vec!["(a", "b)"], vec!["[x"]] {
            let patterns: Vec<String> = patterns.into_iter().map(str::to_owned).collect();
            assert!(matches!(Patterns::new(&patterns), Err(ImageError::Pattern { .. })), "{patterns:?}");
        }
    }
}
