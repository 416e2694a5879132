use std::collections::HashMap;

use super::{Facts, Reporter, edits};
use crate::dockerfile::Stage;
use crate::finding::Fix;

/// Reports every stage that has the name of an earlier one.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let mut seen: HashMap<String, &Stage> = HashMap::new();
    for stage in &facts.dockerfile.stages {
        let Some(name) = &stage.name else { continue };
        if let Some(earlier) = seen.insert(name.text.to_lowercase(), stage) {
            let message = format!("there is a stage `{}` already, and from here on the name means this one", name.text);
            let place = report.place(earlier.name.as_ref().map_or(earlier.base.span, |name| name.span));
            let mut finding = report.at(name.span, message).related(place, "the earlier stage");
            finding.fix = renamed(facts, earlier, stage, &name.text);
            report.push(finding.help("give each stage a name of its own"));
        }
    }
}

/// The stage with a name of its own, where no line between the two names one of them.
fn renamed(facts: &Facts<'_>, earlier: &Stage, stage: &Stage, name: &str) -> Option<Fix> {
    let between = facts.dockerfile.instructions.get(earlier.from..stage.instructions.end)?;
    let is_named = |used: &&str| stage.is_named(used);
    if between.iter().any(|instruction| instruction.sources_of_files().iter().any(is_named)) {
        return None;
    }
    let free = edits::free_name(facts, name)?;
    let edits = edits::renamed(facts, stage, &free)?;
    Some(Fix::safe(format!("call the later stage `{free}`"), edits))
}
