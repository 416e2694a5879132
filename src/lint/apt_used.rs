use super::{Facts, Reporter};

/// Reports every command of a RUN that is apt.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for command in facts.run_commands() {
        let Some(word) = command.words.first().filter(|_| command.name() == Some("apt")) else { continue };
        let message = "`apt` is made for people, and its options and output change between releases";
        report.push(report.at(word.span, message).help("call `apt-get`, or `apt-cache` for questions"));
    }
}
