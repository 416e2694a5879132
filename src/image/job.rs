//! What all layers of an image are read for, and the bounds on what they may take together.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

use super::contents::Looks;
use super::limits::{MAX_CAPTURED_BYTES, MAX_ENTRIES, MAX_NAME_BYTES};
use super::model::{Change, ChooseProbe, Entry, Layer, Probe, Wants};
use super::search::Patterns;

/// What all layers of an image are read for, and what they may take together.
#[derive(Debug)]
pub(super) struct Job<'a> {
    pub(super) looks: Looks<'a>,
    capture: HashSet<&'a str>,
    capture_if: Option<fn(&str) -> bool>,
    probe: Option<ChooseProbe>,
    entries: AtomicU64,
    name_bytes: AtomicU64,
    captured_bytes: AtomicU64,
    /// Everything above in words, for the cache.
    scope: Vec<String>,
}

/// The image takes more than any image may; the message says of what.
#[derive(Debug)]
pub(super) struct OverBudget(pub(super) String);

impl<'a> Job<'a> {
    pub(super) fn new(wants: &'a Wants, patterns: &'a Patterns) -> Self {
        Self {
            looks: Looks::new(wants, patterns),
            capture: wants.capture.iter().map(String::as_str).collect(),
            capture_if: wants.capture_if,
            probe: wants.probe,
            entries: AtomicU64::new(0),
            name_bytes: AtomicU64::new(0),
            captured_bytes: AtomicU64::new(0),
            scope: scope(wants),
        }
    }

    /// What layers are read for, in words that differ where it does.
    pub(super) fn scope(&self) -> &[String] {
        &self.scope
    }

    /// Charges a layer that was read before.
    pub(super) fn charge_layer(&self, layer: &Layer) -> Result<(), OverBudget> {
        for change in &layer.changes {
            match change {
                Change::Whiteout(path) | Change::Opaque(path) => self.charge_entry(path.len())?,
                Change::Add(entry) => {
                    self.charge_entry(entry.path.len() + entry.link.as_ref().map_or(0, String::len))?;
                    let parts = entry.probed.iter().flat_map(|probed| &probed.parts);
                    let parts: usize = parts.map(|part| part.name.len() + part.content.len()).sum();
                    self.charge_captured((parts + entry.content.as_ref().map_or(0, |content| content.len())) as u64)?;
                }
            }
        }
        Ok(())
    }

    /// Charges content that is kept.
    pub(super) fn charge_captured(&self, bytes: u64) -> Result<(), OverBudget> {
        charge(&self.captured_bytes, bytes, MAX_CAPTURED_BYTES, "bytes in the files to be understood")
    }

    /// Whether the content of a file is kept.
    pub(super) fn captures(&self, path: &str) -> bool {
        self.capture.contains(path) || self.capture_if.is_some_and(|wanted| wanted(path))
    }

    /// What looks at the bytes of a file, where something does.
    pub(super) fn probe_of(&self, entry: &Entry) -> Option<Box<dyn Probe>> {
        self.probe.and_then(|probe| probe(entry))
    }

    /// Charges an entry with so many bytes of names.
    pub(super) fn charge_entry(&self, names: usize) -> Result<(), OverBudget> {
        charge(&self.entries, 1, MAX_ENTRIES, "entries in its layers")?;
        charge(&self.name_bytes, names as u64, MAX_NAME_BYTES, "bytes of names in its layers")
    }
}

fn scope(wants: &Wants) -> Vec<String> {
    let Wants { content, capture, keys, secrets, digests, checksums, purpose, .. } = wants;
    let flags = format!("{purpose}: keys {keys}, secrets {secrets}, digests {digests}, checksums {checksums}");
    let patterns = content.iter().map(|pattern| format!("pattern {pattern}"));
    let captured = capture.iter().map(|path| format!("capture {path}"));
    [flags].into_iter().chain(patterns).chain(captured).collect()
}

fn charge(total: &AtomicU64, amount: u64, most: u64, what: &str) -> Result<(), OverBudget> {
    let after = total.fetch_add(amount, Ordering::Relaxed).saturating_add(amount);
    if after > most { Err(OverBudget(format!("the image has more than {most} {what}"))) } else { Ok(()) }
}
