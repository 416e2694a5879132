//! Anchore's policy text of 2017: one `GATE:TRIGGER:ACTION[:PARAMS]` a line, `#` for comments.
//!
//! The fields are what stands between the first three colons, so a value may hold colons itself. Parameters are
//! `NAME=VALUE`, separated by blanks; a value of several items separates them by commas. A regular expression may hold
//! blanks: what follows it and is not a parameter belongs to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::layer::{Layer, NEEDED, Wanted, Wish, params};
use super::regexp::{from_python, line_expressions};
use super::{Action, Fault, PolicyError, PolicyLine};
use crate::rule::{self, Default as Kind, Edition, ParamSpec, Rule, Severity, Value, catalogue};
use crate::text::{SourceText, Span};

/// Reads a policy in Anchore's text form.
///
/// # Errors
/// On the first line that is no line of a policy, or asks for something that cannot be checked.
pub(super) fn parse(text: &Arc<SourceText>, is_built_in: bool) -> Result<Layer, PolicyError> {
    let mut wanted = Vec::new();
    for number in 1..=text.line_count() {
        if let Some(line) = Line::parse(text, text.line_span(number))? {
            wanted.extend(line.asked()?.wanted(is_built_in)?);
        }
    }
    if wanted.is_empty() {
        return Err(PolicyError::at(text, Span::default(), Fault::Empty));
    }
    Ok(layer(wanted))
}

/// What the lines of a policy, or the rules of a JSON one, come to. What none of them asks for is not checked.
pub(super) fn layer(wanted: Vec<Wanted>) -> Layer {
    let mut layer = Layer { ruleset: Some(Edition::CURRENT), ..Layer::default() };
    layer.actions.extend([Severity::Error, Severity::Warning, Severity::Info, Severity::Style].map(|s| (s, None)));
    let own = own_checks(&wanted);
    for wanted in one_feed_warning(wanted).into_iter().chain(own) {
        layer.rules.entry((wanted.rule.id, None)).or_default().push(wanted);
    }
    layer
}

/// A line, split.
struct Line<'a> {
    text: &'a Arc<SourceText>,
    span: Span,
    gate: Span,
    trigger: Span,
    action: Action,
    params: Option<Span>,
}

impl<'a> Line<'a> {
    /// Splits a line; `None` for a blank line or a comment.
    fn parse(text: &'a Arc<SourceText>, line: Span) -> Result<Option<Self>, PolicyError> {
        let span = trim(text, line);
        let content = text.slice(span);
        if content.is_empty() || content.starts_with('#') {
            return Ok(None);
        }
        let mut fields = Vec::with_capacity(4);
        let mut start = span.start;
        for field in content.splitn(4, ':') {
            fields.push(trim(text, Span::new(start, start + field.len())));
            start += field.len() + 1;
        }
        let &[gate, trigger, action, ref rest @ ..] = fields.as_slice() else {
            return Err(PolicyError::at(text, span, Fault::NotALine(content.to_owned()))
                .with_help("such as DOCKERFILECHECK:NOTAG:STOP"));
        };
        known_trigger(text, (text.slice(gate), gate), (text.slice(trigger), trigger))?;
        let word = text.slice(action);
        let Some(done) = Action::parse(word) else {
            let known = ["STOP", "WARN", "GO"];
            return Err(PolicyError::at(text, action, Fault::BadAction(word.to_owned())).did_you_mean(word, known));
        };
        let params = rest.first().copied().filter(|p| !p.is_empty());
        Ok(Some(Self { text, span, gate, trigger, action: done, params }))
    }

    fn asked(&self) -> Result<Asked<'a>, PolicyError> {
        let name = format!("{}:{}", self.text.slice(self.gate), self.text.slice(self.trigger));
        let rules = rule::named(&name);
        let given = self.params(&name, &rules)?;
        let params = self.params.unwrap_or(self.span);
        Ok(Asked { text: self.text, span: self.span, name, rules, action: self.action, given, params })
    }

    /// The parameters of the line, each known to one of its rules.
    fn params(&self, owner: &str, rules: &[&'static Rule]) -> Result<Vec<Given>, PolicyError> {
        let mut given: Vec<Given> = Vec::new();
        let all = self.params.unwrap_or_default();
        let mut start = all.start;
        for word in self.text.slice(all).split([' ', '\t']) {
            let span = Span::new(start, start + word.len());
            start = span.end + 1;
            if word.is_empty() {
                continue;
            }
            match (word.split_once('=').filter(|(name, _)| is_param_name(name)), given.last_mut()) {
                (Some((name, value)), _) => {
                    let Some(spec) = rules.iter().find_map(|rule| spec(rule, name)) else {
                        let known = rules.iter().flat_map(|r| r.params).filter_map(|p| p.anchore);
                        let fault = Fault::UnknownParam { owner: owner.to_owned(), name: name.to_owned() };
                        return Err(PolicyError::at(self.text, span, fault).did_you_mean(name, known));
                    };
                    given.push(Given { name: name.to_owned(), spec, text: value.to_owned(), end: span.end });
                }
                // A regular expression with blanks in it.
                (None, Some(Given { text, spec, end, .. })) if is_regexp(spec) => {
                    text.push_str(self.text.slice(Span::new(*end, span.start)));
                    text.push_str(word);
                    *end = span.end;
                }
                (None, _) => {
                    return Err(PolicyError::at(self.text, span, Fault::NotAParam(word.to_owned()))
                        .with_help("items of one value are separated by commas, without blanks"));
                }
            }
        }
        Ok(given)
    }
}

/// What one line, or one rule of a JSON policy, asks for.
struct Asked<'a> {
    text: &'a Arc<SourceText>,
    /// The line or rule.
    span: Span,
    /// `GATE:TRIGGER`, as it is written.
    name: String,
    /// The rules that answer to it.
    rules: Vec<&'static Rule>,
    action: Action,
    given: Vec<Given>,
    /// Where the parameters stand.
    params: Span,
}

impl Asked<'_> {
    /// The runs of rules that are asked for: one for each rule that answers to the trigger.
    fn wanted(&self, is_built_in: bool) -> Result<Vec<Wanted>, PolicyError> {
        let mut wanted = Vec::with_capacity(self.rules.len());
        for rule in &self.rules {
            let own = self.given.iter().filter(|g| spec(rule, &g.name).is_some());
            let own = own.map(|g| (g.name.clone(), read_value(g.spec, &g.text)));
            let own = implied(rule, &self.name).into_iter().chain(own);
            let params = params(rule, own.collect()).map_err(|fault| PolicyError::at(self.text, self.params, fault))?;
            wanted.push(Wanted {
                severity: None,
                rule,
                code: None,
                wish: Wish::Do(self.action),
                params,
                trigger: Some(self.name.clone()),
                line: Some(PolicyLine { source: Arc::clone(self.text), span: self.span }),
                is_built_in,
            });
        }
        Ok(wanted)
    }
}

/// Parameters that a trigger's name stands for: the severity of a vulnerability. What is negligible is unknown to 2017.
fn implied(rule: &Rule, trigger: &str) -> Vec<(String, Value)> {
    let level = trigger.split(':').nth(1).and_then(|name| name.get(4..)).unwrap_or_default().to_ascii_lowercase();
    let (level, comparison) = match level.as_str() {
        "unknown" => ("negligible", "<="),
        other => (other, "="),
    };
    if rule != catalogue::VULNERABLE_PACKAGE {
        return Vec::new();
    }
    let param = |name: &str, value: &str| (name.to_owned(), Value::Str(value.to_owned()));
    vec![param("level", level), param("level-comparison", comparison)]
}

/// A rule of a JSON policy, taken apart.
pub(super) struct Object<'a> {
    pub(super) text: &'a Arc<SourceText>,
    pub(super) span: Span,
    pub(super) gate: (&'a str, Span),
    pub(super) trigger: (&'a str, Span),
    pub(super) action: Action,
    /// Names and values, and where each stands.
    pub(super) params: Vec<(String, String, Span)>,
}

impl Object<'_> {
    /// The runs of rules that a rule with one of the triggers of 2017 asks for.
    pub(super) fn wanted(&self) -> Result<Vec<Wanted>, PolicyError> {
        known_trigger(self.text, self.gate, self.trigger)?;
        let name = format!("{}:{}", self.gate.0, self.trigger.0);
        let rules = rule::named(&name);
        let mut given: Vec<Given> = Vec::new();
        for (param, value, span) in &self.params {
            let Some(spec) = rules.iter().find_map(|rule| spec(rule, param)) else {
                let known = rules.iter().flat_map(|r| r.params).filter_map(|p| p.anchore);
                let fault = Fault::UnknownParam { owner: name, name: param.clone() };
                return Err(PolicyError::at(self.text, *span, fault).did_you_mean(param, known));
            };
            given.push(Given { name: param.clone(), spec, text: value.trim().to_owned(), end: 0 });
        }
        let (text, span, action) = (self.text, self.span, self.action);
        Asked { text, span, name, rules, action, given, params: span }.wanted(false)
    }
}

/// A parameter as a line gives it.
struct Given {
    name: String,
    spec: &'static ParamSpec,
    text: String,
    /// Where it ends in the text.
    end: usize,
}

fn spec(rule: &Rule, name: &str) -> Option<&'static ParamSpec> {
    rule.params.iter().find(|p| p.anchore.is_some_and(|a| a.eq_ignore_ascii_case(name)))
}

fn is_param_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

fn is_regexp(spec: &ParamSpec) -> bool {
    spec.name.ends_with("-regexp")
}

fn read_value(spec: &ParamSpec, text: &str) -> Value {
    match (spec.name, spec.default) {
        ("content-regexp", Kind::List(_)) => Value::List(line_expressions(text)),
        ("content-regexp", _) => Value::Str(line_expressions(text).join("|")),
        (_, Kind::List(_)) if is_regexp(spec) => Value::List(vec![from_python(text)]),
        (_, Kind::List(_)) => Value::List(text.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect()),
        _ if is_regexp(spec) => Value::Str(from_python(text)),
        _ => Value::Str(text.to_owned()),
    }
}

/// Refuses a gate or trigger that no rule answers to, with the reason that fits.
fn known_trigger(
    text: &Arc<SourceText>,
    (gate, gate_span): (&str, Span),
    (trigger, trigger_span): (&str, Span),
) -> Result<(), PolicyError> {
    let all = rule::all().iter().flat_map(|r| r.triggers).filter(|t| is_of_2017(t));
    let known: BTreeSet<(&str, &str)> = all.filter_map(|t| t.split_once(':')).collect();
    if known.iter().any(|(g, t)| g.eq_ignore_ascii_case(gate) && t.eq_ignore_ascii_case(trigger)) {
        return Ok(());
    }
    let triggers: Vec<&str> = known.iter().filter(|(g, _)| g.eq_ignore_ascii_case(gate)).map(|(_, t)| *t).collect();
    if triggers.is_empty() {
        let gates = known.iter().map(|(g, _)| *g);
        return Err(PolicyError::at(text, gate_span, Fault::UnknownGate(gate.to_owned())).did_you_mean(gate, gates));
    }
    let fault = Fault::UnknownTrigger { gate: gate.to_owned(), trigger: trigger.to_owned() };
    Err(PolicyError::at(text, trigger_span, fault).did_you_mean(trigger, triggers))
}

/// Whether a trigger is one of the 2017 tool's, which are written in capitals.
pub(super) fn is_of_2017(trigger: &str) -> bool {
    !trigger.contains(|c: char| c.is_ascii_lowercase())
}

/// Makes one run, with WARN, of all lines that ask for vulnerabilities and have to say that nothing was looked up: no action
/// of theirs fits that. What only asks for unsupported distributions says so itself, and a rule of the engine's that asks for
/// missing data has the action it asks for.
fn one_feed_warning(wanted: Vec<Wanted>) -> Vec<Wanted> {
    let (mut lines, mut rest): (Vec<_>, Vec<_>) =
        wanted.into_iter().partition(|w| w.rule == catalogue::VULNERABILITY_DATA_MISSING);
    let is_of =
        |w: &Wanted, trigger: &str| w.trigger.as_deref().is_some_and(|t| t.to_ascii_lowercase().ends_with(trigger));
    let (asked, told): (Vec<_>, Vec<_>) = lines.drain(..).partition(|w| is_of(w, ":vulnerability_data_unavailable"));
    if asked.is_empty() {
        let line = told.into_iter().find(|w| !is_of(w, ":unsupporteddistro"));
        rest.extend(line.map(|line| Wanted { wish: Wish::Do(Action::Warn), ..line }));
    }
    rest.extend(asked);
    rest
}

/// What is checked without a line: whether the lines could be. A part of the image that could not be read stops; a base
/// that is not known and a package database that cannot be read count as much as the strictest line that compares with
/// it, and a Dockerfile that is not there as much as the strictest line about it; a broken one warns.
fn own_checks(wanted: &[Wanted]) -> Vec<Wanted> {
    let own = |rule: &'static Rule, wish, asked: Option<&Wanted>| Wanted {
        severity: None,
        rule,
        code: None,
        wish,
        params: rule::Params::defaults(rule),
        trigger: asked.and_then(|w| w.trigger.clone()),
        line: asked.and_then(|w| w.line.clone()),
        is_built_in: false,
    };
    let mut checks = vec![own(catalogue::IMAGE_PART_UNCHECKED, Wish::Do(Action::Stop), None)];
    let action = |w: &Wanted| match w.wish {
        Wish::Do(action) => Some(action),
        Wish::Off | Wish::BySeverity => None,
    };
    for needed in &NEEDED {
        // The first of the strictest: of equals, `max_by_key` gives the last.
        let strictest = wanted.iter().rev().filter(|w| (needed.is_for)(w.rule)).max_by_key(|w| action(w));
        checks.extend(strictest.map(|w| own(needed.told_by, w.wish, Some(w))));
    }
    let reads_dockerfile = |w: &&Wanted| {
        w.trigger
            .as_deref()
            .is_some_and(|t| t.split(':').next().is_some_and(|gate| gate.eq_ignore_ascii_case("DOCKERFILECHECK")))
    };
    if let Some(strictest) = wanted.iter().rev().filter(reads_dockerfile).max_by_key(|w| action(w)) {
        checks.push(own(catalogue::PARSE_ERROR, Wish::Do(Action::Warn), None));
        if !wanted.iter().any(|w| w.rule == catalogue::DOCKERFILE_MISSING) {
            checks.push(own(catalogue::DOCKERFILE_MISSING, strictest.wish, Some(strictest)));
        }
    }
    checks
}

/// A span without the blanks and the byte order mark around its text.
fn trim(text: &SourceText, span: Span) -> Span {
    let slice = text.slice(span);
    let is_blank = |c: char| c.is_whitespace() || c == '\u{FEFF}';
    let start = span.start + (slice.len() - slice.trim_start_matches(is_blank).len());
    Span::new(start, start + slice.trim_matches(is_blank).len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
