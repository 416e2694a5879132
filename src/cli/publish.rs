//! `publish`: from SARIF reports and the environment of a workflow to what GitHub shows.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::PublishArgs;
use super::sink::Terminal;
use super::{CliError, FAILED, UNABLE};
use crate::github::{self, Given, Outcome, SarifReport, StepState, Target, Token, Wishes};
use crate::policy;
use crate::text::escape;

/// Bytes of a report or an event that are read.
const LARGEST_REPORT: u64 = 256 << 20;
/// Bytes of a source file that are read, to see whether a pull request's diff has the same lines.
const LARGEST_SOURCE: u64 = 16 << 20;

pub(super) fn run(args: &PublishArgs, terminal: &Terminal, out: &mut dyn Write) -> Result<u8, CliError> {
    let variable = |name: &str| std::env::var(name).ok();
    let event = variable("GITHUB_EVENT_PATH").filter(|path| !path.is_empty());
    let event = event.map(|path| read(Path::new(&path))).transpose()?;
    let event = event.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let given = Given {
        repository: args.repo.clone(),
        commit: args.commit.clone(),
        reference: args.reference.clone(),
        pull: args.pull_request,
    };
    let target = Target::find(given, &variable, event.as_deref())?;
    let reports = args.reports.iter().map(|path| report(path)).collect::<Result<Vec<_>, _>>()?;
    let fail_on: Option<policy::FailOn> = args.fail_on.map(Into::into);
    let wishes = Wishes {
        upload_sarif: args.upload_sarif.into(),
        annotations: args.annotations.into(),
        review: args.review.into(),
        comment: args.comment.into(),
        summary: args.summary.into(),
        name: args.name.clone(),
        fail_on: fail_on.unwrap_or(policy::FailOn::Stop),
        patience: Duration::from_secs(args.max_wait),
    };
    let token = ["GITHUB_TOKEN", "GH_TOKEN"].iter().find_map(|name| Token::new(&variable(name)?));
    let outcome = github::publish(&reports, &target, token.as_ref(), &wishes, &source)?;
    tell(&outcome, &target, terminal, out).map_err(CliError::Write)?;
    if let Some(summary) = &outcome.summary {
        match variable("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
            Some(path) => append(Path::new(&path), summary)?,
            None => write!(out, "\n{summary}").map_err(CliError::Write)?,
        }
    }
    Ok(match outcome {
        Outcome { steps, .. } if steps.iter().any(|step| step.state == StepState::Failed) => UNABLE,
        Outcome { verdict, .. } if fail_on.is_some_and(|fail_on| fail_on.fails(verdict)) => FAILED,
        _ => 0,
    })
}

/// What became of each rung of the ladder, a line each, and the workflow commands.
fn tell(outcome: &Outcome, target: &Target, terminal: &Terminal, out: &mut dyn Write) -> io::Result<()> {
    for step in &outcome.steps {
        let what = escape::line(&step.what);
        match step.state {
            StepState::Done => writeln!(out, "{}: {what}", step.rung)?,
            StepState::Left if terminal.quiet => {}
            StepState::Left => writeln!(out, "{}: no ({what})", step.rung)?,
            StepState::Down => writeln!(out, "{}: not possible, the next below takes over: {what}", step.rung)?,
            StepState::Failed => {
                out.flush()?;
                terminal.warn(&format!("{}: failed: {what}", step.rung));
            }
        }
    }
    for command in &outcome.commands {
        writeln!(out, "{command}")?;
    }
    let (stop, warn, go) = outcome.counts;
    let place = target.pull.as_ref().map_or_else(|| format!("@{}", target.commit), |pull| format!("#{}", pull.number));
    writeln!(out, "FINAL {}: {stop} STOP, {warn} WARN, {go} GO for {}{place}", outcome.verdict, target.repository)
}

fn report(path: &Path) -> Result<SarifReport, CliError> {
    Ok(SarifReport::read(&path.display().to_string(), read(path)?)?)
}

/// A file as it was checked, when the path stays below the current folder.
fn source(path: &str) -> Option<String> {
    let path = PathBuf::from(path);
    if !path.components().all(|part| matches!(part, std::path::Component::Normal(_))) {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LARGEST_SOURCE).read_to_end(&mut bytes).ok()?;
    String::from_utf8(bytes).ok()
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    let wrong = |error: io::Error| CliError::read(path, &error);
    let size = fs::metadata(path).map_err(wrong)?.len();
    if size > LARGEST_REPORT {
        let reason = format!("it has {size} bytes, and a report has no more than {LARGEST_REPORT}");
        return Err(CliError::Read { path: path.display().to_string(), reason });
    }
    fs::read(path).map_err(wrong)
}

fn append(path: &Path, text: &str) -> Result<(), CliError> {
    let written =
        OpenOptions::new().append(true).create(true).open(path).and_then(|mut f| f.write_all(text.as_bytes()));
    written.map_err(|e| CliError::WriteFile { path: path.display().to_string(), reason: e.to_string() })
}
