use super::*;
use crate::finding::VulnerabilityRef;
use crate::policy::ImageNames;

fn found(names: &[&str], package: &str, purl: &str) -> VulnerabilityRef {
    VulnerabilityRef {
        names: names.iter().map(|n| (*n).to_owned()).collect(),
        package: package.to_owned(),
        purl: purl.to_owned(),
    }
}

fn read(statement: &str) -> Result<Vec<Waiver>, String> {
    let text = format!(
        "{{\"@context\": \"https://openvex.dev/ns/v0.2.0\", \"author\": \"Us\", \"statements\": [{statement}]}}"
    );
    parse(&[SourceText::new("vex.json", text)]).map_err(|e| e.to_string())
}

#[test]
fn a_statement_waives_in_the_packages_it_names() {
    let statement = r#"{"vulnerability": {"name": "CVE-2021-23337", "aliases": ["GHSA-35jh-r3h4-6jhm"]}, "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path", "products": [{"@id": "pkg:npm/lodash@4.17.20"}, {"@id": "pkg:npm/%40a/b"}]}"#;
    let waivers = read(statement).unwrap();
    assert_eq!(waivers[0].reason, "not affected, says Us: vulnerable_code_not_in_execute_path");
    let covers =
        |found: &VulnerabilityRef| waivers.iter().any(|w| w.vulnerability.as_ref().unwrap().covers(Some(found)));
    assert!(covers(&found(&["GHSA-35jh-r3h4-6jhm"], "lodash", "pkg:npm/lodash@4.17.20?x=y")));
    assert!(covers(&found(&["CVE-2021-23337"], "@a/b", "pkg:npm/%40a/b@1.0.0")));
    assert!(!covers(&found(&["CVE-2021-23337"], "lodash", "pkg:npm/lodash@4.17.19")));
    assert!(!covers(&found(&["CVE-2021-1"], "lodash", "pkg:npm/lodash@4.17.20")));
    assert!(!waivers[0].vulnerability.as_ref().unwrap().covers(None));
}

#[test]
fn products_can_be_images_with_packages_in_them() {
    let statement = r#"{"vulnerability": "CVE-1", "status": "fixed", "products": [{"@id": "pkg:oci/app@sha256%3Aab?repository_url=r.example/app",
        "subcomponents": [{"@id": "pkg:deb/debian/zlib1g"}]}]}"#;
    let waivers = read(statement).unwrap();
    let item = waivers[0].vulnerability.as_ref().unwrap();
    let image = |id: &str| ImageNames { id: Some(id.to_owned()), ..ImageNames::default() };
    assert!(item.names_image() && item.is_for(&image("sha256:ab")) && !item.is_for(&image("sha256:cd")));
    assert!(item.covers(Some(&found(&["CVE-1"], "zlib1g", "pkg:deb/debian/zlib1g@1%3A1.2?arch=amd64"))));
    assert!(!item.covers(Some(&found(&["CVE-1"], "curl", "pkg:deb/debian/curl@1"))));
}

#[test]
fn what_is_no_reason_waives_nothing() {
    for status in ["affected", "under_investigation"] {
        let statement = format!(r#"{{"vulnerability": "CVE-1", "status": "{status}", "products": ["pkg:npm/x"]}}"#);
        assert!(read(&statement).unwrap().is_empty());
    }
    for (statement, why) in [
        (r#"{"status": "fixed", "products": ["x"]}"#, "does not name its vulnerability"),
        (r#"{"vulnerability": "CVE-1", "status": "fixed"}"#, "does not name its products"),
        (r#"{"vulnerability": "CVE-1", "status": "fine", "products": ["x"]}"#, "`status` is"),
        (r#"{"vulnerability": "CVE-1", "status": "not_affected", "products": ["x"]}"#, "says why"),
        (r#"{"vulnerability": "CVE-1", "status": "fixed", "products": [{}]}"#, "no `@id`"),
    ] {
        assert!(read(statement).unwrap_err().contains(why), "{why}");
    }
    let other = parse(&[SourceText::new("x.json", "{\"@context\": \"x\"}")]).unwrap_err().to_string();
    assert!(other.contains("`@context`"), "{other}");
}

/// Whether the waivers of statements cover a vulnerability of lodash 4.17.20.
fn is_waived(statements: &str) -> bool {
    let found = found(&["CVE-1", "GHSA-1"], "lodash", "pkg:npm/lodash@4.17.20");
    read(statements).unwrap().iter().any(|w| w.vulnerability.as_ref().unwrap().covers(Some(&found)))
}

fn said(status: &str, product: &str, time: &str) -> String {
    let time = if time.is_empty() { String::new() } else { format!(r#""timestamp": "{time}", "#) };
    format!(
        r#"{{"vulnerability": "CVE-1", {time}"status": "{status}", "justification": "component_not_present", "products": ["{product}"]}}"#
    )
}

#[test]
fn the_latest_statement_counts() {
    let (any, this, other) = ("pkg:npm/lodash", "pkg:npm/lodash@4.17.20", "pkg:npm/lodash@4.17.19");
    let (early, late) = ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.5Z");
    for (first, second, expected) in [
        (said("not_affected", this, ""), said("affected", this, ""), false),
        (said("affected", this, ""), said("not_affected", this, ""), true),
        (said("under_investigation", any, ""), said("fixed", this, ""), true),
        // Where they stand does not matter when their times are told.
        (said("affected", this, late), said("not_affected", this, early), false),
        (said("not_affected", this, late), said("affected", this, early), true),
        // An hour later, whatever the clock on the wall shows.
        (
            said("affected", this, "2023-12-31T23:00:00-06:00"),
            said("not_affected", this, "2024-01-01T04:00:00+00:00"),
            false,
        ),
        // A later word on this version, and one on another.
        (said("not_affected", any, early), said("affected", this, late), false),
        (said("not_affected", any, early), said("affected", other, late), true),
        (said("not_affected", this, early), said("under_investigation", any, late), false),
    ] {
        assert_eq!(is_waived(&format!("{first}, {second}")), expected, "{first}\n{second}");
    }
    let alias = r#"{"vulnerability": {"name": "GHSA-1", "aliases": ["CVE-1"]}, "status": "affected", "products": ["pkg:npm/lodash"]}"#;
    assert!(!is_waived(&format!("{}, {alias}", said("fixed", this, ""))));
    let updated = r#"{"vulnerability": "CVE-1", "timestamp": "2023-01-01T00:00:00Z", "last_updated": "2025-01-01T00:00:00Z", "status": "affected",
        "products": ["pkg:npm/lodash"]}"#;
    assert!(!is_waived(&format!("{updated}, {}", said("fixed", this, late))));
}

#[test]
fn later_documents_count_as_later_statements() {
    let document = |time: &str, statement: &str| {
        let text = format!(
            "{{\"@context\": \"https://openvex.dev/ns\", \"timestamp\": \"{time}\", \"statements\": [{statement}]}}"
        );
        SourceText::new("vex.json", text)
    };
    let lodash = "pkg:npm/lodash";
    let waives = |texts: &[Arc<SourceText>]| {
        let found = found(&["CVE-1"], "lodash", "pkg:npm/lodash@4.17.20");
        parse(texts).unwrap().iter().any(|w| w.vulnerability.as_ref().unwrap().covers(Some(&found)))
    };
    let old = document("2024-01-01T00:00:00Z", &said("fixed", lodash, ""));
    let new = document("2024-02-01T00:00:00Z", &said("affected", lodash, ""));
    assert!(waives(std::slice::from_ref(&old)));
    assert!(!waives(&[old.clone(), new.clone()]) && !waives(&[new, old]));
}

#[test]
fn a_later_word_on_another_image_is_no_word_on_this_one() {
    let image = |tag: &str, status: &str| {
        format!(
            r#"{{"vulnerability": "CVE-1", "status": "{status}", "products": [{{"@id": "pkg:oci/app?tag={tag}", "subcomponents": [{{"@id": "pkg:npm/lodash"}}]}}]}}"#
        )
    };
    let any = said("fixed", "pkg:npm/lodash", "");
    let mut waivers = read(&format!("{any}, {}", image("2", "affected"))).unwrap();
    let item = waivers[0].vulnerability.as_mut().unwrap();
    assert!(item.names_image());
    let found = found(&["CVE-1"], "lodash", "pkg:npm/lodash@4.17.20");
    let named = |name: &str| ImageNames { names: vec![name.to_owned()], ..ImageNames::default() };
    let mut narrowed = item.clone();
    narrowed.narrow(&named("app:1"));
    assert!(narrowed.covers(Some(&found)));
    item.narrow(&named("app:2"));
    assert!(!item.covers(Some(&found)));
}

#[test]
fn a_package_within_something_else_is_waived_nowhere() {
    let within = |product: &str| {
        let statement = format!(
            r#"{{"vulnerability": "CVE-1", "status": "fixed", "products": [{{"@id": "{product}", "subcomponents": ["pkg:npm/lodash"]}}]}}"#
        );
        read(&statement).unwrap()
    };
    assert!(within("pkg:npm/app@1.0.0").is_empty());
    // What may be the image's name holds for an image of that name.
    let waivers = within("https://example.com/app");
    assert!(waivers[0].vulnerability.as_ref().unwrap().names_image());
}

#[test]
fn documents_of_other_formats_are_refused_by_name() {
    for (text, name) in [
        (r#"{"bomFormat": "CycloneDX", "specVersion": "1.5", "vulnerabilities": []}"#, "a CycloneDX document"),
        (r#"{"document": {"category": "csaf_vex", "csaf_version": "2.0"}}"#, "a CSAF document"),
        (r#"{"spdxVersion": "SPDX-2.3"}"#, "an SPDX document"),
        (r#"{"_type": "x", "predicateType": "https://openvex.dev/ns", "predicate": {}}"#, "an attestation"),
        (r#"{"@context": "https://openvex.dev/ns", "timestamp": "yesterday", "statements": []}"#, "a time is written"),
        (r#"{"@context": "https://openvex.dev/ns"}"#, "no `statements`"),
    ] {
        let error = parse(&[SourceText::new("x.json", text)]).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn times_are_those_of_rfc_3339() {
    let equal = |a: &str, b: &str| assert_eq!(parse_time(a).unwrap(), parse_time(b).unwrap(), "{a} {b}");
    equal("2023-01-08T18:02:03.5-06:00", "2023-01-09T00:02:03.500000000Z");
    equal("2024-02-29t23:59:60z", "2024-03-01T00:00:00+00:00");
    assert!(parse_time("2023-01-08T18:02:03.647787998Z") > parse_time("2023-01-08T18:02:03.64Z"));
    for wrong in [
        "2023-01-08",
        "2023-01-08T18:02Z",
        "2023-01-08T18:02:03",
        "2023-13-08T18:02:03Z",
        "2023-01-08T18:02:03+0600",
        "x",
    ] {
        assert_eq!(parse_time(wrong), None, "{wrong}");
    }
}
