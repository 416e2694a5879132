use super::{Facts, Reporter, stages};
use crate::dockerfile::Keyword;

/// Reports a final image without HEALTHCHECK, on the FROM of its last stage; if asked to, every stage's.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let every_stage = report.params().bool("every-stage");
    for stage in stages::lacking(facts, every_stage, |_, i| i.keyword == Keyword::Healthcheck) {
        let message = "the image has no HEALTHCHECK, so a process that hangs counts as healthy";
        report.push(
            report
                .at(stage.base.span, message)
                .help("add a check that asks the application itself, or `HEALTHCHECK NONE`"),
        );
    }
}
