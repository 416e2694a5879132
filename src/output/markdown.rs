//! The `markdown` format: a summary for a pull request or a job's page. Verdict, a table of what counts, the rest folded.

use std::io::{self, Write};

use super::{Format, Style};
use crate::check::{Judged, Report};
use crate::finding::Origin;
use crate::policy::Action;
use crate::text::escape;

pub(super) const FORMAT: Format = Format {
    name: "markdown",
    aliases: &[],
    about: "For a pull request or a job's page",
    has_notes: true,
    is_for_people: false,
    write,
};

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let (stop, warn, go) = report.counts();
    writeln!(out, "## dockgate: {}\n", report.verdict)?;
    writeln!(out, "{stop} STOP, {warn} WARN, {go} GO with policy {}\n", escape::markdown_code(&report.policy.name))?;
    let counted = |j: &&Judged| j.counted_action() > Action::Go;
    let (yours, base): (Vec<&Judged>, Vec<&Judged>) =
        report.findings.iter().filter(counted).partition(|j| j.finding.origin == Origin::Yours);
    table(&yours, out)?;
    if !base.is_empty() {
        writeln!(out, "### From the base image\n")?;
        table(&base, out)?;
    }
    let rest: Vec<&Judged> = report.findings.iter().filter(|j| !counted(j)).collect();
    if !rest.is_empty() && !style.quiet {
        writeln!(out, "<details><summary>{} more, told only</summary>\n", rest.len())?;
        table(&rest, out)?;
        writeln!(out, "</details>\n")?;
    }
    for note in &report.notes {
        writeln!(out, "> {}\n", escape::markdown(note))?;
    }
    let coverage = &report.coverage;
    writeln!(
        out,
        "Looked at: {} Dockerfiles, {} context files, {} layers, {} image files, {} packages, by {} rules.",
        coverage.dockerfiles,
        coverage.context_files,
        coverage.layers,
        coverage.image_entries,
        coverage.packages,
        coverage.rules.len()
    )
}

fn table(findings: &[&Judged], out: &mut dyn Write) -> io::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "| | rule | place | what |\n| --- | --- | --- | --- |")?;
    for judged in findings {
        let finding = &judged.finding;
        let place = match finding.place().region() {
            Some(region) => format!("{}:{}", finding.place().file(), region.start.line),
            None => finding.place().file().into_owned(),
        };
        let waived =
            judged.waived.as_ref().map(|w| format!(" (waived: {})", escape::markdown(&w.reason))).unwrap_or_default();
        let help = finding.help.as_ref().map(|h| format!("<br>{}", escape::markdown(h))).unwrap_or_default();
        let (rule, place, what) =
            (finding.rule().id, escape::markdown_code(&place), escape::markdown(finding.message()));
        writeln!(out, "| {} | `{rule}` | {place} | {what}{waived}{help} |", judged.action)?;
    }
    writeln!(out)
}
