//! The gates of Anchore's engine (2018 to 2023): what each trigger and its parameters mean in rules of the catalogue.
//!
//! A trigger whose rule exists is translated here; one that nothing answers to is refused by name. Which rule answers to
//! which trigger stands on the rules' pages as well, and a test holds the two together.

mod early;
mod table;
mod vulnerable;

use std::collections::BTreeMap;

use super::regexp::{from_python, is_known_name, is_name, reason};
use super::{Fault, path_regex};
use crate::rule::{Rule, Value};

/// Rules to run, and the parameters of each.
type Runs = Vec<(&'static Rule, Vec<(String, Value)>)>;

/// A trigger of the engine.
pub(super) struct Trigger {
    /// `gate:trigger`.
    pub(super) name: &'static str,
    /// Names of its parameters.
    pub(super) params: &'static [&'static str],
    /// Those of them it cannot do without.
    required: &'static [&'static str],
    runs: fn(&Given<'_>) -> Result<Runs, Fault>,
}

/// The parameters of a rule by name; empty ones count as not given.
struct Given<'a> {
    params: BTreeMap<String, &'a str>,
}

impl<'a> Given<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        self.params.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }

    /// The items of a list, which commas separate.
    fn list(&self, name: &str) -> Vec<String> {
        self.text(name).split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    /// A switch, and what it is when nobody says.
    fn is_on(&self, name: &str, otherwise: bool) -> Result<bool, Fault> {
        match self.get(name) {
            None => Ok(otherwise),
            Some(_) => Ok(self.one_of(name, &["true", "false"])? == "true"),
        }
    }

    /// A whole number.
    fn number(&self, name: &str) -> Result<i64, Fault> {
        let given = self.get(name);
        given.and_then(|text| text.parse().ok()).ok_or_else(|| bad(name, given, "a whole number"))
    }

    /// Whether a `type` says that the list names what is allowed.
    fn is_allow_list(&self) -> Result<bool, Fault> {
        match self.get("type").map(str::to_ascii_lowercase).as_deref() {
            Some("whitelist" | "allowlist") => Ok(true),
            Some("blacklist" | "denylist") => Ok(false),
            _ => Err(bad("type", self.get("type"), "whitelist or blacklist")),
        }
    }

    /// One of the words a parameter can be.
    fn one_of(&self, name: &str, words: &[&'static str]) -> Result<&'static str, Fault> {
        let given = self.get(name);
        let found = words.iter().find(|word| given.is_some_and(|g| g.eq_ignore_ascii_case(word)));
        found.copied().ok_or_else(|| bad(name, given, &words.join(", ")))
    }

    /// One of the words, or the first of them when nothing is given.
    fn one_of_or_first(&self, name: &str, words: &[&'static str]) -> Result<&'static str, Fault> {
        match (self.get(name), words.first()) {
            (None, Some(first)) => Ok(first),
            _ => self.one_of(name, words),
        }
    }

    /// The value that a check compares with: there when the check needs one, and an expression that can be run where it is one.
    fn compared_with(&self, name: &str, check: &str) -> Result<String, Fault> {
        let value = self.text(name);
        if ["exists", "not_exists"].contains(&check) {
            return Ok(value);
        }
        if value.is_empty() {
            return Err(Fault::Bundle(format!("the check `{check}` needs the parameter `{name}`")));
        }
        if !["like", "not_like"].contains(&check) {
            return Ok(value);
        }
        let expression = from_python(&value);
        let fault = |why: String| Fault::Regexp { param: name.to_owned(), why };
        path_regex(&expression).map_err(|error| fault(reason(&error.to_string())))?;
        Ok(expression)
    }

    /// An expression over lines as the engine's analyzer had it. A name alone stands for one of its configuration, of which only
    /// those that came with the engine are known.
    fn line_expression(&self, name: &str) -> Result<String, Fault> {
        let text = self.text(name);
        if is_name(&text) && !is_known_name(&text) {
            return Err(Fault::Bundle(format!(
                "`{text}` is the name of an expression in an analyzer's configuration, which is not here; write `{text}=` and the expression"
            )));
        }
        Ok(text)
    }
}

fn bad(name: &str, given: Option<&str>, wanted: &str) -> Fault {
    Fault::Bundle(format!("`{name}` is `{}`; it can be {wanted}", given.unwrap_or_default()))
}

fn string(name: &str, value: impl Into<String>) -> (String, Value) {
    (name.to_owned(), Value::Str(value.into()))
}

fn list(name: &str, values: Vec<String>) -> (String, Value) {
    (name.to_owned(), Value::List(values))
}

fn switch(name: &str, value: bool) -> (String, Value) {
    (name.to_owned(), Value::Bool(value))
}

/// Triggers of the engine and its heirs that need what is not here: other images and their analysis, or a source repository's.
const UNSUPPORTED: [&str; 6] = [
    "ancestry:allowed_base_image_digest",
    "ancestry:allowed_base_image_tag",
    "image_source_drift:image_not_source",
    "tag_drift:packages_added",
    "tag_drift:packages_modified",
    "tag_drift:packages_removed",
];

/// What a `gate:trigger` is to this version.
pub(super) enum Known {
    /// It is answered to.
    Answered(&'static Trigger),
    /// It is the engine's, and nothing answers to it.
    Unsupported,
    /// It is not the engine's; it may be one of 2017.
    Foreign,
}

/// Finds a trigger. Later versions of the engine say `denylist` where earlier ones say `blacklist`.
pub(super) fn find(gate: &str, trigger: &str) -> Known {
    let name = format!("{gate}:{trigger}").to_ascii_lowercase().replace("denylist", "blacklist");
    if let Some(found) = table::TRIGGERS.iter().chain(early::TRIGGERS).find(|t| t.name == name) {
        return Known::Answered(found);
    }
    let gate = gate.to_ascii_lowercase();
    let gates = table::TRIGGERS.iter().map(|t| t.name).chain(UNSUPPORTED).filter_map(|name| name.split(':').next());
    let is_listed = UNSUPPORTED.contains(&name.as_str());
    if is_listed || gates.into_iter().any(|known| known == gate) { Known::Unsupported } else { Known::Foreign }
}

/// Every trigger of Anchore's engine that is answered to, as `gate:trigger` in small letters, and the names of its parameters.
pub fn engine_triggers() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    table::TRIGGERS.iter().chain(early::TRIGGERS).map(|trigger| (trigger.name, trigger.params))
}

impl Trigger {
    /// The rules that a trigger with these parameters, whose names are in small letters, runs. None when what is asked for finds
    /// nothing in any image.
    pub(super) fn runs(&self, params: BTreeMap<String, &str>) -> Result<Runs, Fault> {
        let given = Given { params };
        if let Some(missing) = self.required.iter().find(|name| given.get(name).is_none()) {
            return Err(Fault::Bundle(format!("`{}` needs the parameter `{missing}`", self.name)));
        }
        (self.runs)(&given)
    }
}

/// A trigger, its parameters, those it needs, and what they mean.
macro_rules! trigger {
    ($name:literal, $params:expr, $required:expr, $runs:expr) => {
        Trigger { name: $name, params: $params, required: $required, runs: $runs }
    };
}
use trigger;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
