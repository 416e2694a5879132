use super::{Facts, Reporter};
use crate::dockerfile::Base;

/// Reports a final image that stands on scratch.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let chain = facts.target.map(|stage| facts.dockerfile.stage_chain(stage)).unwrap_or_default();
    for stage in chain.iter().filter_map(|stage| facts.dockerfile.stages.get(*stage)) {
        if facts.bases.get(stage.index) == Some(&Base::Scratch) {
            report
                .push(report.at(stage.base.span, "the final image is built on scratch, with no distribution below it"));
        }
    }
}
