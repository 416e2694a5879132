//! What is new in a report, and what is gone, beside an earlier one.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::validate::list_at;

/// A report held against an earlier one.
#[derive(Debug)]
pub struct Comparison {
    /// The new report, each result with its `baselineState`; what is gone stands behind the results of the run it was in.
    pub sarif: Value,
    /// Results that only the new one has, a line each.
    pub added: Vec<String>,
    /// Results that only the old one has, a line each.
    pub gone: Vec<String>,
    /// Results that both have.
    pub unchanged: usize,
}

/// Holds `new` against `old`. Results are the same when they have our fingerprint in common, else that of their line, else
/// rule, file and message; moved lines do not matter.
pub fn compare(old: &Value, new: &Value) -> Comparison {
    let mut before: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for result in list_at(old, "/runs").iter().flat_map(|run| list_at(run, "/results")).rev() {
        if result.get("baselineState").and_then(Value::as_str) != Some("absent") {
            before.entry(key(result)).or_default().push(result);
        }
    }
    let mut comparison = Comparison { sarif: Value::Null, added: Vec::new(), gone: Vec::new(), unchanged: 0 };
    let mut sarif = new.clone();
    for run in runs_mut(&mut sarif) {
        for result in results_mut(run) {
            let state = match before.get_mut(&key(result)).and_then(Vec::pop) {
                Some(earlier) if is_told_alike(earlier, result) => "unchanged",
                Some(_) => "updated",
                None => "new",
            };
            match state {
                "new" => comparison.added.push(line(result)),
                _ => comparison.unchanged += 1,
            }
            if let Some(result) = result.as_object_mut() {
                result.insert("baselineState".to_owned(), json!(state));
            }
        }
    }
    let mut gone: Vec<&Value> = before.into_values().flatten().collect();
    gone.sort_by_cached_key(|result| line(result));
    comparison.gone = gone.iter().map(|result| line(result)).collect();
    if let Some(run) = runs_mut(&mut sarif).next() {
        let absent: Vec<Value> = gone.into_iter().filter_map(|result| absent(result, run)).collect();
        add_results(run, absent);
    }
    comparison.sarif = sarif;
    comparison
}

/// A result that is gone, for the run it is put into. Its rule's number was one of another run.
fn absent(result: &Value, run: &Value) -> Option<Value> {
    let mut result: Map<String, Value> = result.as_object()?.clone();
    result.remove("ruleIndex");
    let id = result.get("ruleId").and_then(Value::as_str);
    let index = list_at(run, "/tool/driver/rules").iter().position(|r| r.get("id").and_then(Value::as_str) == id);
    if let Some(index) = index {
        result.insert("ruleIndex".to_owned(), json!(index));
    }
    result.insert("baselineState".to_owned(), json!("absent"));
    Some(Value::Object(result))
}

pub(super) fn runs_mut(sarif: &mut Value) -> impl Iterator<Item = &mut Value> {
    sarif.get_mut("runs").and_then(Value::as_array_mut).into_iter().flatten()
}

pub(super) fn results_mut(run: &mut Value) -> impl Iterator<Item = &mut Value> {
    run.get_mut("results").and_then(Value::as_array_mut).into_iter().flatten()
}

/// Puts results behind those of a run.
pub(super) fn add_results(run: &mut Value, more: Vec<Value>) {
    let Some(run) = run.as_object_mut() else { return };
    match run.get_mut("results").and_then(Value::as_array_mut) {
        Some(results) => results.extend(more),
        None => drop(run.insert("results".to_owned(), Value::Array(more))),
    }
}

/// What tells a result from others.
pub(super) fn key(result: &Value) -> String {
    let at = |pointer: &str| result.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (rule, uri) = (at("/ruleId"), at("/locations/0/physicalLocation/artifactLocation/uri"));
    let ours = at("/partialFingerprints/dockgate~1v1");
    let of_line = at("/partialFingerprints/primaryLocationLineHash");
    match (ours, of_line) {
        ("", "") => format!("{rule} {uri} {}", at("/message/text")),
        ("", of_line) => format!("{rule} {uri} {of_line}"),
        (ours, _) => format!("{rule} {ours}"),
    }
}

fn is_told_alike(old: &Value, new: &Value) -> bool {
    ["/message/text", "/level", "/properties/action", "/suppressions"]
        .iter()
        .all(|pointer| old.pointer(pointer) == new.pointer(pointer))
}

/// A result on one line: place, rule, and the message's first line.
fn line(result: &Value) -> String {
    let at = |pointer: &str| result.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let line = result.pointer("/locations/0/physicalLocation/region/startLine").and_then(Value::as_u64).unwrap_or(1);
    let message = at("/message/text").lines().next().unwrap_or_default();
    format!("{}:{line}: {}: {message}", at("/locations/0/physicalLocation/artifactLocation/uri"), at("/ruleId"))
}
