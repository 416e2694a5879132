//! Physical lines, and how continued ones join to the logical line BuildKit reads.

use crate::text::Span;

/// A physical line: byte offsets into the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// First byte.
    pub(super) start: usize,
    /// After the last byte that is not part of the line ending (trailing `\r` are line ending).
    pub(super) end: usize,
    /// Where the next line starts.
    pub(super) next: usize,
}

impl Line {
    /// The line that starts at `start`; `None` at the end of the text.
    pub(super) fn at(text: &str, start: usize) -> Option<Self> {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.find('\n').map_or(rest.len(), |newline| newline + 1);
        let body = rest[..length].trim_end_matches(['\r', '\n']);
        Some(Self { start, end: start + body.len(), next: start + length })
    }

    pub(super) fn body<'t>(&self, text: &'t str) -> &'t str {
        &text[self.start..self.end]
    }
}

/// Whether the line is a comment, wherever it stands.
pub(super) fn is_comment(body: &str) -> bool {
    body.trim_start().starts_with('#')
}

/// The part of a line that joins, and whether the next line continues it: it ends in one escape character, which may
/// be followed by blanks and must not be preceded by another.
pub(super) fn continued(body: &str, escape: char) -> (&str, bool) {
    let Some(kept) = body.trim_end_matches([' ', '\t']).strip_suffix(escape) else { return (body, false) };
    if kept.ends_with(escape) { (body, false) } else { (kept, true) }
}

/// Where the bytes of a joined text stand in the source.
///
/// A joined text is made of runs of source bytes; the continuation characters, line endings, empty lines and comments
/// between them are dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetMap {
    first: Run,
    more: Vec<Run>,
}

/// From `joined` on, the joined text is the source from `source` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    joined: usize,
    source: usize,
}

impl OffsetMap {
    /// A text that stands in the source in one piece.
    pub(super) fn contiguous(source: usize) -> Self {
        Self { first: Run { joined: 0, source }, more: Vec::new() }
    }

    fn push(&mut self, joined: usize, source: usize) {
        self.more.push(Run { joined, source });
    }

    /// The source offset of a byte of the joined text. At the joint of two runs that is the start of the later one.
    pub fn source_offset(&self, joined: usize) -> usize {
        let after = self.more.partition_point(|run| run.joined <= joined);
        let run = after.checked_sub(1).map_or(self.first, |i| self.more[i]);
        run.source + (joined - run.joined)
    }

    /// The source span from the first to the last byte of a range of the joined text.
    pub fn span(&self, start: usize, end: usize) -> Span {
        let first = self.source_offset(start);
        match end.checked_sub(1) {
            Some(last) if last >= start => Span::new(first, self.source_offset(last) + 1),
            _ => Span::new(first, first),
        }
    }
}

/// A logical line.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) text: String,
    pub(super) map: OffsetMap,
}

impl Joined {
    /// Starts with a run that stands at `source`.
    pub(super) fn new(run: &str, source: usize) -> Self {
        Self { text: run.to_owned(), map: OffsetMap::contiguous(source) }
    }

    /// Adds a run that stands at `source`.
    pub(super) fn push(&mut self, run: &str, source: usize) {
        if !run.is_empty() {
            self.map.push(self.text.len(), source);
            self.text.push_str(run);
        }
    }

    /// Joins again what stands in `span`, which starts and ends inside one logical line.
    pub(super) fn within(text: &str, span: Span, escape: char) -> Self {
        let inside = text.get(..span.end).unwrap_or(text);
        let mut joined = Self::new("", span.start);
        let mut at = span.start;
        while let Some(line) = Line::at(inside, at) {
            let body = line.body(inside);
            let is_last = line.next >= inside.len();
            if at == span.start || is_last || !(is_comment(body) || body.trim().is_empty()) {
                let run = if is_last { body } else { continued(body, escape).0 };
                joined.push(run, line.start);
            }
            at = line.next;
        }
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_escape_character_continues_two_do_not() {
        assert_eq!(continued("RUN a \\ \t", '\\'), ("RUN a ", true));
        assert_eq!(continued("RUN a \\\\", '\\'), ("RUN a \\\\", false));
        assert_eq!(continued("\\", '\\'), ("", true));
        assert_eq!(continued("RUN a \\", '`'), ("RUN a \\", false));
    }

    #[test]
    fn a_joined_text_maps_back_over_comments_and_empty_lines() {
        let text = "RUN ab\\\r\n# no\n\n  cd \\\n ef\n";
        let joined = Joined::within(text, Span::new(4, text.len() - 1), '\\');
        assert_eq!(joined.text, "ab  cd  ef");
        assert_eq!(joined.map.source_offset(0), 4);
        assert_eq!(&text[joined.map.span(0, 6).range()], "ab\\\r\n# no\n\n  cd");
        assert_eq!(&text[joined.map.span(8, 10).range()], "ef");
    }
}
