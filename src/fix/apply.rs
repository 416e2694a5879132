//! One pass: as many fixes as do not overlap.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::sync::Arc;

use crate::dockerfile;
use crate::finding::Fix;
use crate::text::{Edit, SourceText, apply_edits};

/// A source with fixes applied.
#[derive(Debug)]
pub struct Fixed {
    /// The text after it.
    pub text: Arc<SourceText>,
    /// Which of the fixes are in it, by their place in what was given.
    pub applied: Vec<usize>,
    /// How many were left out because they touch the same text as one that is in, or would break the file.
    pub left: usize,
}

/// Applies as many of `fixes` as do not overlap, in the order given. `None` when none applies, or when the result has
/// more errors than the source had.
pub fn apply(source: &Arc<SourceText>, fixes: &[&Fix]) -> Option<Fixed> {
    let mut taken: BTreeSet<Edit> = BTreeSet::new();
    let mut applied = Vec::new();
    for (index, fix) in fixes.iter().enumerate() {
        if fits(&taken, fix.edits()) {
            taken.extend(fix.edits().iter().cloned());
            applied.push(index);
        }
    }
    let allowed = errors(source);
    let sound = |edits: Vec<Edit>| edited(source, &edits).filter(|text| errors(text) <= allowed);
    if let Some(text) = sound(taken.into_iter().collect()).filter(|_| !applied.is_empty()) {
        let left = fixes.len() - applied.len();
        return Some(Fixed { text, applied, left });
    }
    // One of them breaks the file: take those that do not.
    let (mut edits, mut text, mut kept) = (Vec::new(), None, Vec::new());
    for index in applied {
        let with: Vec<Edit> = edits.iter().chain(fixes.get(index)?.edits()).cloned().collect();
        if let Some(sound) = sound(with.clone()) {
            (edits, text) = (with, Some(sound));
            kept.push(index);
        }
    }
    let left = fixes.len() - kept.len();
    text.map(|text| Fixed { text, applied: kept, left })
}

/// Whether edits touch nothing that others touch, nor each other.
fn fits(taken: &BTreeSet<Edit>, edits: &[Edit]) -> bool {
    let mut own: Vec<&Edit> = edits.iter().collect();
    own.sort();
    let clash = |a: &Edit, b: &Edit| b.span.start < a.span.end || (a.span == b.span && a.span.is_empty());
    !own.is_empty()
        && own.windows(2).all(|pair| !clash(pair[0], pair[1]))
        && own.iter().all(|edit| {
            let before = taken
                .range::<Edit, _>((Unbounded, Excluded(*edit)))
                .next_back()
                .is_none_or(|before| !clash(before, edit));
            let after =
                taken.range::<Edit, _>((Included(*edit), Unbounded)).next().is_none_or(|after| !clash(edit, after));
            before && after
        })
}

fn edited(source: &Arc<SourceText>, edits: &[Edit]) -> Option<Arc<SourceText>> {
    let text = apply_edits(source, edits).ok()?;
    Some(SourceText::from_bytes(source.path(), source.restore(&text)))
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
        assert_eq!((fixed.text.text(), fixed.applied, fixed.left), ("FROM debian:12\nRUN true\n", vec![0], 1));
        assert!(apply(&source, &[&fix(0, 4, "FORM")]).is_none());
        assert!(apply(&source, &[]).is_none());
        let apart = apply(&source, &[&fix(0, 4, "FORM"), &first]).unwrap();
        assert_eq!((apart.text.text(), apart.applied), ("FROM debian:12\nRUN true\n", vec![1]));
    }

    #[test]
    fn edits_may_touch_at_their_ends_and_not_meet_in_one_place() {
        let source = SourceText::new("Dockerfile", "FROM debian:12\nRUN sudo true\n");
        let all = [fix(19, 24, ""), fix(19, 19, "a "), fix(24, 24, "b "), fix(24, 24, "c "), fix(20, 21, "x")];
        let fixed = apply(&source, &all.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!((fixed.text.text(), fixed.applied), ("FROM debian:12\nRUN a b true\n", vec![0, 1, 2]));
    }
}
