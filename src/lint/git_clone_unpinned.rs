use std::collections::BTreeMap;

use super::fetch::Url;
use super::{Facts, Reporter};
use crate::shell::{Command, CommandWord, Script};

/// Branch names that are sure to move.
const BRANCHES: [&str; 8] = ["main", "master", "develop", "dev", "trunk", "devel", "staging", "HEAD"];
const VALUE_FLAGS: [&str; 14] = [
    "-b",
    "--branch",
    "--depth",
    "-o",
    "--origin",
    "-c",
    "--config",
    "-j",
    "--jobs",
    "--reference",
    "--filter",
    "--template",
    "--separate-git-dir",
    "-C",
];

/// Reports every `git clone` that takes whatever a branch holds on the day.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let stage = |script: &Script| facts.dockerfile.instructions.get(script.instruction).and_then(|i| i.stage);
    // By stage, where a commit is checked out for the last time: what was cloned before is pinned by that.
    let mut pinned_before: BTreeMap<Option<usize>, usize> = BTreeMap::new();
    for script in facts.run_scripts() {
        let starts = script.commands.iter().filter(|command| picks_commit(command)).map(|command| command.span.start);
        if let Some(last) = starts.max() {
            pinned_before.insert(stage(script), last);
        }
    }
    for script in facts.run_scripts() {
        let pinned_before = pinned_before.get(&stage(script)).copied().unwrap_or(0);
        for command in script.commands.iter().filter(|command| command.span.start >= pinned_before) {
            let Some(url) = cloned(command) else { continue };
            let host = Url::of(url).and_then(|url| url.named_host());
            let from = host.map(|host| format!(" from {host}")).unwrap_or_default();
            let message =
                format!("git clone{from} takes what its branch holds on the day, so the build cannot be repeated");
            let help = "clone a tag with `--branch v1.2.3`, or check a commit out: `git checkout <commit>`";
            report.push(report.at(url.span, message).help(help));
        }
    }
}

/// The URL of a clone that names no tag or commit.
fn cloned(command: &Command) -> Option<&CommandWord> {
    if command.name() != Some("git") {
        return None;
    }
    let operands = command.operands(&VALUE_FLAGS);
    let [verb, url, ..] = operands.as_slice() else { return None };
    let names_revision = match command.flag_value(&["--branch", "-b"]) {
        Some(branch) => !BRANCHES.contains(&branch),
        // The value may be a variable.
        None => command.has_flag(&["-b", "--branch", "--revision"]),
    };
    (verb.literal.as_deref() == Some("clone") && !names_revision).then_some(*url)
}

/// Whether it moves a working copy to a commit, tag or another branch than the usual ones.
fn picks_commit(command: &Command) -> bool {
    if command.name() != Some("git") {
        return false;
    }
    let operands = command.operands(&VALUE_FLAGS);
    let mut words = operands.iter().map(|word| word.literal.as_deref());
    let Some(Some("checkout" | "reset" | "switch" | "fetch")) = words.next() else { return false };
    words.any(|word| {
        word.is_none_or(|word| !BRANCHES.contains(&word) && word != "origin" && !word.starts_with("origin/"))
    })
}
