//! A SARIF report as it is published: what dockgate wrote, read again.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_sarif::sarif::{self, ResultLevel, Sarif};
use sha2::{Digest, Sha256};

use super::GithubError;
use crate::output::{Profile, Weight, validate};
use crate::policy::Action;
use crate::text::{Position, Region};

/// Results of one report that are read; code scanning itself takes no more.
const MOST_RESULTS: usize = 25_000;

/// A report to publish.
#[derive(Clone, Debug)]
pub struct SarifReport {
    /// Tells its results from those of another: the stable part of SARIF's automation id.
    pub(super) category: String,
    /// How many runs it has.
    pub(super) runs: usize,
    /// The worst first.
    pub(super) items: Vec<Item>,
    /// What was not looked at, in words.
    pub(super) notes: Vec<String>,
    /// Results that are waived and count for nothing.
    pub(super) waived: usize,
    /// As it is uploaded.
    pub(super) bytes: Vec<u8>,
}

/// One result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) action: Action,
    pub(super) rule: String,
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// Relative to the root of the repository, or the name of an image.
    pub(super) path: String,
    /// Columns are characters, the end exclusive; `usize::MAX` stands for a line's end.
    pub(super) region: Region,
    /// Hexadecimal digits and colons.
    pub(super) fingerprint: String,
    /// Whether it came with the base image.
    pub(super) is_base: bool,
    /// Whether it is about a secret, so that its line is never repeated.
    pub(super) is_secret: bool,
    /// Whether it was there before the change, so that it counts for nothing.
    pub(super) is_known: bool,
    pub(super) fix: Option<Fix>,
}

/// How a result is mended, by edits to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fix {
    pub(super) description: String,
    /// The file: the result's own, or another.
    pub(super) path: String,
    pub(super) edits: Vec<(Region, String)>,
}

impl SarifReport {
    /// Reads a report that is called `name` where it is told of.
    ///
    /// # Errors
    /// When it is not SARIF 2.1.0, or GitHub would refuse it.
    pub fn read(name: &str, bytes: Vec<u8>) -> Result<Self, GithubError> {
        let wrong = |reason: String| GithubError::NotSarif { name: name.to_owned(), reason };
        let value: Value = serde_json::from_slice(&bytes).map_err(|e| wrong(format!("it is not JSON: {e}")))?;
        let faults = validate(&value, Profile::Github);
        let errors: Vec<_> = faults.iter().filter(|fault| fault.weight == Weight::Error).collect();
        if let Some(first) = errors.first() {
            let reason = first.to_string();
            return Err(GithubError::Refused { name: name.to_owned(), errors: errors.len(), reason });
        }
        let sarif: Sarif = serde_json::from_value(value).map_err(|e| wrong(e.to_string()))?;
        Ok(Self::of(&sarif, bytes))
    }

    fn of(sarif: &Sarif, bytes: Vec<u8>) -> Self {
        let categories: BTreeSet<String> = sarif.runs.iter().map(category).collect();
        let mut report = Self {
            category: categories.into_iter().collect::<Vec<_>>().join(" "),
            runs: sarif.runs.len(),
            items: Vec::new(),
            notes: Vec::new(),
            waived: 0,
            bytes,
        };
        for run in &sarif.runs {
            report.take(run);
        }
        report.items.sort_by(|a, b| order(a).cmp(&order(b)));
        report
    }

    fn take(&mut self, run: &sarif::Run) {
        let notifications = run.invocations.iter().flatten();
        let notifications = notifications.flat_map(|i| i.tool_execution_notifications.iter().flatten());
        self.notes.extend(notifications.filter_map(|n| n.message.text.clone()));
        let results = run.results.as_deref().unwrap_or_default();
        if results.len() > MOST_RESULTS {
            self.notes.push(format!("{} of {} results are published", MOST_RESULTS, results.len()));
        }
        for result in results.iter().take(MOST_RESULTS) {
            if result.baseline_state.as_ref().is_some_and(|state| state == "absent") {
                continue;
            }
            if result.suppressions.as_ref().is_some_and(|all| !all.is_empty()) {
                self.waived += 1;
                continue;
            }
            self.items.push(item(result, run));
        }
    }
}

/// The worst first, the author's own before the base's, then by place.
fn order(item: &Item) -> impl Ord + use<'_> {
    (std::cmp::Reverse(item.action), item.is_base, &item.path, item.region, &item.rule, &item.fingerprint)
}

/// What stands before the last slash of the automation id, as code scanning takes it.
fn category(run: &sarif::Run) -> String {
    let id = run.automation_details.as_ref().and_then(|details| details.id.as_deref()).unwrap_or_default();
    id.rsplit_once('/').map_or(id, |(category, _)| category).to_owned()
}

fn item(result: &sarif::Result, run: &sarif::Run) -> Item {
    let property = |name: &str| {
        let properties = result.properties.as_ref()?;
        properties.additional_properties.get(name)?.as_str().map(str::to_owned)
    };
    let rule = rule_id(result, run);
    let location = result.locations.iter().flatten().next().and_then(|l| l.physical_location.as_ref());
    let artifact = location.and_then(|l| l.artifact_location.as_ref());
    let path = artifact.and_then(|a| a.uri.as_deref()).map(decoded).unwrap_or_default();
    let region = location.and_then(|l| l.region.as_ref()).map_or_else(first_line, region);
    let text = unlinked(result.message.text.as_deref().unwrap_or_default());
    let (message, help) = split_message(&text);
    let fingerprints = result.partial_fingerprints.as_ref();
    let fingerprint = fingerprints.and_then(|all| all.get("dockgate/v1")).filter(|f| is_fingerprint(f));
    let action = property("action").and_then(|action| Action::parse(&action)).unwrap_or(match result.level {
        Some(ResultLevel::Error) => Action::Stop,
        Some(ResultLevel::Note | ResultLevel::None) => Action::Go,
        Some(ResultLevel::Warning) | None => Action::Warn,
    });
    Item {
        action,
        fingerprint: fingerprint.cloned().unwrap_or_else(|| digest(&[&rule, &path, &message])),
        is_base: property("origin").as_deref() == Some("base"),
        is_secret: is_about_secrets(&rule, run),
        is_known: result.baseline_state.as_ref().is_some_and(|state| state == "unchanged"),
        fix: fix(result, run),
        rule,
        message,
        help,
        path,
        region,
    }
}

fn rule_id(result: &sarif::Result, run: &sarif::Run) -> String {
    let by_index = || {
        let index = usize::try_from(result.rule_index?).ok()?;
        Some(run.tool.driver.rules.as_ref()?.get(index)?.id.clone())
    };
    result.rule_id.clone().or_else(by_index).unwrap_or_default()
}

fn is_about_secrets(rule: &str, run: &sarif::Run) -> bool {
    let descriptor = run.tool.driver.rules.iter().flatten().find(|descriptor| descriptor.id == rule);
    let tags = descriptor.and_then(|d| d.properties.as_ref()).and_then(|p| p.tags.as_ref());
    tags.is_some_and(|tags| tags.iter().any(|tag| tag == "secrets"))
}

/// The first fix, when it changes one file; only where columns are counted in characters.
fn fix(result: &sarif::Result, run: &sarif::Run) -> Option<Fix> {
    if run.column_kind.as_ref().is_none_or(|kind| kind != "unicodeCodePoints") {
        return None;
    }
    let fix = result.fixes.as_ref()?.first()?;
    let [change] = fix.artifact_changes.as_slice() else { return None };
    let path = decoded(change.artifact_location.uri.as_deref()?);
    let edits = change.replacements.iter().map(|replacement| {
        let text = replacement.inserted_content.as_ref().and_then(|content| content.text.clone());
        (region(&replacement.deleted_region), text.unwrap_or_default())
    });
    let description = fix.description.as_ref().and_then(|d| d.text.clone()).unwrap_or_default();
    Some(Fix { description, path, edits: edits.collect() })
}

fn first_line() -> Region {
    Region { start: Position { line: 1, column: 1 }, end: Position { line: 1, column: usize::MAX } }
}

/// SARIF's region with its defaults: from the line's start, to the line's end.
fn region(region: &sarif::Region) -> Region {
    let number = |n: Option<i64>| n.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
    let line = number(region.start_line).unwrap_or(1);
    let start = Position { line, column: number(region.start_column).unwrap_or(1) };
    let end = Position {
        line: number(region.end_line).unwrap_or(line).max(line),
        column: number(region.end_column).unwrap_or(usize::MAX),
    };
    Region { start, end: end.max(start) }
}

/// What is wrong and what to do, which dockgate writes on lines of their own.
fn split_message(text: &str) -> (String, Option<String>) {
    let mut lines = text.lines();
    let message = lines.next().unwrap_or_default().to_owned();
    let help: Vec<&str> = lines.map(|line| line.strip_prefix("What to do: ").unwrap_or(line)).collect();
    (message, Some(help.join("\n")).filter(|help| !help.trim().is_empty()))
}

/// Text without SARIF's links to related locations: `[text](1)` is `text`.
fn unlinked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        let link = after.split_once("](").and_then(|(label, tail)| {
            let (number, tail) = tail.split_once(')')?;
            let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
            (is_number && !label.contains('[')).then_some((label, tail))
        });
        match link {
            Some((label, tail)) => {
                out.push_str(label);
                rest = tail;
            }
            None => {
                out.push('[');
                rest = after;
            }
        }
    }
    out + rest
}

/// A path from a URI reference.
fn decoded(uri: &str) -> String {
    let mut bytes = Vec::with_capacity(uri.len());
    let mut rest = uri.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = tail.get(..2).filter(|_| byte == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) => {
                bytes.push(value);
                rest = &tail[2..];
            }
            None => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Fingerprints stand in comments, where nothing else may come with them.
fn is_fingerprint(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b':')
}

/// Sixteen hexadecimal digits that stand for the parts.
pub(super) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::super::hunks::Hunks;
    use super::super::suggestion::Suggestion;
    use super::*;

    #[test]
    fn links_to_related_locations_are_read_as_text() {
        assert_eq!(unlinked("a. See [the key](1) and [x](y) [z"), "a. See the key and [x](y) [z");
        assert_eq!(unlinked("[[a](1)"), "[a");
    }

    #[test]
    fn a_message_ends_where_the_advice_begins() {
        let (message, help) = split_message("it is bad.\nWhat to do: mend it.\nSee the key.");
        assert_eq!((message.as_str(), help.as_deref()), ("it is bad.", Some("mend it.\nSee the key.")));
        assert_eq!(split_message("bad."), ("bad.".to_owned(), None));
    }

    #[test]
    fn a_uri_is_a_path_again() {
        assert_eq!(decoded("a%20b/%C3%A4%"), "a b/ä%");
    }

    #[test]
    fn a_report_can_claim_any_place() {
        let numbers = [i64::MIN, -1, 0, 1, 2, 3, i64::MAX];
        let mut results = Vec::new();
        for (line, column) in numbers.iter().flat_map(|line| numbers.map(|column| (line, column))) {
            let region = json!({"startLine": line, "startColumn": column, "endLine": column, "endColumn": line});
            let artifact = json!({"uri": "Dockerfile"});
            let change = json!({"artifactLocation": artifact, "replacements": [{"deletedRegion": region}]});
            results.push(json!({
                "message": {"text": "x"},
                "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
                "fixes": [{"artifactChanges": [change]}],
            }));
        }
        let driver = json!({"name": "x"});
        let run = json!({"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results});
        let sarif = json!({"version": "2.1.0", "runs": [run]});
        assert!(SarifReport::read("x", sarif.to_string().into_bytes()).is_err(), "GitHub would refuse it");
        let report = SarifReport::of(&serde_json::from_value(sarif).unwrap(), Vec::new());
        assert_eq!(report.items.len(), numbers.len() * numbers.len());
        let hunks = Hunks::parse("@@ -1,2 +1,3 @@\n FROM a\n+RUN b\n c");
        for item in &report.items {
            let (start, end) = (item.region.start, item.region.end);
            assert!(start.line > 0 && start.column > 0 && end >= start, "{item:?}");
            let anchor = hunks.anchor(item.region);
            assert!(anchor.is_none_or(|(first, last)| first > 0 && first <= last && last <= 3), "{item:?}");
            for shift in [isize::MIN, -1, 0, 1, isize::MAX] {
                let suggestion = item.fix.as_ref().and_then(|fix| Suggestion::of(fix, &hunks, shift));
                assert!(suggestion.is_none_or(|s| s.first > 0 && s.last <= 3), "{item:?}");
            }
        }
    }

    #[test]
    fn what_stands_in_a_comment_cannot_end_it() {
        assert!(is_fingerprint("0123456789abcdef:2"));
        assert!(!is_fingerprint("a --> <script>"));
    }
}
