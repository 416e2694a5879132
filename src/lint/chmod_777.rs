use super::file_mode;
use super::{Facts, Reporter, edits};
use crate::finding::Fix;
use crate::shell::{CommandWord, Script};

/// So many of a step's last commands are looked at for the one that cleans up.
const NEARBY: usize = 64;
/// Folders that are everybody's by their nature.
const SHARED: [&str; 3] = ["/tmp", "/var/tmp", "/dev/shm"];

/// Reports every mode in a RUN that lets everybody write.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (script, command) in facts.run_scripts().flat_map(|script| script.commands.iter().map(move |c| (script, c))) {
        let Some(set) = file_mode::set_by(command).filter(|set| set.mode.is_world_writable) else { continue };
        if !set.files.is_empty() && set.files.iter().all(|file| is_shared(&file.text) || is_removed(script, file)) {
            continue;
        }
        let message = format!(
            "mode {} lets every user of the container change the file, and with it what other users run or read",
            set.text
        );
        let at = facts.part_of(set.word, set.text);
        let mut finding = report.at(at, message);
        let edit = edits::mode_without(facts, at, file_mode::OTHERS_WRITE).or_else(|| {
            let is_written = facts.dockerfile.source.slice(at) == set.text;
            Some(edits::replace(at, file_mode::owner_writes(set.text).filter(|_| is_written)?))
        });
        finding.fix = edit.map(|edit| Fix::unsafe_("leave the write bit to the owner", vec![edit]));
        report.push(facts.if_shipped(finding.help(
            "give the files to the user who needs them (`chown`, `COPY --chown`), or to a group: `chmod g=u` for a platform \
             that picks the user id itself",
        )));
    }
}

/// Whether the same step removes the file again.
fn is_removed(script: &Script, file: &CommandWord) -> bool {
    let mut removals = script.commands.iter().rev().take(NEARBY).filter(|command| command.name() == Some("rm"));
    removals
        .any(|command| command.span.start > file.span.start && command.args().iter().any(|word| word.text == file.text))
}

fn is_shared(path: &str) -> bool {
    let path = path.trim_matches(['"', '\'']);
    SHARED.iter().any(|shared| path.strip_prefix(shared).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}
