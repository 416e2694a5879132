use super::{Facts, Reporter, stages};
use crate::dockerfile::Keyword;

/// Reports an image without one of the labels that the policy asks for, on the FROM of its stage.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let every_stage = report.params().bool("every-stage");
    for label in report.params().list("labels") {
        let is_set = |index: usize, instruction: &crate::dockerfile::Instruction| {
            let mut pairs = instruction.args.pairs().iter();
            instruction.keyword == Keyword::Label && pairs.any(|pair| facts.text_of(index, &pair.key) == *label)
        };
        for stage in stages::lacking(facts, every_stage, is_set) {
            let finding = report.at(stage.base.span, format!("the image has no label `{label}`"));
            report.push(finding.subject(label.clone()).help(format!("add `LABEL {label}=\"…\"`")));
        }
    }
}
