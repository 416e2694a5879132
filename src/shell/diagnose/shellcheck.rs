//! The `shellcheck` command: how it is asked, and what its answer means.

use serde::Deserialize;

use super::Fault;
use super::listing::{Language, Listing};
use crate::rule::Severity;

/// Runs `shellcheck` with these arguments and this standard input: its standard output, or why it could not be run.
pub type RunShellCheck<'a> = dyn Fn(&[&str], &str) -> Result<String, String> + Sync + 'a;

/// A `shellcheck` command that the caller can run.
pub struct ShellCheck<'a> {
    /// Its version, for reports.
    pub version: String,
    /// Runs it.
    pub run: &'a RunShellCheck<'a>,
}

/// What the `json1` format holds.
#[derive(Deserialize)]
struct Answer {
    comments: Vec<Comment>,
}

/// Lines and columns count from 1, columns in characters, ends exclusive.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Comment {
    line: usize,
    end_line: usize,
    column: usize,
    end_column: usize,
    level: Severity,
    code: u16,
    message: String,
}

impl ShellCheck<'_> {
    /// The faults in a listing, or why there is no answer; `None` for a language the command does not know.
    pub(super) fn read(&self, listing: &Listing) -> Option<Result<Vec<Fault>, String>> {
        let shell = match listing.language {
            Language::Sh => "--shell=sh",
            Language::Dash => "--shell=dash",
            Language::Bash => "--shell=bash",
            Language::Ksh | Language::Mksh => "--shell=ksh",
            Language::Zsh => return None,
        };
        // A configuration that lies about must not change what is found.
        let arguments = ["--norc", "--format=json1", "--severity=style", "--exclude=1090,1091,2187", shell, "-"];
        let answer = (self.run)(&arguments, listing.text()).and_then(|answer| {
            serde_json::from_str::<Answer>(&answer)
                .map_err(|e| format!("shellcheck gave an answer that is no JSON: {e}"))
        });
        Some(answer.map(|answer| faults(answer, listing.text())))
    }
}

fn faults(answer: Answer, text: &str) -> Vec<Fault> {
    let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
    let offset = |line: usize, column: usize| {
        let start = *line.checked_sub(1).and_then(|line| starts.get(line))?;
        let line = text.get(start..)?.split('\n').next().unwrap_or_default();
        let within = line.char_indices().nth(column.checked_sub(1)?).map_or(line.len(), |(i, _)| i);
        Some(start + within)
    };
    let fault = |comment: Comment| {
        let start = offset(comment.line, comment.column)?;
        let end = offset(comment.end_line, comment.end_column).unwrap_or(start).max(start);
        let Comment { code, level: severity, message, .. } = comment;
        Some(Fault { code, severity, message, range: start..end })
    };
    answer.comments.into_iter().filter_map(fault).collect()
}
