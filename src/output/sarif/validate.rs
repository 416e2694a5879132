//! What services refuse or misread of a SARIF report, found before they do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;
use serde_sarif::sarif::Sarif;

use super::{Profile, category_warning};
use crate::text::escape;

/// Faults of one kind that are told one by one.
const TOLD: usize = 20;
/// What GitHub takes of one report.
const MOST_RUNS: usize = 20;
const MOST_RESULTS: usize = 25_000;
const MOST_RULES: usize = 25_000;
const MOST_TAGS: usize = 20;
const MOST_LOCATIONS: usize = 1_000;

/// How much a fault matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Weight {
    /// It is read otherwise than meant.
    Warning,
    /// The report, or the result, is refused.
    Error,
}

/// Something wrong with a report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// How much it matters.
    pub weight: Weight,
    /// Where, as a JSON pointer.
    pub at: String,
    /// What is wrong, no full stop.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = if self.weight == Weight::Error { "error" } else { "warning" };
        let at = if self.at.is_empty() { "/" } else { &self.at };
        write!(f, "{weight}: {}: {}", escape::line(at), escape::line(&self.message))
    }
}

/// Everything wrong with a report for the service that is to read it, in the order of the report.
pub fn validate(sarif: &Value, profile: Profile) -> Vec<Fault> {
    let mut faults = Faults { profile, list: Vec::new() };
    if sarif.get("version").and_then(Value::as_str) != Some("2.1.0") {
        faults.error("/version", "it is not \"2.1.0\"");
    }
    if let Some(schema) = sarif.get("$schema").and_then(Value::as_str)
        && !schema.contains("2.1.0")
    {
        faults.error("/$schema", "it is not that of SARIF 2.1.0");
    }
    let Some(runs) = sarif.get("runs").and_then(Value::as_array).filter(|runs| !runs.is_empty()) else {
        faults.error("/runs", "there is no run");
        return faults.list;
    };
    if profile == Profile::Github && runs.len() > MOST_RUNS {
        faults.error("/runs", format!("{} runs are more than the {MOST_RUNS} that are taken", runs.len()));
    }
    let mut seen = BTreeSet::new();
    for (index, run) in runs.iter().enumerate() {
        let at = format!("/runs/{index}");
        faults.run(run, &at);
        let name = str_at(run, "/tool/driver/name").unwrap_or_default();
        let id = str_at(run, "/automationDetails/id").unwrap_or_default();
        let category = id.rsplit_once('/').map_or("", |(category, _)| category);
        if !seen.insert((name, category)) {
            faults.error(&at, format!("a second run of {name} in the category `{category}`: it is refused"));
        }
        if let Some(warning) = category_warning(category) {
            faults.warning(&format!("{at}/automationDetails/id"), warning);
        }
    }
    if faults.list.is_empty()
        && let Err(error) = serde_json::from_value::<Sarif>(sarif.clone())
    {
        faults.error("", format!("it is not of SARIF's form: {error}"));
    }
    faults.list
}

struct Faults {
    profile: Profile,
    list: Vec<Fault>,
}

impl Faults {
    fn add(&mut self, weight: Weight, at: &str, message: String) {
        let equal = self.list.iter().filter(|fault| fault.message == message).count();
        if equal < TOLD {
            self.list.push(Fault { weight, at: at.to_owned(), message });
        }
    }

    fn error(&mut self, at: &str, message: impl Into<String>) {
        self.add(Weight::Error, at, message.into());
    }

    fn warning(&mut self, at: &str, message: impl Into<String>) {
        self.add(Weight::Warning, at, message.into());
    }

    /// A text that has to be there and hold something.
    fn text(&mut self, object: &Value, pointer: &str, at: &str) {
        if str_at(object, pointer).is_none_or(|text| text.trim().is_empty()) {
            self.error(&format!("{at}{pointer}"), "it is missing or empty");
        }
    }

    /// A word that, when it is there, has to be one of these.
    fn word(&mut self, object: &Value, name: &str, words: &[&str], at: &str) {
        let Some(value) = object.get(name) else { return };
        if !value.as_str().is_some_and(|value| words.contains(&value)) {
            self.error(&format!("{at}/{name}"), format!("it is not one of {}", words.join(", ")));
        }
    }

    fn run(&mut self, run: &Value, at: &str) {
        self.text(run, "/tool/driver/name", at);
        let rules = list_at(run, "/tool/driver/rules");
        let extensions = list_at(run, "/tool/extensions");
        if rules.len() > MOST_RULES && self.profile == Profile::Github {
            self.error(&format!("{at}/tool/driver/rules"), format!("more than {MOST_RULES} rules"));
        }
        let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, rule) in rules.iter().enumerate() {
            let at = format!("{at}/tool/driver/rules/{index}");
            self.rule(rule, &at);
            let id = str_at(rule, "/id").unwrap_or_default();
            if ids.insert(id, index).is_some() {
                self.error(&at, format!("`{id}` is there twice"));
            }
        }
        self.word(run, "columnKind", &["utf16CodeUnits", "unicodeCodePoints"], at);
        for (index, invocation) in list_at(run, "/invocations").iter().enumerate() {
            if invocation.get("executionSuccessful").and_then(Value::as_bool).is_none() {
                self.error(&format!("{at}/invocations/{index}/executionSuccessful"), "it is missing");
            }
        }
        for (index, provenance) in list_at(run, "/versionControlProvenance").iter().enumerate() {
            let uri = str_at(provenance, "/repositoryUri").unwrap_or_default();
            if !uri.contains("://") || uri.contains('@') {
                let at = format!("{at}/versionControlProvenance/{index}/repositoryUri");
                self.error(&at, "it is not an absolute URI without credentials");
            }
        }
        let results = run.get("results").and_then(Value::as_array);
        if results.is_none() && self.profile != Profile::Generic {
            self.error(&format!("{at}/results"), "it is missing; a run that found nothing has an empty list");
        }
        let results = results.map(Vec::as_slice).unwrap_or_default();
        if self.profile == Profile::Github && results.len() > MOST_RESULTS {
            let message = format!("{} results are more than the {MOST_RESULTS} that are taken", results.len());
            self.error(&format!("{at}/results"), message);
        } else if self.profile.most_results().is_some_and(|most| results.len() > most) {
            self.warning(&format!("{at}/results"), "only the worst 5,000 results are kept");
        }
        for (index, result) in results.iter().enumerate() {
            self.result(result, &ids, extensions.is_empty(), &format!("{at}/results/{index}"));
        }
    }

    fn rule(&mut self, rule: &Value, at: &str) {
        self.text(rule, "/id", at);
        for pointer in ["/shortDescription", "/fullDescription", "/help"] {
            match rule.pointer(pointer) {
                Some(_) => self.text(rule, &format!("{pointer}/text"), at),
                None if self.profile == Profile::Github => {
                    self.warning(at, format!("no `{}`: nothing is shown in its place", pointer.trim_start_matches('/')))
                }
                None => {}
            }
        }
        if let Some(level) = rule.get("defaultConfiguration") {
            self.word(level, "level", &LEVELS, &format!("{at}/defaultConfiguration"));
        }
        if let Some(severity) = rule.pointer("/properties/security-severity") {
            let number = severity.as_str().and_then(|text| text.parse::<f64>().ok());
            if !number.is_some_and(|n| (0.0..=10.0).contains(&n)) {
                self.error(&format!("{at}/properties/security-severity"), "it is not a number from 0 to 10 in quotes");
            }
        }
        if let Some(precision) = rule.pointer("/properties/precision")
            && !precision.as_str().is_some_and(|p| ["very-high", "high", "medium", "low"].contains(&p))
        {
            self.error(&format!("{at}/properties/precision"), "it is not one of very-high, high, medium, low");
        }
        if list_at(rule, "/properties/tags").len() > MOST_TAGS {
            self.warning(&format!("{at}/properties/tags"), format!("only {MOST_TAGS} tags are kept"));
        }
        if let Some(uri) = rule.get("helpUri")
            && !uri.as_str().is_some_and(|uri| uri.starts_with("https://") || uri.starts_with("http://"))
        {
            self.error(&format!("{at}/helpUri"), "it is not an absolute URL");
        }
    }

    fn result(&mut self, result: &Value, rules: &BTreeMap<&str, usize>, is_in_driver: bool, at: &str) {
        self.text(result, "/message/text", at);
        let id = str_at(result, "/ruleId").or_else(|| str_at(result, "/rule/id")).unwrap_or_default();
        let index = result.get("ruleIndex").and_then(Value::as_u64).and_then(|i| usize::try_from(i).ok());
        if id.is_empty() {
            self.error(&format!("{at}/ruleId"), "it is missing or empty");
        } else if is_in_driver {
            match (rules.get(id), index) {
                (Some(there), Some(index)) if *there != index => {
                    self.error(&format!("{at}/ruleIndex"), format!("it is {index}, and `{id}` is rule {there}"));
                }
                (None, _) => self.warning(&format!("{at}/ruleId"), format!("`{id}` is not among the rules")),
                _ => {}
            }
        }
        self.word(result, "level", &LEVELS, at);
        self.word(result, "kind", &["notApplicable", "pass", "fail", "review", "open", "informational"], at);
        self.word(result, "baselineState", &["new", "unchanged", "updated", "absent"], at);
        if let Some(rank) = result.get("rank")
            && !rank.as_f64().is_some_and(|rank| (-1.0..=100.0).contains(&rank))
        {
            self.error(&format!("{at}/rank"), "it is not a number from 0 to 100");
        }
        let locations = list_at(result, "/locations");
        if locations.is_empty() {
            self.error(&format!("{at}/locations"), "a result without a place is not shown");
        }
        if locations.len() > 1 && self.profile != Profile::Generic {
            self.warning(&format!("{at}/locations"), "only the first place is read");
        }
        for (index, location) in locations.iter().enumerate().take(MOST_LOCATIONS) {
            self.location(location, &format!("{at}/locations/{index}"));
        }
        let mut ids = BTreeSet::new();
        for (index, location) in list_at(result, "/relatedLocations").iter().enumerate().take(MOST_LOCATIONS) {
            self.location(location, &format!("{at}/relatedLocations/{index}"));
            ids.extend(location.get("id").and_then(Value::as_u64));
        }
        for link in links(str_at(result, "/message/text").unwrap_or_default()) {
            if !ids.contains(&link) {
                self.warning(&format!("{at}/message/text"), format!("it links to place {link}, and there is none"));
            }
        }
        let fingerprints = result.get("partialFingerprints").and_then(Value::as_object);
        for (name, value) in fingerprints.into_iter().flatten() {
            if value.as_str().is_none_or(str::is_empty) {
                self.error(&format!("{at}/partialFingerprints/{name}"), "it is empty, or no text");
            }
        }
        for (index, suppression) in list_at(result, "/suppressions").iter().enumerate() {
            let at = format!("{at}/suppressions/{index}");
            self.word(suppression, "kind", &["inSource", "external"], &at);
            self.word(suppression, "status", &["accepted", "underReview", "rejected"], &at);
        }
        for (index, fix) in list_at(result, "/fixes").iter().enumerate() {
            let changes = list_at(fix, "/artifactChanges");
            if changes.is_empty() || changes.iter().any(|change| list_at(change, "/replacements").is_empty()) {
                self.error(&format!("{at}/fixes/{index}"), "it changes nothing");
            }
        }
    }

    fn location(&mut self, location: &Value, at: &str) {
        let uri = str_at(location, "/physicalLocation/artifactLocation/uri").unwrap_or_default();
        let at_uri = format!("{at}/physicalLocation/artifactLocation/uri");
        let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && !scheme.contains('/');
        if uri.is_empty() {
            self.error(&at_uri, "it is missing or empty");
        } else if is_scheme && scheme != "file" {
            self.error(&at_uri, format!("`{scheme}:` is not the work tree"));
        } else if uri.starts_with('/') || uri.split('/').any(|part| part == "..") {
            self.warning(&at_uri, "it leads out of the repository");
        } else if uri.bytes().any(|b| !b.is_ascii_graphic() || matches!(b, b'<' | b'>' | b'"' | b'\\' | b'^' | b'`')) {
            self.error(&at_uri, "it holds what no URI may hold");
        }
        let Some(region) = location.pointer("/physicalLocation/region") else {
            self.warning(&format!("{at}/physicalLocation/region"), "without it the first line is shown");
            return;
        };
        let number = |name: &str| region.get(name).map(|n| n.as_u64().unwrap_or(0));
        for name in ["startLine", "startColumn", "endLine", "endColumn"] {
            if number(name) == Some(0) {
                self.error(&format!("{at}/physicalLocation/region/{name}"), "it is not a number from 1 on");
            }
        }
        let Some(start) = number("startLine") else {
            self.error(&format!("{at}/physicalLocation/region/startLine"), "it is missing");
            return;
        };
        let end = number("endLine").unwrap_or(start);
        let columns = (number("startColumn").unwrap_or(1), number("endColumn").unwrap_or(u64::MAX));
        let is_empty = end == start && columns.1 == columns.0;
        if end < start || (end == start && columns.1 < columns.0) {
            self.error(&format!("{at}/physicalLocation/region"), "it ends before it starts");
        } else if is_empty && !self.profile.takes_empty_ranges() {
            self.error(&format!("{at}/physicalLocation/region"), "it is empty, and the report is refused for it");
        }
    }
}

const LEVELS: [&str; 4] = ["none", "note", "warning", "error"];

fn str_at<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

pub(super) fn list_at<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The places a message links to: `[text](1)`.
fn links(text: &str) -> Vec<u64> {
    let numbers = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')?.0.parse().ok());
    numbers.collect()
}
