//! OpenVEX documents as waivers, <https://github.com/openvex/spec>: what they call not affected, or fixed, is waived, unless a later
//! statement says otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::date::Date;
use super::json::{self, Json, JsonValue, Member};
use super::toml::first_line;
use super::vulnerability::{ProductName, WaivedVulnerability};
use super::{Fault, PolicyError, PolicyLine, Waiver};
use crate::text::SourceText;

/// Reads documents. Of several statements on one vulnerability of one product the latest counts; of two at one time, or whose time
/// nobody tells, the one that comes last.
///
/// # Errors
/// When one is no OpenVEX document, or a statement is not whole.
pub(super) fn parse(texts: &[Arc<SourceText>]) -> Result<Vec<Waiver>, PolicyError> {
    let mut statements = Vec::new();
    for text in texts {
        read(text, &mut statements)?;
    }
    // Statements that something has to be looked at, by the names of the vulnerability.
    let mut contrary: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, statement) in statements.iter().enumerate().filter(|(_, s)| s.reason.is_none()) {
        for name in &statement.names {
            contrary.entry(name.to_ascii_lowercase()).or_default().push(index);
        }
    }
    let mut waivers = Vec::new();
    for (index, statement) in statements.iter().enumerate() {
        let Some(reason) = &statement.reason else { continue };
        let others: BTreeSet<usize> = statement
            .names
            .iter()
            .filter_map(|name| contrary.get(&name.to_ascii_lowercase()))
            .flatten()
            .copied()
            .collect();
        let others = others.into_iter().filter_map(|at| Some((at, statements.get(at)?)));
        let later = others.filter(|(at, other)| other.is_after(*at, statement, index));
        // A vulnerability is the same by any of its names.
        let except = later.flat_map(|(_, other)| {
            let names: Vec<String> = other.names.iter().chain(&statement.names).cloned().collect();
            other.products.iter().map(move |product| product.waived(&names, Vec::new()))
        });
        let except: Vec<WaivedVulnerability> = except.collect();
        // Of a package within another nobody can tell whether it is the one in the image.
        for product in statement.products.iter().filter(|product| !product.is_elsewhere) {
            waivers.push(Waiver {
                rules: Vec::new(),
                path: None,
                fingerprint: None,
                whitelisted: None,
                vulnerability: Some(product.waived(&statement.names, except.clone())),
                reason: reason.clone(),
                owner: None,
                expires: None,
                line: statement.line.clone(),
            });
        }
    }
    Ok(waivers)
}

/// What somebody says of a vulnerability in products.
struct Statement {
    time: Option<Time>,
    names: Vec<String>,
    products: Vec<Product>,
    /// Why it need not be looked at; `None` when it has to be.
    reason: Option<String>,
    line: PolicyLine,
}

impl Statement {
    fn is_after(&self, index: usize, other: &Self, other_index: usize) -> bool {
        match (self.time, other.time) {
            (Some(time), Some(other)) if time != other => time > other,
            _ => index > other_index,
        }
    }
}

struct Product {
    images: Vec<ProductName>,
    packages: Vec<ProductName>,
    /// It is a package with others in it.
    is_elsewhere: bool,
}

impl Product {
    fn waived(&self, names: &[String], except: Vec<WaivedVulnerability>) -> WaivedVulnerability {
        let (packages, images) = (self.packages.clone(), self.images.clone());
        WaivedVulnerability { names: names.to_vec(), packages, images, except }
    }
}

/// Seconds from the first day of the year 0, in UTC, and their fraction as digits after the point.
type Time = (i64, u32);

fn read(text: &Arc<SourceText>, statements: &mut Vec<Statement>) -> Result<(), PolicyError> {
    let document = json::parse(text)?;
    let error = |at: &Json, why: &str| {
        PolicyError::at(text, first_line(text, at.span), Fault::Waiver(format!("not an OpenVEX document: {why}")))
    };
    if let Some(other) = other_format(&document) {
        return Err(error(&document, &format!("it is {other}, which is not read")));
    }
    let context = string(get(&document, "@context")).unwrap_or_default();
    if !context.starts_with("https://openvex.dev/ns") {
        return Err(error(&document, "its `@context` is not `https://openvex.dev/ns`"));
    }
    let author = string(get(&document, "author")).unwrap_or_default();
    let made = time(&document, &["timestamp"]).map_err(|at| error(at, NO_TIME))?;
    for statement in items(get(&document, "statements")).ok_or_else(|| error(&document, "it has no `statements`"))? {
        let status = string(get(statement, "status")).unwrap_or_default();
        let word = match status {
            "not_affected" => Some("not affected"),
            "fixed" => Some("fixed"),
            "affected" | "under_investigation" => None,
            _ => {
                return Err(error(
                    statement,
                    "a statement's `status` is not_affected, affected, fixed or under_investigation",
                ));
            }
        };
        let names = names(get(statement, "vulnerability")).filter(|names| !names.is_empty());
        let names = names.ok_or_else(|| error(statement, "a statement does not name its vulnerability"))?;
        let why: Vec<&str> = ["justification", "impact_statement", "status_notes"]
            .iter()
            .filter_map(|key| string(get(statement, key)).filter(|why| !why.trim().is_empty()))
            .collect();
        if status == "not_affected" && why.is_empty() {
            return Err(error(statement, "what is not affected says why: `justification` or `impact_statement`"));
        }
        let why = if why.is_empty() { String::new() } else { format!(": {}", why.join(", ").trim()) };
        let by = if author.trim().is_empty() { String::new() } else { format!(", says {}", author.trim()) };
        let list = items(get(statement, "products")).unwrap_or_default();
        if list.is_empty() {
            return Err(error(statement, "a statement does not name its products"));
        }
        let products: Result<Vec<Product>, PolicyError> =
            list.iter().map(|one| product(one).map_err(|(at, why)| error(at, why))).collect();
        statements.push(Statement {
            time: time(statement, &["last_updated", "timestamp"]).map_err(|at| error(at, NO_TIME))?.or(made),
            names,
            products: products?,
            reason: word.map(|word| format!("{word}{by}{why}")),
            line: PolicyLine { source: Arc::clone(text), span: first_line(text, statement.span) },
        });
    }
    Ok(())
}

const NO_TIME: &str = "a time is written as `2023-01-08T18:02:03Z`";

/// What a document is that others give in place of this one.
fn other_format(document: &Json) -> Option<&'static str> {
    let has = |key: &str| get(document, key).is_some();
    let is_csaf = || get(document, "document").is_some_and(|inner| get(inner, "csaf_version").is_some());
    match () {
        () if string(get(document, "bomFormat")) == Some("CycloneDX") => Some("a CycloneDX document"),
        () if is_csaf() => Some("a CSAF document"),
        () if has("spdxVersion") => Some("an SPDX document"),
        () if has("predicateType") => Some("an attestation, whose `predicate` may be one"),
        () => None,
    }
}

/// A product, and the packages in it that are meant.
fn product(product: &Json) -> Result<Product, (&Json, &'static str)> {
    let named = identifiers(product).ok_or((product, "a product has no `@id`"))?;
    let parts = items(get(product, "subcomponents")).unwrap_or_default();
    let parts: Option<Vec<Vec<ProductName>>> = parts.iter().map(identifiers).collect();
    let parts = parts.ok_or((product, "a subcomponent has no `@id`"))?.concat();
    if parts.is_empty() {
        let (images, packages): (Vec<_>, Vec<_>) = named.into_iter().partition(ProductName::must_be_image);
        return Ok(Product { images, packages, is_elsewhere: false });
    }
    let images: Vec<ProductName> = named.into_iter().filter(ProductName::may_be_image).collect();
    Ok(Product { is_elsewhere: images.is_empty(), images, packages: parts })
}

/// The names of a product: its `@id`, and the package URL among its `identifiers`; of an early form, the text it is.
fn identifiers(product: &Json) -> Option<Vec<ProductName>> {
    if let Some(text) = string(Some(product)) {
        return Some(vec![ProductName::parse(text)]);
    }
    let id = string(get(product, "@id")).filter(|id| !id.is_empty());
    let purl = get(product, "identifiers").and_then(|i| string(get(i, "purl")));
    let names: Vec<ProductName> = id.into_iter().chain(purl).map(ProductName::parse).collect();
    Some(names).filter(|names| !names.is_empty())
}

/// The names of a statement's vulnerability: text, or an object with a name and aliases.
fn names(vulnerability: Option<&Json>) -> Option<Vec<String>> {
    let vulnerability = vulnerability?;
    if let Some(name) = string(Some(vulnerability)) {
        return Some(vec![name.to_owned()]);
    }
    let own = string(get(vulnerability, "name"));
    let aliases = items(get(vulnerability, "aliases")).unwrap_or_default().iter().filter_map(|a| string(Some(a)));
    let names = own.into_iter().chain(aliases);
    Some(names.filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// The first of these times that an object has. The error is one that is none.
fn time<'j>(object: &'j Json, keys: &[&str]) -> Result<Option<Time>, &'j Json> {
    let Some(at) = keys.iter().find_map(|key| get(object, key)) else { return Ok(None) };
    string(Some(at)).and_then(parse_time).map(Some).ok_or(at)
}

/// `2023-01-08T18:02:03.647787998-06:00`, as RFC 3339 has it.
fn parse_time(text: &str) -> Option<Time> {
    let day = Date::parse(text.get(..10)?)?;
    let rest = text.get(10..)?.strip_prefix(['T', 't', ' '])?;
    let number = |at: std::ops::Range<usize>, most: i64| {
        let digits = rest.get(at).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
        digits.parse::<i64>().ok().filter(|n| *n <= most)
    };
    let (hour, minute, second) = (number(0..2, 23)?, number(3..5, 59)?, number(6..8, 60)?);
    if rest.get(2..3) != Some(":") || rest.get(5..6) != Some(":") {
        return None;
    }
    let rest = rest.get(8..)?;
    let digits: String = rest.strip_prefix('.').unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    let zone = if digits.is_empty() { rest } else { rest.get(digits.len() + 1..)? };
    let fraction = format!("{digits:0<9}").get(..9)?.parse().ok()?;
    let offset = match zone.as_bytes() {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] if [h1, h2, m1, m2].iter().all(|b| b.is_ascii_digit()) => {
            let two = |tens: &u8, ones: &u8| i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
            let minutes = two(h1, h2) * 60 + two(m1, m2);
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    Some((day.number() * 86_400 + hour * 3600 + minute * 60 + second - offset * 60, fraction))
}

fn get<'j>(at: &'j Json, key: &str) -> Option<&'j Json> {
    match &at.value {
        JsonValue::Object(members) => members.iter().find(|m: &&Member| m.key == key).map(|m| &m.value),
        _ => None,
    }
}

fn string(at: Option<&Json>) -> Option<&str> {
    match &at?.value {
        JsonValue::String(text) => Some(text),
        _ => None,
    }
}

fn items(at: Option<&Json>) -> Option<&[Json]> {
    match &at?.value {
        JsonValue::Array(items) => Some(items),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
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
            (
                r#"{"@context": "https://openvex.dev/ns", "timestamp": "yesterday", "statements": []}"#,
                "a time is written",
            ),
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
}
