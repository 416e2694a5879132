//! Several reports as one: what jobs that ran side by side have found.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::compare::{add_results, key, results_mut};
use super::validate::list_at;

/// Puts the runs of all reports into one. Runs of the same tool and category become one run, since services refuse a second; a
/// result that is in several of them is there once.
pub fn merge(reports: &[Value]) -> Value {
    let mut runs: Vec<Value> = Vec::new();
    let mut index: BTreeMap<(String, String), usize> = BTreeMap::new();
    for run in reports.iter().flat_map(|report| list_at(report, "/runs")) {
        let at = |pointer: &str| run.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let identity = (at("/tool/driver/name"), at("/automationDetails/id"));
        match index.get(&identity).and_then(|index| runs.get_mut(*index)) {
            Some(first) => join(first, run),
            None => {
                index.insert(identity, runs.len());
                runs.push(run.clone());
            }
        }
    }
    json!({ "$schema": super::SCHEMA, "version": "2.1.0", "runs": runs })
}

/// Adds what a second run of the same tool and category has to the first.
fn join(first: &mut Value, second: &Value) {
    let mut rules: Vec<Value> = list_at(first, "/tool/driver/rules").to_vec();
    let id = |rule: &Value| rule.get("id").and_then(Value::as_str).map(str::to_owned);
    let mut numbers: BTreeMap<Option<String>, usize> = rules.iter().map(id).zip(0..).collect();
    for rule in list_at(second, "/tool/driver/rules") {
        numbers.entry(id(rule)).or_insert_with(|| {
            rules.push(rule.clone());
            rules.len() - 1
        });
    }
    let seen: BTreeSet<String> = results_mut(first).map(|result| key(result)).collect();
    let fresh = list_at(second, "/results").iter().filter(|result| !seen.contains(&key(result)));
    let mut fresh: Vec<Value> = fresh.cloned().collect();
    for result in &mut fresh {
        let rule = result.get("ruleId").and_then(Value::as_str).map(str::to_owned);
        let number = numbers.get(&rule).copied();
        if let Some(result) = result.as_object_mut() {
            result.remove("ruleIndex");
            result.extend(number.map(|number| ("ruleIndex".to_owned(), json!(number))));
        }
    }
    add_results(first, fresh);
    if let Some(driver) = first.pointer_mut("/tool/driver").and_then(Value::as_object_mut) {
        driver.insert("rules".to_owned(), Value::Array(rules));
    }
    let invocations: Vec<Value> =
        [&*first, second].iter().flat_map(|run| list_at(run, "/invocations")).cloned().collect();
    if let Some(first) = first.as_object_mut().filter(|_| !invocations.is_empty()) {
        first.insert("invocations".to_owned(), Value::Array(invocations));
    }
}
