//! What is known of an image once it has been read.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::attestation::Attestations;
use crate::rule::{Confidence, Detector};
use crate::secrets::{KeyHit, SecretHit};
use crate::text::Masked;

/// An image, read.
#[derive(Debug)]
pub struct Image {
    /// As the user named it: `docker-archive:x.tar`.
    pub reference: String,
    /// Digest of the config blob, `sha256:…`: Docker's image id. Of a root directory, the digest of its tar.
    pub id: String,
    /// `name:tag`s the archive gives it.
    pub tags: Vec<String>,
    /// `name@sha256:…`s under which whoever gave it has it: of the index, where it is in one.
    pub digests: Vec<String>,
    /// The image config; empty where there is none.
    pub config: ImageConfig,
    /// Whether there is a config: a root directory has none.
    pub has_config: bool,
    /// What its makers say it is built on, in labels, annotations or an attested provenance.
    pub base: Option<BaseIdentity>,
    /// What was attested of it.
    pub attestations: Attestations,
    /// Layers, lowest first.
    pub layers: Vec<Layer>,
    /// Which parts could not be checked, in words; each is a finding of its own.
    pub problems: Vec<Problem>,
    /// What else is to be told of how it was read, in words.
    pub notes: Vec<String>,
}

/// The image another one is built on, by what is said of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct BaseIdentity {
    /// `debian:12`.
    pub name: String,
    /// `sha256:…`
    pub digest: Option<String>,
}

/// A part of an image that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The layer, when it is one.
    pub layer: Option<usize>,
    /// What is wrong, no full stop.
    pub message: String,
}

/// The image config: OCI's, with the fields Docker adds (Healthcheck, OnBuild, Shell).
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct ImageConfig {
    /// `amd64`.
    #[serde(deserialize_with = "null_is_empty")]
    pub architecture: String,
    /// `linux`.
    #[serde(deserialize_with = "null_is_empty")]
    pub os: String,
    /// `v8`.
    pub variant: Option<String>,
    /// RFC 3339.
    pub created: Option<String>,
    /// How containers run.
    #[serde(deserialize_with = "null_is_empty")]
    pub config: RunConfig,
    /// Diff ids of the layers.
    #[serde(deserialize_with = "null_is_empty")]
    pub rootfs: RootFs,
    /// How it was made, oldest first.
    #[serde(deserialize_with = "null_is_empty")]
    pub history: Vec<History>,
}

impl ImageConfig {
    /// `os/architecture`; `None` when the config does not tell both.
    pub fn platform(&self) -> Option<String> {
        let is_told = !self.os.is_empty() && !self.architecture.is_empty();
        is_told.then(|| format!("{}/{}", self.os, self.architecture))
    }
}

/// The container defaults in an image config.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct RunConfig {
    /// `user[:group]`; empty means root.
    #[serde(deserialize_with = "null_is_empty")]
    pub user: String,
    /// `22/tcp` → `{}`.
    #[serde(deserialize_with = "null_is_empty")]
    pub exposed_ports: BTreeMap<String, serde_json::Value>,
    /// `NAME=value`.
    #[serde(deserialize_with = "null_is_empty")]
    pub env: Vec<String>,
    /// Entry point.
    #[serde(deserialize_with = "null_is_empty")]
    pub entrypoint: Vec<String>,
    /// Command.
    #[serde(deserialize_with = "null_is_empty")]
    pub cmd: Vec<String>,
    /// Volumes.
    #[serde(deserialize_with = "null_is_empty")]
    pub volumes: BTreeMap<String, serde_json::Value>,
    /// Working directory.
    #[serde(deserialize_with = "null_is_empty")]
    pub working_dir: String,
    /// Labels.
    #[serde(deserialize_with = "null_is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Health check, Docker's.
    pub healthcheck: Option<Healthcheck>,
    /// Triggers, Docker's.
    #[serde(deserialize_with = "null_is_empty")]
    pub on_build: Vec<String>,
    /// Default shell, Docker's.
    #[serde(deserialize_with = "null_is_empty")]
    pub shell: Vec<String>,
    /// Stop signal.
    pub stop_signal: Option<String>,
}

/// Docker's health check.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Healthcheck {
    /// `["CMD", …]`, `["CMD-SHELL", …]`, `["NONE"]` or empty.
    #[serde(deserialize_with = "null_is_empty")]
    pub test: Vec<String>,
}

/// Layer digests in an image config.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct RootFs {
    /// Digests of the uncompressed layers, lowest first.
    #[serde(deserialize_with = "null_is_empty")]
    pub diff_ids: Vec<String>,
}

/// One step of an image's history.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct History {
    /// RFC 3339.
    pub created: Option<String>,
    /// The command, in the builder's spelling.
    #[serde(deserialize_with = "null_is_empty")]
    pub created_by: String,
    /// Who built: a builder's name (`kaniko`, `Bazel`) or a person's.
    #[serde(deserialize_with = "null_is_empty")]
    pub author: String,
    /// `buildkit.dockerfile.v0` and the like.
    #[serde(deserialize_with = "null_is_empty")]
    pub comment: String,
    /// The step made no layer.
    #[serde(deserialize_with = "null_is_empty")]
    pub empty_layer: bool,
}

fn null_is_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A layer, read.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    /// Position, from 0 (the lowest).
    pub index: usize,
    /// Digest of the uncompressed tar, `sha256:…`, verified unless the layer is among [`Image::problems`].
    pub diff_id: String,
    /// What its blob is called where it is stored: a member of the archive, a file of the layout.
    pub blob: String,
    /// Whether names in its tar start with `./`.
    pub is_dotted: bool,
    /// Bytes as stored.
    pub stored_size: u64,
    /// Bytes uncompressed.
    pub size: u64,
    /// Changes, in the order of the tar; paths as in [`Entry::path`]. Whiteouts included.
    pub changes: Vec<Change>,
    /// Key and credential files among them, by path, when [`Wants::keys`] asked for them.
    pub keys: BTreeMap<String, KeyHit>,
    /// Secrets in the content of its files, by path, in the order of the file, when [`Wants::secrets`] asked for them.
    pub secrets: BTreeMap<String, Vec<FileSecret>>,
}

/// A secret in a file of a layer.
#[derive(Clone, Debug)]
pub struct FileSecret {
    /// What found it.
    pub detector: &'static Detector,
    /// Line the secret starts on, from 1; 0 in binary data, which has no lines.
    pub line: u64,
    /// Column it starts in, from 1, in characters (in bytes on a line longer than 1 MiB); 0 in binary data.
    pub column: usize,
    /// How sure.
    pub confidence: Confidence,
    /// The secret, masked.
    pub excerpt: Masked,
    /// Equal where the secret is the same one, whichever file it is in; the value cannot be had from it.
    pub fingerprint: u64,
    /// A private key under a passphrase.
    pub is_encrypted: bool,
}

impl From<SecretHit> for FileSecret {
    fn from(hit: SecretHit) -> Self {
        Self {
            detector: hit.detector,
            line: hit.line,
            column: hit.column,
            confidence: hit.confidence,
            excerpt: hit.excerpt,
            fingerprint: hit.fingerprint,
            is_encrypted: hit.is_encrypted,
        }
    }
}

/// One entry of a layer's tar.
#[derive(Clone, Debug)]
pub enum Change {
    /// The entry is there from now on.
    Add(Arc<Entry>),
    /// The path is gone from now on (`.wh.name`).
    Whiteout(String),
    /// What lower layers have below the directory is gone (`.wh..wh..opq`).
    Opaque(String),
}

/// What an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A hard link (the tree resolves it to the file it names).
    Hardlink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A fifo.
    Fifo,
}

/// A file, directory or other entry of a layer.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Absolute, normalised (`/etc/passwd`; no `.`, `..`, doubled or trailing slash). Bytes that are not UTF-8 are shown
    /// as `\xNN`.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits with setuid, setgid and sticky (07777).
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Bytes of content.
    pub size: u64,
    /// SHA-256 of the content, lower-case hexadecimal; of regular files that are captured or key files, and of all with
    /// [`Wants::digests`].
    pub sha256: Option<String>,
    /// The checksums package databases record beside SHA-256, of regular files with [`Wants::checksums`].
    pub checksums: Option<Box<Checksums>>,
    /// Target of a link.
    pub link: Option<String>,
    /// The `security.capability` attribute, raw.
    pub capability: Option<Vec<u8>>,
    /// Content, for the files asked for by [`Wants::capture`] and within its bound.
    pub content: Option<Arc<[u8]>>,
    /// Lines that matched, by index into [`Wants::content`].
    pub matches: Vec<ContentMatch>,
    /// What [`Wants::probe`] found in it, when it had anything to say.
    pub probed: Option<Arc<Probed>>,
}

impl Entry {
    /// An entry of root's of which no more is known.
    pub fn new(path: impl Into<String>, kind: EntryKind) -> Self {
        Self {
            path: path.into(),
            kind,
            mode: if kind == EntryKind::Directory { 0o755 } else { 0o644 },
            uid: 0,
            gid: 0,
            size: 0,
            sha256: None,
            checksums: None,
            link: None,
            capability: None,
            content: None,
            matches: Vec::new(),
            probed: None,
        }
    }
}

/// The checksums of a file that no attacker is kept out by, and that package databases have all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksums {
    /// dpkg's, and rpm's of old.
    pub md5: [u8; 16],
    /// apk's.
    pub sha1: [u8; 20],
}

/// What a probe took out of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probed {
    /// Parts of the file, in the probe's order.
    pub parts: Vec<Part>,
    /// What the probe looked for and could not read, as the end of a sentence about the file, no full stop.
    pub problem: Option<String>,
}

/// A part of a file: a section of a binary, a member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The probe's name for it: `lib/x.jar!/META-INF/MANIFEST.MF`.
    pub name: String,
    /// Its bytes, unpacked.
    pub content: Vec<u8>,
}

/// Looks at a file while its bytes go by, so that a file of any size needs little memory. The reader bounds what it gives
/// back; what it holds meanwhile is its own to bound.
pub trait Probe {
    /// The next bytes of the file.
    fn feed(&mut self, bytes: &[u8]);

    /// The file has ended: what was found. `None` when it is not a file of the kind looked for.
    fn finish(self: Box<Self>) -> Option<Probed>;
}

/// A line of a file that matched a content pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentMatch {
    /// Index into [`Wants::content`].
    pub pattern: usize,
    /// First line that matches, from 1.
    pub line: u64,
}

/// Tells of a regular file (its content and digest not known yet) which probe shall look at it.
pub type ChooseProbe = fn(&Entry) -> Option<Box<dyn Probe>>;

/// What a reader should look for while the layers stream by.
#[derive(Debug, Default)]
pub struct Wants {
    /// Regular expressions searched line by line in every regular file.
    pub content: Vec<String>,
    /// Absolute paths whose content is kept.
    pub capture: Vec<String>,
    /// Tells of an absolute path whether its content is kept too: what the readers of package databases need.
    pub capture_if: Option<fn(&str) -> bool>,
    /// Whether files with the names of keys and credentials are looked into.
    pub keys: bool,
    /// Whether the content of files is searched for secrets.
    pub secrets: bool,
    /// Whether every file's digest is wanted, which takes a while.
    pub digests: bool,
    /// Whether every file's [`Checksums`] are wanted, which takes longer still.
    pub checksums: bool,
    /// Which files are looked at by a probe.
    pub probe: Option<ChooseProbe>,
    /// Names what `capture_if` and `probe` stand for, since the cache cannot tell functions apart.
    pub purpose: &'static str,
}

/// The merged file system after some number of layers.
#[derive(Debug, Default)]
pub struct Tree {
    /// Entries by absolute path, with the layer that put them there.
    pub nodes: BTreeMap<String, Node>,
}

/// An entry of the merged tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// The entry; for a hard link, kind, mode, owner, size and digest are those of the file it names.
    pub entry: Arc<Entry>,
    /// Index of the layer that last wrote it.
    pub layer: usize,
}
