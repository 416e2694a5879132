//! How a finding is mended: edits to one file, its own or another.

use std::sync::Arc;

use super::Place;
use crate::text::{Edit, SourceText};

/// Edits that mend a finding, and whether a person should look at them.
#[derive(Clone, Debug)]
pub struct Fix {
    is_safe: bool,
    description: String,
    edits: Vec<Edit>,
    other: Option<OtherFile>,
}

/// A file that is edited in the place of the one a finding is in: a list of patterns, one a line, such as `.dockerignore`.
#[derive(Clone, Debug)]
pub struct OtherFile {
    /// Its text; empty for a file that is not there yet.
    pub source: Arc<SourceText>,
    /// It is not there yet.
    pub is_new: bool,
}

impl Fix {
    /// Edits that cannot change what the image does but for the better. `description` is an imperative clause.
    pub fn safe(description: impl Into<String>, edits: Vec<Edit>) -> Self {
        Self { is_safe: true, description: description.into(), edits, other: None }
    }

    /// Edits that are probably what the author wants.
    pub fn unsafe_(description: impl Into<String>, edits: Vec<Edit>) -> Self {
        Self { is_safe: false, ..Self::safe(description, edits) }
    }

    /// Makes them edits of a file that the finding is not in.
    #[must_use]
    pub fn of_other(mut self, other: OtherFile) -> Self {
        self.other = Some(other);
        self
    }

    /// The same edits, for a person to look at.
    #[must_use]
    pub fn to_look_at(mut self) -> Self {
        self.is_safe = false;
        self
    }

    /// Whether it may be applied unseen.
    pub fn is_safe(&self) -> bool {
        self.is_safe
    }

    /// What it does.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The edits, all to one file: see [`Fix::source`].
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// The file that is edited, when it is not that of the finding.
    pub fn other(&self) -> Option<&OtherFile> {
        self.other.as_ref()
    }

    /// The text that is edited, for a finding at `place`: that of another file, or else the one the place is in.
    pub fn source<'a>(&'a self, place: &'a Place) -> Option<&'a Arc<SourceText>> {
        match (&self.other, place) {
            (Some(other), _) => Some(&other.source),
            (None, Place::Source { source, .. }) => Some(source),
            (None, Place::File { .. } | Place::Image(_)) => None,
        }
    }
}
