//! Anchore's whitelists: findings, by gate and trigger id, that are let pass.
//!
//! Three forms are read: lines of `GATE TRIGGER-ID`, JSON (a list of items, a whitelist, or a bundle's whitelists), and
//! the lines the 2017 tool kept for an image, each a JSON object, which count where a `#` stands before them.

use std::fmt;
use std::sync::Arc;

use super::image_name::{ImageNames, Pattern, wildcard};
use super::json::{self, Document, Json, JsonValue, Member};
use super::toml::first_line;
use super::{Date, Fault, PolicyError, PolicyLine, Waiver};
use crate::text::{SourceText, Span};

/// What a whitelist's item names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhitelistItem {
    /// The gate, in Anchore's name; `*` is every one.
    gate: String,
    /// The trigger id.
    trigger_id: Pattern,
    /// The id of the one image it is for.
    image: Option<String>,
}

impl fmt::Display for WhitelistItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.gate, self.trigger_id.as_str())?;
        self.image.as_ref().map_or(Ok(()), |image| write!(f, " of {image}"))
    }
}

impl WhitelistItem {
    /// # Errors
    /// With the reason, where the trigger id is an expression that cannot be run.
    pub(super) fn new(gate: &str, trigger_id: &str, image: Option<String>) -> Result<Self, String> {
        let mut trigger_id = trigger_id.to_owned();
        // Whitelists name a vulnerability alone, and the trigger id has the package behind it. In 2017 the name was the beginning
        // of the id, so that `CVE-2016-1` let `CVE-2016-10009` pass as well.
        let is_of_vulnerabilities = ["ANCHORESEC", "vulnerabilities"].iter().any(|g| g.eq_ignore_ascii_case(gate));
        if is_of_vulnerabilities
            && !trigger_id.contains(['*', '+'])
            && (trigger_id.starts_with("CVE") || trigger_id.starts_with("RHSA"))
        {
            trigger_id.push_str("+*");
        }
        Ok(Self { gate: gate.to_owned(), trigger_id: Pattern::parse(&trigger_id)?, image })
    }

    /// Whether it names what one of these gates found, under this trigger id.
    pub(super) fn covers<'a>(&self, mut gates: impl Iterator<Item = &'a str>, trigger_id: &str) -> bool {
        let is_gate = wildcard(&self.gate, "") || gates.any(|gate| gate.eq_ignore_ascii_case(&self.gate));
        is_gate && self.trigger_id.fits(trigger_id)
    }

    /// Whether it is for an image: for every one, or the one with this id.
    pub(super) fn is_for(&self, image: &ImageNames) -> bool {
        let bare = |text: &str| text.strip_prefix("sha256:").unwrap_or(text).to_owned();
        self.image.as_ref().is_none_or(|wanted| image.id.as_ref().is_some_and(|id| bare(id) == bare(wanted)))
    }

    /// The gate; `*` is every one.
    pub(super) fn gate(&self) -> &str {
        &self.gate
    }

    /// The trigger id, in which `*` is any text; behind `regexp:` an expression.
    pub(super) fn trigger_id(&self) -> &str {
        self.trigger_id.as_str()
    }

    /// Whether it is for one image only.
    pub(super) fn names_image(&self) -> bool {
        self.image.is_some()
    }
}

/// Reads a whitelist of its own file.
///
/// # Errors
/// On the first line or item that is none.
pub(super) fn parse(text: &Arc<SourceText>) -> Result<Vec<Waiver>, PolicyError> {
    let content = text.text().trim_start_matches('\u{FEFF}').trim_start();
    let first_line = content.lines().next().unwrap_or_default();
    let first_end = text.text().len() - content.len() + first_line.trim_end().len();
    let is_lines = content.lines().nth(1).is_some()
        && json::parse_part(text, Span::new(text.text().len() - content.len(), first_end)).is_ok();
    if content.starts_with('[') || (content.starts_with('{') && !is_lines) {
        let document = json::parse(text)?;
        return of_document(&Document { text }, &document);
    }
    let mut waivers = Vec::new();
    for number in 1..=text.line_count() {
        waivers.extend(of_line(text, text.line_span(number))?);
    }
    Ok(waivers)
}

fn of_document(document: &Document<'_>, json: &Json) -> Result<Vec<Waiver>, PolicyError> {
    if let JsonValue::Array(items) = &json.value {
        return items.iter().map(|json| item(document, json, "")).collect();
    }
    let known = ["items", "whitelists", "allowlists", "id", "name", "version"];
    let members = document.members("the whitelist", json, &known)?;
    if let Some(lists) = document.find(members, &["whitelists", "allowlists"]) {
        let lists = document.items("whitelists", lists)?.iter().map(|list| Ok(whitelist(document, list)?.1));
        return Ok(lists.collect::<Result<Vec<_>, PolicyError>>()?.into_iter().flatten().collect());
    }
    if document.find(members, &["check"]).is_some() || document.find(members, &["items"]).is_none() {
        let key = String::from("items");
        return Err(document.error(json.span, Fault::MissingKey { what: String::from("the whitelist"), key }));
    }
    Ok(whitelist(document, json)?.1)
}

/// A whitelist of a bundle: its id and what it lets pass.
pub(super) fn whitelist(document: &Document<'_>, json: &Json) -> Result<(String, Vec<Waiver>), PolicyError> {
    let members =
        document.members("the whitelist", json, &["comment", "description", "id", "items", "name", "version"])?;
    let text = |key: &str| document.find(members, &[key]).map(|v| document.scalar(key, v)).transpose();
    let (id, name) = (text("id")?.unwrap_or_default(), text("name")?.unwrap_or_default());
    let items = match document.find(members, &["items"]) {
        Some(items) => document.items("items", items)?,
        None => &[],
    };
    let shown = if name.is_empty() { &id } else { &name };
    let waivers = items.iter().map(|json| item(document, json, shown)).collect::<Result<_, _>>()?;
    Ok((id, waivers))
}

fn item(document: &Document<'_>, json: &Json, list: &str) -> Result<Waiver, PolicyError> {
    let known = ["gate", "trigger_id", "id", "comment", "description", "expires_on"];
    let members = document.members("the whitelist's item", json, &known)?;
    let gate = document.required("the whitelist's item", json, members, "gate")?;
    let trigger_id = document.required("the whitelist's item", json, members, "trigger_id")?;
    let text = |keys: &[&str]| document.find(members, keys).map(|v| document.scalar("comment", v)).transpose();
    let why = text(&["comment", "description"])?.filter(|text| !text.trim().is_empty());
    let expires = match document.find(members, &["expires_on"]) {
        Some(at) if !document.scalar("expires_on", at)?.is_empty() => {
            let text = document.scalar("expires_on", at)?;
            let wrong = || Fault::Whitelist(format!("`{text}` is not a day; write it as 2026-12-31"));
            Some(text.get(..10).and_then(Date::parse).ok_or_else(|| document.error(at.span, wrong()))?)
        }
        _ => None,
    };
    let item = whole(document.text, json.span, gate, trigger_id, None)?;
    Ok(waiver(document.text, json.span, item, list, why.as_deref(), expires))
}

/// A line of a text whitelist; `None` for a blank line, a comment, and a finding that is to count.
fn of_line(text: &Arc<SourceText>, line: Span) -> Result<Option<Waiver>, PolicyError> {
    let content = text.slice(line);
    let trimmed = content.trim_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}');
    let start = line.start + content.find(trimmed).unwrap_or_default();
    let span = Span::new(start, start + trimmed.len());
    if trimmed.is_empty() || trimmed.starts_with('{') {
        return Ok(None);
    }
    if let Some(comment) = trimmed.strip_prefix('#') {
        if !comment.starts_with('{') {
            return Ok(None);
        }
        let Ok(record) = json::parse_part(text, Span::new(span.start + 1, span.end)) else { return Ok(None) };
        return of_record(&Document { text }, &record, span);
    }
    let mut words = trimmed.split_whitespace();
    match (words.next(), words.next()) {
        (Some(gate), Some(trigger_id)) => {
            let item = whole(text, span, gate, trigger_id, None)?;
            // Nobody read what stands behind it, so people wrote there why.
            let why = words.collect::<Vec<_>>().join(" ");
            let why = Some(why.trim_start_matches(['#', ' '])).filter(|why| !why.is_empty());
            Ok(Some(waiver(text, span, item, "", why, None)))
        }
        _ => {
            let fault = Fault::Whitelist(format!("`{trimmed}` is not GATE TRIGGER-ID"));
            Err(PolicyError::at(text, span, fault).with_help("such as ANCHORESEC CVE-2015-5180"))
        }
    }
}

/// What the 2017 tool kept of a finding of one image.
fn of_record(document: &Document<'_>, json: &Json, span: Span) -> Result<Option<Waiver>, PolicyError> {
    let JsonValue::Object(members) = &json.value else { return Ok(None) };
    let text = |key: &str| text_of(members, key);
    let (Some(gate), Some(id)) = (text("check"), text("triggerId")) else { return Ok(None) };
    let image = text("imageId").filter(|id| !id.is_empty()).map(str::to_owned);
    let item = whole(document.text, span, gate, id, image)?;
    Ok(Some(waiver(document.text, span, item, "", None, None)))
}

fn text_of<'j>(members: &'j [Member], key: &str) -> Option<&'j str> {
    members.iter().find(|m| m.key == key).and_then(|m| match &m.value.value {
        JsonValue::String(text) => Some(text.as_str()),
        _ => None,
    })
}

fn whole(
    text: &Arc<SourceText>,
    span: Span,
    gate: &str,
    trigger_id: &str,
    image: Option<String>,
) -> Result<WhitelistItem, PolicyError> {
    let (gate, trigger_id) = (gate.trim(), trigger_id.trim());
    if gate.is_empty() || trigger_id.is_empty() {
        let fault = Fault::Whitelist(String::from("an item names a gate and a trigger id"));
        return Err(PolicyError::at(text, span, fault));
    }
    WhitelistItem::new(gate, trigger_id, image).map_err(|why| PolicyError::at(text, span, Fault::Whitelist(why)))
}

fn waiver(
    text: &Arc<SourceText>,
    span: Span,
    item: WhitelistItem,
    list: &str,
    why: Option<&str>,
    expires: Option<Date>,
) -> Waiver {
    let by = if list.is_empty() { String::new() } else { format!(" by {list}") };
    let why = why.map(|why| format!(": {}", why.trim())).unwrap_or_default();
    let line = PolicyLine { source: Arc::clone(text), span: first_line(text, span) };
    Waiver {
        rules: Vec::new(),
        path: None,
        fingerprint: None,
        whitelisted: Some(item),
        vulnerability: None,
        reason: format!("whitelisted{by}{why}"),
        owner: None,
        expires,
        line,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let text = SourceText::new("w", text);
        let waivers = parse(&text).map_err(|e| e.to_string())?;
        let shown = waivers.iter().map(|w| {
            let item = w.whitelisted.as_ref().unwrap();
            let line = text.line(w.line.span.start);
            let until = w.expires.map(|d| format!(" until {d}")).unwrap_or_default();
            let image = item.image.as_ref().map(|i| format!(" of {i}")).unwrap_or_default();
            format!("{line} {} {}{image} ({}){until}", item.gate, item.trigger_id.as_str(), w.reason)
        });
        Ok(shown.collect())
    }

    #[test]
    fn lines_name_a_gate_and_a_trigger_id() {
        let text = "# comment\n\nANCHORESEC CVE-2015-5180\r\n  SUIDDIFF\t/usr/bin/x-SUIDFILEADD \nPKGDIFF *\nANCHORESEC CVE-2016-1+curl*  # no fix\n";
        assert_eq!(
            read(text).unwrap(),
            [
                "3 ANCHORESEC CVE-2015-5180+* (whitelisted)",
                "4 SUIDDIFF /usr/bin/x-SUIDFILEADD (whitelisted)",
                "5 PKGDIFF * (whitelisted)",
                "6 ANCHORESEC CVE-2016-1+curl* (whitelisted: no fix)",
            ]
        );
        assert_eq!(
            read("\nSUIDDIFF").unwrap_err(),
            "w:2: `SUIDDIFF` is not GATE TRIGGER-ID; such as ANCHORESEC CVE-2015-5180"
        );
    }

    #[test]
    fn the_lines_kept_for_an_image_count_behind_a_hash() {
        let text = "#{\"imageId\": \"ab\", \"check\": \"PKGDIFF\", \"triggerId\": \"curl-PKGADD\", \"action\": \"STOP\"}\n\
                    {\"imageId\": \"ab\", \"check\": \"PKGDIFF\", \"triggerId\": \"wget-PKGADD\", \"action\": \"STOP\"}\n";
        assert_eq!(read(text).unwrap(), ["1 PKGDIFF curl-PKGADD of ab (whitelisted)"]);
        let (first, second) = text.split_once('\n').unwrap();
        assert_eq!(read(&format!("{second}{first}\n")).unwrap(), ["2 PKGDIFF curl-PKGADD of ab (whitelisted)"]);
    }

    #[test]
    fn json_is_a_list_a_whitelist_or_a_bundle() {
        let item = "{\"gate\": \"vulnerabilities\",\n \"trigger_id\": \"CVE-1\", \"description\": \"no fix\", \"expires_on\": \"2026-12-31T00:00:00Z\"}";
        let expected = |line: usize, by: &str| {
            format!("{line} vulnerabilities CVE-1+* (whitelisted{by}: no fix) until 2026-12-31")
        };
        assert_eq!(read(&format!("[\n{item}]")).unwrap(), [expected(2, "")]);
        assert_eq!(read(&format!("{{\"id\": \"w1\", \"items\": [{item}]}}")).unwrap(), [expected(1, " by w1")]);
        let bundle = format!("{{\"allowlists\": [{{\"id\": \"w1\", \"name\": \"all\", \"items\": [{item}]}}]}}");
        assert_eq!(read(&bundle).unwrap(), [expected(1, " by all")]);
        let cases = [
            ("{\"id\": \"x\"}", "w:1: the whitelist has no `items`"),
            ("[{\"gate\": \"G\"}]", "w:1: the whitelist's item has no `trigger_id`"),
            (
                "[\n{\"gate\": \"G\", \"trigger_ids\": \"x\"}]",
                "w:2: unknown key `trigger_ids` in the whitelist's item; did you mean `trigger_id`?",
            ),
            ("[{\"gate\": \"G\", \"trigger_id\": \"\"}]", "w:1: an item names a gate and a trigger id"),
            (
                "[{\"gate\": \"G\", \"trigger_id\": \"x\", \"expires_on\": \"soon\"}]",
                "w:1: `soon` is not a day; write it as 2026-12-31",
            ),
            (
                "[{\"gate\": \"G\", \"trigger_id\": \"regexp:(\"}]",
                "w:1: `regexp:(` is not a regular expression that can be run: unclosed group",
            ),
            ("{\n", "w:2: not JSON: a key in quotes is missing"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn an_item_covers_by_gate_and_wildcard() {
        let covers = |gate: &str, id: &str, trigger_id: &str| {
            WhitelistItem::new(gate, id, None).unwrap().covers(["ANCHORESEC"].into_iter(), trigger_id)
        };
        assert!(covers("anchoresec", "CVE-2017-1", "CVE-2017-1+openssl"));
        assert!(!covers("anchoresec", "CVE-2017-1", "CVE-2017-10+openssl"));
        assert!(covers("anchoresec", "CVE-2017-1+openssl", "CVE-2017-1+openssl"));
        assert!(covers("*", "CVE-2017-*+openssl", "CVE-2017-1+openssl"));
        assert!(!covers("ANCHORESEC", "CVE-2017-*+curl", "CVE-2017-1+openssl"));
        assert!(!covers("PKGDIFF", "*", "CVE-2017-1+openssl"));
        assert!(covers("ANCHORESEC", "regexp:CVE-2017-[0-9]+[+](open|libre)ssl", "CVE-2017-1+openssl"));
        assert!(!covers("ANCHORESEC", "regexp:2017", "CVE-2017-1+openssl"));
        let one = WhitelistItem::new("G", "x", Some("ab".into())).unwrap();
        assert!(one.is_for(&ImageNames { id: Some("sha256:ab".into()), ..ImageNames::default() }));
        assert!(!one.is_for(&ImageNames::default()));
    }
}
