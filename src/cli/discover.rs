//! Finds Dockerfiles below folders, as git sees the folders, dot directories included: files of their own, and those that
//! compose and Bake files hold.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{WalkBuilder, WalkState};
use rayon::prelude::*;

use super::CliError;
use crate::dockerfile::{self, HostKind};
use crate::text::SourceText;

/// A Dockerfile larger than this is refused: no builder takes it, and nobody wrote it.
const MAX_DOCKERFILE: u64 = 16 << 20;

/// Endings of texts about Dockerfiles, of packed ones, and of what BuildKit reads beside them.
const BESIDE: [&str; 5] = ["dockerignore", "md", "rst", "adoc", "gz"];
/// Endings of program sources. `Dockerfile.py` is a Dockerfile, and `dockerfile.py` a module about them.
const SOURCES: [&str; 24] = [
    "c", "cc", "cpp", "cs", "ex", "go", "h", "java", "js", "jsx", "kt", "lua", "mjs", "php", "pl", "py", "rb", "rs",
    "scala", "sh", "swift", "ts", "tsx", "vim",
];

/// What there is to check, sorted by path.
#[derive(Default)]
pub(super) struct Discovered {
    pub(super) dockerfiles: Vec<Arc<SourceText>>,
    /// What is there and is not checked, in words: templates, folders that cannot be opened.
    pub(super) notes: Vec<String>,
    /// What was named, or is a Dockerfile, and could not be read.
    pub(super) errors: Vec<CliError>,
}

/// What a file may hold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Dockerfile,
    Host(HostKind),
}

/// A file to look into.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    path: PathBuf,
    kind: Kind,
    /// Somebody gave its name, so that an answer is owed.
    is_named: bool,
}

impl Kind {
    fn of_name(name: &str) -> Option<Self> {
        if is_dockerfile(name) { Some(Self::Dockerfile) } else { HostKind::of_name(name).map(Self::Host) }
    }

    /// The kind of a file that somebody names: a Dockerfile, unless the name says something else.
    fn of_named(name: &str) -> Self {
        Self::of_name(name).or_else(|| HostKind::of_extension(name).map(Self::Host)).unwrap_or(Self::Dockerfile)
    }
}

/// As [`dockerfiles`].
///
/// # Errors
/// When there is nothing to check.
pub(super) fn dockerfiles_or_error(paths: &[PathBuf]) -> Result<Discovered, CliError> {
    let mut discovered = dockerfiles(paths);
    if discovered.dockerfiles.is_empty() {
        if !discovered.errors.is_empty() {
            return Err(discovered.errors.swap_remove(0));
        }
        let paths: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
        return Err(CliError::NoDockerfile { paths: paths.join(", "), notes: discovered.notes });
    }
    Ok(discovered)
}

/// Whether a file is a Dockerfile by its name: `Dockerfile`, `Dockerfile.*`, `*.Dockerfile`, `Containerfile(.*)`,
/// without regard to case; not what is beside one, or a program. `.pre-commit-hooks.yaml` says the same in its own words.
pub(super) fn is_dockerfile(name: &str) -> bool {
    let small = name.to_ascii_lowercase();
    let is_either = |stem: &str| stem == "dockerfile" || stem == "containerfile";
    let Some((before, ending)) = small.rsplit_once('.') else { return is_either(&small) };
    let first = before.split('.').next().unwrap_or_default();
    let is_source = is_either(before) && name.starts_with(before) && SOURCES.contains(&ending);
    is_either(ending) || is_either(first) && !BESIDE.contains(&ending) && !is_source
}

/// Dockerfiles at `paths`: files as given, folders searched. `-` is standard input. What cannot be read does not keep
/// the rest from being checked.
pub(super) fn dockerfiles(paths: &[PathBuf]) -> Discovered {
    let mut discovered = Discovered::default();
    let mut candidates: Vec<Candidate> = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            match read_from(std::io::stdin(), Path::new("-")) {
                Ok(source) => discovered.dockerfile(source, "-"),
                Err(error) => discovered.errors.push(error),
            }
        } else if path.is_dir() {
            search(path, &mut candidates, &mut discovered);
        } else {
            let kind = Kind::of_named(&file_name(path));
            candidates.push(Candidate { path: from_here(path).to_owned(), kind, is_named: true });
        }
    }
    // Of a file that is both named and found, the named one comes last and is kept.
    candidates.sort();
    candidates.dedup_by(|later, earlier| {
        let same = later.path == earlier.path;
        earlier.is_named |= same && later.is_named;
        same
    });
    for part in candidates.par_iter().map(Candidate::look).collect::<Vec<_>>() {
        discovered.dockerfiles.extend(part.dockerfiles);
        discovered.notes.extend(part.notes);
        discovered.errors.extend(part.errors);
    }
    discovered
}

impl Candidate {
    fn look(&self) -> Discovered {
        let mut discovered = Discovered::default();
        let source = match read(&self.path) {
            Ok(source) => source,
            Err(error) => {
                discovered.errors.push(error);
                return discovered;
            }
        };
        let Kind::Host(kind) = self.kind else {
            discovered.dockerfile(source, &file_name(&self.path));
            return discovered;
        };
        match dockerfile::embedded(&source, kind) {
            Ok(embedded) => {
                if self.is_named && embedded.dockerfiles.is_empty() && embedded.notes.is_empty() {
                    discovered.notes.push(format!("{}: there is no `{}` in it", source.path(), kind.key()));
                }
                discovered.notes.extend(embedded.notes);
                embedded.dockerfiles.into_iter().for_each(|source| discovered.dockerfile(source, ""));
            }
            Err(error) => discovered.errors.push(error.into()),
        }
        discovered
    }
}

impl Discovered {
    /// Takes a Dockerfile in, or the reason why it is none yet.
    fn dockerfile(&mut self, source: Arc<SourceText>, name: &str) {
        match dockerfile::template(name, &source) {
            None => self.dockerfiles.push(source),
            Some(mark) => {
                let position = source.position(mark.start);
                self.notes.push(format!(
                    "{}:{}: not checked: it is a template, and only what is made of it is a Dockerfile",
                    source.path(),
                    position.line
                ));
            }
        }
    }
}

/// Reads one Dockerfile under the name reports use.
pub(super) fn read(path: &Path) -> Result<Arc<SourceText>, CliError> {
    let file = std::fs::File::open(path).map_err(|e| CliError::read(path, &e))?;
    read_from(file, path)
}

fn read_from(input: impl Read, path: &Path) -> Result<Arc<SourceText>, CliError> {
    let mut bytes = Vec::new();
    input.take(MAX_DOCKERFILE + 1).read_to_end(&mut bytes).map_err(|e| CliError::read(path, &e))?;
    if bytes.len() as u64 > MAX_DOCKERFILE {
        return Err(CliError::TooLarge { path: path.display().to_string(), limit: MAX_DOCKERFILE >> 20 });
    }
    Ok(SourceText::from_bytes(report_path(path), bytes))
}

/// A path as reports print it: relative to the current directory where it lies below it, `/`-separated, no `./` in front.
pub(super) fn report_path(path: &Path) -> String {
    from_here(path).to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

/// The same as a path; `.` for the current directory itself.
pub(super) fn from_here(path: &Path) -> &Path {
    let relative = std::env::current_dir().ok().and_then(|cwd| path.strip_prefix(cwd).ok());
    let mut path = relative.unwrap_or(path);
    while let Ok(rest) = path.strip_prefix(".") {
        path = rest;
    }
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Adds what may hold Dockerfiles below `folder`.
fn search(folder: &Path, candidates: &mut Vec<Candidate>, discovered: &mut Discovered) {
    let found = Mutex::new((Vec::new(), Vec::new()));
    let walker = WalkBuilder::new(folder)
        .hidden(false)
        .require_git(false)
        .filter_entry(|e| e.file_name() != ".git")
        .build_parallel();
    walker.run(|| {
        Box::new(|entry| {
            match entry {
                Ok(entry) => {
                    let is_file = entry.file_type().is_some_and(|t| t.is_file());
                    if let Some(kind) = Kind::of_name(&entry.file_name().to_string_lossy()).filter(|_| is_file) {
                        let path = from_here(entry.path()).to_owned();
                        let candidate = Candidate { path, kind, is_named: false };
                        found.lock().unwrap_or_else(PoisonError::into_inner).0.push(candidate);
                    }
                }
                Err(e) => found.lock().unwrap_or_else(PoisonError::into_inner).1.push(e),
            }
            WalkState::Continue
        })
    });
    let (files, failures) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    candidates.extend(files);
    for failure in failures {
        match failure.depth() {
            Some(0) => discovered
                .errors
                .push(CliError::Read { path: folder.display().to_string(), reason: failure.to_string() }),
            _ => discovered.notes.push(format!("not searched: {failure}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_dockerfiles() {
        for name in [
            "Dockerfile",
            "dockerfile",
            "Dockerfile.dev",
            "api.Dockerfile",
            "api.dockerfile",
            "Containerfile",
            "Containerfile.ci",
            "Dockerfile.py",
            "dockerfile.py3",
            "dockerfile.app.py",
            "py.dockerfile",
        ] {
            assert!(is_dockerfile(name), "{name}");
        }
        for name in [
            "Dockerfile.dockerignore",
            "Dockerfile.md",
            "dockerfile.5.gz",
            "dockerfile.py",
            "containerfile.rs",
            "Dockerfiles",
            "docker",
            "notes.txt",
            "mydockerfile",
        ] {
            assert!(!is_dockerfile(name), "{name}");
        }
    }

    #[test]
    fn a_named_file_is_a_dockerfile_unless_its_name_says_more() {
        assert!(Kind::of_named("build.txt") == Kind::Dockerfile);
        assert!(Kind::of_named("Dockerfile.json") == Kind::Dockerfile);
        assert!(Kind::of_named("targets.hcl") == Kind::Host(HostKind::BakeHcl));
    }

    #[test]
    fn paths_are_told_from_here() {
        assert_eq!(report_path(Path::new("././a/b")), "a/b");
        assert_eq!(report_path(Path::new(".")), ".");
        assert_eq!(report_path(Path::new("../a")), "../a");
    }
}
