use super::{Facts, Reporter, edits};
use crate::finding::Fix;
use crate::shell::Command;
use crate::text::Edit;

/// What apt-get is asked to do in the same word.
const SAME: [&str; 15] = [
    "update",
    "install",
    "reinstall",
    "upgrade",
    "dist-upgrade",
    "remove",
    "purge",
    "autoremove",
    "autopurge",
    "clean",
    "autoclean",
    "source",
    "build-dep",
    "download",
    "changelog",
];

/// Reports every command of a RUN that is apt.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for command in facts.run_commands() {
        let Some(word) = command.words.first().filter(|_| command.name() == Some("apt")) else { continue };
        let message = "`apt` is made for people, and its options and output change between releases";
        let mut finding = report.at(word.span, message).help("call `apt-get`, or `apt-cache` for questions");
        finding.fix =
            other_program(facts, command).map(|(program, edits)| Fix::safe(format!("call `{program}`"), edits));
        report.push(finding);
    }
}

/// The program that does the same, and the edits that make the command call it.
fn other_program(facts: &Facts<'_>, command: &Command) -> Option<(&'static str, Vec<Edit>)> {
    let task = command.operands(&["-o", "-t", "-c", "--option", "--target-release"]).first().copied()?;
    let (program, verb) = match task.literal.as_deref()? {
        verb if SAME.contains(&verb) => ("apt-get", None),
        "full-upgrade" => ("apt-get", Some(edits::replace_in(facts, task.span, "full-upgrade", "dist-upgrade")?)),
        "search" | "show" | "policy" | "depends" | "rdepends" => ("apt-cache", None),
        _ => return None,
    };
    let name = edits::replace_in(facts, command.words.first()?.span, "apt", program)?;
    Some((program, [name].into_iter().chain(verb).collect()))
}
