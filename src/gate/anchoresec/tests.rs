use super::super::fixtures::{Case, messages};
use super::*;
use crate::feeds::{Scores, Unmatched, Vulnerabilities};
use crate::packages::Package;

fn found(id: &str, level: Level, fixed: Option<&str>) -> Vulnerability {
    Vulnerability {
        id: id.to_owned(),
        names: vec![id.to_owned()],
        package: Package { layer: 1, ..Package::new(PackageKind::Deb, "curl", "7.88-1") },
        is_placed: true,
        paths: vec![String::from("/var/lib/dpkg/status")],
        level,
        scores: None,
        fixed: fixed.map(str::to_owned),
        is_unattended: false,
        published: String::from("2026-01-01"),
        summary: String::from("a sad flaw"),
        source: String::from("Debian"),
    }
}

fn case(list: Vec<Vulnerability>) -> Case {
    let mut case = Case::new(1).layer([], []).layer([], []).packages([("curl", "7.88-1")]);
    let asked = vec![(String::from("Debian"), 1_748_000_000)];
    case.vulnerabilities = Some(Vulnerabilities { list, asked, ..Vulnerabilities::default() });
    case
}

#[test]
fn a_vulnerability_says_what_it_is_and_what_mends_it() {
    let scores = Some(Scores { base: 9.8, exploitability: None, impact: None });
    let high = Vulnerability { scores, ..found("CVE-1", Level::Critical, Some("7.88-2")) };
    let findings = case(vec![high, found("CVE-2", Level::Unknown, None)]).run("vulnerable-package", &[]);
    assert_eq!(
        messages(&findings),
        [
            "1 curl 7.88-1 has CVE-1 (critical, CVSS 9.8; version 7.88-2 mends it): a sad flaw",
            "1 curl 7.88-1 has CVE-2 (a severity nobody has told; no version mends it yet): a sad flaw",
        ]
    );
    assert_eq!((findings[0].severity, findings[1].severity), (Severity::Error, Severity::Warning));
    assert_eq!(super::super::trigger_id(&findings[0], Some("ANCHORESEC:VULNCRITICAL")), "CVE-1+curl");
    assert_eq!(findings[0].help.as_deref(), Some("raise curl to 7.88-2"));
    let help = findings[1].help.as_deref();
    assert_eq!(help, Some("do without curl, or waive it with the reason why it does no harm"));
}

#[test]
fn parameters_choose() {
    let base = Vulnerability {
        package: Package::new(PackageKind::Npm, "x", "1"),
        paths: vec![String::from("/app/test/x")],
        ..found("CVE-B", Level::Low, None)
    };
    let scores = Some(Scores { base: 7.5, exploitability: Some(3.9), impact: Some(3.6) });
    let list = vec![
        Vulnerability { scores, ..found("CVE-H", Level::High, Some("8")) },
        Vulnerability {
            is_unattended: true,
            published: String::from("2026-05-30"),
            ..found("CVE-N", Level::Negligible, None)
        },
        base,
    ];
    let ids = |params: &[(&str, &str)]| {
        let found = case(list.clone()).run("vulnerable-package", params);
        found.iter().map(|f| f.subject.split('+').next().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    for (params, expected) in [
        (&[][..], "CVE-H CVE-N CVE-B"),
        (&[("level", "low")], "CVE-H CVE-B"),
        (&[("level", "negligible"), ("level-comparison", "<=")], "CVE-N"),
        (&[("level", "low"), ("level-comparison", "!=")], "CVE-H CVE-N"),
        (&[("fix-available", "true")], "CVE-H"),
        (&[("fix-available", "false")], "CVE-N CVE-B"),
        (&[("attended-only", "true")], "CVE-H CVE-B"),
        (&[("days-since-published", "30")], "CVE-H CVE-B"),
        (&[("package-type", "os")], "CVE-H CVE-N"),
        (&[("package-type", "npm")], "CVE-B"),
        (&[("package-type", "non-os")], "CVE-B"),
        (&[("cvss-base", ">= 7.5")], "CVE-H"),
        (&[("cvss-base", "> 7.5")], ""),
        (&[("cvss-impact", "< 4")], "CVE-H"),
        (&[("cvss-exploitability", "=3.9")], "CVE-H"),
        (&[("origin", "base")], "CVE-B"),
        (&[("origin", "yours")], "CVE-H CVE-N"),
        (&[("path-except-regexp", "/app/test/.*")], "CVE-H CVE-N"),
    ] {
        assert_eq!(ids(params), expected, "{params:?}");
    }
}

#[test]
fn it_never_passes_in_silence() {
    let mut case = Case::new(0).layer([], []).packages([("curl", "1"), ("tar", "2")]);
    assert_eq!(
        messages(&case.run("vulnerability-data-missing", &[])),
        ["- vulnerabilities were not looked for: there is no vulnerability data"]
    );
    assert!(case.run("vulnerable-package", &[]).is_empty());
    let unmatched = |feed: Option<&str>, reason: &str| Unmatched {
        kind: PackageKind::Deb,
        packages: 2,
        feed: feed.map(str::to_owned),
        reason: reason.to_owned(),
    };
    case.vulnerabilities = Some(Vulnerabilities {
        unmatched: vec![unmatched(Some("Debian"), "there is no data for Debian:12")],
        uncomparable: vec![String::from("x 1")],
        ..Vulnerabilities::default()
    });
    let findings = case.run("vulnerability-data-missing", &[]);
    assert_eq!(
        messages(&findings),
        [
            "- 2 packages were not checked for vulnerabilities: there is no data for Debian:12",
            "- some packages were not checked for all vulnerabilities, since their versions cannot be compared: x 1",
        ]
    );
    assert!(findings[0].help.as_ref().unwrap().contains("`dockgate feeds sync Debian`"));
    assert_eq!(
        messages(&case.run("unsupported-distro", &[])),
        [
            "- the packages of the image's distribution were not checked for vulnerabilities: there is no data for Debian:12"
        ]
    );
    case.vulnerabilities =
        Some(Vulnerabilities { asked: vec![(String::from("Debian"), 1_780_000_000)], ..Vulnerabilities::default() });
    assert!(case.run("vulnerability-data-missing", &[]).is_empty());
    assert!(case.run("unsupported-distro", &[]).is_empty());
}

#[test]
fn old_data_is_told_with_its_age() {
    // 1 748 000 000 is 2025-05-23, and the day of the run is 2026-06-01.
    let case = case(Vec::new());
    assert_eq!(
        messages(&case.run("vulnerability-data-stale", &[("max-age", "7")])),
        ["- the vulnerability data of Debian is 374 days old, and the policy takes 7 days"]
    );
    assert!(case.run("vulnerability-data-stale", &[("max-age", "374")]).is_empty());
}

#[test]
fn a_named_vulnerability_is_denied_by_any_of_its_names() {
    let named = Vulnerability {
        names: vec![String::from("CVE-1"), String::from("GHSA-1")],
        ..found("CVE-1", Level::Low, None)
    };
    let case = case(vec![named, found("CVE-2", Level::Low, None)]);
    let denied = case.run("denied-vulnerability", &[("ids", "ghsa-1")]);
    assert_eq!(denied.len(), 1);
    assert!(denied[0].help.as_ref().unwrap().ends_with("; it is also GHSA-1"));
    assert!(case.run("denied-vulnerability", &[("ids", "CVE-3")]).is_empty());
}
