//! Comments that silence findings, and hadolint's configuration, as the command's users meet them.

use std::collections::BTreeSet;
use std::fs;

use assert_cmd::Command;
use serde_json::Value;

/// What `lint` makes of a Dockerfile, with other files beside it: exit code and report.
fn lint(dockerfile: &str, files: &[(&str, &str)], arguments: &[&str], variables: &[(&str, &str)]) -> (i32, Value) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
    for (path, text) in files {
        fs::write(folder.path().join(path), text).unwrap();
    }
    let mut command = Command::cargo_bin("dockgate").unwrap();
    command.env_clear().envs(variables.iter().copied()).current_dir(folder.path());
    let output = command.args(["lint", "--format", "json"]).args(arguments).output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    assert!(!report.is_null(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), report)
}

/// `line rule` of each finding in a list of the report.
fn rows(report: &Value, list: &str) -> BTreeSet<String> {
    let findings = report[list].as_array().unwrap();
    findings.iter().map(|f| format!("{} {}", f["place"]["line"], f["rule"].as_str().unwrap())).collect()
}

fn set(rows: &[&str]) -> BTreeSet<String> {
    rows.iter().map(|row| (*row).to_owned()).collect()
}

const SUDO: [&str; 4] = ["--select", "sudo-used,latest-base,unused-ignore,inline-ignore-used", "--policy", "default"];

#[test]
fn each_kind_of_comment_covers_what_it_says() {
    let dockerfile = "\
# hadolint global ignore=DL3007
FROM a:latest
# hadolint ignore=DL3004
RUN sudo a
RUN sudo b
# dockgate: ignore[sudo-used] it is meant
RUN x && \\
    sudo c
RUN x && \\
    # dockgate: ignore[DL3004] it is meant too
    sudo d
# hadolint stage ignore=DL3004
FROM b:1
RUN sudo e
";
    let (_, report) = lint(dockerfile, &[], &["--select", "sudo-used,latest-base,unused-ignore"], &[]);
    assert_eq!(rows(&report, "findings"), set(&["5 sudo-used"]));
    let silenced = ["2 latest-base", "4 sudo-used", "8 sudo-used", "11 sudo-used", "14 sudo-used"];
    assert_eq!(rows(&report, "suppressed"), set(&silenced));
    let reasons: Vec<&str> =
        report["suppressed"].as_array().unwrap().iter().map(|s| s["reason"].as_str().unwrap()).collect();
    assert!(reasons.contains(&"it is meant too"), "{reasons:?}");
    assert_eq!(report["suppressed"][0]["by"]["line"], 1);
}

#[test]
fn a_comment_that_silences_nothing_is_told() {
    let dockerfile = "\
FROM a:1
# hadolint ignore=DL3004,DL3007
RUN sudo a
# dockgate: ignore[sudo-used]
RUN sudo b
# dockgate: ignore[sudo-usd] why
RUN c
# hadolint ignore=DL3004

RUN d
# hadolint ignore=DL3008,SC2086
RUN e
# hadolint global ignore=DL1001
";
    let (_, report) = lint(dockerfile, &[], &SUDO, &[]);
    let unused: BTreeSet<String> =
        rows(&report, "findings").into_iter().filter(|row| row.ends_with("unused-ignore")).collect();
    let expected = ["2 unused-ignore", "4 unused-ignore", "6 unused-ignore", "8 unused-ignore", "13 unused-ignore"];
    assert_eq!(unused, set(&expected), "nothing is said of DL3008 and SC2086, which have not run");
    let messages: Vec<&str> =
        report["findings"].as_array().unwrap().iter().map(|f| f["message"].as_str().unwrap()).collect();
    for part in [
        "`DL3007` finds nothing here",
        "not honoured: it gives no reason",
        "`sudo-usd` is no rule, so this silences nothing (did you mean `sudo-used`?)",
        "stands where it covers nothing",
        "no comment can silence `DL1001`",
    ] {
        assert!(messages.iter().any(|message| message.contains(part)), "{part}: {messages:?}");
    }
    assert!(rows(&report, "findings").contains("5 sudo-used"));
}

#[test]
fn a_policy_can_refuse_to_be_silenced() {
    let dockerfile = "FROM a:1\n# dockgate: ignore[sudo-used] no\nRUN sudo a\n";
    let policy = ("gate.toml", "ruleset = \"2026.1\"\nextends = \"default\"\ninline-ignores = false\n");
    let (code, report) = lint(dockerfile, &[policy], &["--policy", "gate.toml", "--select", "sudo-used"], &[]);
    assert_eq!((code, rows(&report, "findings")), (1, set(&["3 sudo-used"])));
    assert_eq!(rows(&report, "suppressed"), set(&[]));
}

#[test]
fn hadolints_configuration_counts_under_its_policy_alone() {
    let dockerfile = "FROM a:latest\n# hadolint ignore=DL3004\nRUN sudo a\nUSER 1\nLABEL a=b\n";
    let config = (
        ".hadolint.yaml",
        "ignored: [DL3007]\noverride:\n  style: [DL3004]\nstrict-labels: true\nlabel-schema: {a: text}\ndisable-ignore-pragma: true\n",
    );
    let under = |policy: &str, files: &[(&str, &str)], variables: &[(&str, &str)]| {
        let (code, report) = lint(
            dockerfile,
            files,
            &["--policy", policy, "--ignore", "DL3004", "--ignore", "unused-ignore"],
            variables,
        );
        (code, rows(&report, "findings"))
    };
    assert_eq!(under("hadolint", &[], &[]), (1, set(&["1 latest-base"])));
    assert_eq!(under("hadolint", &[config], &[]), (0, set(&[])));
    assert_eq!(under("hadolint", &[], &[("HADOLINT_IGNORE", "DL3007")]), (0, set(&[])));
    assert!(under("default", &[config], &[("HADOLINT_IGNORE", "DL3007")]).1.contains("1 latest-base"));
    let (code, report) = lint(dockerfile, &[config], &["--policy", "hadolint"], &[]);
    assert_eq!((code, rows(&report, "findings")), (0, set(&["3 sudo-used"])), "it is style now, and not silenced");
    assert_eq!(report["policy"]["name"], "hadolint with .hadolint.yaml");
}
