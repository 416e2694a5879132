//! A RUN as rules look at it: its commands, and which folders its mounts and its own clean-up keep out of the layer.

use std::collections::HashMap;

use super::Facts;
use crate::dockerfile::{Dockerfile, Env, Instruction, Keyword, expand_word};
use crate::shell::{Command, PackageCall, Script};

/// One RUN.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The RUN itself, not the ONBUILD around it.
    pub instruction: &'a Instruction,
    /// ONBUILD leaves it to a child build.
    pub is_trigger: bool,
    /// Its commands.
    pub script: &'a Script,
    /// What package managers are asked to do in it.
    pub calls: &'a [PackageCall],
    /// The variables in force before it.
    pub env: Option<&'a Env>,
    /// The Dockerfile's escape character.
    pub escape: char,
}

/// The RUN whose code a script is.
pub(super) fn of<'a>(
    dockerfile: &'a Dockerfile,
    environments: &'a [Env],
    script: &'a Script,
    calls: &'a [PackageCall],
) -> Option<Run<'a>> {
    let outer = dockerfile.instructions.get(script.instruction)?;
    let instruction = outer.innermost();
    (instruction.keyword == Keyword::Run).then(|| Run {
        instruction,
        is_trigger: outer.keyword == Keyword::Onbuild,
        script,
        calls,
        env: environments.get(script.instruction),
        escape: dockerfile.escape,
    })
}

impl Run<'_> {
    /// Whether a cache or tmpfs mount lies over one of the folders, so that nothing in it reaches the layer. A folder that
    /// starts with `~/` is meant in any home.
    pub fn mounts_over(&self, folders: &[&str]) -> bool {
        let mounts = self.instruction.flags_named("mount");
        mounts
            .filter_map(|mount| {
                let option =
                    |names: &[&str]| mount.options().find(|(name, _)| names.contains(name)).and_then(|(_, v)| v);
                let target = option(&["target", "dst", "destination"]);
                target.filter(|_| matches!(option(&["type"]), Some("cache" | "tmpfs")))
            })
            .any(|target| {
                let expanded = self.env.and_then(|env| expand_word(target, env, self.escape).ok());
                let target = expanded.as_ref().map_or(target, |expanded| expanded.text.as_str());
                folders.iter().any(|folder| covers(target, folder))
            })
    }

    /// The last command that removes what is in one of the folders, by its index.
    pub fn last_removal(&self, folders: &[&str]) -> Option<usize> {
        self.script.commands.iter().rposition(|command| removes(command, folders))
    }
}

/// Whether a command removes what is in one of the folders: `rm` of it, of a folder above it or of a glob in it, or a
/// `find` in it that deletes.
fn removes(command: &Command, folders: &[&str]) -> bool {
    !removed_words(command, folders).is_empty()
}

/// The words of such a command that name what is in one of the folders, by their indexes.
pub(super) fn removed_words(command: &Command, folders: &[&str]) -> Vec<usize> {
    let is_removal = match command.name() {
        Some("rm") => true,
        Some("find") => command.literals().any(|word| matches!(word, "-delete" | "rm" | "/bin/rm")),
        _ => false,
    };
    if !is_removal {
        return Vec::new();
    }
    let words = command.words.iter().enumerate().skip(1).filter(|(_, word)| {
        let text = word.literal.clone().unwrap_or_else(|| word.text.replace(['"', '\''], ""));
        alternatives(&text).iter().any(|path| folders.iter().any(|folder| covers(path, folder)))
    });
    words.map(|(index, _)| index).collect()
}

/// Whether all that matters in `folder` is at or below `path`, whose parts may hold `*`.
fn covers(path: &str, folder: &str) -> bool {
    let (path, folder) = match folder.strip_prefix("~/") {
        Some(folder) => match in_home(path) {
            Some(path) => (path, folder),
            None => return false,
        },
        None => (path, folder.trim_start_matches('/')),
    };
    let mut wanted = folder.split('/');
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match wanted.next() {
            Some(name) if is_like(name, part) => {}
            Some(_) => return false,
            // A glob in the folder stands for what is in it.
            None => return part.contains('*'),
        }
    }
    true
}

/// Whether a name matches a pattern in which `*` stands for anything.
fn is_like(name: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return name == pattern };
    let Some(mut name) = name.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match name.split_once(piece) {
            Some((_, after)) => name = after,
            None => return false,
        }
    }
    name.ends_with(last)
}

/// A path in a home directory, relative to it.
fn in_home(path: &str) -> Option<&str> {
    if let Some(at) = path.find("/.") {
        return path.get(at + 1..);
    }
    matches!(path.trim_end_matches('/'), "~" | "$HOME" | "${HOME}" | "/root").then_some("")
}

/// A fact about the files of a stage, which the stages that stand on it inherit.
#[derive(Debug, Default)]
pub(super) struct StageFact {
    known: HashMap<Option<usize>, bool>,
}

impl StageFact {
    /// The fact for the stage of a RUN, to read and to set.
    pub(super) fn of(&mut self, facts: &Facts<'_>, run: &Run<'_>) -> &mut bool {
        let stage = run.instruction.stage;
        if !self.known.contains_key(&stage) {
            let chain = stage.map(|stage| facts.dockerfile.stage_chain(stage)).unwrap_or_default();
            let inherited = chain.into_iter().find_map(|below| self.known.get(&Some(below)).copied());
            self.known.insert(stage, inherited.unwrap_or(false));
        }
        self.known.entry(stage).or_default()
    }
}

/// Most paths one word may stand for.
const MAX_ALTERNATIVES: usize = 64;

/// The paths a word with braces stands for: `/var/{lib/apt,cache}/*` is two.
fn alternatives(word: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = vec![word.to_owned()];
    while let Some(word) = open.pop() {
        let braces = word
            .find('{')
            .filter(|start| !word[..*start].ends_with('$'))
            .and_then(|start| Some((start, start + word[start..].find('}')?)));
        match braces {
            Some((start, end)) if open.len() + done.len() < MAX_ALTERNATIVES => {
                let (head, tail) = (&word[..start], &word[end + 1..]);
                open.extend(
                    word[start + 1..end].split(',').take(MAX_ALTERNATIVES).map(|part| format!("{head}{part}{tail}")),
                );
            }
            _ => done.push(word),
        }
        if done.len() >= MAX_ALTERNATIVES {
            break;
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::CommandWord;

    fn is_removed(command: &str, folder: &str) -> bool {
        let word = |text: &str| CommandWord { literal: Some(text.into()), text: text.into(), ..CommandWord::default() };
        removes(&Command { words: command.split(' ').map(word).collect(), ..Command::default() }, &[folder])
    }

    #[test]
    fn folders_are_removed_in_many_ways() {
        let lists = "/var/lib/apt/lists";
        for command in [
            "rm -rf /var/lib/apt/lists/*",
            "rm -rf /tmp/* /var/lib/apt/lists",
            "rm -r /var/lib/apt/",
            "rm -rf /var/lib/apt/lists/*_*",
            "rm -rf /var/lib/apt/lists*",
            "rm -rf /var/*/apt",
            "rm -rf /var/lib/{dpkg,apt/lists}/*",
            "find /var/lib/apt/lists -type f -delete",
        ] {
            assert!(is_removed(command, lists), "{command}");
        }
        for command in
            ["rm -rf /tmp/*", "rm -rf /var/lib/apt/lists/partial", "ls /var/lib/apt/lists", "rm -rf /var/lib/apt2"]
        {
            assert!(!is_removed(command, lists), "{command}");
        }
        for command in
            ["rm -rf ~/.cache", "rm -rf /root/.cache/pip", "rm -rf $HOME/.cache/*", "rm -rf /home/app/.cache/pip"]
        {
            assert!(is_removed(command, "~/.cache/pip"), "{command}");
        }
        assert!(!is_removed("rm -rf /root/.cache/yarn", "~/.cache/pip"));
        assert!(!is_removed(&format!("rm {}", "{a,b}".repeat(40)), "/x"));
    }
}
