//! The `codacy` format: an object a line, as Codacy's client reads a tool's results.

use std::io::{self, Write};

use serde_json::json;

use super::issue::issues;
use super::{Format, Style};
use crate::check::Report;

pub(super) const FORMAT: Format = Format {
    name: "codacy",
    aliases: &[],
    about: "Codacy's results, a line each",
    has_notes: false,
    is_for_people: false,
    write,
};

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for issue in issues(report, style) {
        let (line, pattern) = (issue.line(), issue.code());
        let result = json!({ "filename": issue.path, "line": line, "message": issue.message(), "patternId": pattern });
        writeln!(out, "{result}")?;
    }
    Ok(())
}
