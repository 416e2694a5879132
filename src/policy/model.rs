//! A policy, parsed and resolved against the catalogue.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::rule::{Edition, Params, Rule};
use crate::text::{SourceText, Span};

/// What a policy does about a finding, and what a run comes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Action {
    /// Told, and nothing more.
    Go,
    /// Told, and it stops nothing unless asked to.
    Warn,
    /// The image must not go on.
    Stop,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Go => "GO",
            Self::Warn => "WARN",
            Self::Stop => "STOP",
        })
    }
}

/// One thing the policy asks for: run this rule, with these parameters, and do this about what it finds.
#[derive(Clone, Debug)]
pub struct Check {
    /// The rule.
    pub rule: &'static Rule,
    /// Its parameters.
    pub params: Params,
    /// What to do about a finding.
    pub action: Action,
    /// `GATE:TRIGGER` as the policy wrote it, for Anchore policies (the `table` format's columns).
    pub trigger: Option<String>,
    /// Where the policy asks for it; `None` for what follows from a severity's default.
    pub line: Option<PolicyLine>,
}

/// A line of a policy.
#[derive(Clone, Debug)]
pub struct PolicyLine {
    /// The policy's text.
    pub source: Arc<SourceText>,
    /// The line.
    pub span: Span,
}

/// A waiver: findings that a person has decided to live with.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// Rules it covers.
    pub rules: Vec<&'static Rule>,
    /// Glob over the finding's file; `None` for any.
    pub path: Option<String>,
    /// One finding's fingerprint; `None` for any.
    pub fingerprint: Option<String>,
    /// Why.
    pub reason: String,
    /// Last day it holds, `YYYY-MM-DD`.
    pub expires: Option<String>,
    /// Where it stands.
    pub line: PolicyLine,
}

/// A policy in force.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Name for people: `default`, or the file's path.
    pub name: String,
    /// Edition of the ruleset it was written for.
    pub ruleset: Edition,
    /// What to check, sorted by rule id then by order in the policy.
    pub checks: Vec<Check>,
    /// What to let pass.
    pub waivers: Vec<Waiver>,
}
