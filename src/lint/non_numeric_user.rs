use super::{Facts, Reporter};
use crate::dockerfile::Keyword;

/// Reports every USER that is named rather than numbered.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (index, instruction) in facts.instructions_of(Keyword::User) {
        let Some(word) = instruction.args.text() else { continue };
        let Some(expanded) = facts.expanded(index, word) else { continue };
        if facts.is_left_open(index, &expanded) {
            continue;
        }
        let user = expanded.text.split(':').next().unwrap_or_default().trim();
        if !user.bytes().all(|b| b.is_ascii_digit()) {
            let message = format!(
                "the user is named `{user}`, and only a number tells from outside the image that it is not root"
            );
            report.push(report.at(word.span, message).help("give its number: `USER 10001:10001`"));
        }
    }
}
