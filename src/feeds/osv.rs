//! Records of the Open Source Vulnerability format, <https://ossf.github.io/osv-schema/>. What is not needed is skipped,
//! ecosystems are text, and `null` stands for nothing, so that a new distribution or field breaks no feed.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A record.
#[derive(Debug, Deserialize)]
pub(super) struct Osv {
    pub(super) id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) modified: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) published: String,
    pub(super) withdrawn: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) aliases: Vec<String>,
    /// Vulnerabilities that a distribution's advisory is about.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) upstream: Vec<String>,
    /// Vulnerabilities that have something to do with this one; of some distributions' advisories, those they are about.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) related: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) summary: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) details: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) severity: Vec<Severity>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) affected: Vec<Affected>,
    pub(super) database_specific: Option<Value>,
}

/// How bad it is: a CVSS vector, or a distribution's own word.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Severity {
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) score: String,
}

/// A package it is in, and which versions.
#[derive(Debug, Deserialize)]
pub(super) struct Affected {
    pub(super) package: Option<Package>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) severity: Vec<Severity>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) ranges: Vec<Range>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) versions: Vec<String>,
    pub(super) ecosystem_specific: Option<Value>,
    pub(super) database_specific: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) ecosystem: String,
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Range {
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) events: Vec<Event>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Event {
    pub(super) introduced: Option<String>,
    pub(super) fixed: Option<String>,
    pub(super) last_affected: Option<String>,
    pub(super) limit: Option<String>,
}

fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
