//! The check run: its conclusion is the verdict, and its annotations are the findings.
//!
//! GitHub appends annotations and never takes one away, so a check run is only ever completed, and what it says is part of
//! its name for us: a run that says the same is left alone, one that says something else gets a successor.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::Client;
use super::error::ApiError;
use super::report::{Item, digest};
use super::words;
use crate::policy::Action;

/// Annotations that GitHub takes in a request.
const BATCH: usize = 50;
/// Annotations of a check run; a page with more is of no use to anybody.
const MOST: usize = 1000;
/// Characters of a title and of a message that are sent.
const LONGEST_TITLE: usize = 250;
const LONGEST_MESSAGE: usize = 8_000;

/// What a check run says.
pub(super) struct Check<'a> {
    pub(super) name: String,
    pub(super) commit: &'a str,
    /// Identifies what was checked, and how.
    pub(super) key: &'a str,
    pub(super) conclusion: &'static str,
    pub(super) title: String,
    /// Markdown.
    pub(super) summary: String,
    pub(super) items: Vec<&'a Item>,
}

#[derive(Serialize)]
struct Annotation {
    path: String,
    start_line: usize,
    end_line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<usize>,
    annotation_level: &'static str,
    title: String,
    message: String,
}

#[derive(Deserialize)]
struct CheckRuns {
    check_runs: Vec<CheckRun>,
}

#[derive(Deserialize)]
struct CheckRun {
    id: u64,
    external_id: Option<String>,
    status: Option<String>,
    output: Option<Output>,
}

#[derive(Deserialize)]
struct Output {
    annotations_count: Option<usize>,
}

/// Makes the check run, completes the one that an earlier try left half done, or sees that it is there already.
pub(super) async fn publish(client: &Client, check: &Check<'_>) -> Result<String, ApiError> {
    let annotations: Vec<Annotation> = check.items.iter().take(MOST).map(|item| annotation(item)).collect();
    let content = serde_json::to_string(&(check.conclusion, &check.title, &check.summary, &annotations));
    let content = content.unwrap_or_default();
    let id = format!("{}{}", prefix(check), digest(&[&content]));
    let is_new = client.settle(async || bring(client, check, &id, &annotations).await).await?;
    let left_out = check.items.len().saturating_sub(MOST);
    let more = if left_out > 0 { format!(", {left_out} more left out") } else { String::new() };
    let state = if is_new { "" } else { ", there already" };
    Ok(format!("`{}` says {} with {} annotations{more}{state}", check.name, check.conclusion, annotations.len()))
}

/// Whether something had to be done.
async fn bring(client: &Client, check: &Check<'_>, id: &str, all: &[Annotation]) -> Result<bool, ApiError> {
    let doing = "making a check run";
    let route =
        format!("commits/{}/check-runs?filter=all&per_page=100&check_name={}", check.commit, query(&check.name));
    let runs: CheckRuns = client.get("looking for the check run", &route).await?;
    // Of ours the newest is the one that GitHub shows.
    let is_ours = |run: &CheckRun| run.external_id.as_deref().is_some_and(|id| id.starts_with(&prefix(check)));
    let newest = runs.check_runs.into_iter().filter(is_ours).max_by_key(|run| run.id);
    let earlier = newest.filter(|run| run.external_id.as_deref() == Some(id));
    let output = |annotations: &[Annotation]| json!({ "title": check.title, "summary": check.summary, "annotations": annotations });
    let (run, mut sent) = match earlier {
        Some(run) if run.status.as_deref() == Some("completed") => return Ok(false),
        Some(run) => {
            let sent = run.output.and_then(|output| output.annotations_count).unwrap_or(0);
            (run.id, sent.min(all.len()))
        }
        None => {
            let first = &all[..all.len().min(BATCH)];
            let mut body = json!({
                "name": check.name,
                "head_sha": check.commit,
                "external_id": id,
                "output": output(first),
            });
            finish(&mut body, check, first.len() == all.len());
            let run: CheckRun = client.post(doing, "check-runs", &body).await?;
            if first.len() == all.len() {
                return Ok(true);
            }
            (run.id, first.len())
        }
    };
    loop {
        let end = all.len().min(sent + BATCH);
        let mut body = json!({ "output": output(&all[sent..end]) });
        finish(&mut body, check, end == all.len());
        client.add(doing, &format!("check-runs/{run}"), &body).await?;
        sent = end;
        if sent == all.len() {
            return Ok(true);
        }
    }
}

/// What the external ids of all check runs on the same thing begin with.
fn prefix(check: &Check<'_>) -> String {
    format!("dockgate/{}/", check.key)
}

fn finish(body: &mut Value, check: &Check<'_>, is_complete: bool) {
    if is_complete {
        body["status"] = json!("completed");
        body["conclusion"] = json!(check.conclusion);
    } else {
        body["status"] = json!("in_progress");
    }
}

fn annotation(item: &Item) -> Annotation {
    let (start, end) = (item.region.start, item.region.end);
    let last = super::hunks::last_line(item.region);
    // Columns are taken only where start and end are on one line.
    let is_one_line = start.line == last && end.column != usize::MAX && end.line == last;
    Annotation {
        path: item.path.clone(),
        start_line: start.line,
        end_line: last,
        start_column: is_one_line.then_some(start.column),
        end_column: is_one_line.then(|| end.column.max(start.column)),
        annotation_level: match item.action {
            Action::Stop => "failure",
            Action::Warn => "warning",
            Action::Go => "notice",
        },
        title: words::cut(&format!("{} {}", item.action, item.rule), LONGEST_TITLE),
        message: words::cut(&words::plain(item), LONGEST_MESSAGE),
    }
}

/// A value in a query.
pub(super) fn query(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
