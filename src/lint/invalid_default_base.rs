use super::{Facts, Reporter};
use crate::dockerfile::{ImageName, expand_word};

/// Reports every FROM that names no image when no build argument is given.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for stage in facts.dockerfile.stages.iter().filter(|stage| !stage.base.text.is_empty()) {
        let Some(env) = facts.default_environments.get(stage.from) else { continue };
        let Ok(expanded) = expand_word(&stage.base.text, env, facts.dockerfile.escape) else { continue };
        if ImageName::is_valid(&expanded.text) {
            continue;
        }
        let (written, becomes) = (&stage.base.text, &expanded.text);
        let message = match () {
            () if expanded.matched.is_empty() && expanded.unmatched.is_empty() => {
                format!("`{becomes}` is no name an image can have")
            }
            () if becomes.is_empty() => {
                format!("`{written}` is empty when no build argument is given, so a plain build fails")
            }
            () => format!(
                "`{written}` is `{becomes}` when no build argument is given, which is no name an image can have"
            ),
        };
        let finding = report.at(stage.base.span, message);
        report.push(finding.help("give the ARG a default that names an image"));
    }
}
