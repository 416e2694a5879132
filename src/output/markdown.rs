//! The `markdown` format: a summary for a pull request or a job's page. Verdict, a table of what counts, the lines it is about,
//! the rest folded.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;

use super::{Format, Style};
use crate::check::{Judged, Report};
use crate::finding::{Origin, Place};
use crate::policy::Action;
use crate::text::{SourceText, escape};

/// Rows of a table; a job's page takes 1 MiB.
const ROWS: usize = 400;
/// Lines of sources.
const LINES: usize = 400;
/// Characters of a line.
const WIDTH: usize = 240;
/// Lines shown above and below one that is meant.
const AROUND: usize = 1;

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
    excerpts(report, &yours, out)?;
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

/// The worst first where there is no room for all.
fn table(findings: &[&Judged], out: &mut dyn Write) -> io::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "| | rule | place | what |\n| --- | --- | --- | --- |")?;
    let mut shown: Vec<&Judged> = findings.to_vec();
    if shown.len() > ROWS {
        shown.sort_by_key(|judged| std::cmp::Reverse((judged.counted_action(), judged.finding.severity)));
        shown.truncate(ROWS);
    }
    for judged in shown {
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
    writeln!(out)?;
    if findings.len() > ROWS {
        writeln!(out, "{} more are not in this table, which holds the worst.\n", findings.len() - ROWS)?;
    }
    Ok(())
}

/// Lines of a file that findings are about, and those that are shown with them.
struct Excerpt<'a> {
    file: &'a Arc<SourceText>,
    lines: BTreeSet<usize>,
    around: BTreeSet<usize>,
}

/// The lines that findings are about, and those beside them, in each file; secrets masked.
fn excerpts(report: &Report, findings: &[&Judged], out: &mut dyn Write) -> io::Result<()> {
    let mut meant: BTreeMap<&str, Excerpt<'_>> = BTreeMap::new();
    for judged in findings {
        let (Place::Source { source, .. }, Some(region)) = (judged.finding.place(), judged.finding.place().region())
        else {
            continue;
        };
        let file = source.file();
        let (first, last) = match source.whole_in_file() {
            Some(whole) => (file.line(whole.start), file.line(whole.end.saturating_sub(1).max(whole.start))),
            None => (1, file.line_count()),
        };
        let none = || Excerpt { file, lines: BTreeSet::new(), around: BTreeSet::new() };
        let excerpt = meant.entry(source.path()).or_insert_with(none);
        let line = region.start.line;
        excerpt.lines.insert(line);
        excerpt.around.extend(line.saturating_sub(AROUND).max(first)..=(line + AROUND).min(last));
    }
    let mut room = LINES;
    for (path, Excerpt { file, lines, around }) in meant {
        if room == 0 {
            break;
        }
        let shown = report.shown(file);
        let mut text = String::new();
        let mut previous = None;
        for line in around.into_iter().take(room) {
            room -= 1;
            if previous.is_some_and(|previous| previous + 1 < line) {
                text.push_str("      …\n");
            }
            previous = Some(line);
            let mark = if lines.contains(&line) { '>' } else { ' ' };
            let whole = escape::terminal(shown.slice(shown.line_span(line))).into_owned();
            let cut: String = whole.chars().take(WIDTH).collect();
            let more = if cut.len() < whole.len() { "…" } else { "" };
            text.push_str(format!("{mark} {line:>4}  {cut}{more}").trim_end());
            text.push('\n');
        }
        // A fence longer than any in the text cannot be ended by it.
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        writeln!(out, "{}\n\n{fence}dockerfile\n{text}{fence}\n", escape::markdown_code(path))?;
    }
    Ok(())
}
