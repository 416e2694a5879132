//! Shell pitfalls: codes as names, the linter that speaks, and the real ShellCheck beside the built-in one.

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

const DOCKERFILE: &str = "FROM debian:12\nARG A\nRUN cd /srv; \\\n    # where it goes\n    cp $files \\\n      \"$A\" $(ls)\n\
                          RUN <<EOF\nread name && echo \"$name\"\nEOF\nONBUILD RUN echo 'é' $HOME\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("dockgate").unwrap();
    command.env_clear().env("NO_COLOR", "1").current_dir(folder).args(arguments).output().unwrap()
}

/// `line:column code` of each finding, those of other rules left out.
fn places(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let pitfalls = findings.filter(|f| f["rule"] == "shell-pitfall" && f["waived"].is_null());
    pitfalls
        .map(|f| format!("{}:{} {}", f["place"]["line"], f["place"]["column"], f["code"].as_str().unwrap()))
        .collect()
}

fn report(folder: &Path, arguments: &[&str]) -> Value {
    let output = run(folder, &[&["lint", "--format", "json", "Dockerfile"], arguments].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn every_pitfall_is_reported_in_its_place() {
    let folder = folder(&[("Dockerfile", DOCKERFILE)]);
    let report = report(folder.path(), &[]);
    assert_eq!(
        places(&report),
        ["3:5 SC2164", "5:8 SC2086", "5:8 SC2154", "6:12 SC2046", "8:1 SC2162", "10:22 SC2086"]
    );
    assert_eq!(
        (&report["coverage"]["shell_engine"], &report["coverage"]["shell_scripts"]),
        (&"built-in".into(), &3.into())
    );
    let cd = &report["findings"].as_array().unwrap().iter().find(|f| f["code"] == "SC2164").unwrap();
    assert_eq!(
        (&cd["aliases"][0], &cd["severity"], &cd["action"]),
        (&"SC2164".into(), &"warning".into(), &"WARN".into())
    );
}

#[test]
fn a_code_is_a_name_wherever_a_rule_is_named() {
    let policy = "extends = \"default\"\n[rules]\nSC2164 = \"stop\"\nSC2086 = \"off\"\nsc2046 = { severity = \"error\" }\n\
                  [[waiver]]\nrule = \"SC2162\"\nreason = \"no backslashes here\"\n";
    let one = "named-only = true\n[rules]\nSC2162 = \"warn\"\n";
    let none = "extends = \"policy.toml\"\n[rules]\nshell-pitfall = \"off\"\n";
    let folder = folder(&[("Dockerfile", DOCKERFILE), ("policy.toml", policy), ("one.toml", one), ("none.toml", none)]);
    let with = |arguments: &[&str]| places(&report(folder.path(), arguments));
    assert_eq!(with(&["--select", "SC2164,SC2162"]), ["3:5 SC2164", "8:1 SC2162"]);
    assert_eq!(
        with(&["--select", "shell-pitfall", "--ignore", "sc2086,SC2154"]),
        ["3:5 SC2164", "6:12 SC2046", "8:1 SC2162"]
    );
    assert_eq!(with(&["--policy", "policy.toml"]), ["3:5 SC2164", "5:8 SC2154", "6:12 SC2046"]);
    assert_eq!(with(&["--policy", "one.toml"]), ["8:1 SC2162"]);
    assert_eq!(with(&["--policy", "none.toml"]), Vec::<String>::new());

    let off = report(folder.path(), &["--policy", "none.toml"]);
    assert_eq!(off["coverage"]["shell_engine"], Value::Null);
    let judged = report(folder.path(), &["--policy", "policy.toml"]);
    let of = |code: &str| judged["findings"].as_array().unwrap().iter().find(|f| f["code"] == code).unwrap().clone();
    assert_eq!((&of("SC2164")["action"], &of("SC2164")["policy_line"]["line"]), (&"STOP".into(), &3.into()));
    assert_eq!((&of("SC2046")["action"], &of("SC2046")["severity"]), (&"STOP".into(), &"error".into()));
    assert_eq!(of("SC2162")["waived"]["reason"], "no backslashes here");

    let page = String::from_utf8(run(folder.path(), &["explain", "SC2086"]).stdout).unwrap();
    assert!(page.starts_with("shell-pitfall: ") && page.contains("https://www.shellcheck.net/wiki/SC2086"), "{page}");
    assert_eq!(run(folder.path(), &["explain", "SC20866"]).status.code(), Some(2));
}

#[test]
fn a_shellcheck_that_must_be_there_and_is_not_is_an_error() {
    let folder = folder(&[("Dockerfile", DOCKERFILE)]);
    let mut command = Command::cargo_bin("dockgate").unwrap();
    let arguments = ["lint", "--shellcheck", "always", "Dockerfile"];
    let output =
        command.env_clear().env("PATH", folder.path()).current_dir(folder.path()).args(arguments).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("shellcheck cannot be run") && told.contains("--shellcheck never"), "{told}");
}

#[test]
fn the_real_shellcheck_says_the_same() {
    let there = std::process::Command::new("shellcheck").arg("--version").output().is_ok();
    if !there {
        eprintln!("skipped: shellcheck is not on the PATH");
        return;
    }
    let folder = folder(&[("Dockerfile", DOCKERFILE), (".shellcheckrc", "disable=SC2086\n")]);
    let mut command = Command::cargo_bin("dockgate").unwrap();
    let arguments = ["lint", "--format", "json", "--shellcheck", "always", "Dockerfile"];
    let output =
        command.env("SHELLCHECK_OPTS", "-e SC2164").current_dir(folder.path()).args(arguments).output().unwrap();
    let real: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(places(&real), places(&report(folder.path(), &[])), "a configuration that lies about changes nothing");
    assert!(real["coverage"]["shell_engine"].as_str().unwrap().starts_with("shellcheck 0."), "{}", real["coverage"]);
}
