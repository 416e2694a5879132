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
mod tests;
