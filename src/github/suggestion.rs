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
    /// The fix as a suggestion, when the diff of its file shows every line of it. `shift` is how much further down the lines
    /// are there.
    pub(super) fn of(fix: &Fix, hunks: &Hunks, shift: isize) -> Option<Self> {
        Self::of_edits(&fix.edits, hunks, shift).or_else(|| Self::of_edits(&at_line_end(fix)?, hunks, shift))
    }

    fn of_edits(edits: &[(Region, String)], hunks: &Hunks, shift: isize) -> Option<Self> {
        let moved = |at: Position| Some(Position { line: at.line.checked_add_signed(shift)?, ..at });
        let edits: Vec<(Region, &str)> = edits
            .iter()
            .map(|(region, text)| {
                Some((Region { start: moved(region.start)?, end: moved(region.end)? }, text.as_str()))
            })
            .collect::<Option<_>>()?;
        let first = edits.iter().map(|(region, _)| region.start.line).min()?;
        let last = edits.iter().map(|(region, _)| last_touched(*region)).max()?;
        if last - first >= MOST_LINES {
            return None;
        }
        let lines = hunks.lines(first, last)?;
        let body: usize = lines.iter().map(|line| line.len() + 1).sum::<usize>() - 1;
        let source = SourceText::new("", lines.join("\n") + "\n");
        let offset = |at: Position| {
            if at.line == last + 1 {
                return Some(source.text().len());
            }
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
        let is_whole = |span: Span| span.start == 0 && span.end >= body;
        let is_all_gone = edits.iter().any(|edit| is_whole(edit.span) && edit.text.is_empty());
        let text = apply_edits(&source, &edits).ok().filter(|text| text != source.text())?;
        if is_all_gone {
            return Some(Self { first, last, text: None });
        }
        // Without its end the last line would go on in one that is not replaced.
        Some(Self { first, last, text: Some(text.strip_suffix('\n')?.to_owned()) })
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

/// What is put in at the start of a line, behind the end of the line before: the only way to say it at a file's end.
fn at_line_end(fix: &Fix) -> Option<Vec<(Region, String)>> {
    let [(region, text)] = fix.edits.as_slice() else { return None };
    let line = region.start.line.checked_sub(1).filter(|line| *line > 0 && region.start == region.end)?;
    let text = text.strip_suffix('\n').filter(|_| region.start.column == 1)?;
    let end = Position { line, column: usize::MAX };
    Some(vec![(Region { start: end, end }, format!("\n{}", text.strip_suffix('\r').unwrap_or(text)))])
}

/// The last line that an edit touches: what takes whole lines out ends where the next one begins.
fn last_touched(region: Region) -> usize {
    let takes_lines = region.start.column == 1 && region.end.column == 1 && region.end.line > region.start.line;
    if takes_lines { region.end.line - 1 } else { region.end.line }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::super::report::SarifReport;
    use super::*;
    use crate::check::{Build, Report, Request, run};
    use crate::dockerfile::BuildOptions;
    use crate::output::{self, Format, Style};
    use crate::policy::{Date, Policy};
    use crate::rule::{self, ExampleKind};

    fn hunks() -> Hunks {
        Hunks::parse("@@ -1,3 +1,4 @@\n FROM alpine\n+RUN sudo äpt \\\n+  install\n USER app")
    }

    fn fix(edits: &[(usize, usize, usize, usize, &str)]) -> Fix {
        let edit = |(a, b, c, d, text): &(usize, usize, usize, usize, &str)| {
            let region = Region { start: Position { line: *a, column: *b }, end: Position { line: *c, column: *d } };
            (region, (*text).to_owned())
        };
        Fix { description: String::new(), path: "Dockerfile".into(), edits: edits.iter().map(edit).collect() }
    }

    /// The report of everything that the strictest policy finds in a text.
    fn strict(policy: &Policy, source: &Arc<SourceText>) -> Report {
        let build = Build::alone(Arc::clone(source), BuildOptions::default());
        run(&Request::new(vec![build], policy, Date::from_unix(0))).unwrap()
    }

    #[test]
    fn a_suggestion_and_a_report_give_the_bytes_that_the_fix_gives() {
        let policy = Policy::load("strict").unwrap();
        let mut compared = std::collections::BTreeSet::new();
        let examples = rule::all().iter().flat_map(|rule| rule.examples);
        for example in examples.filter(|example| example.kind == ExampleKind::Bad) {
            let text = example.text.text();
            let source = SourceText::new("Dockerfile", text.as_str());
            let report = strict(&policy, &source);
            let style = Style::plain(80);
            let mut sarif = Vec::new();
            output::write(&report, Format::named("sarif").unwrap(), style, &mut sarif).unwrap();
            let published = SarifReport::read("report", sarif).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            let patch: String = lines.iter().map(|line| format!("\n+{line}")).collect();
            let hunks = Hunks::parse(&format!("@@ -0,0 +1,{} @@{patch}", lines.len()));
            let offset = |at: Position| {
                let start: usize = lines[..at.line - 1].iter().map(|line| line.len() + 1).sum();
                let line = lines.get(at.line - 1).copied().unwrap_or_default();
                start + line.chars().take(at.column - 1).map(char::len_utf8).sum::<usize>()
            };
            for judged in &report.findings {
                let Some(fix) = judged.finding.fix.as_ref().filter(|_| judged.waived.is_none()) else { continue };
                let fixed = crate::fix::apply(&source, &[fix]).unwrap();
                let item = published.items.iter().find(|item| item.fingerprint == judged.fingerprint).unwrap();
                let told = item.fix.as_ref().unwrap();
                let edit = |(region, text): &(Region, String)| Edit {
                    span: Span::new(offset(region.start), offset(region.end)),
                    text: text.clone(),
                };
                let edits: Vec<Edit> = told.edits.iter().map(edit).collect();
                assert_eq!(apply_edits(&source, &edits).unwrap(), fixed.text.text(), "the report's fix");
                let suggestion = Suggestion::of(told, &hunks, 0).unwrap();
                let mut clicked = lines[..suggestion.first - 1].to_vec();
                clicked.extend(suggestion.text.iter().flat_map(|text| text.split('\n')));
                clicked.extend(&lines[suggestion.last..]);
                let clicked: String = clicked.iter().map(|line| format!("{line}\n")).collect();
                assert_eq!(clicked, fixed.text.text(), "the suggestion");
                compared.insert(judged.finding.rule().id);
            }
        }
        assert!(compared.len() >= 35, "{compared:?}");
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
    fn lines_at_the_end_of_a_file_are_put_behind_the_last() {
        let hunks = Hunks::parse("@@ -1 +1,2 @@\n .git\n+node_modules");
        let suggestion = Suggestion::of(&fix(&[(3, 1, 3, 1, ".env\n*.pem\n")]), &hunks, 0).unwrap();
        assert_eq!((suggestion.first, suggestion.last), (2, 2));
        assert_eq!(suggestion.text.as_deref(), Some("node_modules\n.env\n*.pem"));
        let open = Suggestion::of(&fix(&[(2, 13, 2, 13, "\n.env\n")]), &hunks, 0).unwrap();
        assert_eq!(open.text.as_deref(), Some("node_modules\n.env\n"));
        assert_eq!(Suggestion::of(&fix(&[(1, 1, 1, 1, ".env\n")]), &Hunks::default(), 0), None);
    }

    #[test]
    fn what_the_diff_does_not_show_is_no_suggestion() {
        for edit in [(4, 2, 5, 1, ""), (9, 1, 9, 2, "x"), (2, 40, 2, 41, "x"), (1, 1, 1, 1, "")] {
            assert_eq!(Suggestion::of(&fix(&[edit]), &hunks(), 0), None, "{edit:?}");
        }
        assert_eq!(Suggestion::of(&fix(&[(1, 1, usize::MAX, 1, "")]), &hunks(), 0), None);
    }

    #[test]
    fn lines_that_go_leave_an_empty_suggestion() {
        for end in [(4, usize::MAX), (5, 1)] {
            let suggestion = Suggestion::of(&fix(&[(4, 1, end.0, end.1, "")]), &hunks(), 0).unwrap();
            assert_eq!((suggestion.first, suggestion.last), (4, 4));
            assert_eq!(suggestion.markdown(), "```suggestion\n```\n");
        }
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        let suggestion = Suggestion { first: 1, last: 1, text: Some("RUN ```` `x`".into()) };
        assert_eq!(suggestion.markdown(), "`````suggestion\nRUN ```` `x`\n`````\n");
    }
}
