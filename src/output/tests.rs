//! What the formats of other linters come out as: one report, hostile names and messages in it.

use serde_json::{Value, json};

use super::*;
use crate::check::{Coverage, Judged, PolicySummary, Scope, Waived};
use crate::finding::{Finding, ImagePlace, Place};
use crate::policy::Action;
use crate::rule::{self, Edition, Severity};
use crate::text::{SourceText, Span};

const HOSTILE: &str = "a\"b<c>&'d\u{1b}[31m\n::error::x";

fn judged(rule: &str, severity: Severity, place: Place, message: &str, fingerprint: &str) -> Judged {
    Judged {
        finding: Finding::new(rule::find(rule).unwrap(), place, message).severity(severity).help("mend it"),
        action: if severity == Severity::Error { Action::Stop } else { Action::Go },
        decided_by: None,
        trigger: None,
        waived: None,
        fingerprint: fingerprint.into(),
    }
}

/// Five findings: an error over a token, a hostile file and message, one of the whole file, one in an image, a waived one.
fn report() -> Report {
    let plain = SourceText::new("app/Dockerfile", "FROM debian\nRUN sudo x\n");
    let hostile = SourceText::new(format!("/x/{HOSTILE}"), "FROM debian\n");
    let at = |source, start, end| Place::source(source, Span::new(start, end));
    let image =
        Place::Image(ImagePlace { image: "docker-archive:out/x.tar".into(), path: Some("/k".into()), layer: None });
    let mut waived = judged("latest-base", Severity::Warning, at(&plain, 5, 11), "waived away", "5");
    waived.waived = Some(Waived { reason: "we <know>".into(), by: "policy:1".into() });
    Report {
        findings: vec![
            judged("sudo-used", Severity::Error, at(&plain, 16, 20), "sudo is used", "1"),
            waived,
            judged("untagged-base", Severity::Style, at(&hostile, 5, 11), HOSTILE, "2"),
            judged("key-file-copied", Severity::Info, Place::file_path("app/Dockerfile"), "of the file", "3"),
            judged("file-name-matched", Severity::Warning, image, "in the image", "4"),
        ],
        suppressed: Vec::new(),
        baselined: Vec::new(),
        compared: None,
        verdict: Action::Stop,
        policy: PolicySummary { name: "default".into(), ruleset: Edition(2026, 1) },
        scope: Scope::default(),
        image: None,
        layers: Vec::new(),
        dockerfiles: Vec::new(),
        coverage: Coverage::default(),
        notes: vec![format!("not checked: {HOSTILE}")],
        redactions: Default::default(),
    }
}

fn written(report: &Report, format: &str, quiet: bool) -> String {
    let mut out = Vec::new();
    write(report, Format::named(format).unwrap(), Style { quiet, ..Style::plain(100) }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn format(name: &str) -> String {
    written(&report(), name, false)
}

fn json_of(name: &str) -> Value {
    serde_json::from_str(&format(name)).unwrap()
}

#[test]
fn the_formats_of_other_tools_stay_as_they_are() {
    for name in ["tty", "gnu", "hadolint-json", "checkstyle", "codeclimate", "gitlab", "codacy", "sonarqube", "junit"] {
        insta::assert_snapshot!(name, format(name).replace('\0', "\\0\n"));
    }
}

#[test]
fn a_line_holds_one_finding_and_nothing_of_a_file_name_breaks_it() {
    let tty = format("tty");
    let lines: Vec<&str> = tty.lines().collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0], "app/Dockerfile:2 DL3004 error: sudo is used");
    assert_eq!(lines[1], r#"/x/a"b<c>&'d\x1b[31m\n::error::x:1 DL3006 style: a"b<c>&'d\x1b[31m\n::error::x"#);
    assert_eq!(format("gnu").lines().next(), Some("dockgate:app/Dockerfile:2:5: DL3004 error: sudo is used"));
    assert_eq!(written(&report(), "gnu", true).lines().count(), 1, "quiet leaves out what is GO");
}

#[test]
fn hadolints_json_is_an_array_of_its_six_fields() {
    let all = json_of("hadolint-json");
    assert_eq!(all.as_array().unwrap().len(), 4);
    let expected = json!({
        "code": "DL3004", "column": 5, "file": "app/Dockerfile", "level": "error", "line": 2, "message": "sudo is used"
    });
    assert_eq!(all[0], expected);
    assert_eq!(all[1]["message"], HOSTILE);
    let rest: Vec<_> = [2, 3].map(|i| (&all[i]["code"], &all[i]["file"], &all[i]["line"])).into();
    assert_eq!(
        rest[0],
        (&json!("key-file-copied"), &json!("app/Dockerfile"), &json!(1)),
        "no code of hadolint's: our id"
    );
    assert_eq!(rest[1], (&json!("file-name-matched"), &json!("out/x.tar"), &json!(1)));
}

#[test]
fn codes_and_levels_reach_code_quality_reports() {
    let gitlab = json_of("gitlab");
    let expected = json!({
        "type": "issue", "check_name": "DL3004", "description": "sudo is used", "categories": ["Bug Risk"],
        "severity": "blocker", "fingerprint": "1",
        "location": { "path": "app/Dockerfile", "lines": { "begin": 2, "end": 2 } }
    });
    assert_eq!(gitlab[0], expected);
    let severities: Vec<&Value> = gitlab.as_array().unwrap().iter().map(|i| &i["severity"]).collect();
    assert_eq!(severities, ["blocker", "minor", "info", "major"]);
    assert_eq!(gitlab[1]["location"]["path"], format!("x/{HOSTILE}"), "paths are below the repository");
    let engine = format("codeclimate");
    let issues: Vec<&str> = engine.split_terminator('\0').collect();
    assert_eq!(issues.len(), 4, "a null byte ends each");
    assert_eq!(serde_json::from_str::<Value>(issues[0]).unwrap(), expected);
    let codacy = format("codacy");
    let first: Value = serde_json::from_str(codacy.lines().next().unwrap()).unwrap();
    assert_eq!(
        first,
        json!({ "filename": "app/Dockerfile", "line": 2, "message": "sudo is used", "patternId": "DL3004" })
    );
}

#[test]
fn gitlab_is_told_of_vulnerabilities_alone() {
    let report = json_of("gitlab-sast");
    assert_eq!(report["version"], "15.0.7");
    assert_eq!(report["scan"]["start_time"], "1970-01-01T00:00:00");
    let found = report["vulnerabilities"].as_array().unwrap();
    let is_security = |id: &Value| rule::find(id.as_str().unwrap()).unwrap().tags.contains(&"security");
    assert!(found.iter().all(|v| is_security(&v["identifiers"][0]["value"])), "{found:?}");
    let sudo = found.iter().find(|v| v["identifiers"][0]["value"] == "sudo-used").unwrap();
    assert_eq!(sudo["severity"], "Critical", "an error that stops the run");
    assert_eq!(sudo["location"], json!({ "file": "app/Dockerfile", "start_line": 2, "end_line": 2 }));
    assert_eq!(sudo["solution"], "mend it");
    assert_eq!(sudo["id"].as_str().unwrap().len(), 36);
    assert!(found.iter().all(|v| v["description"] != "waived away"));
    assert!(report["scan"]["messages"][0]["value"].as_str().unwrap().starts_with("not checked: "));
}

#[test]
fn reviewdog_counts_columns_in_bytes_and_gets_one_suggestion() {
    use crate::finding::Fix;
    use crate::text::Edit;
    let source = SourceText::new("Dockerfile", "FROM a\nRUN \u{e4} sudo x && sudo y\n");
    let at = |start, end| Place::source(&source, Span::new(start, end));
    let mut one = judged("sudo-used", Severity::Error, at(14, 18), "sudo", "1");
    let edit = |start: usize, end: usize| Edit { span: Span::new(start, end), text: String::new() };
    one.finding = one.finding.fix(Fix::safe("take it out", vec![edit(24, 29), edit(14, 19)]));
    let mut report = Report { findings: vec![one], ..report() };
    let written = |report: &Report| serde_json::from_str::<Value>(&written(report, "rdjson", false)).unwrap();
    let shown = written(&report)["diagnostics"][0].clone();
    let range = json!({ "start": { "line": 2, "column": 8 }, "end": { "line": 2, "column": 12 } });
    assert_eq!((&shown["location"]["range"], &shown["severity"]), (&range, &json!("ERROR")));
    assert_eq!(shown["suggestions"][0]["text"], "x && ");
    assert_eq!(shown["suggestions"][0]["range"]["end"]["column"], 23);
    report.redactions.insert("Dockerfile".into(), vec![Span::new(19, 20)]);
    assert!(written(&report)["diagnostics"][0].get("suggestions").is_none(), "no secret is repeated");
}

#[test]
fn a_jobs_page_shows_the_lines() {
    let text = format("markdown");
    assert!(
        text.contains("`app/Dockerfile`\n\n```dockerfile\n     1  FROM debian\n>    2  RUN sudo x\n```\n"),
        "{text}"
    );
}

#[test]
fn the_page_holds_no_markup_of_a_file() {
    let html = format("html");
    assert!(html.contains("a&quot;b&lt;c&gt;&amp;&apos;d\\x1b[31m"), "{html}");
    assert_eq!(html.matches("<article class=\"f ").count(), 5, "waived ones are there, as such");
    assert_eq!(html.matches("data-action=\"waived\"").count(), 1);
    assert_eq!(html.matches("<script").count(), 1);
    for loaded in ["src=", "@import", "url(", "<link", "http://", "https://"] {
        assert!(!html.contains(loaded), "{loaded}");
    }
}

#[test]
fn sonarqube_gets_columns_from_zero_and_no_empty_range() {
    let issues = &json_of("sonarqube")["issues"];
    let expected = json!({
        "engineId": "dockgate", "ruleId": "DL3004", "severity": "CRITICAL", "type": "BUG",
        "primaryLocation": {
            "message": "sudo is used", "filePath": "app/Dockerfile",
            "textRange": { "startLine": 2, "endLine": 2, "startColumn": 4, "endColumn": 8 }
        }
    });
    assert_eq!(issues[0], expected);
    assert_eq!(issues[2]["primaryLocation"]["textRange"], json!({ "startLine": 1 }));
    let severities: Vec<&Value> = issues.as_array().unwrap().iter().map(|i| &i["severity"]).collect();
    assert_eq!(severities, ["CRITICAL", "INFO", "MINOR", "MAJOR"]);
}

/// Reads XML as far as these formats use it: the elements with their attributes, in order. Fails on what is not well formed.
fn elements(xml: &str) -> Vec<String> {
    let body = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
    assert!(body.chars().all(|c| c == '\n' || !c.is_control()), "no control character");
    let (mut open, mut found) = (Vec::new(), Vec::new());
    for piece in body.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap();
        assert!(!text.contains('>'));
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        for entity in text.split('&').skip(1).chain(tag.split('&').skip(1)) {
            let name = entity.split_once(';').unwrap().0;
            assert!(["amp", "lt", "gt", "quot", "apos", "#10", "#9", "#13"].contains(&name), "{name}");
        }
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None => {
                found.push(tag.trim_end_matches('/').to_owned());
                if !tag.ends_with('/') {
                    open.push(tag.split(' ').next().unwrap());
                }
            }
        }
    }
    assert!(open.is_empty());
    found
}

#[test]
fn checkstyle_is_well_formed_whatever_a_file_is_called() {
    let found = elements(&format("checkstyle"));
    assert_eq!(found[0], r#"checkstyle version="4.3""#);
    assert_eq!(found[1], r#"file name="app/Dockerfile""#);
    let error = r#"error line="2" column="5" severity="error" message="sudo is used" source="DL3004""#;
    assert_eq!(found[2], error);
    assert_eq!(found[3], r#"file name="/x/a&quot;b&lt;c&gt;&amp;&apos;d\x1b[31m&#10;::error::x""#);
}

#[test]
fn junit_counts_its_tests_and_says_what_was_not_looked_at() {
    let xml = format("junit");
    let found = elements(&xml);
    assert_eq!(found[0], r#"testsuites name="dockgate" tests="6" failures="4" errors="0""#);
    assert_eq!(found[4], r#"testsuite name="app/Dockerfile" tests="2" failures="1" errors="0" skipped="1""#);
    let test = r#"testcase classname="app/Dockerfile" name="DL3004 at 2:5" file="app/Dockerfile" line="2""#;
    assert_eq!(found[5], test);
    assert_eq!(found[6], r#"failure type="error" message="sudo is used""#);
    assert_eq!(found[8], r#"skipped message="waived: we &lt;know&gt;""#);
    assert!(xml.contains("<system-out>not checked: a&quot;b"), "{xml}");
    let empty = Report { findings: Vec::new(), ..report() };
    let found = elements(&written(&empty, "junit", false));
    assert_eq!(found[0], r#"testsuites name="dockgate" tests="1" failures="0" errors="0""#);
}

#[test]
fn every_format_has_a_name_of_its_own() {
    let mut names: Vec<&str> = Format::ALL.iter().flat_map(|f| f.aliases.iter().copied().chain([f.name])).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert_eq!(Format::named("gitlab_codeclimate").map(|f| f.name), Some("gitlab"));
    assert_eq!(Format::of_hadolint("json").map(|f| f.name), Some("hadolint-json"), "json is ours");
}
