//! dockgate's own policies: TOML.
//!
//! Nothing is taken in silence: an unknown key, rule or parameter, a value of the wrong kind and a rule that is set
//! twice are errors with their place.

mod blocks;

use std::collections::BTreeMap;
use std::sync::Arc;

#[cfg(test)]
pub(super) use blocks::IMAGE_KEYS;
pub(super) use blocks::{CHECK_KEYS, FILLED, LOOKS_AT};

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::layer::{Layer, Wanted, WantedRules, Wish, params};
use super::{Action, Date, Fault, PathGlob, PolicyError, PolicyLine, WaivedVulnerability, Waiver, WhitelistItem};
use crate::rule::{self, Code, Edition, Rule, Severity, Target, Value, catalogue};
use crate::text::{SourceText, Span};

/// What a policy's `extends` names, and where.
pub(super) struct Extends {
    pub(super) name: String,
    pub(super) span: Span,
}

/// The policy that another extends, with all that it extends itself.
pub(super) type Parent<'a> = dyn FnMut(Extends) -> Result<Layer, PolicyError> + 'a;

/// Reads a policy in TOML, over the one it extends, which `parent` gets.
///
/// # Errors
/// On the first thing that is wrong with either.
pub(super) fn parse(text: &Arc<SourceText>, is_built_in: bool, parent: &mut Parent<'_>) -> Result<Layer, PolicyError> {
    let mut document = Document { text, is_built_in, own: Vec::new() };
    let table = DeTable::parse(text.text()).map_err(|error| {
        let span = error.span().map_or(Span::default(), |r| Span::new(r.start, r.end));
        PolicyError::at(text, span, Fault::Syntax(format!("not TOML: {}", error.message())))
    })?;
    document.policy(table.get_ref(), parent)
}

struct Document<'a> {
    text: &'a Arc<SourceText>,
    is_built_in: bool,
    /// The rules of the checks that the policies it extends, and the blocks read so far, bring.
    own: Vec<&'static Rule>,
}

type Key<'a> = Spanned<::toml::de::DeString<'a>>;
type Item<'a> = Spanned<DeValue<'a>>;

/// Keys of a policy.
pub(super) const KEYS: [&str; 10] = [
    "actions",
    "check",
    "extends",
    "image",
    "inline-ignores",
    "named-only",
    "rules",
    "ruleset",
    "until-build-fails",
    "waiver",
];
const SEVERITIES: [(&str, Severity); 4] =
    [("error", Severity::Error), ("info", Severity::Info), ("style", Severity::Style), ("warning", Severity::Warning)];
/// Keys of `[[waiver]]`.
pub(super) const WAIVER_KEYS: [&str; 11] = [
    "expires",
    "fingerprint",
    "gate",
    "owner",
    "package",
    "path",
    "reason",
    "rule",
    "rules",
    "trigger-id",
    "vulnerability",
];

impl Document<'_> {
    fn error(&self, span: std::ops::Range<usize>, fault: Fault) -> PolicyError {
        PolicyError::at(self.text, Span::new(span.start, span.end), fault)
    }

    fn kind(&self, key: &str, item: &Item<'_>, wanted: &'static str) -> PolicyError {
        self.error(item.span(), Fault::Kind { key: key.to_owned(), wanted })
    }

    fn unknown_key<'k>(&self, key: &Key<'_>, table: &str, known: impl IntoIterator<Item = &'k str>) -> PolicyError {
        let fault = Fault::UnknownKey { key: key.get_ref().to_string(), table: table.to_owned() };
        self.error(key.span(), fault).did_you_mean(key.get_ref(), known)
    }

    fn string<'v>(&self, key: &str, item: &'v Item<'_>) -> Result<&'v str, PolicyError> {
        item.get_ref().as_str().ok_or_else(|| self.kind(key, item, "a string"))
    }

    fn switch(&self, key: &str, item: &Item<'_>) -> Result<bool, PolicyError> {
        item.get_ref().as_bool().ok_or_else(|| self.kind(key, item, "true or false"))
    }

    fn table<'v, 'i>(&self, key: &str, item: &'v Item<'i>) -> Result<&'v DeTable<'i>, PolicyError> {
        item.get_ref().as_table().ok_or_else(|| self.kind(key, item, "a table"))
    }

    fn policy(&mut self, table: &DeTable<'_>, parent: &mut Parent<'_>) -> Result<Layer, PolicyError> {
        let mut layer = Layer::default();
        let below = match table.get("extends") {
            Some(item) => {
                let name = self.string("extends", item)?.to_owned();
                Some(parent(Extends { name, span: Span::new(item.span().start, item.span().end) })?)
            }
            None => None,
        };
        // Names of checks are known wherever a rule is named, so that they are read first.
        let of_images = below.iter().flat_map(|below| &below.images).flat_map(|block| &block.layer.checks);
        self.own = below.iter().flat_map(|below| &below.checks).chain(of_images).map(|check| check.rule).collect();
        if let Some(item) = table.get("rules") {
            layer.rules = self.rules(self.table("rules", item)?, table.get("check"))?;
        }
        if let Some(item) = table.get("check") {
            layer.checks = self.checks(item)?;
            self.own.extend(layer.checks.iter().map(|check| check.rule));
        }
        if let Some(item) = table.get("image") {
            let rows = item.get_ref().as_array();
            for row in rows.ok_or_else(|| self.kind("image", item, "tables: write [[image]]"))? {
                let block = self.image(row)?;
                self.own.extend(block.layer.checks.iter().map(|check| check.rule));
                layer.images.push(block);
            }
        }
        for (key, item) in table {
            match key.get_ref().as_ref() {
                "check" | "extends" | "image" | "rules" => {}
                "ruleset" => layer.ruleset = Some(self.edition(item)?),
                "named-only" => layer.named_only = Some(self.switch("named-only", item)?),
                "until-build-fails" => layer.until_build_fails = Some(self.switch("until-build-fails", item)?),
                "inline-ignores" => layer.honours_comments = Some(self.switch("inline-ignores", item)?),
                "actions" => self.actions(self.table("actions", item)?, &mut layer)?,
                "waiver" => {
                    let rows = item.get_ref().as_array();
                    for row in rows.ok_or_else(|| self.kind("waiver", item, "tables: write [[waiver]]"))? {
                        layer.waivers.push(self.waiver(row)?);
                    }
                }
                _ => return Err(self.unknown_key(key, "the policy", KEYS)),
            }
        }
        Ok(layer.over(below.unwrap_or_default()))
    }

    fn edition(&self, item: &Item<'_>) -> Result<Edition, PolicyError> {
        let text = self.string("ruleset", item)?;
        let fault = match Edition::parse(text) {
            Some(edition) if edition <= Edition::CURRENT => return Ok(edition),
            Some(_) => format!("this version knows rulesets up to {}, not {text}", Edition::CURRENT),
            None => format!("`{text}` is not a ruleset; write \"{}\"", Edition::CURRENT),
        };
        Err(self.error(item.span(), Fault::Edition(fault)))
    }

    fn actions(&self, table: &DeTable<'_>, layer: &mut Layer) -> Result<(), PolicyError> {
        for (key, item) in table {
            let name = key.get_ref().as_ref();
            match (name, SEVERITIES.iter().find(|(n, _)| *n == name)) {
                (_, Some((_, severity))) => {
                    let wish = self.wish(name, item)?;
                    layer.actions.insert(*severity, if let Wish::Do(action) = wish { Some(action) } else { None });
                }
                ("base", None) => match self.wish("base", item)? {
                    Wish::Do(action) => layer.base_limit = Some(action),
                    Wish::Off | Wish::BySeverity => {
                        return Err(self.kind("base", item, "stop, warn or go: the most for what came with the base"));
                    }
                },
                _ => {
                    let known = SEVERITIES.iter().map(|(n, _)| *n).chain(["base"]);
                    return Err(self.unknown_key(key, "[actions]", known));
                }
            }
        }
        Ok(())
    }

    /// `stop`, `warn`, `go` or `off`.
    fn wish(&self, key: &str, item: &Item<'_>) -> Result<Wish, PolicyError> {
        let word =
            item.get_ref().as_str().ok_or_else(|| self.kind(key, item, "\"stop\", \"warn\", \"go\" or \"off\""))?;
        match Action::parse(word) {
            Some(action) => Ok(Wish::Do(action)),
            None if word.eq_ignore_ascii_case("off") => Ok(Wish::Off),
            None => Err(self
                .error(item.span(), Fault::BadAction(word.to_owned()))
                .did_you_mean(word, ["stop", "warn", "go", "off"])),
        }
    }

    /// `error`, `warning`, `info` or `style`.
    fn severity(&self, item: &Item<'_>) -> Result<Severity, PolicyError> {
        let word = self.string("severity", item)?;
        let found = SEVERITIES.iter().find(|(name, _)| *name == word).map(|(_, severity)| *severity);
        found.ok_or_else(|| self.kind("severity", item, "\"error\", \"warning\", \"info\" or \"style\""))
    }

    fn named(&self, name: &str, span: std::ops::Range<usize>) -> Result<Vec<Target>, PolicyError> {
        if let Some(own) = self.own.iter().rev().find(|rule| rule.id.eq_ignore_ascii_case(name)) {
            return Ok(vec![Target::from(*own)]);
        }
        let targets = rule::targets(name);
        if targets.is_empty() {
            let known = rule::all().iter().flat_map(|r| std::iter::once(r.id).chain(r.other_names()));
            let known = known.chain(self.own.iter().map(|rule| rule.id));
            return Err(self.error(span, Fault::UnknownRule(name.to_owned())).did_you_mean(name, known));
        }
        Ok(targets)
    }

    /// What is said of rules. `here` are the checks beside it, about which the same file has nothing more to say.
    fn rules(&self, table: &DeTable<'_>, here: Option<&Item<'_>>) -> Result<WantedRules, PolicyError> {
        let mut wanted = WantedRules::new();
        let mut set_by: BTreeMap<(&'static str, Option<Code>), &str> = BTreeMap::new();
        for (key, item) in table {
            let name = key.get_ref().as_ref();
            if Self::has_check(here, name) {
                let text = format!("`{name}` is a check of this file, which says itself what is done: action = \"…\"");
                return Err(self.error(key.span(), Fault::Block(text)));
            }
            for target in self.named(name, key.span())? {
                if let Some(other) = set_by.insert(target.sort_key(), name) {
                    let (name, other) = (name.to_owned(), other.to_owned());
                    return Err(self.error(key.span(), Fault::SetTwice { name, rule: target.rule.id, other }));
                }
                let runs = match item.get_ref() {
                    DeValue::Array(rows) => {
                        rows.iter().map(|row| self.run(name, target, key, row, row.span().start)).collect()
                    }
                    _ => self.run(name, target, key, item, key.span().start).map(|run| vec![run]),
                };
                wanted.insert(target.sort_key(), runs?);
            }
        }
        Ok(wanted)
    }

    /// One run of a rule: an action, or a table of an action and parameters.
    fn run(
        &self,
        name: &str,
        target: Target,
        key: &Key<'_>,
        item: &Item<'_>,
        start: usize,
    ) -> Result<Wanted, PolicyError> {
        let Target { rule, code } = target;
        let (mut wish, mut severity, mut given, mut spans) = (Wish::BySeverity, None, Vec::new(), BTreeMap::new());
        match item.get_ref() {
            DeValue::String(_) => wish = self.wish(name, item)?,
            DeValue::Table(table) => {
                for (key, item) in table {
                    let param = key.get_ref().as_ref();
                    if param == "action" {
                        wish = self.wish("action", item)?;
                        continue;
                    }
                    if param == "severity" {
                        severity = Some(self.severity(item)?);
                        continue;
                    }
                    let settable = if rule.is_own() { &[][..] } else { rule.params };
                    let known = settable.iter().find(|p| p.name == param || p.anchore == Some(param));
                    let Some(spec) = known else {
                        let fault = Fault::UnknownParam { owner: rule.id.to_owned(), name: param.to_owned() };
                        let known = settable.iter().map(|p| p.name).chain(["action", "severity"]);
                        return Err(self.error(key.span(), fault).did_you_mean(param, known));
                    };
                    spans.insert(spec.name, item.span());
                    given.push((spec.name.to_owned(), self.value(spec.name, item)?));
                }
            }
            _ => return Err(self.kind(name, item, "an action, or a table with `action`, `severity` and parameters")),
        }
        // What a check looks at stays as its own block says.
        let params = if rule.is_own() || (wish == Wish::Off && given.is_empty()) {
            rule::Params::defaults(rule)
        } else {
            params(rule, given).map_err(|fault| {
                let at = match &fault {
                    Fault::Params(rule::ParamsError::Kind { name, .. }) => spans.get(name),
                    Fault::Regexp { param, .. } => spans.get(param.as_str()),
                    _ => None,
                };
                self.error(at.cloned().unwrap_or_else(|| key.span()), fault)
            })?
        };
        let span = Span::new(start, start.max(item.span().end));
        let line = Some(PolicyLine { source: Arc::clone(self.text), span: first_line(self.text, span) });
        Ok(Wanted { rule, code, wish, severity, params, trigger: None, line, is_built_in: self.is_built_in })
    }

    fn value(&self, key: &str, item: &Item<'_>) -> Result<Value, PolicyError> {
        let integer = |text: &str, radix| i64::from_str_radix(text, radix).ok();
        let value = match item.get_ref() {
            DeValue::String(s) => Some(Value::Str(s.to_string())),
            DeValue::Boolean(b) => Some(Value::Bool(*b)),
            DeValue::Integer(i) => integer(i.as_str(), i.radix()).map(Value::Int),
            DeValue::Array(items) => {
                let texts = items.iter().map(|item| match item.get_ref() {
                    DeValue::String(s) => Some(s.to_string()),
                    DeValue::Integer(i) => integer(i.as_str(), i.radix()).map(|i| i.to_string()),
                    _ => None,
                });
                texts.collect::<Option<Vec<String>>>().map(Value::List)
            }
            DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
        };
        value.ok_or_else(|| self.kind(key, item, "a string, a whole number, true or false, or a list of strings"))
    }

    fn waiver(&self, row: &Item<'_>) -> Result<Waiver, PolicyError> {
        let table = self.table("waiver", row)?;
        let whole = || Span::new(row.span().start, row.span().end);
        let fault = |span, text: String| self.error(span, Fault::Waiver(text));
        let (mut rules, mut path, mut fingerprint, mut reason, mut expires) = (Vec::new(), None, None, None, None);
        let (mut gate, mut trigger_id, mut owner) = (None, None, None);
        let (mut vulnerability, mut package) = (None, None);
        for (key, item) in table {
            let name = key.get_ref().as_ref();
            match name {
                "rule" => rules.extend(self.named(self.string(name, item)?, item.span())?),
                "rules" => {
                    let names = item.get_ref().as_array();
                    for one in names.ok_or_else(|| self.kind(name, item, "a list of rules"))? {
                        rules.extend(self.named(self.string(name, one)?, one.span())?);
                    }
                }
                "vulnerability" => vulnerability = Some(self.string(name, item)?.to_owned()),
                "package" => package = Some(self.string(name, item)?.to_owned()),
                "gate" => gate = Some(self.string(name, item)?.to_owned()),
                "trigger-id" => trigger_id = Some(self.string(name, item)?.to_owned()),
                "path" => {
                    let glob = PathGlob::new(self.string(name, item)?);
                    path = Some(glob.map_err(|why| fault(item.span(), why))?);
                }
                "fingerprint" => {
                    let text = self.string(name, item)?;
                    let (identity, number) = text.split_once(':').map_or((text, None), |(i, n)| (i, Some(n)));
                    if identity.len() != 16 || !identity.bytes().all(|b| b.is_ascii_hexdigit()) {
                        let why = format!("`{text}` is not a fingerprint; copy its 16 digits from a report");
                        return Err(fault(item.span(), why));
                    }
                    if number.is_some() {
                        let why =
                            format!("`{text}` is one of several equal findings; a waiver covers all: `{identity}`");
                        return Err(fault(item.span(), why));
                    }
                    fingerprint = Some(identity.to_ascii_lowercase());
                }
                "owner" => owner = Some(self.string(name, item)?.trim().to_owned()).filter(|o| !o.is_empty()),
                "reason" => reason = Some(self.string(name, item)?.trim().to_owned()).filter(|r| !r.is_empty()),
                "expires" => {
                    let text = match item.get_ref() {
                        DeValue::Datetime(date) => date.to_string(),
                        _ => self.string(name, item)?.to_owned(),
                    };
                    let date = Date::parse(&text);
                    let wrong = || fault(item.span(), format!("`{text}` is not a day; write it as 2026-12-31"));
                    expires = Some(date.ok_or_else(wrong)?);
                }
                _ => return Err(self.unknown_key(key, "[[waiver]]", WAIVER_KEYS)),
            }
        }
        rules.sort_by_key(Target::sort_key);
        rules.dedup();
        let whitelisted = match (gate, trigger_id) {
            (Some(gate), Some(id))
                if rules.is_empty() && path.is_none() && fingerprint.is_none() && vulnerability.is_none() =>
            {
                Some(WhitelistItem::new(&gate, &id, None).map_err(|why| fault(row.span(), why))?)
            }
            (None, None) => None,
            _ => {
                let text = "`gate` and `trigger-id` stand together, and in place of rules, a path and a fingerprint";
                return Err(fault(row.span(), text.to_owned()));
            }
        };
        if package.is_some() && vulnerability.is_none() {
            let text = "`package` stands beside the `vulnerability` that is waived in it";
            return Err(fault(row.span(), text.to_owned()));
        }
        if vulnerability.is_some() && rules.is_empty() {
            rules = [catalogue::DENIED_VULNERABILITY, catalogue::VULNERABLE_PACKAGE].map(Target::from).into();
        }
        let vulnerability = vulnerability.map(|name: String| WaivedVulnerability::new(&name, package.as_deref()));
        if rules.is_empty() && whitelisted.is_none() {
            let text = "a waiver names the rule it waives: rule = \"…\" or rules = […]";
            return Err(fault(row.span(), text.to_owned()));
        }
        let Some(reason) = reason else {
            return Err(fault(row.span(), "a waiver says why: reason = \"…\"".to_owned()));
        };
        let line = PolicyLine { source: Arc::clone(self.text), span: first_line(self.text, whole()) };
        Ok(Waiver { rules, path, fingerprint, whitelisted, vulnerability, reason, owner, expires, line })
    }
}

/// The part of a span on its first line.
pub(super) fn first_line(text: &SourceText, span: Span) -> Span {
    let line = text.line_span(text.line(span.start));
    Span::new(span.start, span.end.min(line.end))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
