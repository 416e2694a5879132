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
    /// Every waiver that covers it, as indexes into [`Policy::waivers`], in order; at least one.
    pub waivers: Vec<usize>,
    /// The first one's reason.
    pub reason: String,
}

/// Decides about `finding`, which the run of `check` made and which goes by `trigger_ids` in Anchore's whitelists.
pub fn decide(policy: &Policy, check: &Check, finding: &Finding, trigger_ids: &[String], today: Date) -> Decision {
    let mut action = check.action;
    if check.is_by_severity && finding.severity != check.severity.unwrap_or(check.rule.severity) {
        // The policy speaks of severities here, and this finding has one of its own.
        let by_severity = policy.actions.of(finding.severity).unwrap_or(check.action);
        action = if check.rule.since > policy.ruleset { Action::Go } else { by_severity };
    }
    if policy.leaves_out(check, finding) {
        action = Action::Go;
    }
    if finding.origin == Origin::Base {
        action = action.min(policy.base_limit);
    }
    let covering = policy.waivers.iter().enumerate().filter(|(_, waiver)| covers(waiver, check, finding, trigger_ids));
    let (expired, valid): (Vec<_>, Vec<_>) = covering.partition(|(_, waiver)| is_expired(waiver, today));
    let waived = valid.first().map(|(_, first)| Waived {
        waivers: valid.iter().map(|(index, _)| *index).collect(),
        reason: first.reason.clone(),
    });
    let expired = expired.first().filter(|_| waived.is_none()).map(|(index, _)| *index);
    Decision { action, decided_by: check.line.clone(), trigger: check.trigger.clone(), waived, expired }
}

fn covers(waiver: &Waiver, check: &Check, finding: &Finding, trigger_ids: &[String]) -> bool {
    if let Some(item) = &waiver.whitelisted {
        let asked = check.trigger.as_deref().into_iter().chain(finding.rule().triggers.iter().copied());
        let gates: Vec<&str> = asked.filter_map(|trigger| trigger.split(':').next()).collect();
        return trigger_ids.iter().any(|id| item.covers(gates.iter().copied(), id));
    }
    if waiver.vulnerability.as_ref().is_some_and(|item| !item.covers(finding.vulnerability.as_deref())) {
        return false;
    }
    let is_rule = waiver.rules.is_empty() || waiver.rules.iter().any(|target| finding.is_of(target));
    let is_fingerprint = waiver.fingerprint.as_ref().is_none_or(|f| *f == finding.fingerprint());
    let is_path = waiver.path.as_ref().is_none_or(|glob| {
        let in_image = |place: &Place| match place {
            Place::Image(place) => place.path.clone(),
            Place::Source { .. } | Place::File { .. } => None,
        };
        let seen_at = finding.in_image.as_ref().and_then(|place| place.path.clone());
        let paths = [Some(finding.place().file().into_owned()), in_image(finding.place()), seen_at];
        // Of a finding about several files, a waiver for one of them says nothing of the others.
        let is_files = !finding.files.is_empty() && finding.files.iter().all(|file| glob.matches(file));
        is_files || paths.iter().flatten().any(|path| glob.matches(path))
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
                    if findings > 0 || waiver.whitelisted.is_none() {
                        expired.push(ExpiredWaiver { waiver, expired_on: last, findings });
                    }
                }
                _ => {
                    let is_used =
                        decisions.iter().filter_map(|d| d.waived.as_ref()).any(|w| w.waivers.contains(&index));
                    // A whitelist serves many images, and what it names need not be in each.
                    if !is_used
                        && waiver.whitelisted.is_none()
                        && waiver.rules.iter().any(|target| has_run(target.rule))
                    {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::finding::{ImagePlace, LayerRef};
    use crate::rule::{Severity, catalogue};
    use crate::text::SourceText;

    fn policy(text: &str) -> Policy {
        Policy::parse(&SourceText::new("dockgate.toml", text)).unwrap_or_else(|e| panic!("{e}"))
    }

    fn check<'p>(policy: &'p Policy, rule: &Rule) -> &'p Check {
        policy.checks.iter().find(|c| c.rule == rule).unwrap()
    }

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    /// `path` is setuid, added by layer 1, told at a Dockerfile's line.
    fn finding(path: &str) -> Finding {
        let source = SourceText::new("docker/api.Dockerfile", "RUN x\n");
        let place = Place::source(&source, source.line_span(1));
        let layer = Some(LayerRef { index: 1, diff_id: String::new() });
        let inside = ImagePlace { image: String::from("oci:x"), path: Some(path.to_owned()), layer };
        Finding::new(catalogue::SETUID_ADDED, place, "m").in_image(inside).subject(path)
    }

    fn decide_one(text: &str, finding: &Finding, today: &str) -> Decision {
        let policy = policy(text);
        decide(&policy, check(&policy, finding.rule()), finding, &[], day(today))
    }

    #[test]
    fn the_check_decides_and_names_its_line() {
        let decision = decide_one("[rules]\nsetuid-added = \"warn\"\n", &finding("/x"), "2026-01-01");
        let line = decision.decided_by.unwrap();
        assert_eq!((decision.action, line.source.slice(line.span)), (Action::Warn, "setuid-added = \"warn\""));
        assert!(decide_one("", &finding("/x"), "2026-01-01").decided_by.is_none());
    }

    #[test]
    fn a_finding_with_a_severity_of_its_own_is_judged_by_it() {
        let mild = finding("/x").severity(Severity::Info);
        assert_eq!(decide_one("", &mild, "2026-01-01").action, Action::Go);
        assert_eq!(decide_one("[rules]\nsetuid-added = \"stop\"\n", &mild, "2026-01-01").action, Action::Stop);
        assert_eq!(decide_one("[actions]\ninfo = \"off\"\n", &mild, "2026-01-01").action, Action::Stop);
    }

    #[test]
    fn what_came_with_the_base_is_limited() {
        let base = finding("/x").origin(Origin::Base);
        assert_eq!(decide_one("", &base, "2026-01-01").action, Action::Stop);
        assert_eq!(decide_one("[actions]\nbase = \"warn\"\n", &base, "2026-01-01").action, Action::Warn);
        assert_eq!(decide_one("[actions]\nbase = \"warn\"\n", &finding("/x"), "2026-01-01").action, Action::Stop);
    }

    #[test]
    fn waivers_match_by_rule_path_and_fingerprint() {
        let fingerprint = finding("/usr/bin/x").fingerprint();
        let cases = [
            ("path = \"docker/*.Dockerfile\"", true),
            ("path = \"/usr/bin/*\"", true),
            ("path = \"x\"", true),
            ("path = \"*.Dockerfile\"", true),
            ("path = \"docker\"", false),
            ("path = \"/usr/sbin/*\"", false),
            (&format!("fingerprint = \"{fingerprint}\""), true),
            ("fingerprint = \"0000000000000000\"", false),
            ("", true),
        ];
        for (by, expected) in cases {
            let text = format!("[[waiver]]\nrule = \"setuid-added\"\nreason = \"meant\"\n{by}\n");
            let decision = decide_one(&text, &finding("/usr/bin/x"), "2026-01-01");
            assert_eq!(decision.waived.map(|w| w.reason), expected.then(|| String::from("meant")), "{by}");
        }
        let other = "[[waiver]]\nrule = \"setuid-removed\"\nreason = \"meant\"\n";
        assert!(decide_one(other, &finding("/x"), "2026-01-01").waived.is_none());
    }

    #[test]
    fn a_waiver_holds_to_the_end_of_its_last_day() {
        let text = "[[waiver]]\nrule = \"setuid-added\"\nreason = \"meant\"\nexpires = \"2026-12-31\"\n";
        let last = decide_one(text, &finding("/x"), "2026-12-31");
        assert!(last.waived.is_some() && last.expired.is_none());
        let after = decide_one(text, &finding("/x"), "2027-01-01");
        assert!(after.waived.is_none() && after.expired == Some(0));
    }

    #[test]
    fn the_highest_action_that_is_not_waived_is_final() {
        let text = "[[waiver]]\nrule = \"setuid-added\"\npath = \"/a\"\nreason = \"1\"\n\
                    [[waiver]]\nrule = \"setuid-added\"\npath = \"/b\"\nreason = \"2\"\n\
                    [[waiver]]\nrule = \"setuid-removed\"\nreason = \"3\"\n\
                    [[waiver]]\nrule = \"setuid-added\"\npath = \"/*\"\nreason = \"4\"\nexpires = \"2025-01-01\"\n\
                    [[waiver]]\nrule = \"setuid-added\"\npath = \"[a]\"\nreason = \"5\"\n";
        let (policy, today) = (policy(text), day("2026-01-01"));
        let decided = |path: &str| decide(&policy, check(&policy, catalogue::SETUID_ADDED), &finding(path), &[], today);
        let has_run = |rule: &Rule| rule == catalogue::SETUID_ADDED;
        let told = |verdict: &Verdict<'_>| {
            let unused: Vec<_> = verdict.unused.iter().map(|u| u.waiver.reason.clone()).collect();
            let expired: Vec<_> = verdict.expired.iter().map(|e| (e.waiver.reason.clone(), e.findings)).collect();
            (verdict.action, unused, expired)
        };
        let waived = Verdict::of(&policy, &[decided("/a")], has_run, today);
        assert_eq!(told(&waived), (Action::Go, vec!["2".into()], vec![("4".into(), 0)]));
        let both = Verdict::of(&policy, &[decided("/a"), decided("/c")], has_run, today);
        assert_eq!(told(&both), (Action::Stop, vec!["2".into()], vec![("4".into(), 1)]));
        assert_eq!(Verdict::of(&policy, &[], |_| false, today).action, Action::Go);
    }

    #[test]
    fn exit_codes_follow_from_the_verdict() {
        let codes = |fail_on: FailOn| [Action::Go, Action::Warn, Action::Stop].map(|action| fail_on.exit_code(action));
        assert_eq!(codes(FailOn::Stop), [0, 0, 1]);
        assert_eq!(codes(FailOn::Warn), [0, 1, 1]);
        assert_eq!(codes(FailOn::Never), [0, 0, 0]);
    }
}
