//! The `gnu` format: `program:file:line:column: message`, which editors jump by (GNU Coding Standards, "Formatting Error
//! Messages").

use std::io::{self, Write};

use super::issue::issues;
use super::{Format, Style};
use crate::check::Report;
use crate::text::escape;

pub(super) const FORMAT: Format = Format {
    name: "gnu",
    aliases: &[],
    about: "A line a finding, as compilers print them, for editors",
    has_notes: false,
    is_for_people: false,
    write,
};

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for issue in issues(report, style) {
        let (path, message) = (escape::line(issue.path), escape::line(issue.message()));
        let place = format!("{path}:{}:{}", issue.line(), issue.column());
        writeln!(out, "{}:{place}: {} {}: {message}", env!("CARGO_PKG_NAME"), issue.code(), issue.level())?;
    }
    Ok(())
}
