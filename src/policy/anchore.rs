//! Anchore's policy text of 2017: one `GATE:TRIGGER:ACTION[:PARAMS]` a line, `#` for comments.
//!
//! The fields are what stands between the first three colons, so a value may hold colons itself. Parameters are
//! `NAME=VALUE`, separated by blanks; a value of several items separates them by commas. A regular expression may hold
//! blanks: what follows it and is not a parameter belongs to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::layer::{Layer, Wanted, Wish, compares_with_base, params};
use super::regexp::from_python;
use super::{Action, Fault, PolicyError, PolicyLine};
use crate::rule::{self, Default as Kind, Edition, ParamSpec, Rule, Severity, Value, catalogue};
use crate::text::{SourceText, Span};

/// Gates of 2017 that no rule answers to yet. A line that asks for one is refused: left out, it would pass in silence.
const UNSUPPORTED: [&str; 8] = [
    "FILEPARSE_PASSWD",
    "GEMCHECK",
    "IMAGECHECK",
    "LICBLACKLIST",
    "NPMCHECK",
    "PKGBLACKLIST",
    "PKGCHECK",
    "SECRETCHECK",
];

/// Reads a policy in Anchore's text form.
///
/// # Errors
/// On the first line that is no line of a policy, or asks for something that cannot be checked.
pub(super) fn parse(text: &Arc<SourceText>, is_built_in: bool) -> Result<Layer, PolicyError> {
    let mut wanted = Vec::new();
    for number in 1..=text.line_count() {
        if let Some(line) = Line::parse(text, text.line_span(number))? {
            wanted.extend(line.wanted(is_built_in)?);
        }
    }
    if wanted.is_empty() {
        return Err(PolicyError::at(text, Span::default(), Fault::Empty));
    }
    let mut layer = Layer { ruleset: Some(Edition::CURRENT), ..Layer::default() };
    // What no line asks for is not checked.
    layer.actions.extend([Severity::Error, Severity::Warning, Severity::Info, Severity::Style].map(|s| (s, None)));
    let own = own_checks(&wanted);
    for wanted in one_feed_warning(wanted).into_iter().chain(own) {
        layer.rules.entry(wanted.rule.id).or_default().push(wanted);
    }
    Ok(layer)
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
        known_trigger(text, gate, trigger)?;
        let word = text.slice(action);
        let Some(done) = Action::parse(word) else {
            let known = ["STOP", "WARN", "GO"];
            return Err(PolicyError::at(text, action, Fault::BadAction(word.to_owned())).did_you_mean(word, known));
        };
        let params = rest.first().copied().filter(|p| !p.is_empty());
        Ok(Some(Self { text, span, gate, trigger, action: done, params }))
    }

    /// The runs of rules that the line asks for: one for each rule that answers to its trigger.
    fn wanted(&self, is_built_in: bool) -> Result<Vec<Wanted>, PolicyError> {
        let name = format!("{}:{}", self.text.slice(self.gate), self.text.slice(self.trigger));
        let rules = rule::named(&name);
        let given = self.params(&name, &rules)?;
        let mut wanted = Vec::with_capacity(rules.len());
        for rule in rules {
            let own = given.iter().filter(|g| spec(rule, &g.name).is_some()).map(|g| (g.name.clone(), g.value.clone()));
            let params = params(rule, own.collect())
                .map_err(|fault| PolicyError::at(self.text, self.params.unwrap_or(self.span), fault))?;
            wanted.push(Wanted {
                rule,
                wish: Wish::Do(self.action),
                params,
                trigger: Some(name.clone()),
                line: Some(PolicyLine { source: Arc::clone(self.text), span: self.span }),
                is_built_in,
            });
        }
        Ok(wanted)
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
                    given.push(Given { name: name.to_owned(), spec, value: read_value(spec, value), end: span.end });
                }
                // A regular expression with blanks in it.
                (None, Some(Given { value: Value::Str(before), spec, end, .. })) if is_regexp(spec) => {
                    before.push_str(self.text.slice(Span::new(*end, span.start)));
                    before.push_str(&from_python(word));
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

/// A parameter as a line gives it.
struct Given {
    name: String,
    spec: &'static ParamSpec,
    value: Value,
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
    match spec.default {
        Kind::List(_) => Value::List(text.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect()),
        _ if is_regexp(spec) => Value::Str(from_python(text)),
        _ => Value::Str(text.to_owned()),
    }
}

/// Refuses a gate or trigger that no rule answers to, with the reason that fits.
fn known_trigger(text: &Arc<SourceText>, gate_span: Span, trigger_span: Span) -> Result<(), PolicyError> {
    let (gate, trigger) = (text.slice(gate_span), text.slice(trigger_span));
    let known: BTreeSet<(&str, &str)> =
        rule::all().iter().flat_map(|r| r.triggers).filter_map(|t| t.split_once(':')).collect();
    if known.iter().any(|(g, t)| g.eq_ignore_ascii_case(gate) && t.eq_ignore_ascii_case(trigger)) {
        return Ok(());
    }
    if UNSUPPORTED.iter().any(|g| g.eq_ignore_ascii_case(gate)) {
        return Err(PolicyError::at(text, gate_span, Fault::UnsupportedGate(gate.to_owned()))
            .with_help("take the line out if you can do without it"));
    }
    let triggers: Vec<&str> = known.iter().filter(|(g, _)| g.eq_ignore_ascii_case(gate)).map(|(_, t)| *t).collect();
    if triggers.is_empty() {
        let gates = known.iter().map(|(g, _)| *g).chain(UNSUPPORTED);
        return Err(PolicyError::at(text, gate_span, Fault::UnknownGate(gate.to_owned())).did_you_mean(gate, gates));
    }
    let fault = Fault::UnknownTrigger { gate: gate.to_owned(), trigger: trigger.to_owned() };
    Err(PolicyError::at(text, trigger_span, fault).did_you_mean(trigger, triggers))
}

/// Makes one run, with WARN, of all lines that ask for vulnerabilities: there is one thing to say, that nothing was
/// checked, and no action of theirs fits it. It is said in the name of `UNSUPPORTEDDISTRO` where the policy has it,
/// which is what the trigger is for.
fn one_feed_warning(wanted: Vec<Wanted>) -> Vec<Wanted> {
    let (lines, mut rest): (Vec<_>, Vec<_>) =
        wanted.into_iter().partition(|w| w.rule == catalogue::VULNERABILITY_DATA_MISSING);
    let is_for_it = |w: &&Wanted| w.trigger.as_deref().is_some_and(|t| t.ends_with(":UNSUPPORTEDDISTRO"));
    if let Some(line) = lines.iter().find(is_for_it).or(lines.first()) {
        rest.push(Wanted { wish: Wish::Do(Action::Warn), ..line.clone() });
    }
    rest
}

/// What is checked without a line: whether the lines could be. A part of the image that could not be read stops; not
/// knowing the base counts as much as the strictest line that compares with it; a Dockerfile that is broken warns.
fn own_checks(wanted: &[Wanted]) -> Vec<Wanted> {
    let own = |rule: &'static Rule, wish, asked: Option<&Wanted>| Wanted {
        rule,
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
    // The first of the strictest.
    let comparing = wanted.iter().rev().filter(|w| compares_with_base(w.rule)).max_by_key(|w| action(w));
    checks.extend(comparing.map(|w| own(catalogue::BASE_UNKNOWN, w.wish, Some(w))));
    let reads_dockerfile = wanted.iter().any(|w| w.trigger.as_deref().is_some_and(|t| t.starts_with("DOCKERFILECHECK:")));
    let broken = rule::find("parse-error").filter(|_| reads_dockerfile);
    checks.extend(broken.map(|rule| own(rule, Wish::Do(Action::Warn), None)));
    checks
}

/// A span without the blanks and the byte order mark around its text.
fn trim(text: &SourceText, span: Span) -> Span {
    let slice = text.slice(span);
    let is_blank = |c: char| c.is_whitespace() || c == '\u{FEFF}';
    let start = span.start + (slice.len() - slice.trim_start_matches(is_blank).len());
    Span::new(start, start + slice.trim_matches(is_blank).len())
}
