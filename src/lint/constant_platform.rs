use super::{Facts, Reporter, edits};
use crate::dockerfile::{Platform, expand_word};
use crate::finding::Fix;

/// Reports every `FROM --platform` of one platform, unless the stage's name says that it is for that one.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let is_strict = report.params().bool("strict");
    for stage in &facts.dockerfile.stages {
        let Some(env) = facts.environments.get(stage.from) else { continue };
        let flag = facts.dockerfile.instructions.get(stage.from).and_then(|from| from.flag("platform"));
        let Some((flag, value)) = flag.and_then(|flag| Some((flag, flag.value.as_ref()?))) else { continue };
        if value.text.is_empty() {
            continue;
        }
        let is_wrong = if is_strict {
            !["BUILDPLATFORM", "TARGETPLATFORM"].iter().any(|name| value.text.contains(name))
        } else {
            let Ok(expanded) = expand_word(&value.text, env, facts.dockerfile.escape) else { continue };
            let Some(platform) = Platform::parse(&expanded.text) else { continue };
            let name = stage.name.as_ref().map(|name| name.text.to_lowercase()).unwrap_or_default();
            let is_told = name.contains(&platform.system) || name.contains(&platform.architecture);
            expanded.matched.is_empty() && expanded.unmatched.is_empty() && !is_told
        };
        if is_wrong {
            let message = format!("the base is for {} whatever platform is built for", value.text);
            let fix = Fix::unsafe_("leave the platform to the build", vec![edits::without_flag(facts, flag.span)]);
            let finding = report.at(value.span, message).fix(fix);
            report.push(finding.help("leave the platform to `docker build --platform`, or use `$BUILDPLATFORM` for a stage that compiles for others"));
        }
    }
}
