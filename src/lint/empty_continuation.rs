use super::{Facts, Reporter};
use crate::text::Span;

/// Reports every instruction that goes on over an empty line, at its last line as BuildKit does.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let source = &facts.dockerfile.source;
    for instruction in &facts.dockerfile.instructions {
        let is_inside = |empty: &&Span| {
            let line = source.line(empty.start);
            instruction.lines.0 < line && line <= instruction.lines.1
        };
        let mut empty = facts.dockerfile.empty_continuations.iter().filter(is_inside).peekable();
        let Some(first) = empty.peek() else { continue };
        let head_end = instruction.head_span.end.max(first.start);
        let last = source.line_span(source.line(head_end));
        let message = "an instruction goes on over an empty line, which a later builder will refuse";
        let mut finding = report.at(last, message).help("take the empty line out, or put a `#` on it");
        for span in empty {
            finding = finding.related(report.place(*span), "the empty line");
        }
        report.push(finding);
    }
}
