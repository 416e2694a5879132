//! What a policy says of findings, and what a run comes to.

use super::{Action, Check, Date, Policy, PolicyLine, Waiver};
use crate::finding::{Finding, Origin, Place};
use crate::rule::Rule;

/// What the policy does about one finding.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What is done; of a waived finding, what would have been.
    pub action: Action,
    /// The line of the policy that asks for it; `None` for what follows from a severity.
    pub decided_by: Option<PolicyLine>,
    /// `GATE:TRIGGER`, for Anchore policies.
    pub trigger: Option<String>,
    /// The waiver that lets it pass, when one does.
    pub waived: Option<Waived>,
    /// A waiver, by index into [`Policy::waivers`], that would let it pass had it not expired.
    pub expired: Option<usize>,
}

/// Why a finding does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waived {
    /// Index into [`Policy::waivers`].
    pub waiver: usize,
    /// The waiver's reason.
    pub reason: String,
}

/// Decides about `finding`, which the run of `check` made.
pub fn decide(policy: &Policy, check: &Check, finding: &Finding, today: Date) -> Decision {
    let mut action = check.action;
    if check.line.is_none() && finding.severity != check.rule.severity {
        // The policy speaks of severities here, and this finding has one of its own.
        let by_severity = policy.actions.of(finding.severity).unwrap_or(check.action);
        action = if check.rule.since > policy.ruleset { Action::Go } else { by_severity };
    }
    if finding.origin == Origin::Base {
        action = action.min(policy.base_limit);
    }
    let (mut waived, mut expired) = (None, None);
    for (waiver, w) in policy.waivers.iter().enumerate().filter(|(_, w)| covers(w, finding)) {
        if is_expired(w, today) {
            expired.get_or_insert(waiver);
        } else {
            waived.get_or_insert(Waived { waiver, reason: w.reason.clone() });
        }
    }
    if waived.is_some() {
        expired = None;
    }
    Decision { action, decided_by: check.line.clone(), trigger: check.trigger.clone(), waived, expired }
}

fn covers(waiver: &Waiver, finding: &Finding) -> bool {
    let is_rule = waiver.rules.contains(&finding.rule());
    let is_fingerprint = waiver.fingerprint.as_ref().is_none_or(|f| *f == finding.fingerprint());
    let is_path = waiver.path.as_ref().is_none_or(|glob| {
        let in_image = |place: &Place| match place {
            Place::Image(place) => place.path.clone(),
            Place::Source { .. } | Place::File { .. } => None,
        };
        let seen_at = finding.in_image.as_ref().and_then(|place| place.path.clone());
        let paths = [Some(finding.place().file().into_owned()), in_image(finding.place()), seen_at];
        paths.iter().flatten().any(|path| glob.matches(path))
    });
    is_rule && is_path && is_fingerprint
}

fn is_expired(waiver: &Waiver, today: Date) -> bool {
    waiver.expires.is_some_and(|last| today > last)
}

/// A waiver that let nothing pass, though its rules ran.
#[derive(Clone, Debug)]
pub struct UnusedWaiver<'p> {
    /// The waiver.
    pub waiver: &'p Waiver,
}

/// A waiver whose last day is over.
#[derive(Clone, Debug)]
pub struct ExpiredWaiver<'p> {
    /// The waiver.
    pub waiver: &'p Waiver,
    /// Its last day.
    pub expired_on: Date,
    /// Findings it would let pass.
    pub findings: usize,
}

/// What a run comes to.
#[derive(Clone, Debug)]
pub struct Verdict<'p> {
    /// The highest action of all findings that are not waived: Anchore's FINAL action. `Go` when there are none.
    pub action: Action,
    /// Waivers that let nothing pass, in the policy's order.
    pub unused: Vec<UnusedWaiver<'p>>,
    /// Waivers past their last day, in the policy's order.
    pub expired: Vec<ExpiredWaiver<'p>>,
}

impl<'p> Verdict<'p> {
    /// Sums up the decisions of a run. `has_run` tells which rules ran: a waiver for one that did not is not called
    /// unused.
    pub fn of(policy: &'p Policy, decisions: &[Decision], has_run: impl Fn(&Rule) -> bool, today: Date) -> Self {
        let counted = decisions.iter().filter(|d| d.waived.is_none());
        let action = counted.map(|d| d.action).max().unwrap_or(Action::Go);
        let (mut unused, mut expired) = (Vec::new(), Vec::new());
        for (index, waiver) in policy.waivers.iter().enumerate() {
            match waiver.expires {
                Some(last) if is_expired(waiver, today) => {
                    let findings = decisions.iter().filter(|d| d.expired == Some(index)).count();
                    expired.push(ExpiredWaiver { waiver, expired_on: last, findings });
                }
                _ => {
                    let is_used = decisions.iter().any(|d| d.waived.as_ref().is_some_and(|w| w.waiver == index));
                    if !is_used && waiver.rules.iter().any(|rule| has_run(rule)) {
                        unused.push(UnusedWaiver { waiver });
                    }
                }
            }
        }
        Self { action, unused, expired }
    }
}

/// From which action on a run fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FailOn {
    /// STOP fails.
    #[default]
    Stop,
    /// WARN and STOP fail.
    Warn,
    /// Nothing fails.
    Never,
}

impl FailOn {
    /// Whether a run with this verdict fails.
    pub fn fails(self, action: Action) -> bool {
        match self {
            Self::Stop => action >= Action::Stop,
            Self::Warn => action >= Action::Warn,
            Self::Never => false,
        }
    }

    /// The exit code of a run with this verdict: 1 when it fails, else 0.
    pub fn exit_code(self, action: Action) -> u8 {
        u8::from(self.fails(action))
    }
}
