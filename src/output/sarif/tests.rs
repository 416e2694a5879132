//! One assertion a property of the format, by hand: a snapshot would freeze a mistake.

use serde_json::{Value, json};

use super::*;
use crate::check::{Coverage, Judged, PolicySummary, Repository, Scope, Suppressed, Waived};
use crate::finding::{Finding, ImagePlace, LayerRef, Place};
use crate::output::{Format, Style, write};
use crate::policy::Action;
use crate::rule::{self, Edition, Severity};
use crate::text::{SourceText, Span};

fn judged(rule: &str, place: Place, message: &str, fingerprint: &str) -> Judged {
    Judged {
        finding: Finding::new(rule::find(rule).unwrap(), place, message),
        action: Action::Warn,
        decided_by: None,
        trigger: None,
        waived: None,
        fingerprint: fingerprint.into(),
    }
}

fn report(findings: Vec<Judged>) -> Report {
    Report {
        findings,
        suppressed: Vec::new(),
        baselined: Vec::new(),
        compared: None,
        verdict: Action::Warn,
        policy: PolicySummary { name: "default".into(), ruleset: Edition(2026, 1) },
        scope: Scope { dockerfile: Some("app/Dockerfile".into()), ..Scope::default() },
        image: None,
        layers: Vec::new(),
        dockerfiles: Vec::new(),
        coverage: Coverage::default(),
        notes: Vec::new(),
        redactions: Default::default(),
    }
}

/// One waived, one at an empty place with a second place, one in an image, and one silenced by a comment.
fn mixed() -> Report {
    let source = SourceText::new("app/Dockerfile", "FROM debian\nRUN sudo x\n");
    let at = |start, end| Place::source(&source, Span::new(start, end));
    let layer = LayerRef { index: 2, diff_id: "sha256:00".into() };
    let image = ImagePlace { image: "docker-archive:out/x.tar".into(), path: Some("/a b".into()), layer: Some(layer) };
    let mut waived = judged("untagged-base", at(5, 11), "no tag", "1");
    waived.waived = Some(Waived { reason: "we know".into(), by: "policy:1".into() });
    let mut second = judged("sudo-used", at(16, 16), "sudo [x](9) is used", "2");
    second.finding = second.finding.related(at(0, 4), "the [base]");
    let mut report = report(vec![waived, second, judged("file-name-matched", Place::Image(image), "a file", "3")]);
    report.suppressed = vec![Suppressed {
        finding: Finding::new(rule::find("latest-base").unwrap(), at(5, 11), "latest"),
        reason: "ours".into(),
        by: Some(at(0, 4)),
    }];
    report
}

fn written(report: &Report, profile: Profile) -> Value {
    let mut out = Vec::new();
    let style = Style { sarif: profile, ..Style::plain(100) };
    write(report, Format::named("sarif").unwrap(), style, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn results(sarif: &Value) -> &Vec<Value> {
    sarif["runs"][0]["results"].as_array().unwrap()
}

#[test]
fn what_is_waived_is_no_alert_where_suppressions_are_not_read() {
    for profile in [Profile::Github, Profile::Sonar] {
        let sarif = written(&mixed(), profile);
        assert_eq!(results(&sarif).len(), 2);
        let note = &sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
        assert!(note.as_str().unwrap().starts_with("1 waived findings and 1 silenced by comments"), "{note}");
    }
    for profile in [Profile::Gitlab, Profile::Generic] {
        let sarif = written(&mixed(), profile);
        let kinds: Vec<&Value> = results(&sarif).iter().map(|r| &r["suppressions"][0]["kind"]).collect();
        assert_eq!(kinds, [&json!("external"), &Value::Null, &Value::Null, &json!("inSource")]);
        assert_eq!(results(&sarif)[0]["suppressions"][0]["justification"], "we know");
        assert!(results(&sarif)[1]["rank"].as_f64().unwrap() > 40.0);
    }
}

#[test]
fn places_are_where_services_look_for_them() {
    let sarif = written(&mixed(), Profile::Github);
    let (second, in_image) = (&results(&sarif)[0], &results(&sarif)[1]);
    assert_eq!(second["message"]["text"], "sudo [x] (9) is used.\nSee [the base](1).");
    assert_eq!(second["relatedLocations"][0]["id"], 1);
    let physical = &in_image["locations"][0]["physicalLocation"];
    assert_eq!(physical["artifactLocation"], json!({ "uri": "out/x.tar/a%20b", "uriBaseId": "%SRCROOT%" }));
    let logical = &in_image["locations"][0]["logicalLocations"];
    assert_eq!((&logical[0]["name"], &logical[1]["name"]), (&json!("/a b"), &json!("layer 3")));
    assert_eq!(in_image["partialFingerprints"]["primaryLocationLineHash"], "3", "no line to hash");
    let region =
        |profile| written(&mixed(), profile)["runs"][0]["results"][0]["locations"][0]["physicalLocation"].clone();
    assert_eq!(region(Profile::Github)["region"]["endColumn"], 5);
    assert_eq!(region(Profile::Sonar)["region"], json!({ "startLine": 2 }), "SonarQube refuses empty ranges");
}

#[test]
fn rules_say_all_that_their_pages_say() {
    let sarif = written(&mixed(), Profile::Github);
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let sudo = rules.iter().find(|rule| rule["id"] == "sudo-used").unwrap();
    assert!(sudo["help"]["markdown"].as_str().unwrap().starts_with("## What\n"));
    assert!(sudo["help"]["text"].as_str().unwrap().starts_with("What\n"));
    assert!(sudo["properties"]["tags"].as_array().unwrap().iter().any(|tag| tag.as_str().unwrap().starts_with("CWE-")));
    assert_eq!(sudo["name"], "SudoUsed");
    for result in results(&sarif) {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
}

#[test]
fn the_worst_findings_stay_when_there_is_no_room_for_all() {
    let source = SourceText::new("Dockerfile", "FROM debian\n");
    let many = (0..6_000).map(|number| {
        let place = Place::source(&source, Span::new(5, 11));
        let mut one = judged("untagged-base", place, &format!("finding {number}"), &format!("{number:x}"));
        one.action = if number >= 5_500 { Action::Stop } else { Action::Go };
        one
    });
    let report = report(many.collect());
    let sarif = written(&report, Profile::Github);
    assert_eq!(results(&sarif).len(), 5_000);
    assert_eq!(results(&sarif)[4_999]["message"]["text"], "finding 5999.", "the order is the report's");
    assert_eq!(results(&sarif).iter().filter(|r| r["properties"]["action"] == "STOP").count(), 500);
    let note = sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].as_str().unwrap();
    assert!(note.contains("worst 5000 of 6000") && note.contains("0 STOP, 0 WARN and 1000 GO are left out"), "{note}");
    assert_eq!(results(&written(&report, Profile::Generic)).len(), 6_000);
}

#[test]
fn a_report_says_what_it_is_of() {
    let mut report = mixed();
    report.scope.repository = Some(Repository {
        url: "https://git.test/a/b".into(),
        revision: Some("0a1b".into()),
        branch: Some("main".into()),
    });
    let sarif = written(&report, Profile::Github);
    let run = &sarif["runs"][0];
    assert_eq!(run["versionControlProvenance"][0]["revisionId"], "0a1b");
    assert_eq!(run["automationDetails"]["id"], "dockgate/lint/app/Dockerfile/");
    report.scope.category = Some("mine".into());
    assert_eq!(written(&report, Profile::Github)["runs"][0]["automationDetails"]["id"], "mine/");
}

#[test]
fn what_services_refuse_is_found() {
    let good = written(&mixed(), Profile::Generic);
    assert_eq!(validate(&good, Profile::Generic), []);
    let broken = |pointer: &str, value: Value| {
        let mut sarif = good.clone();
        *sarif.pointer_mut(pointer).unwrap() = value;
        let faults = validate(&sarif, Profile::Generic);
        assert!(!faults.is_empty(), "{pointer}");
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    for (pointer, value, said) in [
        ("/version", json!("2.0.0"), "error: /version: it is not \"2.1.0\""),
        ("/runs", json!([]), "error: /runs: there is no run"),
        ("/runs/0/tool/driver/name", json!(""), "error: /runs/0/tool/driver/name: it is missing or empty"),
        ("/runs/0/results/0/ruleId", json!(""), "error: /runs/0/results/0/ruleId: it is missing or empty"),
        ("/runs/0/results/0/ruleIndex", json!(1), "error: /runs/0/results/0/ruleIndex: it is 1, and"),
        ("/runs/0/results/0/level", json!("fatal"), "error: /runs/0/results/0/level: it is not one of"),
        ("/runs/0/results/0/locations", json!([]), "a result without a place"),
        ("/runs/0/results/0/rank", json!(200), "from 0 to 100"),
        ("/runs/0/results/0/message/text", json!("see [a](7)"), "it links to place 7"),
        (
            "/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri",
            json!("https://x.test/a"),
            "`https:` is not the work tree",
        ),
        ("/runs/0/results/0/locations/0/physicalLocation/region/startLine", json!(0), "from 1 on"),
        ("/runs/0/results/0/locations/0/physicalLocation/region/endColumn", json!(2), "it ends before it starts"),
        ("/runs/0/results/0/guid", json!(7), "not of SARIF's form"),
        ("/runs/0/automationDetails/id", json!("app/0a1b2c3/"), "warning: /runs/0/automationDetails/id"),
    ] {
        let mut path = pointer.rsplitn(2, '/');
        let (name, parent) = (path.next().unwrap(), path.next().unwrap());
        let told = if good.pointer(pointer).is_some() {
            broken(pointer, value)
        } else {
            let mut sarif = good.clone();
            sarif.pointer_mut(parent).unwrap()[name] = value;
            validate(&sarif, Profile::Generic).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        assert!(told.contains(said), "{pointer}: {told}");
    }
    let twice = json!({ "version": "2.1.0", "runs": [good["runs"][0], good["runs"][0]] });
    assert!(validate(&twice, Profile::Generic)[0].message.contains("a second run of dockgate"));
}

#[test]
fn reports_of_one_category_become_one_run() {
    let (first, mut second) = (written(&mixed(), Profile::Generic), written(&mixed(), Profile::Generic));
    second["runs"][0]["results"][1]["partialFingerprints"]["dockgate/v1"] = json!("other");
    let merged = merge(&[first.clone(), second]);
    assert_eq!(merged["runs"].as_array().unwrap().len(), 1);
    assert_eq!(results(&merged).len(), 5);
    assert_eq!(validate(&merged, Profile::Generic), []);
    let mut third = first.clone();
    third["runs"][0]["automationDetails"]["id"] = json!("else/");
    assert_eq!(merge(&[first, third])["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn a_comparison_knows_what_is_new_and_what_is_gone() {
    let old = written(&mixed(), Profile::Generic);
    let mut new = old.clone();
    let results_of_new = new["runs"][0]["results"].as_array_mut().unwrap();
    results_of_new.remove(0);
    results_of_new[0]["locations"][0]["physicalLocation"]["region"] = json!({ "startLine": 40 });
    results_of_new[1]["message"]["text"] = json!("told otherwise");
    results_of_new[2]["partialFingerprints"]["dockgate/v1"] = json!("fresh");
    let compared = compare(&old, &new);
    let states: Vec<&Value> = results(&compared.sarif).iter().map(|r| &r["baselineState"]).collect();
    assert_eq!(states, ["unchanged", "updated", "new", "absent", "absent"]);
    assert_eq!((compared.added.len(), compared.gone.len(), compared.unchanged), (1, 2, 2));
    assert!(compared.gone.iter().any(|line| line == "app/Dockerfile:1: untagged-base: no tag."), "{:?}", compared.gone);
    assert_eq!(validate(&compared.sarif, Profile::Generic), []);
}

#[test]
fn severity_is_the_level() {
    let mut report = mixed();
    report.findings[1].finding.severity = Severity::Style;
    assert_eq!(results(&written(&report, Profile::Github))[0]["level"], "note");
}
