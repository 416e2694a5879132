//! Applies the fixes of findings to a source: overlaps are left for the next pass, and a result that would parse worse
//! than what was there is refused.

use std::sync::Arc;

use crate::dockerfile;
use crate::finding::Fix;
use crate::text::{Edit, SourceText, apply_edits};

/// A source with fixes applied.
#[derive(Debug)]
pub struct Fixed {
    /// The text after it.
    pub text: Arc<SourceText>,
    /// How many fixes are in it.
    pub applied: usize,
    /// How many were left out because they touch the same text as one that is in.
    pub left: usize,
}

/// Applies as many of `fixes` as do not overlap, in the order given. `None` when none applies, or when the result has
/// more errors than the source had.
pub fn apply(source: &Arc<SourceText>, fixes: &[&Fix]) -> Option<Fixed> {
    let mut edits: Vec<Edit> = Vec::new();
    let mut applied = 0;
    for fix in fixes {
        let with: Vec<Edit> = edits.iter().chain(fix.edits()).cloned().collect();
        if apply_edits(source, &with).is_ok() {
            edits = with;
            applied += 1;
        }
    }
    let text = apply_edits(source, &edits).ok().filter(|_| applied > 0)?;
    let text = SourceText::from_bytes(source.path(), source.restore(&text));
    (errors(&text) <= errors(source)).then_some(Fixed { text, applied, left: fixes.len() - applied })
}

fn errors(source: &Arc<SourceText>) -> usize {
    let parsed = dockerfile::parse(source);
    parsed.errors.len() + parsed.instructions.iter().filter(|i| i.error.is_some()).count()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::text::Span;

    fn fix(start: usize, end: usize, text: &str) -> Fix {
        Fix::safe("change it", vec![Edit { span: Span::new(start, end), text: text.into() }])
    }

    #[test]
    fn overlapping_fixes_wait_and_a_broken_result_is_refused() {
        let source = SourceText::new("Dockerfile", "FROM debian:12\nRUN sudo true\n");
        let (first, second) = (fix(19, 24, ""), fix(19, 23, "doas"));
        let fixed = apply(&source, &[&first, &second]).unwrap();
        assert_eq!((fixed.text.text(), fixed.applied, fixed.left), ("FROM debian:12\nRUN true\n", 1, 1));
        assert!(apply(&source, &[&fix(0, 4, "FORM")]).is_none());
        assert!(apply(&source, &[]).is_none());
    }
}
