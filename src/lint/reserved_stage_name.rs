use super::{Facts, Reporter, edits};
use crate::finding::Fix;

/// Names that mean something else where a stage can be named.
const RESERVED: [(&str, &str); 2] = [("scratch", "the empty image"), ("context", "the build context")];

/// Reports every stage named like something that is no stage.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for stage in &facts.dockerfile.stages {
        let Some(name) = &stage.name else { continue };
        let reserved = RESERVED.iter().find(|(reserved, _)| name.text.eq_ignore_ascii_case(reserved));
        if let Some((_, meaning)) = reserved {
            let message = format!("a stage is named `{}`, which means {meaning}", name.text);
            let mut finding = report.at(name.span, message).help("give the stage another name");
            let free = edits::free_name(facts, &name.text);
            let edits = free.and_then(|free| edits::renamed(facts, stage, &free));
            finding.fix = edits.map(|edits| Fix::unsafe_("give the stage another name", edits));
            report.push(finding);
        }
    }
}
