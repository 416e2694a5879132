use super::{Facts, Reporter};

/// Reports every stage name that has a capital in it.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for name in facts.dockerfile.stages.iter().filter_map(|stage| stage.name.as_ref()) {
        let lower = name.text.to_lowercase();
        if name.text != lower {
            let message = format!("the stage `{}` is known as `{lower}`: names of stages have no case", name.text);
            report.push(report.at(name.span, message).help(format!("write it `{lower}`, here and where it is used")));
        }
    }
}
