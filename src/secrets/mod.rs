//! Secrets in bytes: key files by name and content, tokens by detector.

use crate::rule::{Confidence, KeyFile};

/// A file that is a key, credential or dump.
#[derive(Clone, Debug)]
pub struct KeyHit {
    /// What kind.
    pub kind: &'static KeyFile,
    /// Line (from 1) of the content that confirms it; `None` when only the name says so.
    pub line: Option<u64>,
    /// How sure.
    pub confidence: Confidence,
}
