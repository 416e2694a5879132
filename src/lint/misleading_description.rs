use super::{Facts, Reporter};
use crate::dockerfile::{CheckOptions, Comment, Keyword};

/// BuildKit's name of the check, by which a file asks for it.
const NAME: &str = "InvalidDefinitionDescription";

/// Reports every comment above an ARG or a named FROM that BuildKit takes for its description, and that does not start
/// with its name.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let is_asked_for = |options: &CheckOptions| options.experimental.contains(NAME);
    let is_always = report.params().bool("always") || facts.check_options.is_ok_and(is_asked_for);
    for (index, instruction) in facts.dockerfile.instructions.iter().enumerate() {
        let names: Vec<String> = match instruction.keyword {
            Keyword::Arg => instruction.args.pairs().iter().map(|pair| pair.key.text.clone()).collect(),
            Keyword::From => {
                let stage = instruction.stage.and_then(|stage| facts.dockerfile.stages.get(stage));
                stage.and_then(|stage| stage.name.as_ref()).map(|name| name.text.to_lowercase()).into_iter().collect()
            }
            _ => continue,
        };
        let outside = |comment: &&Comment| !comment.in_continuation;
        let comment = facts.dockerfile.description_of(index).iter().rfind(outside);
        let (Some(comment), Some(first)) = (comment, names.first()) else { continue };
        if !is_always && !facts.dockerfile.check_options_of(index).as_ref().is_some_and(is_asked_for) {
            continue;
        }
        let word = comment.text.split(' ').next().unwrap_or_default();
        if !names.iter().any(|name| name == word) {
            let what = if instruction.keyword == Keyword::Arg { "argument" } else { "stage" };
            let message = format!(
                "the description of the {what} does not start with its name, so `docker build --call=outline` shows none"
            );
            let finding = report.at(instruction.keyword_word.span, message);
            let finding = finding.related(report.place(comment.span), "taken for the description");
            report.push(finding.help(format!("write `# {first} …`, or put an empty comment between")));
        }
    }
}
