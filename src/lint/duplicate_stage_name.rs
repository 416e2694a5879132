use std::collections::HashMap;

use super::{Facts, Reporter};
use crate::text::Span;

/// Reports every stage that has the name of an earlier one.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let mut seen: HashMap<String, Span> = HashMap::new();
    for name in facts.dockerfile.stages.iter().filter_map(|stage| stage.name.as_ref()) {
        if let Some(earlier) = seen.insert(name.text.to_lowercase(), name.span) {
            let message = format!("there is a stage `{}` already, and from here on the name means this one", name.text);
            let finding = report.at(name.span, message).related(report.place(earlier), "the earlier stage");
            report.push(finding.help("give each stage a name of its own"));
        }
    }
}
