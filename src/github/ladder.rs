//! The order of things: from code scanning down to the page of the job.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde::Deserialize;

use super::checks::{self, Check};
use super::client::Client;
use super::comment::{self, Made};
use super::error::{ApiError, Kind};
use super::report::{Item, digest};
use super::review::{Diff, Review};
use super::words::{self, Summary};
use super::{GithubError, Outcome, SarifReport, Step, StepState, Target, When, Wishes, scanning};
use crate::output::{AnnotationLimit, workflow_command};
use crate::policy::Action;

const SCANNING: &str = "code scanning";
const CHECK: &str = "check run";
const REVIEW: &str = "review";
const COMMENT: &str = "summary comment";
const COMMANDS: &str = "workflow annotations";
const PAGE: &str = "step summary";

#[derive(Deserialize)]
struct PullRequest {
    head: Head,
}

#[derive(Deserialize)]
struct Head {
    sha: String,
}

/// Goes down the ladder until every finding is shown.
pub(super) async fn climb(
    reports: &[SarifReport],
    mut target: Target,
    client: Option<&Client>,
    wishes: &Wishes,
    read: &dyn Fn(&str) -> Option<String>,
) -> Result<Outcome, GithubError> {
    if let (Some(client), Some(pull)) = (client, target.pull.as_mut().filter(|pull| pull.head.is_none())) {
        let found = client.get::<PullRequest>("reading the pull request", &format!("pulls/{}", pull.number)).await;
        match found {
            Ok(found) => pull.head = Some(found.head.sha),
            // Without its head there is nothing to comment on.
            Err(error) => return Err(error.into_fatal(&target.api)),
        }
    }
    let mut climb = Climb::new(reports, &target, client, wishes, read);
    climb.scanning().await?;
    climb.check_run().await?;
    climb.review().await?;
    climb.comment().await?;
    climb.commands();
    climb.page();
    Ok(climb.outcome())
}

struct Climb<'a> {
    reports: &'a [SarifReport],
    target: &'a Target,
    client: Option<&'a Client>,
    wishes: &'a Wishes,
    read: &'a dyn Fn(&str) -> Option<String>,
    /// What is published, the worst first, each once.
    items: Vec<&'a Item>,
    key: String,
    about: String,
    known: usize,
    verdict: Action,
    /// Fingerprints of what a rung has shown.
    shown: BTreeSet<String>,
    /// The diff of the pull request, once it was asked for.
    diff: Option<Result<Rc<Diff>, ApiError>>,
    steps: Vec<Step>,
    commands: Vec<String>,
    page: Option<String>,
    /// Whether a rung that was wanted could not be taken.
    is_down: bool,
    /// Whether the rungs above the workflow's output have not shown everything.
    needs_page: bool,
}

impl<'a> Climb<'a> {
    fn new(
        reports: &'a [SarifReport],
        target: &'a Target,
        client: Option<&'a Client>,
        wishes: &'a Wishes,
        read: &'a dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let mut seen = BTreeSet::new();
        let all = reports.iter().flat_map(|report| &report.items);
        let all: Vec<&Item> = all.filter(|item| seen.insert((&item.fingerprint, &item.path, &item.rule))).collect();
        let known = all.iter().filter(|item| item.is_known).count();
        let mut items: Vec<&Item> = all.iter().filter(|item| !item.is_known).copied().collect();
        items.sort_by_key(|item| std::cmp::Reverse(item.action));
        let categories: BTreeSet<&str> = reports.iter().map(|report| report.category.as_str()).collect();
        let categories: Vec<&str> = categories.into_iter().collect();
        let of_tool = concat!(env!("CARGO_PKG_NAME"), "/");
        let about: Vec<&str> = categories.iter().map(|c| c.strip_prefix(of_tool).unwrap_or(c)).collect();
        let about = wishes.name.clone().unwrap_or_else(|| about.join(" "));
        let name = wishes.name.as_deref().unwrap_or_default();
        Self {
            reports,
            target,
            client,
            wishes,
            read,
            key: digest(&[&target.workflow, &categories.join(" "), name]),
            about,
            known,
            verdict: items.first().map_or(Action::Go, |item| item.action),
            items,
            shown: BTreeSet::new(),
            diff: None,
            steps: Vec::new(),
            commands: Vec::new(),
            page: None,
            is_down: false,
            needs_page: false,
        }
    }

    fn step(&mut self, rung: &'static str, state: StepState, what: impl Into<String>) {
        self.steps.push(Step { rung, state, what: what.into() });
    }

    /// The client, when the rung is wanted and can be tried.
    fn wanted(&mut self, rung: &'static str, when: When, needs_pull: bool) -> Option<&'a Client> {
        if when == When::Never {
            self.step(rung, StepState::Left, "not asked for");
            return None;
        }
        if needs_pull && self.target.pull.is_none() {
            self.step(rung, StepState::Left, "there is no pull request");
            return None;
        }
        if self.client.is_none() {
            self.down(rung, when, "there is no token: GITHUB_TOKEN is not set".into());
        }
        self.client
    }

    fn down(&mut self, rung: &'static str, when: When, why: String) {
        self.is_down = true;
        let state = if when == When::Always { StepState::Failed } else { StepState::Down };
        self.step(rung, state, why);
    }

    /// Tells why a rung could not be taken; a token that GitHub does not know ends everything.
    fn refused(&mut self, rung: &'static str, when: When, error: &ApiError) -> Result<(), GithubError> {
        if error.kind == Kind::BadToken {
            return Err(GithubError::BadToken(error.to_string()));
        }
        let is_from_fork = self.target.pull.as_ref().is_some_and(|pull| pull.is_from_fork);
        let why = match error.kind {
            Kind::Denied if is_from_fork => " (a pull request from a fork has a token that can only read)",
            _ => "",
        };
        self.down(rung, when, format!("{error}{why}"));
        Ok(())
    }

    /// The diff of pull request `number`, asked for once.
    async fn diff(&mut self, client: &Client, number: u64) -> Result<Rc<Diff>, ApiError> {
        if self.diff.is_none() {
            self.diff = Some(Diff::get(client, number).await.map(Rc::new));
        }
        let unasked = || Err(ApiError::new("reading the pull request's diff", Kind::Denied, "it was not asked for"));
        self.diff.clone().unwrap_or_else(unasked)
    }

    async fn scanning(&mut self) -> Result<(), GithubError> {
        let when = self.wishes.upload_sarif;
        let Some(client) = self.wanted(SCANNING, when, false) else { return Ok(()) };
        match scanning::upload(client, self.target, self.reports).await {
            Ok(what) => {
                self.step(SCANNING, StepState::Done, what);
                // In a pull request it shows only what is in the diff.
                let diff = match &self.target.pull {
                    Some(pull) => Some(self.diff(client, pull.number).await),
                    None => None,
                };
                let is_shown = |item: &&&Item| match &diff {
                    Some(Ok(diff)) => diff.shows(item),
                    Some(Err(_)) => false,
                    None => true,
                };
                self.shown.extend(self.items.iter().filter(is_shown).map(|item| item.fingerprint.clone()));
                Ok(())
            }
            Err(error) => self.refused(SCANNING, when, &error),
        }
    }

    /// The check run has the verdict, whatever else is shown; its annotations are what is not shown above.
    async fn check_run(&mut self) -> Result<(), GithubError> {
        let when = self.wishes.annotations;
        let Some(client) = self.wanted(CHECK, when, false) else { return Ok(()) };
        let items: Vec<&Item> =
            self.items.iter().filter(|item| !self.shown.contains(&item.fingerprint)).copied().collect();
        let summary = self.summary();
        let check = Check {
            name: format!("dockgate: {}", if self.about.is_empty() { "report" } else { &self.about }),
            commit: self.target.head(),
            key: &self.key,
            conclusion: match self.verdict {
                Action::Go => "success",
                verdict if self.wishes.fail_on.fails(verdict) => "failure",
                Action::Warn | Action::Stop => "neutral",
            },
            title: summary.title(),
            summary: summary.markdown(),
            items,
        };
        match checks::publish(client, &check).await {
            Ok(what) => {
                let shown: Vec<String> = check.items.iter().map(|item| item.fingerprint.clone()).collect();
                self.shown.extend(shown);
                self.step(CHECK, StepState::Done, what);
                Ok(())
            }
            Err(error) => self.refused(CHECK, when, &error),
        }
    }

    /// Suggestions can be made nowhere else; other findings get a comment when nothing above shows them, or when it is asked
    /// for.
    async fn review(&mut self) -> Result<(), GithubError> {
        let when = self.wishes.review;
        let (Some(client), Some(pull)) = (self.wanted(REVIEW, when, true), self.target.pull.as_ref()) else {
            return Ok(());
        };
        let diff = self.diff(client, pull.number).await;
        let present = self.reports.iter().flat_map(|report| &report.items);
        let is_wanted = |item: &&&Item| {
            let counts = item.action > Action::Go;
            // A suggestion for another file can be clicked where that is in the diff.
            let is_in_diff = |path: &str| diff.as_ref().is_ok_and(|diff| diff.has(path));
            let has_suggestion = item.fix.as_ref().is_some_and(|fix| fix.path == item.path || is_in_diff(&fix.path));
            has_suggestion || (counts && (when == When::Always || !self.shown.contains(&item.fingerprint)))
        };
        let review = Review {
            number: pull.number,
            commit: self.target.head(),
            key: &self.key,
            items: self.items.iter().filter(is_wanted).copied().collect(),
            present: present.clone().map(|item| item.fingerprint.as_str()).collect(),
            secret_lines: present.filter(|item| item.is_secret).flat_map(lines).collect(),
            read: self.read,
        };
        let done = match diff {
            Ok(diff) => review.publish(client, &diff).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(done) => {
                let mut parts: Vec<String> = [
                    (done.new, "new"),
                    (done.updated, "brought up to date"),
                    (done.gone, "marked as gone"),
                    (done.same, "there already"),
                    (done.left_out, "left out"),
                ]
                .iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, what)| format!("{} {what}", words::count(*count, "comment")))
                .collect();
                if parts.is_empty() {
                    parts.push("no line of the diff has a finding to comment on".into());
                }
                parts.extend(done.unresolved.map(|why| format!("threads stay open ({why})")));
                self.shown.extend(done.shown);
                self.step(REVIEW, StepState::Done, parts.join(", "));
                Ok(())
            }
            Err(error) => self.refused(REVIEW, when, &error),
        }
    }

    async fn comment(&mut self) -> Result<(), GithubError> {
        let when = self.wishes.comment;
        let (Some(client), Some(pull)) = (self.wanted(COMMENT, when, true), self.target.pull.as_ref()) else {
            return Ok(());
        };
        let text = self.summary().markdown();
        let has_something_to_say = when == When::Always || self.verdict > Action::Go;
        match comment::publish(client, pull.number, &self.key, &text, has_something_to_say).await {
            Ok(made) => {
                let (state, what) = match made {
                    Made::New => (StepState::Done, "made"),
                    Made::Updated => (StepState::Done, "brought up to date"),
                    Made::Same => (StepState::Done, "there already"),
                    Made::Silent => (StepState::Left, "there is nothing to say"),
                };
                self.step(COMMENT, state, what);
                Ok(())
            }
            Err(error) => self.refused(COMMENT, when, &error),
        }
    }

    /// What no rung above has shown, where one of them could not be taken.
    fn commands(&mut self) {
        let left: Vec<&Item> =
            self.items.iter().filter(|item| !self.shown.contains(&item.fingerprint)).copied().collect();
        self.needs_page = !left.is_empty();
        if !self.is_down || left.is_empty() {
            return self.step(COMMANDS, StepState::Left, "everything is shown above, or nothing was asked for");
        }
        if !self.target.is_workflow {
            return self.step(COMMANDS, StepState::Left, "this is no workflow run");
        }
        let mut limit = AnnotationLimit::default();
        for item in &left {
            if limit.takes(item.action) {
                let title = format!("{} {}", item.action, item.rule);
                let place = (item.path.as_str(), item.region);
                self.commands.push(workflow_command(item.action, Some(place), &title, &words::plain(item)));
                self.shown.insert(item.fingerprint.clone());
            }
        }
        let left_out = left.len() - self.commands.len();
        let mut what = words::count(self.commands.len(), "annotation");
        if left_out > 0 {
            what = format!("{what}; {left_out} more have no room, for a step has room for ten of each level");
        }
        self.step(COMMANDS, StepState::Done, what);
    }

    fn page(&mut self) {
        let is_wanted = match self.wishes.summary {
            When::Never => false,
            When::Always => true,
            // Annotations of a step have little room, and outside of a workflow there are none.
            When::Auto => self.is_down && self.needs_page,
        };
        if !is_wanted {
            return self.step(PAGE, StepState::Left, "not needed");
        }
        self.page = Some(self.summary().markdown());
        self.step(PAGE, StepState::Done, "written");
    }

    fn summary(&self) -> Summary<'_> {
        Summary {
            target: self.target,
            about: &self.about,
            verdict: self.verdict,
            items: self.items.clone(),
            known: self.known,
            waived: self.reports.iter().map(|report| report.waived).sum(),
            notes: self.reports.iter().flat_map(|report| &report.notes).map(String::as_str).collect(),
        }
    }

    fn outcome(self) -> Outcome {
        let count = |action| self.items.iter().filter(|item| item.action == action).count();
        Outcome {
            counts: (count(Action::Stop), count(Action::Warn), count(Action::Go)),
            steps: self.steps,
            commands: self.commands,
            summary: self.page,
            verdict: self.verdict,
        }
    }
}

/// The lines of an item, of which there are not more than a secret can have.
fn lines(item: &Item) -> impl Iterator<Item = (&str, usize)> {
    let (first, last) = (item.region.start.line, item.region.end.line);
    (first..=last.min(first.saturating_add(100))).map(|line| (item.path.as_str(), line))
}
