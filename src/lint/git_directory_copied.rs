use super::files::files;
use super::{Facts, Reporter};
use crate::finding::Place;
use crate::rule::catalogue;

/// Reports every source of a COPY or ADD that takes the data of a git repository.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for source in facts.sources().filter(|source| !source.is_told_whole()) {
        let told: Vec<_> = source.told_by(catalogue::GIT_DIRECTORY_COPIED).into_iter().flatten().collect();
        let Some(first) = told.first() else { continue };
        let Some(folder) = git_folder(source.facts.path(first.file)) else { continue };
        let message = format!(
            "this takes {folder} ({}) into a layer: the whole history, with everything that was ever deleted from it",
            files(told.len())
        );
        let mut finding = report
            .at(source.taken.span, message)
            .subject(folder)
            .files(vec![source.facts.report_path(folder)])
            .related(Place::file_path(source.facts.report_path(folder)), "the repository's data");
        finding.fix = source.keep_out(facts, &[folder]);
        report.push(facts.if_shipped(finding).help(format!(
            "keep it out with {}; a commit's digest is better given as a build argument",
            source.lines_for([folder])
        )));
    }
}

/// The `.git` folder that a path lies in.
pub(super) fn git_folder(path: &str) -> Option<&str> {
    let end = match path.starts_with(".git/") {
        true => ".git".len(),
        false => path.find("/.git/")? + "/.git".len(),
    };
    path.get(..end)
}
