//! What another state of a policy would change, for a policy that is read from elsewhere than the work tree.

use std::collections::BTreeMap;

use super::{Check, Policy, PolicyLine, Waiver};

/// What `wished` would change of `policy`, one sentence each, sorted.
pub fn proposed(policy: &Policy, wished: &Policy) -> Vec<String> {
    let mut changes = Vec::new();
    if policy.ruleset != wished.ruleset {
        changes.push(format!("ruleset {} in place of {}", wished.ruleset, policy.ruleset));
    }
    if policy.base_limit != wished.base_limit {
        let (now, then) = (policy.base_limit, wished.base_limit);
        changes.push(format!("{then} in place of {now} as the most for what came with the base"));
    }
    if policy.honours_comments != wished.honours_comments {
        let then = if wished.honours_comments { "comments silence findings" } else { "comments silence nothing" };
        changes.push(then.to_owned());
    }
    let (now, then) = (by_rule(policy), by_rule(wished));
    for (rule, runs) in &now {
        match then.get(rule) {
            None => changes.push(format!("{rule} would not be checked")),
            Some(others) if texts(runs) != texts(others) => {
                let line = others.iter().find_map(|(_, line)| *line).map(at).unwrap_or_default();
                let (now, then) = (texts(runs).join("; "), texts(others).join("; "));
                changes.push(format!("{line}{rule} would be {then} in place of {now}"));
            }
            Some(_) => {}
        }
    }
    for (rule, runs) in then.iter().filter(|(rule, _)| !now.contains_key(*rule)) {
        let line = runs.iter().find_map(|(_, line)| *line).map(at).unwrap_or_default();
        changes.push(format!("{line}{rule} would be {}", texts(runs).join("; ")));
    }
    let is_in = |waiver: &Waiver, policy: &Policy| policy.waivers.iter().any(|other| say(other) == say(waiver));
    for waiver in wished.waivers.iter().filter(|w| !is_in(w, policy)) {
        changes.push(format!("{}a waiver: {}", at(&waiver.line), say(waiver)));
    }
    for waiver in policy.waivers.iter().filter(|w| !is_in(w, wished)) {
        changes.push(format!("the end of a waiver: {}", say(waiver)));
    }
    changes.sort();
    changes.dedup();
    changes.into_iter().map(|change| format!("proposed, not in force: {change}")).collect()
}

type Runs<'p> = BTreeMap<String, Vec<(String, Option<&'p PolicyLine>)>>;

/// What is done, by rule: action and parameters of each run.
fn by_rule(policy: &Policy) -> Runs<'_> {
    let mut runs = Runs::new();
    for check in &policy.checks {
        let name = check.code.map_or_else(|| check.rule.id.to_owned(), |code| code.to_string());
        runs.entry(name).or_default().push((told(check), check.line.as_ref()));
    }
    for target in &policy.left_out {
        runs.entry(target.to_string()).or_default().push(("off".to_owned(), None));
    }
    runs
}

fn told(check: &Check) -> String {
    let defaults = crate::rule::Params::defaults(check.rule);
    let is_own = |name: &str, value: &crate::rule::Value| defaults.iter().all(|(n, v)| n != name || v != value);
    let params = check.params.iter().filter(|(name, value)| is_own(name, value));
    let params: Vec<String> = params.map(|(name, value)| format!("{name}={value}")).collect();
    let severity = check.severity.map(|severity| format!(" as {severity}")).unwrap_or_default();
    let with = if params.is_empty() { String::new() } else { format!(" with {}", params.join(" ")) };
    format!("{}{severity}{with}", check.action)
}

fn texts<'r>(runs: &'r [(String, Option<&PolicyLine>)]) -> Vec<&'r str> {
    runs.iter().map(|(text, _)| text.as_str()).collect()
}

fn at(line: &PolicyLine) -> String {
    format!("{}:{}: ", line.source.path(), line.source.line(line.span.start))
}

/// What a waiver covers, and why.
fn say(waiver: &Waiver) -> String {
    let rules: Vec<String> = waiver.rules.iter().map(ToString::to_string).collect();
    let item = waiver.whitelisted.as_ref().map(ToString::to_string).unwrap_or_default();
    let path = waiver.path.as_ref().map(|path| format!(" in {}", path.as_str())).unwrap_or_default();
    let fingerprint = waiver.fingerprint.as_ref().map(|f| format!(" for {f}")).unwrap_or_default();
    let until = waiver.expires.map(|day| format!(" until {day}")).unwrap_or_default();
    let owner = waiver.owner.as_ref().map(|owner| format!(" of {owner}")).unwrap_or_default();
    format!("{}{item}{path}{fingerprint}{owner}{until} ({})", rules.join(", "), waiver.reason)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::text::SourceText;

    #[test]
    fn every_change_is_a_sentence() {
        let policy = |text: &str| Policy::parse(&SourceText::new("p.toml", text)).unwrap();
        let now = policy(
            "extends = \"cis\"\n[rules]\nuntagged-base = \"stop\"\nsudo-used = \"warn\"\nexposed-port = { denied-ports = [22, 23] }\n\
             [[waiver]]\nrule = \"latest-base\"\nreason = \"old\"\n",
        );
        let then = policy(
            "extends = \"cis\"\n[actions]\nbase = \"go\"\n[rules]\nuntagged-base = \"go\"\nexposed-port = { denied-ports = [22] }\nscratch-base = \"warn\"\n\
             [[waiver]]\nrule = \"latest-base\"\nreason = \"new\"\n",
        );
        assert_eq!(
            proposed(&now, &then),
            [
                "GO in place of STOP as the most for what came with the base",
                "p.toml:5: untagged-base would be GO in place of STOP",
                "p.toml:7: scratch-base would be WARN",
                "p.toml:8: a waiver: latest-base (new)",
                "sudo-used would not be checked",
                "the end of a waiver: latest-base (old)",
            ]
            .map(|change| format!("proposed, not in force: {change}"))
        );
        assert!(proposed(&now, &now).is_empty());
    }
}
