use super::files::{bytes, files};
use super::git_directory_copied::git_folder;
use super::{Facts, Reporter, ignored_by_git_but_copied};
use crate::finding::Fix;
use crate::rule::catalogue;

/// Reports every COPY or ADD of a whole context that has no ignore file, with what does not belong into an image.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for source in facts.sources().filter(|source| source.takes_all_unasked()) {
        let git: Vec<_> = source.told_by(catalogue::GIT_DIRECTORY_COPIED).into_iter().flatten().collect();
        let git_folder = git.first().and_then(|file| git_folder(source.facts.path(file.file)));
        let ignored = ignored_by_git_but_copied::ignored(&source);
        let (size, count) = source.size();
        let mut message = format!(
            "this takes everything in the build context, {} of {}, into a layer, and no .dockerignore keeps anything out",
            bytes(size),
            files(count)
        );
        if let Some(folder) = git_folder {
            message += &format!("; among it {folder}, with everything that was ever deleted from the repository");
        }
        if !ignored.is_empty() {
            let names = ignored_by_git_but_copied::names(&source, &ignored);
            message += &format!("; among it what git ignores: {names}");
        }
        let ignored = ignored.iter().map(|top| source.facts.path(top.index));
        let mut paths: Vec<&str> = git_folder.into_iter().chain(ignored).collect();
        if paths.is_empty() {
            paths.push(".git");
        }
        let can_go: Vec<&str> = paths.iter().copied().filter(|path| source.can_go(facts, path)).collect();
        // An image may need what git ignores.
        let fix = source.keep_out(facts, &can_go).map(Fix::to_look_at);
        let help = format!("name the folders the image needs, or begin a .dockerignore: {}", source.lines_for(paths));
        let mut finding = report.at(source.taken.span, message).subject(source.facts.name.unwrap_or_default());
        finding.fix = fix;
        report.push(facts.if_shipped(finding).help(help));
    }
}
