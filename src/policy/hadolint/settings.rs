//! What hadolint can be asked for, by its file and its variables together.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::policy::{Fault, PolicyError, PolicyLine};
use crate::rule::Severity;
use crate::text::{SourceText, Span, closest};

/// Everything asked for; a later source goes over an earlier one, lists add up.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// Where it comes from, for people.
    pub(super) sources: Vec<String>,
    /// The configuration file.
    pub(super) file: Option<Arc<SourceText>>,
    pub(super) threshold: Option<Severity>,
    pub(super) no_fail: Option<bool>,
    pub(super) no_color: Option<bool>,
    pub(super) format: Option<String>,
    pub(super) ignored: Vec<Code>,
    pub(super) overrides: BTreeMap<Severity, Vec<Code>>,
    pub(super) registries: Vec<String>,
    pub(super) labels: BTreeMap<String, LabelType>,
    pub(super) strict_labels: Option<bool>,
    pub(super) disable_ignore_pragma: Option<bool>,
    /// What could not be taken over, in words.
    pub(super) notes: Vec<String>,
}

/// A rule's code, and where it was given.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) text: String,
    /// `None` for the environment.
    pub(super) line: Option<PolicyLine>,
}

/// What a label's value has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LabelType {
    Text,
    Url,
    Spdx,
    Hash,
    Rfc3339,
    Semver,
    Email,
}

impl LabelType {
    /// The type of a name; no name is text.
    pub(super) fn parse(name: &str) -> Result<Self, String> {
        Ok(match name {
            "text" | "" => Self::Text,
            "url" => Self::Url,
            "spdx" => Self::Spdx,
            "hash" => Self::Hash,
            "rfc3339" => Self::Rfc3339,
            "semver" => Self::Semver,
            "email" => Self::Email,
            _ => return Err(format!("`{name}` is not a type of label: text, url, spdx, hash, rfc3339, semver, email")),
        })
    }
}

/// The lowest severity that fails a run. `ignore` and `none` are hadolint's words for the lowest of all.
pub(super) fn threshold(name: &str) -> Result<Severity, String> {
    Ok(match name {
        "error" => Severity::Error,
        "warning" => Severity::Warning,
        "info" => Severity::Info,
        "style" | "ignore" | "none" => Severity::Style,
        _ => return Err(format!("`{name}` is not a threshold: error, warning, info, style, ignore, none")),
    })
}

/// The variables hadolint reads, sorted.
const VARIABLES: [&str; 13] = [
    "HADOLINT_DISABLE_IGNORE_PRAGMA",
    "HADOLINT_FAILURE_THRESHOLD",
    "HADOLINT_FORMAT",
    "HADOLINT_IGNORE",
    "HADOLINT_NOFAIL",
    "HADOLINT_OVERRIDE_ERROR",
    "HADOLINT_OVERRIDE_INFO",
    "HADOLINT_OVERRIDE_STYLE",
    "HADOLINT_OVERRIDE_WARNING",
    "HADOLINT_REQUIRE_LABELS",
    "HADOLINT_STRICT_LABELS",
    "HADOLINT_TRUSTED_REGISTRIES",
    "HADOLINT_VERBOSE",
];

impl Settings {
    /// Adds what environment variables ask for. What hadolint would drop in silence is told.
    pub(super) fn add_environment(&mut self, variables: &BTreeMap<String, String>) {
        for (name, value) in variables.iter().filter(|(name, _)| name.starts_with("HADOLINT_")) {
            if !VARIABLES.contains(&name.as_str()) {
                let near =
                    closest(name, VARIABLES).map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
                self.notes.push(format!("{name} is no variable of hadolint's{near}"));
                continue;
            }
            let codes = || items(value).map(|text| Code { text: text.to_owned(), line: None });
            match name.as_str() {
                "HADOLINT_DISABLE_IGNORE_PRAGMA" => self.disable_ignore_pragma = Some(is_truthy(value)),
                "HADOLINT_FAILURE_THRESHOLD" => match threshold(value) {
                    Ok(threshold) => self.threshold = Some(threshold),
                    Err(why) => self.notes.push(format!("{name}: {why}")),
                },
                "HADOLINT_FORMAT" => self.format = Some(value.clone()),
                "HADOLINT_IGNORE" => self.ignored.extend(codes()),
                "HADOLINT_NOFAIL" => self.no_fail = Some(is_truthy(value)),
                "HADOLINT_OVERRIDE_ERROR" => self.overrides.entry(Severity::Error).or_default().extend(codes()),
                "HADOLINT_OVERRIDE_INFO" => self.overrides.entry(Severity::Info).or_default().extend(codes()),
                "HADOLINT_OVERRIDE_STYLE" => self.overrides.entry(Severity::Style).or_default().extend(codes()),
                "HADOLINT_OVERRIDE_WARNING" => self.overrides.entry(Severity::Warning).or_default().extend(codes()),
                "HADOLINT_REQUIRE_LABELS" => {
                    for item in items(value) {
                        let (label, kind) = item.split_once(':').unwrap_or((item, ""));
                        match LabelType::parse(kind) {
                            Ok(kind) => drop(self.labels.insert(label.to_owned(), kind)),
                            Err(why) => self.notes.push(format!("{name}: {why}")),
                        }
                    }
                }
                "HADOLINT_STRICT_LABELS" => self.strict_labels = Some(is_truthy(value)),
                "HADOLINT_TRUSTED_REGISTRIES" => self.registries.extend(items(value).map(str::to_owned)),
                // How much hadolint tells of itself.
                _ => continue,
            }
            self.sources.push(name.clone());
        }
    }

    /// The error that a fault of the settings as a whole is.
    pub(super) fn refused(&self, fault: Fault) -> PolicyError {
        let empty = || SourceText::new("the environment", "");
        PolicyError::at(&self.file.clone().unwrap_or_else(empty), Span::default(), fault)
    }
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn is_truthy(value: &str) -> bool {
    ["1", "y", "on", "true", "yes"].iter().any(|yes| value.eq_ignore_ascii_case(yes))
}
