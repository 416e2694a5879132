use super::{Facts, Reporter};
use crate::dockerfile::{Args, Keyword, expand_word};

/// Reports the last USER of the final image when it is root.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let Some((index, last)) = facts.final_instructions().filter(|(_, i)| i.keyword == Keyword::User).last() else {
        return;
    };
    let Args::Text(word) = &last.args else { return };
    let expanded =
        facts.environments.get(index).and_then(|env| expand_word(&word.text, env, facts.dockerfile.escape).ok());
    let user = expanded.map_or_else(|| word.text.clone(), |e| e.text);
    if matches!(user.split(':').next().map(str::trim), Some("root" | "0")) {
        let message = "the image runs as root: whoever breaks into the process owns the container";
        report.push(report.at(word.span, message).help("end with a user of its own, as in `USER 10001:10001`"));
    }
}
