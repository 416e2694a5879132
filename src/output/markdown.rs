//! The `markdown` format: a summary for a pull request or a job's page. Verdict, a table of what counts, the rest folded.

use std::io::{self, Write};

use super::{Format, Style};
use crate::check::{Judged, Report};
use crate::finding::Origin;
use crate::policy::Action;
use crate::text::escape;

pub(super) const FORMAT: Format =
    Format { name: "markdown", aliases: &[], about: "For a pull request or a job's page", has_notes: true, write };

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let (stop, warn, go) = report.counts();
    writeln!(out, "## dockgate: {}\n", report.verdict)?;
    writeln!(out, "{stop} STOP, {warn} WARN, {go} GO with policy {}\n", code(&report.policy.name))?;
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
        writeln!(out, "> {}\n", cell(note))?;
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
        let waived = judged.waived.as_ref().map(|w| format!(" (waived: {})", cell(&w.reason))).unwrap_or_default();
        let help = finding.help.as_ref().map(|h| format!("<br>{}", cell(h))).unwrap_or_default();
        let (rule, place, what) = (finding.rule().id, code(&place), cell(finding.message()));
        writeln!(out, "| {} | `{rule}` | {place} | {what}{waived}{help} |", judged.action)?;
    }
    writeln!(out)
}

/// Text in a table cell: what stands between backticks is code, nothing else is markup, and it stays on one line.
fn cell(text: &str) -> String {
    let text = escape::line(text);
    let pieces: Vec<&str> = text.split('`').collect();
    // A backtick without a partner is none.
    if pieces.len().is_multiple_of(2) {
        return plain(&text);
    }
    let piece = |(i, piece): (usize, &&str)| if i % 2 == 0 { plain(piece) } else { code(piece) };
    pieces.iter().enumerate().map(piece).collect()
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '!' | '#' | '~' | '$' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// Text as code in a table cell.
fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("`{}`", escape::line(text).replace('`', "'").replace('|', "\\|"))
}
