//! Rules as SARIF's reporting descriptors: all that a service shows of a rule comes from its page.

use serde_json::json;
use serde_sarif::sarif::{MultiformatMessageString, PropertyBag, ReportingConfiguration, ReportingDescriptor};

use super::results::Shown;
use super::{REPOSITORY, bag, sentence, text};
use crate::policy::Known;
use crate::rule::{self, Confidence, Phase, Severity, Target};

/// The rules of a run, each once, in the order of their ids. A code of a rule that has many is a rule of its own here.
pub(super) struct Rules(Vec<Target>);

impl Rules {
    pub(super) fn of(shown: &[Shown<'_>], gone: &[Known]) -> Self {
        let target = |shown: &Shown<'_>| {
            let finding = shown.finding();
            Target { rule: finding.rule(), code: finding.code }
        };
        let gone = gone.iter().filter_map(|known| rule::reported(&known.rule));
        let mut targets: Vec<Target> = shown.iter().map(target).chain(gone).collect();
        targets.sort_by_key(Target::sort_key);
        targets.dedup();
        Self(targets)
    }

    pub(super) fn index(&self, target: Target) -> Option<i64> {
        let index = self.0.binary_search_by_key(&target.sort_key(), Target::sort_key).ok()?;
        i64::try_from(index).ok()
    }

    pub(super) fn descriptors(&self) -> Vec<ReportingDescriptor> {
        self.0.iter().map(descriptor).collect()
    }
}

fn descriptor(target: &Target) -> ReportingDescriptor {
    let rule = target.rule;
    let mut names: Vec<String> = rule.other_names().map(str::to_owned).collect();
    if target.code.is_some() {
        names.insert(0, rule.id.to_owned());
    }
    let mut fields = vec![
        ("precision", json!(precision(rule.confidence))),
        ("problem.severity", json!(problem_severity(rule.severity))),
        ("aliases", json!(names)),
        ("since", json!(rule.since.to_string())),
    ];
    if rule.tags.contains(&"security") {
        fields.push(("security-severity", json!(security_severity(rule.severity))));
    }
    let cwe = |tag: &&str| Some(format!("CWE-{}", tag.strip_prefix("external/cwe/cwe-")?));
    let tags = rule.tags.iter().map(|tag| (*tag).to_owned()).chain(rule.tags.iter().filter_map(cwe));
    let properties = PropertyBag { tags: Some(tags.collect()), ..bag(fields) };
    let level = super::results::level(rule.severity).to_string();
    ReportingDescriptor::builder()
        .id(target.to_string())
        .name(name(target))
        .short_description(text(&sentence(rule.summary)))
        .full_description(text(&sentence(&rule.what())))
        .help(help(target, &names))
        .default_configuration(ReportingConfiguration::builder().level(json!(level)).build())
        .help_uri(help_uri(target))
        .properties(properties)
        .build()
}

/// The rule's page without its title, which services show above it: as Markdown, and without its marks as text.
fn help(target: &Target, names: &[String]) -> MultiformatMessageString {
    let page = target.rule.page.text();
    let page = page.trim_start();
    let page = page.strip_prefix("# ").and_then(|rest| rest.split_once('\n')).map_or(page, |(_, rest)| rest).trim();
    let known = match names {
        [] => String::new(),
        names => format!("Also known as {}. ", names.join(", ")),
    };
    let with = if target.rule.is_own() { " --policy FILE" } else { "" };
    let foot = format!("{known}`dockgate explain {target}{with}` shows this page.");
    let is_mark = |line: &&str| !line.trim_start().starts_with("```");
    let plain: Vec<&str> = page.lines().filter(is_mark).map(|line| line.strip_prefix("## ").unwrap_or(line)).collect();
    MultiformatMessageString::builder()
        .text(format!("{}\n\n{}", plain.join("\n"), foot.replace('`', "")))
        .markdown(format!("{page}\n\n{foot}"))
        .build()
}

/// Where the rule is described on the web: ShellCheck's wiki for its codes, else its page in this program's repository.
fn help_uri(target: &Target) -> String {
    if let Some(code) = target.code {
        return format!("https://www.shellcheck.net/wiki/{code}");
    }
    // What it is, the policy says; what such checks are, the manual does.
    if target.rule.is_own() {
        return format!("{REPOSITORY}/blob/main/docs/src/policies.md#checks-of-your-own");
    }
    let folder = match target.rule.phase {
        Phase::Lint => "lint",
        Phase::Context => "context",
        Phase::Image => "image",
        Phase::Run => "run",
    };
    format!("{REPOSITORY}/blob/main/rules/{folder}/{}.md", target.rule.id)
}

/// Another word than the id, as SARIF wants it.
fn name(target: &Target) -> String {
    let code = target.code.map(|code| code.to_string()).unwrap_or_default();
    pascal_case(target.rule.id) + &code
}

fn pascal_case(id: &str) -> String {
    let word = |word: &str| {
        let mut chars = word.chars();
        chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
    };
    id.split('-').map(word).collect()
}

fn problem_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Style => "recommendation",
    }
}

/// On the scale of CVSS, for rules about security.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "8.0",
        Severity::Warning => "5.5",
        Severity::Info => "3.0",
        Severity::Style => "1.0",
    }
}

fn precision(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "very-high",
        Confidence::Medium => "high",
        Confidence::Low => "medium",
    }
}
