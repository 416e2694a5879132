//! hadolint's own configuration, honoured where the built-in policy `hadolint` is in force: its file is found where hadolint
//! finds it, its environment variables are read over it, and what they ask for is laid over the policy.

mod file;
mod settings;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::layer::{Layer, Wanted, Wish, params};
use super::{Action, Fault, OutputWishes, Policy, PolicyError, PolicyLine};
use crate::rule::{self, Params, Rule, Severity, Target, Value, catalogue};
use settings::{Code, LabelType, Settings};

/// The built-in policy's name.
pub(super) const NAME: &str = "hadolint";

/// Where a process stands, as far as hadolint looks.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    /// The current folder.
    pub(super) folder: PathBuf,
    /// Environment variables.
    pub(super) variables: BTreeMap<String, String>,
}

impl Surroundings {
    /// Those of this process.
    pub(super) fn of_process() -> Self {
        let is_read = |name: &str| name.starts_with("HADOLINT_") || matches!(name, "HOME" | "XDG_CONFIG_HOME");
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok().filter(|name| is_read(name))?;
            Some((name, value.into_string().ok()?))
        });
        Self { folder: PathBuf::from("."), variables: variables.collect() }
    }
}

/// The policy that `layer`, the built-in one, comes to with hadolint's configuration over it.
///
/// # Errors
/// When the configuration cannot be read, or hadolint would not take it.
pub(super) fn resolve(mut layer: Layer, around: &Surroundings) -> Result<Policy, PolicyError> {
    let mut settings = match file::find(around)? {
        Some(text) => file::read(&text)?,
        None => Settings::default(),
    };
    settings.add_environment(&around.variables);
    let mut notes = std::mem::take(&mut settings.notes);
    lay_over(&settings, &mut layer, &mut notes).map_err(|fault| settings.refused(fault))?;
    let name = match settings.sources.join(", ") {
        sources if sources.is_empty() => NAME.to_owned(),
        sources => format!("{NAME} with {sources}"),
    };
    let mut policy = layer.resolve(name);
    policy.notes.extend(notes);
    policy.wishes = OutputWishes { format: settings.format, is_plain: settings.no_color.unwrap_or(false) };
    Ok(policy)
}

const SEVERITIES: [Severity; 4] = [Severity::Style, Severity::Info, Severity::Warning, Severity::Error];

fn lay_over(settings: &Settings, layer: &mut Layer, notes: &mut Vec<String>) -> Result<(), Fault> {
    if settings.threshold.is_some() || settings.no_fail.is_some() {
        let threshold = settings.threshold.unwrap_or(Severity::Info);
        let never = settings.no_fail == Some(true);
        for severity in SEVERITIES {
            let action = if severity >= threshold && !never { Action::Stop } else { Action::Go };
            layer.actions.insert(severity, Some(action));
        }
    }
    if settings.disable_ignore_pragma == Some(true) {
        layer.honours_comments = Some(false);
    }
    if !settings.registries.is_empty() {
        let registries = Value::List(settings.registries.clone());
        set(layer, catalogue::UNTRUSTED_REGISTRY, "trusted-registries", registries)?;
    }
    labels(settings, layer)?;
    // Of several lists that name a rule hadolint takes the worst severity, and above them all the list of ignored rules.
    for severity in SEVERITIES {
        for code in settings.overrides.get(&severity).into_iter().flatten() {
            for rule in named(code, notes) {
                for wanted in wanted(layer, rule) {
                    wanted.severity = Some(severity);
                    wanted.wish = Wish::BySeverity;
                    wanted.is_built_in = false;
                    wanted.line.clone_from(&code.line);
                }
            }
        }
    }
    for code in &settings.ignored {
        for rule in named(code, notes) {
            for wanted in wanted(layer, rule) {
                wanted.wish = Wish::Off;
                wanted.line.clone_from(&code.line);
            }
        }
    }
    Ok(())
}

/// The label schema, to the rules it concerns.
fn labels(settings: &Settings, layer: &mut Layer) -> Result<(), Fault> {
    let of_type = |wanted: LabelType| {
        let labels = settings.labels.iter().filter(|(_, kind)| **kind == wanted);
        Value::List(labels.map(|(name, _)| name.clone()).collect())
    };
    let all: Vec<String> = settings.labels.keys().cloned().collect();
    if settings.strict_labels == Some(true) {
        let allowed = if all.is_empty() { vec!["NONE".to_owned()] } else { all.clone() };
        set(layer, catalogue::UNKNOWN_LABEL, "labels", Value::List(allowed))?;
    }
    if all.is_empty() {
        return Ok(());
    }
    for (rule, value) in [
        (catalogue::MISSING_LABEL, Value::List(all.clone())),
        (catalogue::EMPTY_LABEL, Value::List(all)),
        (catalogue::LABEL_NOT_URL, of_type(LabelType::Url)),
        (catalogue::LABEL_NOT_RFC3339, of_type(LabelType::Rfc3339)),
        (catalogue::LABEL_NOT_SPDX, of_type(LabelType::Spdx)),
        (catalogue::LABEL_NOT_GIT_HASH, of_type(LabelType::Hash)),
        (catalogue::LABEL_NOT_SEMVER, of_type(LabelType::Semver)),
        (catalogue::LABEL_NOT_EMAIL, of_type(LabelType::Email)),
    ] {
        set(layer, rule, "labels", value)?;
    }
    Ok(())
}

/// Sets one parameter of a rule and leaves the others as they are.
fn set(layer: &mut Layer, rule: &'static Rule, name: &str, value: Value) -> Result<(), Fault> {
    for wanted in wanted(layer, Target { rule, code: None }) {
        let kept = wanted.params.iter().filter(|(other, _)| *other != name);
        let given = kept.map(|(other, value)| (other.to_owned(), value.clone()));
        wanted.params = params(rule, given.chain([(name.to_owned(), value.clone())]).collect())?;
    }
    Ok(())
}

/// The runs of a rule, to be changed; one by default where the policy has none.
fn wanted(layer: &mut Layer, target: Target) -> &mut Vec<Wanted> {
    let Target { rule, code } = target;
    layer.rules.entry((rule.id, code)).or_insert_with(|| {
        vec![Wanted {
            rule,
            code,
            wish: Wish::BySeverity,
            severity: None,
            params: Params::defaults(rule),
            trigger: None,
            line: None,
            is_built_in: true,
        }]
    })
}

/// The rules a code stands for. One that is not known is told, as hadolint does not.
fn named(code: &Code, notes: &mut Vec<String>) -> Vec<Target> {
    let rules: Vec<Target> = rule::targets(&code.text).into_iter().filter(|t| !t.rule.needs_params()).collect();
    if rules.is_empty() {
        let near = rule::similar(&code.text).map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
        notes.push(format!("{}: `{}` is no rule{near}", code.origin(), code.text));
    }
    rules
}

impl Code {
    /// Where it was given, for people.
    fn origin(&self) -> String {
        match &self.line {
            Some(PolicyLine { source, span }) => format!("{}:{}", source.path(), source.line(span.start)),
            None => "the environment".to_owned(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;

    /// The policy with a configuration file in the current folder and these variables.
    fn policy(config: &str, variables: &[(&str, &str)]) -> Result<Policy, PolicyError> {
        let folder = tempfile::tempdir().unwrap();
        if !config.is_empty() {
            fs::write(folder.path().join(".hadolint.yaml"), config).unwrap();
        }
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        super::super::read::built_in(NAME)
            .and_then(|layer| resolve(layer, &Surroundings { folder: folder.path().to_owned(), variables }))
    }

    fn told(policy: &Policy, code: &str) -> Option<(Option<Severity>, Action)> {
        let rule = rule::find(code).unwrap();
        policy.checks.iter().find(|c| c.rule == rule).map(|c| (c.severity, c.action))
    }

    fn list(policy: &Policy, rule: &'static Rule, name: &str) -> Vec<String> {
        policy.checks.iter().find(|c| c.rule == rule).unwrap().params.list(name).to_vec()
    }

    #[test]
    fn without_a_configuration_the_policy_is_the_built_in_one() {
        let plain = policy("", &[]).unwrap();
        assert_eq!((plain.name.as_str(), plain.honours_comments, plain.notes.len()), ("hadolint", true, 0));
        assert_eq!(told(&plain, "DL3057"), None);
        assert_eq!(told(&plain, "DL3048"), Some((Some(Severity::Style), Action::Go)));
        assert!(list(&plain, catalogue::LABEL_NOT_URL, "labels").is_empty());
    }

    #[test]
    fn severities_and_ignored_rules_are_taken_over() {
        let config = "# ours\nfailure-threshold: error\nignored:\n  - DL3000\n  - DL3002\n  - SC2086\n  - DL399\noverride:\n  \
                      error: [DL3048, DL3000]\n  info: [DL3057, DL3048]\n";
        let policy = policy(config, &[]).unwrap();
        assert_eq!(told(&policy, "DL3048"), Some((Some(Severity::Error), Action::Stop)));
        assert_eq!(told(&policy, "DL3057"), Some((Some(Severity::Info), Action::Go)));
        assert_eq!((told(&policy, "DL3000"), told(&policy, "DL3002")), (None, None));
        assert_eq!(told(&policy, "DL3006"), Some((Some(Severity::Warning), Action::Go)));
        let line =
            policy.checks.iter().find(|c| c.rule == rule::find("DL3057").unwrap()).unwrap().line.clone().unwrap();
        assert_eq!((line.source.line(line.span.start), line.source.slice(line.span)), (10, "DL3057"));
        assert!(policy.name.starts_with("hadolint with ") && policy.name.ends_with(".hadolint.yaml"));
        assert!(policy.notes[0].contains(":7: `DL399` is no rule"), "{:?}", policy.notes);
        assert_eq!(policy.notes.len(), 1);
    }

    #[test]
    fn labels_and_registries_reach_their_rules() {
        let config = "label-schema:\n  a: text\n  \"b\": url\nstrict-labels: true\ntrustedRegistries: x.io\n\
                      disable-ignore-pragma: true\nno-color: yes\nformat: sarif\n";
        let policy = policy(
            config,
            &[("HADOLINT_TRUSTED_REGISTRIES", "y.io,*.z.io"), ("HADOLINT_REQUIRE_LABELS", "c:semver,d")],
        );
        let policy = policy.unwrap();
        assert_eq!(list(&policy, catalogue::UNTRUSTED_REGISTRY, "trusted-registries"), ["x.io", "y.io", "*.z.io"]);
        for rule in [catalogue::UNKNOWN_LABEL, catalogue::MISSING_LABEL, catalogue::EMPTY_LABEL] {
            assert_eq!(list(&policy, rule, "labels"), ["a", "b", "c", "d"], "{}", rule.id);
        }
        assert_eq!(list(&policy, catalogue::LABEL_NOT_URL, "labels"), ["b"]);
        assert_eq!(list(&policy, catalogue::LABEL_NOT_SEMVER, "labels"), ["c"]);
        let missing = policy.checks.iter().find(|c| c.rule == catalogue::MISSING_LABEL).unwrap();
        assert!(missing.params.bool("every-stage") && !policy.honours_comments);
        assert_eq!(policy.wishes, OutputWishes { format: Some("sarif".into()), is_plain: true });
        assert!(policy.name.ends_with("HADOLINT_REQUIRE_LABELS, HADOLINT_TRUSTED_REGISTRIES"), "{}", policy.name);
        let strict = super::tests::policy("strict-labels: true\n", &[]).unwrap();
        assert_eq!(list(&strict, catalogue::UNKNOWN_LABEL, "labels"), ["NONE"]);
    }

    #[test]
    fn variables_go_over_the_file() {
        let config = "failure-threshold: error\nno-fail: true\n";
        let variables = [
            ("HADOLINT_NOFAIL", "0"),
            ("HADOLINT_FAILURE_THRESHOLD", "none"),
            ("HADOLINT_OVERRIDE_STYLE", "DL3006"),
            ("HADOLINT_IGNORE", "DL3007, DL3000"),
        ];
        let over = policy(config, &variables).unwrap();
        assert_eq!(told(&over, "DL3006"), Some((Some(Severity::Style), Action::Stop)));
        assert_eq!((told(&over, "DL3007"), told(&over, "DL3000")), (None, None));
        assert_eq!(told(&policy(config, &[]).unwrap(), "DL3020"), Some((Some(Severity::Error), Action::Go)));
        let wrong = policy("", &[("HADOLINT_FAILURE_THRESHOLD", "high"), ("HADOLINT_FORMATS", "x")]).unwrap();
        assert_eq!(
            wrong.notes,
            [
                "HADOLINT_FAILURE_THRESHOLD: `high` is not a threshold: error, warning, info, style, ignore, none",
                "HADOLINT_FORMATS is no variable of hadolint's (did you mean `HADOLINT_FORMAT`?)"
            ]
        );
    }

    #[test]
    fn what_hadolint_would_not_take_is_an_error_and_an_unknown_key_a_note() {
        let error = |config: &str| policy(config, &[]).unwrap_err();
        assert!(error("ignored: DL3000\n").to_string().contains(".hadolint.yaml:1: not a configuration of hadolint's"));
        assert!(error("\nlabel-schema:\n  a: uri\n").to_string().contains(":3: `uri` is not a type of label"));
        assert!(error("failure-threshold: high\n").to_string().contains(":1: `high` is not a threshold"));
        assert!(error("ignored: [\n").place().is_some());
        let policy = policy("ignore:\n  - DL3000\n", &[]).unwrap();
        assert!(policy.notes[0].ends_with(".hadolint.yaml:1: unknown key `ignore` (did you mean `ignored`?)"));
        assert!(super::tests::policy("~\n", &[]).unwrap().notes.is_empty());
    }

    #[test]
    fn the_file_is_found_where_hadolint_finds_it() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str, code: &str| {
            let path = home.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("ignored: [{code}]\n")).unwrap();
        };
        let show = |path: &str| home.path().join(path).to_string_lossy().into_owned();
        let mut around = Surroundings { folder: home.path().join("work"), ..Surroundings::default() };
        let found = |around: &Surroundings| file::find(around).unwrap().map(|text| text.path().to_owned());
        around.variables.insert("HOME".into(), home.path().to_string_lossy().into_owned());
        assert_eq!(found(&around), None);
        for path in [".hadolint.yml", ".hadolint/config.yml", ".hadolint/hadolint.yaml", ".config/hadolint.yaml"] {
            at(path, "DL3000");
            assert_eq!(found(&around), Some(show(path)));
        }
        around.variables.insert("XDG_CONFIG_HOME".into(), show("xdg"));
        assert_eq!(found(&around), Some(show(".hadolint/hadolint.yaml")));
        at("xdg/hadolint.yml", "DL3000");
        assert_eq!(found(&around), Some(show("xdg/hadolint.yml")));
        at("work/.hadolint.yml", "DL3000");
        assert_eq!(found(&around), Some(show("work/.hadolint.yml")));
    }
}
