//! Edits to a source text.

use dockerfile_parser::Dockerfile as SpliceTarget;
use thiserror::Error;

use super::{SourceText, Span};

/// Replaces the bytes of `span` by `text`. An empty span inserts, an empty text deletes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// What stands there instead.
    pub text: String,
}

/// Why edits could not be applied.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum EditError {
    /// Two edits touch the same bytes (or insert at the same place).
    #[error("two edits overlap at byte {at}")]
    Overlap {
        /// Where the second of them starts.
        at: usize,
    },
    /// A span does not lie on characters of the text.
    #[error("an edit at {span:?} is outside the text or inside a character")]
    OutOfText {
        /// The span.
        span: Span,
    },
}

/// Applies all edits to the text of `source`, whatever their order, or none of them.
///
/// # Errors
/// When two edits overlap or one does not lie on character boundaries.
pub fn apply_edits(source: &SourceText, edits: &[Edit]) -> Result<String, EditError> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort();
    for edit in &sorted {
        if source.text().get(edit.span.range()).is_none() {
            return Err(EditError::OutOfText { span: edit.span });
        }
    }
    for pair in sorted.windows(2) {
        let (a, b) = (pair[0].span, pair[1].span);
        if b.start < a.end || (a == b && a.is_empty()) {
            return Err(EditError::Overlap { at: b.start });
        }
    }
    let target = SpliceTarget { content: source.text().to_owned(), global_args: Vec::new(), instructions: Vec::new() };
    // From the end, so that no splice moves the offsets of one that is still to come.
    let mut splicer = target.splicer();
    for edit in sorted.iter().rev() {
        splicer.splice(&dockerfile_parser::Span { start: edit.span.start, end: edit.span.end }, &edit.text);
    }
    Ok(splicer.content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_apply_in_any_order_and_refuse_overlaps() {
        let source = SourceText::new("f", "FROM äbc\n");
        let edit = |start, end, text: &str| Edit { span: Span::new(start, end), text: text.into() };
        let edits = [edit(9, 9, " AS x"), edit(0, 4, "from"), edit(4, 4, "!")];
        assert_eq!(apply_edits(&source, &edits), Ok("from! äbc AS x\n".into()));
        assert_eq!(apply_edits(&source, &[edit(0, 4, ""), edit(3, 5, "")]), Err(EditError::Overlap { at: 3 }));
        assert!(matches!(apply_edits(&source, &[edit(6, 7, "")]), Err(EditError::OutOfText { .. })));
    }
}
