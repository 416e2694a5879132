//! Vulnerability data end to end: downloaded from a server that misbehaves, imported, matched against images, and decided
//! about by every trigger that asks for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use assert_cmd::Command;
use dockgate::feeds::{FeedError, Mirror, Patience, Store, SyncStep, Synced, WriteLock};
use dockgate::packages::PackageKind;
use dockgate::rule;
use serde_json::{Value, json};

use crate::images::{Entry, Step, docker_archive};

/// An archive of records, as a feed has it.
fn archive(records: &[Value]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for record in records {
        let name = format!("{}.json", record["id"].as_str().unwrap());
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(record.to_string().as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn record(id: &str, ecosystem: &str, package: &str, fixed: &str) -> Value {
    json!({
        "id": id, "modified": "2026-01-01T00:00:00Z", "summary": format!("a flaw of {package} whose text is long enough to fill some bytes {id}"),
        "affected": [{ "package": { "ecosystem": ecosystem, "name": package },
                       "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }, { "fixed": fixed }] }] }],
    })
}

/// Answers one request after another with what it is told, and remembers the requests.
struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for answer in answers {
                let Ok((mut connection, _)) = listener.accept() else { return };
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && connection.read(&mut byte).is_ok_and(|n| n == 1) {
                    request.push(byte[0]);
                }
                seen.lock().unwrap().push(String::from_utf8_lossy(&request).to_lowercase());
                let _ = connection.write_all(&answer);
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// An answer whose body may be shorter than it says.
fn answer(status: &str, headers: &[(&str, &str)], length: usize, body: &[u8]) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    [text.as_bytes(), b"\r\n", body].concat()
}

fn whole(body: &[u8], headers: &[(&str, &str)]) -> Vec<u8> {
    answer("200 OK", headers, body.len(), body)
}

const PATIENCE: Patience = Patience { tries: 3, pause: Duration::from_millis(1), longest: Duration::from_millis(1500) };

/// Synchronises npm from a server.
fn sync(folder: &Path, server: &Server) -> Result<Synced, FeedError> {
    let lock = WriteLock::take(folder).unwrap();
    lock.sync("npm", &Mirror::parse(&server.url), PATIENCE, &|_: SyncStep<'_>| {})
}

fn records(folder: &Path) -> u64 {
    Store::open(folder).unwrap().sources.iter().map(|s| s.description().records).sum()
}

fn many(count: usize) -> Vec<Value> {
    (0..count).map(|i| record(&format!("GHSA-{i:04}"), "npm", &format!("package-{i}"), "1.0.0")).collect()
}

/// A folder with one record of an earlier sync.
fn with_old_data() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let old = archive(&many(1));
    sync(folder.path(), &Server::start(vec![whole(&old, &[("etag", "\"old\"")])])).unwrap();
    assert_eq!(records(folder.path()), 1);
    folder
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_stopped() {
    let folder = with_old_data();
    let body = archive(&many(50));
    let half = body.len() / 2;
    let range = format!("bytes {half}-{}/{}", body.len() - 1, body.len());
    let server = Server::start(vec![
        answer("200 OK", &[("etag", "\"new\"")], body.len(), &body[..half]),
        answer(
            "206 Partial Content",
            &[("etag", "\"new\""), ("content-range", &range)],
            body.len() - half,
            &body[half..],
        ),
    ]);
    assert!(matches!(sync(folder.path(), &server).unwrap(), Synced::New(_)));
    assert_eq!(records(folder.path()), 50);
    let requests = server.requests();
    assert!(requests[0].contains("if-none-match: \"old\""), "{}", requests[0]);
    assert!(
        requests[1].contains(&format!("range: bytes={half}-")) && requests[1].contains("if-range: \"new\""),
        "{}",
        requests[1]
    );
    assert!(fs::read_dir(folder.path()).unwrap().all(|e| !e.unwrap().file_name().to_string_lossy().contains(".part")));
}

#[test]
fn a_download_that_never_ends_leaves_the_old_data_and_its_part_for_the_next_run() {
    let folder = with_old_data();
    let body = archive(&many(50));
    let half = body.len() / 2;
    let broken = || answer("200 OK", &[("etag", "\"new\"")], body.len(), &body[..half]);
    // A server without ranges begins anew each time.
    let error = sync(folder.path(), &Server::start(vec![broken(), broken(), broken()])).unwrap_err();
    assert!(matches!(&error, FeedError::Interrupted { got, .. } if *got == half as u64), "{error}");
    assert!(error.help().unwrap().contains("goes on where it stopped"));
    assert_eq!(records(folder.path()), 1);
    let range = format!("bytes {half}-{}/{}", body.len() - 1, body.len());
    let rest = answer(
        "206 Partial Content",
        &[("etag", "\"new\""), ("content-range", &range)],
        body.len() - half,
        &body[half..],
    );
    sync(folder.path(), &Server::start(vec![rest])).unwrap();
    assert_eq!(records(folder.path()), 50);
}

#[test]
fn a_part_of_something_else_is_thrown_away() {
    let folder = with_old_data();
    let (first, second) = (archive(&many(50)), archive(&many(20)));
    let half = first.len() / 2;
    let server = Server::start(vec![
        answer("200 OK", &[("etag", "\"a\"")], first.len(), &first[..half]),
        // It changed meanwhile: the server sends it whole.
        whole(&second, &[("etag", "\"b\"")]),
    ]);
    sync(folder.path(), &server).unwrap();
    assert_eq!(records(folder.path()), 20);
}

#[test]
fn a_wrong_checksum_is_told_and_the_old_data_stays() {
    for header in [
        ("x-goog-hash", "crc32c=AAAAAA==,md5=AAAAAAAAAAAAAAAAAAAAAA=="),
        ("content-md5", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ("repr-digest", "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"),
    ] {
        let folder = with_old_data();
        let body = archive(&many(5));
        let error = sync(folder.path(), &Server::start(vec![whole(&body, &[header])])).unwrap_err();
        assert!(matches!(&error, FeedError::Checksum { .. }), "{header:?} {error}");
        assert_eq!(records(folder.path()), 1);
        sync(folder.path(), &Server::start(vec![whole(&body, &[])])).unwrap();
        assert_eq!(records(folder.path()), 5, "nothing of the wrong file is used");
    }
    // The checksum of what is sent.
    let folder = tempfile::tempdir().unwrap();
    let body = archive(&many(5));
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&body);
    let right = format!("sha-256={}", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest));
    sync(folder.path(), &Server::start(vec![whole(&body, &[("digest", &right)])])).unwrap();
    assert_eq!(records(folder.path()), 5);
}

#[test]
fn a_truncated_archive_or_a_page_in_its_place_is_told() {
    let body = archive(&many(50));
    let mut flipped = body.clone();
    flipped[200] ^= 0xff;
    for wrong in [&body[..body.len() - 300], b"<html>sign in</html>", &flipped] {
        let folder = with_old_data();
        let error = sync(folder.path(), &Server::start(vec![whole(wrong, &[("etag", "\"w\"")])])).unwrap_err();
        assert!(error.to_string().contains("/npm/all.zip"), "{error}");
        assert_eq!(records(folder.path()), 1);
        let right = Server::start(vec![whole(&body, &[])]);
        sync(folder.path(), &right).unwrap();
        assert!(!right.requests()[0].contains("range:"), "what was whole and broken is not gone on with");
        assert_eq!(records(folder.path()), 50);
    }
}

#[test]
fn nothing_new_costs_one_request() {
    let folder = with_old_data();
    let before = Store::open(folder.path()).unwrap().sources[0].checked;
    std::thread::sleep(Duration::from_millis(1100));
    // Conditions hold for the address they were made at, so the server must be the same one.
    let folder_of_new = tempfile::tempdir().unwrap();
    let server = Server::start(vec![
        whole(&archive(&many(2)), &[("etag", "\"v\""), ("last-modified", "Wed, 21 Oct 2015 07:28:00 GMT")]),
        answer("304 Not Modified", &[], 0, b""),
    ]);
    sync(folder_of_new.path(), &server).unwrap();
    assert!(matches!(sync(folder_of_new.path(), &server).unwrap(), Synced::Unchanged));
    let second = &server.requests()[1];
    assert!(second.contains("if-none-match: \"v\"") && second.contains("if-modified-since: wed, 21 oct"), "{second}");
    assert_eq!(records(folder_of_new.path()), 2);
    assert!(Store::open(folder_of_new.path()).unwrap().sources[0].checked >= before);
}

#[test]
fn a_busy_server_is_waited_for_as_long_as_it_asks() {
    let folder = with_old_data();
    let body = archive(&many(3));
    let busy = |seconds: &str| answer("429 Too Many Requests", &[("retry-after", seconds)], 0, b"");
    let started = std::time::Instant::now();
    sync(folder.path(), &Server::start(vec![busy("1"), whole(&body, &[])])).unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(records(folder.path()), 3);
    // Longer than anybody waits: told at once.
    let error = sync(folder.path(), &Server::start(vec![busy("86400")])).unwrap_err();
    assert!(matches!(error, FeedError::TooBusy { seconds: 86400, .. }), "{error}");
    let gone = sync(folder.path(), &Server::start(vec![answer("404 Not Found", &[], 0, b"")])).unwrap_err();
    assert!(gone.to_string().contains("404"), "{gone}");
    assert_eq!(records(folder.path()), 3);
}

#[test]
fn a_password_in_an_address_is_not_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(vec![answer("403 Forbidden", &[], 0, b"")]);
    let url = server.url.replace("http://", "http://user:hunter2@");
    let lock = WriteLock::take(folder.path()).unwrap();
    let error = lock.sync("npm", &Mirror::parse(&url), PATIENCE, &|_| {}).unwrap_err();
    assert!(error.to_string().contains("403") && !error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn one_at_a_time_writes() {
    let folder = tempfile::tempdir().unwrap();
    let first = WriteLock::take(folder.path()).unwrap();
    assert!(matches!(WriteLock::take(folder.path()), Err(FeedError::Locked { .. })));
    drop(first);
    WriteLock::take(folder.path()).unwrap();
}

#[test]
fn registries_are_asked_about_names_and_what_they_lack_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let document = br#"{"dist-tags": {"latest": "1.3.0"}, "versions": {"1.2.0": {}, "1.3.0": {}}}"#;
    let server = Server::start(vec![whole(document, &[]), answer("404 Not Found", &[], 0, b"")]);
    let lock = WriteLock::take(folder.path()).unwrap();
    let names = ["@a/left-pad".to_owned(), "no-such".to_owned()];
    let asked = lock.sync_registry(PackageKind::Npm, &names, &Mirror::parse(&server.url), PATIENCE, &|_| {}).unwrap();
    assert_eq!(asked, (1, 1));
    assert!(server.requests()[0].starts_with("get /@a%2fleft-pad "), "{}", server.requests()[0]);
    let registries = Store::open(folder.path()).unwrap().registries;
    assert_eq!(registries.get(PackageKind::Npm, "@a/left-pad").unwrap().latest.as_deref(), Some("1.3.0"));
    assert!(!registries.get(PackageKind::Npm, "no-such").unwrap().is_known());
    assert!(registries.get(PackageKind::Npm, "other").is_none());
}

fn dockgate(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("dockgate").unwrap();
    command.env_clear().env("NO_COLOR", "1").env("DOCKGATE_FEEDS", folder.join("feeds")).current_dir(folder);
    command
}

fn said(command: &mut Command, code: i32) -> (String, String) {
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

const RELEASE: Entry = ("etc/os-release", 0o644, Some("ID=debian\nVERSION_ID=\"12\"\n"));
const STATUS: &str = "var/lib/dpkg/status";
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
    assert!(out.contains("npm: 12 records (1 withdrawn left out)"), "{out}");
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
    let (_, err) = said(dockgate(path).args(gate).args(["--vulns", "Dockerfile"]), 2);
    assert!(err.contains("no JSON report of grype or trivy"), "{err}");
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

/// A store with a record of each severity, two registries, and nothing else.
fn tables() -> &'static Path {
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
        let records = [
            debian("CVE-2025-0001", "of-unknown", "not yet assigned", None, None),
            debian("CVE-2025-0002", "of-negligible", "unimportant", None, None),
            debian("CVE-2025-0003", "of-low", "low", Some("9"), None),
            debian("CVE-2025-0004", "of-medium", "medium", Some("9"), None),
            debian("CVE-2025-0005", "of-high", "high", None, Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N")),
            debian("CVE-2025-0006", "of-critical", "not yet assigned", Some("9"), Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")),
            record("GHSA-1", "npm", "left-pad", "9.0.0"),
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
    fn write(self, path: &Path, is_base: bool) {
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
        let (base, own) = if is_base { (entries, nothing) } else { (nothing, entries) };
        let steps = [
            Step { created_by: "/bin/sh -c #(nop) ADD file:01 in / ", layer: Some(base) },
            Step { created_by: "RUN /bin/sh -c make # buildkit", layer: Some(own) },
        ];
        docker_archive(&path.join("image.tar"), &steps, &json!({}));
        fs::write(path.join("Dockerfile"), "FROM example.test/base:1\nRUN make\n").unwrap();
    }

    /// Trigger, action and trigger id of everything that a policy finds.
    fn judged(self, policy: &str, file: &str, is_base: bool) -> Vec<(String, String, String)> {
        let folder = tempfile::tempdir().unwrap();
        self.write(folder.path(), is_base);
        fs::write(folder.path().join(file), policy).unwrap();
        let mut command = dockgate(tables());
        command.current_dir(folder.path());
        let args = [
            "gate",
            "image.tar",
            "--dockerfile",
            "Dockerfile",
            "--policy",
            file,
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

#[test]
fn every_line_of_2017_finds_what_it_asks_for_and_nothing_else() {
    for (line, fires, id, silent) in LINES {
        let mut fields = line.splitn(4, ':');
        let trigger = [fields.next().unwrap(), fields.next().unwrap()].join(":");
        let action = fields.next().unwrap();
        let found = fires.judged(line, "p.policy", false);
        assert!(found.iter().any(|(t, a, i)| *t == trigger && a == action && i == id), "{line} finds {found:?}");
        // Of a gem nothing was looked up, and that is told with a WARN.
        let found = silent.judged(line, "p.policy", false);
        let is_told = |f: &(String, String, String)| {
            matches!(silent, Holds::Gem(..)) && f.0.starts_with("ANCHORESEC") && f.1 == "WARN"
        };
        assert!(found.iter().all(is_told), "{line} finds {found:?}");
    }
}

type Rule = (&'static str, &'static [(&'static str, &'static str)], Holds, Holds);

/// A rule of the engine, an image it finds something in, and one it finds nothing in.
const RULES: &[Rule] = &[
    ("vulnerabilities:package", &[], Holds::Deb("of-low"), Holds::Deb("fine")),
    (
        "vulnerabilities:package",
        &[("package_type", "os"), ("severity", "high"), ("severity_comparison", ">=")],
        Holds::Deb("of-critical"),
        Holds::Deb("of-medium"),
    ),
    ("vulnerabilities:package", &[("severity", "high")], Holds::Deb("of-high"), Holds::Deb("of-critical")),
    (
        "vulnerabilities:package",
        &[("severity", "medium"), ("severity_comparison", "<")],
        Holds::Deb("of-low"),
        Holds::Deb("of-medium"),
    ),
    (
        "vulnerabilities:package",
        &[("severity", "medium"), ("severity_comparison", "<=")],
        Holds::Deb("of-medium"),
        Holds::Deb("of-high"),
    ),
    (
        "vulnerabilities:package",
        &[("severity", "medium"), ("severity_comparison", ">")],
        Holds::Deb("of-high"),
        Holds::Deb("of-medium"),
    ),
    (
        "vulnerabilities:package",
        &[("severity", "medium"), ("severity_comparison", "!=")],
        Holds::Deb("of-high"),
        Holds::Deb("of-medium"),
    ),
    ("vulnerabilities:package", &[("fix_available", "true")], Holds::Deb("of-low"), Holds::Deb("of-high")),
    ("vulnerabilities:package", &[("fix_available", "false")], Holds::Deb("of-high"), Holds::Deb("of-low")),
    ("vulnerabilities:package", &[("vendor_only", "true")], Holds::Deb("of-low"), Holds::Deb("of-negligible")),
    ("vulnerabilities:package", &[("max_days_since_creation", "30")], Holds::Deb("of-low"), Holds::Deb("fine")),
    (
        "vulnerabilities:package",
        &[("fix_available", "true"), ("max_days_since_fix", "30")],
        Holds::Deb("of-low"),
        Holds::Deb("of-high"),
    ),
    (
        "vulnerabilities:package",
        &[("cvss_v3_base_score", "9"), ("cvss_v3_base_score_comparison", ">=")],
        Holds::Deb("of-critical"),
        Holds::Deb("of-high"),
    ),
    (
        "vulnerabilities:package",
        &[("cvss_v3_exploitability_score", "3.9"), ("cvss_v3_exploitability_score_comparison", "=")],
        Holds::Deb("of-high"),
        Holds::Deb("of-low"),
    ),
    (
        "vulnerabilities:package",
        &[("cvss_v3_impact_score", "4"), ("cvss_v3_impact_score_comparison", "<")],
        Holds::Deb("of-high"),
        Holds::Deb("of-critical"),
    ),
    (
        "vulnerabilities:package",
        &[("vendor_cvss_v3_base_score", "9"), ("vendor_cvss_v3_base_score_comparison", "<")],
        Holds::Deb("of-high"),
        Holds::Deb("of-critical"),
    ),
    (
        "vulnerabilities:package",
        &[("vendor_cvss_v3_exploitability_score", "3"), ("vendor_cvss_v3_exploitability_score_comparison", ">")],
        Holds::Deb("of-high"),
        Holds::Deb("of-low"),
    ),
    (
        "vulnerabilities:package",
        &[("vendor_cvss_v3_impact_score", "5"), ("vendor_cvss_v3_impact_score_comparison", ">=")],
        Holds::Deb("of-critical"),
        Holds::Deb("of-high"),
    ),
    ("vulnerabilities:package", &[("inherited_from_base", "false")], Holds::Deb("of-low"), Holds::Deb("fine")),
    ("vulnerabilities:package", &[("package_type", "npm")], Holds::Npm("left-pad", "1.0.0"), Holds::Deb("of-high")),
    ("vulnerabilities:package", &[("package_type", "non-os")], Holds::Npm("left-pad", "1.0.0"), Holds::Deb("of-high")),
    (
        "vulnerabilities:package",
        &[("package_path_exclude", "/app/.*")],
        Holds::Deb("of-high"),
        Holds::Npm("left-pad", "1.0.0"),
    ),
    (
        "vulnerabilities:blacklist",
        &[("vulnerability_ids", "CVE-2025-0005,CVE-1")],
        Holds::Deb("of-high"),
        Holds::Deb("of-low"),
    ),
    (
        "vulnerabilities:denylist",
        &[("vulnerability_ids", "CVE-2025-0002,CVE-2025-0005"), ("vendor_only", "true")],
        Holds::Deb("of-high"),
        Holds::Deb("of-negligible"),
    ),
    ("vulnerabilities:vulnerability_data_unavailable", &[], Holds::Unknown, Holds::Deb("of-high")),
    ("npms:newer_version_in_feed", &[], Holds::Npm("left-pad", "1.3.0"), Holds::Npm("left-pad", "1.3.1")),
    ("npms:unknown_in_feeds", &[], Holds::Npm("never-published", "1"), Holds::Npm("left-pad", "1.3.1")),
    ("npms:version_not_in_feeds", &[], Holds::Npm("left-pad", "1.3.0"), Holds::Npm("left-pad", "1.3.1")),
    ("npms:feed_data_unavailable", &[], Holds::Npm("nobody-asked", "1"), Holds::Npm("left-pad", "1.3.0")),
    ("ruby_gems:newer_version_found_in_feed", &[], Holds::Gem("rake", "13.0.6"), Holds::Gem("rake", "13.1.0")),
    ("ruby_gems:not_found_in_feed", &[], Holds::Gem("never-published", "1"), Holds::Gem("rake", "13.1.0")),
    ("ruby_gems:version_not_found_in_feed", &[], Holds::Gem("rake", "13.0.5"), Holds::Gem("rake", "13.0.6")),
    ("ruby_gems:feed_data_unavailable", &[], Holds::Gem("nobody-asked", "1"), Holds::Gem("rake", "13.0.6")),
];

fn engine(trigger: &str, params: &[(&str, &str)]) -> String {
    let (gate, name) = trigger.split_once(':').unwrap();
    let params: Vec<Value> = params.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    json!({ "rules": [{ "gate": gate, "trigger": name, "action": "STOP", "params": params }] }).to_string()
}

#[test]
fn every_rule_of_the_engine_finds_what_it_asks_for_and_nothing_else() {
    for (trigger, params, fires, silent) in RULES {
        let policy = engine(trigger, params);
        let found = fires.judged(&policy, "p.json", false);
        assert!(found.iter().any(|(t, a, _)| t == trigger && a == "STOP"), "{trigger} {params:?} finds {found:?}");
        let found = silent.judged(&policy, "p.json", false);
        assert!(found.is_empty(), "{trigger} {params:?} finds {found:?}");
    }
    let of_base = engine("vulnerabilities:package", &[("inherited_from_base", "true")]);
    assert!(!Holds::Deb("of-low").judged(&of_base, "p.json", true).is_empty());
    assert!(Holds::Deb("of-low").judged(&of_base, "p.json", false).is_empty());
    let stale = |days: &str| {
        Holds::Deb("fine").judged(
            &engine("vulnerabilities:stale_feed_data", &[("max_days_since_sync", days)]),
            "p.json",
            false,
        )
    };
    assert!(!stale("2").is_empty() && stale("100000").is_empty());
}

#[test]
fn every_trigger_over_feeds_has_a_row() {
    let lines = LINES.iter().map(|(line, ..)| line.split(':').take(2).collect::<Vec<_>>().join(":"));
    let rules = RULES.iter().map(|(trigger, ..)| trigger.replace("denylist", "blacklist"));
    let rows: BTreeSet<String> = lines.chain(rules).chain(["vulnerabilities:stale_feed_data".to_owned()]).collect();
    let of_feeds = |r: &&rule::Rule| r.tags.contains(&"vulnerabilities") || r.tags.contains(&"registry-data");
    let mut params: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in rule::all().iter().filter(of_feeds) {
        for trigger in rule.triggers {
            assert!(rows.contains(*trigger), "{trigger} has no row");
        }
        for param in rule.params.iter().filter_map(|p| p.anchore) {
            *params.entry(param).or_default() +=
                LINES.iter().filter(|(line, ..)| line.contains(&format!("{param}="))).count();
        }
    }
    assert!(params.values().all(|rows| *rows > 0), "{params:?}");
}
