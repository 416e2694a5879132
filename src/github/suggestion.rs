//! Fixes as suggestions that a click applies. A suggestion replaces whole lines, and all of them must be in the diff.

use super::hunks::Hunks;
use super::report::Fix;
use crate::text::{Edit, Position, Region, SourceText, Span, apply_edits};

/// Lines that a suggestion may replace.
const MOST_LINES: usize = 100;

/// What lines become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Suggestion {
    pub(super) first: usize,
    pub(super) last: usize,
    /// What stands there instead, without the last line end; `None` when the lines go.
    pub(super) text: Option<String>,
}

impl Suggestion {
    /// The fix as a suggestion, when the diff shows every line of it. `shift` is how much further down the lines are there.
    pub(super) fn of(fix: &Fix, hunks: &Hunks, shift: isize) -> Option<Self> {
        let moved = |at: Position| Some(Position { line: at.line.checked_add_signed(shift)?, ..at });
        let edits: Vec<(Region, &str)> = fix
            .edits
            .iter()
            .map(|(region, text)| {
                Some((Region { start: moved(region.start)?, end: moved(region.end)? }, text.as_str()))
            })
            .collect::<Option<_>>()?;
        let first = edits.iter().map(|(region, _)| region.start.line).min()?;
        let last = edits.iter().map(|(region, _)| region.end.line).max()?;
        if last - first >= MOST_LINES {
            return None;
        }
        let lines = hunks.lines(first, last)?;
        let source = SourceText::new("", lines.join("\n"));
        let offset = |at: Position| {
            let line = lines.get(at.line - first)?;
            let start: usize = lines[..at.line - first].iter().map(|line| line.len() + 1).sum();
            // A line's end is the column behind its last character.
            let ends = line.char_indices().map(|(i, _)| i).chain([line.len()]);
            let within = if at.column == usize::MAX { Some(line.len()) } else { ends.clone().nth(at.column - 1) };
            Some(start + within?)
        };
        let edits: Vec<Edit> = edits
            .iter()
            .map(|(region, text)| {
                let span = Span::new(offset(region.start)?, offset(region.end)?);
                Some(Edit { span, text: (*text).to_owned() })
            })
            .collect::<Option<_>>()?;
        let whole = Span::new(0, source.text().len());
        let is_all_gone = edits.iter().any(|edit| edit.span == whole && edit.text.is_empty());
        let text = apply_edits(&source, &edits).ok()?;
        (text != source.text()).then_some(Self { first, last, text: (!is_all_gone).then_some(text) })
    }

    /// As GitHub reads it, fenced so that nothing inside can end it.
    pub(super) fn markdown(&self) -> String {
        let text = self.text.as_deref().unwrap_or_default();
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        let end = if self.text.is_some() { "\n" } else { "" };
        format!("{fence}suggestion\n{text}{end}{fence}\n")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn hunks() -> Hunks {
        Hunks::parse("@@ -1,3 +1,4 @@\n FROM alpine\n+RUN sudo äpt \\\n+  install\n USER app")
    }

    fn fix(edits: &[(usize, usize, usize, usize, &str)]) -> Fix {
        let edit = |(a, b, c, d, text): &(usize, usize, usize, usize, &str)| {
            let region = Region { start: Position { line: *a, column: *b }, end: Position { line: *c, column: *d } };
            (region, (*text).to_owned())
        };
        Fix { description: String::new(), edits: edits.iter().map(edit).collect() }
    }

    #[test]
    fn whole_lines_are_replaced_and_columns_are_characters() {
        let suggestion = Suggestion::of(&fix(&[(2, 5, 2, 10, ""), (2, 11, 2, 13, "a")]), &hunks(), 0).unwrap();
        assert_eq!((suggestion.first, suggestion.last), (2, 2));
        assert_eq!(suggestion.text.as_deref(), Some("RUN äa \\"));
        let moved = Suggestion::of(&fix(&[(9, 5, 9, 10, "")]), &hunks(), -7).unwrap();
        assert_eq!((moved.first, moved.text.as_deref()), (2, Some("RUN äpt \\")));
    }

    #[test]
    fn edits_over_lines_take_all_of_them() {
        let suggestion = Suggestion::of(&fix(&[(2, 14, 3, 3, "")]), &hunks(), 0).unwrap();
        assert_eq!((suggestion.first, suggestion.last), (2, 3));
        assert_eq!(suggestion.text.as_deref(), Some("RUN sudo äpt install"));
    }

    #[test]
    fn what_the_diff_does_not_show_is_no_suggestion() {
        for edit in [(4, 1, 5, 1, ""), (9, 1, 9, 2, "x"), (2, 40, 2, 41, "x"), (1, 1, 1, 1, "")] {
            assert_eq!(Suggestion::of(&fix(&[edit]), &hunks(), 0), None, "{edit:?}");
        }
        assert_eq!(Suggestion::of(&fix(&[(1, 1, usize::MAX, 1, "")]), &hunks(), 0), None);
    }

    #[test]
    fn lines_that_go_leave_an_empty_suggestion() {
        let suggestion = Suggestion::of(&fix(&[(4, 1, 4, usize::MAX, "")]), &hunks(), 0).unwrap();
        assert_eq!(suggestion.markdown(), "```suggestion\n```\n");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        let suggestion = Suggestion { first: 1, last: 1, text: Some("RUN ```` `x`".into()) };
        assert_eq!(suggestion.markdown(), "`````suggestion\nRUN ```` `x`\n`````\n");
    }
}
