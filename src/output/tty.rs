//! The `tty` format: a line a finding, `file:line code level: message`, as hadolint prints them.

use std::io::{self, Write};

use super::issue::issues;
use super::{Format, Style};
use crate::check::Report;
use crate::text::escape;

pub(super) const FORMAT: Format = Format {
    name: "tty",
    aliases: &[],
    about: "A line a finding, as hadolint prints them",
    has_notes: false,
    is_for_people: false,
    write,
};

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for issue in issues(report, style) {
        let (path, message) = (escape::line(issue.path), escape::line(issue.message()));
        writeln!(out, "{path}:{} {} {}: {message}", issue.line(), issue.code(), issue.level())?;
    }
    Ok(())
}
