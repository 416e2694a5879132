//! The `sonarqube` format: SonarQube's generic issues. A report with one range that does not fit its file is refused whole, so
//! that columns are given only where they surely do.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::issue::{Issue, issues};
use super::{Format, Style};
use crate::check::Report;
use crate::rule::Severity;

pub(super) const FORMAT: Format = Format {
    name: "sonarqube",
    aliases: &[],
    about: "SonarQube's generic issues",
    has_notes: false,
    is_for_people: false,
    write,
};

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let issues: Vec<Value> = issues(report, style).map(|issue| object(&issue)).collect();
    serde_json::to_writer_pretty(&mut *out, &json!({ "issues": issues }))?;
    writeln!(out)
}

fn object(issue: &Issue<'_>) -> Value {
    let (severity, kind) = match issue.judged.finding.severity {
        Severity::Error => ("CRITICAL", "BUG"),
        Severity::Warning => ("MAJOR", "CODE_SMELL"),
        Severity::Info => ("MINOR", "CODE_SMELL"),
        Severity::Style => ("INFO", "CODE_SMELL"),
    };
    json!({
        "engineId": env!("CARGO_PKG_NAME"),
        "ruleId": issue.code(),
        "severity": severity,
        "type": kind,
        "primaryLocation": {
            "message": issue.message(),
            "filePath": issue.path,
            "textRange": text_range(issue),
        },
    })
}

/// Lines are counted from 1, columns from 0, and a range with columns covers something.
fn text_range(issue: &Issue<'_>) -> Value {
    let (start, end) = (issue.region.start, issue.region.end);
    if start < end && end.column > 1 {
        let (start_column, end_column) = (start.column - 1, end.column - 1);
        json!({ "startLine": start.line, "endLine": end.line, "startColumn": start_column, "endColumn": end_column })
    } else {
        json!({ "startLine": start.line })
    }
}
