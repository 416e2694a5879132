//! Code handed to a shell, and where each byte of it stands in the Dockerfile.

use std::ops::Range;

use crate::dockerfile::OffsetMap;
use crate::text::Span;

/// Text put together from pieces of the Dockerfile: continuations joined, comments between them dropped, quotes and
/// escapes of an outer language undone. Any part of it can be shown where it was written.
#[derive(Clone, Debug, Default)]
pub(super) struct Code {
    text: String,
    runs: Vec<Run>,
}

/// From byte `at` of the code on, bytes follow each other as they do in the Dockerfile from `source` on; or, with an
/// `end`, a single character stands for the source up to there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    at: usize,
    source: usize,
    end: Option<usize>,
}

impl Code {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// Appends text that stands at byte `source` of the Dockerfile, all in one piece.
    pub(super) fn push_str(&mut self, text: &str, source: usize) {
        if text.is_empty() {
            return;
        }
        let at = self.text.len();
        let continues = self.runs.last().is_some_and(|run| run.end.is_none() && run.source + (at - run.at) == source);
        if !continues {
            self.runs.push(Run { at, source, end: None });
        }
        self.text.push_str(text);
    }

    /// Appends a character that stands in `place`, as itself or as an escape.
    pub(super) fn push(&mut self, c: char, place: Span) {
        if place.len() != c.len_utf8() {
            self.runs.push(Run { at: self.text.len(), source: place.start, end: Some(place.end) });
            self.text.push(c);
        } else {
            self.push_str(c.encode_utf8(&mut [0; 4]), place.start);
        }
    }

    /// Where a part stands in the Dockerfile, from its first to its last byte.
    pub(super) fn place(&self, range: Range<usize>) -> Span {
        let start = self.bytes(range.start).0;
        match range.end.checked_sub(1) {
            Some(last) if last >= range.start => Span::new(start, self.bytes(last).1),
            _ => Span::new(start, start),
        }
    }

    /// Start and end of what the byte `at` stands for.
    fn bytes(&self, at: usize) -> (usize, usize) {
        let index = self.runs.partition_point(|run| run.at <= at).saturating_sub(1);
        let Some(run) = self.runs.get(index) else { return (0, 0) };
        let offset = at.saturating_sub(run.at);
        run.end.map_or((run.source + offset, run.source + offset + 1), |end| (run.source, end))
    }

    /// A text the Dockerfile parser joined over continuations.
    pub(super) fn joined(text: &str, offsets: &OffsetMap) -> Self {
        let mut code = Self::default();
        let mut start = 0;
        while start < text.len() {
            let source = offsets.source_offset(start);
            // Gaps only add up, so the bytes that follow without one are found by bisection.
            let (mut end, mut limit) = (start + 1, text.len());
            while end < limit {
                let middle = end + (limit - end).div_ceil(2);
                let is_whole = offsets.source_offset(middle - 1) - source == middle - 1 - start;
                (end, limit) = if is_whole { (middle, limit) } else { (end, middle - 1) };
            }
            let run = text.get(start..end).unwrap_or_default();
            code.push_str(run, source);
            start = end;
        }
        code
    }

    /// `text` over the bytes of `span` that spell it in order; for text that was derived in a way that is not known here.
    pub(super) fn spread(source: &str, span: Span, text: &str) -> Self {
        let mut code = Self::default();
        let mut at = span.start;
        for c in text.chars() {
            let rest = source.get(at..span.end).unwrap_or_default();
            let found = rest.find(c).map_or(Span::new(at, at), |i| Span::new(at + i, at + i + c.len_utf8()));
            code.push(c, found);
            at = found.end;
        }
        code
    }

    /// Lines as they stand, without carriage returns, and without leading tabs if `chomp`.
    pub(super) fn push_lines(&mut self, source: &str, span: Span, chomp: bool) {
        let mut at = span.start;
        for line in source.get(span.range()).unwrap_or_default().split_inclusive('\n') {
            let tabs = if chomp { line.len() - line.trim_start_matches('\t').len() } else { 0 };
            let body = line.trim_end_matches(['\n', '\r']);
            self.push_str(body.get(tabs..).unwrap_or_default(), at + tabs);
            if line.ends_with('\n') {
                self.push_str("\n", at + line.len() - 1);
            }
            at += line.len();
        }
    }

    /// The string a JSON literal stands for; `None` when this is not one.
    pub(super) fn json_string(&self) -> Option<Self> {
        let inner = self.text.strip_prefix('"')?.strip_suffix('"')?;
        let mut code = Self::default();
        let mut chars = inner.char_indices().map(|(i, c)| (i + 1, c));
        while let Some((start, c)) = chars.next() {
            if c != '\\' {
                code.push(c, self.place(start..start + c.len_utf8()));
                continue;
            }
            let (at, c) = chars.next()?;
            let (decoded, end) = match c {
                'n' => ('\n', at + 1),
                't' => ('\t', at + 1),
                'r' => ('\r', at + 1),
                'b' => ('\u{8}', at + 1),
                'f' => ('\u{c}', at + 1),
                'u' => {
                    // A surrogate pair does not matter to a shell: each half becomes the replacement character.
                    let unit = u32::from_str_radix(self.text.get(at + 1..at + 5)?, 16).ok()?;
                    chars.nth(3)?;
                    (char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER), at + 5)
                }
                other => (other, at + other.len_utf8()),
            };
            code.push(decoded, self.place(start..end));
        }
        Some(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::{Args, parse};
    use crate::text::SourceText;

    #[test]
    fn joined_lines_keep_their_places() {
        let source = SourceText::new("Dockerfile", "FROM x\nRUN a \\\r\n  # note\r\n\r\n  bä\\  \nc \\\nd\nUSER x\n");
        let dockerfile = parse(&source);
        let Args::Text(word) = &dockerfile.instructions[1].args else { panic!("no text") };
        let code = Code::joined(&word.text, &dockerfile.offsets_of(word));
        assert_eq!(code.text(), "a   bäc d");
        assert_eq!(source.slice(code.place(4..7)), "bä");
        assert_eq!(source.slice(code.place(4..8)), "bä\\  \nc");
        assert_eq!(source.slice(code.place(9..10)), "d");
    }

    #[test]
    fn json_escapes_are_undone_in_place() {
        let source = r#"["sh", "-c", "say \"hi\" \u0026\n"]"#;
        let start = source.find("\"say").unwrap_or_default();
        let mut raw = Code::default();
        raw.push_str(&source[start..source.len() - 1], start);
        let code = raw.json_string().unwrap_or_default();
        assert_eq!(code.text(), "say \"hi\" &\n");
        assert_eq!(&source[code.place(5..7).range()], "hi");
        assert_eq!(&source[code.place(4..8).range()], "\\\"hi\\\"");
    }
}
