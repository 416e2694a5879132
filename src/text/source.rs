//! Text with its lines, and spans into it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::embedded::{Host, Pieces};

/// A half-open range of byte offsets into [`SourceText::text`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte; never below `start`.
    pub end: usize,
}

impl Span {
    /// The span from `start` to `end`; an `end` below `start` gives an empty span at `start`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Bytes covered.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the span covers no byte (it is then a place between two characters).
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Span) -> Span {
        Span::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// Whether `other` lies wholly inside.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// As a range, for slicing.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// A place for people: line and column, both counted from 1, columns in characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters (Unicode scalar values), from 1.
    pub column: usize,
}

/// A span for people. The end is exclusive: the column after the last character.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Region {
    /// Where it starts.
    pub start: Position,
    /// Where it ends, exclusive.
    pub end: Position,
}

/// First character that stands for a byte which is not UTF-8; byte `b` is carried as `RAW_BYTE_BASE + b`.
const RAW_BYTE_BASE: u32 = 0x10_FE00;

/// Bytes as text: those that are not UTF-8 become the characters that carry them.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(SourceText::from_bytes("", bytes.to_vec()).text().to_owned()),
    }
}

/// The bytes that [`decode`] made `text` of.
pub fn encode(text: &str) -> Cow<'_, [u8]> {
    let raw = |c: char| u32::from(c).checked_sub(RAW_BYTE_BASE).and_then(|byte| u8::try_from(byte).ok());
    if !text.chars().any(|c| raw(c).is_some()) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut buffer = [0; 4];
    for c in text.chars() {
        match raw(c) {
            Some(byte) => out.push(byte),
            None => out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes()),
        }
    }
    Cow::Owned(out)
}

/// One file's text under the name that reports use for it, or a text that stands inside a file ([`Embedding`]).
///
/// `path` is relative to the run's root with `/` separators (or `-` for standard input). Spans and line numbers are those
/// of the text; [`Position`]s, which people are shown, are those of the file.
///
/// [`Embedding`]: super::Embedding
pub struct SourceText {
    path: String,
    text: String,
    line_starts: Vec<usize>,
    raw_bytes: Vec<usize>,
    host: Option<Host>,
}

impl SourceText {
    /// Takes text that is known to be UTF-8.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Self::build(path.into(), text.into(), Vec::new(), None)
    }

    pub(super) fn embedded(file: &Arc<Self>, text: String, pieces: Pieces) -> Arc<Self> {
        Self::build(file.path.clone(), text, Vec::new(), Some(Host { file: Arc::clone(file), pieces }))
    }

    /// Takes bytes as read. Nothing is lost: see [`SourceText::to_bytes`].
    pub fn from_bytes(path: impl Into<String>, bytes: Vec<u8>) -> Arc<Self> {
        match String::from_utf8(bytes) {
            Ok(text) => Self::build(path.into(), text, Vec::new(), None),
            Err(error) => {
                let (mut text, mut raw) = (String::new(), Vec::new());
                for chunk in error.as_bytes().utf8_chunks() {
                    let mut carry = |text: &mut String, byte: u8| {
                        raw.push(text.len());
                        text.extend(char::from_u32(RAW_BYTE_BASE + u32::from(byte)));
                    };
                    for c in chunk.valid().chars() {
                        // One of those that carry a byte would come back as that byte.
                        match u32::from(c) >= RAW_BYTE_BASE {
                            true => c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| carry(&mut text, byte)),
                            false => text.push(c),
                        }
                    }
                    chunk.invalid().iter().for_each(|byte| carry(&mut text, *byte));
                }
                Self::build(path.into(), text, raw, None)
            }
        }
    }

    fn build(path: String, text: String, raw_bytes: Vec<usize>, host: Option<Host>) -> Arc<Self> {
        let mut line_starts = vec![0];
        line_starts.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1));
        Arc::new(Self { path, text, line_starts, raw_bytes, host })
    }

    /// The name reports use.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The file: the text itself, or the file around an embedded one.
    pub fn file(self: &Arc<Self>) -> &Arc<Self> {
        self.host.as_ref().map_or(self, |host| &host.file)
    }

    /// Where a span of the text is in its [`file`](SourceText::file).
    pub fn in_file(&self, span: Span) -> Span {
        self.host.as_ref().map_or(span, |host| host.pieces.place(span))
    }

    /// For a text inside a file: from its first to its last byte there.
    pub fn whole_in_file(&self) -> Option<Span> {
        self.host.as_ref().map(|host| host.pieces.whole())
    }

    /// The text that spans point into.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The file's bytes, exactly as read.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.restore(&self.text)
    }

    /// Turns text derived from this source (an edited copy, say) back to bytes: characters that carry a raw byte
    /// become that byte again.
    pub fn restore(&self, text: &str) -> Vec<u8> {
        if self.raw_bytes.is_empty() { text.as_bytes().to_vec() } else { encode(text).into_owned() }
    }

    /// Whether every byte was UTF-8.
    pub fn is_utf8(&self) -> bool {
        self.raw_bytes.is_empty()
    }

    /// The text of a span; a span outside the text, or off a character boundary, gives an empty string.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// Number of lines; a final newline does not start another line, an empty text has one.
    pub fn line_count(&self) -> usize {
        let ends_with_newline = self.text.ends_with('\n');
        self.line_starts.len() - usize::from(ends_with_newline)
    }

    /// The line of the text, from 1, that holds a byte offset.
    pub fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset).max(1)
    }

    /// The span of a line (from 1) without its line ending; empty at the end of the text for a line that is not there.
    pub fn line_span(&self, line: usize) -> Span {
        let Some(start) = line.checked_sub(1).and_then(|i| self.line_starts.get(i)) else {
            return Span::new(self.text.len(), self.text.len());
        };
        let end = self.line_starts.get(line).map_or(self.text.len(), |next| next - 1);
        let body = &self.text[*start..end];
        Span::new(*start, start + body.strip_suffix('\r').unwrap_or(body).len())
    }

    /// Line and column in the file of a byte offset; offsets past the end, or inside a character, are moved back.
    pub fn position(&self, offset: usize) -> Position {
        if let Some(host) = &self.host {
            return host.file.position(host.pieces.place(Span::new(offset, offset)).start);
        }
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.line(offset);
        let start = self.line_starts[line - 1];
        Position { line, column: self.text[start..offset].chars().count() + 1 }
    }

    /// Line and column in the file of both ends of a span.
    pub fn region(&self, span: Span) -> Region {
        if let Some(host) = &self.host {
            return host.file.region(host.pieces.place(span));
        }
        Region { start: self.position(span.start), end: self.position(span.end) }
    }
}

impl fmt::Debug for SourceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceText({:?}, {} bytes)", self.path, self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_lines_from_one() {
        let source = SourceText::new("Dockerfile", "FROM ä\r\nRUN x\n");
        assert_eq!(source.line_count(), 2);
        let after_umlaut = source.position("FROM ä".len());
        assert_eq!((after_umlaut.line, after_umlaut.column), (1, 7));
        assert_eq!(source.slice(source.line_span(1)), "FROM ä");
        assert_eq!(source.slice(source.line_span(2)), "RUN x");
        assert!(source.line_span(9).is_empty());
        assert_eq!(source.position(999).line, 3);
    }

    #[test]
    fn bytes_that_are_not_utf8_come_back_as_they_were() {
        let bytes = b"FROM a\xff\xc3 \xe2\x98\xba\n\xf4\x8f\xba\x80\x80".to_vec();
        let source = SourceText::from_bytes("Dockerfile", bytes.clone());
        assert!(!source.is_utf8());
        assert_eq!(source.to_bytes(), bytes);
        assert_eq!(source.line_count(), 2);
    }
}
