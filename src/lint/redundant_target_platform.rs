use super::{Facts, Reporter, edits};
use crate::dockerfile::{Lookup, expand_word};
use crate::finding::Fix;

/// The platform that is built for, and that every FROM takes by default.
const DEFAULT: &str = "TARGETPLATFORM";

/// Reports every `FROM --platform` that says nothing but the default.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for stage in &facts.dockerfile.stages {
        let Some(env) = facts.environments.get(stage.from) else { continue };
        let flag = facts.dockerfile.instructions.get(stage.from).and_then(|from| from.flag("platform"));
        let Some((flag, value)) = flag.and_then(|flag| Some((flag, flag.value.as_ref()?))) else { continue };
        let Ok(expanded) = expand_word(&value.text, env, facts.dockerfile.escape) else { continue };
        let is_alone = expanded.unmatched.is_empty() && expanded.matched.iter().eq([DEFAULT]);
        if is_alone && env.get(DEFAULT) == Some(expanded.text.as_str()) {
            let message = "the platform that is built for is the one FROM takes anyway";
            let fix = Fix::safe("take the flag out", vec![edits::without_flag(facts, flag.span)]);
            report.push(report.at(flag.span, message).help("take the flag out").fix(fix));
        }
    }
}
