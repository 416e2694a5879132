//! `feeds sync` and `feeds import`: from a mirror or a file to the store. What is there stays until what comes is whole.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::download::{self, Fetched, Version};
use super::ecosystem;
use super::intake::{self, Form};
use super::request::{Patience, Step};
use super::store::{self, Description, State};
use super::{FeedError, intake::TakenIn};
use crate::http;

/// The public archives of osv.dev.
pub const OSV: &str = "https://osv-vulnerabilities.storage.googleapis.com";

/// Where the archives are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mirror {
    /// A server: `<url>/<Ecosystem>/all.zip`.
    Http(String),
    /// A folder with the same files.
    Folder(PathBuf),
}

impl Mirror {
    /// Reads a mirror: an address with `http://`, `https://` or `file://`, or a folder.
    ///
    /// # Errors
    /// When it begins with another scheme, or is nothing.
    pub fn parse(text: &str) -> Result<Self, FeedError> {
        let text = text.trim();
        Ok(match text.split_once("://") {
            Some(("file", path)) if !path.is_empty() => Self::Folder(PathBuf::from(path)),
            Some(("http" | "https", rest)) if !rest.is_empty() => Self::Http(text.trim_end_matches('/').to_owned()),
            None if !text.is_empty() => Self::Folder(PathBuf::from(text)),
            _ => return Err(FeedError::Mirror { mirror: shown(text) }),
        })
    }
}

/// What is told while the store is written.
#[derive(Clone, Copy, Debug)]
pub enum SyncStep<'a> {
    /// A source is begun.
    Begin(&'a str),
    /// It is downloaded.
    Download(Step),
    /// Records are taken in: how many, of how many.
    Records(u64, Option<u64>),
}

/// What came of one source.
#[derive(Clone, Debug)]
pub enum Synced {
    /// Its data is new.
    New(Description),
    /// The mirror has what was here already.
    Unchanged,
}

/// Holds the store for writing.
#[derive(Debug)]
pub struct WriteLock {
    folder: PathBuf,
    /// Released when it is closed.
    _file: File,
}

impl WriteLock {
    /// Takes the store of a folder, which is made when it is not there.
    ///
    /// # Errors
    /// When it cannot be written, or another process is writing it.
    pub fn take(folder: &Path) -> Result<Self, FeedError> {
        let failed =
            |error: io::Error| FeedError::Write { path: folder.display().to_string(), reason: error.to_string() };
        fs::create_dir_all(folder).map_err(failed)?;
        let file = File::create(folder.join("lock")).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FeedError::Locked { path: folder.display().to_string() }),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        store::clear_unfinished(folder).map_err(failed)?;
        Ok(Self { folder: folder.to_owned(), _file: file })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Brings one ecosystem up to the mirror's state.
    ///
    /// # Errors
    /// When the archive does not come whole, is broken, or holds no record; the data that was there stays.
    pub fn sync(
        &self,
        ecosystem: &str,
        mirror: &Mirror,
        patience: Patience,
        told: &dyn Fn(SyncStep<'_>),
    ) -> Result<Synced, FeedError> {
        let Some(name) = ecosystem::named(ecosystem) else {
            return Err(FeedError::UnknownEcosystem { name: ecosystem.to_owned() });
        };
        told(SyncStep::Begin(name));
        match mirror {
            Mirror::Folder(folder) => {
                let archive = folder.join(name).join("all.zip");
                let modified = modified(&archive)?;
                let origin = archive.display().to_string();
                let state = store::read_state(&self.folder, name);
                let is_known =
                    state.is_some_and(|s| s.origin == origin && s.last_modified.as_deref() == Some(modified.as_str()));
                if is_known && store::path_of(&self.folder, name).exists() {
                    // A folder says nothing of when it was last brought up to date but by its files.
                    return Ok(Synced::Unchanged);
                }
                let made = modified.parse().unwrap_or_default();
                let description = self.take_in(name, &archive, &origin, made, Form::Archive(name), told)?;
                let state = State { origin, etag: None, last_modified: Some(modified), checked: made };
                self.remember(name, &state)?;
                Ok(Synced::New(description))
            }
            Mirror::Http(base) => {
                let url = format!("{base}/{}/all.zip", name.replace(' ', "%20"));
                self.download(name, &url, patience, told)
            }
        }
    }

    fn download(
        &self,
        name: &str,
        url: &str,
        patience: Patience,
        told: &dyn Fn(SyncStep<'_>),
    ) -> Result<Synced, FeedError> {
        let failed = |error: http::HttpError| FeedError::Download { url: shown(url), reason: error.to_string() };
        let part = self.folder.join(format!("{}.part", store::file_name(name)));
        let state = store::read_state(&self.folder, name).filter(|state| state.origin == shown(url));
        let has_data = store::path_of(&self.folder, name).exists();
        let known = match &state {
            Some(state) if has_data => Version { etag: state.etag.clone(), last_modified: state.last_modified.clone() },
            _ => Version::default(),
        };
        let client = http::client().map_err(failed)?;
        let step = |step: Step| told(SyncStep::Download(step));
        let fetched =
            http::block_on(download::fetch(&client, url, &part, &known, patience, &step)).map_err(failed)??;
        let checked = now();
        let (version, synced) = match fetched {
            Fetched::Unchanged => (known, Synced::Unchanged),
            Fetched::New(version) => {
                let taken = self.take_in(name, &part, &shown(url), checked, Form::Archive(name), told);
                // Whole, and broken all the same: asking for the rest of it would not mend it.
                download::forget(&part);
                (version, Synced::New(taken?))
            }
        };
        let state = State { origin: shown(url), etag: version.etag, last_modified: version.last_modified, checked };
        self.remember(name, &state)?;
        Ok(synced)
    }

    /// Makes a source of the records in a file or folder: `all.zip` is called after its folder, others after themselves.
    ///
    /// # Errors
    /// When something in it is no record, or there is none.
    pub fn import(
        &self,
        path: &Path,
        name: Option<&str>,
        told: &dyn Fn(SyncStep<'_>),
    ) -> Result<Description, FeedError> {
        let stem = |path: &Path| path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let name = match (name, stem(&absolute)) {
            (Some(name), _) => name.to_owned(),
            (None, own) if own == "all" => absolute.parent().map(stem).unwrap_or(own),
            (None, own) => own,
        };
        if name.trim().is_empty() {
            return Err(FeedError::Read {
                path: path.display().to_string(),
                reason: String::from("it has no name to go by"),
            });
        }
        told(SyncStep::Begin(&name));
        let made = modified(path)?.parse().unwrap_or_default();
        let description = self.take_in(&name, path, &path.display().to_string(), made, Form::Any, told)?;
        // What was known of a download of that name is of other data.
        let _ = fs::remove_file(store::state_path(&self.folder, &name));
        Ok(description)
    }

    fn take_in(
        &self,
        name: &str,
        from: &Path,
        origin: &str,
        made: u64,
        form: Form<'_>,
        told: &dyn Fn(SyncStep<'_>),
    ) -> Result<Description, FeedError> {
        let description =
            Description { name: name.to_owned(), origin: origin.to_owned(), made, ..Description::default() };
        let records: &TakenIn<'_> = &|taken, whole| told(SyncStep::Records(taken, whole));
        intake::take_in(&self.folder, from, description, form, records).map_err(|error| match error {
            // Of a part, the address says more.
            FeedError::Read { path, reason } if Path::new(&path) == from => {
                FeedError::Read { path: origin.to_owned(), reason }
            }
            // Of a record in an archive.
            FeedError::Read { path, reason } if from.is_file() => {
                FeedError::Read { path: format!("{path} in {origin}"), reason }
            }
            FeedError::Empty { .. } => FeedError::Empty { path: origin.to_owned() },
            FeedError::Nothing { ecosystem, .. } => FeedError::Nothing { origin: origin.to_owned(), ecosystem },
            other => other,
        })
    }

    fn remember(&self, name: &str, state: &State) -> Result<(), FeedError> {
        let failed =
            |error: io::Error| FeedError::Write { path: self.folder.display().to_string(), reason: error.to_string() };
        store::write_state(&self.folder, name, state).map_err(failed)
    }
}

/// Seconds since 1970 when a file was changed last, as text.
fn modified(path: &Path) -> Result<String, FeedError> {
    let failed = |e: io::Error| FeedError::Read { path: path.display().to_string(), reason: e.to_string() };
    let time = fs::metadata(path).and_then(|meta| meta.modified()).map_err(failed)?;
    Ok(time.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()).to_string())
}

/// An address without the name and password it may hold.
pub(super) fn shown(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = host.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}/{path}")
        }
        None => url.to_owned(),
    }
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}
