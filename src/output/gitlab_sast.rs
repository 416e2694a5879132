//! The `gitlab-sast` format: GitLab's security report of a static analysis, schema 15. It holds findings about security alone,
//! since GitLab keeps each as a vulnerability that somebody has to deal with; the rest belongs into Code Quality.

use std::io::{self, Write};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::issue::{Issue, issues};
use super::{Format, Style};
use crate::check::Report;
use crate::policy::{Action, Date};
use crate::rule::{Severity, Target};
use crate::text::escape;

/// The version of GitLab's schema that this follows.
const VERSION: &str = "15.0.7";
/// Characters of a name and of a solution that GitLab takes.
const LONGEST_NAME: usize = 255;
const LONGEST_SOLUTION: usize = 7_000;

pub(super) const FORMAT: Format = Format {
    name: "gitlab-sast",
    aliases: &[],
    about: "A GitLab SAST report, of findings about security",
    has_notes: true,
    is_for_people: false,
    write,
};

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let is_security = |issue: &Issue<'_>| issue.judged.finding.rule().tags.contains(&"security");
    let vulnerabilities: Vec<Value> =
        issues(report, style).filter(is_security).map(|issue| vulnerability(&issue)).collect();
    let program = json!({
        "id": env!("CARGO_PKG_NAME"), "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION"),
        "vendor": { "name": env!("CARGO_PKG_NAME") },
    });
    let messages: Vec<Value> =
        report.notes.iter().map(|note| json!({ "level": "warn", "value": escape::line(note) })).collect();
    let time = time(style.time);
    let document = json!({
        "version": VERSION,
        "scan": {
            "analyzer": program, "scanner": program, "type": "sast", "status": "success",
            "start_time": time, "end_time": time, "messages": messages,
        },
        "vulnerabilities": vulnerabilities,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn vulnerability(issue: &Issue<'_>) -> Value {
    let judged = issue.judged;
    let finding = &judged.finding;
    let rule = Target { rule: finding.rule(), code: finding.code }.to_string();
    let severity = match (finding.severity, judged.action) {
        (Severity::Error, Action::Stop) => "Critical",
        (Severity::Error, _) => "High",
        (Severity::Warning, _) => "Medium",
        (Severity::Info, _) => "Low",
        (Severity::Style, _) => "Info",
    };
    let mut identifiers = vec![json!({ "type": "dockgate_rule", "name": format!("dockgate {rule}"), "value": rule })];
    identifiers.extend(finding.rule().tags.iter().filter_map(|tag| tag.strip_prefix("external/cwe/cwe-")).map(
        |number| {
            let url = format!("https://cwe.mitre.org/data/definitions/{number}.html");
            json!({ "type": "cwe", "name": format!("CWE-{number}"), "value": number, "url": url })
        },
    ));
    identifiers.extend(
        finding.other_names().iter().map(|name| json!({ "type": "dockgate_alias", "name": name, "value": name })),
    );
    let (file, start, end) = (issue.relative_path(), issue.line(), issue.region.end.line);
    let mut vulnerability = json!({
        "id": uuid(&judged.fingerprint),
        "name": cut(finding.rule().summary, LONGEST_NAME),
        "description": issue.message(),
        "severity": severity,
        "identifiers": identifiers,
        "location": { "file": file, "start_line": start, "end_line": end },
        "tracking": { "type": "source", "items": [{
            "file": file, "start_line": start, "end_line": end,
            "signatures": [{ "algorithm": "scope_offset", "value": judged.fingerprint }],
        }]},
    });
    if let (Some(help), Some(fields)) = (&finding.help, vulnerability.as_object_mut()) {
        fields.insert("solution".to_owned(), json!(cut(help, LONGEST_SOLUTION)));
    }
    vulnerability
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// The same finding has the same id in every run.
fn uuid(fingerprint: &str) -> String {
    let digest = Sha256::digest(fingerprint.as_bytes());
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    // Version 8 is for values that are made in a way of one's own.
    format!("{}-{}-8{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// A time in UTC as GitLab wants it, without a zone.
fn time(seconds: u64) -> String {
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{}T{hour:02}:{minute:02}:{second:02}", Date::from_unix(seconds))
}
