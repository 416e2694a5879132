//! From records in files to a source of the store: archives, single records, folders of either.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use tempfile::NamedTempFile;
use zip::ZipArchive;

use super::FeedError;
use super::ecosystem::root;
use super::osv::Osv;
use super::record::{Advisory, Entry, split};
use super::store::{self, Description, Writer};

/// Bytes of one record.
const MAX_RECORD: u64 = 64 << 20;
/// Records of one source.
const MAX_RECORDS: usize = 5_000_000;
/// Bytes of all records of one source.
const MAX_BYTES: u64 = 64 << 30;
/// Files in a folder, and folders in one another.
const MAX_FILES: usize = 5_000_000;
const MAX_DEPTH: usize = 16;
/// Bytes read before they are parsed side by side.
const BATCH: usize = 32 << 20;

/// Told while records are taken in: how many there are so far, and in all where that is known.
pub type TakenIn<'a> = dyn Fn(u64, Option<u64>) + 'a;

/// What is to be taken in.
#[derive(Clone, Copy)]
pub(super) enum Form<'a> {
    /// An archive with records of this ecosystem.
    Archive(&'a str),
    /// A record, an archive, or a folder of them, about anything.
    Any,
}

/// Makes a source of everything in a file or folder, and swaps it in.
///
/// # Errors
/// When something cannot be read, is no record, or there is none, or none of the ecosystem that is meant.
pub(super) fn take_in(
    folder: &Path,
    from: &Path,
    description: Description,
    form: Form<'_>,
    told: &TakenIn<'_>,
) -> Result<Description, FeedError> {
    let write_failed =
        |error: io::Error| FeedError::Write { path: folder.display().to_string(), reason: error.to_string() };
    let name = description.name.clone();
    let target = store::path_of(folder, &name);
    let out = store::new_file(folder).map_err(write_failed)?;
    let mut intake = Intake {
        writer: Writer::new(out, description),
        batch: Vec::new(),
        pending: 0,
        bytes: 0,
        taken: 0,
        whole: None,
        told,
        folder,
    };
    match form {
        Form::Archive(_) => intake.archive(from, File::open(from).map_err(|e| read_failed(from, &e))?)?,
        Form::Any => intake.path(from, 0)?,
    }
    intake.flush()?;
    let (out, description) = intake.writer.finish().map_err(write_failed)?;
    if description.records + description.withdrawn + description.unused == 0 {
        return Err(FeedError::Empty { path: from.display().to_string() });
    }
    if let Form::Archive(ecosystem) = form
        && !description.ecosystems.keys().any(|known| root(known) == ecosystem)
    {
        return Err(FeedError::Nothing { origin: from.display().to_string(), ecosystem: ecosystem.to_owned() });
    }
    store::swap_in(out, &target).map_err(write_failed)?;
    Ok(description)
}

struct Intake<'a> {
    writer: Writer<NamedTempFile>,
    /// Name and content of records to be parsed.
    batch: Vec<(String, Vec<u8>)>,
    pending: usize,
    bytes: u64,
    taken: u64,
    whole: Option<u64>,
    told: &'a TakenIn<'a>,
    folder: &'a Path,
}

impl Intake<'_> {
    fn path(&mut self, path: &Path, depth: usize) -> Result<(), FeedError> {
        let meta = fs::metadata(path).map_err(|e| read_failed(path, &e))?;
        if meta.is_dir() {
            return self.folder(path, depth);
        }
        let mut file = File::open(path).map_err(|e| read_failed(path, &e))?;
        let mut head = [0; 2];
        let is_archive = file.read(&mut head).map_err(|e| read_failed(path, &e))? == 2 && &head == b"PK";
        io::Seek::rewind(&mut file).map_err(|e| read_failed(path, &e))?;
        if is_archive || path.extension().is_some_and(|e| e == "zip") {
            return self.archive(path, file);
        }
        let content = bounded(&mut file, &path.display().to_string())?;
        self.record(path.display().to_string(), content)
    }

    fn folder(&mut self, path: &Path, depth: usize) -> Result<(), FeedError> {
        if depth > MAX_DEPTH {
            let reason = String::from("folders lie too deep in one another");
            return Err(FeedError::Read { path: path.display().to_string(), reason });
        }
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(path).map_err(|e| read_failed(path, &e))?.take(MAX_FILES) {
            let entry = entry.map_err(|e| read_failed(path, &e))?;
            let kind = entry.file_type().map_err(|e| read_failed(path, &e))?;
            let is_data = entry.path().extension().is_some_and(|e| e == "json" || e == "zip");
            if kind.is_dir() || (kind.is_file() && is_data) {
                paths.push(entry.path());
            }
        }
        paths.sort();
        paths.iter().try_for_each(|path| self.path(path, depth + 1))
    }

    fn archive(&mut self, path: &Path, file: File) -> Result<(), FeedError> {
        let broken = |reason: String| FeedError::Read {
            path: path.display().to_string(),
            reason: format!("the archive is broken: {reason}"),
        };
        let mut file = io::BufReader::new(file);
        let is_zip = io::BufRead::fill_buf(&mut file).map_err(|e| read_failed(path, &e))?.starts_with(b"PK");
        if !is_zip {
            let reason = String::from("it is no zip archive");
            return Err(FeedError::Read { path: path.display().to_string(), reason });
        }
        let mut archive = ZipArchive::new(file).map_err(|e| broken(e.to_string()))?;
        self.whole = Some(self.whole.unwrap_or_default() + archive.len() as u64);
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).map_err(|e| broken(e.to_string()))?;
            let name = entry.name().map_err(|e| broken(e.to_string()))?.into_owned();
            if entry.is_dir() || !name.ends_with(".json") {
                continue;
            }
            let mut content = Vec::new();
            // The reader checks each entry's checksum at its end.
            (&mut entry).take(MAX_RECORD + 1).read_to_end(&mut content).map_err(|e| broken(format!("{name}: {e}")))?;
            if content.len() as u64 > MAX_RECORD {
                return Err(FeedError::TooLarge { what: name, limit: MAX_RECORD });
            }
            self.record(name, content)?;
        }
        Ok(())
    }

    fn record(&mut self, name: String, content: Vec<u8>) -> Result<(), FeedError> {
        self.bytes += content.len() as u64;
        if self.bytes > MAX_BYTES {
            return Err(FeedError::TooLarge {
                what: String::from("all records of a source together"),
                limit: MAX_BYTES,
            });
        }
        self.pending += content.len();
        self.batch.push((name, content));
        if self.pending >= BATCH { self.flush() } else { Ok(()) }
    }

    /// Parses what is pending, and writes it in the order it came.
    fn flush(&mut self) -> Result<(), FeedError> {
        let batch = std::mem::take(&mut self.batch);
        self.pending = 0;
        type Parsed = Result<Vec<Option<(Advisory, Vec<Entry>)>>, FeedError>;
        let parse = |(name, content): &(String, Vec<u8>)| -> Parsed {
            let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
            // One record, or several in a list.
            let is_list = content.trim_ascii_start().first() == Some(&b'[');
            let records: Result<Vec<Osv>, serde_json::Error> = match is_list {
                true => serde_json::from_slice(content),
                false => serde_json::from_slice(content).map(|one| vec![one]),
            };
            let records = records.map_err(|error| {
                let reason = format!("it is no vulnerability record: {error}");
                FeedError::Read { path: name.clone(), reason }
            })?;
            Ok(records.into_iter().map(|record| record.withdrawn.is_none().then(|| split(record))).collect())
        };
        let parsed: Vec<Parsed> = batch.par_iter().map(parse).collect();
        for records in parsed {
            for record in records? {
                self.taken += 1;
                if self.taken > MAX_RECORDS as u64 {
                    return Err(FeedError::TooLarge {
                        what: String::from("the number of records"),
                        limit: MAX_RECORDS as u64,
                    });
                }
                let Some((advisory, entries)) = record else {
                    self.writer.withdrawn();
                    continue;
                };
                let failed =
                    |e: io::Error| FeedError::Write { path: self.folder.display().to_string(), reason: e.to_string() };
                self.writer.add(&advisory, entries).map_err(failed)?;
            }
        }
        (self.told)(self.taken, self.whole);
        Ok(())
    }
}

fn read_failed(path: &Path, error: &io::Error) -> FeedError {
    FeedError::Read { path: path.display().to_string(), reason: error.to_string() }
}

/// The content of a file that is no archive.
fn bounded(file: &mut File, name: &str) -> Result<Vec<u8>, FeedError> {
    let mut content = Vec::new();
    let read = file.take(MAX_RECORD + 1).read_to_end(&mut content);
    read.map_err(|e| FeedError::Read { path: name.to_owned(), reason: e.to_string() })?;
    if content.len() as u64 > MAX_RECORD {
        return Err(FeedError::TooLarge { what: name.to_owned(), limit: MAX_RECORD });
    }
    Ok(content)
}
