//! The store: a folder with a file for each source, read-only and mapped into memory.

mod file;
mod map;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

pub use file::Description;
pub(super) use file::{SourceFile, Writer};

use super::FeedError;
use super::registry::Registries;

/// The ending of a source's file.
const ENDING: &str = "store";
/// Sources a folder may have.
const MAX_SOURCES: usize = 1000;
/// Bytes of a state.
const MAX_STATE: u64 = 1 << 20;

/// What is known of a source's last download, beside its data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// Where it was downloaded from.
    pub(super) origin: String,
    /// The server's name for what it sent.
    pub(super) etag: Option<String>,
    /// When the server says that it changed.
    pub(super) last_modified: Option<String>,
    /// Seconds since 1970 when it was last known to be what the server has.
    pub(super) checked: u64,
}

/// A source of the store.
#[derive(Debug)]
pub struct Source {
    file: SourceFile,
    /// When it was last known to be current, in seconds since 1970.
    pub checked: u64,
}

impl Source {
    /// What it is.
    pub fn description(&self) -> &Description {
        &self.file.description
    }

    pub(super) fn file(&self) -> &SourceFile {
        &self.file
    }
}

/// Vulnerability data on this machine.
#[derive(Debug, Default)]
pub struct Store {
    /// Sorted by name.
    pub sources: Vec<Source>,
    /// What the registries of npm and RubyGems know.
    pub registries: Registries,
}

impl Store {
    /// Opens the store in a folder. One that is not there is a store without data.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be read, or is damaged.
    pub fn open(folder: &Path) -> Result<Self, FeedError> {
        let failed =
            |error: io::Error| FeedError::Open { path: folder.display().to_string(), reason: error.to_string() };
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(failed(error)),
        };
        let mut paths = Vec::new();
        for entry in entries.take(MAX_SOURCES) {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|e| e == ENDING) {
                paths.push(path);
            }
        }
        paths.sort();
        let source = |path: &PathBuf| {
            let file = SourceFile::open(path)?;
            let checked = read_state(folder, &file.description.name).map_or(0, |state| state.checked);
            let checked = checked.max(file.description.made);
            Ok(Source { file, checked })
        };
        let sources = paths.iter().map(source).collect::<Result<_, FeedError>>()?;
        Ok(Self { sources, registries: Registries::open(folder)? })
    }

    /// Whether it has no vulnerability data.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Whether it has data of an ecosystem with its release.
    pub(super) fn has(&self, ecosystem: &str) -> bool {
        self.sources.iter().any(|source| source.file.description.ecosystems.contains_key(ecosystem))
    }
}

/// The path of a source's file.
pub(super) fn path_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{}.{ENDING}", file_name(name)))
}

/// A source's name as that of a file: letters, digits, blanks, dots, hyphens and underscores.
pub(super) fn file_name(name: &str) -> String {
    let is_kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    let kept: String = name.chars().take(100).map(|c| if is_kept(c) { c } else { '_' }).collect();
    if kept.starts_with('.') { kept.replacen('.', "_", 1) } else { kept }
}

pub(super) fn state_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{}.state.json", file_name(name)))
}

/// What is known of a source's last download.
pub(super) fn read_state(folder: &Path, name: &str) -> Option<State> {
    let path = state_path(folder, name);
    let is_small = fs::metadata(&path).is_ok_and(|meta| meta.len() <= MAX_STATE);
    serde_json::from_slice(&fs::read(path).ok().filter(|_| is_small)?).ok()
}

/// Remembers a source's last download.
pub(super) fn write_state(folder: &Path, name: &str, state: &State) -> io::Result<()> {
    let bytes = serde_json::to_vec(state).map_err(io::Error::other)?;
    write_whole(&state_path(folder, name), |file| io::Write::write_all(file, &bytes))
}

/// How the names of files begin that are not whole yet.
const UNFINISHED: &str = ".new-";

/// A file that is not whole yet. Who may read the folder may read what becomes of it: the data is no secret, and one user may
/// synchronise it for all.
pub(super) fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// Takes away what a process left that was killed while it wrote. Only who holds the store for writing may.
pub(super) fn clear_unfinished(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Writes a file under another name and swaps it in when it is whole and on disk.
pub(super) fn write_whole(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = new_file(folder)?;
    write(file.as_file_mut())?;
    swap_in(file, path)
}

/// Gives a whole file its name.
pub(super) fn swap_in(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The name is on disk when its folder is; not every file system can be asked to.
    if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
        let _ = folder.sync_all();
    }
    Ok(())
}
