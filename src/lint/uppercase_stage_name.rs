use super::{Facts, Reporter, edits};
use crate::finding::Fix;

/// Reports every stage name that has a capital in it.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for stage in &facts.dockerfile.stages {
        let Some(name) = &stage.name else { continue };
        let lower = name.text.to_lowercase();
        if name.text != lower {
            let message = format!("the stage `{}` is known as `{lower}`: names of stages have no case", name.text);
            let help = format!("write it `{lower}`, here and where it is used");
            let mut finding = report.at(name.span, message).help(help.clone());
            finding.fix = edits::renamed(facts, stage, &lower).map(|edits| Fix::safe(help, edits));
            report.push(finding);
        }
    }
}
