use super::{Facts, Reporter};
use crate::dockerfile::Keyword;

/// Reports every MAINTAINER.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for instruction in facts.dockerfile.instructions.iter().filter(|i| i.keyword == Keyword::Maintainer) {
        let message = "MAINTAINER is deprecated, and sets a field few tools read";
        let finding = report.at(instruction.keyword_word.span, message);
        report.push(finding.help("use a label: `LABEL org.opencontainers.image.authors=\"…\"`"));
    }
}
