use super::{Facts, Reporter};

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
        report.push(finding);
    }
}
