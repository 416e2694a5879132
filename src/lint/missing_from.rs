use super::{Facts, Reporter};
use crate::dockerfile::Keyword;
use crate::text::Span;

/// Reports the first instruction above the first FROM that is no ARG, or the file when it has no instruction at all.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let instructions = &facts.dockerfile.instructions;
    let has_from = !facts.dockerfile.stages.is_empty();
    // An unknown instruction above a FROM is an error of its own.
    let first = instructions.iter().find(|i| match i.keyword {
        Keyword::Arg => false,
        Keyword::Unknown => !has_from,
        _ => true,
    });
    match first.or(instructions.first()) {
        Some(instruction) if instruction.keyword == Keyword::From => {}
        Some(instruction) => {
            let message = match has_from {
                true => {
                    format!("{} stands before the first FROM, where only ARG may stand", instruction.keyword_word.text)
                }
                false => "the file has no FROM, so no image can be built from it".to_owned(),
            };
            report.push(report.at(instruction.keyword_word.span, message).help("start the file with FROM"));
        }
        None => {
            let message = "the file has no instruction, so no image can be built from it";
            report.push(report.at(Span::default(), message).help("start the file with FROM"));
        }
    }
}
