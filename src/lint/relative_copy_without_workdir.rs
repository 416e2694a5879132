use super::relative_workdir::is_absolute;
use super::{Facts, Reporter, edits};
use crate::dockerfile::Keyword;
use crate::finding::Fix;

/// Reports every COPY to a relative path in a stage where no WORKDIR holds.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (index, copy) in facts.instructions_of(Keyword::Copy) {
        let Some(copying) = copy.copy_sources_and_dest() else { continue };
        let destination = facts.text_of(index, copying.destination);
        if is_absolute(&destination) || destination.starts_with('$') || has_workdir(facts, index) {
            continue;
        }
        let message = format!("no WORKDIR is set here, so where `{destination}` lies depends on the base image");
        let mut finding =
            report.at(copying.destination.span, message).help("set WORKDIR before, or write the whole path");
        let edit = edits::in_front(facts, copying.destination, "/").filter(|_| facts.dockerfile.escape == '\\');
        finding.fix = edit.map(|edit| Fix::unsafe_("copy to the path from `/` on", vec![edit]));
        report.push(finding);
    }
}

/// Whether a WORKDIR of the file holds at an instruction: one before it in its stage, or one of the stages below.
fn has_workdir(facts: &Facts<'_>, index: usize) -> bool {
    let dockerfile = facts.dockerfile;
    let is_workdir = |i: usize| dockerfile.instructions.get(i).is_some_and(|i| i.keyword == Keyword::Workdir);
    let Some(stage) = dockerfile.stage_of(index) else { return (0..index).any(is_workdir) };
    (stage.from..index).any(is_workdir)
        || dockerfile
            .stage_chain(stage.index)
            .into_iter()
            .skip(1)
            .filter_map(|below| dockerfile.stages.get(below))
            .any(|below| below.instructions.clone().any(is_workdir))
}
