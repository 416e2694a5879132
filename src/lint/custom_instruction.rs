use super::{Facts, Reporter};
use crate::policy::find_regex;

/// Reports the instructions that a check of the policy describes, or that there is none.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let (params, message) = (report.params(), report.rule().summary);
    // The policy has compiled it before.
    let Ok(regex) = find_regex(params.str("argument-regexp")) else { return };
    let fitting: Vec<_> = facts
        .dockerfile
        .instructions
        .iter()
        .filter(|i| i.keyword.name().eq_ignore_ascii_case(params.str("keyword")))
        .filter(|i| regex.is_match(&facts.dockerfile.arguments(i)))
        .collect();
    if params.bool("absent") {
        if let (true, Some(last)) = (fitting.is_empty(), facts.dockerfile.stages.last()) {
            report.push(report.at(last.base.span, message));
        }
        return;
    }
    for instruction in fitting {
        report.push(report.at(instruction.head_span, message));
    }
}
