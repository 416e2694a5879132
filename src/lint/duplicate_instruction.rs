//! Instructions of which a stage has use for one: the last.

use std::collections::HashMap;

use super::{Facts, Reporter, StepNode, edits};
use crate::dockerfile::Keyword;
use crate::finding::Fix;

/// Reports every CMD that a later one of its stage replaces.
pub fn cmd(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    replaced(facts, report, Keyword::Cmd);
}

/// Reports every ENTRYPOINT that a later one of its stage replaces.
pub fn entrypoint(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    replaced(facts, report, Keyword::Entrypoint);
}

/// Reports every HEALTHCHECK that a later one of its stage replaces.
pub fn healthcheck(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    replaced(facts, report, Keyword::Healthcheck);
}

fn replaced(facts: &Facts<'_>, report: &mut Reporter<'_>, keyword: Keyword) {
    let mut last: HashMap<usize, StepNode<'_>> = HashMap::new();
    for step in facts.step_nodes().filter(|step| step.node.keyword == keyword) {
        let Some(earlier) = last.insert(step.step.stage, step) else { continue };
        let (span, later) = (earlier.node.keyword_word.span, step.node.keyword_word.span);
        let line = facts.dockerfile.source.line(later.start);
        let message = format!("this {} does nothing: the one on line {line} replaces it", keyword.name());
        let mut finding = report.at_step(&earlier, span, message).related(report.place(later), "the one that counts");
        let edit = edits::without(facts, earlier.node).filter(|_| !earlier.step.is_trigger);
        finding.fix = edit.map(|edit| Fix::safe("take it out", vec![edit]));
        report.push(finding.silenced_at(later).help("take it out"));
    }
}
