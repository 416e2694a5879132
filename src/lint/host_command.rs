use super::{Facts, Reporter};
use crate::dockerfile::Flag;

/// What looks after a running host, or wants a person at a terminal.
const COMMANDS: [&str; 9] = ["free", "kill", "mount", "ps", "service", "shutdown", "ssh", "top", "vim"];

/// Reports every command of a RUN that makes no sense in a build.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for run in facts.runs() {
        let mut mounts = run.instruction.flags_named("mount").flat_map(Flag::options);
        let has_agent = mounts.any(|option| option == ("type", Some("ssh")));
        for command in &run.script.commands {
            let Some((word, name)) = command.words.first().zip(command.name()) else { continue };
            if COMMANDS.contains(&name) && !(name == "ssh" && has_agent) {
                let message = format!("`{name}` is for a running system, and a build leaves none behind");
                report.push(
                    report.at(word.span, message).subject(name).help("leave it out, or do it where the container runs"),
                );
            }
        }
    }
}
