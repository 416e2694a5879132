//! The `hadolint-json` format: the array that hadolint's `json` is.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::issue::{Issue, issues};
use super::{Format, Style};
use crate::check::Report;

pub(super) const FORMAT: Format = Format {
    name: "hadolint-json",
    aliases: &[],
    about: "What hadolint calls json",
    has_notes: false,
    is_for_people: false,
    write,
};

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let issues: Vec<Value> = issues(report, style).map(|issue| object(&issue)).collect();
    serde_json::to_writer(&mut *out, &issues)?;
    writeln!(out)
}

fn object(issue: &Issue<'_>) -> Value {
    json!({
        "code": issue.code(),
        "column": issue.column(),
        "file": issue.path,
        "level": issue.level(),
        "line": issue.line(),
        "message": issue.message(),
    })
}
