use super::{Facts, Reporter, Run};
use crate::shell::Command;

/// Reports, in each stage, every RUN that uses wget or curl once both were used.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let (mut stage, mut has_wget, mut has_curl) = (None, false, false);
    for run in facts.runs() {
        if stage != run.instruction.stage {
            (stage, has_wget, has_curl) = (run.instruction.stage, false, false);
        }
        let (wget, curl) = (first(&run, "wget"), first(&run, "curl"));
        (has_wget, has_curl) = (has_wget || wget.is_some(), has_curl || curl.is_some());
        let later = wget.into_iter().chain(curl).max_by_key(|command| command.span.start);
        if let Some(word) = later.filter(|_| has_wget && has_curl).and_then(|command| command.words.first()) {
            let message = "this stage downloads with both wget and curl, and one would do";
            report.push(report.at(word.span, message).help("decide for one, and install only that"));
        }
    }
}

fn first<'a>(run: &Run<'a>, name: &str) -> Option<&'a Command> {
    run.script.commands.iter().find(|command| command.name() == Some(name))
}
