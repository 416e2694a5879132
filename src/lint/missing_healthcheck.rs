use super::{Facts, Reporter};
use crate::dockerfile::Keyword;

/// Reports a final image without HEALTHCHECK, on the FROM of its last stage.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let Some(stage) = facts.target.and_then(|stage| facts.dockerfile.stages.get(stage)) else { return };
    if !facts.final_instructions().any(|(_, i)| i.keyword == Keyword::Healthcheck) {
        let message = "the image has no HEALTHCHECK, so a process that hangs counts as healthy";
        report.push(
            report
                .at(stage.base.span, message)
                .help("add a check that asks the application itself, or `HEALTHCHECK NONE`"),
        );
    }
}
