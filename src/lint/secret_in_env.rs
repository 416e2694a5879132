use std::collections::HashSet;

use super::{Facts, Reporter};
use crate::dockerfile::Keyword;
use crate::secrets::is_secret_name;
use crate::text::Span;

/// Reports every ENV and ARG that is named like a secret or has a value that is one.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let (by_value, unbuilt) = (report.params().bool("values"), report.params().bool("unbuilt"));
    let parts: Vec<String> = report.params().list("name-contains").iter().map(|part| part.to_lowercase()).collect();
    let is_like_one = |name: &str| match parts.is_empty() {
        true => is_secret_name(name),
        false => parts.iter().any(|part| name.to_lowercase().contains(part)),
    };
    let known = facts.secrets.iter().filter(|secret| by_value && secret.detector.is_some());
    let known: HashSet<Span> = known.filter_map(|secret| secret.variable.as_ref()).map(|name| name.span).collect();
    for instruction in &facts.dockerfile.instructions {
        let node = instruction.innermost();
        let kept = match node.keyword {
            Keyword::Env => "the image's config",
            Keyword::Arg => "the image's history",
            _ => continue,
        };
        let is_built = instruction.trigger.is_none() && instruction.stage.is_some_and(|stage| facts.is_built(stage));
        if !is_built && (!unbuilt || instruction.stage.is_some_and(|stage| !facts.is_built(stage))) {
            continue;
        }
        for name in node.args.pairs().iter().map(|pair| &pair.key) {
            // What the build gives it is told as such.
            let is_given = |name: &str| facts.given_secrets.iter().any(|given| given.name == name);
            if node.keyword == Keyword::Arg && is_given(&name.text) {
                continue;
            }
            let what = match known.contains(&name.span) {
                true => "holds a secret",
                false if is_like_one(name.text.trim_matches(['"', '\''])) => "is named like a secret",
                false => continue,
            };
            let keyword = node.keyword.name();
            let message = format!("{keyword} `{}` {what}, and its value stays readable in {kept}", name.text);
            let finding = report.at(name.span, message).subject(name.text.clone());
            report.push(
                finding.help(
                    "mount it for the step that needs it (`RUN --mount=type=secret,id=…`), or give it at run time",
                ),
            );
        }
    }
}
