//! Policies to begin with: a short one with the common choices, and one that lists everything.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ::toml::Value as Toml;

use super::engine_triggers;
use crate::rule::{self, Default as Kind, Edition, Phase, Rule};

/// A policy to begin with: the default one, and behind comments what teams change most.
pub fn starter() -> String {
    let edition = Edition::CURRENT;
    format!(
        r##"# What dockgate checks, and what it does about it. `dockgate policy template` lists every rule and parameter.

# Rules that join in later rulesets are told, and fail nothing until this is raised.
ruleset = "{edition}"
# A built-in policy (default, strict, cis, hadolint, buildkit, anchore-2017) or a file beside this one.
extends = "default"
# With `false`, comments in a Dockerfile silence nothing.
# inline-ignores = true

# What is done about a finding of each severity: stop, warn, go or off.
[actions]
# error = "stop"
# warning = "warn"
# info = "go"
# style = "go"
# The most that is done about what came with the base image.
# base = "warn"

# Single rules, by any of their names: an action, or a table with parameters.
[rules]
# untagged-base = "stop"
# DL3008 = "off"
# exposed-port = {{ action = "stop", allowed-ports = ["8080", "8443"] }}

# A rule can run several times.
# [[rules.file-name-matched]]
# action = "stop"
# name-regexp = '.*\.pem$'

# Checks of your own, on instructions, files, packages, labels, variables, ports and the user.
# [[check]]
# id = "no-telnet"
# message = "telnet sends passwords in the clear"
# action = "stop"
# package = {{ name = "telnet*" }}

# What holds for some images only; of two blocks that fit, the later counts.
# [[image]]
# names = ["registry.example/tools/*", "builder:1.*"]
# category = "build images"
# rules = {{ last-user-root = "go" }}

# A waiver says why, and can say who answers for it and until when. One that covers nothing is reported.
# [[waiver]]
# rule = "secret-in-env"
# path = "test/Dockerfile"
# reason = "a password of the test database, which lives for one test"
# owner = "team-storage"
# expires = "2027-06-30"
"##
    )
}

/// Every rule with its names, its parameters and what they are for, behind comments: take the `#` away before what is
/// wanted.
pub fn template() -> String {
    let mut out = format!(
        "# Every rule of ruleset {0}, with its parameters at their defaults. Take the `#` before a rule away to set it.\n\n\
         ruleset = \"{0}\"\n\n[rules]\n",
        Edition::CURRENT
    );
    let phases = [
        (Phase::Lint, "The Dockerfile"),
        (Phase::Context, "The build context"),
        (Phase::Image, "The image"),
        (Phase::Run, "The run itself"),
    ];
    for (phase, title) in phases {
        let _ = writeln!(out, "\n# ---- {title}\n");
        for rule in rule::all().iter().filter(|rule| rule.phase == phase) {
            one(&mut out, rule);
        }
    }
    out
}

fn one(out: &mut String, rule: &Rule) {
    let names: BTreeSet<&str> = rule.other_names().collect();
    let names: Vec<&str> = names.into_iter().collect();
    let also = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
    let _ = writeln!(out, "# {}: {}{also}", rule.severity, rule.summary);
    for param in rule.params {
        let needed = if param.required { ", needed" } else { "" };
        let old = param.anchore.map(|name| format!(", {name} in Anchore's policies")).unwrap_or_default();
        let _ = writeln!(out, "#   {}{needed}{old}: {}", param.name, param.help);
    }
    for (trigger, params) in engine_triggers().filter(|(trigger, _)| rule.triggers.contains(trigger)) {
        if !params.is_empty() {
            let _ = writeln!(out, "#   as {trigger}: {}", params.join(", "));
        }
    }
    let given: Vec<String> = rule.params.iter().map(|p| format!("{} = {}", p.name, value(p.default))).collect();
    let action = "action = \"stop\"".to_owned();
    match given.is_empty() {
        true => {
            let _ = writeln!(out, "# {} = \"stop\"\n", rule.id);
        }
        false => {
            let all: Vec<String> = [action].into_iter().chain(given).collect();
            let _ = writeln!(out, "# {} = {{ {} }}\n", rule.id, all.join(", "));
        }
    }
}

fn value(default: Kind) -> Toml {
    match default {
        Kind::Str(text) => Toml::String(text.to_owned()),
        Kind::List(items) => Toml::Array(items.iter().map(|item| Toml::String((*item).to_owned())).collect()),
        Kind::Int(number) => Toml::Integer(number),
        Kind::Bool(switch) => Toml::Boolean(switch),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::text::SourceText;

    fn parse(text: &str) -> Policy {
        Policy::parse(&SourceText::new("dockgate.toml", text)).unwrap_or_else(|e| panic!("{e}\n{text}"))
    }

    #[test]
    fn the_starter_is_the_default_policy_until_something_is_taken_in() {
        let shown = |policy: &Policy| {
            policy.checks.iter().map(|c| format!("{} {} {:?}", c.rule.id, c.action, c.params)).collect::<Vec<_>>()
        };
        assert_eq!(shown(&parse(&starter())), shown(&Policy::default_policy().unwrap()));
        // Every commented line that is TOML can be taken in.
        let is_setting = |line: &str| line.starts_with("# ") && (line.contains(" = ") || line.starts_with("# [["));
        let taken_in =
            |line: &str| if is_setting(line) { line.trim_start_matches("# ").to_owned() } else { line.to_owned() };
        let whole: Vec<String> = starter().lines().map(taken_in).collect();
        let policy = parse(&whole.join("\n"));
        assert!(policy.checks.iter().any(|c| c.rule.id == "no-telnet"));
        assert_eq!(policy.waivers.len(), 1);
    }

    #[test]
    fn every_rule_and_parameter_is_listed_and_can_be_taken_in() {
        let template = template();
        parse(&template);
        for rule in rule::all() {
            let line = template
                .lines()
                .find(|l| l.starts_with(&format!("# {} = ", rule.id)))
                .unwrap_or_else(|| panic!("{}", rule.id));
            assert!(rule.params.iter().all(|p| line.contains(p.name) && template.contains(p.help)), "{}", rule.id);
            let can_be_empty = rule.params.iter().all(|p| !p.required && !matches!(p.default, Kind::List([])));
            if can_be_empty && !rule.params.iter().any(|p| p.name.ends_with("-regexp")) {
                parse(&format!("[rules]\n{}\n", line.trim_start_matches("# ")));
            }
        }
    }
}
