//! A policy, parsed and resolved against the catalogue.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::vulnerability::WaivedVulnerability;
use super::whitelist::WhitelistItem;
use super::{Date, PathGlob};
use crate::finding::Finding;
use crate::rule::{self, Code, Edition, Params, Rule, Severity, Target, catalogue};
use crate::text::{SourceText, Span, closest};

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

impl Action {
    /// Reads `STOP`, `WARN` or `GO`, without regard to case.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Go, Self::Warn, Self::Stop].into_iter().find(|action| action.to_string().eq_ignore_ascii_case(text))
    }
}

/// What a policy does about findings whose rule it does not name, by severity; `None` leaves such rules out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actions {
    /// For `error`.
    pub error: Option<Action>,
    /// For `warning`.
    pub warning: Option<Action>,
    /// For `info`.
    pub info: Option<Action>,
    /// For `style`.
    pub style: Option<Action>,
}

impl Actions {
    /// The action for a severity.
    pub fn of(&self, severity: Severity) -> Option<Action> {
        match severity {
            Severity::Error => self.error,
            Severity::Warning => self.warning,
            Severity::Info => self.info,
            Severity::Style => self.style,
        }
    }
}

/// One thing the policy asks for: run this rule, with these parameters, and do this about what it finds.
#[derive(Clone, Debug)]
pub struct Check {
    /// The rule.
    pub rule: &'static Rule,
    /// The one code of the rule that is meant; `None` for all that no other check means.
    pub code: Option<Code>,
    /// Its parameters.
    pub params: Params,
    /// How bad its findings are, when the policy says so; else the rule's own word.
    pub severity: Option<Severity>,
    /// What to do about a finding.
    pub action: Action,
    /// The action follows from the severity, so that a finding with another severity has another action.
    pub is_by_severity: bool,
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
    /// Rules, and codes of rules, that it covers, sorted; empty for every rule.
    pub rules: Vec<Target>,
    /// Over the finding's file, or its path in the image; `None` for any.
    pub path: Option<PathGlob>,
    /// One finding's fingerprint; `None` for any.
    pub fingerprint: Option<String>,
    /// What an item of Anchore's whitelists names; `None` for a waiver of a dockgate policy.
    pub whitelisted: Option<WhitelistItem>,
    /// The vulnerability it is about; `None` for a waiver of anything else.
    pub vulnerability: Option<WaivedVulnerability>,
    /// Why.
    pub reason: String,
    /// Who answers for it: a person or a team, as the policy names them.
    pub owner: Option<String>,
    /// Last day it holds.
    pub expires: Option<Date>,
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
    /// What to do about rules that are not named.
    pub actions: Actions,
    /// Whether findings of BuildKit's checks that BuildKit does not come to, because the build fails before, are left out.
    pub until_build_fails: bool,
    /// The most that is done about a finding that came with the base image; `Stop` for no limit.
    pub base_limit: Action,
    /// What to check, sorted by rule id then by order in the policy.
    pub checks: Vec<Check>,
    /// Codes of rules that are left out though their rule is not, and checks of the policy's own that are off.
    pub left_out: Vec<Target>,
    /// Codes that somebody names by hand, so that they are told though the policy leaves them out.
    pub named: Vec<Target>,
    /// What to let pass.
    pub waivers: Vec<Waiver>,
    /// Comments in a Dockerfile may silence findings in it.
    pub honours_comments: bool,
    /// What of it does not hold, in words.
    pub notes: Vec<String>,
    /// How the report should look where the command line does not say.
    pub wishes: OutputWishes,
}

/// How a report should look, as a configuration asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputWishes {
    /// A format's name.
    pub format: Option<String>,
    /// No colours.
    pub is_plain: bool,
}

impl Policy {
    /// What a name stands for under this policy: one of its own checks, else as [`rule::targets`].
    pub fn targets(&self, name: &str) -> Vec<Target> {
        match self.own_rules().find(|rule| rule.id.eq_ignore_ascii_case(name)) {
            Some(rule) => vec![Target::from(rule)],
            None => rule::targets(name),
        }
    }

    /// The known name closest to one that is not known, for a hint.
    pub fn similar(&self, name: &str) -> Option<&'static str> {
        closest(name, self.own_rules().map(|rule| rule.id)).or_else(|| rule::similar(name))
    }

    /// The rules of the policy's own checks, of those too that are off.
    fn own_rules(&self) -> impl Iterator<Item = &'static Rule> {
        let rules = self.checks.iter().map(|check| check.rule).chain(self.left_out.iter().map(|target| target.rule));
        rules.filter(|rule| rule.is_own())
    }

    /// Takes in rules, and codes, that somebody names by hand and the policy leaves out: what they find is told, and no more.
    /// Rules that need parameters stay out, and so do words that only the policy itself can say.
    pub fn take_in(&mut self, named: &[Target]) {
        let says_policy = |rule: &Rule| [catalogue::DENIED_IMAGE, catalogue::ALLOWED_IMAGE].contains(&rule);
        for target in named.iter().filter(|target| !says_policy(target.rule)) {
            self.named.extend(target.code.map(|_| *target));
            let is_there = self.checks.iter().any(|check| check.rule == target.rule);
            let Some(params) = Params::new(target.rule, []).ok().filter(|_| !is_there) else { continue };
            self.checks.push(Check {
                rule: target.rule,
                code: None,
                params,
                severity: None,
                action: Action::Go,
                is_by_severity: false,
                trigger: None,
                line: None,
            });
        }
        self.checks.sort_by_key(|check| check.rule.id);
    }

    /// Whether `check`, whose rule made the finding, is the one that decides about it: the check of the finding's own code
    /// before that of the whole rule.
    pub fn decides(&self, check: &Check, finding: &Finding) -> bool {
        let Some(code) = finding.code else { return check.code.is_none() };
        let is_meant = match check.code {
            Some(wanted) => wanted == code,
            None => !self.checks.iter().any(|c| c.rule == check.rule && c.code == Some(code)),
        };
        let is_named = || self.named.iter().any(|target| finding.is_of(target));
        is_meant && (!self.leaves_out(check, finding) || is_named())
    }

    /// Whether the policy has the rule of `check` and not the finding's code.
    pub(super) fn leaves_out(&self, check: &Check, finding: &Finding) -> bool {
        let severity = check.severity.unwrap_or(finding.severity);
        let is_off = || check.is_by_severity && self.actions.of(severity).is_none();
        finding.code.is_some() && (self.left_out.iter().any(|target| finding.is_of(target)) || is_off())
    }
}
