//! The `checkstyle` format: Checkstyle's XML, which most reviewing tools read.

use std::io::{self, Write};

use super::issue::{Issue, issues};
use super::{Format, Style};
use crate::check::Report;
use crate::text::escape::xml;

/// The version of Checkstyle whose report this is.
const VERSION: &str = "4.3";

pub(super) const FORMAT: Format = Format {
    name: "checkstyle",
    aliases: &[],
    about: "Checkstyle's XML",
    has_notes: false,
    is_for_people: false,
    write,
};

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<checkstyle version=\"{VERSION}\">")?;
    let issues: Vec<Issue<'_>> = issues(report, style).collect();
    for of_file in issues.chunk_by(|a, b| a.path == b.path) {
        let path = of_file.first().map_or("", |issue| issue.path);
        writeln!(out, "  <file name=\"{}\">", xml(path))?;
        for issue in of_file {
            let (line, column) = (issue.line(), issue.column());
            let (level, code, message) = (issue.level(), issue.code(), xml(issue.message()));
            writeln!(
                out,
                "    <error line=\"{line}\" column=\"{column}\" severity=\"{level}\" message=\"{message}\" source=\"{code}\"/>"
            )?;
        }
        writeln!(out, "  </file>")?;
    }
    writeln!(out, "</checkstyle>")
}
