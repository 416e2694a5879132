use super::references::{Hints, place};
use super::{Facts, Reporter};
use crate::dockerfile::{Word, expand_word};

/// Reports every variable of a FROM line that no ARG above the first FROM declares and no builder sets.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let mut hints = Hints::default();
    for stage in &facts.dockerfile.stages {
        let Some(env) = facts.environments.get(stage.from) else { continue };
        let platform = facts.dockerfile.instructions.get(stage.from).and_then(|from| from.flag_value("platform"));
        let words: [Option<&Word>; 2] = [platform, Some(&stage.base)];
        for word in words.into_iter().flatten() {
            let Ok(expanded) = expand_word(&word.text, env, facts.dockerfile.escape) else { continue };
            for name in expanded.unmatched.iter().filter(|name| !env.is_declared(name)) {
                let hint = hints.of(name, env);
                let message = format!("`${name}` is not declared above the first FROM, so it is empty here{hint}");
                let finding = report.at(place(facts, word.span, name), message).subject(name.clone());
                report.push(finding.help(format!("declare it with `ARG {name}=…` above the first FROM")));
            }
        }
    }
}
