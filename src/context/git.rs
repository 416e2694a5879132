//! Which files of a context git ignores: the `.gitignore` files of the context and of the folders above it in the
//! repository, and `.git/info/exclude`. A person's own global ignore file is no property of the project and is left aside.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{Context, ContextFileKind, git_index, read};

/// `.gitignore` files of a context that are read; past them, git's word is not asked.
const MAX_IGNORE_FILES: usize = 5_000;
/// Bytes of one.
const MAX_IGNORE_FILE: u64 = 1 << 20;

/// Git's view of a context that is a folder of a repository.
#[derive(Debug)]
pub struct GitIgnores {
    /// The context as an absolute path.
    root: PathBuf,
    /// Of folders above the context, nearest first.
    above: Vec<Gitignore>,
    /// Of folders in the context, by path.
    inside: HashMap<String, Gitignore>,
    /// Files that git has though it would ignore them, relative to the context.
    tracked: BTreeSet<String>,
    /// The context itself is ignored, so git has nothing to say.
    is_outside: bool,
}

impl GitIgnores {
    /// Reads what git ignores in a context; `None` when it is no folder of a repository.
    pub fn of(context: &Context) -> Option<Self> {
        let root = context.folder()?.canonicalize().ok()?;
        let repository = root.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok())?.to_owned();
        let mut above = Vec::new();
        for folder in root.ancestors().skip(1).take_while(|folder| folder.starts_with(&repository)) {
            above.extend(ignore_file(folder, &folder.join(".gitignore")));
        }
        let git_dir = git_index::git_dir(&repository);
        above.extend(git_dir.as_ref().and_then(|dir| ignore_file(&repository, &dir.join("info/exclude"))));
        let files = context.files.iter().filter(|f| f.kind == ContextFileKind::File);
        let names =
            files.filter(|f| f.path == ".gitignore" || f.path.ends_with("/.gitignore")).map(|f| f.path.as_str());
        let mut folders: BTreeSet<&str> = names.map(folder_of).take(MAX_IGNORE_FILES).collect();
        // It counts for git whether or not it is sent to the builder.
        folders.insert("");
        let folders = folders.into_iter().filter_map(|folder| {
            let path = read::below(&root, folder);
            Some((folder.to_owned(), ignore_file(&path, &path.join(".gitignore"))?))
        });
        let inside = folders.collect();
        let tracked = git_dir.map(|dir| git_index::tracked(&dir.join("index"), &repository, &root)).unwrap_or_default();
        let mut ignores = Self { root, above, inside, tracked, is_outside: false };
        ignores.is_outside = ignores.is_matched_above(&ignores.root, &repository);
        Some(ignores)
    }

    fn is_matched_above(&self, folder: &Path, repository: &Path) -> bool {
        let within = folder.ancestors().take_while(|path| *path != repository && path.starts_with(repository));
        within.into_iter().any(|path| {
            let verdicts = self.above.iter().filter(|rules| path.starts_with(rules.path()));
            verdicts
                .map(|rules| rules.matched(path, true))
                .find(|verdict| !verdict.is_none())
                .is_some_and(|v| v.is_ignore())
        })
    }

    /// Whether git ignores a path of the context, there or not, and does not have it all the same.
    pub fn ignores(&self, path: &str, is_dir: bool) -> bool {
        if self.is_outside || path.is_empty() || is_git_own(path) || self.tracked.contains(path) {
            return false;
        }
        let mut ends: Vec<(usize, bool)> = path.match_indices('/').map(|(slash, _)| (slash, true)).collect();
        ends.push((path.len(), is_dir));
        ends.into_iter().any(|(end, is_dir)| path.get(..end).is_some_and(|part| self.is_matched(part, is_dir)))
    }

    /// The files of the context that git ignores, by index into [`Context::files`], sorted, each with the topmost ignored
    /// folder it lies in or itself, by index likewise.
    pub fn ignored_files(&self, context: &Context) -> Vec<(usize, usize)> {
        let mut ignored = Vec::new();
        // The folder everything below which is ignored.
        let mut folder: Option<(usize, String)> = None;
        let mut folders: HashMap<&str, usize> = HashMap::new();
        for (index, file) in context.files.iter().enumerate() {
            let is_dir = file.kind == ContextFileKind::Directory;
            if folder.as_ref().is_some_and(|(_, prefix)| !file.path.starts_with(prefix.as_str())) {
                folder = None;
            }
            // Sorted by bytes, `a.b` comes between `a` and what is in `a`.
            if folder.is_none() {
                let above = file.path.match_indices('/').find_map(|(slash, _)| folders.get(&file.path[..slash]));
                folder = above.and_then(|at| Some((*at, format!("{}/", context.files.get(*at)?.path))));
            }
            let top = match &folder {
                Some((at, _)) => Some(*at),
                None => (!self.is_outside && !is_git_own(&file.path) && self.is_matched(&file.path, is_dir))
                    .then_some(index),
            };
            let Some(top) = top else { continue };
            if is_dir && top == index {
                folders.insert(file.path.as_str(), index);
                folder = Some((index, format!("{}/", file.path)));
            }
            if file.kind == ContextFileKind::File && !self.tracked.contains(&file.path) {
                ignored.push((index, top));
            }
        }
        ignored
    }

    /// What the nearest ignore file with a word on it says of the path itself.
    fn is_matched(&self, path: &str, is_dir: bool) -> bool {
        let absolute = read::below(&self.root, path);
        let inside = path.rmatch_indices('/').map(|(slash, _)| &path[..slash]).chain([""]);
        let inside = inside.filter_map(|folder| self.inside.get(folder));
        for rules in inside.chain(&self.above) {
            match rules.matched(&absolute, is_dir) {
                Match::None => {}
                verdict => return verdict.is_ignore(),
            }
        }
        false
    }
}

/// Whether the path is git's own folder or in it.
fn is_git_own(path: &str) -> bool {
    path.split('/').any(|part| part == ".git")
}

fn folder_of(path: &str) -> &str {
    path.rfind('/').and_then(|slash| path.get(..slash)).unwrap_or_default()
}

/// A `.gitignore` whose patterns hold from `folder`; `None` when there is none that can be read. Git, too, skips the
/// patterns it cannot read.
fn ignore_file(folder: &Path, path: &Path) -> Option<Gitignore> {
    if !path.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let bytes = read::bounded(path, MAX_IGNORE_FILE).ok()?;
    let mut builder = GitignoreBuilder::new(folder);
    for line in String::from_utf8_lossy(&bytes).trim_start_matches('\u{FEFF}').lines() {
        let _ = builder.add_line(None, line);
    }
    builder.build().ok().filter(|rules| !rules.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;

    fn ignored(files: &[(&str, &str)], context: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".git")).unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let context = Context::open(&folder.path().join(context), None).unwrap();
        let git = GitIgnores::of(&context).unwrap();
        let path = |index: usize| context.files[index].path.clone();
        let files = git.ignored_files(&context);
        for (index, _) in &files {
            assert!(git.ignores(&path(*index), false), "{}", path(*index));
        }
        files.into_iter().map(|(file, top)| format!("{} {}", path(file), path(top))).collect()
    }

    #[test]
    fn ignore_files_hold_from_their_folder_and_the_nearest_wins() {
        let files = [
            (".gitignore", "*.log\n/dist/\nnode_modules\n"),
            ("a.log", ""),
            ("dist/x/y", ""),
            ("dist.txt", ""),
            ("web/dist/z", ""),
            ("web/node_modules/m/i.js", ""),
            ("web/.gitignore", "!keep.log\n"),
            ("web/keep.log", ""),
            ("web/drop.log", ""),
        ];
        let expected =
            ["a.log a.log", "dist/x/y dist", "web/drop.log web/drop.log", "web/node_modules/m/i.js web/node_modules"];
        assert_eq!(ignored(&files, ""), expected);
        assert_eq!(ignored(&files, "web"), ["drop.log drop.log", "node_modules/m/i.js node_modules"]);
    }

    #[test]
    fn a_context_that_is_ignored_itself_is_not_gits_business() {
        assert_eq!(
            ignored(&[(".gitignore", "out\n"), ("out/a", ""), ("out/.gitignore", "*")], "out"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn what_is_not_there_yet_can_be_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".git")).unwrap();
        fs::write(folder.path().join(".gitignore"), "/dist/\n").unwrap();
        let git = GitIgnores::of(&Context::open(folder.path(), None).unwrap()).unwrap();
        assert!(git.ignores("dist/app.js", false) && git.ignores("dist", true));
        assert!(!git.ignores("src/app.js", false) && !git.ignores(".git/config", false));
    }
}
