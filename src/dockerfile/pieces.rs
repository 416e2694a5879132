//! The file as a row of pieces that lose no byte, and the way from joined text back to the file.

use super::ast::{Comment, Directive, Dockerfile, Word};
use super::directive;
use super::lines::{Joined, OffsetMap};
use crate::text::Span;

/// A piece of the file. All pieces in order are the whole text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece {
    /// What is between the others: line endings, indentation, blank lines, the byte order mark.
    Space(Span),
    /// A comment line, by its index.
    Comment(usize, Span),
    /// A directive, by its index.
    Directive(usize, Span),
    /// An instruction with its here-documents and the comments inside it, by its index.
    Instruction(usize, Span),
}

impl Piece {
    /// Where it stands.
    pub fn span(self) -> Span {
        match self {
            Piece::Space(span) | Piece::Comment(_, span) | Piece::Directive(_, span) | Piece::Instruction(_, span) => {
                span
            }
        }
    }
}

impl Dockerfile {
    /// The pieces of the file, in order.
    pub fn pieces(&self) -> Vec<Piece> {
        let comments = self.comments.iter().enumerate().filter(|(_, comment)| !comment.in_continuation);
        let mut nodes: Vec<Piece> = comments.map(|(i, comment)| Piece::Comment(i, comment.span)).collect();
        nodes.extend(self.directives.iter().enumerate().map(|(i, directive)| Piece::Directive(i, directive.span)));
        nodes.extend(self.instructions.iter().enumerate().map(|(i, node)| Piece::Instruction(i, node.span)));
        nodes.sort_by_key(|piece| piece.span());

        let mut pieces = Vec::with_capacity(nodes.len() * 2 + 1);
        let mut at = 0;
        for node in nodes {
            let span = node.span();
            if at < span.start {
                pieces.push(Piece::Space(Span::new(at, span.start)));
            }
            pieces.push(node);
            at = span.end;
        }
        if at < self.source.text().len() {
            pieces.push(Piece::Space(Span::new(at, self.source.text().len())));
        }
        pieces
    }

    /// The text again, put together from the pieces.
    pub fn print(&self) -> String {
        self.pieces().into_iter().map(|piece| self.source.slice(piece.span())).collect()
    }

    /// The instruction whose lines hold a byte of the file, as an index; blank lines and comments that end the file
    /// inside a continuation belong to it too.
    pub fn instruction_at(&self, offset: usize) -> Option<usize> {
        let last = self.instructions.partition_point(|node| node.span.start <= offset).checked_sub(1)?;
        (self.source.line(offset) <= self.instructions[last].lines.1).then_some(last)
    }

    /// Where each byte of a word's text stands in the file. It has a meaning for text that is joined only, not for
    /// decoded text (JSON forms, flag values with quotes).
    pub fn offsets_of(&self, word: &Word) -> OffsetMap {
        Joined::within(self.source.text(), word.span, self.escape).map
    }

    /// The comments BuildKit takes for the description of an instruction: those since the instruction before it, blank
    /// lines between them or not, but after the last empty comment.
    pub fn description_of(&self, instruction: usize) -> &[Comment] {
        let Some(node) = self.instructions.get(instruction) else { return &[] };
        let before = instruction.checked_sub(1).and_then(|i| self.instructions.get(i)).map_or(0, |node| node.span.end);
        let first = self.comments.partition_point(|comment| comment.span.start < before);
        let last = self.comments.partition_point(|comment| comment.span.start < node.span.start);
        let between = self.comments.get(first..last).unwrap_or_default();
        let after_empty = between.iter().rposition(|comment| comment.text.is_empty()).map_or(0, |empty| empty + 1);
        &between[after_empty..]
    }

    /// The directive of that name as BuildKit's frontend looks for it before it parses: behind a `#!` line too.
    pub fn frontend_directive(&self, name: &str) -> Option<Directive> {
        directive::find(self.source.text(), name)
    }

    /// The syntax (frontend image) the file asks for: a `# syntax=` or `// syntax=` directive, behind a `#!` line too, or
    /// the key of a JSON object that fills the file.
    pub fn syntax(&self) -> Option<Directive> {
        directive::find_syntax(self.source.text())
    }
}
