use super::{Facts, Reporter, edits};
use crate::dockerfile::Keyword;
use crate::finding::Fix;

/// Reports every VOLUME of the final image.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (_, instruction) in facts.final_instructions().filter(|(_, i)| i.keyword == Keyword::Volume) {
        let message =
            "a declared volume leaves storage behind on the host, and images built on this one cannot take it back";
        let mut finding =
            report.at(instruction.head_span, message).help("mount the storage where the container is run");
        let edit = edits::without(facts, instruction);
        finding.fix = edit.map(|edit| Fix::unsafe_("declare the volume no more", vec![edit]));
        report.push(finding);
    }
}
