//! Baselines: findings that were there when a project began to be checked, and are not told again. What counts is what a
//! finding is about, not where it stands, so that moved lines stay hidden; each entry hides one finding, so that a copy of
//! one is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::finding::Finding;

/// The version of the form.
const VERSION: u32 = 1;

/// Why a baseline cannot be read.
#[derive(Debug, Error)]
pub enum BaselineError {
    /// It cannot be read at all.
    #[error("cannot read the baseline {path}: {reason}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// It is not JSON of the form.
    #[error("cannot read the baseline {path}: {reason}; `--write-baseline` makes one")]
    Form {
        /// The file.
        path: String,
        /// What is wrong, with the line.
        reason: String,
    },
    /// It was made by a newer dockgate.
    #[error("cannot read the baseline {path}: its version is {version}, and this is written for version {VERSION}")]
    Version {
        /// The file.
        path: String,
        /// What it says.
        version: u32,
    },
}

/// A baseline file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    version: u32,
    /// Sorted by rule, path and fingerprint.
    findings: Vec<Entry>,
}

/// A finding that is hidden.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The rule's id, for people.
    rule: String,
    /// The file it is in, for people.
    path: String,
    /// [`Finding::fingerprint`].
    fingerprint: String,
    /// How many findings it hides.
    count: usize,
}

impl Baseline {
    /// A baseline that hides these findings.
    pub fn of<'f>(findings: impl Iterator<Item = &'f Finding>) -> Self {
        let mut counts: BTreeMap<(String, String, String), usize> = BTreeMap::new();
        for finding in findings {
            let path = finding.place().file().into_owned();
            *counts.entry((finding.rule().id.to_owned(), path, finding.fingerprint())).or_default() += 1;
        }
        let entry = |((rule, path, fingerprint), count)| Entry { rule, path, fingerprint, count };
        Self { version: VERSION, findings: counts.into_iter().map(entry).collect() }
    }

    /// Reads a baseline; `path` is for errors.
    ///
    /// # Errors
    /// When it is not a baseline, or a newer one than is known.
    pub fn parse(path: &str, text: &[u8]) -> Result<Self, BaselineError> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let form = |error: serde_json::Error| BaselineError::Form { path: path.to_owned(), reason: error.to_string() };
        let head: Head = serde_json::from_slice(text).map_err(form)?;
        if head.version != VERSION {
            return Err(BaselineError::Version { path: path.to_owned(), version: head.version });
        }
        serde_json::from_slice(text).map_err(form)
    }

    /// As a file holds it: JSON with one line for each finding, so that changes can be reviewed and merged.
    pub fn to_json(&self) -> String {
        let lines: Vec<String> =
            self.findings.iter().map(|entry| format!("    {}", serde_json::json!(entry))).collect();
        let findings = if lines.is_empty() { "[]".to_owned() } else { format!("[\n{}\n  ]", lines.join(",\n")) };
        format!("{{\n  \"version\": {VERSION},\n  \"findings\": {findings}\n}}\n")
    }

    /// Something that takes findings away as long as entries are left.
    pub fn hider(&self) -> Hider {
        let mut left: BTreeMap<String, usize> = BTreeMap::new();
        for entry in &self.findings {
            *left.entry(entry.fingerprint.clone()).or_default() += entry.count;
        }
        Hider { left }
    }
}

/// A baseline in use.
#[derive(Debug)]
pub struct Hider {
    left: BTreeMap<String, usize>,
}

impl Hider {
    /// Whether the baseline hides this finding. Each entry hides as many as it counts.
    pub fn hides(&mut self, finding: &Finding) -> bool {
        match self.left.get_mut(&finding.fingerprint()) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }

    /// Findings that the baseline names and that were not there.
    pub fn left(&self) -> usize {
        self.left.values().sum()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::finding::Place;
    use crate::rule::catalogue;
    use crate::text::SourceText;

    fn findings(text: &str) -> Vec<Finding> {
        let source = SourceText::new("Dockerfile", text);
        let lines = (1..=source.line_count()).map(|line| source.line_span(line)).filter(|span| !span.is_empty());
        lines.map(|span| Finding::new(catalogue::LATEST_BASE, Place::source(&source, span), "m")).collect()
    }

    #[test]
    fn moved_lines_stay_hidden_and_copies_do_not() {
        let before = findings("FROM a\nFROM b\n");
        let baseline = Baseline::parse("b.json", Baseline::of(before.iter()).to_json().as_bytes()).unwrap();
        let mut hider = baseline.hider();
        let after = findings("\n\nFROM b\n\nFROM a\nFROM a\nFROM c\n");
        let told: Vec<bool> = after.iter().map(|finding| hider.hides(finding)).collect();
        assert_eq!((told, hider.left()), (vec![true, true, false, false], 0));
        let mut hider = baseline.hider();
        assert!(hider.hides(&after[0]));
        assert_eq!(hider.left(), 1);
    }

    #[test]
    fn what_is_no_baseline_is_an_error() {
        let error = |text: &str| Baseline::parse("b.json", text.as_bytes()).unwrap_err().to_string();
        assert!(error("{").contains("line 1"));
        assert!(error(r#"{"version": 2, "more": []}"#).contains("its version is 2"));
        assert!(error(r#"{"version": 1, "findings": [], "more": 1}"#).contains("more"));
        assert_eq!(Baseline::of([].into_iter()).to_json(), "{\n  \"version\": 1,\n  \"findings\": []\n}\n");
    }
}
