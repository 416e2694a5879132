use super::files::listed;
use super::{Facts, Reporter};
use crate::context::ContextFileKind;

/// Folders at the root of a context that no image is meant to get from there.
const UNWANTED: [&str; 8] = [".git", ".hg", ".svn", ".terraform", ".venv", "__pycache__", "node_modules", "venv"];

/// Reports, at the first source that takes something from a context, that the context has things in it which no ignore file
/// keeps out.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for context in facts.contexts().filter(|context| context.context.ignore_file.is_none()) {
        let mut sources = facts.sources().filter(|source| source.facts.name == context.name);
        let Some(first) = sources.next() else { continue };
        // What takes everything is told with everything it takes.
        if first.taken.is_whole() || sources.any(|source| source.taken.is_whole()) {
            continue;
        }
        let is_folder = |name: &&str| {
            let entry = context.context.find(name).and_then(|index| context.context.files.get(index));
            entry.is_some_and(|entry| entry.kind == ContextFileKind::Directory)
        };
        let unwanted: Vec<&str> = UNWANTED.into_iter().filter(is_folder).collect();
        if unwanted.is_empty() {
            continue;
        }
        let names = listed(unwanted.iter().map(|name| (*name).to_owned()));
        let message = format!(
            "the build context has no .dockerignore, so every builder may get {names}, and the next COPY of a folder takes them"
        );
        let help = format!("begin one: {}", first.lines_for(unwanted));
        report.push(report.at(first.taken.span, message).subject(context.name.unwrap_or_default()).help(help));
    }
}
