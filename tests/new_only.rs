//! Only what is new counts: held against the image before, the commit a change is made to, and reports of earlier runs.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::{Value, json};

use crate::images::{Entry, Step, docker_archive};

const KEY: Entry = ("root/.ssh/id_rsa", 0o600, Some("not a key"));
const OTHER_KEY: Entry = ("root/.ssh/id_ed25519", 0o600, Some("not a key"));

/// An image of a base and the layer of one RUN.
fn image(folder: &Path, name: &str, own: &[Entry]) {
    let base = vec![("etc/os-release", 0o644, Some("ID=test\nVERSION_ID=1\n"))];
    let steps = [
        Step { created_by: "/bin/sh -c #(nop) ADD file:1 in / ", layer: Some(base) },
        Step { created_by: "/bin/sh -c make", layer: Some(own.to_vec()) },
    ];
    docker_archive(&folder.join(name), &steps, &json!({ "User": "10001" }));
}

struct Run {
    code: i32,
    out: Value,
    errors: String,
}

fn dockgate(folder: &Path, args: &[&str]) -> Run {
    let mut command = Command::cargo_bin("dockgate").unwrap();
    command.env_clear().env("NO_COLOR", "1").env("PATH", std::env::var("PATH").unwrap()).current_dir(folder);
    command.env("XDG_CACHE_HOME", folder.join("cache"));
    let output = command.args(args).output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: serde_json::from_slice(&output.stdout).unwrap_or_default(),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Run {
    /// Subjects of the findings of a rule.
    fn told(&self, rule: &str) -> Vec<&str> {
        let findings = self.out["findings"].as_array().unwrap_or_else(|| panic!("{}", self.errors));
        findings.iter().filter(|f| f["rule"] == rule).map(|f| f["subject"].as_str().unwrap_or_default()).collect()
    }

    /// `state rule` of the results of a SARIF report.
    fn states(&self) -> Vec<String> {
        let results = self.out["runs"][0]["results"].as_array().unwrap_or_else(|| panic!("{}", self.errors));
        let state = |r: &Value| format!("{} {}", r["baselineState"].as_str().unwrap(), r["ruleId"].as_str().unwrap());
        results.iter().map(state).collect()
    }
}

#[test]
fn an_image_is_held_against_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    image(path, "old.tar", &[KEY]);
    image(path, "same.tar", &[KEY]);
    image(path, "new.tar", &[KEY, OTHER_KEY]);
    let gate = |args: &[&str]| dockgate(path, &[&["gate"], args, &["--format", "json"]].concat());
    assert_eq!(gate(&["new.tar"]).told("file-name-matched").len(), 2);
    let run = gate(&["new.tar", "--previous", "old.tar", "--new-only"]);
    assert_eq!((run.code, run.told("file-name-matched")), (1, vec!["/root/.ssh/id_ed25519"]));
    assert!(run.out["baselined"].as_u64().unwrap() > 0);
    assert!(run.out["notes"].to_string().contains("only what is new counts, held against old.tar"));
    let run = gate(&["same.tar", "--previous", "old.tar", "--new-only"]);
    assert_eq!((run.code, run.out["verdict"].as_str()), (0, Some("GO")), "{}", run.out);
    let run = gate(&["same.tar", "--previous", "old.tar"]);
    assert_eq!(run.code, 1, "without --new-only the image before says only how much it grew");
    // The line that the finding stands at is another one, and what it is about is not.
    fs::write(path.join("Dockerfile"), "FROM test:2\nRUN make\n").unwrap();
    let run = gate(&["same.tar", "--previous", "old.tar", "--new-only", "--dockerfile", "Dockerfile"]);
    assert!(run.told("file-name-matched").is_empty(), "{}", run.out);
    assert_eq!(run.told("untagged-base").len() + run.told("missing-healthcheck").len(), 1, "no word on the Dockerfile");
    let run = gate(&["new.tar", "--new-only"]);
    assert!(run.code == 2 && run.errors.contains("--previous IMAGE"), "{}", run.errors);
    let run = gate(&["new.tar", "--new-only", "--previous", "none.tar"]);
    assert_eq!(run.code, 2, "what cannot be compared is an error: {}", run.errors);
}

#[test]
fn sarif_says_what_is_new_what_is_known_and_what_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    image(path, "old.tar", &[KEY]);
    image(path, "new.tar", &[OTHER_KEY]);
    let profile = |name: &str, args: &[&str]| {
        let run = dockgate(path, &[args, &["--format", "sarif", "--sarif-profile", name]].concat());
        fs::write(path.join("report.sarif"), run.out.to_string()).unwrap();
        let valid = dockgate(path, &["sarif", "validate", "report.sarif", "--sarif-profile", name]);
        assert_eq!(valid.code, 0, "{}", valid.errors);
        run
    };
    let compared = ["gate", "new.tar", "--previous", "old.tar", "--new-only"];
    let states = profile("generic", &compared).states();
    for state in ["new file-name-matched", "absent file-name-matched", "unchanged missing-image-healthcheck"] {
        let state = state.replace("missing-image-healthcheck", "healthcheck-missing-in-image");
        assert!(states.contains(&state), "{state}: {states:?}");
    }
    for reader in ["github", "gitlab", "sonar"] {
        let states = profile(reader, &compared).states();
        let has = |start: &str| states.iter().any(|state| state.starts_with(start));
        assert!(has("new ") && has("unchanged ") && !has("absent "), "what is missing would be closed: {states:?}");
    }
    // What a project lives with is no alert.
    assert_eq!(dockgate(path, &["gate", "old.tar", "--write-baseline", "lived.json"]).code, 0);
    let lived = ["gate", "new.tar", "--baseline", "lived.json"];
    let run = profile("github", &lived);
    assert!(run.states().iter().all(|state| state.starts_with("new ")), "{:?}", run.states());
    let told = &run.out["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    assert!(told.to_string().contains("that the baseline lists are not in this report"), "{told}");
    assert!(profile("generic", &lived).states().iter().any(|state| state.starts_with("unchanged ")));
    let plain = profile("generic", &["gate", "new.tar"]);
    assert!(plain.out["runs"][0]["results"][0]["baselineState"].is_null(), "nothing was compared");
}

#[test]
fn a_report_of_an_earlier_run_is_a_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    image(path, "old.tar", &[KEY]);
    image(path, "new.tar", &[KEY, OTHER_KEY]);
    assert_eq!(dockgate(path, &["gate", "old.tar", "--output", "sarif:old.sarif"]).code, 1);
    let args = ["gate", "new.tar", "--format", "json", "--new-only", "--baseline", "old.sarif"];
    let run = dockgate(path, &args);
    assert_eq!((run.code, run.told("file-name-matched")), (1, vec!["/root/.ssh/id_ed25519"]));
}

fn git(folder: &Path, args: &[&str]) {
    let mut command = std::process::Command::new("git");
    command.current_dir(folder).args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).args(args);
    assert!(command.status().unwrap().success(), "{args:?}");
}

#[test]
fn a_change_is_held_against_the_commit_it_is_made_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let write = |name: &str, text: &str| {
        fs::create_dir_all(path.join(name).parent().unwrap()).unwrap();
        fs::write(path.join(name), text).unwrap();
    };
    write("app/Dockerfile", "FROM debian\nCOPY . /srv/\nHEALTHCHECK NONE\nUSER app\n");
    write("app/id_rsa", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    git(path, &["init", "-q"]);
    git(path, &["add", "app"]);
    git(path, &["commit", "-q", "-m", "base"]);
    let check = |folder: &Path, args: &[&str]| dockgate(folder, &[&["check"], args, &["--format", "json"]].concat());
    assert_eq!(check(path, &["app"]).told("key-file-copied").len(), 1);
    let compared = ["--new-only", "--base-ref", "HEAD"];
    let run = check(path, &[&["app"], &compared[..]].concat());
    assert_eq!((run.code, run.out["findings"].as_array().unwrap().len()), (0, 0), "{}", run.out);
    // From a folder below the top too.
    let run = check(&path.join("app"), &[&["."], &compared[..]].concat());
    assert_eq!(run.out["findings"].as_array().unwrap().len(), 0, "{}", run.out);
    write("app/id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    write("app/Dockerfile", "# moved\nFROM debian\nCOPY . /srv/\nEXPOSE 22\nHEALTHCHECK NONE\nUSER app\n");
    let run = check(path, &[&["app"], &compared[..]].concat());
    assert_eq!((run.code, run.told("exposed-port").len(), run.told("untagged-base").len()), (1, 1, 0), "{}", run.out);
    assert_eq!(run.told("key-file-copied").len(), 1, "one more file is news: {}", run.out);
    write("new/Dockerfile", "FROM debian\n");
    let run = check(path, &[&["new"], &compared[..]].concat());
    assert_eq!(run.told("untagged-base").len(), 1, "a Dockerfile that is new is new whole");
    let run = check(path, &["app", "--new-only", "--base-ref", "gone"]);
    assert!(run.code == 2 && run.errors.contains("--base-ref"), "{}", run.errors);
}

#[test]
fn a_change_does_not_bring_its_own_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("Dockerfile"), "FROM debian:12\nEXPOSE 22\nHEALTHCHECK NONE\nUSER app\n").unwrap();
    git(path, &["init", "-q"]);
    git(path, &["add", "Dockerfile"]);
    git(path, &["commit", "-q", "-m", "base"]);
    assert_eq!(dockgate(path, &["lint", "Dockerfile", "--write-baseline", "known.json"]).code, 0);
    let lint = ["lint", "Dockerfile", "--baseline", "known.json", "--policy-from", "HEAD", "--format", "json"];
    assert_eq!(dockgate(path, &lint).code, 0, "what the job has fetched from elsewhere is taken");
    git(path, &["add", "known.json"]);
    let run = dockgate(path, &lint);
    assert!(run.code == 2 && run.errors.contains("part of the change"), "{}", run.errors);
    git(path, &["commit", "-q", "-m", "known"]);
    assert_eq!(dockgate(path, &lint).code, 0, "one that the ref has is that of the ref");
}
