//! Reports of other scanners: the JSON of grype and of trivy.

use std::cmp::Ordering;

use serde_json::Value;

use super::FeedError;
use super::severity::{Level, Scores};
use crate::packages::{Package, PackageKind};

/// Vulnerabilities taken from one report.
const MAX_REPORTED: usize = 500_000;
/// Characters kept of a summary.
const MAX_SUMMARY: usize = 240;

/// A scanner's report on an image.
#[derive(Clone, Debug)]
pub struct ScanReport {
    /// The scanner and the file, for messages: `trivy (report.json)`.
    pub name: String,
    /// `sha256:…` of the config of the image it is on, when it says so.
    pub(super) image: Option<String>,
    /// What else it is on: `a filesystem`.
    pub(super) other: Option<&'static str>,
    /// Vulnerabilities that the scanner left out since somebody told it to.
    pub(super) left_out: usize,
    pub(super) list: Vec<Reported>,
}

/// One vulnerability of one package, as a scanner reports it.
#[derive(Clone, Debug, Default)]
pub(super) struct Reported {
    pub(super) id: String,
    pub(super) names: Vec<String>,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) kind: Option<PackageKind>,
    pub(super) purl: Option<String>,
    pub(super) fixed: Option<String>,
    pub(super) level: Option<Level>,
    pub(super) vectors: Vec<String>,
    pub(super) scores: Option<Scores>,
    pub(super) is_unattended: bool,
    pub(super) published: String,
    pub(super) summary: String,
    pub(super) path: Option<String>,
    /// Diff id of the layer.
    pub(super) layer: Option<String>,
}

impl Reported {
    /// Whether it is about a package of the inventory.
    pub(super) fn is_about(&self, package: &Package) -> bool {
        let bare = |purl: &str| purl.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        let is_purl = self.purl.as_ref().is_some_and(|purl| bare(purl) == bare(&package.purl));
        let is_kind = self.kind.is_none_or(|kind| kind == package.kind);
        is_purl || (is_kind && self.name == package.name && self.version == package.version)
    }
}

impl ScanReport {
    /// Reads a report. `path` names the file, for messages.
    ///
    /// # Errors
    /// When it is neither grype's nor trivy's.
    pub fn parse(path: &str, content: &[u8]) -> Result<Self, FeedError> {
        let foreign = |reason: String| FeedError::Foreign {
            path: path.to_owned(),
            wanted: "JSON report of grype or trivy",
            reason,
        };
        if [&b"\xff\xfe"[..], b"\xfe\xff"].iter().any(|mark| content.starts_with(mark)) {
            return Err(foreign("it is written in UTF-16; have it written in UTF-8".to_owned()));
        }
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        let document: Value = serde_json::from_slice(content).map_err(|e| foreign(format!("it is not JSON ({e})")))?;
        let file = path.rsplit('/').next().unwrap_or(path);
        let report = if let Some(other) = other_format(&document) {
            return Err(foreign(format!("it is {other}; ask the scanner for its format `json`")));
        } else if document.get("matches").is_some_and(Value::is_array) {
            grype(&document, format!("grype ({file})"))
        } else if document.get("SchemaVersion").is_some() || document.get("Results").is_some() {
            if document.get("SchemaVersion").and_then(Value::as_u64) != Some(2) {
                return Err(foreign("only version 2 of trivy's schema is read".to_owned()));
            }
            let lists = array(&document, "/Results").map(|result| result.get("Vulnerabilities"));
            if lists.chain([document.get("Results")]).flatten().any(|list| !list.is_array() && !list.is_null()) {
                return Err(foreign("its `Results` or `Vulnerabilities` are no lists".to_owned()));
            }
            trivy(&document, format!("trivy ({file})"))
        } else {
            return Err(foreign("it has neither `matches` nor `Results`".to_owned()));
        };
        if report.list.len() > MAX_REPORTED {
            return Err(foreign(format!("it has more than {MAX_REPORTED} vulnerabilities")));
        }
        if report.list.iter().any(|r| r.id.is_empty() || r.name.is_empty()) {
            return Err(foreign("a vulnerability in it has no id or no package".to_owned()));
        }
        Ok(report)
    }
}

/// What scanners also write.
fn other_format(document: &Value) -> Option<&'static str> {
    let has = |key: &str| document.get(key).is_some();
    match () {
        () if has("bomFormat") => Some("a CycloneDX document"),
        () if has("spdxVersion") => Some("an SPDX document"),
        () if has("runs") && has("version") => Some("SARIF"),
        () => None,
    }
}

fn text(value: &Value, path: &str) -> Option<String> {
    Some(value.pointer(path)?.as_str()?.to_owned()).filter(|text| !text.is_empty())
}

fn array<'v>(value: &'v Value, path: &str) -> impl Iterator<Item = &'v Value> {
    value.pointer(path).and_then(Value::as_array).into_iter().flatten()
}

/// One line, bounded.
fn line(text: &str) -> String {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().chars().take(MAX_SUMMARY).collect()
}

/// The CVE id among names when there is one, else the first; and all of them sorted.
fn named(id: String, others: impl Iterator<Item = String>) -> (String, Vec<String>) {
    let mut names: Vec<String> = std::iter::once(id.clone()).chain(others).collect();
    names.sort();
    names.dedup();
    let cves: Vec<&String> = names.iter().filter(|name| name.starts_with("CVE-")).collect();
    let id = if let [only] = cves.as_slice() { (*only).clone() } else { id };
    (id, names)
}

fn trivy(document: &Value, name: String) -> ScanReport {
    let mut list = Vec::new();
    for result in array(document, "/Results") {
        let kind = text(result, "/Type").and_then(|t| kind_of(&t));
        for found in array(result, "/Vulnerabilities").take(MAX_REPORTED + 1) {
            let (id, names) = named(
                text(found, "/VulnerabilityID").unwrap_or_default(),
                array(found, "/VendorIDs").filter_map(Value::as_str).map(str::to_owned),
            );
            let cvss = || found.get("CVSS").and_then(Value::as_object).into_iter().flatten().map(|(_, v)| v);
            let vectors = ["/V3Vector", "/V40Vector", "/V2Vector"];
            let status = text(found, "/Status").unwrap_or_default();
            list.push(Reported {
                id,
                names,
                name: text(found, "/PkgName").unwrap_or_default(),
                version: text(found, "/InstalledVersion").unwrap_or_default(),
                kind,
                purl: text(found, "/PkgIdentifier/PURL"),
                fixed: nearest(
                    kind,
                    &text(found, "/InstalledVersion").unwrap_or_default(),
                    text(found, "/FixedVersion").iter().flat_map(|all| all.split(", ")),
                ),
                level: text(found, "/Severity").and_then(|s| Level::of_word(&s)),
                vectors: vectors.iter().flat_map(|at| cvss().filter_map(|v| text(v, at))).collect(),
                scores: cvss().find_map(|v| score(v.get("V3Score")?)),
                is_unattended: ["will_not_fix", "end_of_life"].contains(&status.as_str()),
                published: text(found, "/PublishedDate").unwrap_or_default().chars().take(10).collect(),
                summary: line(&text(found, "/Title").or_else(|| text(found, "/Description")).unwrap_or_default()),
                path: text(found, "/PkgPath").map(|path| absolute(&path)),
                layer: text(found, "/Layer/DiffID"),
            });
        }
    }
    let left_out = array(document, "/Results").flat_map(|result| array(result, "/ExperimentalModifiedFindings"));
    let left_out = left_out.filter(|one| text(one, "/Type").is_none_or(|kind| kind == "vulnerability")).count();
    let other = match text(document, "/ArtifactType").as_deref() {
        Some("filesystem") => Some("a filesystem"),
        Some("repository") => Some("a repository"),
        Some("vm") => Some("a virtual machine"),
        _ => None,
    };
    ScanReport { name, image: text(document, "/Metadata/ImageID"), other, left_out, list }
}

fn grype(document: &Value, name: String) -> ScanReport {
    let list = array(document, "/matches").take(MAX_REPORTED + 1).map(|found| {
        let related = || array(found, "/relatedVulnerabilities");
        let (id, names) =
            named(text(found, "/vulnerability/id").unwrap_or_default(), related().filter_map(|r| text(r, "/id")));
        let cvss: Vec<&Value> =
            array(found, "/vulnerability/cvss").chain(related().flat_map(|r| array(r, "/cvss"))).collect();
        let state = text(found, "/vulnerability/fix/state").unwrap_or_default();
        let kind = text(found, "/artifact/type").and_then(|t| kind_of(&t));
        let version = text(found, "/artifact/version").unwrap_or_default();
        Reported {
            id,
            names,
            name: text(found, "/artifact/name").unwrap_or_default(),
            kind,
            purl: text(found, "/artifact/purl"),
            fixed: nearest(kind, &version, array(found, "/vulnerability/fix/versions").filter_map(Value::as_str)),
            version,
            level: text(found, "/vulnerability/severity").and_then(|s| Level::of_word(&s)),
            vectors: cvss.iter().filter_map(|c| text(c, "/vector")).collect(),
            scores: cvss.iter().find_map(|c| score(c.pointer("/metrics/baseScore")?)),
            is_unattended: state == "wont-fix",
            published: String::new(),
            summary: line(
                &text(found, "/vulnerability/description")
                    .or_else(|| related().find_map(|r| text(r, "/description")))
                    .unwrap_or_default(),
            ),
            path: array(found, "/artifact/locations").find_map(|l| text(l, "/path")).map(|path| absolute(&path)),
            layer: array(found, "/artifact/locations").find_map(|l| text(l, "/layerID")),
        }
    });
    let other = match text(document, "/source/type").as_deref() {
        Some("directory" | "file") => Some("a filesystem"),
        _ => None,
    };
    let left_out = array(document, "/ignoredMatches").count();
    ScanReport { name, image: text(document, "/source/target/imageID"), other, left_out, list: list.collect() }
}

/// The lowest of the versions that mend something above the one that is installed; the first where they cannot be compared.
fn nearest<'v>(kind: Option<PackageKind>, version: &str, fixes: impl Iterator<Item = &'v str>) -> Option<String> {
    let fixes: Vec<&str> = fixes.map(str::trim).filter(|fix| !fix.is_empty()).collect();
    let order = |a: &str, b: &str| kind.and_then(|kind| kind.compare_versions(a, b)).unwrap_or(Ordering::Equal);
    let above = fixes.iter().filter(|fix| order(fix, version).is_gt()).min_by(|a, b| order(a, b));
    above.or(fixes.first()).map(|fix| (*fix).to_owned())
}

fn score(value: &Value) -> Option<Scores> {
    Some(Scores { base: value.as_f64().filter(|s| *s > 0.0)?, exploitability: None, impact: None })
}

fn absolute(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

/// The kind of a scanner's word for a package's type, or for the distribution or file it was read from.
fn kind_of(word: &str) -> Option<PackageKind> {
    Some(match word {
        "deb" | "debian" | "ubuntu" | "echo" => PackageKind::Deb,
        "apk" | "alpine" | "wolfi" | "chainguard" | "minimos" | "alpaquita" => PackageKind::Apk,
        "rpm"
        | "redhat"
        | "centos"
        | "rocky"
        | "alma"
        | "amazon"
        | "oracle"
        | "fedora"
        | "photon"
        | "azurelinux"
        | "cbl-mariner"
        | "openeuler"
        | "opensuse"
        | "opensuse-tumbleweed"
        | "opensuse.tumbleweed"
        | "suse linux enterprise micro"
        | "suse linux enterprise server"
        | "opensuse.leap"
        | "opensuse-leap"
        | "sles" => PackageKind::Rpm,
        "npm" | "node-pkg" | "yarn" | "pnpm" | "bun" => PackageKind::Npm,
        "python" | "python-pkg" | "pip" | "pipenv" | "poetry" | "uv" => PackageKind::Pypi,
        "gem" | "gemspec" | "bundler" => PackageKind::Gem,
        "java-archive" | "jar" | "pom" | "gradle" | "sbt" => PackageKind::Maven,
        "go-module" | "gobinary" | "gomod" => PackageKind::Golang,
        "rust-crate" | "rustbinary" | "cargo" => PackageKind::Cargo,
        "php-composer" | "composer" | "composer-vendor" | "php-composer-installed" => PackageKind::Composer,
        "dotnet" | "dotnet-core" | "nuget" | "dotnet-deps" => PackageKind::Nuget,
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn trivys_report_is_read() {
        let report = br#"{"SchemaVersion": 2, "ArtifactName": "x.tar", "Metadata": {"ImageID": "sha256:ab"}, "Results": [
            {"Target": "x (debian 12)", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": [
              {"VulnerabilityID": "CVE-2023-5363", "VendorIDs": ["DSA-5532-1"], "PkgName": "libssl3", "InstalledVersion": "3.0.9-1",
               "PkgIdentifier": {"PURL": "pkg:deb/debian/libssl3@3.0.9-1?arch=amd64"}, "FixedVersion": "3.0.11-1~deb12u2", "Status": "fixed",
               "Layer": {"DiffID": "sha256:1"}, "Severity": "HIGH", "Title": "openssl: key length",
               "CVSS": {"nvd": {"V3Vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", "V3Score": 7.5}}, "PublishedDate": "2023-10-25T18:17:43Z"}]},
            {"Target": "lang", "Class": "lang-pkgs", "Type": "node-pkg"}]}"#;
        let report = ScanReport::parse("out/report.json", report).unwrap();
        assert_eq!((report.name.as_str(), report.image.as_deref()), ("trivy (report.json)", Some("sha256:ab")));
        let found = &report.list[0];
        assert_eq!((found.id.as_str(), found.names.join(" ").as_str()), ("CVE-2023-5363", "CVE-2023-5363 DSA-5532-1"));
        assert_eq!(
            (found.kind, found.level, found.published.as_str()),
            (Some(PackageKind::Deb), Some(Level::High), "2023-10-25")
        );
        assert_eq!((found.fixed.as_deref(), found.layer.as_deref()), (Some("3.0.11-1~deb12u2"), Some("sha256:1")));
    }

    #[test]
    fn grypes_report_is_read() {
        let report = br#"{"matches": [{"vulnerability": {"id": "GHSA-xvch-5gv4-984h", "severity": "Critical", "fix": {"versions": ["1.2.6"], "state": "fixed"},
            "cvss": [{"version": "3.1", "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "metrics": {"baseScore": 9.8}}], "description": "Prototype pollution"},
            "relatedVulnerabilities": [{"id": "CVE-2021-44906"}],
            "artifact": {"name": "minimist", "version": "1.2.5", "type": "npm", "purl": "pkg:npm/minimist@1.2.5",
              "locations": [{"path": "/app/node_modules/minimist/package.json", "layerID": "sha256:2"}]}}],
            "source": {"type": "image", "target": {"imageID": "sha256:cd"}}, "descriptor": {"name": "grype"}}"#;
        let report = ScanReport::parse("g.json", report).unwrap();
        let found = &report.list[0];
        assert_eq!(
            (found.id.as_str(), found.kind, found.level),
            ("CVE-2021-44906", Some(PackageKind::Npm), Some(Level::Critical))
        );
        assert!(found.is_about(&Package::new(PackageKind::Npm, "minimist", "1.2.5")));
        assert!(!found.is_about(&Package::new(PackageKind::Npm, "minimist", "1.2.6")));
        assert_eq!(report.image.as_deref(), Some("sha256:cd"));
    }

    #[test]
    fn of_several_fixes_the_nearest_is_told() {
        let report = br#"{"SchemaVersion": 2, "Results": [{"Type": "node-pkg", "Vulnerabilities": [
            {"VulnerabilityID": "CVE-1", "PkgName": "undici", "InstalledVersion": "6.19.0", "FixedVersion": "5.29.0, 7.5.0, 6.21.2"},
            {"VulnerabilityID": "CVE-2", "PkgName": "undici", "InstalledVersion": "6.19.0", "FixedVersion": ""},
            {"VulnerabilityID": "CVE-3", "PkgName": "undici", "InstalledVersion": "6.19.0"}]}]}"#;
        let fixes: Vec<_> = ScanReport::parse("t.json", report).unwrap().list.into_iter().map(|r| r.fixed).collect();
        assert_eq!(fixes, [Some(String::from("6.21.2")), None, None]);
    }

    #[test]
    fn what_a_report_is_on_and_leaves_out_is_known() {
        let trivy = b"\xef\xbb\xbf{\"SchemaVersion\": 2, \"ArtifactType\": \"filesystem\", \"Results\": [{\"ExperimentalModifiedFindings\":
            [{\"Type\": \"vulnerability\", \"Status\": \"ignored\"}, {\"Type\": \"secret\"}]}]}";
        let report = ScanReport::parse("t.json", trivy).unwrap();
        assert_eq!((report.other, report.left_out), (Some("a filesystem"), 1));
        let grype =
            br#"{"matches": [], "ignoredMatches": [{}, {}], "source": {"type": "directory", "target": "/src"}}"#;
        let report = ScanReport::parse("g.json", grype).unwrap();
        assert_eq!((report.other, report.left_out), (Some("a filesystem"), 2));
    }

    #[test]
    fn what_is_neither_is_refused_with_the_reason() {
        for (content, reason) in [
            (&b"\xff\xfe{\0}\0"[..], "UTF-16"),
            (b"\xff{}", "not JSON"),
            (br#"{"version": "2.1.0", "runs": []}"#, "SARIF"),
            (br#"{"bomFormat": "CycloneDX", "vulnerabilities": []}"#, "CycloneDX"),
            (br#"{"spdxVersion": "SPDX-2.3"}"#, "SPDX"),
            (b"[]", "neither"),
            (b"nothing", "not JSON"),
            (b"{}", "neither"),
            (b"{\"SchemaVersion\": 1, \"Results\": []}", "version 2"),
            (b"{\"SchemaVersion\": 2, \"Results\": {}}", "no lists"),
            (b"{\"SchemaVersion\": 2, \"Results\": [{\"Vulnerabilities\": \"x\"}]}", "no lists"),
            (b"{\"matches\": [{}]}", "no id"),
        ] {
            assert!(ScanReport::parse("r.json", content).unwrap_err().to_string().contains(reason), "{reason}");
        }
        assert!(ScanReport::parse("r.json", b"{\"SchemaVersion\": 2, \"Results\": null}").unwrap().list.is_empty());
    }
}
