//! Anchore's policy text of 2017: one `GATE:TRIGGER:ACTION[:PARAMS]` a line, `#` for comments.
//!
//! The fields are what stands between the first three colons, so a value may hold colons itself. Parameters are
//! `NAME=VALUE`, separated by blanks; a value of several items separates them by commas, and one that is given again adds to
//! it. A regular expression may hold blanks: what follows it and is not a parameter belongs to it.
//!
//! As in 2017, a line may hold parameters of another trigger of its gate, and of two lines that ask for the same the later
//! counts.

mod given;

use std::collections::BTreeSet;
use std::sync::Arc;

use self::given::{Given, is_param_name, is_regexp, spec, spec_of_gate, unknown_param};
use super::layer::{Layer, Wanted, Wish, params};
use super::{Action, Fault, PolicyError, PolicyLine};
use crate::rule::{self, Edition, Rule, Severity, Value, catalogue};
use crate::text::{SourceText, Span};

/// Reads a policy in Anchore's text form.
///
/// # Errors
/// On the first line that is no line of a policy, or asks for something that cannot be checked.
pub(super) fn parse(text: &Arc<SourceText>, is_built_in: bool) -> Result<Layer, PolicyError> {
    let mut asked = Vec::new();
    for number in 1..=text.line_count() {
        if let Some(line) = Line::parse(text, text.line_span(number))? {
            asked.push(line.asked()?);
        }
    }
    hand_over(&mut asked)?;
    let mut wanted = Vec::new();
    for asked in asked {
        wanted.extend(asked.wanted(is_built_in)?);
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
    let wanted = without_repeated(wanted, &mut layer.notes);
    let own = own_checks(&wanted);
    for wanted in one_feed_warning(wanted).into_iter().chain(own) {
        layer.rules.entry((wanted.rule.id, None)).or_default().push(wanted);
    }
    layer
}

/// Gives the parameters that stand on a line of another trigger of their gate to the lines that ask for their own.
fn hand_over(asked: &mut [Asked<'_>]) -> Result<(), PolicyError> {
    let strayed: Vec<(&str, Given, PolicyError)> = asked.iter_mut().flat_map(Asked::strayed).collect();
    for (trigger, given, unknown) in strayed {
        let mut taken = false;
        let answers = |line: &&mut Asked<'_>| line.rules.iter().any(|rule| rule.triggers.contains(&trigger));
        for line in asked.iter_mut().filter(answers) {
            line.given.push(given.clone());
            taken = true;
        }
        if !taken {
            return Err(unknown.with_help(format!("it is of {trigger}, which no line asks for")));
        }
    }
    Ok(())
}

/// Leaves out what a later line of 2017 asks for again, with another action or the same.
fn without_repeated(wanted: Vec<Wanted>, notes: &mut Vec<String>) -> Vec<Wanted> {
    let mut kept: Vec<Wanted> = Vec::with_capacity(wanted.len());
    for new in wanted {
        let is_same = |old: &Wanted| {
            let is_line_of_2017 = old.trigger.as_deref().is_some_and(is_of_2017);
            is_line_of_2017 && (old.rule, &old.trigger, &old.params) == (new.rule, &new.trigger, &new.params)
        };
        match kept.iter_mut().find(|old| is_same(old)) {
            Some(old) => {
                if let (Some(line), Some(later)) = (&old.line, &new.line)
                    && old.wish != new.wish
                {
                    let of = |line: &PolicyLine| line.source.line(line.span.start);
                    let (path, trigger) = (line.source.path(), old.trigger.as_deref().unwrap_or_default());
                    notes.push(format!(
                        "{path}:{}: not in force: line {} asks for {trigger} with another action, and the later counts",
                        of(line),
                        of(later)
                    ));
                }
                *old = new;
            }
            None => kept.push(new),
        }
    }
    kept
}

/// A line, split.
struct Line<'a> {
    text: &'a Arc<SourceText>,
    span: Span,
    /// `GATE:TRIGGER`, as the rules spell it.
    name: &'static str,
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
        let name = known_trigger(text, (text.slice(gate), gate), (text.slice(trigger), trigger))?;
        let word = text.slice(action);
        let Some(done) = Action::parse(word) else {
            let known = ["STOP", "WARN", "GO"];
            return Err(PolicyError::at(text, action, Fault::BadAction(word.to_owned())).did_you_mean(word, known));
        };
        let params = rest.first().copied().filter(|p| !p.is_empty());
        Ok(Some(Self { text, span, name, action: done, params }))
    }

    fn asked(&self) -> Result<Asked<'a>, PolicyError> {
        let (name, rules) = (self.name, rule::named(self.name));
        let given = self.params(&rules)?;
        let params = self.params.unwrap_or(self.span);
        Ok(Asked { text: self.text, span: self.span, name, rules, action: self.action, given, params })
    }

    /// The parameters of the line, each known to one of its rules, or to one of another trigger of the gate.
    fn params(&self, rules: &[&'static Rule]) -> Result<Vec<Given>, PolicyError> {
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
                    let own = rules.iter().find_map(|rule| spec(rule, name)).map(|spec| (self.name, spec));
                    let Some((trigger, spec)) = own.or_else(|| spec_of_gate(self.name, name)) else {
                        return Err(unknown_param(self.text, span, self.name, rules, name));
                    };
                    given.push(Given { name: name.to_owned(), trigger, spec, text: value.to_owned(), span });
                }
                // A regular expression with blanks in it.
                (None, Some(Given { text, spec, span: so_far, .. })) if is_regexp(spec) => {
                    text.push_str(self.text.slice(Span::new(so_far.end, span.start)));
                    text.push_str(word);
                    so_far.end = span.end;
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
    /// `GATE:TRIGGER`, as the rules spell it.
    name: &'static str,
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
            let mut own = implied(rule, self.name);
            for given in self.given.iter().filter(|given| spec(rule, &given.name).is_some()) {
                given.add_to(&mut own);
            }
            let params = params(rule, own).map_err(|fault| PolicyError::at(self.text, self.params, fault))?;
            wanted.push(Wanted {
                severity: None,
                rule,
                code: None,
                wish: Wish::Do(self.action),
                params,
                trigger: Some(self.name.to_owned()),
                line: Some(PolicyLine { source: Arc::clone(self.text), span: self.span }),
                is_built_in,
            });
        }
        Ok(wanted)
    }

    /// Takes away the parameters of other triggers: the trigger of each, and what to say if no line asks for that.
    fn strayed(&mut self) -> Vec<(&'static str, Given, PolicyError)> {
        let (own, strayed): (Vec<_>, Vec<_>) = self.given.drain(..).partition(|given| given.trigger == self.name);
        self.given = own;
        let error = |given: &Given| unknown_param(self.text, given.span, self.name, &self.rules, &given.name);
        strayed.into_iter().map(|given| (given.trigger, given.clone(), error(&given))).collect()
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
        let name = known_trigger(self.text, self.gate, self.trigger)?;
        let rules = rule::named(name);
        let mut given: Vec<Given> = Vec::new();
        for (param, value, span) in &self.params {
            let Some(spec) = rules.iter().find_map(|rule| spec(rule, param)) else {
                return Err(unknown_param(self.text, *span, name, &rules, param));
            };
            given.push(Given { name: param.clone(), trigger: name, spec, text: value.trim().to_owned(), span: *span });
        }
        let (text, span, action) = (self.text, self.span, self.action);
        Asked { text, span, name, rules, action, given, params: span }.wanted(false)
    }
}

/// `GATE:TRIGGER` as the rules spell it; refuses one that no rule answers to, with the reason that fits.
fn known_trigger(
    text: &Arc<SourceText>,
    (gate, gate_span): (&str, Span),
    (trigger, trigger_span): (&str, Span),
) -> Result<&'static str, PolicyError> {
    let all = || rule::all().iter().flat_map(|r| r.triggers.iter().copied()).filter(|t| is_of_2017(t));
    let is_it = |(g, t): (&str, &str)| g.eq_ignore_ascii_case(gate) && t.eq_ignore_ascii_case(trigger);
    if let Some(name) = all().find(|name| name.split_once(':').is_some_and(is_it)) {
        return Ok(name);
    }
    let known: BTreeSet<(&str, &str)> = all().filter_map(|t| t.split_once(':')).collect();
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

/// What is checked without a line: whether the lines could be. A part of the image that could not be read stops; a Dockerfile that is
/// not there counts as much as the strictest line about it; a broken one warns.
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
