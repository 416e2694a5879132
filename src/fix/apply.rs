//! One pass: as many fixes as do not overlap.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::sync::Arc;

use crate::context::IgnoreFile;
use crate::dockerfile;
use crate::finding::Fix;
use crate::text::{Edit, SourceText, apply_edits};

/// How often a text is read with some fixes in it, to find those that break it; the rest waits.
const MAX_TRIES: usize = 200;

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

/// Edits that are made together or not at all, and the fixes that are made with them, by their place in what was given.
struct Change {
    fixes: Vec<usize>,
    edits: Vec<Edit>,
}

/// Applies as many of `fixes`, all of the file `source`, as do not overlap, in the order given. `None` when none applies, or
/// when the result has more errors than the source had.
pub fn apply(source: &Arc<SourceText>, fixes: &[&Fix]) -> Option<Fixed> {
    let is_list = fixes.first().is_some_and(|fix| fix.other().is_some());
    let errors = if is_list { errors_of_list } else { errors_of_dockerfile };
    let mut taken: BTreeSet<Edit> = BTreeSet::new();
    let mut applied: Vec<Change> = Vec::new();
    for change in changes(source, fixes, is_list) {
        if fits(&taken, &change.edits) {
            taken.extend(change.edits.iter().cloned());
            applied.push(change);
        }
    }
    let allowed = LazyCell::new(|| errors(source));
    let is_sound = |text: &Arc<SourceText>| matches!(errors(text), count if count == 0 || count <= *allowed);
    let sound = |edits: Vec<Edit>| edited(source, &edits).filter(is_sound);
    let done = |text: Arc<SourceText>, kept: Vec<Change>| {
        let mut applied: Vec<usize> = kept.into_iter().flat_map(|change| change.fixes).collect();
        applied.sort_unstable();
        let left = fixes.len() - applied.len();
        Fixed { text, applied, left }
    };
    // Where some of them break the file, those are taken that do not.
    let (mut edits, mut text, mut kept) = (Vec::new(), None, Vec::new());
    let mut waiting = vec![applied];
    for _ in 0..MAX_TRIES {
        let Some(mut group) = waiting.pop().filter(|group| !group.is_empty()) else { break };
        let with: Vec<Edit> = edits.iter().chain(group.iter().flat_map(|change| &change.edits)).cloned().collect();
        if let Some(sound) = sound(with.clone()) {
            (edits, text) = (with, Some(sound));
            kept.append(&mut group);
        } else if group.len() > 1 {
            waiting.push(group.split_off(group.len() / 2));
            waiting.push(group);
        }
    }
    text.map(|text| done(text, kept))
}

/// Each fix is a change of its own, but for those that put lines at the end of a list: they are one, with each line once.
fn changes(source: &Arc<SourceText>, fixes: &[&Fix], is_list: bool) -> Vec<Change> {
    let end = source.text().len();
    let mut changes: Vec<Change> = Vec::new();
    let mut at_end: Option<usize> = None;
    for (index, fix) in fixes.iter().enumerate() {
        let own = Change { fixes: vec![index], edits: fix.edits().to_vec() };
        let [lines] = fix.edits() else {
            changes.push(own);
            continue;
        };
        if !is_list || !lines.span.is_empty() || lines.span.start != end {
            changes.push(own);
            continue;
        }
        let Some(joined) = at_end.and_then(|index| changes.get_mut(index)) else {
            at_end = Some(changes.len());
            changes.push(own);
            continue;
        };
        joined.fixes.push(index);
        for edit in &mut joined.edits {
            let new = lines.text.split_inclusive('\n').filter(|line| !line.trim().is_empty());
            let new: Vec<&str> = new.filter(|line| !edit.text.lines().any(|known| known == line.trim_end())).collect();
            edit.text.extend(new);
        }
    }
    changes
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

/// Other files that are edited are lists of what a build leaves out.
fn errors_of_list(source: &Arc<SourceText>) -> usize {
    usize::from(IgnoreFile::new(Arc::clone(source)).is_err())
}

fn errors_of_dockerfile(source: &Arc<SourceText>) -> usize {
    let parsed = dockerfile::parse(source);
    parsed.errors.len() + parsed.instructions.iter().filter(|i| i.error.is_some()).count()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::finding::OtherFile;
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
    fn of_many_fixes_only_those_wait_that_break_the_file() {
        let line = "RUN sudo true\n";
        let source = SourceText::new("Dockerfile", format!("FROM debian:12\n{}", line.repeat(64)));
        let at = |index: usize| 15 + index * line.len();
        let breaks = |index: usize| index % 20 == 7;
        let all: Vec<Fix> = (0..64)
            .map(|index| {
                if breaks(index) { fix(at(index), at(index) + 3, "RUM") } else { fix(at(index) + 4, at(index) + 9, "") }
            })
            .collect();
        let fixed = apply(&source, &all.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(fixed.applied, (0..64).filter(|index| !breaks(*index)).collect::<Vec<_>>());
        assert_eq!((fixed.left, fixed.text.text().matches("sudo").count()), (3, 3));
    }

    #[test]
    fn edits_may_touch_at_their_ends_and_not_meet_in_one_place() {
        let source = SourceText::new("Dockerfile", "FROM debian:12\nRUN sudo true\n");
        let all = [fix(19, 24, ""), fix(19, 19, "a "), fix(24, 24, "b "), fix(24, 24, "c "), fix(20, 21, "x")];
        let fixed = apply(&source, &all.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!((fixed.text.text(), fixed.applied), ("FROM debian:12\nRUN a b true\n", vec![0, 1, 2]));
    }

    #[test]
    fn lines_at_the_end_of_a_list_are_put_there_together_and_once() {
        let source = SourceText::new(".dockerignore", "a");
        let line = |text: &str| {
            let other = OtherFile { source: Arc::clone(&source), is_new: false };
            Fix::safe("keep it out", vec![Edit { span: Span::new(1, 1), text: text.into() }]).of_other(other)
        };
        let fixes = [line("\nb\n"), line("\nc\nb\n"), line("\n[\n")];
        let fixed = apply(&source, &[&fixes[0], &fixes[1]]).unwrap();
        assert_eq!((fixed.text.text(), fixed.applied, fixed.left), ("a\nb\nc\n", vec![0, 1], 0));
        assert!(apply(&source, &[&fixes[2]]).is_none(), "a builder would refuse the file");
    }
}
