//! The `codeclimate` format: Code Climate's engine output, JSON objects with a null byte behind each.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::issue::{Issue, issues};
use super::{Format, Style};
use crate::check::Report;
use crate::rule::Severity;

pub(super) const FORMAT: Format = Format {
    name: "codeclimate",
    aliases: &[],
    about: "Code Climate's issues, each ended by a null byte",
    has_notes: false,
    is_for_people: false,
    write,
};

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for issue in issues(report, style) {
        serde_json::to_writer(&mut *out, &object(&issue))?;
        out.write_all(b"\0")?;
    }
    Ok(())
}

/// An issue as Code Climate and, from it, GitLab describe one.
pub(super) fn object(issue: &Issue<'_>) -> Value {
    json!({
        "type": "issue",
        "check_name": issue.code(),
        "description": issue.message(),
        "categories": ["Bug Risk"],
        "severity": match issue.judged.finding.severity {
            Severity::Error => "blocker",
            Severity::Warning => "major",
            Severity::Info => "info",
            Severity::Style => "minor",
        },
        "fingerprint": issue.judged.fingerprint,
        "location": {
            "path": issue.relative_path(),
            "lines": { "begin": issue.line(), "end": issue.region.end.line },
        },
    })
}
