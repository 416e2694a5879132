use super::files::listed;
use super::keep_out::UNWANTED;
use super::{Facts, Reporter};
use crate::context::ContextFileKind;

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
        let can_go: Vec<&str> = unwanted.iter().copied().filter(|name| first.can_go(facts, name)).collect();
        let help = format!("begin one: {}", first.lines_for(unwanted));
        let mut finding = report.at(first.taken.span, message).subject(context.name.unwrap_or_default()).help(help);
        finding.fix = first.keep_out(facts, &can_go);
        report.push(finding);
    }
}
