use super::{Facts, Reporter};
use crate::dockerfile::{Expanded, Keyword};

/// Reports every USER that is named rather than numbered.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let takes_unset = report.params().bool("unset-variables");
    for (index, instruction) in facts.instructions_of(Keyword::User) {
        let Some(word) = instruction.args.text() else { continue };
        let Some(expanded) = facts.expanded(index, word) else { continue };
        if facts.is_left_open(index, &expanded) && !(takes_unset && is_unset(facts, index, &expanded)) {
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

/// Whether the word stands on a variable that nothing in the file declares, and on no argument, be it one of another
/// stage.
fn is_unset(facts: &Facts<'_>, instruction: usize, expanded: &Expanded) -> bool {
    let is_declared = |name: &String| {
        let of_stage = facts.environments.get(instruction).is_some_and(|env| env.is_declared(name));
        let arguments = facts.instructions_of(Keyword::Arg).flat_map(|(_, arg)| arg.args.pairs());
        of_stage || arguments.into_iter().any(|pair| pair.key.text == *name)
    };
    !expanded.missing.is_empty() && !expanded.missing.iter().chain(&expanded.matched).any(is_declared)
}
