use super::{Facts, Reporter};
use crate::dockerfile::Remedy;

/// Reports whatever BuildKit would refuse, whatever the build arguments and the base images.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let whole = facts.dockerfile.errors.iter();
    let single = facts.dockerfile.instructions.iter().filter_map(|i| i.error.as_ref());
    let mut errors: Vec<_> = whole.chain(single).chain(facts.check_options.err()).collect();
    errors.sort_by_key(|e| e.span);
    for error in errors {
        report.push(report.at(error.span, error.message.clone()));
    }
    for failure in facts.failures.iter().filter(|failure| failure.remedy == Remedy::None) {
        report.push(report.at(failure.span, failure.message.clone()));
    }
}
