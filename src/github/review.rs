//! Review comments on the lines of a pull request's diff, with suggestions where there is a fix. One comment a finding: a
//! later run leaves it, brings it up to date, or marks it when the finding is gone.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::Client;
use super::comment::Comment;
use super::error::{ApiError, Kind};
use super::hunks::{Hunks, last_line};
use super::report::{Fix, Item};
use super::suggestion::Suggestion;
use super::threads;
use super::words;
use crate::text::{Position, Region};

/// Comments that one run begins; more bury a pull request, and the check run has the rest.
const MOST_NEW: usize = 30;

/// A changed file.
#[derive(Deserialize)]
struct ChangedFile {
    filename: String,
    /// Missing for binary and for very large files.
    patch: Option<String>,
}

/// The diff of a pull request, by path.
pub(super) struct Diff(BTreeMap<String, Hunks>);

impl Diff {
    pub(super) async fn get(client: &Client, number: u64) -> Result<Self, ApiError> {
        let route = format!("pulls/{number}/files");
        let files: Vec<ChangedFile> = client.list("reading the pull request's diff", &route).await?;
        let hunks = files.into_iter().map(|file| {
            let hunks = file.patch.as_deref().map(Hunks::parse).unwrap_or_default();
            (file.filename, hunks)
        });
        Ok(Self(hunks.collect()))
    }

    /// Whether a file is part of it.
    pub(super) fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// Whether the diff shows all lines of a finding, as code scanning asks before it shows one.
    pub(super) fn shows(&self, item: &Item) -> bool {
        let hunks = self.0.get(&item.path);
        hunks.is_some_and(|hunks| hunks.lines(item.region.start.line, last_line(item.region)).is_some())
    }
}

/// A comment to make.
#[derive(Debug, Serialize)]
struct NewComment {
    path: String,
    line: usize,
    side: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_side: Option<&'static str>,
    body: String,
}

/// What a review is made of.
pub(super) struct Review<'a> {
    pub(super) number: u64,
    pub(super) commit: &'a str,
    pub(super) key: &'a str,
    /// Findings to comment on, the worst first.
    pub(super) items: Vec<&'a Item>,
    /// Fingerprints of all findings there are, those included that are not commented on.
    pub(super) present: BTreeSet<&'a str>,
    /// Lines that hold a secret, by path: they are never repeated.
    pub(super) secret_lines: BTreeSet<(&'a str, usize)>,
    /// The file as it was checked.
    pub(super) read: &'a dyn Fn(&str) -> Option<String>,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Reviewed {
    pub(super) new: usize,
    pub(super) updated: usize,
    pub(super) gone: usize,
    pub(super) same: usize,
    /// Findings that are in the diff but have no comment, for there are too many or GitHub refused it.
    pub(super) left_out: usize,
    /// Why the threads of what is gone could not be resolved.
    pub(super) unresolved: Option<String>,
    /// Fingerprints of findings that have a comment now.
    pub(super) shown: BTreeSet<String>,
}

impl Review<'_> {
    /// Makes, updates and marks comments until they say what the findings say.
    pub(super) async fn publish(&self, client: &Client, diff: &Diff) -> Result<Reviewed, ApiError> {
        client.settle(async || self.bring(client, diff).await).await
    }

    async fn bring(&self, client: &Client, diff: &Diff) -> Result<Reviewed, ApiError> {
        let route = format!("pulls/{}/comments", self.number);
        let comments: Vec<Comment> = client.list("looking for review comments", &route).await?;
        let mut ours: BTreeMap<&str, (&Comment, bool)> = BTreeMap::new();
        for comment in comments.iter().filter(|comment| comment.is_trusted()) {
            if let Some((fingerprint, is_gone)) = comment.body.as_deref().and_then(|body| self.marked(body)) {
                ours.entry(fingerprint).or_insert((comment, is_gone));
            }
        }
        let mut done = Reviewed::default();
        let mut new = Vec::new();
        let mut back = BTreeSet::new();
        for item in &self.items {
            let Some(comment) = self.comment(item, diff) else { continue };
            match ours.get(item.fingerprint.as_str()) {
                Some((there, _)) if there.body.as_deref() == Some(&comment.body) => done.same += 1,
                Some((there, was_gone)) => {
                    self.edit(client, there.id, &comment.body).await?;
                    done.updated += 1;
                    if *was_gone {
                        back.insert(item.fingerprint.as_str());
                    }
                }
                None if new.len() < MOST_NEW => {
                    new.push(comment);
                    done.shown.insert(item.fingerprint.clone());
                    continue;
                }
                None => {
                    done.left_out += 1;
                    continue;
                }
            }
            done.shown.insert(item.fingerprint.clone());
        }
        for (fingerprint, (comment, is_gone)) in &ours {
            if !is_gone && !self.present.contains(fingerprint) {
                let body = self.gone(comment.body.as_deref().unwrap_or_default(), fingerprint);
                self.edit(client, comment.id, &body).await?;
                done.gone += 1;
            }
        }
        // Its own trouble is told and no more, for the comments say the same.
        if done.gone > 0 || !back.is_empty() || ours.values().any(|(_, is_gone)| *is_gone) {
            let wanted = |body: &str| match self.marked(body)? {
                (_, true) => Some(true),
                (fingerprint, false) => back.contains(fingerprint).then_some(false),
            };
            done.unresolved = threads::bring(client, self.number, wanted).await.err().map(|error| error.to_string());
        }
        if !new.is_empty() {
            let refused = self.make(client, &new).await?;
            done.new = new.len() - refused.len();
            done.left_out += refused.len();
            done.shown.retain(|fingerprint| !refused.iter().any(|body| body.contains(&self.mark(fingerprint))));
        }
        Ok(done)
    }

    /// Makes the comments in one review. When GitHub refuses it, one after the other, so that a single bad one does not
    /// take the others with it; returns the bodies of those it does not take.
    async fn make(&self, client: &Client, new: &[NewComment]) -> Result<Vec<String>, ApiError> {
        let doing = "making a review";
        let text = format!("dockgate has {} on the lines of this change.", words::count(new.len(), "comment"));
        let body = json!({ "commit_id": self.commit, "event": "COMMENT", "body": text, "comments": new });
        let route = format!("pulls/{}/reviews", self.number);
        let made: Result<Value, ApiError> = client.post(doing, &route, &body).await;
        match made {
            Ok(_) => return Ok(Vec::new()),
            Err(error) if error.kind == Kind::Rejected => {}
            Err(error) => return Err(error),
        }
        let route = format!("pulls/{}/comments", self.number);
        let mut refused = Vec::new();
        let mut reason = None;
        for comment in new {
            let mut body = json!(comment);
            body["commit_id"] = json!(self.commit);
            let made: Result<Value, ApiError> = client.post(doing, &route, &body).await;
            match made {
                Ok(_) => {}
                Err(error) if error.kind == Kind::Rejected => {
                    refused.push(comment.body.clone());
                    reason = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        // When all are refused it is not about one of them.
        if refused.len() == new.len() { reason.map_or(Ok(refused), Err) } else { Ok(refused) }
    }

    async fn edit(&self, client: &Client, id: u64, body: &str) -> Result<(), ApiError> {
        client.set("updating a review comment", &format!("pulls/comments/{id}"), &json!({ "body": body })).await
    }

    /// The comment for a finding: where its fix can be clicked, or else on its line, when the diff shows that as it was
    /// checked.
    fn comment(&self, item: &Item, diff: &Diff) -> Option<NewComment> {
        let fix = item.fix.as_ref().and_then(|fix| Some((&fix.path, self.suggestion(item, fix, diff)?)));
        if let Some((path, suggestion)) = fix {
            let lines = (suggestion.first, suggestion.last);
            return Some(self.comment_on(item, path, lines, Some(suggestion)));
        }
        let hunks = diff.0.get(&item.path)?;
        let shift = self.shift(&item.path, item.region, hunks)?;
        let mut region = item.region;
        region.start.line = region.start.line.checked_add_signed(shift)?;
        region.end.line = region.end.line.saturating_add_signed(shift);
        Some(self.comment_on(item, &item.path, hunks.anchor(region)?, None))
    }

    /// A fix as a suggestion, when the diff shows the lines it is about, in whatever file, and none of them has a secret.
    fn suggestion(&self, item: &Item, fix: &Fix, diff: &Diff) -> Option<Suggestion> {
        let hunks = diff.0.get(&fix.path)?;
        let about = match &fix.edits.first()?.0 {
            _ if fix.path == item.path => item.region,
            // What is put behind the last line.
            Region { start, end } if start == end && start.column == 1 && start.line > 1 => {
                let last = Position { line: start.line - 1, column: 1 };
                Region { start: last, end: Position { column: usize::MAX, ..last } }
            }
            region => *region,
        };
        let shift = self.shift(&fix.path, about, hunks)?;
        let is_secret =
            |line: usize| line.checked_add_signed(-shift).is_some_and(|l| self.secret_lines.contains(&(&*fix.path, l)));
        Suggestion::of(fix, hunks, shift).filter(|s| !(s.first..=s.last).any(is_secret))
    }

    fn comment_on(
        &self,
        item: &Item,
        path: &str,
        (first, last): (usize, usize),
        suggestion: Option<Suggestion>,
    ) -> NewComment {
        let mut body = words::comment(item);
        if let Some(suggestion) = suggestion {
            body.push('\n');
            body.push_str(&suggestion.markdown());
        }
        body.push_str(&format!("\n{}", self.mark(&item.fingerprint)));
        let is_one = first == last;
        NewComment {
            path: path.to_owned(),
            line: last,
            side: "RIGHT",
            start_line: (!is_one).then_some(first),
            start_side: (!is_one).then_some("RIGHT"),
            body,
        }
    }

    /// How much further down in the pull request's head the lines of a file are than in what was checked, which may be the
    /// trial merge. `None` when they are not in the diff.
    fn shift(&self, path: &str, region: Region, hunks: &Hunks) -> Option<isize> {
        let (first, last) = (region.start.line, last_line(region));
        let Some(text) = (self.read)(path) else { return Some(0) };
        let lines: Vec<&str> = text.split('\n').skip(first - 1).take(last - first + 1).collect();
        let Some(start) = lines.first() else { return Some(0) };
        // Where a hunk has only a part of the lines, the first of them that is there decides.
        hunks.shift(first, &lines).or_else(|| hunks.shift(first, &[start])).or_else(|| {
            let (line, _) = hunks.anchor(region)?;
            hunks.shift(line, &[lines.get(line - first)?]).filter(|shift| *shift == 0)
        })
    }

    fn mark(&self, fingerprint: &str) -> String {
        format!("<!-- dockgate:finding {} {fingerprint} -->", self.key)
    }

    fn gone_mark(&self, fingerprint: &str) -> String {
        format!("<!-- dockgate:gone {} {fingerprint} -->", self.key)
    }

    /// The fingerprint a comment is marked with, and whether it says that the finding is gone.
    fn marked<'b>(&self, body: &'b str) -> Option<(&'b str, bool)> {
        let mark = body.trim_end().rsplit_once('\n')?.1.strip_prefix("<!-- dockgate:")?.strip_suffix(" -->")?;
        let [kind, key, fingerprint] = mark.split(' ').collect::<Vec<_>>()[..] else { return None };
        (key == self.key && matches!(kind, "finding" | "gone")).then_some((fingerprint, kind == "gone"))
    }

    /// What a comment says when its finding is gone: what it was, without the suggestion.
    fn gone(&self, body: &str, fingerprint: &str) -> String {
        let what = body.lines().next().unwrap_or_default();
        format!("**Gone**: this is no longer reported.\n\n> {what}\n\n{}", self.gone_mark(fingerprint))
    }
}
