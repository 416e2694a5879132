//! The `junit` format: test results. Each file is a suite, each finding in it a test that fails; a waived one is skipped.
//! A first suite holds what the run itself has to say, so that a report without findings has a test that passes.

use std::io::{self, Write};

use super::issue::Issue;
use super::{Format, Style};
use crate::check::Report;
use crate::policy::Action;
use crate::text::escape::xml;

pub(super) const FORMAT: Format = Format {
    name: "junit",
    aliases: &[],
    about: "Test results, a failure a finding",
    has_notes: true,
    is_for_people: false,
    write,
};

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let is_shown = |issue: &Issue<'_>| !style.quiet || issue.judged.counted_action() > Action::Go;
    let issues: Vec<Issue<'_>> = report.findings.iter().map(Issue::of).filter(is_shown).collect();
    let program = env!("CARGO_PKG_NAME");
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let failures = issues.iter().filter(|issue| issue.judged.waived.is_none()).count();
    let tests = issues.len() + 1;
    writeln!(out, "<testsuites name=\"{program}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">")?;
    writeln!(out, "  <testsuite name=\"{program}\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\">")?;
    writeln!(out, "    <testcase classname=\"{program}\" name=\"policy {}\"/>", xml(&report.policy.name))?;
    if !report.notes.is_empty() {
        let notes: Vec<String> = report.notes.iter().map(|note| xml(note)).collect();
        writeln!(out, "    <system-out>{}</system-out>", notes.join("\n"))?;
    }
    writeln!(out, "  </testsuite>")?;
    for of_file in issues.chunk_by(|a, b| a.path == b.path) {
        let path = xml(of_file.first().map_or("", |issue| issue.path));
        let (tests, skipped) = (of_file.len(), of_file.iter().filter(|issue| issue.judged.waived.is_some()).count());
        let counts = format!("tests=\"{tests}\" failures=\"{}\" errors=\"0\" skipped=\"{skipped}\"", tests - skipped);
        writeln!(out, "  <testsuite name=\"{path}\" {counts}>")?;
        for issue in of_file {
            test(issue, &path, out)?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn test(issue: &Issue<'_>, path: &str, out: &mut dyn Write) -> io::Result<()> {
    let (code, level, line, column) = (issue.code(), issue.level(), issue.line(), issue.column());
    writeln!(
        out,
        "    <testcase classname=\"{path}\" name=\"{code} at {line}:{column}\" file=\"{path}\" line=\"{line}\">"
    )?;
    match &issue.judged.waived {
        Some(waived) => writeln!(out, "      <skipped message=\"waived: {}\"/>", xml(&waived.reason))?,
        None => {
            let message = xml(issue.message());
            write!(out, "      <failure type=\"{level}\" message=\"{message}\">")?;
            write!(out, "{path}:{line}:{column}: {code} {level}: {message}")?;
            if let Some(help) = &issue.judged.finding.help {
                write!(out, "\n{}", xml(help))?;
            }
            writeln!(out, "</failure>")?;
        }
    }
    writeln!(out, "    </testcase>")
}
