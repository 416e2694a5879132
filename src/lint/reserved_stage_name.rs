use super::{Facts, Reporter};

/// Names that mean something else where a stage can be named.
const RESERVED: [(&str, &str); 2] = [("scratch", "the empty image"), ("context", "the build context")];

/// Reports every stage named like something that is no stage.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for name in facts.dockerfile.stages.iter().filter_map(|stage| stage.name.as_ref()) {
        let reserved = RESERVED.iter().find(|(reserved, _)| name.text.eq_ignore_ascii_case(reserved));
        if let Some((_, meaning)) = reserved {
            let message = format!("a stage is named `{}`, which means {meaning}", name.text);
            report.push(report.at(name.span, message).help("give the stage another name"));
        }
    }
}
