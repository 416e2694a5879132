//! The `github` format: workflow commands, which a GitHub Actions runner turns into annotations on the changed files.
//!
//! A runner shows ten annotations of each level a step and drops the rest in silence, so the worst come first and the
//! rest is counted.

use std::io::{self, Write};

use super::{Format, Style};
use crate::check::{Judged, Report};
use crate::policy::Action;
use crate::text::{Region, escape};

/// Annotations of one level that a runner shows for a step.
const SHOWN: usize = 10;

pub(super) const FORMAT: Format = Format {
    name: "github",
    aliases: &[],
    about: "Workflow commands, which GitHub Actions shows as annotations",
    has_notes: true,
    is_for_people: false,
    write,
};

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut left_out = 0;
    let mut limit = AnnotationLimit::default();
    for action in [Action::Stop, Action::Warn, Action::Go] {
        if style.quiet && action == Action::Go {
            continue;
        }
        for judged in report.findings.iter().filter(|j| j.waived.is_none() && j.action == action) {
            if limit.takes(action) {
                writeln!(out, "{}", annotation(judged))?;
            } else {
                left_out += 1;
            }
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

fn annotation(judged: &Judged) -> String {
    let finding = &judged.finding;
    let file = finding.place().file();
    let region = finding.place().region();
    let mut message = finding.message().to_owned();
    if region.is_none() {
        message = format!("{file}: {message}");
    }
    for more in finding.help.iter() {
        message = format!("{message}\n{more}");
    }
    let title = format!("{} {}", judged.action, finding.rule().id);
    workflow_command(judged.action, region.map(|region| (&*file, region)), &title, &message)
}

/// What a step still has room for.
#[derive(Clone, Debug, Default)]
pub struct AnnotationLimit([usize; 3]);

impl AnnotationLimit {
    /// Whether one more annotation for the action is shown; it is counted.
    pub fn takes(&mut self, action: Action) -> bool {
        let count = match action {
            Action::Stop => &mut self.0[0],
            Action::Warn => &mut self.0[1],
            Action::Go => &mut self.0[2],
        };
        *count += 1;
        *count <= SHOWN
    }
}

/// An annotation as the line that makes it, all of it escaped. `place` is a path and what is marked there; an end column of
/// `usize::MAX` stands for one that is not known.
pub fn workflow_command(action: Action, place: Option<(&str, Region)>, title: &str, message: &str) -> String {
    let command = match action {
        Action::Stop => "error",
        Action::Warn => "warning",
        Action::Go => "notice",
    };
    let mut properties = Vec::new();
    if let Some((path, region)) = place {
        properties.push(("file", path.to_owned()));
        properties.push(("line", region.start.line.to_string()));
        properties.push(("endLine", region.end.line.to_string()));
        // Columns are taken only where the annotation stays on one line.
        if region.start.line == region.end.line && region.end.column != usize::MAX {
            properties.push(("col", region.start.column.to_string()));
            properties.push(("endColumn", region.end.column.max(region.start.column + 1).to_string()));
        }
    }
    properties.push(("title", title.to_owned()));
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", escape::workflow_property(value))).collect();
    format!("::{command} {}::{}", properties.join(","), escape::workflow_data(&escape::terminal(message)))
}
