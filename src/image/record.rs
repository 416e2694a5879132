//! A layer as the cache keeps it: what reading it gave, without the layer. Secrets stand in it masked.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use super::model::{Change, Checksums, ContentMatch, Entry, EntryKind, FileSecret, Layer, Part, Probed};
use crate::rule::{self, Confidence};
use crate::secrets::KeyHit;
use crate::text::Masked;

/// The file with hashed passwords.
const SHADOW: &str = "/etc/shadow";

#[derive(Serialize, Deserialize)]
struct Record<'a> {
    size: u64,
    is_dotted: bool,
    problems: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    changes: Vec<ChangeRecord<'a>>,
    #[serde(borrow)]
    keys: Vec<KeyRecord<'a>>,
    #[serde(borrow)]
    secrets: Vec<SecretRecord<'a>>,
}

#[derive(Serialize, Deserialize)]
enum ChangeRecord<'a> {
    #[serde(borrow)]
    Add(EntryRecord<'a>),
    Whiteout(&'a str),
    Opaque(&'a str),
}

#[derive(Serialize, Deserialize)]
struct EntryRecord<'a> {
    path: &'a str,
    kind: EntryKind,
    mode: u32,
    uid: u64,
    gid: u64,
    size: u64,
    sha256: Option<&'a str>,
    checksums: Option<Box<([u8; 16], [u8; 20])>>,
    link: Option<&'a str>,
    #[serde(borrow)]
    capability: Option<Bytes<'a>>,
    #[serde(borrow)]
    content: Option<Bytes<'a>>,
    matches: Vec<(usize, u64)>,
    #[serde(borrow)]
    probed: Option<ProbedRecord<'a>>,
}

#[derive(Serialize, Deserialize)]
struct ProbedRecord<'a> {
    #[serde(borrow)]
    parts: Vec<(&'a str, Bytes<'a>)>,
    problem: Option<&'a str>,
}

#[derive(Serialize, Deserialize)]
struct KeyRecord<'a> {
    path: &'a str,
    kind: &'a str,
    line: Option<u64>,
    confidence: u8,
    is_encrypted: bool,
}

#[derive(Serialize, Deserialize)]
struct SecretRecord<'a> {
    path: &'a str,
    detector: &'a str,
    line: u64,
    column: usize,
    confidence: u8,
    excerpt: Cow<'a, str>,
    fingerprint: u64,
    is_encrypted: bool,
}

/// Bytes that are written and read as a run.
#[derive(Deserialize)]
struct Bytes<'a>(#[serde(borrow)] Cow<'a, [u8]>);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

/// The record of a layer and its problems, told without the layer's name.
pub(super) fn encode(layer: &Layer, problems: &[String]) -> Option<Vec<u8>> {
    let record = Record {
        size: layer.size,
        is_dotted: layer.is_dotted,
        problems: problems.iter().map(|problem| Cow::Borrowed(problem.as_str())).collect(),
        changes: layer.changes.iter().map(change).collect(),
        keys: layer.keys.iter().map(|(path, hit)| key(path, hit)).collect(),
        secrets: layer.secrets.iter().flat_map(|(path, all)| all.iter().map(|one| secret(path, one))).collect(),
    };
    postcard::to_stdvec(&record).ok()
}

fn change(change: &Change) -> ChangeRecord<'_> {
    match change {
        Change::Whiteout(path) => ChangeRecord::Whiteout(path),
        Change::Opaque(path) => ChangeRecord::Opaque(path),
        Change::Add(entry) => ChangeRecord::Add(EntryRecord {
            path: &entry.path,
            kind: entry.kind,
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            size: entry.size,
            sha256: entry.sha256.as_deref(),
            checksums: entry.checksums.as_deref().map(|sums| Box::new((sums.md5, sums.sha1))),
            link: entry.link.as_deref(),
            capability: entry.capability.as_deref().map(|bytes| Bytes(Cow::Borrowed(bytes))),
            content: entry.content.as_deref().map(|content| Bytes(kept(&entry.path, content))),
            matches: entry.matches.iter().map(|hit| (hit.pattern, hit.line)).collect(),
            probed: entry.probed.as_deref().map(|probed| ProbedRecord {
                parts: probed.parts.iter().map(|p| (p.name.as_str(), Bytes(Cow::Borrowed(&p.content)))).collect(),
                problem: probed.problem.as_deref(),
            }),
        }),
    }
}

/// Captured content, without the hashes of passwords: whether there is one is all that is asked of them.
fn kept<'c>(path: &str, content: &'c [u8]) -> Cow<'c, [u8]> {
    if path != SHADOW {
        return Cow::Borrowed(content);
    }
    let mut out = Vec::with_capacity(content.len());
    for line in content.split_inclusive(|b| *b == b'\n') {
        let mut fields: Vec<&[u8]> = line.split(|b| *b == b':').collect();
        if let Some(hash) = fields.get_mut(1).filter(|hash| hash.first() == Some(&b'$')) {
            *hash = b"$";
        }
        out.extend(fields.join(&b':'));
    }
    Cow::Owned(out)
}

fn key<'a>(path: &'a str, hit: &KeyHit) -> KeyRecord<'a> {
    KeyRecord {
        path,
        kind: hit.kind.id,
        line: hit.line,
        confidence: level(hit.confidence),
        is_encrypted: hit.is_encrypted,
    }
}

fn secret<'a>(path: &'a str, secret: &FileSecret) -> SecretRecord<'a> {
    SecretRecord {
        path,
        detector: secret.detector.id,
        line: secret.line,
        column: secret.column,
        confidence: level(secret.confidence),
        excerpt: Cow::Owned(secret.excerpt.to_string()),
        fingerprint: secret.fingerprint,
        is_encrypted: secret.is_encrypted,
    }
}

const LEVELS: [Confidence; 3] = [Confidence::Low, Confidence::Medium, Confidence::High];

fn level(confidence: Confidence) -> u8 {
    LEVELS.iter().position(|level| *level == confidence).and_then(|at| u8::try_from(at).ok()).unwrap_or_default()
}

/// The layer of a record, its index, diff id and stored size left to the caller; `None` when the bytes are no record of this
/// version.
pub(super) fn decode(bytes: &[u8]) -> Option<(Layer, Vec<String>)> {
    let record: Record<'_> = postcard::from_bytes(bytes).ok()?;
    let mut secrets: BTreeMap<String, Vec<FileSecret>> = BTreeMap::new();
    for secret in record.secrets {
        let found = FileSecret {
            detector: rule::detectors().iter().find(|detector| detector.id == secret.detector)?,
            line: secret.line,
            column: secret.column,
            confidence: *LEVELS.get(usize::from(secret.confidence))?,
            excerpt: Masked::from_mask(&secret.excerpt),
            fingerprint: secret.fingerprint,
            is_encrypted: secret.is_encrypted,
        };
        secrets.entry(secret.path.to_owned()).or_default().push(found);
    }
    let key = |key: KeyRecord<'_>| {
        let kind = rule::key_files().iter().find(|kind| kind.id == key.kind)?;
        let confidence = *LEVELS.get(usize::from(key.confidence))?;
        Some((key.path.to_owned(), KeyHit { kind, line: key.line, confidence, is_encrypted: key.is_encrypted }))
    };
    let layer = Layer {
        size: record.size,
        is_dotted: record.is_dotted,
        changes: record.changes.into_iter().map(restored).collect(),
        keys: record.keys.into_iter().map(key).collect::<Option<_>>()?,
        secrets,
        ..Layer::default()
    };
    Some((layer, record.problems.into_iter().map(Cow::into_owned).collect()))
}

fn restored(change: ChangeRecord<'_>) -> Change {
    match change {
        ChangeRecord::Whiteout(path) => Change::Whiteout(path.to_owned()),
        ChangeRecord::Opaque(path) => Change::Opaque(path.to_owned()),
        ChangeRecord::Add(entry) => Change::Add(Arc::new(Entry {
            path: entry.path.to_owned(),
            kind: entry.kind,
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            size: entry.size,
            sha256: entry.sha256.map(str::to_owned),
            checksums: entry.checksums.map(|sums| Box::new(Checksums { md5: sums.0, sha1: sums.1 })),
            link: entry.link.map(str::to_owned),
            capability: entry.capability.map(|bytes| bytes.0.into_owned()),
            content: entry.content.map(|bytes| Arc::from(&*bytes.0)),
            matches: entry.matches.into_iter().map(|(pattern, line)| ContentMatch { pattern, line }).collect(),
            probed: entry.probed.map(|probed| {
                let part = |(name, content): (&str, Bytes<'_>)| Part {
                    name: name.to_owned(),
                    content: content.0.into_owned(),
                };
                Arc::new(Probed {
                    parts: probed.parts.into_iter().map(part).collect(),
                    problem: probed.problem.map(str::to_owned),
                })
            }),
        })),
    }
}
