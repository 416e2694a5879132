//! Reports on GitHub: code scanning, a check run, review comments with suggestions, a summary comment.
//!
//! They form a ladder. Each finding is shown on the highest rung that can be reached; where a right is missing, as in a
//! pull request from a fork, the next one takes over, and why is told. The lowest rungs need no right at all: commands in the
//! workflow's output, and the page of the job. Everything can be said twice: what is there already stays as it is.

mod checks;
mod client;
mod comment;
mod error;
mod hunks;
mod ladder;
mod pace;
mod report;
mod review;
mod scanning;
mod suggestion;
mod target;
mod threads;
mod words;

use std::time::Duration;

pub use client::Token;
pub use error::GithubError;
pub use report::SarifReport;
pub use target::{Given, Pull, Target};

use crate::http;
use crate::policy::{Action, FailOn};

/// Whether a way of showing findings is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// When it can be, and nothing above it does the same.
    Auto,
    /// And it is a failure when it cannot be.
    Always,
    /// Not at all.
    Never,
}

/// How a report is published.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// Upload to code scanning.
    pub upload_sarif: When,
    /// A check run with annotations.
    pub annotations: When,
    /// Review comments in a pull request; `Auto` makes only those that have a suggestion, once the findings are shown elsewhere.
    pub review: When,
    /// The summary comment in a pull request; `Auto` begins none where there is nothing to say.
    pub comment: When,
    /// The summary on the page of the job.
    pub summary: When,
    /// Tells this report from others of the same workflow, where what they are about does not.
    pub name: Option<String>,
    /// From which action on the check run is a failure.
    pub fail_on: FailOn,
    /// How long GitHub is waited for in all, for its limits as for what it processes.
    pub patience: Duration,
}

/// What became of one rung of the ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The rung.
    pub rung: &'static str,
    /// How it went.
    pub state: StepState,
    /// What was done, or why it was not.
    pub what: String,
}

/// How a rung of the ladder went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// It was done.
    Done,
    /// It is of no use here, or not wanted.
    Left,
    /// It could not be done, and the next rung takes over.
    Down,
    /// It could not be done, and was insisted on.
    Failed,
}

/// What came of publishing.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The rungs in their order.
    pub steps: Vec<Step>,
    /// Workflow commands to write to standard output.
    pub commands: Vec<String>,
    /// Markdown for the page of the job.
    pub summary: Option<String>,
    /// The highest action among what was published.
    pub verdict: Action,
    /// Findings published, by action: STOP, WARN, GO.
    pub counts: (usize, usize, usize),
}

/// Publishes reports to a target. `read` gives a file as it was checked, by its path in the reports.
///
/// # Errors
/// When GitHub's API cannot be used at all. That it cannot be reached, or refuses a request, is told in the steps.
pub fn publish(
    reports: &[SarifReport],
    target: &Target,
    token: Option<&Token>,
    wishes: &Wishes,
    read: &dyn Fn(&str) -> Option<String>,
) -> Result<Outcome, GithubError> {
    let climbed = http::block_on(async {
        let client = token.map(|token| client::Client::new(target, token, wishes.patience)).transpose()?;
        ladder::climb(reports, target.clone(), client.as_ref(), wishes, read).await
    });
    climbed.map_err(|e| GithubError::Client { api: target.api.clone(), reason: e.to_string() })?
}
