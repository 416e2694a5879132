use super::{Facts, Reporter, edits};
use crate::dockerfile::expand_word;
use crate::finding::Fix;

/// Ids with more digits than this make the logs large.
const DIGITS: usize = 5;

/// Reports every useradd with a high user id that writes the login logs.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for run in facts.runs() {
        for command in run.script.commands.iter().filter(|command| command.name() == Some("useradd")) {
            if command.has_flag(&["-l", "--no-log-init"]) {
                continue;
            }
            let words = command.args();
            let values = words.iter().enumerate().filter_map(|(i, word)| match word.text.as_str() {
                // Also at the end of a cluster: `-mu`.
                text if text == "--uid" || text.ends_with('u') && text.starts_with('-') && !text.starts_with("--") => {
                    words.get(i + 1).map(|value| (value, value.text.as_str()))
                }
                text => text.strip_prefix("--uid=").or_else(|| text.strip_prefix("-u")).map(|value| (word, value)),
            });
            for (word, value) in values {
                let expanded = run.env.and_then(|env| expand_word(value, env, run.escape).ok()).map(|e| e.text);
                let id = expanded.unwrap_or_else(|| value.to_owned());
                if id.len() > DIGITS && id.bytes().all(|b| b.is_ascii_digit()) {
                    let message =
                        format!("user id {id} makes useradd grow the login logs up to that id, gigabytes in a layer");
                    let help = "give useradd `--no-log-init`";
                    let mut finding = report.at(word.span, message).subject(id).help(help);
                    let edit = command.words.first().and_then(|name| {
                        edits::option_behind(facts, run.script, name.span, "useradd", "--no-log-init")
                    });
                    finding.fix = edit.map(|edit| Fix::safe(help, vec![edit]));
                    report.push(finding);
                }
            }
        }
    }
}
