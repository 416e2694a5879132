use super::{Facts, Reporter, edits};
use crate::finding::Fix;
use crate::text::Span;

/// Reports every instruction that goes on over an empty line, at its last line as BuildKit does.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let source = &facts.dockerfile.source;
    let mut left = facts.dockerfile.empty_continuations.as_slice();
    for instruction in &facts.dockerfile.instructions {
        // Both are in the order of the file. An empty line at its end may stand behind the instruction it ends.
        let inside = left.partition_point(|empty| source.line(empty.start) <= instruction.lines.1);
        let (empty, rest) = left.split_at(inside);
        left = rest;
        let Some(first) = empty.first() else { continue };
        let last = source.line_span(source.line(instruction.head_span.end.max(first.start)));
        let message = "an instruction goes on over an empty line, which a later builder will refuse";
        let mut finding = report.at(last, message).help("take the empty line out, or put a `#` on it");
        for span in empty {
            finding = finding.related(report.place(*span), "the empty line");
        }
        // A line goes with its end, whatever that is.
        let line = |span: &Span| {
            let rest = source.text().get(span.end..).unwrap_or_default();
            let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
            let is_blank = rest.get(..end).unwrap_or_default().trim().is_empty();
            edits::delete(if is_blank { Span::new(span.start, span.end + end) } else { *span })
        };
        report.push(finding.fix(Fix::safe("take the empty lines out", empty.iter().map(line).collect())));
    }
}
