use super::{Facts, Reporter};
use crate::dockerfile::Keyword;

/// Reports every ENV and LABEL with a blank between name and value.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for step in facts.step_nodes().filter(|step| matches!(step.node.keyword, Keyword::Env | Keyword::Label)) {
        for pair in step.node.args.pairs().iter().filter(|pair| pair.is_legacy && pair.value.is_some()) {
            let (keyword, name) = (step.node.keyword.name(), &pair.key.text);
            let message =
                format!("`{keyword} {name}` has a blank before its value, so all the rest of the line is the value");
            report.push(report.at_step(&step, pair.key.span, message).help(format!("write `{keyword} {name}=…`")));
        }
    }
}
