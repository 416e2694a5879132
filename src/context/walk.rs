//! Walking a context directory.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::text::{self, SourceText};

use super::pattern::Cascade;
use super::read::Store;
use super::{Archive, Context, ContextError, ContextFile, ContextFileKind, IgnoreFile, IgnoreRules, Walked, read};

/// Entries a walk takes before it gives up.
const MAX_ENTRIES: usize = 2_000_000;
/// Bytes of a path below the root.
const MAX_PATH: usize = 4096;
/// Left-out entries that are remembered by name.
const MAX_LEFT_OUT: usize = 200_000;
/// Bytes of an ignore file.
const MAX_IGNORE_FILE: u64 = 4 << 20;
/// Problems that are told.
const MAX_PROBLEMS: usize = 100;

impl Context {
    /// Walks the directory `root`. The ignore file is `<dockerfile>.dockerignore` when that exists, else
    /// `.dockerignore` in the root; Dockerfile and ignore files are entries like any other.
    ///
    /// # Errors
    /// When the root is no readable directory, or the ignore file cannot be read or has a malformed pattern. What
    /// cannot be read below the root goes into [`Context::problems`].
    pub fn open(root: &Path, dockerfile: Option<&Path>) -> Result<Self, ContextError> {
        Self::open_with(root, dockerfile, &BTreeMap::new(), &|_| {})
    }

    /// [`Context::open`] with ignore files as they are to be, by path, in the place of those on the disk; `watch` is told
    /// of entries as they are found.
    ///
    /// # Errors
    /// As [`Context::open`].
    pub fn open_with(
        root: &Path,
        dockerfile: Option<&Path>,
        texts: &BTreeMap<String, Arc<SourceText>>,
        watch: Walked<'_>,
    ) -> Result<Self, ContextError> {
        let fail = |error| ContextError::Root { root: root.to_owned(), error };
        let resolved = root.canonicalize().map_err(fail)?;
        if !resolved.is_dir() {
            return Err(fail(io::ErrorKind::NotADirectory.into()));
        }
        let ignore_file = ignore_file(root, dockerfile, texts)?;
        let no_rules = IgnoreRules::default();
        let rules = ignore_file.as_ref().map_or(&no_rules, |file| &file.rules);
        let found = walk(&resolved, rules, watch);
        let mut context = Self::assemble(found, rules);
        (context.store, context.ignore_file) = (Store::Folder(root.to_owned()), ignore_file);
        Ok(context)
    }

    /// The context that an archive is. `dockerfile` is the Dockerfile's path in it.
    ///
    /// # Errors
    /// When the ignore file cannot be read or has a malformed pattern.
    pub fn of_archive(archive: &Arc<Archive>, dockerfile: Option<&str>) -> Result<Self, ContextError> {
        let beside = dockerfile.map(|path| format!("{path}.dockerignore"));
        let mut ignore_file = None;
        for name in beside.into_iter().chain([".dockerignore".to_owned()]) {
            match archive.read_file(&name, MAX_IGNORE_FILE) {
                Some(Ok(bytes)) => ignore_file = Some(IgnoreFile::new(SourceText::from_bytes(name, bytes))?),
                Some(Err(error)) => return Err(ContextError::IgnoreFile { file: name, error }),
                None => continue,
            }
            break;
        }
        let entries = archive.entries.iter().map(|(path, entry)| (path.as_str(), entry.kind, entry.size));
        let mut context = Self::of_entries(entries, ignore_file);
        context.problems.extend(archive.problems.iter().take(MAX_PROBLEMS).cloned());
        context.store = Store::Archive(Arc::clone(archive));
        Ok(context)
    }

    /// A context of empty files that is on no disk.
    ///
    /// # Errors
    /// When the text of the ignore file has a malformed pattern.
    pub fn of_paths<'a>(
        paths: impl IntoIterator<Item = &'a str>,
        ignore_text: Option<&str>,
    ) -> Result<Self, ContextError> {
        let ignore_file = ignore_text.map(|t| IgnoreFile::new(SourceText::new(".dockerignore", t))).transpose()?;
        Ok(Self::of_entries(paths.into_iter().map(|path| (path, ContextFileKind::File, 0)), ignore_file))
    }

    /// A context of these entries, cleaned, and the directories they lie in. Of entries with the same path the last counts.
    fn of_entries<'a>(
        entries: impl Iterator<Item = (&'a str, ContextFileKind, u64)>,
        ignore_file: Option<IgnoreFile>,
    ) -> Self {
        let no_rules = IgnoreRules::default();
        let rules = ignore_file.as_ref().map_or(&no_rules, |file| &file.rules);
        let mut tree: BTreeMap<&str, (ContextFileKind, u64)> = BTreeMap::new();
        for (path, kind, size) in entries {
            tree.insert(path, (kind, size));
            for (slash, _) in path.rmatch_indices('/') {
                let is_new = tree.insert(&path[..slash], (ContextFileKind::Directory, 0)).is_none();
                if !is_new {
                    break;
                }
            }
        }
        let mut found = Found::default();
        let mut cascade = Cascade::new(rules);
        let mut pruned: Option<&str> = None;
        for (path, (kind, size)) in tree {
            if pruned.is_some_and(|dir| path.strip_prefix(dir).is_some_and(|r| r.starts_with('/'))) {
                continue;
            }
            let is_dir = kind == ContextFileKind::Directory;
            match judge(&mut cascade, rules, path, is_dir) {
                Verdict::Keep => found.kept.push(ContextFile { path: path.to_owned(), kind, size }),
                Verdict::LeaveOut if is_dir => {}
                verdict => {
                    found.leave_out(path);
                    if verdict == Verdict::Prune {
                        pruned = Some(path);
                    }
                }
            }
        }
        let mut context = Self::assemble(found, rules);
        context.ignore_file = ignore_file;
        context
    }

    fn assemble(found: Found, rules: &IgnoreRules) -> Self {
        let Found { kept: mut files, mut left_out, ignored, mut problems } = found;
        files.sort_unstable();
        if rules.has_exceptions() {
            add_parents(&mut files);
        }
        left_out.sort_unstable();
        problems.sort_unstable();
        problems.truncate(MAX_PROBLEMS);
        Self { store: Store::default(), files, ignored, left_out, ignore_file: None, problems }
    }
}

impl IgnoreFile {
    /// The ignore file in force for a Dockerfile whose context is the folder it is in; `None` when there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read, or BuildKit would refuse it.
    pub fn beside(dockerfile: &Path) -> Result<Option<Self>, ContextError> {
        ignore_file(dockerfile.parent().unwrap_or(Path::new("")), Some(dockerfile), &BTreeMap::new())
    }
}

/// The ignore file that is a Dockerfile's own (`<Dockerfile>.dockerignore`), when there is one.
pub fn own_ignore_file(dockerfile: &Path) -> Option<PathBuf> {
    let mut name = dockerfile.as_os_str().to_owned();
    name.push(".dockerignore");
    Some(PathBuf::from(name)).filter(|path| path.symlink_metadata().is_ok())
}

/// The ignore file in force, or its text as it is to be.
fn ignore_file(
    root: &Path,
    dockerfile: Option<&Path>,
    texts: &BTreeMap<String, Arc<SourceText>>,
) -> Result<Option<IgnoreFile>, ContextError> {
    let beside = dockerfile.and_then(own_ignore_file);
    for path in beside.into_iter().chain([root.join(".dockerignore")]) {
        let shown = path.strip_prefix(".").unwrap_or(&path).to_string_lossy().into_owned();
        if let Some(text) = texts.get(&shown) {
            return IgnoreFile::new(Arc::clone(text)).map(Some);
        }
        match read::bounded(&path, MAX_IGNORE_FILE) {
            Ok(bytes) => return IgnoreFile::new(SourceText::from_bytes(shown, bytes)).map(Some),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(ContextError::IgnoreFile { file: shown, error }),
        }
    }
    Ok(None)
}

#[derive(Default)]
struct Found {
    kept: Vec<ContextFile>,
    left_out: Vec<String>,
    ignored: usize,
    problems: Vec<String>,
}

impl Found {
    fn leave_out(&mut self, path: &str) {
        self.ignored += 1;
        if self.left_out.len() < MAX_LEFT_OUT {
            self.left_out.push(path.to_owned());
        }
    }

    fn merge(&mut self, mut other: Self) {
        self.kept.append(&mut other.kept);
        self.left_out.append(&mut other.left_out);
        self.left_out.truncate(MAX_LEFT_OUT);
        self.ignored += other.ignored;
        self.problems.append(&mut other.problems);
    }
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Verdict {
    Keep,
    /// A directory left out is still entered: something below it may be let through again.
    LeaveOut,
    /// Left out with everything below it.
    Prune,
}

fn judge(cascade: &mut Cascade<'_>, rules: &IgnoreRules, path: &str, is_dir: bool) -> Verdict {
    match cascade.matches(path) {
        false => Verdict::Keep,
        true if is_dir && !rules.may_reach_below(path) => Verdict::Prune,
        true => Verdict::LeaveOut,
    }
}

/// A thread's share of the walk; handed in when the thread is done.
struct Share<'a> {
    root: &'a Path,
    rules: &'a IgnoreRules,
    cascade: Cascade<'a>,
    found: Found,
    taken: &'a AtomicUsize,
    all: &'a Mutex<Found>,
    watch: Walked<'a>,
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let found = std::mem::take(&mut self.found);
        self.all.lock().unwrap_or_else(PoisonError::into_inner).merge(found);
    }
}

fn walk(root: &Path, rules: &IgnoreRules, watch: Walked<'_>) -> Found {
    let all = Mutex::new(Found::default());
    let taken = AtomicUsize::new(0);
    let walker = WalkBuilder::new(root).standard_filters(false).follow_links(false).build_parallel();
    walker.run(|| {
        let cascade = Cascade::new(rules);
        let mut share = Share { root, rules, cascade, found: Found::default(), taken: &taken, all: &all, watch };
        Box::new(move |entry| share.visit(entry))
    });
    all.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl Share<'_> {
    fn visit(&mut self, entry: Result<DirEntry, ignore::Error>) -> WalkState {
        let entry = match entry {
            Ok(entry) if entry.depth() == 0 => return WalkState::Continue,
            Ok(entry) => entry,
            Err(error) => {
                self.report(&error);
                return WalkState::Continue;
            }
        };
        let Some(path) = self.relative(entry.path()) else { return WalkState::Continue };
        if path.len() > MAX_PATH {
            let start: String = path.chars().take(80).collect();
            self.found.problems.push(format!("{start}… is longer than {MAX_PATH} bytes and was not looked at"));
            return WalkState::Skip;
        }
        let kind = kind(&entry);
        let is_dir = kind == ContextFileKind::Directory;
        match judge(&mut self.cascade, self.rules, &path, is_dir) {
            Verdict::Keep => {}
            Verdict::LeaveOut if is_dir => return WalkState::Continue,
            Verdict::LeaveOut => {
                self.found.leave_out(&path);
                return WalkState::Continue;
            }
            Verdict::Prune => {
                self.found.leave_out(&path);
                return WalkState::Skip;
            }
        }
        if self.taken.fetch_add(1, Ordering::Relaxed) >= MAX_ENTRIES {
            let problem = format!("the context has more than {MAX_ENTRIES} entries; the rest was not looked at");
            self.found.problems.push(problem);
            return WalkState::Quit;
        }
        (self.watch)(1);
        let mut size = 0;
        if kind == ContextFileKind::File {
            match entry.metadata() {
                Ok(metadata) => size = metadata.len(),
                Err(error) => self.report(&error),
            }
        }
        self.found.kept.push(ContextFile { path, kind, size });
        WalkState::Continue
    }

    fn relative(&self, path: &Path) -> Option<String> {
        let below = path.strip_prefix(self.root).ok()?;
        Some(text::decode(&read::os_bytes(below.as_os_str())).into_owned())
    }

    /// Tells of what could not be read, unless the ignore file leaves it out anyway.
    fn report(&mut self, error: &ignore::Error) {
        let path = failed_path(error).and_then(|path| self.relative(path));
        if path.as_deref().is_some_and(|path| self.cascade.matches(path)) || self.found.problems.len() > MAX_PROBLEMS {
            return;
        }
        let what = path.filter(|path| !path.is_empty()).unwrap_or_else(|| String::from("a part of the context"));
        let why = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
        self.found.problems.push(format!("cannot read {what}: {why}"));
    }
}

fn failed_path(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => failed_path(err),
        _ => None,
    }
}

fn kind(entry: &DirEntry) -> ContextFileKind {
    match entry.file_type() {
        Some(t) if t.is_file() => ContextFileKind::File,
        Some(t) if t.is_dir() => ContextFileKind::Directory,
        Some(t) if t.is_symlink() => ContextFileKind::Symlink,
        _ => ContextFileKind::Other,
    }
}

/// A directory that is left out is sent all the same when something below it is let through.
fn add_parents(files: &mut Vec<ContextFile>) {
    let known: BTreeSet<&str> = files.iter().map(|f| f.path.as_str()).collect();
    let mut missing: BTreeSet<&str> = BTreeSet::new();
    for file in files.iter() {
        for (slash, _) in file.path.rmatch_indices('/') {
            let dir = &file.path[..slash];
            if known.contains(dir) || !missing.insert(dir) {
                break;
            }
        }
    }
    let missing: Vec<_> = missing
        .into_iter()
        .map(|dir| ContextFile { path: dir.to_owned(), kind: ContextFileKind::Directory, size: 0 })
        .collect();
    files.extend(missing);
    files.sort_unstable();
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
