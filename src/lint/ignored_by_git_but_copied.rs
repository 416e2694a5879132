use std::collections::BTreeMap;

use super::files::{NAMED, Source, files, listed};
use super::{Facts, Reporter};
use crate::context::ContextFileKind;
use crate::finding::{Fix, Place};
use crate::rule::catalogue;

/// Reports every source of a COPY or ADD that takes, with what it names, files that git ignores.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for source in facts.sources().filter(|source| !source.is_told_whole()) {
        let tops = ignored(&source);
        if tops.is_empty() {
            continue;
        }
        let mut subject: Vec<&str> = tops.iter().map(|top| source.facts.path(top.index)).collect();
        let lines = source.lines_for(subject.iter().copied());
        let message = format!("this takes what git ignores into a layer: {}", names(&source, &tops));
        // An image may need what was built elsewhere.
        let fix = source.keep_out(facts, &subject).map(Fix::to_look_at);
        subject.sort_unstable();
        let mut finding = report
            .at(source.taken.span, message)
            .subject(subject.join("\n"))
            .files(subject.iter().map(|path| source.facts.report_path(path)).collect());
        finding.fix = fix;
        for top in tops.iter().take(NAMED) {
            let place = Place::file_path(source.facts.report_path(source.facts.path(top.index)));
            finding = finding.related(place, "git ignores this");
        }
        report.push(facts.if_shipped(finding).help(format!(
            "keep it out with {lines}, or name what the image needs: what is built elsewhere is then copied on purpose"
        )));
    }
}

/// A file, or a folder as a whole, that git ignores and a source takes.
pub(super) struct Top {
    /// Index into the context's files.
    pub(super) index: usize,
    /// Files of it that are taken.
    pub(super) count: usize,
}

/// What a source takes though it does not name it and git ignores it, in the order of the context. A source that names a
/// folder git ignores, or something in it, means it.
pub(super) fn ignored(source: &Source<'_>) -> Vec<Top> {
    let mut tops: BTreeMap<usize, usize> = BTreeMap::new();
    for file in source.told_by(catalogue::IGNORED_BY_GIT_BUT_COPIED).into_iter().flatten() {
        if let Some(top) = file.git_ignored {
            *tops.entry(top).or_default() += 1;
        }
    }
    let depth = depth(source.taken.pattern.as_deref().unwrap_or_default());
    let is_meant = |index: usize| source.facts.path(index).split('/').count() <= depth;
    tops.into_iter().filter(|(index, _)| !is_meant(*index)).map(|(index, count)| Top { index, count }).collect()
}

/// How many components of a path a source says something of.
fn depth(pattern: &str) -> usize {
    pattern.split('/').filter(|part| !matches!(*part, "" | "." | ".." | "*" | "**")).count()
}

/// `node_modules (1200 files), debug.log`
pub(super) fn names(source: &Source<'_>, tops: &[Top]) -> String {
    let name = |top: &Top| {
        let file = source.facts.context.files.get(top.index);
        match file.is_some_and(|file| file.kind == ContextFileKind::Directory) {
            true => format!("{}/ ({})", source.facts.path(top.index), files(top.count)),
            false => source.facts.path(top.index).to_owned(),
        }
    };
    listed(tops.iter().map(name))
}
