//! What reading layers gave, kept in files for the next run, so that a base layer is read once a machine.
//!
//! A record is a file named by a hash of everything that decides what is in it. It is written to a temporary file and
//! renamed, so that processes side by side see whole records or none; it is sealed with a checksum, and one that does not
//! hold is as good as absent. The folder is its user's alone and trusted like the program itself: the checksum tells damage,
//! not malice.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::error::ImageError;
use super::limits::{MAX_CACHE_BYTES, MAX_RECORD_BYTES};
use super::stream::hex;

/// What every record starts with.
const MAGIC: &[u8; 8] = b"dockgate";
/// Bytes of magic and checksum.
const SEAL: usize = MAGIC.len() + 32;
/// How the names of records end: those of layers, and notes.
const LAYER: &str = "layer";
const NOTE: &str = "note";
/// Bytes a file takes at least.
const BLOCK: u64 = 4096;
/// A temporary file this old is left from a run that was killed.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// A folder of records.
#[derive(Debug)]
pub struct Cache {
    dir: PathBuf,
    has_written: AtomicBool,
    has_failed: AtomicBool,
}

/// What a cache holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheInfo {
    /// The folder.
    pub dir: PathBuf,
    /// Layers of which the analysis is kept.
    pub layers: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes above which the records used longest ago are removed.
    pub bound: u64,
}

/// A record's file.
struct Kept {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
    is_layer: bool,
}

impl Cache {
    /// Opens the cache in a folder, which is made when it is not there.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(dir: &Path) -> Result<Self, ImageError> {
        let dir = dir.join("layers");
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&dir).map_err(|e| ImageError::io("make the cache folder", &dir, e))?;
        Ok(Self { dir, has_written: AtomicBool::new(false), has_failed: AtomicBool::new(false) })
    }

    /// What it holds.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn info(&self) -> Result<CacheInfo, ImageError> {
        let kept = self.kept()?;
        let layers = kept.iter().filter(|record| record.is_layer).count() as u64;
        let bytes = kept.iter().map(|record| record.bytes).sum();
        Ok(CacheInfo { dir: self.dir.clone(), layers, bytes, bound: MAX_CACHE_BYTES })
    }

    /// Removes everything; tells what there was.
    ///
    /// # Errors
    /// When the folder cannot be read, or a record not be removed.
    pub fn clear(&self) -> Result<CacheInfo, ImageError> {
        let info = self.info()?;
        for record in self.kept()? {
            remove(&record.path).map_err(|e| ImageError::io("remove", &record.path, e))?;
        }
        Ok(info)
    }

    /// Whether something could not be kept, so that the next run has to read it again.
    pub fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    /// The record of a layer.
    pub(super) fn layer(&self, key: &Key) -> Option<Vec<u8>> {
        self.read(key, LAYER)
    }

    /// Keeps the record of a layer.
    pub(super) fn keep_layer(&self, key: &Key, record: &[u8]) {
        self.write(key, LAYER, record);
    }

    /// What was noted under a key.
    pub(super) fn note(&self, key: &Key) -> Option<String> {
        String::from_utf8(self.read(key, NOTE)?).ok()
    }

    /// Notes something.
    pub(super) fn keep_note(&self, key: &Key, text: &str) {
        self.write(key, NOTE, text.as_bytes());
    }

    /// Removes the records used longest ago until the rest is within the bound. Of use once something was written.
    pub(super) fn tidy(&self) {
        if self.has_written.swap(false, Ordering::Relaxed) {
            self.tidy_to(MAX_CACHE_BYTES);
        }
    }

    fn tidy_to(&self, bound: u64) {
        let Ok(mut kept) = self.kept() else { return };
        let mut bytes: u64 = kept.iter().map(|record| record.bytes).sum();
        kept.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
        for record in kept {
            if bytes <= bound {
                return;
            }
            if remove(&record.path).is_ok() {
                bytes = bytes.saturating_sub(record.bytes);
            }
        }
    }

    fn path(&self, key: &Key, kind: &str) -> PathBuf {
        self.dir.join(format!("{}.{kind}", key.0))
    }

    fn read(&self, key: &Key, kind: &str) -> Option<Vec<u8>> {
        let path = self.path(key, kind);
        let mut file = File::open(&path).ok()?;
        let mut bytes = Vec::with_capacity(usize::try_from(file.metadata().ok()?.len().min(MAX_RECORD_BYTES)).ok()?);
        (&mut file).take(MAX_RECORD_BYTES).read_to_end(&mut bytes).ok()?;
        let Some(payload) = opened(&bytes) else {
            // Damaged: the next run shall not stumble over it again.
            let _ = remove(&path);
            return None;
        };
        let payload = payload.len();
        bytes.drain(..bytes.len() - payload);
        // What is used stays. Whoever may not write here may still read.
        let _ = file.set_modified(SystemTime::now());
        Some(bytes)
    }

    fn write(&self, key: &Key, kind: &str, payload: &[u8]) {
        if payload.len() as u64 > MAX_RECORD_BYTES - SEAL as u64 {
            return;
        }
        let write = || -> io::Result<()> {
            let mut file = NamedTempFile::with_prefix_in(".part-", &self.dir)?;
            file.write_all(MAGIC)?;
            file.write_all(&Sha256::digest(payload))?;
            file.write_all(payload)?;
            file.persist(self.path(key, kind))?;
            Ok(())
        };
        let flag = if write().is_ok() { &self.has_written } else { &self.has_failed };
        flag.store(true, Ordering::Relaxed);
    }

    /// The records; what a killed run left half written is removed.
    fn kept(&self) -> Result<Vec<Kept>, ImageError> {
        let failed = |e| ImageError::io("read the cache folder", &self.dir, e);
        let mut kept = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            // Another process may have removed it meanwhile.
            let Ok(metadata) = entry.metadata() else { continue };
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let extension = path.extension().and_then(|extension| extension.to_str());
            match extension {
                Some(LAYER | NOTE) => {}
                _ if used.elapsed().is_ok_and(|age| age > STALE) => {
                    let _ = remove(&path);
                    continue;
                }
                _ => continue,
            }
            let is_layer = extension == Some(LAYER);
            kept.push(Kept { bytes: metadata.len().next_multiple_of(BLOCK), used, is_layer, path });
        }
        Ok(kept)
    }
}

/// The content of a sealed record.
fn opened(bytes: &[u8]) -> Option<&[u8]> {
    let (magic, rest) = bytes.split_at_checked(MAGIC.len())?;
    let (checksum, payload) = rest.split_at_checked(SEAL - MAGIC.len())?;
    (magic == MAGIC && Sha256::digest(payload).as_slice() == checksum).then_some(payload)
}

/// Removes a file that somebody else may remove at the same time.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Names a record by all that decides what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key(String);

impl Key {
    /// A key of parts; no two lists of parts have the same.
    pub(super) fn of<'p>(parts: impl IntoIterator<Item = &'p str>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self(hex(&hash.finalize()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn cache() -> (tempfile::TempDir, Cache) {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(&dir.path().join("new")).unwrap();
        (dir, cache)
    }

    #[test]
    fn records_come_back_and_go() {
        let (_dir, cache) = cache();
        let key = Key::of(["a", "b"]);
        assert_eq!((cache.layer(&key), cache.note(&key)), (None, None));
        cache.keep_layer(&key, b"record");
        cache.keep_note(&key, "text");
        assert_eq!(cache.layer(&key).as_deref(), Some(&b"record"[..]));
        assert_eq!(cache.note(&key).as_deref(), Some("text"));
        assert_ne!(key, Key::of(["ab", ""]));
        let info = cache.info().unwrap();
        assert_eq!((info.layers, info.bytes), (1, 2 * BLOCK));
        assert_eq!(cache.clear().unwrap(), info);
        assert_eq!((cache.info().unwrap().bytes, cache.layer(&key)), (0, None));
    }

    #[test]
    fn a_damaged_record_is_as_good_as_none_and_is_removed() {
        let (_dir, cache) = cache();
        let key = Key::of(["a"]);
        let path = cache.path(&key, LAYER);
        for damage in
            [&b""[..], b"dockgate", b"dockgate0123", b"something else that is long enough to be a seal of one"]
        {
            fs::write(&path, damage).unwrap();
            assert_eq!(cache.layer(&key), None);
            assert!(!path.exists());
        }
        cache.keep_layer(&key, b"record");
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, bytes).unwrap();
        assert_eq!(cache.layer(&key), None);
        cache.keep_layer(&key, b"record");
        assert!(cache.layer(&key).is_some());
    }

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let (_dir, cache) = cache();
        let keys = ["a", "b", "c"].map(|name| Key::of([name]));
        for (age, key) in [300, 200, 100].into_iter().zip(&keys) {
            cache.keep_layer(key, &[0; 5000]);
            let used = SystemTime::now() - Duration::from_secs(age);
            File::open(cache.path(key, LAYER)).unwrap().set_modified(used).unwrap();
        }
        // Reading it makes the oldest the newest.
        assert!(cache.layer(&keys[0]).is_some());
        cache.tidy_to(4 * BLOCK);
        assert_eq!(keys.map(|key| cache.path(&key, LAYER).exists()), [true, false, true]);
    }

    #[test]
    fn what_killed_runs_left_is_swept() {
        let (_dir, cache) = cache();
        let (old, new) = (cache.dir.join(".part-old"), cache.dir.join(".part-new"));
        for path in [&old, &new] {
            fs::write(path, "half").unwrap();
        }
        File::open(&old).unwrap().set_modified(SystemTime::now() - 2 * STALE).unwrap();
        assert_eq!(cache.info().unwrap().layers, 0);
        assert!(!old.exists() && new.exists());
    }

    #[test]
    fn many_writers_of_one_record_leave_a_whole_one() {
        let (_dir, cache) = cache();
        let key = Key::of(["a"]);
        std::thread::scope(|scope| {
            for byte in 0..4 {
                let (cache, key) = (&cache, &key);
                scope.spawn(move || {
                    for _ in 0..20 {
                        cache.keep_layer(key, &[byte; 10_000]);
                        let read = cache.layer(key).unwrap();
                        assert!(read.len() == 10_000 && read.iter().all(|b| *b == read[0]));
                    }
                });
            }
        });
        assert!(!cache.has_failed());
    }
}
