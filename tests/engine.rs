//! Every trigger of Anchore's engine that is answered to: a rule of a JSON policy, an image that it must find something
//! in, and one that it must find nothing in.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use dockgate::rule;
use serde_json::{Value, json};

use crate::images::{Entry, Step, docker_archive};

/// An image: its files, its config, and its Dockerfile when it is judged with one.
#[derive(Clone, Copy, Default)]
struct Made {
    files: &'static [Entry],
    config: &'static str,
    dockerfile: Option<&'static str>,
}

const fn files(files: &'static [Entry]) -> Made {
    Made { files, config: "{}", dockerfile: None }
}

const fn config(config: &'static str) -> Made {
    Made { files: &[("x", 0o644, Some(""))], config, dockerfile: None }
}

const fn built_from(dockerfile: &'static str) -> Made {
    Made { files: &[("x", 0o644, Some(""))], config: "{}", dockerfile: Some(dockerfile) }
}

const STATUS: &str = "var/lib/dpkg/status";
const CURL: Made = files(&[(STATUS, 0o644, Some("Package: curl\nStatus: install ok installed\nVersion: 7.88-1\n\n"))]);
const NEWER_CURL: Made =
    files(&[(STATUS, 0o644, Some("Package: curl\nStatus: install ok installed\nVersion: 8.1-1\n\n"))]);
const LARGE: Made = files(&[("x", 0o644, Some("")), ("y", 0o644, Some("")), ("z", 0o644, Some("z"))]);
const TAR: Made = files(&[(STATUS, 0o644, Some("Package: tar\nStatus: install ok installed\nVersion: 1.3\n\n"))]);
const NOTHING: Made = files(&[("x", 0o644, Some(""))]);
const PASSWD: Made = files(&[(
    "etc/passwd",
    0o644,
    Some("root:x:0:0:root:/root:/bin/bash\napp:x:10001:20:App:/app:/usr/sbin/nologin\n"),
)]);
const APP: Made = files(&[("etc/passwd", 0o644, Some("app:x:10001:20:App:/app:/usr/sbin/nologin\n"))]);
const KEY: Made = files(&[("root/.ssh/id_rsa", 0o600, Some("-----BEGIN RSA PRIVATE KEY-----\n"))]);
const SETGID: Made = files(&[("bin/wall", 0o2755, Some("x"))]);
const LEFT_PAD: Made = files(&[(
    "app/node_modules/left-pad/package.json",
    0o644,
    Some("{\"name\": \"left-pad\", \"version\": \"1.3.0\", \"license\": \"WTFPL\"}"),
)]);
const RAKE: Made = files(&[(
    "usr/lib/ruby/gems/3.1.0/specifications/rake-13.0.6.gemspec",
    0o644,
    Some(
        "Gem::Specification.new do |s|\n  s.name = \"rake\".freeze\n  s.version = \"13.0.6\"\n  s.licenses = [\"MIT\".freeze]\nend\n",
    ),
)]);
const DEBIAN: Made = files(&[("etc/os-release", 0o644, Some("ID=debian\nVERSION_ID=\"12\"\n"))]);

/// `gate:trigger`, parameters, and the two images; a trigger that is never silent has no second.
type Row = (&'static str, &'static [(&'static str, &'static str)], Made, Option<Made>);

const ROWS: &[Row] = &[
    ("always:always", &[], NOTHING, None),
    (
        "dockerfile:effective_user",
        &[("users", "root,0"), ("type", "blacklist")],
        config(r#"{"User": "root"}"#),
        Some(config(r#"{"User": "app"}"#)),
    ),
    (
        "dockerfile:effective_user",
        &[("users", "app"), ("type", "allowlist")],
        config("{}"),
        Some(config(r#"{"User": "app"}"#)),
    ),
    (
        "dockerfile:exposed_ports",
        &[("ports", "22,23"), ("type", "denylist")],
        config(r#"{"ExposedPorts": {"22/tcp": {}}}"#),
        Some(config(r#"{"ExposedPorts": {"80/tcp": {}}}"#)),
    ),
    (
        "dockerfile:exposed_ports",
        &[("ports", "80"), ("type", "whitelist"), ("actual_dockerfile_only", "false")],
        config(r#"{"ExposedPorts": {"22/tcp": {}}}"#),
        Some(config(r#"{"ExposedPorts": {"80/tcp": {}}}"#)),
    ),
    (
        "dockerfile:instruction",
        &[("instruction", "RUN"), ("check", "like"), ("value", ".*sudo.*"), ("actual_dockerfile_only", "true")],
        built_from("FROM a:1\nRUN sudo make\n"),
        Some(built_from("FROM a:1\nRUN make\n")),
    ),
    (
        "dockerfile:instruction",
        &[("instruction", "HEALTHCHECK"), ("check", "not_exists")],
        built_from("FROM a:1\n"),
        Some(built_from("FROM a:1\nHEALTHCHECK NONE\n")),
    ),
    (
        "dockerfile:instruction",
        &[("instruction", "FROM"), ("check", "not_in"), ("value", "a:1, b:1")],
        built_from("FROM c:1\n"),
        Some(built_from("FROM b:1\n")),
    ),
    ("dockerfile:no_dockerfile_provided", &[], NOTHING, Some(built_from("FROM a:1\n"))),
    (
        "files:attribute_match",
        &[("filename", "/bin/wall"), ("mode", "2755"), ("mode_op", "equals"), ("skip_missing", "true")],
        SETGID,
        Some(NOTHING),
    ),
    (
        "files:attribute_match",
        &[("filename", "/bin/wall"), ("mode", "0755"), ("skip_missing", "false")],
        NOTHING,
        Some(SETGID),
    ),
    (
        "files:attribute_match",
        &[
            ("filename", "/bin/wall"),
            ("checksum_algorithm", "sha256"),
            ("checksum", "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"),
            ("checksum_match", "not_equals"),
        ],
        files(&[("bin/wall", 0o755, Some("y"))]),
        Some(SETGID),
    ),
    ("files:content_regex_match", &[("regex_name", ".*BEGIN.*")], KEY, Some(NOTHING)),
    ("files:name_match", &[("regex", ".*/id_rsa$")], KEY, Some(NOTHING)),
    ("files:suid_or_guid_set", &[], SETGID, Some(KEY)),
    ("licenses:blacklist_exact_match", &[("licenses", "WTFPL,GPL")], LEFT_PAD, Some(RAKE)),
    ("licenses:denylist_partial_match", &[("licenses", "WTF")], LEFT_PAD, Some(RAKE)),
    ("malware:scan_not_run", &[], NOTHING, None),
    ("malware:scans", &[], NOTHING, None),
    ("metadata:attribute", &[("attribute", "distro"), ("check", "="), ("value", "debian")], DEBIAN, Some(NOTHING)),
    ("metadata:attribute", &[("attribute", "size"), ("check", ">"), ("value", "2KB")], LARGE, Some(NOTHING)),
    ("npms:blacklisted_name_version", &[("name", "left-pad"), ("version", "1.3.0")], LEFT_PAD, Some(RAKE)),
    ("npms:denylisted_name_version", &[("name", "left-pad")], LEFT_PAD, Some(RAKE)),
    ("npms:feed_data_unavailable", &[], LEFT_PAD, None),
    ("npms:newer_version_in_feed", &[], LEFT_PAD, None),
    ("npms:unknown_in_feeds", &[], LEFT_PAD, None),
    ("npms:version_not_in_feeds", &[], LEFT_PAD, None),
    ("packages:blacklist", &[("name", "curl")], CURL, Some(TAR)),
    ("packages:denylist", &[("name", "curl"), ("version", "7.88-1")], CURL, Some(TAR)),
    ("packages:required_package", &[("name", "curl")], TAR, Some(CURL)),
    (
        "packages:required_package",
        &[("name", "curl"), ("version", "7.90"), ("version_match_type", "minimum")],
        CURL,
        Some(NEWER_CURL),
    ),
    ("passwd_file:blacklist_full_entry", &[("entry", "root:x:0:0:root:/root:/bin/bash")], PASSWD, Some(APP)),
    ("passwd_file:blacklist_groupids", &[("group_ids", "0")], PASSWD, Some(APP)),
    ("passwd_file:blacklist_shells", &[("shells", "/bin/bash,/bin/sh")], PASSWD, Some(APP)),
    ("passwd_file:blacklist_userids", &[("user_ids", "0")], PASSWD, Some(APP)),
    ("passwd_file:denylist_usernames", &[("user_names", "root")], PASSWD, Some(APP)),
    ("passwd_file:content_not_available", &[], NOTHING, Some(PASSWD)),
    (
        "retrieved_files:content_match",
        &[("path", "/etc/passwd"), ("check", "match"), ("value", "^root:")],
        PASSWD,
        Some(APP),
    ),
    (
        "retrieved_files:content_match",
        &[("path", "/etc/passwd"), ("check", "no_match"), ("value", "^root:")],
        APP,
        Some(PASSWD),
    ),
    ("retrieved_files:content_not_available", &[("path", "/etc/passwd")], NOTHING, Some(PASSWD)),
    ("ruby_gems:blacklist", &[("name", "rake")], RAKE, Some(LEFT_PAD)),
    ("ruby_gems:denylist", &[("name", "rake"), ("version", "13.0.6")], RAKE, Some(LEFT_PAD)),
    ("ruby_gems:feed_data_unavailable", &[], RAKE, None),
    ("ruby_gems:newer_version_found_in_feed", &[], RAKE, None),
    ("ruby_gems:not_found_in_feed", &[], RAKE, None),
    ("ruby_gems:version_not_found_in_feed", &[], RAKE, None),
    (
        "secret_scans:content_regex_checks",
        &[("content_regex_name", "PRIV_KEY"), ("match_type", "found")],
        KEY,
        Some(NOTHING),
    ),
    ("vulnerabilities:blacklist", &[("vulnerability_ids", "CVE-1")], CURL, None),
    (
        "vulnerabilities:package",
        &[("package_type", "all"), ("severity_comparison", ">="), ("severity", "high"), ("fix_available", "true")],
        CURL,
        None,
    ),
    ("vulnerabilities:stale_feed_data", &[("max_days_since_sync", "2")], CURL, None),
    ("vulnerabilities:vulnerability_data_unavailable", &[], CURL, None),
];

impl Made {
    /// Trigger, action and message of everything a policy of one rule finds.
    fn judged(&self, trigger: &str, params: &[(&str, &str)]) -> Vec<(String, String, String)> {
        let folder = tempfile::tempdir().unwrap();
        let run: Value = serde_json::from_str(self.config).unwrap();
        let steps = [Step { created_by: "COPY a / # buildkit", layer: Some(self.files.to_vec()) }];
        docker_archive(&folder.path().join("image.tar"), &steps, &run);
        let (gate, name) = trigger.split_once(':').unwrap();
        let params: Vec<Value> = params.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        let policy = json!({ "rules": [{ "gate": gate, "trigger": name, "action": "WARN", "params": params }] });
        fs::write(folder.path().join("policy.json"), policy.to_string()).unwrap();
        let mut args = vec!["gate", "image.tar", "--policy", "policy.json", "--format", "json"];
        if let Some(dockerfile) = self.dockerfile {
            fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
            args.extend(["--dockerfile", "Dockerfile"]);
        }
        let report = judge(folder.path(), &args);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let findings = report["findings"].as_array().unwrap_or_else(|| panic!("{report}"));
        findings.iter().map(|f| (text(&f["trigger"]), text(&f["action"]), text(&f["message"]))).collect()
    }
}

fn judge(folder: &Path, args: &[&str]) -> Value {
    let mut command = Command::cargo_bin("dockgate").unwrap();
    let output = command.env_clear().current_dir(folder).args(args).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{args:?}: {errors}"))
}

#[test]
fn every_rule_finds_what_it_asks_for_and_nothing_else() {
    for (trigger, params, fires, silent) in ROWS {
        let found = fires.judged(trigger, params);
        let is_found = found.iter().any(|(t, action, _)| t == trigger && action == "WARN");
        assert!(is_found, "{trigger} {params:?} finds nothing: {found:?}");
        if let Some(silent) = silent {
            let found = silent.judged(trigger, params);
            assert!(found.is_empty(), "{trigger} {params:?} finds {found:?}");
        }
    }
}

#[test]
fn every_trigger_has_a_row() {
    let rows: BTreeSet<String> = ROWS.iter().map(|(trigger, ..)| trigger.replace("denylist", "blacklist")).collect();
    for trigger in rule::all().iter().flat_map(|r| r.triggers).filter(|t| t.contains(|c: char| c.is_ascii_lowercase()))
    {
        assert!(rows.contains(*trigger), "{trigger} has no row");
    }
}
