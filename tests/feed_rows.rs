//! Every trigger and parameter over vulnerabilities and registries: a policy, an image that it must find something in, and one that it
//! must find nothing in.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use dockgate::feeds::{Mirror, WriteLock};
use dockgate::packages::PackageKind;
use dockgate::rule;
use serde_json::{Value, json};

use crate::feeds::{PATIENCE, record};
use crate::images::{Entry, Step, docker_archive};
use crate::vulnerabilities::{RELEASE, STATUS, dockgate, said};

/// A store with a record of each severity, two registries, and nothing else.
pub(crate) fn tables() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let debian = |id: &str, package: &str, urgency: &str, fixed: Option<&str>, cvss: Option<&str>| {
            let fixed: Vec<Value> = fixed.iter().map(|f| json!({ "fixed": f })).collect();
            let events: Vec<Value> = std::iter::once(json!({ "introduced": "0" })).chain(fixed).collect();
            let severity: Vec<Value> = cvss.iter().map(|c| json!({ "type": "CVSS_V3", "score": c })).collect();
            json!({
                "id": format!("DEBIAN-{id}"), "upstream": [id], "published": "2025-01-01T00:00:00Z", "modified": "2025-01-02T00:00:00Z", "severity": severity,
                "affected": [{ "package": { "ecosystem": "Debian:12", "name": package }, "ranges": [{ "type": "ECOSYSTEM", "events": events }],
                               "ecosystem_specific": { "urgency": urgency } }],
            })
        };
        let of_npm = |id: &str, package: &str, severity: &str| {
            let mut record = record(id, "npm", package, "9.0.0");
            record["database_specific"] = json!({ "severity": severity });
            record
        };
        let records = [
            debian("CVE-2025-0001", "of-unknown", "not yet assigned", None, None),
            debian("CVE-2025-0002", "of-negligible", "unimportant", None, None),
            debian("CVE-2025-0003", "of-low", "low", Some("9"), None),
            debian("CVE-2025-0004", "of-medium", "medium", Some("9"), None),
            debian("CVE-2025-0005", "of-high", "high", None, Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N")),
            debian("CVE-2025-0006", "of-critical", "not yet assigned", Some("9"), Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")),
            record("GHSA-1", "npm", "left-pad", "9.0.0"),
            of_npm("GHSA-2", "of-low", "LOW"),
            of_npm("GHSA-3", "of-medium", "MODERATE"),
            of_npm("GHSA-4", "of-high", "HIGH"),
        ];
        fs::create_dir(folder.path().join("mirror")).unwrap();
        fs::write(folder.path().join("mirror/records.json"), json!(records).to_string()).unwrap();
        fs::write(folder.path().join("left-pad"), r#"{"dist-tags": {"latest": "1.3.1"}, "versions": {"1.3.1": {}, "1.3.2": {}}}"#).unwrap();
        fs::create_dir(folder.path().join("info")).unwrap();
        fs::write(folder.path().join("info/rake"), "---\n13.0.6 |x\n13.1.0 |y\n").unwrap();
        let lock = WriteLock::take(&folder.path().join("feeds")).unwrap();
        let source = folder.path().join("mirror/records.json");
        let day = |days: u64| std::time::UNIX_EPOCH + Duration::from_secs(20_000 * 86_400 + days * 86_400);
        fs::File::options().write(true).open(&source).unwrap().set_modified(day(0)).unwrap();
        lock.import(&source, Some("records"), &|_| {}).unwrap();
        let registry = Mirror::Folder(folder.path().to_owned());
        let names = |list: &[&str]| list.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        lock.sync_registry(PackageKind::Npm, &names(&["left-pad", "never-published"]), &registry, PATIENCE, &|_| {}).unwrap();
        lock.sync_registry(PackageKind::Gem, &names(&["rake", "never-published"]), &registry, PATIENCE, &|_| {}).unwrap();
        folder
    })
    .path()
}

/// What an image holds.
#[derive(Clone, Copy)]
enum Holds {
    /// A Debian 12 with one package, in version 1.
    Deb(&'static str),
    /// The same, of a distribution nobody knows.
    Unknown,
    /// An npm package.
    Npm(&'static str, &'static str),
    /// A gem.
    Gem(&'static str, &'static str),
}

impl Holds {
    fn write(self, path: &Path) {
        fn leak(text: String) -> &'static str {
            Box::leak(text.into_boxed_str())
        }
        let status = |name: &str| {
            (STATUS, 0o644, Some(leak(format!("Package: {name}\nStatus: install ok installed\nVersion: 1\n\n"))))
        };
        let entries: Vec<Entry> = match self {
            Self::Deb(name) => vec![RELEASE, status(name)],
            Self::Unknown => vec![("etc/os-release", 0o644, Some("ID=hannah-montana\nVERSION_ID=1\n")), status("x")],
            Self::Npm(name, version) => vec![(
                leak(format!("app/node_modules/{name}/package.json")),
                0o644,
                Some(leak(json!({ "name": name, "version": version }).to_string())),
            )],
            Self::Gem(name, version) => vec![(
                leak(format!("usr/lib/ruby/gems/3.1.0/specifications/{name}-{version}.gemspec")),
                0o644,
                Some(leak(format!("# stub: {name} {version} ruby lib\n"))),
            )],
        };
        let nothing = vec![("x", 0o644, Some(""))];
        let steps = [
            Step { created_by: "/bin/sh -c #(nop) ADD file:01 in / ", layer: Some(nothing) },
            Step { created_by: "RUN /bin/sh -c make # buildkit", layer: Some(entries) },
        ];
        docker_archive(&path.join("image.tar"), &steps, &json!({}));
        fs::write(path.join("Dockerfile"), "FROM example.test/base:1\nRUN make\n").unwrap();
    }

    /// Trigger, action and trigger id of everything that a policy finds.
    fn judged(self, policy: &str) -> Vec<(String, String, String)> {
        let folder = tempfile::tempdir().unwrap();
        self.write(folder.path());
        fs::write(folder.path().join("p.policy"), policy).unwrap();
        let mut command = dockgate(tables());
        command.current_dir(folder.path());
        let args = [
            "gate",
            "image.tar",
            "--dockerfile",
            "Dockerfile",
            "--policy",
            "p.policy",
            "--fail-on",
            "never",
            "--format",
            "json",
            "--show-triggerids",
        ];
        let (out, _) = said(command.args(args), 0);
        let report: Value = serde_json::from_str(&out).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let findings = report["findings"].as_array().unwrap();
        findings.iter().map(|f| (text(&f["trigger"]), text(&f["action"]), text(&f["trigger_id"]))).collect()
    }
}

/// A line, an image it finds something in with the trigger id of that, and one it finds nothing in.
const LINES: &[(&str, Holds, &str, Holds)] = &[
    ("ANCHORESEC:VULNUNKNOWN:GO", Holds::Deb("of-unknown"), "CVE-2025-0001+of-unknown", Holds::Deb("of-low")),
    ("ANCHORESEC:VULNUNKNOWN:WARN", Holds::Deb("of-negligible"), "CVE-2025-0002+of-negligible", Holds::Deb("fine")),
    ("ANCHORESEC:VULNLOW:GO", Holds::Deb("of-low"), "CVE-2025-0003+of-low", Holds::Deb("of-negligible")),
    ("ANCHORESEC:VULNMEDIUM:WARN", Holds::Deb("of-medium"), "CVE-2025-0004+of-medium", Holds::Deb("of-high")),
    ("ANCHORESEC:VULNHIGH:STOP", Holds::Deb("of-high"), "CVE-2025-0005+of-high", Holds::Deb("of-critical")),
    ("ANCHORESEC:VULNCRITICAL:STOP", Holds::Deb("of-critical"), "CVE-2025-0006+of-critical", Holds::Deb("of-high")),
    (
        "ANCHORESEC:VULNUNKNOWN:STOP",
        Holds::Npm("left-pad", "1.0.0"),
        "GHSA-1+left-pad",
        Holds::Npm("left-pad", "9.0.0"),
    ),
    ("ANCHORESEC:UNSUPPORTEDDISTRO:STOP", Holds::Unknown, "UNSUPPORTEDDISTRO", Holds::Deb("of-high")),
    ("ANCHORESEC:FEEDOUTOFDATE:STOP:MAXAGE=2", Holds::Deb("fine"), "records-FEEDOUTOFDATE", Holds::Gem("rake", "1")),
    ("ANCHORESEC:FEEDOUTOFDATE:WARN", Holds::Deb("fine"), "records-FEEDOUTOFDATE", Holds::Gem("rake", "1")),
    (
        "NPMCHECK:NPMNOTLATEST:WARN",
        Holds::Npm("left-pad", "1.3.0"),
        "left-pad-NPMNOTLATEST",
        Holds::Npm("left-pad", "1.3.1"),
    ),
    (
        "NPMCHECK:NPMNOTOFFICIAL:STOP",
        Holds::Npm("never-published", "1.0.0"),
        "never-published-NPMNOTOFFICIAL",
        Holds::Npm("left-pad", "1"),
    ),
    (
        "NPMCHECK:NPMBADVERSION:GO",
        Holds::Npm("left-pad", "1.3.0"),
        "left-pad-NPMBADVERSION",
        Holds::Npm("left-pad", "1.3.2"),
    ),
    ("NPMCHECK:NPMNOFEED:GO", Holds::Npm("nobody-asked", "1"), "NPMNOFEED", Holds::Npm("left-pad", "1.3.0")),
    (
        "NPMCHECK:NOTLATEST:WARN",
        Holds::Npm("left-pad", "1.3.0"),
        "left-pad-NOTLATEST",
        Holds::Npm("never-published", "1"),
    ),
    (
        "NPMCHECK:NOTOFFICIAL:STOP",
        Holds::Npm("never-published", "1"),
        "never-published-NOTOFFICIAL",
        Holds::Npm("left-pad", "0"),
    ),
    (
        "NPMCHECK:BADVERSION:GO",
        Holds::Npm("left-pad", "1.3.0"),
        "left-pad-BADVERSION",
        Holds::Npm("never-published", "1"),
    ),
    ("NPMCHECK:NOFEED:GO", Holds::Npm("nobody-asked", "1"), "NOFEED", Holds::Gem("rake", "1")),
    ("GEMCHECK:GEMNOTLATEST:WARN", Holds::Gem("rake", "13.0.6"), "rake-GEMNOTLATEST", Holds::Gem("rake", "13.1.0")),
    (
        "GEMCHECK:GEMNOTOFFICIAL:STOP",
        Holds::Gem("never-published", "1"),
        "never-published-GEMNOTOFFICIAL",
        Holds::Gem("rake", "1"),
    ),
    ("GEMCHECK:GEMBADVERSION:GO", Holds::Gem("rake", "13.0.5"), "rake-GEMBADVERSION", Holds::Gem("rake", "13.0.6")),
    ("GEMCHECK:GEMNOFEED:GO", Holds::Gem("nobody-asked", "1"), "GEMNOFEED", Holds::Gem("rake", "1")),
    ("GEMCHECK:NOTLATEST:WARN", Holds::Gem("rake", "13.0.6"), "rake-NOTLATEST", Holds::Gem("rake", "14")),
    (
        "GEMCHECK:NOTOFFICIAL:STOP",
        Holds::Gem("never-published", "1"),
        "never-published-NOTOFFICIAL",
        Holds::Gem("rake", "1"),
    ),
    ("GEMCHECK:BADVERSION:GO", Holds::Gem("rake", "13.0.5"), "rake-BADVERSION", Holds::Gem("never-published", "1")),
    ("GEMCHECK:NOFEED:GO", Holds::Gem("nobody-asked", "1"), "NOFEED", Holds::Npm("left-pad", "1")),
];

/// The lines of 2017 that have rows here.
pub(crate) fn lines() -> impl Iterator<Item = &'static str> {
    LINES.iter().map(|(line, ..)| *line)
}

#[test]
fn every_line_of_2017_finds_what_it_asks_for_and_nothing_else() {
    for (line, fires, id, silent) in LINES {
        let mut fields = line.splitn(4, ':');
        let trigger = [fields.next().unwrap(), fields.next().unwrap()].join(":");
        let action = fields.next().unwrap();
        let found = fires.judged(line);
        assert!(found.iter().any(|(t, a, i)| *t == trigger && a == action && i == id), "{line} finds {found:?}");
        // Of a gem nothing was looked up, and that is told with a WARN.
        let found = silent.judged(line);
        let is_told = |f: &(String, String, String)| {
            matches!(silent, Holds::Gem(..)) && f.0.starts_with("ANCHORESEC") && f.1 == "WARN"
        };
        assert!(found.iter().all(is_told), "{line} finds {found:?}");
    }
}

#[test]
fn every_trigger_over_feeds_has_a_row() {
    let rows: BTreeSet<String> =
        LINES.iter().map(|(line, ..)| line.split(':').take(2).collect::<Vec<_>>().join(":")).collect();
    let of_feeds = |r: &&rule::Rule| r.tags.contains(&"vulnerabilities") || r.tags.contains(&"registry-data");
    let mut params: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in rule::all().iter().filter(of_feeds) {
        // The engine's have theirs in `engine_feed_rows`.
        for trigger in rule.triggers.iter().filter(|trigger| !trigger.contains(|c: char| c.is_ascii_lowercase())) {
            assert!(rows.contains(*trigger), "{trigger} has no row");
        }
        for param in rule.params.iter().filter_map(|p| p.anchore) {
            *params.entry(param).or_default() +=
                LINES.iter().filter(|(line, ..)| line.contains(&format!("{param}="))).count();
        }
    }
    assert!(params.values().all(|rows| *rows > 0), "{params:?}");
}
