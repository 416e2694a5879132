//! A policy of Anchore's, text or JSON, as a policy of dockgate's own that decides the same.

use std::fmt::Write as _;

use ::toml::Value as Toml;

use super::layer::{Layer, Wanted, Wish};
use super::{Action, ImageNames, Policies, PolicyError, Waiver};
use crate::rule::{Edition, Params, Value};
use crate::text::SourceText;

impl Policies {
    /// What an Anchore policy asks for of an image, in TOML. Comments of a text policy stay above the line they stood
    /// above. `None` for a policy that is no Anchore policy.
    ///
    /// # Errors
    /// As [`Policies::for_image`].
    pub fn to_toml(&self, image: &ImageNames) -> Result<Option<String>, PolicyError> {
        Ok(self.anchore_layer(image)?.map(|(layer, name)| written(&layer, &name)))
    }
}

fn written(layer: &Layer, name: &str) -> String {
    let mut out = format!("# Written from {name}.\n\nruleset = \"{}\"\nnamed-only = true\n", Edition::CURRENT);
    let start = |wanted: &Wanted| wanted.line.as_ref().map_or(usize::MAX, |line| line.span.start);
    let mut all: Vec<&Wanted> = layer.rules.values().flatten().collect();
    all.sort_by_key(|wanted| start(wanted));
    // What comes with the form of the policy stands where the line it follows from does, or at the end.
    let mut told = 0;
    let mut has_own = false;
    for wanted in all {
        if let Some(line) = &wanted.line {
            let number = line.source.line(line.span.start);
            for comment in (told + 1..number).map(|n| comment(&line.source, n)) {
                out.push_str(&comment);
            }
            told = told.max(number);
        } else if !has_own {
            has_own = true;
            out.push_str("\n# Whether the rest could be checked at all.\n");
        }
        rule(&mut out, wanted);
    }
    for waived in &layer.waivers {
        waiver(&mut out, waived);
    }
    out
}

/// A comment line as it was, and a blank line for a blank one.
fn comment(source: &SourceText, number: usize) -> String {
    if source.path().ends_with(".json") || source.text().trim_start_matches('\u{FEFF}').trim_start().starts_with('{') {
        return String::new();
    }
    let line = source.slice(source.line_span(number)).trim_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}');
    match line {
        "" => "\n".to_owned(),
        // TOML allows no control characters in comments.
        line if line.starts_with('#') => format!("{}\n", line.replace(|c: char| c.is_control() && c != '\t', " ")),
        _ => String::new(),
    }
}

fn rule(out: &mut String, wanted: &Wanted) {
    let action = match wanted.wish {
        Wish::Do(action) => word(action),
        Wish::Off => "off",
        Wish::BySeverity => "stop",
    };
    let trigger = wanted.trigger.as_ref().map(|trigger| format!(" # {trigger}")).unwrap_or_default();
    let _ = writeln!(out, "[[rules.{}]]{trigger}\naction = \"{action}\"", wanted.rule.id);
    let defaults = Params::defaults(wanted.rule);
    // What is empty by default says nothing; anything else is written, so that it does not change with the defaults.
    let is_silent =
        |name: &str, value: &Value| is_empty(value) && defaults.iter().any(|(n, d)| n == name && d == value);
    for (name, value) in wanted.params.iter().filter(|(name, value)| !is_silent(name, value)) {
        let _ = writeln!(out, "{name} = {}", toml(value));
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Str(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Int(number) => *number == 0,
        Value::Bool(switch) => !switch,
    }
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Stop => "stop",
        Action::Warn => "warn",
        Action::Go => "go",
    }
}

fn toml(value: &Value) -> Toml {
    match value {
        Value::Str(text) => Toml::String(text.clone()),
        Value::List(items) => Toml::Array(items.iter().map(|item| Toml::String(item.clone())).collect()),
        Value::Int(number) => Toml::Integer(*number),
        Value::Bool(switch) => Toml::Boolean(*switch),
    }
}

fn waiver(out: &mut String, waiver: &Waiver) {
    let Some(item) = &waiver.whitelisted else { return };
    let text = |text: &str| Toml::String(text.to_owned());
    let _ = writeln!(out, "\n[[waiver]]\ngate = {}\ntrigger-id = {}", text(item.gate()), text(item.trigger_id()));
    let _ = writeln!(out, "reason = {}", text(&waiver.reason));
    if let Some(day) = waiver.expires {
        let _ = writeln!(out, "expires = {day}");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{Policy, from_disk};
    use super::*;

    /// The TOML of a policy, and what each of the two decides.
    fn converted(file: &str, text: &str) -> (String, Vec<String>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        std::fs::write(&path, text).unwrap();
        let image = ImageNames { names: vec!["nginx".into()], ..ImageNames::default() };
        let policies = Policies::load(&path.to_string_lossy(), &[], &from_disk).unwrap();
        let toml = policies.to_toml(&image).unwrap().unwrap();
        let again =
            Policy::parse(&SourceText::new("again.toml", toml.clone())).unwrap_or_else(|e| panic!("{e}\n{toml}"));
        (toml, shown(&policies.for_image(&image).unwrap()), shown(&again))
    }

    fn shown(policy: &Policy) -> Vec<String> {
        let checks = policy.checks.iter().map(|c| format!("{} {} {:?}", c.rule.id, c.action, c.params));
        let waivers = policy.waivers.iter().map(|w| format!("{:?} {} {:?}", w.whitelisted, w.reason, w.expires));
        checks
            .chain(waivers)
            .chain([format!("{} {} {:?}", policy.ruleset, policy.base_limit, policy.left_out)])
            .collect()
    }

    #[test]
    fn a_text_policy_keeps_its_comments_and_decides_the_same() {
        let text = "# Our policy\n\nDOCKERFILECHECK:EXPOSE:STOP:DENIEDPORTS=22,23\n# keys\tand more\n\
                    FILECHECK:FILENAMEMATCH:STOP:FILECHECK_NAMEREGEXP=.*/id_rsa$\nFILECHECK:FILENAMEMATCH:WARN:FILECHECK_NAMEREGEXP=.*'\\\"x\n";
        let (toml, before, after) = converted("gate.policy", text);
        assert_eq!(before, after);
        let start = "ruleset = \"2026.1\"\nnamed-only = true\n# Our policy\n\n[[rules.dockerfile-missing]] # DOCKERFILECHECK:EXPOSE\n";
        assert!(toml.contains(start), "{toml}");
        assert!(
            toml.contains(
                "# keys\tand more\n[[rules.file-name-matched]] # FILECHECK:FILENAMEMATCH\naction = \"stop\"\n"
            ),
            "{toml}"
        );
        let (_, text) = crate::rule::builtin_policy("anchore-2017").unwrap();
        let (_, before, after) = converted("gate.policy", text);
        assert_eq!(before, after);
    }

    #[test]
    fn a_bundle_is_written_for_one_image() {
        let text = r#"{"policies": [{"id": "p", "rules": [
            {"gate": "files", "trigger": "name_match", "action": "STOP", "params": [{"name": "regex", "value": "/a\"b'"}]}]}],
            "whitelists": [{"id": "w", "items": [{"gate": "*", "trigger_id": "CVE-1", "expires_on": "2026-12-31"}]}],
            "mappings": [{"name": "m", "registry": "docker.io", "repository": "*", "image": {"type": "tag", "value": "*"},
                          "policy_id": "p", "whitelist_ids": ["w"]}]}"#;
        let (toml, before, after) = converted("bundle.json", text);
        assert_eq!(before, after, "{toml}");
        assert!(toml.contains("[[rules.file-name-matched]] # files:name_match\n"), "{toml}");
        assert!(toml.contains("trigger-id = \"CVE-1\""), "{toml}");
    }

    #[test]
    fn a_policy_of_dockgates_own_is_not_converted() {
        let policies = Policies::load("default", &[], &from_disk).unwrap();
        assert_eq!(policies.to_toml(&ImageNames::default()).unwrap(), None);
    }
}
