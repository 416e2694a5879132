//! Text that stands inside another file: a Dockerfile in a compose file, say. Parsers read it as a text of its own;
//! people are shown where it is in the file.

use std::sync::Arc;

use super::{SourceText, Span};

/// Collects a text piece by piece, with the place of each piece in the file around it.
#[derive(Clone, Debug, Default)]
pub struct Embedding {
    text: String,
    pieces: Pieces,
}

/// Where an embedded text comes from.
pub(super) struct Host {
    pub(super) file: Arc<SourceText>,
    pub(super) pieces: Pieces,
}

/// Where each piece of a text is, in order and without gaps in the text. A piece as long as its place is there as it is;
/// any other stands for its place as a whole (an escape, for one).
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces {
    list: Vec<Piece>,
    length: usize,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    at: usize,
    place: Span,
}

impl Embedding {
    /// Adds text that the file has at `place`, which lies behind the places of what was added before.
    pub fn push(&mut self, text: &str, place: Span) {
        if text.is_empty() {
            return;
        }
        let joins = self.pieces.list.last().is_some_and(|last| {
            last.place.len() == self.text.len() - last.at && last.place.end == place.start && place.len() == text.len()
        });
        match self.pieces.list.last_mut().filter(|_| joins) {
            Some(last) => last.place.end = place.end,
            None => self.pieces.list.push(Piece { at: self.text.len(), place }),
        }
        self.text.push_str(text);
        self.pieces.length = self.text.len();
    }

    /// What was added so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where a span of the text is in the file.
    pub fn place(&self, span: Span) -> Span {
        self.pieces.place(span)
    }

    /// The text, with lines and columns of `file`.
    pub fn into_source(self, file: &Arc<SourceText>) -> Arc<SourceText> {
        SourceText::embedded(file, self.text, self.pieces)
    }
}

impl Pieces {
    /// The place of a span of the text.
    pub(super) fn place(&self, span: Span) -> Span {
        let start = self.start(span.start);
        if span.is_empty() { Span::new(start, start) } else { Span::new(start, self.end(span.end)) }
    }

    /// From the first to the last byte that belongs to the text.
    pub(super) fn whole(&self) -> Span {
        let places = self.list.first().zip(self.list.last());
        places.map(|(first, last)| Span::new(first.place.start, last.place.end)).unwrap_or_default()
    }

    fn start(&self, offset: usize) -> usize {
        match self.holding(offset) {
            Some((piece, length)) if piece.place.len() == length => piece.place.start + (offset - piece.at),
            Some((piece, _)) => piece.place.start,
            None => self.whole().end,
        }
    }

    fn end(&self, offset: usize) -> usize {
        match self.holding(offset.saturating_sub(1)) {
            Some((piece, length)) if piece.place.len() == length => piece.place.start + (offset - piece.at).min(length),
            Some((piece, _)) => piece.place.end,
            None => self.whole().end,
        }
    }

    /// The piece that holds the byte at `offset`, and its length in the text; none from the end of the text on.
    fn holding(&self, offset: usize) -> Option<(Piece, usize)> {
        if offset >= self.length {
            return None;
        }
        let next = self.list.partition_point(|piece| piece.at <= offset);
        let piece = *self.list.get(next.checked_sub(1)?)?;
        let end = self.list.get(next).map_or(self.length, |piece| piece.at);
        Some((piece, end - piece.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_file() {
        let text = "a: |\n  FROM x\n  RUN\\ty\n";
        let file = SourceText::new("c.yaml", text);
        let mut embedding = Embedding::default();
        for (text, start, end) in
            [("FROM ", 7, 12), ("x\n", 12, 14), ("RUN", 16, 19), ("\t", 19, 21), ("y", 21, 22), ("\n", 22, 23)]
        {
            embedding.push(text, Span::new(start, end));
        }
        assert_eq!(embedding.text(), "FROM x\nRUN\ty\n");
        let source = embedding.into_source(&file);
        let shown = |start, end| {
            let region = source.region(Span::new(start, end));
            (region.start.line, region.start.column, region.end.line, region.end.column)
        };
        assert_eq!(shown(0, 4), (2, 3, 2, 7), "FROM");
        assert_eq!(shown(7, 10), (3, 3, 3, 6), "RUN");
        assert_eq!(shown(0, 10), (2, 3, 3, 6), "across the indentation");
        assert_eq!(shown(10, 11), (3, 6, 3, 8), "an escape is two characters");
        assert_eq!(shown(0, 7), (2, 3, 3, 1), "a line with its end");
        assert_eq!(shown(13, 13), (4, 1, 4, 1), "the end of the text");
        assert_eq!(source.path(), "c.yaml");
        assert_eq!(source.slice(source.line_span(2)), "RUN\ty", "lines of its own");
        assert_eq!(source.file().slice(source.in_file(Span::new(5, 10))), "x\n  RUN");
        assert_eq!(source.whole_in_file(), Some(Span::new(7, 23)));
    }
}
