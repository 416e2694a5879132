//! Known vulnerabilities of images, as users come to them: synchronise, gate, waive, import.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use serde_json::{Value, json};

use crate::feeds::archive;
use crate::images::{Entry, Step, docker_archive};

pub(crate) fn dockgate(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("dockgate").unwrap();
    command.env_clear().env("NO_COLOR", "1").env("DOCKGATE_FEEDS", folder.join("feeds")).current_dir(folder);
    command
}

pub(crate) fn said(command: &mut Command, code: i32) -> (String, String) {
    let output = command.output().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned());
    assert_eq!(output.status.code(), Some(code), "{out}\n{err}");
    (out, err)
}

/// The records of `fixtures/feed`, as a mirror has them.
fn mirror(folder: &Path) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/feed");
    for ecosystem in ["Debian", "npm"] {
        let text = fs::read(fixtures.join(format!("{ecosystem}.json"))).unwrap();
        let records: Vec<Value> = serde_json::from_slice(&text).unwrap();
        let target = folder.join("mirror").join(ecosystem);
        fs::create_dir_all(&target).unwrap();
        fs::write(target.join("all.zip"), archive(&records)).unwrap();
    }
    folder.join("mirror")
}

pub(crate) const RELEASE: Entry = ("etc/os-release", 0o644, Some("ID=debian\nVERSION_ID=\"12\"\n"));
pub(crate) const STATUS: &str = "var/lib/dpkg/status";
const BASE: &str = "Package: zlib1g\nStatus: install ok installed\nSource: zlib\nVersion: 1:1.2.13.dfsg-1\n\n";
const OWN: &str = "Package: zlib1g\nStatus: install ok installed\nSource: zlib\nVersion: 1:1.2.13.dfsg-1\n\n\
                   Package: libssl3\nStatus: install ok installed\nSource: openssl\nVersion: 3.0.9-1\n\n";
const LODASH: Entry =
    ("app/node_modules/lodash/package.json", 0o644, Some(r#"{"name": "lodash", "version": "4.17.20"}"#));
const MINIMIST: Entry =
    ("app/node_modules/minimist/package.json", 0o644, Some(r#"{"name": "minimist", "version": "1.2.6"}"#));

/// A base with zlib, a step that installs OpenSSL, and one that copies npm packages.
fn made(folder: &Path) {
    let steps = [
        Step {
            created_by: "/bin/sh -c #(nop) ADD file:01 in / ",
            layer: Some(vec![RELEASE, (STATUS, 0o644, Some(BASE))]),
        },
        Step {
            created_by: "RUN /bin/sh -c apt-get install -y libssl3 # buildkit",
            layer: Some(vec![(STATUS, 0o644, Some(OWN))]),
        },
        Step { created_by: "COPY node_modules /app/node_modules # buildkit", layer: Some(vec![LODASH, MINIMIST]) },
    ];
    docker_archive(&folder.join("image.tar"), &steps, &json!({}));
    let text = "FROM example.test/debian:12\nRUN apt-get install -y libssl3\nCOPY node_modules /app/node_modules\n";
    fs::write(folder.join("Dockerfile"), text).unwrap();
}

/// Line, vulnerability and package of each finding about one in a JSON report, sorted.
fn vulnerabilities(report: &str) -> Vec<String> {
    let report: Value = serde_json::from_str(report).unwrap_or_else(|e| panic!("{e}: {report}"));
    let findings = report["findings"].as_array().unwrap().iter().filter(|f| f["rule"] == "vulnerable-package");
    let mut told: Vec<String> =
        findings.map(|f| format!("{} {}", f["place"]["line"], f["subject"].as_str().unwrap_or_default())).collect();
    told.sort();
    told
}

#[test]
fn the_session_sync_then_gate() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    made(path);
    mirror(path);
    let (out, _) = said(dockgate(path).args(["feeds", "status"]), 0);
    assert!(out.contains("no vulnerability data"), "{out}");
    said(dockgate(path).args(["feeds", "status", "--max-feed-age", "1"]), 1);
    let (out, _) = said(dockgate(path).args(["feeds", "sync", "Debian", "npm", "--mirror", "mirror"]), 0);
    assert!(out.contains("Debian: 15 records of 2 releases (1 withdrawn left out)"), "{out}");
    assert!(out.contains("npm: 19 records (1 withdrawn left out)"), "{out}");
    let (out, _) = said(dockgate(path).args(["feeds", "sync", "--mirror", "mirror"]), 0);
    assert_eq!(out, "Debian: up to date\nnpm: up to date\n");
    let (out, _) = said(dockgate(path).args(["feeds", "status", "--max-feed-age", "1"]), 0);
    assert!(out.contains("Debian") && out.contains("today"), "{out}");
    fs::write(
        path.join("p.policy"),
        "ANCHORESEC:VULNCRITICAL:STOP\nANCHORESEC:VULNHIGH:STOP\nANCHORESEC:VULNMEDIUM:WARN\n",
    )
    .unwrap();
    let gate = ["gate", "image.tar", "--dockerfile", "Dockerfile", "--policy", "p.policy", "--show-triggerids"];
    let (table, _) = said(dockgate(path).args(gate).args(["--format", "table"]), 1);
    let row = |words: &[&str]| table.lines().any(|line| words.iter().all(|word| line.contains(word)));
    assert!(row(&["CVE-2023-5363+libssl3", "ANCHORESEC", "VULNHIGH", "STOP"]), "{table}");
    assert!(row(&["CVE-2023-45853+zlib1g", "VULNCRITICAL"]), "{table}");
    assert!(row(&["CVE-2020-28500+lodash", "VULNMEDIUM", "WARN"]), "{table}");
    let (report, _) = said(dockgate(path).args(gate).args(["--format", "json"]), 1);
    assert_eq!(
        vulnerabilities(&report),
        ["1 CVE-2023-45853+zlib1g", "2 CVE-2023-5363+libssl3", "3 CVE-2020-28500+lodash", "3 CVE-2021-23337+lodash"]
    );
    assert!(report.contains("version 3.0.11-1~deb12u2 mends it"), "{report}");
    assert!(!report.contains("DSA-5532-1+"), "an advisory whose CVEs are told is not told again");
}

#[test]
fn the_default_policy_has_vulnerabilities_where_there_is_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    made(path);
    let gate = ["gate", "image.tar", "--dockerfile", "Dockerfile", "--select", "vulnerable-package"];
    let (text, _) = said(dockgate(path).args(gate), 0);
    assert!(text.contains("not checked for vulnerabilities: there is no vulnerability data"), "{text}");
    said(dockgate(path).args(["feeds", "import"]).arg(mirror(path).join("npm/all.zip")), 0);
    let (text, _) = said(dockgate(path).args(gate), 1);
    assert!(
        text.contains("2 deb packages were not checked for vulnerabilities: there is no data for Debian:12"),
        "{text}"
    );
    assert!(text.contains("STOP vulnerable-package") && text.contains("raise lodash to 4.17.21"), "{text}");
    said(dockgate(path).args(["feeds", "import", "mirror/Debian"]), 0);
    let (report, _) = said(dockgate(path).args(gate).args(["--format", "json"]), 1);
    assert_eq!(vulnerabilities(&report).len(), 4);
    // What came with the base warns.
    let report: Value = serde_json::from_str(&report).unwrap();
    let zlib = report["findings"].as_array().unwrap().iter().find(|f| f["place"]["line"] == 1).unwrap();
    assert_eq!((zlib["action"].as_str(), zlib["origin"].as_str()), (Some("WARN"), Some("base")));
}

#[test]
fn waivers_name_vulnerabilities_in_toml_and_in_vex() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    made(path);
    said(dockgate(path).args(["feeds", "sync", "Debian", "npm", "--mirror"]).arg(mirror(path)), 0);
    let waived = |args: &[&str]| {
        let mut command = dockgate(path);
        let common = ["gate", "image.tar", "--select", "vulnerable-package", "--fail-on", "never", "--format", "json"];
        let (report, _) = said(command.args(common).args(args), 0);
        let report: Value = serde_json::from_str(&report).unwrap();
        let list = report["findings"].as_array().unwrap().iter().filter(|f| f["waived"].is_object());
        let mut ids: Vec<String> = list.map(|f| f["message"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids.iter().map(|m| m.split(" (").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(waived(&[]).is_empty());
    let waiver =
        "extends = \"default\"\n[[waiver]]\nvulnerability = \"GHSA-35jh-r3h4-6jhm\"\nreason = \"no templates\"\n";
    fs::write(path.join("p.toml"), waiver).unwrap();
    assert_eq!(waived(&["--policy", "p.toml"]), ["lodash 4.17.20 has CVE-2021-23337"]);
    let other =
        "extends = \"default\"\n[[waiver]]\nvulnerability = \"CVE-2021-23337\"\npackage = \"other\"\nreason = \"no\"\n";
    fs::write(path.join("p.toml"), other).unwrap();
    assert!(waived(&["--policy", "p.toml"]).is_empty());
    let vex = json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "author": "Us", "statements": [
            { "vulnerability": { "name": "CVE-2023-45853" }, "status": "not_affected", "justification": "component_not_present",
              "products": [{ "@id": "pkg:oci/image@1", "subcomponents": [{ "@id": "pkg:deb/debian/zlib1g" }] }] },
            { "vulnerability": { "name": "CVE-2021-23337" }, "status": "under_investigation", "products": [{ "@id": "pkg:npm/lodash" }] },
        ],
    });
    fs::write(path.join("vex.json"), vex.to_string()).unwrap();
    assert_eq!(waived(&["--vex", "vex.json"]), ["zlib1g 1:1.2.13.dfsg-1 has CVE-2023-45853"]);
    assert!(waived(&["--vex", "vex.json", "--image-name", "other:2"]).is_empty());
    // A later statement of another document takes it back.
    let later = json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "author": "Us", "statements": [
            { "vulnerability": { "name": "CVE-2023-45853" }, "status": "affected", "products": [{ "@id": "pkg:deb/debian/zlib1g" }] },
        ],
    });
    fs::write(path.join("later.json"), later.to_string()).unwrap();
    assert!(waived(&["--vex", "vex.json", "--vex", "later.json"]).is_empty());
    assert_eq!(waived(&["--vex", "later.json", "--vex", "vex.json"]).len(), 1);
    fs::write(path.join("bom.json"), r#"{"bomFormat": "CycloneDX", "vulnerabilities": []}"#).unwrap();
    let (out, err) = said(dockgate(path).args(["gate", "image.tar", "--vex", "bom.json"]), 2);
    assert!(out.is_empty() && err.contains("it is a CycloneDX document"), "{err}");
    fs::write(path.join("w.txt"), "ANCHORESEC CVE-2020-28500\nANCHORESEC CVE-2023-5363+other\n").unwrap();
    assert_eq!(waived(&["--whitelist", "w.txt"]), ["lodash 4.17.20 has CVE-2020-28500"]);
}

#[test]
fn reports_of_other_scanners_are_findings_at_the_same_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    made(path);
    let trivy = json!({
        "SchemaVersion": 2, "Results": [
            { "Type": "debian", "Vulnerabilities": [{ "VulnerabilityID": "CVE-2023-5363", "PkgName": "libssl3", "InstalledVersion": "3.0.9-1",
              "FixedVersion": "3.0.11-1~deb12u2", "Severity": "HIGH", "Title": "openssl: lengths" }] },
            { "Type": "node-pkg", "Vulnerabilities": [{ "VulnerabilityID": "CVE-2021-23337", "PkgName": "lodash", "InstalledVersion": "4.17.20", "Severity": "HIGH" },
              { "VulnerabilityID": "CVE-2099-1", "PkgName": "nobody-has-this", "InstalledVersion": "1", "Severity": "LOW" }] },
        ],
    });
    fs::write(path.join("trivy.json"), trivy.to_string()).unwrap();
    let gate =
        ["gate", "image.tar", "--dockerfile", "Dockerfile", "--select", "vulnerable-package", "--format", "json"];
    let (report, _) = said(dockgate(path).args(gate).args(["--vulns", "trivy.json"]), 1);
    assert_eq!(
        vulnerabilities(&report),
        ["1 CVE-2099-1+nobody-has-this", "2 CVE-2023-5363+libssl3", "3 CVE-2021-23337+lodash"]
    );
    // The same from a feed is told once.
    said(dockgate(path).args(["feeds", "sync", "Debian", "npm", "--mirror"]).arg(mirror(path)), 0);
    let (report, _) = said(dockgate(path).args(gate).args(["--vulns", "trivy.json"]), 1);
    assert_eq!(vulnerabilities(&report).len(), 5);
    let (out, err) = said(dockgate(path).args(gate).args(["--vulns", "Dockerfile"]), 2);
    assert!(out.is_empty() && err.contains("no JSON report of grype or trivy"), "{err}");
    fs::write(path.join("trivy.sarif"), r#"{"version": "2.1.0", "runs": []}"#).unwrap();
    let (out, err) = said(dockgate(path).args(gate).args(["--vulns", "trivy.sarif"]), 2);
    assert!(out.is_empty() && err.contains("it is SARIF"), "{err}");
    // A report that is on something else, and does not tell all.
    let other = json!({ "matches": [], "ignoredMatches": [{}], "source": { "type": "directory", "target": "/src" } });
    fs::write(path.join("grype.json"), other.to_string()).unwrap();
    let (report, _) = said(dockgate(path).args(gate).args(["--vulns", "grype.json"]), 1);
    assert!(report.contains("grype (grype.json) is a report on a filesystem, not on an image"), "{report}");
    assert!(report.contains("leaves out 1 vulnerability that its scanner was told to ignore"), "{report}");
    let other = json!({ "SchemaVersion": 2, "Metadata": { "ImageID": "sha256:00" } });
    fs::write(path.join("other.json"), other.to_string()).unwrap();
    let (report, _) = said(dockgate(path).args(gate).args(["--vulns", "other.json"]), 1);
    assert!(report.contains("trivy (other.json) is a report on another image, sha256:00"), "{report}");
}

/// Cases in which a package is looked up in another way than by its name and version alone.
#[test]
fn builds_repositories_and_malware_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let release = ("etc/os-release", 0o644, Some("ID=ubuntu\nVERSION_ID=\"18.04\"\n"));
    let status = "Package: libssl1.1\nStatus: install ok installed\nSource: openssl\nVersion: 1.1.1-1ubuntu2.1~18.04.23+esm5\n\n\
                  Package: curl\nStatus: install ok installed\nVersion: 7.58.0-2ubuntu3.24\n\n";
    let drupal = r#"{"packages": [{"name": "drupal/ctools", "version": "3.4.0"}]}"#;
    let event = r#"{"name": "event-stream", "version": "3.3.6"}"#;
    let layer = vec![
        release,
        (STATUS, 0o644, Some(status)),
        ("app/vendor/composer/installed.json", 0o644, Some(drupal)),
        ("app/node_modules/event-stream/package.json", 0o644, Some(event)),
    ];
    docker_archive(
        &path.join("image.tar"),
        &[Step { created_by: "COPY . / # buildkit", layer: Some(layer) }],
        &json!({}),
    );
    let affected = |ecosystem: &str, name: &str, fixed: &str| {
        let mut events = vec![json!({ "introduced": "0" })];
        if !fixed.is_empty() {
            events.push(json!({ "fixed": fixed }));
        }
        json!({ "package": { "ecosystem": ecosystem, "name": name }, "ranges": [{ "type": "ECOSYSTEM", "events": events }] })
    };
    let record =
        |id: &str, affected: Vec<Value>| json!({ "id": id, "modified": "2026-01-01T00:00:00Z", "affected": affected });
    let records = [
        // Mended where support is bought, and nowhere else.
        record(
            "UBUNTU-CVE-2023-0001",
            ["openssl", "curl"]
                .into_iter()
                .flat_map(|name| {
                    [
                        affected("Ubuntu:18.04:LTS", name, ""),
                        affected("Ubuntu:Pro:18.04:LTS", name, "1.1.1-1ubuntu2.1~18.04.23+esm2"),
                    ]
                })
                .collect(),
        ),
        // Of which bought support says nothing.
        record("UBUNTU-CVE-2023-0002", vec![affected("Ubuntu:18.04:LTS", "openssl", "")]),
        record(
            "DRUPAL-CONTRIB-2021-1",
            vec![affected("Packagist:https://packages.drupal.org/8", "drupal/ctools", "3.5.0")],
        ),
        record("MAL-2025-1", vec![affected("npm", "event-stream", "")]),
    ];
    fs::write(path.join("records.json"), json!(records).to_string()).unwrap();
    said(dockgate(path).args(["feeds", "import", "records.json"]), 0);
    let gate = ["gate", "image.tar", "--select", "vulnerable-package", "--fail-on", "never", "--format", "json"];
    let (report, _) = said(dockgate(path).args(gate), 0);
    let parsed: Value = serde_json::from_str(&report).unwrap();
    let mut told: Vec<&str> =
        parsed["findings"].as_array().unwrap().iter().filter_map(|f| f["subject"].as_str()).collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "CVE-2023-0001+curl",
            "CVE-2023-0002+libssl1.1",
            "DRUPAL-CONTRIB-2021-1+drupal/ctools",
            "MAL-2025-1+event-stream"
        ]
    );
    assert!(report.contains("event-stream 3.3.6 has MAL-2025-1 (critical; the package is malware)"), "{report}");
    assert!(report.contains("take event-stream out, and change every secret"), "{report}");
}

#[test]
fn data_that_is_too_old_is_an_error_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    made(path);
    let archive = mirror(path).join("npm/all.zip");
    let old = std::time::SystemTime::now() - Duration::from_secs(10 * 86_400);
    fs::File::options().write(true).open(&archive).unwrap().set_modified(old).unwrap();
    said(dockgate(path).arg("feeds").arg("import").arg(&archive), 0);
    let (out, _) = said(dockgate(path).args(["feeds", "status", "--max-feed-age", "7"]), 1);
    assert!(out.contains("10 days, too old"), "{out}");
    let (_, err) = said(dockgate(path).args(["gate", "image.tar", "--max-feed-age", "7"]), 2);
    assert!(err.contains("npm is older than 7 days"), "{err}");
    said(dockgate(path).args(["gate", "image.tar", "--max-feed-age", "11", "--fail-on", "never"]), 0);
    let (_, err) = said(dockgate(path).args(["gate", "image.tar", "--max-feed-age", "11", "--feeds", "nowhere"]), 2);
    assert!(err.contains("there is no vulnerability data in nowhere"), "{err}");
    fs::write(path.join("feeds/npm.store"), b"rubbish").unwrap();
    let (_, err) = said(dockgate(path).args(["gate", "image.tar"]), 2);
    assert!(err.contains("is damaged"), "{err}");
}

/// Real images, where the folder that `DOCKGATE_IMAGES` names has them.
#[test]
fn real_images_give_exactly_the_expected_set() {
    let Some(images) = std::env::var_os("DOCKGATE_IMAGES").map(PathBuf::from) else {
        eprintln!("skipped: DOCKGATE_IMAGES names no folder with secret.docker.tar and node.docker.tar");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    said(dockgate(path).args(["feeds", "sync", "Debian", "npm", "--mirror"]).arg(mirror(path)), 0);
    let base = [
        "1 CVE-2005-2541+tar",
        "1 CVE-2010-4756+libc-bin",
        "1 CVE-2010-4756+libc6",
        "1 CVE-2011-3374+apt",
        "1 CVE-2011-3374+libapt-pkg6.0",
        "1 CVE-2023-45853+zlib1g",
    ];
    let secret = [
        "4 CVE-2015-3276+libldap-2.5-0",
        "4 CVE-2018-5709+libgssapi-krb5-2",
        "4 CVE-2018-5709+libk5crypto3",
        "4 CVE-2018-5709+libkrb5-3",
        "4 CVE-2018-5709+libkrb5support0",
        "4 CVE-2020-15778+openssh-client",
    ];
    let node = [
        "3 CVE-2026-22036+node-undici",
        "5 CVE-2020-28500+lodash",
        "5 CVE-2021-23337+lodash",
        "5 CVE-2021-3749+axios",
        "5 CVE-2021-44906+minimist",
        "5 CVE-2022-23539+jsonwebtoken",
        "5 CVE-2022-24999+qs",
        "5 CVE-2022-31129+moment",
        "5 CVE-2023-3696+mongoose",
        "5 CVE-2023-45857+axios",
        "5 CVE-2024-29041+express",
        "5 CVE-2024-43788+webpack",
        "5 CVE-2024-43799+send",
        "5 CVE-2024-45296+path-to-regexp",
        "5 CVE-2024-45590+body-parser",
        "5 CVE-2024-47764+cookie",
    ];
    for (name, own) in [("secret", &secret[..]), ("node", &node)] {
        let image = images.join(format!("{name}.docker.tar"));
        let dockerfile = images.join(format!("{name}.context/Dockerfile"));
        let mut command = dockgate(path);
        command.arg("gate").arg(&image).arg("--dockerfile").arg(&dockerfile);
        let (report, _) =
            said(command.args(["--select", "vulnerable-package", "--fail-on", "never", "--format", "json"]), 0);
        let expected: Vec<&str> = base.iter().chain(own).copied().collect();
        assert_eq!(vulnerabilities(&report), expected, "{name}");
    }
}
