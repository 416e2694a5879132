//! What the store keeps of a record: an advisory, and for each package it is in the versions it is in.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ecosystem;
use super::osv::{self, Osv};
use super::range::{Turn, in_range};
use super::severity::{Level, level_of_vector, newest_first};
use crate::packages::PackageKind;

/// Characters kept of a summary.
const MAX_SUMMARY: usize = 240;
/// Aliases, CVSS vectors and ranges kept of a record.
const MAX_ITEMS: usize = 4096;

/// A record, without its packages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Advisory {
    /// Its id: `DEBIAN-CVE-2023-0464`, `GHSA-…`, `RHSA-2023:1405`.
    pub id: String,
    /// Other names of the same vulnerability, and the vulnerabilities an advisory is about; sorted.
    pub aliases: Vec<String>,
    /// The day it was published, `YYYY-MM-DD`; empty when nobody says.
    pub published: String,
    /// When the record was changed last, as it says itself.
    pub modified: String,
    /// One line on what it is.
    pub summary: String,
    /// CVSS vectors, newest version first.
    pub cvss: Vec<String>,
    /// The level its maker gives it.
    pub word: Option<Level>,
}

/// One package of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Affected {
    /// Where the advisory is.
    pub(super) advisory: u64,
    /// Each of them a list of turning points.
    pub(super) ranges: Vec<Vec<Turn>>,
    /// Versions that are in it, and in no range.
    pub(super) versions: Vec<String>,
    /// CVSS vectors for this package.
    pub(super) cvss: Vec<String>,
    /// The level for this package.
    pub(super) word: Option<Level>,
    /// The distribution will not mend it.
    pub(super) is_unattended: bool,
}

/// A package of a record, with where the store keeps it.
pub(super) struct Entry {
    pub(super) ecosystem: String,
    pub(super) name: String,
    pub(super) affected: Affected,
}

/// Takes a record apart. Packages of ecosystems that no image has are left out.
pub(super) fn split(record: Osv) -> (Advisory, Vec<Entry>) {
    let is_cve = |name: &String| name.starts_with("CVE-");
    let mut aliases: Vec<String> = record.aliases.into_iter().chain(record.upstream).take(MAX_ITEMS).collect();
    if is_of_distribution(&record.affected) && !aliases.iter().any(is_cve) {
        // AlmaLinux and others name there what an advisory is about.
        aliases.extend(record.related.into_iter().filter(is_cve).take(MAX_ITEMS));
    }
    aliases.retain(|alias| *alias != record.id);
    aliases.sort();
    aliases.dedup();
    let text = if record.summary.trim().is_empty() { &record.details } else { &record.summary };
    // Nobody rates malware, and nothing is worse.
    let word = std::iter::once(&record.id)
        .chain(&aliases)
        .any(|name| is_malware(name))
        .then_some(Level::Critical)
        .or_else(|| word_in(record.database_specific.as_ref()))
        .or_else(|| own_word(&record.severity))
        .or_else(|| title_word(&record.summary));
    let advisory = Advisory {
        aliases,
        published: record.published.chars().take(10).collect(),
        modified: record.modified.chars().take(32).collect(),
        summary: summary(text),
        cvss: vectors(&record.severity),
        word,
        id: record.id,
    };
    let entries = record.affected.into_iter().filter_map(entry).collect();
    (advisory, entries)
}

/// Whether a name is one of the Open Source Security Foundation's list of malicious packages.
pub(super) fn is_malware(name: &str) -> bool {
    name.starts_with("MAL-")
}

fn is_of_distribution(affected: &[osv::Affected]) -> bool {
    let kind = |affected: &osv::Affected| ecosystem::kind_of(&affected.package.as_ref()?.ecosystem);
    affected.iter().filter_map(kind).any(PackageKind::is_distribution)
}

fn entry(affected: osv::Affected) -> Option<Entry> {
    let package = affected.package?;
    let kind = ecosystem::kind_of(&package.ecosystem)?;
    let ranges: Vec<Vec<Turn>> = affected
        .ranges
        .into_iter()
        .filter(|range| range.kind != "GIT")
        .map(|range| range.events.into_iter().take(MAX_ITEMS).flat_map(turns).collect())
        .filter(|turns: &Vec<Turn>| !turns.is_empty())
        .take(MAX_ITEMS)
        .collect();
    let mut versions = affected.versions;
    // Most lists only spell out the ranges.
    versions.retain(|v| !ranges.iter().any(|r| in_range(r, kind, v) == Some(true)));
    let specific = affected.ecosystem_specific.as_ref();
    let urgency = specific.and_then(|s| s.get("urgency")).and_then(Value::as_str).unwrap_or_default();
    let word = word_in(specific)
        .or_else(|| word_in(affected.database_specific.as_ref()))
        .or_else(|| own_word(&affected.severity));
    Some(Entry {
        ecosystem: ecosystem::stored(&package.ecosystem),
        name: ecosystem::stored_name(kind, &package.name),
        affected: Affected {
            advisory: 0,
            ranges,
            versions,
            cvss: vectors(&affected.severity),
            word: Level::of_word(urgency).or(word),
            is_unattended: ["unimportant", "end-of-life"].contains(&urgency),
        },
    })
}

fn turns(event: osv::Event) -> impl Iterator<Item = Turn> {
    let osv::Event { introduced, fixed, last_affected, limit } = event;
    let turns = [
        introduced.map(Turn::Introduced),
        fixed.map(Turn::Fixed),
        last_affected.map(Turn::LastAffected),
        limit.map(Turn::Limit),
    ];
    turns.into_iter().flatten()
}

/// The CVSS vectors among severities.
fn vectors(severities: &[osv::Severity]) -> Vec<String> {
    let is_vector = |s: &&osv::Severity| s.kind.starts_with("CVSS") && level_of_vector(&s.score).is_some();
    let mut vectors: Vec<String> = severities.iter().filter(is_vector).take(8).map(|s| s.score.clone()).collect();
    newest_first(&mut vectors);
    vectors
}

/// A distribution's own word among severities: `{type: Ubuntu, score: medium}`.
fn own_word(severities: &[osv::Severity]) -> Option<Level> {
    severities.iter().filter(|s| !s.kind.starts_with("CVSS")).find_map(|s| Level::of_word(&s.score))
}

/// A word for the severity in what a database adds of its own.
fn word_in(specific: Option<&Value>) -> Option<Level> {
    let word = |key: &str| specific?.get(key)?.as_str();
    // RustSec also has records on crates that nobody looks after any more, which are no flaws.
    let is_no_flaw = matches!(word("informational"), Some("unmaintained" | "notice"));
    word("severity").and_then(Level::of_word).or(is_no_flaw.then_some(Level::Negligible))
}

/// Advisories of Red Hat's family begin their titles with the severity: `Important: openssl security update`.
fn title_word(summary: &str) -> Option<Level> {
    Level::of_word(summary.split_once(':')?.0)
}

/// The first line of a text, bounded.
fn summary(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let line = line.trim_start_matches('#').trim();
    match line.char_indices().nth(MAX_SUMMARY) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::feeds::range::Hit;

    fn affected(json: &str) -> Affected {
        let record = format!("{{\"id\": \"X\", \"affected\": [{json}]}}");
        split(serde_json::from_str(&record).unwrap()).1.remove(0).affected
    }

    fn hit(fixed: &str) -> Hit {
        Hit::Affected { fixed: Some(fixed.to_owned()).filter(|f| !f.is_empty()) }
    }

    #[test]
    fn advisories_of_distributions_name_their_cves_in_several_places() {
        let aliases = |json: &str| split(serde_json::from_str(json).unwrap()).0.aliases;
        let affected =
            |ecosystem: &str| format!(r#""affected": [{{"package": {{"ecosystem": "{ecosystem}", "name": "php"}}}}]"#);
        let alma = affected("AlmaLinux:8");
        let found = aliases(&format!(r#"{{"id": "ALSA-2022:6158", "related": ["CVE-2022-31625", "ALBA-1"], {alma}}}"#));
        assert_eq!(found, ["CVE-2022-31625"]);
        // What another package has in common is no name of it.
        let npm = affected("npm");
        assert!(aliases(&format!(r#"{{"id": "GHSA-1", "related": ["CVE-2022-31625"], {npm}}}"#)).is_empty());
        let told = aliases(&format!(r#"{{"id": "X-1", "upstream": ["CVE-1"], "related": ["CVE-2"], {alma}}}"#));
        assert_eq!(told, ["CVE-1"]);
    }

    #[test]
    fn a_crate_that_nobody_looks_after_is_no_flaw() {
        let word = |informational: &str| {
            affected(&format!(
                r#"{{"package": {{"ecosystem": "crates.io", "name": "x"}}, "database_specific": {{"cvss": null, "informational": {informational}}}}}"#
            ))
            .word
        };
        assert_eq!(word("\"unmaintained\""), Some(Level::Negligible));
        assert_eq!((word("\"unsound\""), word("null")), (None, None));
    }

    #[test]
    fn malware_is_critical() {
        let word = |json: &str| split(serde_json::from_str(json).unwrap()).0.word;
        assert_eq!(word(r#"{"id": "MAL-2025-1"}"#), Some(Level::Critical));
        assert_eq!(word(r#"{"id": "GHSA-1", "aliases": ["MAL-2025-1"]}"#), Some(Level::Critical));
        assert_eq!(word(r#"{"id": "GHSA-1"}"#), None);
    }

    #[test]
    fn listed_versions_count_beside_ranges() {
        let listed = affected(
            r#"{"package": {"ecosystem": "PyPI", "name": "x"}, "versions": ["1.0", "1.5", "3.0"],
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.0"}, {"fixed": "2.0"}]}, {"type": "GIT", "events": [{"introduced": "0"}]}]}"#,
        );
        assert_eq!(listed.versions, ["3.0"]);
        assert_eq!(listed.ranges.len(), 1);
        assert_eq!(listed.judge(PackageKind::Pypi, "3.0.0"), hit(""));
        assert_eq!(listed.judge(PackageKind::Pypi, "1.2"), hit("2.0"));
        assert_eq!(listed.judge(PackageKind::Pypi, "2.5"), Hit::Clear);
        assert_eq!(listed.judge(PackageKind::Pypi, "not a version"), Hit::Uncomparable);
    }

    #[test]
    fn severity_is_the_distributions_own_where_it_has_one() {
        let of = |json: &str| split(serde_json::from_str(json).unwrap());
        let (advisory, entries) = of(
            r#"{"id": "DEBIAN-CVE-2015-1197", "upstream": ["CVE-2015-1197"], "published": "2015-02-19T15:59:12Z", "modified": "2024-01-01T00:00:00Z",
                "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
                "affected": [{"package": {"ecosystem": "Debian:12", "name": "cpio"}, "ecosystem_specific": {"urgency": "low"}},
                             {"package": {"ecosystem": "Debian:11", "name": "cpio"}, "ecosystem_specific": {"urgency": "not yet assigned"}},
                             {"package": {"ecosystem": "Debian:10", "name": "cpio"}, "ecosystem_specific": {"urgency": "end-of-life"}},
                             {"package": {"ecosystem": "Android", "name": "cpio"}}], "database_specific": null, "aliases": null}"#,
        );
        assert_eq!(
            (advisory.aliases.as_slice(), advisory.published.as_str()),
            (&[String::from("CVE-2015-1197")][..], "2015-02-19")
        );
        assert_eq!(advisory.cvss.len(), 1);
        let words: Vec<_> = entries.iter().map(|e| (e.affected.word, e.affected.is_unattended)).collect();
        assert_eq!(words, [(Some(Level::Low), false), (None, false), (None, true)]);
        let (ubuntu, _) = of(r#"{"id": "UBUNTU-CVE-1", "severity": [{"type": "Ubuntu", "score": "medium"}]}"#);
        assert_eq!(ubuntu.word, Some(Level::Medium));
        let (alma, _) = of(r#"{"id": "ALSA-1", "summary": "Important: openssl security update"}"#);
        assert_eq!(alma.word, Some(Level::High));
        let (github, _) =
            of(r#"{"id": "GHSA-1", "details": "\n# Title\nmore", "database_specific": {"severity": "MODERATE"}}"#);
        assert_eq!((github.word, github.summary.as_str()), (Some(Level::Medium), "Title"));
    }
}
