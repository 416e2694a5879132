//! `docker build --check` and dockgate side by side: what the file asks of the checks, what it silences, where they stop.

use std::fs;

use assert_cmd::Command;
use serde_json::Value;

/// What `lint --policy` says of a Dockerfile, with an ignore file beside it.
fn lint(policy: &str, dockerfile: &str, ignored: &str, arguments: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
    fs::write(folder.path().join(".dockerignore"), ignored).unwrap();
    let mut command = Command::cargo_bin("dockgate").unwrap();
    command.env_clear().current_dir(&folder).args(["lint", "--policy", policy, "--format", "json", "Dockerfile"]);
    serde_json::from_slice(&command.args(arguments).output().unwrap().stdout).unwrap()
}

/// Rule and line of each entry of a list.
fn told(report: &Value, list: &str) -> Vec<(String, u64)> {
    let entry = |f: &Value| (f["rule"].as_str().unwrap().to_owned(), f["place"]["line"].as_u64().unwrap());
    report[list].as_array().unwrap().iter().map(entry).collect()
}

fn rules(rules: &[(&str, u64)]) -> Vec<(String, u64)> {
    rules.iter().map(|(rule, line)| ((*rule).to_owned(), *line)).collect()
}

#[test]
fn what_a_file_silences_is_left_out_and_counted() {
    let text = "# check=skip=MaintainerDeprecated,legacy-key-value\nFROM debian:12\nMAINTAINER me\nENV A b\n\
                # check=skip=all\nCMD one\n# check=skip=MultipleInstructionsDisallowed\nCMD two\n";
    let report = lint("buildkit", text, "", &[]);
    assert_eq!(told(&report, "findings"), rules(&[("shell-form-command", 8)]));
    let silenced = [("maintainer-used", 3), ("legacy-key-value", 4), ("duplicate-cmd", 6), ("shell-form-command", 6)];
    assert_eq!(told(&report, "suppressed"), rules(&silenced));
    let by: Vec<_> =
        report["suppressed"].as_array().unwrap().iter().map(|s| s["by"]["line"].as_u64().unwrap()).collect();
    assert_eq!(by, [1, 1, 7, 5], "a replaced CMD is silenced at the one that replaces it");
    let replaced = lint("buildkit", text, "", &["--build-arg", "BUILDKIT_DOCKERFILE_CHECK=skip=LegacyKeyValueFormat"]);
    assert_eq!(told(&replaced, "findings"), rules(&[("maintainer-used", 3), ("shell-form-command", 8)]));
}

#[test]
fn a_file_can_ask_for_its_build_to_fail_on_them() {
    let verdict = |text: &str| lint("default", text, "", &[])["verdict"].as_str().unwrap().to_owned();
    let body = "FROM debian:12\nMAINTAINER me\nUSER 1\nHEALTHCHECK NONE\n";
    assert_ne!(verdict(body), "STOP");
    assert_eq!(verdict(&format!("# check=error=true\n{body}")), "STOP");
    assert_ne!(verdict(&format!("# check=error=true;skip=MaintainerDeprecated\n{body}")), "STOP");
}

#[test]
fn an_experimental_check_is_asked_for() {
    let body = "\n# a remark\nFROM debian:12 AS build\n";
    assert!(told(&lint("buildkit", body, "", &[]), "findings").is_empty());
    let asked = format!("# check=experimental=InvalidDefinitionDescription;skip=all\n{body}");
    assert_eq!(told(&lint("buildkit", &asked, "", &[]), "findings"), rules(&[("misleading-description", 4)]));
}

#[test]
fn past_an_error_only_other_policies_go_on() {
    let text = "FROM debian:12\nENV A b\nLABEL \"open\nWORKDIR x\n";
    let of = |policy, text: &str| {
        let report = lint(policy, text, "", &[]);
        let names = ["parse-error", "legacy-key-value", "workdir-relative-to-base"];
        told(&report, "findings").into_iter().filter(|(rule, _)| names.contains(&rule.as_str())).collect::<Vec<_>>()
    };
    let error = ("parse-error", 3);
    assert_eq!(of("default", text), rules(&[("legacy-key-value", 2), error, ("workdir-relative-to-base", 4)]));
    assert_eq!(
        of("buildkit", "FROM debian:12\nENV A b\nCOPY \"a b c\nWORKDIR x\n"),
        rules(&[("legacy-key-value", 2), error])
    );
    // What a build argument can mend is no error.
    let text = "ARG BASE\nFROM $BASE\nENV A b\n";
    assert_eq!(of("buildkit", text), rules(&[("legacy-key-value", 3)]));
    assert_eq!(of("buildkit", "# check=skip\nFROM debian:12\nENV A b\n"), rules(&[("parse-error", 1)]));
}

#[test]
fn a_target_leaves_out_what_it_does_not_need_and_triggers_fire_at_from() {
    let text = "FROM debian:12 AS base\nONBUILD ENV A b\nFROM debian:12 AS other\nENV C d\nFROM base AS app\n";
    assert_eq!(
        told(&lint("buildkit", text, "", &[]), "findings"),
        rules(&[("legacy-key-value", 4), ("legacy-key-value", 5)])
    );
    let target = lint("buildkit", text, "", &["--target", "app"]);
    assert_eq!(told(&target, "findings"), rules(&[("legacy-key-value", 5)]));
    assert_eq!(target["findings"][0]["related"][0]["place"]["line"], 2);
}

#[test]
fn the_ignore_file_beside_the_dockerfile_is_used() {
    let text = "FROM scratch\nARG D=dist\nCOPY ${D}/a $D/keep/b /\nCOPY . /\n";
    assert_eq!(
        told(&lint("buildkit", text, "dist\n!dist/keep\n", &[]), "findings"),
        rules(&[("ignored-file-copied", 3)])
    );
    let broken = lint("buildkit", text, "[\n", &[]);
    assert!(told(&broken, "findings").is_empty());
    assert!(broken["notes"][0].as_str().unwrap().contains("line 1 of .dockerignore"), "{}", broken["notes"]);
}
