use super::{Facts, Reporter};
use crate::dockerfile::IgnoreScope;

/// Reports every comment that silences findings.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let only_instructions = report.params().bool("single-instructions-only");
    for comment in facts.dockerfile.ignore_comments() {
        let is_meant = !only_instructions || comment.scope == IgnoreScope::Instruction;
        if comment.fault.is_some() || !is_meant {
            continue;
        }
        let names: Vec<&str> = comment.names.iter().map(|name| name.text.as_str()).collect();
        let message = format!("this comment silences {} where nobody outside the file sees it", names.join(", "));
        let help = "mend what it silences, or waive it in the policy with your reason";
        report.push(report.at(comment.span, message).help(help));
    }
}
