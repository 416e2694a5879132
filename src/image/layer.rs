//! One layer, read in one pass: every entry's header becomes a change, every regular file's bytes go through the capture
//! and the probe as they come, and are handed out to be searched.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader};
use std::ops::Range;
use std::sync::Arc;

use super::contents::{Contents, Found, Reading};
use super::crew::Crew;
use super::entries::{Entries, Member, MemberKind, TarError};
use super::job::{Job, OverBudget};
use super::limits::{MAX_CAPTURED_FILE, MAX_LAYER_PROBLEMS, MAX_LAYER_SECRETS, MAX_PATH, MAX_RATIO, RATIO_FREE};
use super::model::{Change, Entry, EntryKind, FileSecret, Layer, Probe, Problem};
use super::names::{self, Name};
use super::sparse::Expanded;
use super::store::Section;
use super::stream::{CHUNK, Digests, Uncompressed};
use crate::secrets::KeyHit;

/// What is known of a layer before it is read.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// Position, from 0.
    pub(super) index: usize,
    /// Digest of the uncompressed layer, from the image config.
    pub(super) diff_id: Option<String>,
    /// Digest of the blob, from the manifest.
    pub(super) blob: Option<String>,
}

impl Expected {
    /// The layer for messages, counted from 1.
    pub(super) fn shown(&self) -> String {
        format!("layer {}", self.index + 1)
    }
}

/// A layer that was read, before it gets its place in the image.
#[derive(Clone, Debug)]
pub(super) struct ReadLayer {
    pub(super) layer: Layer,
    /// In words, as what follows the name of the layer.
    pub(super) problems: Vec<String>,
    /// What the blob turned out to be; `None` when it was not read to its end.
    pub(super) digests: Option<Digests>,
}

impl ReadLayer {
    /// Whether all of it was read, and config and manifest say that it is this.
    pub(super) fn is_promised(&self, expected: &Expected) -> bool {
        self.digests.as_ref().is_some_and(|digests| {
            let blob = expected.blob.as_ref();
            expected.diff_id.as_ref() == Some(&digests.diff_id)
                && blob.is_none_or(|blob| digests.stored.as_ref() == Some(blob))
        })
    }

    /// Gives the layer its place, and compares its digests with what manifest and config promise.
    pub(super) fn placed(self, expected: &Expected) -> (Layer, Vec<Problem>) {
        let Self { mut layer, mut problems, digests } = self;
        layer.index = expected.index;
        layer.diff_id = match &digests {
            Some(digests) => digests.diff_id.clone(),
            None => expected.diff_id.clone().unwrap_or_default(),
        };
        if let Some(Digests { diff_id, stored }) = digests {
            if let Some(promised) = expected.diff_id.as_ref().filter(|promised| **promised != diff_id) {
                problems.push(format!(
                    "is not what the image config says: its diff id is {diff_id}, the config has {promised}"
                ));
            }
            if let Some(promised) = expected.blob.as_ref().filter(|promised| Some(*promised) != stored.as_ref()) {
                problems.push(format!(
                    "is not what the manifest says: the blob's digest is {}, the manifest has {promised}",
                    stored.as_deref().unwrap_or("unknown")
                ));
            }
        }
        let name = expected.shown();
        let problem = |message| Problem { layer: Some(expected.index), message: format!("{name} {message}") };
        (layer, problems.into_iter().map(problem).collect())
    }
}

/// Reads a layer, and the digest of its blob too with `hash_stored`. Whatever is wrong with it is a problem beside it; an
/// error means that the image as a whole is refused.
pub(super) fn read<'env>(
    section: Section,
    hash_stored: bool,
    job: &'env Job<'env>,
    crew: &Crew<'env>,
    seen: &(dyn Fn(u64) + Sync),
) -> Result<ReadLayer, OverBudget> {
    let stored_size = section.size;
    let mut reader = LayerReader {
        job,
        contents: Contents::new(crew, &job.looks),
        changes: Vec::new(),
        problems: Vec::new(),
        untold: 0,
        is_dotted: false,
        hole_bytes: RATIO_FREE * 4,
    };
    let (digests, size) = match Uncompressed::open(section, hash_stored, seen) {
        Ok(stream) => reader.run(stream)?,
        Err(error) => {
            reader.problem(format!("could not be read: {error}; nothing in it was checked"));
            (None, 0)
        }
    };
    Ok(reader.finish(digests, stored_size, size))
}

struct LayerReader<'j, 'env> {
    job: &'env Job<'env>,
    contents: Contents<'j, 'env>,
    changes: Vec<Change>,
    problems: Vec<String>,
    /// Problems beyond those kept.
    untold: usize,
    is_dotted: bool,
    /// Bytes of holes in sparse files that may still be read as zeros.
    hole_bytes: u64,
}

/// Why reading stopped.
enum Stop {
    /// The tar is damaged here.
    Damage(TarError),
    OverBudget(OverBudget),
}

impl From<TarError> for Stop {
    fn from(error: TarError) -> Self {
        Self::Damage(error)
    }
}

impl From<OverBudget> for Stop {
    fn from(error: OverBudget) -> Self {
        Self::OverBudget(error)
    }
}

impl LayerReader<'_, '_> {
    /// Reads the tar to its end; gives its digests when all of it was read, and its size.
    fn run(&mut self, stream: Uncompressed<'_>) -> Result<(Option<Digests>, u64), OverBudget> {
        let mut entries = Entries::new(BufReader::with_capacity(CHUNK, stream));
        let damage = loop {
            match self.read_entry(&mut entries) {
                Ok(true) => {}
                Ok(false) => break None,
                Err(Stop::Damage(damage)) => break Some(damage),
                Err(Stop::OverBudget(over)) => return Err(over),
            }
        };
        let mut rest = entries.into_inner();
        // A digest covers what follows the end-of-archive marker, or the damage, too.
        let drained = match damage {
            Some(TarError::Io(_)) => Err(None),
            _ => io::copy(&mut rest, &mut io::sink()).map_err(Some),
        };
        if let Some(damage) = damage {
            let read = self.changes.len();
            self.problem(format!("is damaged: {damage}; only the first {read} entries were checked"));
        }
        let stream = rest.into_inner();
        let size = stream.size();
        match drained {
            Ok(_) => Ok((Some(stream.digests()), size)),
            Err(error) => {
                let reason = error.map_or_else(String::new, |e| format!(": {e}"));
                self.problem(format!("could not be read to its end, so its digest is not verified{reason}"));
                Ok((None, size))
            }
        }
    }

    /// Reads one entry; tells whether there was one.
    fn read_entry(&mut self, entries: &mut Entries<BufReader<Uncompressed<'_>>>) -> Result<bool, Stop> {
        let Some(member) = entries.next()? else { return Ok(false) };
        self.job.charge_entry(member.name.len() + member.link.len())?;
        self.is_dotted |= member.name.starts_with(b"./");
        let path = match names::classify(&member.name) {
            Ok(Name::Entry(path)) => path,
            Ok(Name::Whiteout(path)) => return Ok(self.change(Change::Whiteout(path))),
            Ok(Name::Opaque(path)) => return Ok(self.change(Change::Opaque(path))),
            Ok(Name::Metadata) => return Ok(true),
            Err(bad) => {
                self.problem(format!("has an entry that was left out: its name {bad}: {}", member.shown()));
                return Ok(true);
            }
        };
        let Some((kind, link)) = self.kind_and_link(&member, &path) else { return Ok(true) };
        let mut entry = Entry {
            path,
            kind,
            mode: member.mode,
            uid: member.uid,
            gid: member.gid,
            size: member.size,
            sha256: None,
            checksums: None,
            link,
            capability: member.capability.clone(),
            content: None,
            matches: Vec::new(),
            probed: None,
        };
        let read = match kind {
            EntryKind::File => self.read_file(entries, &member, &mut entry),
            _ => Ok(()),
        };
        self.change(Change::Add(Arc::new(entry)));
        read.map(|()| true)
    }

    fn change(&mut self, change: Change) -> bool {
        self.changes.push(change);
        true
    }

    /// What an entry is, with the target of a link; `None` when it has to be left out.
    fn kind_and_link(&mut self, member: &Member, path: &str) -> Option<(EntryKind, Option<String>)> {
        let kind = match member.kind {
            _ if path == "/" && member.kind != MemberKind::Directory => {
                self.problem("has an entry that was left out: it would replace the root directory".to_owned());
                return None;
            }
            MemberKind::Unknown(flag) => {
                self.problem(format!(
                    "has an entry that was left out: {path} is of unknown type {:?}",
                    char::from(flag)
                ));
                return None;
            }
            MemberKind::Hardlink => match names::normalise(&member.link) {
                Ok(target) => return Some((EntryKind::Hardlink, Some(target))),
                Err(bad) => {
                    let target = names::text(member.link.get(..200).unwrap_or(&member.link));
                    self.problem(format!(
                        "has an entry that was left out: the hard link {path} names a file that {bad}: {target}"
                    ));
                    return None;
                }
            },
            MemberKind::Symlink if member.link.len() > MAX_PATH => {
                self.problem(format!(
                    "has an entry that was left out: the target of {path} is longer than {MAX_PATH} bytes"
                ));
                return None;
            }
            MemberKind::Symlink => return Some((EntryKind::Symlink, Some(names::text(&member.link)))),
            MemberKind::File => EntryKind::File,
            MemberKind::Directory => EntryKind::Directory,
            MemberKind::CharDevice => EntryKind::CharDevice,
            MemberKind::BlockDevice => EntryKind::BlockDevice,
            MemberKind::Fifo => EntryKind::Fifo,
        };
        Some((kind, None))
    }

    fn read_file(
        &mut self,
        entries: &mut Entries<BufReader<Uncompressed<'_>>>,
        member: &Member,
        entry: &mut Entry,
    ) -> Result<(), Stop> {
        let Some(segments) = &member.sparse else { return self.read_content(entries.data(), entry) };
        let holes = member.size.saturating_sub(member.stored);
        if holes > self.hole_bytes || holes > RATIO_FREE.max(member.stored.saturating_mul(MAX_RATIO)) {
            self.problem(format!(
                "has a sparse file with {holes} bytes of holes, so its content was not checked: {}",
                entry.path
            ));
            return Ok(());
        }
        self.hole_bytes -= holes;
        let expanded = Expanded::new(entries.data(), segments, member.size);
        self.read_content(BufReader::with_capacity(CHUNK, expanded), entry)
    }

    fn read_content(&mut self, mut data: impl BufRead, entry: &mut Entry) -> Result<(), Stop> {
        let wanted = self.job.captures(&entry.path);
        let captured = wanted && entry.size <= MAX_CAPTURED_FILE;
        if wanted && !captured {
            self.problem(format!("has a file too large to be understood ({} bytes): {}", entry.size, entry.path));
        }
        if captured {
            self.job.charge_captured(entry.size)?;
        }
        let mut probe = self.job.probe_of(entry);
        if self.job.looks.is_idle() && !captured && probe.is_none() {
            return Ok(());
        }
        let mut kept = captured.then(Vec::new);
        let mut each = |bytes: &[u8]| {
            if let Some(kept) = &mut kept {
                kept.extend_from_slice(bytes);
            }
            if let Some(probe) = &mut probe {
                probe.feed(bytes);
            }
        };
        let file = Reading { entry: self.changes.len(), path: &entry.path, size: entry.size, digest: captured };
        self.contents.read(file, &mut data, &mut each).map_err(|e| Stop::Damage(e.into()))?;
        entry.content = kept.map(Arc::from);
        if let Some(mut probed) = probe.and_then(Probe::finish) {
            let found = probed.parts.iter().map(|part| (part.name.len() + part.content.len()) as u64).sum();
            if found > MAX_CAPTURED_FILE {
                probed.parts = Vec::new();
                probed.problem = Some(format!("holds more than {MAX_CAPTURED_FILE} bytes to be understood"));
            } else {
                self.job.charge_captured(found)?;
            }
            entry.probed = Some(Arc::new(probed));
        }
        Ok(())
    }

    /// Puts what was found in the contents to the entries.
    fn finish(mut self, digests: Option<Digests>, stored_size: u64, size: u64) -> ReadLayer {
        let found = self.contents.finish();
        let (mut keys, mut secrets) = (BTreeMap::new(), BTreeMap::new());
        let mut kept = 0;
        for found in found {
            let Some(Change::Add(entry)) = self.changes.get_mut(found.entry) else { continue };
            let path = entry.path.clone();
            // An entry of the same name earlier in the layer is gone.
            kept -= secrets.remove(&path).map_or(0, |gone: Vec<FileSecret>| gone.len());
            keys.remove(&path);
            let Found { sha256, checksums, matches, key, secrets: hits, places, is_unsearched, mut is_cut, .. } = found;
            if let Some(entry) = Arc::get_mut(entry) {
                (entry.sha256, entry.checksums, entry.matches) = (sha256, checksums, matches);
                entry.content.iter_mut().for_each(|content| blank(content, &places));
            }
            keys.extend(key.map(|key: KeyHit| (path.clone(), key)));
            if kept + hits.len() > MAX_LAYER_SECRETS {
                is_cut = true;
            } else if !hits.is_empty() {
                kept += hits.len();
                secrets.insert(path.clone(), hits);
            }
            if is_unsearched {
                self.problem(format!(
                    "has a file with a line too long to be searched, so its content was only searched before it: {path}"
                ));
            }
            if is_cut {
                self.problem(format!("has a file with more secrets than are told one by one: {path}"));
            }
        }
        if self.untold > 0 {
            self.problems.push(format!("has {} more problems", self.untold));
        }
        let layer = Layer {
            stored_size,
            size,
            is_dotted: self.is_dotted,
            changes: self.changes,
            keys,
            secrets,
            ..Layer::default()
        };
        ReadLayer { layer, problems: self.problems, digests }
    }

    fn problem(&mut self, message: String) {
        if self.problems.len() < MAX_LAYER_PROBLEMS {
            self.problems.push(message);
        } else {
            self.untold += 1;
        }
    }
}

/// Overwrites secrets in content that is kept: whoever reads it looks for something else.
fn blank(content: &mut Arc<[u8]>, places: &[Range<u64>]) {
    let Some(content) = Arc::get_mut(content) else { return };
    for place in places {
        let range = usize::try_from(place.start).ok().zip(usize::try_from(place.end).ok());
        if let Some(secret) = range.and_then(|(start, end)| content.get_mut(start..end)) {
            secret.fill(b'*');
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
