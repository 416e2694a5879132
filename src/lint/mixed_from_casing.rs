use super::{Facts, Reporter, edits};
use crate::finding::Fix;

/// Reports every `AS` that is not in the case of its `FROM`. A `FROM` of mixed case is another rule's.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for stage in facts.dockerfile.stages.iter().filter(|stage| stage.name.is_some()) {
        let Some(from) = facts.dockerfile.instructions.get(stage.from) else { continue };
        let Some(as_) = from.args.words().get(1) else { continue };
        let keyword = from.keyword_word.text.as_str();
        let wanted = match keyword {
            _ if keyword == keyword.to_lowercase() => as_.text.to_lowercase(),
            _ if keyword == keyword.to_uppercase() => as_.text.to_uppercase(),
            _ => continue,
        };
        if as_.text != wanted {
            let message = format!("`{}` is not in the case of its `{keyword}`", as_.text);
            let fix = Fix::safe(format!("write `{wanted}`"), vec![edits::replace(as_.span, wanted.as_str())]);
            report.push(report.at(as_.span, message).help(format!("write `{wanted}`")).fix(fix));
        }
    }
}
