//! The image's config and history: secrets that stand there in the open, and what is said or not said of the image.

use std::collections::BTreeSet;

use super::{Facts, Reporter};
use crate::dockerfile::{Args, Keyword};
use crate::finding::Finding;
use crate::secrets::{Scanner, is_placeholder, is_secret_name};

/// Secrets in variables, labels and the history with its build arguments. No value is ever shown.
pub fn secret_in_image_config(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let config = &facts.image.config;
    let mut told: BTreeSet<String> = BTreeSet::new();
    for (name, value) in config.config.env.iter().filter_map(|pair| pair.split_once('=')) {
        if let Some(what) = judge(name, value).filter(|_| told.insert(name.to_owned())) {
            let message =
                format!("the variable {name} of the image's config {what}: whoever can pull the image can read it");
            report.push(found(placed(facts, report, &format!("{name}={value}"), name, message), name));
        }
    }
    for (name, value) in &config.config.labels {
        // `com.example.db-password` is named as the variable `db_password` would be.
        let last = name.rsplit('.').next().unwrap_or(name).replace('-', "_");
        if let Some(what) = judge(&last, value).filter(|_| told.insert(name.clone())) {
            let message = format!("the label {name} {what}: whoever can pull the image can read it");
            report.push(found(placed(facts, report, value, name, message), name));
        }
    }
    for (entry, text) in config.history.iter().map(|h| h.created_by.as_str()).enumerate() {
        for (name, value) in build_arguments(text).into_iter().chain(settings(text)) {
            if let Some(what) = judge(name, value).filter(|_| told.insert(name.to_owned())) {
                let message = format!(
                    "the build argument {name} {what}, and its value stands in the image's history for everybody"
                );
                report.push(found(report.in_history(entry, message), name));
            }
        }
        for hit in Scanner::shared().scan_text(text) {
            // The same secret in the next entry, or one told by its variable, is not another.
            if told.insert(hit.excerpt.to_string()) && !is_told(text, &hit.bytes, &told) {
                let message = format!(
                    "a command in the image's history holds a secret ({}): whoever can pull the image can read it",
                    hit.detector.name
                );
                report.push(found(report.in_history(entry, message), hit.detector.id));
            }
        }
    }
}

fn found(finding: Finding, subject: &str) -> Finding {
    let help =
        "mount it for the step that needs it (`RUN --mount=type=secret,id=…`) or give it at run time, and replace it";
    finding.subject(subject).help(help)
}

/// What is wrong with a variable, in words.
fn judge(name: &str, value: &str) -> Option<&'static str> {
    let value = value.trim_matches(['"', '\'']);
    let is_path = value.starts_with('/') && !value.contains(['+', '=']);
    if !Scanner::shared().scan_text(value).is_empty() {
        return Some("holds a secret");
    }
    let is_named = is_secret_name(name) && value.len() >= 4 && !is_path && !is_placeholder(value);
    // `true` and numbers are switches and limits.
    let is_switch =
        value.parse::<f64>().is_ok() || matches!(value.to_ascii_lowercase().as_str(), "true" | "false" | "none");
    (is_named && !is_switch).then_some("is named like a secret and has a value")
}

/// At the history entry whose text has the pair, else the name; at the image when none has.
fn placed(facts: &Facts<'_>, report: &Reporter<'_>, pair: &str, name: &str, message: String) -> Finding {
    let history = &facts.image.config.history;
    let by = |text: &str| history.iter().rposition(|h| h.created_by.contains(text));
    match by(pair).or_else(|| by(&format!("{name}="))) {
        Some(entry) => report.in_history(entry, message),
        None => report.on_image(message),
    }
}

/// The build arguments a RUN was given: `|2 A=x B=y /bin/sh -c …`, as builders write them. A value with blanks is seen up
/// to the first.
fn build_arguments(text: &str) -> Vec<(&str, &str)> {
    let text = text.strip_prefix("RUN ").unwrap_or(text).trim_start();
    let Some((count, rest)) = text.strip_prefix('|').and_then(|rest| rest.split_once(' ')) else { return Vec::new() };
    let count: usize = count.parse().unwrap_or(0);
    rest.split(' ').filter_map(named).take(count).collect()
}

/// What ENV and ARG entries set.
fn settings(text: &str) -> Vec<(&str, &str)> {
    let text = text.split_once("#(nop)").map_or(text, |(_, rest)| rest).trim_start();
    let set = text.strip_prefix("ENV ").or_else(|| text.strip_prefix("ARG "));
    set.map(|set| set.split(' ').filter_map(named).collect()).unwrap_or_default()
}

fn named(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (is_name && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')).then_some((name, value))
}

/// Whether a secret at these bytes is the value of a variable that was told.
fn is_told(text: &str, bytes: &std::ops::Range<u64>, told: &BTreeSet<String>) -> bool {
    let before = usize::try_from(bytes.start).ok().and_then(|start| text.get(..start)).unwrap_or_default();
    let word = before.rsplit([' ', '\t']).next().unwrap_or_default();
    word.split_once('=').is_some_and(|(name, _)| told.contains(name))
}

/// Labels that the policy asks for and the image does not have, or has empty.
pub fn missing_image_label(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    if !facts.image.has_config {
        return;
    }
    let labels = &facts.image.config.config.labels;
    for name in report.params().list("labels") {
        if labels.get(name).is_none_or(|value| value.trim().is_empty()) {
            let message = format!("the image has no label {name}");
            report.push(report.on_image(message).subject(name).help(format!("set it: LABEL {name}=\"…\"")));
        }
    }
}

/// Tells that an image judged without its Dockerfile has no health check; with one, `missing-healthcheck` tells.
pub fn healthcheck_missing_in_image(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let test = facts.image.config.config.healthcheck.as_ref().map(|check| check.test.as_slice());
    if facts.dockerfile.is_none() && facts.image.has_config && test.is_none_or(<[String]>::is_empty) {
        let message = "the image has no health check, so a process that hangs counts as healthy";
        report.push(report.on_image(message).help("add HEALTHCHECK to its Dockerfile"));
    }
}

/// Ports that the image exposes and its Dockerfile does not: they came with the base.
pub fn undeclared_exposed_port(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let Some(dockerfile) = facts.dockerfile else { return };
    let mut declared: Vec<String> = Vec::new();
    for instruction in dockerfile.instructions.iter().filter(|i| i.keyword == Keyword::Expose) {
        let Args::Words(words) = &instruction.args else { return };
        // What a variable holds is not known here, so nothing is.
        if words.iter().any(|word| word.text.contains('$')) {
            return;
        }
        declared.extend(words.iter().map(|word| word.text.trim_matches(['"', '\'']).to_ascii_lowercase()));
    }
    for port in facts.image.config.config.exposed_ports.keys() {
        if declared.iter().any(|spec| declares(spec, port)) {
            continue;
        }
        let message =
            format!("the image exposes {port}, which no EXPOSE of its Dockerfile does: it came with the base");
        report.push(report.on_image(message).subject(port));
    }
}

/// Whether `8000-8010/tcp`, as an EXPOSE has it, covers `8005/tcp`, as a config has it.
fn declares(spec: &str, port: &str) -> bool {
    let (ports, protocol) = spec.split_once('/').unwrap_or((spec, "tcp"));
    let (number, of) = port.split_once('/').unwrap_or((port, "tcp"));
    let ports = ports.rsplit(':').next().unwrap_or(ports);
    let (low, high) = ports.split_once('-').unwrap_or((ports, ports));
    let range = low.parse::<u16>().ok().zip(high.parse::<u16>().ok());
    protocol == of && number.parse::<u16>().is_ok_and(|number| range.is_some_and(|(l, h)| (l..=h).contains(&number)))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Case, messages};
    use crate::image::History;

    fn case(env: &[&str], history: &[&str]) -> Case {
        let mut case = Case::new(0).layer([], []);
        case.config.config.env = env.iter().map(|pair| (*pair).to_owned()).collect();
        case.config.history =
            history.iter().map(|text| History { created_by: (*text).to_owned(), ..History::default() }).collect();
        case
    }

    /// In pieces, so that no scanner of this repository takes it for a token.
    fn token() -> String {
        ["ghp_", "q3TxWz9kLmN4bV7cX2sD", "5fG8hJ1pR64fDpPu"].concat()
    }

    #[test]
    fn secrets_are_told_by_name_or_by_value_and_never_shown() {
        let label = token();
        let mut case = case(
            &[
                "PATH=/bin",
                "DB_PASSWORD=hunter2-x",
                "TOKEN_FILE=/run/t",
                "SECRET_KEY=/run/k",
                "AUTH=true",
                &format!("X={}", token()),
            ],
            &[
                "ENV DB_PASSWORD=hunter2-x",
                "ARG BUILD_TOKEN=q3TxWz9k",
                "RUN |2 BUILD_TOKEN=q3TxWz9k MODE=fast /bin/sh -c make SECRET=not-an-argument # buildkit",
                "/bin/sh -c #(nop)  ENV OLD_SECRET=q3TxWz9k",
                &format!(
                    "RUN /bin/sh -c curl -H 'Authorization: token {}' x # buildkit",
                    ["ghp_", "5fG8hJ1pR6tY0uI3q3Tx", "Wz9kLmN4bV2vMcOH"].concat()
                ),
            ],
        );
        case.config.config.labels.insert("deploy".into(), label);
        case.config.config.labels.insert("com.example.db-password".into(), "hunter2-y".into());
        case.config.config.labels.insert("com.example.key".into(), "true".into());
        let findings = case.run("secret-in-image-config", &[]);
        let subjects: Vec<&str> = findings.iter().map(|f| f.subject.as_str()).collect();
        assert_eq!(
            subjects,
            ["DB_PASSWORD", "X", "com.example.db-password", "deploy", "BUILD_TOKEN", "OLD_SECRET", "github-pat"]
        );
        assert!(findings.iter().all(|f| !f.message().contains("q3Tx") && !f.message().contains("hunter2")));
        assert!(Case::new(0).layer([], []).run("secret-in-image-config", &[]).is_empty());
    }

    #[test]
    fn labels_are_asked_for() {
        let mut case = case(&[], &[]);
        case.config.config.labels.insert("org.opencontainers.image.source".into(), "https://x".into());
        case.config.config.labels.insert("team".into(), " ".into());
        let labels = [("labels", &["org.opencontainers.image.source", "team", "other"][..])];
        assert_eq!(
            messages(&case.run_with("missing-image-label", &labels)),
            ["- the image has no label team", "- the image has no label other"]
        );
    }

    #[test]
    fn what_the_config_says_of_health_and_ports() {
        let mut case = case(&[], &[]);
        assert_eq!(case.run("healthcheck-missing-in-image", &[]).len(), 1);
        for port in ["22/tcp", "80/tcp", "8005/tcp", "53/udp"] {
            case.config.config.exposed_ports.insert(port.into(), serde_json::Value::Null);
        }
        assert!(case.run("undeclared-exposed-port", &[]).is_empty());
        let case = case.dockerfile("FROM a:1\nEXPOSE 80 8000-8010 53\n");
        assert!(case.run("healthcheck-missing-in-image", &[]).is_empty());
        let ports = case.run("undeclared-exposed-port", &[]);
        assert_eq!(ports.iter().map(|f| f.subject.as_str()).collect::<Vec<_>>(), ["22/tcp", "53/udp"]);
        let unknown = case.dockerfile("FROM a:1\nARG P\nEXPOSE $P\n");
        assert!(unknown.run("undeclared-exposed-port", &[]).is_empty());
    }
}
