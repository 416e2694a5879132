//! A parameter as a line gives it, and whose it is.

use std::sync::Arc;

use super::super::regexp::{from_python, line_expressions};
use super::super::{Fault, PolicyError};
use crate::rule::{self, Default as Kind, ParamSpec, Rule, Value};
use crate::text::{SourceText, Span};

/// A parameter as a line gives it.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) name: String,
    /// The trigger it is of: the line's own, or another of its gate.
    pub(super) trigger: &'static str,
    pub(super) spec: &'static ParamSpec,
    pub(super) text: String,
    /// Where it stands in the text.
    pub(super) span: Span,
}

impl Given {
    /// Adds it to parameters: the items to those of a list, an expression as one more alternative; anything else replaces.
    pub(super) fn add_to(&self, params: &mut Vec<(String, Value)>) {
        let value = read_value(self.spec, &self.text);
        if matches!(&value, Value::List(items) if items.is_empty()) && self.spec.required {
            return;
        }
        match (params.iter_mut().find(|(name, _)| *name == self.spec.name).map(|(_, known)| known), value) {
            (Some(Value::List(known)), Value::List(items)) => known.extend(items),
            (Some(Value::Str(known)), Value::Str(more)) if is_regexp(self.spec) => {
                known.push('|');
                known.push_str(&more);
            }
            (Some(known), value) => *known = value,
            (None, value) => params.push((self.spec.name.to_owned(), value)),
        }
    }
}

/// The parameter of another trigger of a gate, and that trigger.
pub(super) fn spec_of_gate(trigger: &str, name: &str) -> Option<(&'static str, &'static ParamSpec)> {
    let gate = trigger.split_once(':').map_or(trigger, |(gate, _)| gate);
    rule::all().iter().find_map(|rule| {
        let other = rule.triggers.iter().find(|other| other.split_once(':').is_some_and(|(of, _)| of == gate))?;
        Some((*other, spec(rule, name)?))
    })
}

pub(super) fn unknown_param(
    text: &Arc<SourceText>,
    span: Span,
    owner: &str,
    rules: &[&Rule],
    name: &str,
) -> PolicyError {
    let known = rules.iter().flat_map(|r| r.params).filter_map(|p| p.anchore);
    let fault = Fault::UnknownParam { owner: owner.to_owned(), name: name.to_owned() };
    PolicyError::at(text, span, fault).did_you_mean(name, known)
}

pub(super) fn spec(rule: &Rule, name: &str) -> Option<&'static ParamSpec> {
    rule.params.iter().find(|p| p.anchore.is_some_and(|a| a.eq_ignore_ascii_case(name)))
}

pub(super) fn is_param_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

pub(super) fn is_regexp(spec: &ParamSpec) -> bool {
    spec.name.ends_with("-regexp")
}

fn read_value(spec: &ParamSpec, text: &str) -> Value {
    match (spec.name, spec.default) {
        ("content-regexp", Kind::List(_)) => Value::List(line_expressions(text)),
        ("content-regexp", _) => Value::Str(line_expressions(text).join("|")),
        (_, Kind::List(_)) if is_regexp(spec) => Value::List(vec![from_python(text)]),
        // No port is allowed, not any.
        ("allowed-ports", _) if text.is_empty() => Value::List(vec![String::from("NONE")]),
        (_, Kind::List(_)) => Value::List(text.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect()),
        _ if is_regexp(spec) => Value::Str(from_python(text)),
        _ => Value::Str(text.to_owned()),
    }
}
