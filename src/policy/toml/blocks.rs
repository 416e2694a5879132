//! Blocks of a policy: what holds for some images (`[[image]]`), and checks of its own (`[[check]]`).

use std::sync::Arc;

use ::toml::de::{DeTable, DeValue};

use super::{Document, Item, first_line};
use crate::packages::PackageKind;
use crate::policy::layer::{ImageBlock, Layer, Wanted, Wish, params};
use crate::policy::{Fault, PathGlob, PolicyError, PolicyLine};
use crate::rule::{self, OwnCheck, Rule, Value, catalogue};
use crate::text::Span;

/// Keys of `[[image]]`.
pub(in crate::policy) const IMAGE_KEYS: [&str; 5] = ["actions", "category", "check", "names", "rules"];
/// Keys of `[[check]]` beside the one that says what it looks at.
pub(in crate::policy) const CHECK_KEYS: [&str; 5] = ["action", "help", "id", "message", "severity"];
/// What a check can look at: the key, the rule that does it, and the rule's parameter that the key itself stands for.
pub(in crate::policy) const LOOKS_AT: [(&str, &Rule); 7] = [
    ("env", catalogue::CUSTOM_SETTING),
    ("file", catalogue::CUSTOM_FILE),
    ("instruction", catalogue::CUSTOM_INSTRUCTION),
    ("label", catalogue::CUSTOM_SETTING),
    ("package", catalogue::CUSTOM_PACKAGE),
    ("port", catalogue::CUSTOM_SETTING),
    ("user", catalogue::CUSTOM_SETTING),
];
/// Parameters that a check fills by itself.
pub(in crate::policy) const FILLED: [&str; 1] = ["kind"];

impl Document<'_> {
    fn block(&self, span: std::ops::Range<usize>, text: impl Into<String>) -> PolicyError {
        self.error(span, Fault::Block(text.into()))
    }

    /// A block for the images that its patterns name.
    pub(super) fn image(&self, row: &Item<'_>) -> Result<ImageBlock, PolicyError> {
        let table = self.table("image", row)?;
        let here = table.get("check");
        let (mut names, mut category, mut layer) = (Vec::new(), None, Layer::default());
        for (key, item) in table {
            match key.get_ref().as_ref() {
                "names" => match self.value("names", item)? {
                    Value::Str(one) => names.push(one),
                    Value::List(all) => names.extend(all),
                    Value::Int(_) | Value::Bool(_) => return Err(self.kind("names", item, "names of images")),
                },
                "category" => category = Some(self.string("category", item)?.to_owned()),
                "actions" => self.actions(self.table("actions", item)?, &mut layer)?,
                "rules" => layer.rules = self.rules(self.table("rules", item)?, here)?,
                "check" => layer.checks = self.checks(item)?,
                _ => return Err(self.unknown_key(key, "[[image]]", IMAGE_KEYS)),
            }
        }
        if names.iter().all(|name| name.trim().is_empty()) {
            let text = "an image block says for which images it is: names = [\"registry.example/team/*:1.*\"]";
            return Err(self.block(row.span(), text));
        }
        let called = category.map(|category| format!(" ({category})")).unwrap_or_default();
        let line = self.text.line(row.span().start);
        layer.notes.push(format!("the image block of {}:{line}{called} holds for this image", self.text.path()));
        Ok(ImageBlock { names, layer })
    }

    /// The policy's own checks, each with an id of its own.
    pub(super) fn checks(&self, item: &Item<'_>) -> Result<Vec<Wanted>, PolicyError> {
        let rows = item.get_ref().as_array().ok_or_else(|| self.kind("check", item, "tables: write [[check]]"))?;
        let mut checks: Vec<Wanted> = Vec::new();
        for row in rows.iter() {
            let check = self.check(row)?;
            let id = check.rule.id;
            if checks.iter().any(|other| other.rule == check.rule) {
                return Err(self.block(row.span(), format!("a second check has the id `{id}`")));
            }
            checks.push(check);
        }
        Ok(checks)
    }

    fn check(&self, row: &Item<'_>) -> Result<Wanted, PolicyError> {
        let table = self.table("check", row)?;
        let (mut id, mut message, mut help, mut severity, mut wish) = (None, None, None, None, Wish::BySeverity);
        let mut looks_at = None;
        for (key, item) in table {
            let name = key.get_ref().as_ref();
            match (name, LOOKS_AT.iter().find(|(key, _)| *key == name)) {
                ("id", _) => id = Some(self.check_id(item)?),
                ("message", _) => message = self.sentence(name, item)?,
                ("help", _) => help = self.sentence(name, item)?,
                ("severity", _) => severity = Some(self.severity(item)?),
                ("action", _) => wish = self.wish(name, item)?,
                (_, Some((key, rule))) => {
                    if looks_at.is_some() {
                        return Err(self.block(item.span(), "a check looks at one thing; write a second check"));
                    }
                    looks_at = Some((*rule, self.looked_at(key, rule, item)?, item.span()));
                }
                (_, None) => {
                    let known = CHECK_KEYS.into_iter().chain(LOOKS_AT.iter().map(|(key, _)| *key));
                    return Err(self.unknown_key(key, "[[check]]", known));
                }
            }
        }
        let Some(id) = id else { return Err(self.block(row.span(), "a check has an id: id = \"no-telnet\"")) };
        let Some(message) = message else {
            return Err(self.block(row.span(), "a check says what is wrong: message = \"…\""));
        };
        let Some((rule, given, span)) = looks_at else {
            let known: Vec<&str> = LOOKS_AT.iter().map(|(key, _)| *key).collect();
            return Err(self.block(row.span(), format!("a check says what it looks at: one of {}", known.join(", "))));
        };
        let params = params(rule, given).map_err(|fault| {
            let at = match &fault {
                Fault::Regexp { param, .. } => Self::value_span(table, param),
                _ => None,
            };
            self.error(at.unwrap_or_else(|| span.clone()), fault)
        })?;
        self.check_words(&params, span)?;
        let place = Span::new(row.span().start, row.span().end);
        let line = Some(PolicyLine { source: Arc::clone(self.text), span: first_line(self.text, place) });
        let rule = rule.own(OwnCheck { id, message, help, severity });
        let (code, trigger) = (None, None);
        Ok(Wanted { rule, code, wish, severity: None, params, trigger, line, is_built_in: self.is_built_in })
    }

    /// Where the value of a parameter of what a check looks at stands.
    fn value_span(check: &DeTable<'_>, param: &str) -> Option<std::ops::Range<usize>> {
        let tables = check.iter().filter_map(|(_, item)| item.get_ref().as_table());
        tables.filter_map(|table| table.get(param)).map(Item::span).next()
    }

    /// Words for people, on one line; `None` where there are none.
    fn sentence(&self, key: &str, item: &Item<'_>) -> Result<Option<String>, PolicyError> {
        let words: Vec<&str> = self.string(key, item)?.split_whitespace().collect();
        Ok(Some(words.join(" ")).filter(|words| !words.is_empty()))
    }

    /// Whether a name is the id of one of these checks, which are not read yet.
    pub(super) fn has_check(item: Option<&Item<'_>>, name: &str) -> bool {
        let rows = item.and_then(|item| item.get_ref().as_array()).into_iter().flatten();
        let mut ids = rows.filter_map(|row| row.get_ref().as_table()?.get("id")?.get_ref().as_str());
        ids.any(|id| id.eq_ignore_ascii_case(name))
    }

    fn check_id(&self, item: &Item<'_>) -> Result<String, PolicyError> {
        let id = self.string("id", item)?;
        let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.is_empty() || !id.chars().all(is_part) || id.starts_with('-') || id.ends_with('-') {
            return Err(self.block(item.span(), format!("`{id}` is no id; write it in lower case: no-telnet")));
        }
        if !rule::named(id).is_empty() {
            return Err(self.block(item.span(), format!("`{id}` is the name of a rule; a check needs one of its own")));
        }
        Ok(id.to_owned())
    }

    /// The parameters that the table of what a check looks at gives; a text or number alone is a name.
    fn looked_at(&self, kind: &str, rule: &'static Rule, item: &Item<'_>) -> Result<Vec<(String, Value)>, PolicyError> {
        let mut given = Vec::new();
        if rule == catalogue::CUSTOM_SETTING {
            given.push(("kind".to_owned(), Value::Str(kind.to_owned())));
        }
        let main = if rule == catalogue::CUSTOM_FILE { "path" } else { "name" };
        let table: &DeTable<'_> = match item.get_ref() {
            DeValue::Table(table) => table,
            DeValue::String(_) | DeValue::Integer(_) if rule != catalogue::CUSTOM_INSTRUCTION => {
                given.push((main.to_owned(), self.value(kind, item)?));
                return Ok(given);
            }
            _ => return Err(self.kind(kind, item, "a table that says which")),
        };
        let known = || rule.params.iter().map(|p| p.name).filter(|name| !FILLED.contains(name));
        for (key, item) in table {
            let name = key.get_ref().as_ref();
            if !known().any(|k| k == name) {
                return Err(self.unknown_key(key, kind, known()));
            }
            given.push((name.to_owned(), self.value(name, item)?));
        }
        Ok(given)
    }

    /// Whether words that only mean something when they are well formed are.
    fn check_words(&self, params: &rule::Params, span: std::ops::Range<usize>) -> Result<(), PolicyError> {
        if !params.str("path").is_empty() {
            PathGlob::new(params.str("path")).map_err(|why| self.block(span.clone(), why))?;
        }
        let mode = params.str("mode");
        if !mode.is_empty() && u32::from_str_radix(mode.trim_start_matches("0o"), 8).is_err() {
            return Err(self.block(span, format!("`{mode}` is no mode; write it in octal: \"4000\"")));
        }
        if PackageKind::all_named(params.str("type")).is_none() {
            let known = PackageKind::ALL
                .iter()
                .map(|kind| kind.as_str())
                .chain(["go", "java", "non-os", "os", "python", "rust"]);
            let word = params.str("type");
            return Err(self
                .error(span, Fault::Block(format!("`{word}` is no type of packages")))
                .did_you_mean(word, known));
        }
        let digest = params.str("sha256").trim_start_matches("sha256:");
        if !digest.is_empty() && (digest.len() != 64 || !digest.bytes().all(|b| b.is_ascii_hexdigit())) {
            return Err(self.block(span, format!("`{digest}` is no SHA-256: it has 64 hexadecimal digits")));
        }
        let keyword = params.str("keyword");
        let is_known =
            |k: &&str| crate::dockerfile::Keyword::ALL.iter().any(|known| known.name().eq_ignore_ascii_case(k));
        if !keyword.is_empty() && !is_known(&keyword) {
            let known = crate::dockerfile::Keyword::ALL.iter().map(|k| k.name());
            let fault = Fault::Block(format!("`{keyword}` is no instruction"));
            return Err(self.error(span, fault).did_you_mean(keyword, known));
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
