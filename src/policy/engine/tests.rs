use std::collections::BTreeSet;

use super::table::TRIGGERS;
use super::*;
use crate::policy::anchore::is_of_2017;
use crate::rule::{self, catalogue};

fn runs(name: &str, params: &[(&str, &str)]) -> Result<Vec<String>, String> {
    let (gate, trigger) = name.split_once(':').unwrap();
    let Known::Answered(found) = find(gate, trigger) else { panic!("{name} is not answered to") };
    let params = params.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    let runs = found.runs(params).map_err(|fault| fault.to_string())?;
    Ok(runs.iter().map(|(rule, params)| format!("{} {params:?}", rule.id)).collect())
}

#[test]
fn pages_and_table_name_the_same_triggers() {
    let on_pages: BTreeSet<&str> =
        rule::all().iter().flat_map(|r| r.triggers).copied().filter(|t| !is_of_2017(t)).collect();
    let in_table: BTreeSet<&str> = TRIGGERS.iter().map(|t| t.name).collect();
    assert_eq!(on_pages, in_table);
    assert!(TRIGGERS.iter().map(|t| t.name).is_sorted() && early::TRIGGERS.iter().map(|t| t.name).is_sorted());
}

#[test]
fn every_trigger_runs_rules_with_parameters_they_have() {
    let words = BTreeMap::from([
        ("check", "exists"),
        ("type", "blacklist"),
        ("instruction", "RUN"),
        ("users", "root"),
        ("denied", "root"),
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
        ("package_type", "os"),
        ("distro", "debian"),
        ("version", "9"),
        ("mode", "0644"),
        ("directives", "RUN"),
        ("attributes", "size"),
    ]);
    for trigger in TRIGGERS.iter().chain(early::TRIGGERS) {
        let mut given = words.clone();
        given.extend(match trigger.name {
            "retrieved_files:content_regex" => Some(("check", "match")),
            "packages:verify" => Some(("check", "changed")),
            "distro:deny" => Some(("check", "<")),
            _ => None,
        });
        let given = given.into_iter().filter(|(name, _)| trigger.params.contains(name));
        let given = given.map(|(name, value)| (name.to_owned(), value)).collect();
        let runs = trigger.runs(given).unwrap_or_else(|e| panic!("{}: {e}", trigger.name));
        assert!(!runs.is_empty(), "{}", trigger.name);
        for (rule, params) in runs {
            super::super::layer::params(rule, params).unwrap_or_else(|e| panic!("{}: {e}", trigger.name));
            let versions =
                [catalogue::DENIED_PACKAGE_VERSION, catalogue::DENIED_NPM_VERSION, catalogue::DENIED_GEM_VERSION];
            let is_early = early::TRIGGERS.iter().any(|early| early.name == trigger.name);
            assert!(is_early || rule.triggers.contains(&trigger.name) || versions.contains(&rule), "{}", trigger.name);
        }
    }
}

#[test]
fn parameters_mean_what_the_engine_means() {
    type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str);
    let cases: [Case; 15] = [
        ("packages:denylist", &[("name", "curl")], r#"denied-package [("names", List(["curl"]))]"#),
        (
            "packages:blacklist",
            &[("name", "curl"), ("version", "7")],
            r#"denied-package-version [("versions", List(["curl|7"])), ("upstream", Bool(true))]"#,
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
        ("secret_scans:content_regex_checks", &[], r#"secret-content-matched [("absent", Bool(false))]"#),
        (
            "secret_scans:content_regex_checks",
            &[("content_regex_name", "PRIV_KEY, API_KEY"), ("filename_regex", "/etc/.*"), ("match_type", "notfound")],
            r#"secret-content-matched [("content-regexp", List(["PRIV_KEY", "API_KEY"])), ("path-regexp", Str("/etc/.*")), ("absent", Bool(true))]"#,
        ),
        (
            "retrieved_files:content_regex",
            &[("path", "/x"), ("check", "no_match"), ("regex", "^on$")],
            r#"file-line-mismatch [("path", Str("/x")), ("content-regexp", Str("(?:^|\\s)(?:on$)")), ("absent", Bool(true))]"#,
        ),
        (
            "files:attribute_match",
            &[("filename", "/x"), ("skip_missing", "FALSE")],
            r#"required-file-missing [("paths", List(["/x"]))]"#,
        ),
        (
            "packages:verify",
            &[("only_packages", "a,b"), ("only_directories", "/usr"), ("check", "missing")],
            r#"package-file-altered [("names", List(["a", "b"])), ("directories", List(["/usr"])), ("only", Str("missing"))]"#,
        ),
        (
            "PKGCHECK:VERIFY",
            &[("pkgs", "a"), ("check_only", "missing,changed")],
            r#"package-file-altered [("names", List(["a"])), ("directories", List([])), ("only", Str(""))]"#,
        ),
        (
            "DOCKERFILECHECK:DIRECTIVECHECK",
            &[("directives", "from"), ("check", "not_like"), ("check_value", "a{b")],
            r#"denied-instruction [("instruction", Str("FROM")), ("check", Str("not_like")), ("value", Str("a\\{b")), ("dockerfile-only", Bool(false))]"#,
        ),
        (
            "dockerfilecheck:effectiveuser",
            &[("denied", "root")],
            r#"denied-effective-user [("allowed-users", List([])), ("denied-users", List(["root"]))]"#,
        ),
        (
            "metadatacheck:attributecheck",
            &[("attributes", "size"), ("check", ">"), ("check_value", "100")],
            r#"image-attribute-matched [("attribute", Str("size")), ("check", Str(">")), ("value", Str("100"))]"#,
        ),
        (
            "packages:metadata",
            &[("name", "log4j*"), ("version", "2.17"), ("version_comparison", "<")],
            r#"package-metadata-matched [("name", Str("log4j*")), ("name-check", Str("=")), ("version", Str("2.17")), ("version-check", Str("<"))]"#,
        ),
    ];
    for (name, params, expected) in cases {
        assert_eq!(runs(name, params).unwrap(), [expected], "{name}");
    }
    // Nobody is told of what nobody knows how bad it is, and of what nobody will mend, unless the policy asks for it.
    let found = runs("vulnerabilities:package", &[("package_type", "all"), ("max_days_since_fix", "3")]).unwrap();
    let expected = r#"vulnerable-package [("level", Str("unknown")), ("level-comparison", Str(">")), ("attended-only", Bool(true)), ("package-type", Str("all"))]"#;
    assert_eq!(found, [expected, "vulnerability-data-missing []"]);
    assert_eq!(runs("files:attribute_match", &[("filename", "/x")]).unwrap(), [""; 0]);
    let told = runs("dockerfile:exposed_ports", &[("ports", "22"), ("type", "red")]).unwrap_err();
    assert_eq!(told, "`type` is `red`; it can be whitelist or blacklist");
    assert_eq!(runs("files:name_match", &[]).unwrap_err(), "`files:name_match` needs the parameter `regex`");
    for (name, params, told) in [
        (
            "dockerfile:instruction",
            &[("instruction", "RUM"), ("check", "exists")][..],
            "`instruction` is `RUM`; it can be ADD",
        ),
        (
            "dockerfile:instruction",
            &[("instruction", "RUN"), ("check", "=")],
            "the check `=` needs the parameter `value`",
        ),
        (
            "metadata:attribute",
            &[("attribute", "distro"), ("check", "like"), ("value", "(")],
            "`value` is not a regular expression that can be run: unclosed group",
        ),
        ("files:attribute_match", &[("filename", "/x"), ("mode", "rwx")], "`mode` is `rwx`; it can be an octal number"),
        (
            "files:attribute_match",
            &[("filename", "/x"), ("skip_missing", "no")],
            "`skip_missing` is `no`; it can be true, false",
        ),
        (
            "files:content_regex_match",
            &[],
            "`files:content_regex_match` without `regex_name` is about every expression",
        ),
        ("files:content_regex_match", &[("regex_name", "OUR_TOKEN")], "`OUR_TOKEN` is the name of an expression"),
        ("packages:metadata", &[("type_comparison", "=")], "`type_comparison` is there and `type` is not"),
        ("packages:metadata", &[], "`packages:metadata` needs one of `name`, `type` and `version`"),
        ("packages:verify", &[("check", "moved")], "`check` is `moved`; it can be changed or missing"),
        ("vulnerabilities:package", &[("package_type", "cobol")], "`package_type` is `cobol`; it can be all, os"),
    ] {
        let error = runs(name, params).unwrap_err();
        assert!(error.starts_with(told), "{name} {params:?}: {error}");
    }
}

#[test]
fn triggers_that_nothing_answers_to_are_told_apart() {
    assert!(matches!(find("tag_drift", "packages_added"), Known::Unsupported));
    assert!(matches!(find("files", "no_such"), Known::Unsupported));
    assert!(matches!(find("DOCKERFILECHECK", "NOTAG"), Known::Foreign));
}
