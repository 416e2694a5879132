//! The fix of context rules: lines in the ignore file that keep out what an image does not need.

use super::files::{ContextFacts, Source};
use super::{Facts, NotableFile, report_path};
use crate::context::keep_out;
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{Fix, OtherFile};
use crate::text::{Edit, SourceText};

/// Folders that no image is meant to get from a context.
pub(super) const UNWANTED: [&str; 8] =
    [".git", ".hg", ".svn", ".terraform", ".venv", "__pycache__", "node_modules", "venv"];

/// Lines that one fix adds; more are a pattern that a person has to think of.
const MOST_LINES: usize = 20;

/// What git is asked that it answers without the data of a repository.
const WITHOUT_DATA: [&str; 8] = ["clone", "config", "help", "init", "lfs", "ls-remote", "version", "--version"];

impl Source<'_> {
    /// The fix that keeps files or folders out of the context. `None` where the build could not do without one of them;
    /// unsafe where something in the Dockerfile speaks of one, as far as that can be known.
    pub(super) fn keep_out(&self, facts: &Facts<'_>, paths: &[&str]) -> Option<Fix> {
        if paths.is_empty() || paths.len() > MOST_LINES || !paths.iter().all(|path| self.can_go(facts, path)) {
            return None;
        }
        if !self.leaves_some(facts, |file| paths.iter().any(|path| is_in(file, path))) {
            return None;
        }
        let edit = keep_out(self.facts.context.ignore_file.as_ref(), paths)?;
        let is_spoken_of = paths.iter().any(|path| self.facts.named.may_show(path) || is_spoken_of(facts, path));
        let description = format!("keep it out with {}", self.lines_for(paths.iter().copied()));
        self.facts.ignore_fix(!is_spoken_of, description, edit)
    }

    /// The same for files that there is something to say about.
    pub(super) fn keep_files_out(&self, facts: &Facts<'_>, files: &[&NotableFile]) -> Option<Fix> {
        self.keep_out(facts, &files.iter().map(|file| self.facts.path(file.file)).collect::<Vec<_>>())
    }

    /// Whether each source of this context still takes something once files are left out, with those that the fixes of
    /// other rules may keep out gone too.
    pub(super) fn leaves_some(&self, facts: &Facts<'_>, is_left_out: impl Fn(&str) -> bool) -> bool {
        let is_kept = |index: &usize| !is_left_out(self.facts.path(*index)) && !self.facts.may_go(*index);
        let mut sources = facts.sources().filter(|source| source.facts.name == self.facts.name);
        // A source without files had none before either.
        sources.all(|source| source.taken.files.is_empty() || source.taken.files.iter().any(is_kept))
    }

    /// Whether a build could do without a path of the context: nothing names it, or something in it.
    pub(super) fn can_go(&self, facts: &Facts<'_>, path: &str) -> bool {
        let copies_on = |node: &Instruction| node.flag("from").is_some();
        !self.facts.named.has(path)
            && !instructions(facts).any(|node| copies_on(node) && speaks_of(facts, node, base_name(path)))
    }
}

impl ContextFacts<'_> {
    /// Whether the fix of some rule may keep a file out: what all of them leave together is what has to suffice.
    fn may_go(&self, index: usize) -> bool {
        let told = self.notable.binary_search_by_key(&index, |file| file.file).ok().and_then(|at| self.notable.get(at));
        let unit = told.and_then(|file| file.git_ignored).map_or_else(|| self.path(index), |top| self.path(top));
        let is_unwanted = self.path(index).split('/').any(|part| UNWANTED.contains(&part));
        is_unwanted || (told.is_some() && !self.named.has(unit))
    }

    /// A fix by an edit of the ignore file, where it can be made.
    pub(super) fn ignore_fix(&self, is_safe: bool, description: String, edit: Edit) -> Option<Fix> {
        if !self.context.is_folder() {
            return None;
        }
        let other = match &self.context.ignore_file {
            Some(file) => OtherFile { source: std::sync::Arc::clone(&file.source), is_new: false },
            None => OtherFile { source: SourceText::new(report_path(self.folder, ".dockerignore"), ""), is_new: true },
        };
        let fix = if is_safe { Fix::safe(description, vec![edit]) } else { Fix::unsafe_(description, vec![edit]) };
        Some(fix.of_other(other))
    }
}

/// Whether an instruction that does not copy from a context has a path's name in it, or asks git for what only the data of a
/// repository tells.
fn is_spoken_of(facts: &Facts<'_>, path: &str) -> bool {
    let name = base_name(path);
    let asks_git = || {
        facts.run_commands().any(|command| {
            let task = command.literals().find(|word| !word.starts_with('-') || *word == "--version");
            command.name() == Some("git") && task.is_some_and(|task| !WITHOUT_DATA.contains(&task))
        })
    };
    instructions(facts).any(|node| speaks_of(facts, node, name)) || (name == ".git" && asks_git())
}

/// The instructions, but for those that copy from a context.
fn instructions<'a>(facts: &Facts<'a>) -> impl Iterator<Item = &'a Instruction> {
    let is_copy =
        |node: &Instruction| matches!(node.keyword, Keyword::Copy | Keyword::Add) && node.flag("from").is_none();
    facts.dockerfile.instructions.iter().filter(move |node| !is_copy(node))
}

/// Whether a name stands in an instruction as a word, or as a part of a path.
pub(super) fn speaks_of(facts: &Facts<'_>, node: &Instruction, name: &str) -> bool {
    stands_in(facts.dockerfile.source.slice(node.span), name)
}

/// Whether a name stands in a text with nothing before or behind it that would make it another.
pub(super) fn stands_in(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let mut behind = text.get(at + name.len()..).unwrap_or_default().chars();
        let next = behind.next();
        // A full stop goes on with a name only where something follows it.
        let goes_on = next.is_some_and(is_part) || (next == Some('.') && behind.next().is_some_and(is_part));
        !before.is_some_and(|c| is_part(c) || c == '.') && !goes_on
    })
}

pub(super) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_word_or_a_part_of_a_path() {
        for text in ["cat .env", ". ./.env", "--env-file=.env", "cp /app/.env.", "RUN [\"x\", \".env\"]"] {
            assert!(stands_in(text, ".env"), "{text}");
        }
        for text in ["cat .env.example", "echo x.env", "cat .envrc", "import.meta.env", "https://x.y/z.git"] {
            assert!(!stands_in(text, ".env") && !stands_in(text, ".git"), "{text}");
        }
    }
}
