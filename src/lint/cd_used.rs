use super::{Facts, Reporter};

/// Reports the first `cd` of a RUN.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for run in facts.runs().filter(|run| !run.is_trigger) {
        let mut commands = run.script.commands.iter().filter(|command| command.name() == Some("cd"));
        let Some(word) = commands.find_map(|command| command.words.first()) else { continue };
        let message = "the folder changes for this RUN only, and the reader has to follow where";
        report.push(report.at(word.span, message).help("set it with WORKDIR, or name the path in the command itself"));
    }
}
