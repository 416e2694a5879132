//! Finds Dockerfiles below folders, as git sees the folders, dot directories included.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{WalkBuilder, WalkState};
use rayon::prelude::*;

use super::CliError;
use crate::text::SourceText;

/// A Dockerfile larger than this is refused: no builder takes it, and nobody wrote it.
const MAX_DOCKERFILE: u64 = 16 << 20;

/// Whether a file is a Dockerfile by its name: `Dockerfile`, `Dockerfile.*`, `*.Dockerfile`, `Containerfile(.*)`,
/// without regard to case; `<Dockerfile>.dockerignore` is none.
pub(super) fn is_dockerfile(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let stem_is = |stem: &str| name == stem || name.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.'));
    (stem_is("dockerfile")
        || stem_is("containerfile")
        || name.ends_with(".dockerfile")
        || name.ends_with(".containerfile"))
        && !name.ends_with(".dockerignore")
}

/// Dockerfiles at `paths`, sorted by path: files as given, folders searched. `-` is standard input.
///
/// # Errors
/// When a path cannot be read.
pub(super) fn dockerfiles(paths: &[PathBuf]) -> Result<Vec<Arc<SourceText>>, CliError> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut sources = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let mut bytes = Vec::new();
            std::io::stdin()
                .take(MAX_DOCKERFILE)
                .read_to_end(&mut bytes)
                .map_err(|e| CliError::read(Path::new("-"), &e))?;
            sources.push(SourceText::from_bytes("-", bytes));
        } else if path.is_dir() {
            found.extend(search(path)?);
        } else {
            found.push(path.clone());
        }
    }
    found.sort();
    found.dedup();
    sources.extend(found.par_iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?);
    Ok(sources)
}

/// Reads one Dockerfile under the name reports use.
pub(super) fn read(path: &Path) -> Result<Arc<SourceText>, CliError> {
    let file = std::fs::File::open(path).map_err(|e| CliError::read(path, &e))?;
    let mut bytes = Vec::new();
    file.take(MAX_DOCKERFILE + 1).read_to_end(&mut bytes).map_err(|e| CliError::read(path, &e))?;
    if bytes.len() as u64 > MAX_DOCKERFILE {
        return Err(CliError::TooLarge { path: path.display().to_string(), limit: MAX_DOCKERFILE >> 20 });
    }
    Ok(SourceText::from_bytes(report_path(path), bytes))
}

/// A path as reports print it: relative to the current directory where it lies below it, `/`-separated, no `./` in front.
pub(super) fn report_path(path: &Path) -> String {
    let relative = std::env::current_dir().ok().and_then(|cwd| path.strip_prefix(cwd).ok());
    let text = relative.unwrap_or(path).to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
    let trimmed = text.trim_start_matches("./");
    if trimmed.is_empty() { ".".into() } else { trimmed.to_owned() }
}

fn search(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let found = Mutex::new(Vec::new());
    let failed = Mutex::new(None);
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
                    if is_file && is_dockerfile(&entry.file_name().to_string_lossy()) {
                        found.lock().unwrap_or_else(PoisonError::into_inner).push(entry.into_path());
                    }
                }
                Err(e) => {
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(e.to_string());
                    return WalkState::Quit;
                }
            }
            WalkState::Continue
        })
    });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(reason) => Err(CliError::Read { path: folder.display().to_string(), reason }),
        None => Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner)),
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
        ] {
            assert!(is_dockerfile(name), "{name}");
        }
        for name in ["Dockerfile.dockerignore", "Dockerfiles", "docker", "notes.txt", "mydockerfile"] {
            assert!(!is_dockerfile(name), "{name}");
        }
    }
}
