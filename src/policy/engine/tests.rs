use std::collections::BTreeSet;

use super::*;
use crate::policy::anchore::is_of_2017;
use crate::rule;

fn runs(name: &str, params: &[(&str, &str)]) -> Result<Vec<String>, String> {
    let (gate, trigger) = name.split_once(':').unwrap();
    let Known::Answered(found) = find(gate, trigger) else { panic!("{name} is not answered to") };
    let runs = found.runs(&params.iter().copied().collect()).map_err(|fault| fault.to_string())?;
    Ok(runs.iter().map(|(rule, params)| format!("{} {params:?}", rule.id)).collect())
}

#[test]
fn pages_and_table_name_the_same_triggers() {
    let on_pages: BTreeSet<&str> =
        rule::all().iter().flat_map(|r| r.triggers).copied().filter(|t| !is_of_2017(t)).collect();
    let in_table: BTreeSet<&str> = names().collect();
    assert_eq!(on_pages, in_table);
    assert!(TRIGGERS.iter().map(|t| t.name).is_sorted());
}

#[test]
fn every_trigger_runs_rules_with_parameters_they_have() {
    let words = BTreeMap::from([
        ("check", "exists"),
        ("type", "blacklist"),
        ("instruction", "RUN"),
        ("users", "root"),
        ("ports", "22"),
        ("filename", "/x"),
        ("regex", "/x"),
        ("regex_name", "x"),
        ("licenses", "GPL"),
        ("attribute", "size"),
        ("name", "curl"),
        ("entry", "x"),
        ("group_ids", "0"),
        ("user_ids", "0"),
        ("user_names", "x"),
        ("shells", "/x"),
        ("path", "/x"),
        ("value", "x"),
        ("vulnerability_ids", "CVE-1"),
        ("max_days_since_sync", "2"),
    ]);
    for trigger in TRIGGERS {
        let mut given = words.clone();
        if trigger.name == "retrieved_files:content_match" {
            given.insert("check", "match");
        }
        let runs = trigger.runs(&given).unwrap_or_else(|e| panic!("{}: {e}", trigger.name));
        for (rule, params) in runs {
            super::super::layer::params(rule, params).unwrap_or_else(|e| panic!("{}: {e}", trigger.name));
            let versions =
                [catalogue::DENIED_PACKAGE_VERSION, catalogue::DENIED_NPM_VERSION, catalogue::DENIED_GEM_VERSION];
            assert!(rule.triggers.contains(&trigger.name) || versions.contains(&rule), "{}", trigger.name);
        }
    }
}

#[test]
fn parameters_mean_what_the_engine_means() {
    type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str);
    let cases: [Case; 6] = [
        ("packages:denylist", &[("name", "curl")], r#"denied-package [("names", List(["curl"]))]"#),
        (
            "packages:blacklist",
            &[("name", "curl"), ("version", "7")],
            r#"denied-package-version [("versions", List(["curl|7"]))]"#,
        ),
        (
            "packages:required_package",
            &[("name", "curl"), ("version", "7"), ("version_match_type", "minimum")],
            r#"required-package-missing [("minimum-versions", List(["curl|7"]))]"#,
        ),
        (
            "dockerfile:effective_user",
            &[("users", "root, docker"), ("type", "blacklist")],
            r#"denied-effective-user [("denied-users", List(["root", "docker"]))]"#,
        ),
        ("files:name_match", &[("regex", "/x\\Z")], r#"file-name-matched [("name-regexp", Str("/x\\z"))]"#),
        ("secret_scans:content_regex_checks", &[], "secret-content-matched []"),
    ];
    for (name, params, expected) in cases {
        assert_eq!(runs(name, params).unwrap(), [expected], "{name}");
    }
    let told = runs("dockerfile:exposed_ports", &[("ports", "22"), ("type", "red")]).unwrap_err();
    assert_eq!(told, "`type` is `red`; it can be whitelist or blacklist");
    assert_eq!(runs("files:name_match", &[]).unwrap_err(), "`files:name_match` needs the parameter `regex`");
}

#[test]
fn triggers_that_nothing_answers_to_are_told_apart() {
    assert!(matches!(find("packages", "verify"), Known::Unsupported));
    assert!(matches!(find("files", "no_such"), Known::Unsupported));
    assert!(matches!(find("DOCKERFILECHECK", "NOTAG"), Known::Foreign));
}
