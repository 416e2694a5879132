//! Baselines: findings that were there when a project began to be checked, and are not told again. What counts is what a
//! finding is about, not where it stands, so that moved lines stay hidden; each entry hides one finding, so that a copy of
//! one is told. A report on an earlier state is a baseline as well.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
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
    #[error(
        "cannot read the baseline {path}: {reason}; `--write-baseline` makes one, and a SARIF report of dockgate's is one"
    )]
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
        version: u64,
    },
}

/// A baseline file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    version: u32,
    /// Sorted by rule, path and fingerprints.
    findings: Vec<Known>,
}

/// A finding that is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The rule's id, or its code.
    pub rule: String,
    /// The file it is in.
    pub path: String,
    /// [`Finding::fingerprint`].
    pub fingerprint: String,
    /// [`Finding::image_fingerprint`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// How many findings it hides.
    pub count: usize,
}

impl Known {
    fn of(finding: &Finding) -> Self {
        Self {
            rule: finding.rule().id.to_owned(),
            path: finding.place().file().into_owned(),
            fingerprint: finding.fingerprint(),
            image: finding.image_fingerprint(),
            count: 1,
        }
    }

    /// A result of a SARIF report; `None` for one without our fingerprint, and one that is not there or counts for nothing.
    fn of_result(result: &Value) -> Option<Self> {
        let at = |pointer: &str| result.pointer(pointer).and_then(Value::as_str);
        let is_waived = result.get("suppressions").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
        if is_waived || at("/baselineState") == Some("absent") {
            return None;
        }
        // Behind the colon is the number of an equal one.
        let fingerprint = at("/partialFingerprints/dockgate~1v1")?.split(':').next().unwrap_or_default();
        Some(Self {
            rule: at("/ruleId").unwrap_or_default().to_owned(),
            path: at("/locations/0/physicalLocation/artifactLocation/uri").unwrap_or_default().to_owned(),
            fingerprint: fingerprint.to_owned(),
            image: at("/partialFingerprints/dockgate~1image~1v1").map(str::to_owned),
            count: 1,
        })
    }
}

impl Baseline {
    /// A baseline that hides these findings.
    pub fn of<'f>(findings: impl Iterator<Item = &'f Finding>) -> Self {
        Self::counted(findings.map(Known::of))
    }

    fn counted(all: impl Iterator<Item = Known>) -> Self {
        let mut counts: BTreeMap<Known, usize> = BTreeMap::new();
        for known in all {
            *counts.entry(known).or_default() += 1;
        }
        let findings = counts.into_iter().map(|(known, count)| Known { count, ..known }).collect();
        Self { version: VERSION, findings }
    }

    /// Reads a baseline, or a SARIF report of ours; `path` is for errors.
    ///
    /// # Errors
    /// When it is neither, or a newer one than is known.
    pub fn parse(path: &str, text: &[u8]) -> Result<Self, BaselineError> {
        #[derive(Deserialize)]
        struct Head {
            version: Value,
            runs: Option<Vec<Value>>,
        }
        let wrong = |reason: String| BaselineError::Form { path: path.to_owned(), reason };
        let form = |error: serde_json::Error| wrong(error.to_string());
        let head: Head = serde_json::from_slice(text).map_err(form)?;
        if let Some(runs) = head.runs {
            let results = runs.iter().filter_map(|run| run.get("results")?.as_array()).flatten();
            let has_ours = |result: &Value| result.pointer("/partialFingerprints/dockgate~1v1").is_some();
            if results.clone().any(|result| !has_ours(result)) {
                return Err(wrong("it holds results of another program".to_owned()));
            }
            return Ok(Self::counted(results.filter_map(Known::of_result)));
        }
        match head.version.as_u64() {
            Some(version) if version == u64::from(VERSION) => serde_json::from_slice(text).map_err(form),
            Some(version) => Err(BaselineError::Version { path: path.to_owned(), version }),
            None => Err(wrong(format!("its version is {}", head.version))),
        }
    }

    /// As a file holds it: JSON with one line for each finding, so that changes can be reviewed and merged.
    pub fn to_json(&self) -> String {
        let lines: Vec<String> =
            self.findings.iter().map(|entry| format!("    {}", serde_json::json!(entry))).collect();
        let findings = if lines.is_empty() { "[]".to_owned() } else { format!("[\n{}\n  ]", lines.join(",\n")) };
        format!("{{\n  \"version\": {VERSION},\n  \"findings\": {findings}\n}}\n")
    }

    /// What either of the two hides. What both list is one finding and not two.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let mut joined: BTreeMap<(String, Option<String>), Known> = BTreeMap::new();
        for known in self.findings.into_iter().chain(other.findings) {
            let count = known.count;
            let one = joined.entry((known.fingerprint.clone(), known.image.clone())).or_insert(known);
            one.count = one.count.max(count);
        }
        let mut findings: Vec<Known> = joined.into_values().collect();
        findings.sort();
        Self { version: VERSION, findings }
    }

    /// Something that takes findings away as long as entries are left.
    pub fn hider(&self) -> Hider<'_> {
        let (mut by_fingerprint, mut by_image) = (BTreeMap::new(), BTreeMap::new());
        for (index, known) in self.findings.iter().enumerate() {
            let (by, name) = match &known.image {
                Some(image) => (&mut by_image, image),
                None => (&mut by_fingerprint, &known.fingerprint),
            };
            by.entry(name.as_str()).or_insert_with(Vec::new).push(index);
        }
        let left = self.findings.iter().map(|known| known.count).collect();
        Hider { known: &self.findings, left, by_fingerprint, by_image }
    }
}

/// A baseline in use.
#[derive(Debug)]
pub struct Hider<'b> {
    known: &'b [Known],
    /// How many each entry still hides.
    left: Vec<usize>,
    by_fingerprint: BTreeMap<&'b str, Vec<usize>>,
    by_image: BTreeMap<&'b str, Vec<usize>>,
}

impl Hider<'_> {
    /// Whether the baseline hides this finding: one with the same fingerprint, and where it is about an image one about the same
    /// thing inside. Each entry hides as many as it counts.
    pub fn hides(&mut self, finding: &Finding) -> bool {
        let same = self.by_fingerprint.get(finding.fingerprint().as_str()).into_iter().flatten();
        let image = finding.image_fingerprint();
        let alike = image.and_then(|image| self.by_image.get(image.as_str())).into_iter().flatten();
        for index in same.chain(alike) {
            if let Some(left) = self.left.get_mut(*index).filter(|left| **left > 0) {
                *left -= 1;
                return true;
            }
        }
        false
    }

    /// What the baseline names and was not there.
    pub fn left(&self) -> Vec<Known> {
        let left = self.known.iter().zip(&self.left).filter(|(_, left)| **left > 0);
        left.map(|(known, left)| Known { count: *left, ..known.clone() }).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::finding::{ImagePlace, Place};
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
        assert_eq!((told, hider.left()), (vec![true, true, false, false], vec![]));
        let mut hider = baseline.hider();
        assert!(hider.hides(&after[0]));
        assert_eq!(hider.left().iter().map(|known| known.count).sum::<usize>(), 1);
    }

    #[test]
    fn what_is_in_an_image_is_known_under_another_name_and_at_another_line() {
        let about = |image: &str, subject: &str| {
            let place = ImagePlace { image: image.into(), path: Some("/bin/x".into()), layer: None };
            Finding::new(catalogue::SETUID_ADDED, Place::Image(place), "m").subject(subject)
        };
        let source = SourceText::new("Dockerfile", "FROM a:2\n");
        let told_at_from = |subject: &str| {
            let place = ImagePlace { image: "new".into(), path: Some("/bin/x".into()), layer: None };
            Finding::new(catalogue::SETUID_ADDED, Place::source(&source, source.line_span(1)), "m")
                .in_image(place)
                .subject(subject)
        };
        let baseline = Baseline::of([about("old:1", "/bin/x")].iter());
        let mut hider = baseline.hider();
        assert!(!hider.hides(&told_at_from("/bin/y")));
        assert!(hider.hides(&told_at_from("/bin/x")));
        assert!(!hider.hides(&told_at_from("/bin/x")), "one hides one");
        let secret = |message: &str| {
            let place = ImagePlace { image: "i".into(), path: Some("/app/.env".into()), layer: None };
            Finding::new(catalogue::SECRET_IN_LAYER, Place::Image(place), message)
        };
        let baseline = Baseline::of([secret("a token")].iter());
        assert!(!baseline.hider().hides(&secret("a token and a key")), "another secret in a file is news");
    }

    #[test]
    fn what_two_baselines_list_is_one_finding() {
        let both = findings("FROM a\nFROM a\n");
        let once = Baseline::of(both[..1].iter());
        let joined = once.clone().or(once).or(Baseline::of(findings("FROM b\n").iter()));
        let mut hider = joined.hider();
        assert_eq!([hider.hides(&both[0]), hider.hides(&both[1])], [true, false]);
        assert_eq!(hider.left().len(), 1);
    }

    #[test]
    fn a_report_is_a_baseline() {
        let found = findings("FROM a\nFROM a\nFROM b\n");
        let result = |finding: &Finding, number: &str| {
            let fingerprint = format!("{}{number}", finding.fingerprint());
            serde_json::json!({"ruleId": "latest-base", "partialFingerprints": {"dockgate/v1": fingerprint}})
        };
        let mut waived = result(&found[2], "");
        waived["suppressions"] = serde_json::json!([{"kind": "external"}]);
        let results = [result(&found[0], ""), result(&found[1], ":2"), waived];
        let sarif = serde_json::json!({"version": "2.1.0", "runs": [{"results": results}]});
        let baseline = Baseline::parse("b.sarif", sarif.to_string().as_bytes()).unwrap();
        let mut hider = baseline.hider();
        assert_eq!(found.iter().map(|f| hider.hides(f)).collect::<Vec<_>>(), [true, true, false]);
        let of_others = serde_json::json!({"version": "2.1.0", "runs": [{"results": [{"ruleId": "x"}]}]}).to_string();
        let error = Baseline::parse("b.sarif", of_others.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("b.sarif") && error.contains("another program"), "{error}");
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
