//! Secrets in bytes: key files by name and content, tokens by detector.
//!
//! Names and patterns are data (`rules/files/keys.toml`, `rules/detectors`). A secret that is found leaves this room
//! only as [`crate::text::Masked`].

mod argument;
mod assigned;
mod check;
mod command;
mod dockerfile;
mod encoded;
mod file_kind;
mod files;
mod fingerprint;
mod key_file;
mod keystore;
mod known_keys;
mod mask;
mod names;
mod pattern;
mod place;
mod placeholder;
mod prefilter;
mod private_key;
mod scanner;
mod search;
mod wide;

use crate::rule::{Confidence, Detector, KeyFile};
use crate::text::Masked;

pub use argument::{GivenSecret, in_arguments};
pub use command::{CommandSecret, CommandSecretUse, in_commands};
pub use dockerfile::{TextSecret, in_dockerfile, is_secret_name};
pub use files::FileScan;
pub use key_file::{HEAD, START, classify, key_file, may_be_key_file};
pub use mask::{masked, masked_value};
pub use placeholder::is_placeholder;
pub use scanner::Scanner;
pub use search::Search;

/// A file that is a key, credential or dump.
#[derive(Clone, Debug)]
pub struct KeyHit {
    /// What kind.
    pub kind: &'static KeyFile,
    /// Line (from 1) of the content that confirms it; `None` when only the name says so.
    pub line: Option<u64>,
    /// How sure.
    pub confidence: Confidence,
    /// The key is under a passphrase, as far as its armour tells.
    pub is_encrypted: bool,
}

/// A secret in a text or a stream of bytes.
#[derive(Clone, Debug)]
pub struct SecretHit {
    /// What found it.
    pub detector: &'static Detector,
    /// Line the secret starts on, from 1; 0 in binary data, which has no lines.
    pub line: u64,
    /// Column it starts in, from 1, in characters; 0 in binary data.
    pub column: usize,
    /// The secret's bytes, counted from the start of what was scanned.
    pub bytes: std::ops::Range<u64>,
    /// How sure.
    pub confidence: Confidence,
    /// The secret, masked.
    pub excerpt: Masked,
    /// Made of the detector and the secret alone, so that it stays when lines move; the value cannot be had from it.
    pub fingerprint: u64,
    /// A private key under a passphrase.
    pub is_encrypted: bool,
}

/// What a scan gave.
#[derive(Debug, Default)]
pub struct Scan {
    /// The secrets, in order of their place.
    pub hits: Vec<SecretHit>,
    /// Why the input was not read to its end, when it was not; `hits` are those before that.
    pub error: Option<std::io::Error>,
    /// There were more hits than are kept.
    pub is_cut: bool,
}
