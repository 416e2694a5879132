use super::{Facts, Reporter};
use crate::dockerfile::Keyword;

/// Reports every ONBUILD of an instruction that cannot be one.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (_, onbuild) in facts.instructions_of(Keyword::Onbuild) {
        let Some(trigger) = &onbuild.trigger else { continue };
        if matches!(trigger.keyword, Keyword::Onbuild | Keyword::From | Keyword::Maintainer) {
            let message = format!("{} cannot be put off with ONBUILD, and builders refuse it", trigger.keyword.name());
            report.push(report.at(trigger.keyword_word.span, message).help("take the line out"));
        }
    }
}
