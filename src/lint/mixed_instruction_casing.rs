use super::{Facts, Reporter, edits};
use crate::dockerfile::{Keyword, Word};
use crate::finding::Fix;

/// Reports every instruction that is not in the case most instructions of the file's stages are in.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let in_stages = facts.dockerfile.instructions.iter().filter(|i| i.stage.is_some() && i.keyword != Keyword::Unknown);
    let keywords: Vec<&Word> = in_stages.map(|i| &i.keyword_word).collect();
    let lower = keywords.iter().filter(|word| word.text == word.text.to_ascii_lowercase()).count();
    let upper = keywords.iter().filter(|word| word.text == word.text.to_ascii_uppercase()).count();
    for word in keywords {
        let (wanted, most) = match lower > upper {
            true => (word.text.to_ascii_lowercase(), "small letters"),
            false => (word.text.to_ascii_uppercase(), "capitals"),
        };
        if word.text != wanted {
            let message = format!("`{}` is not in the case of the other instructions, which is {most}", word.text);
            let fix = Fix::safe(format!("write `{wanted}`"), vec![edits::replace(word.span, wanted.as_str())]);
            report.push(report.at(word.span, message).help(format!("write `{wanted}`")).fix(fix));
        }
    }
}
