//! The `github` format: workflow commands, which a GitHub Actions runner turns into annotations on the changed files.
//!
//! A runner shows ten annotations of each level a step and drops the rest in silence, so the worst come first and the
//! rest is counted.

use std::io::{self, Write};

use super::{Format, Style};
use crate::check::{Judged, Report};
use crate::policy::Action;
use crate::text::escape;

/// Annotations of one level that a runner shows for a step.
const SHOWN: usize = 10;

pub(super) const FORMAT: Format = Format {
    name: "github",
    aliases: &[],
    about: "Workflow commands, which GitHub Actions shows as annotations",
    has_notes: true,
    write,
};

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut left_out = 0;
    for (action, command) in [(Action::Stop, "error"), (Action::Warn, "warning"), (Action::Go, "notice")] {
        if style.quiet && action == Action::Go {
            continue;
        }
        let of_level = report.findings.iter().filter(|j| j.waived.is_none() && j.action == action);
        let (shown, rest): (Vec<(usize, &Judged)>, Vec<_>) = of_level.enumerate().partition(|(i, _)| *i < SHOWN);
        left_out += rest.len();
        for (_, judged) in shown {
            annotation(judged, command, out)?;
        }
    }
    if left_out > 0 {
        writeln!(
            out,
            "{left_out} more findings are not shown here: a step has room for {SHOWN} annotations of each level"
        )?;
    }
    for note in &report.notes {
        writeln!(out, "note: {}", escape::workflow_data(&escape::line(note)))?;
    }
    let (stop, warn, go) = report.counts();
    writeln!(out, "FINAL {}: {stop} STOP, {warn} WARN, {go} GO", report.verdict)
}

fn annotation(judged: &Judged, command: &str, out: &mut dyn Write) -> io::Result<()> {
    let finding = &judged.finding;
    let mut properties = Vec::new();
    if let Some(region) = finding.place().region() {
        properties.push(("file", finding.place().file().into_owned()));
        properties.push(("line", region.start.line.to_string()));
        properties.push(("endLine", region.end.line.to_string()));
        // Columns are taken only where the annotation stays on one line.
        if region.start.line == region.end.line {
            properties.push(("col", region.start.column.to_string()));
            properties.push(("endColumn", region.end.column.max(region.start.column + 1).to_string()));
        }
    }
    properties.push(("title", format!("{} {}", judged.action, finding.rule().id)));
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", escape::workflow_property(value))).collect();
    let mut message = finding.message().to_owned();
    if finding.place().region().is_none() {
        message = format!("{}: {message}", finding.place().file());
    }
    for more in finding.help.iter() {
        message = format!("{message}\n{more}");
    }
    writeln!(out, "::{command} {}::{}", properties.join(","), escape::workflow_data(&escape::terminal(&message)))
}
