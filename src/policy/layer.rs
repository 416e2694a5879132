//! One policy file's say, how files are stacked, and what comes of the stack.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::image_name::{ImageNames, fits_name};
use super::regexp::{check_line_regex, reason};
use super::{
    Action, Actions, Check, Fault, OutputWishes, Policy, PolicyLine, Waiver, line_regex, path_regex, vulnerability,
};
use crate::rule::{self, Code, Edition, Params, Phase, Rule, Severity, Target, Value, catalogue};

/// The edition a policy that names none was written for: the first, so that nothing that joined later can fail it.
const FIRST: Edition = Edition(2026, 1);

/// What a policy without any say does.
const ACTIONS: Actions =
    Actions { error: Some(Action::Stop), warning: Some(Action::Warn), info: Some(Action::Go), style: Some(Action::Go) };

/// What one policy file says, and only that.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    pub(super) ruleset: Option<Edition>,
    /// By severity; an inner `None` is `off`.
    pub(super) actions: BTreeMap<Severity, Option<Action>>,
    pub(super) base_limit: Option<Action>,
    /// Whether rules that no policy of the stack names are left out.
    pub(super) named_only: Option<bool>,
    /// See [`Policy::until_build_fails`].
    pub(super) until_build_fails: Option<bool>,
    /// Whether comments in a Dockerfile may silence findings in it.
    pub(super) honours_comments: Option<bool>,
    /// By rule id, and code where one is meant.
    pub(super) rules: WantedRules,
    /// The policy's own checks, told apart by the ids of their rules.
    pub(super) checks: Vec<Wanted>,
    pub(super) waivers: Vec<Waiver>,
    /// What holds for some images only; the later of two that fit stands over the earlier.
    pub(super) images: Vec<ImageBlock>,
    /// What of it does not hold, in words.
    pub(super) notes: Vec<String>,
}

/// What a policy says of some images.
#[derive(Clone, Debug)]
pub(super) struct ImageBlock {
    /// Patterns over names.
    pub(super) names: Vec<String>,
    pub(super) layer: Layer,
}

/// The runs a policy asks for, by rule id, and code where one is meant.
pub(super) type WantedRules = BTreeMap<(&'static str, Option<Code>), Vec<Wanted>>;

/// One run of a rule that a policy asks for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) rule: &'static Rule,
    pub(super) code: Option<Code>,
    pub(super) wish: Wish,
    pub(super) severity: Option<Severity>,
    pub(super) params: Params,
    pub(super) trigger: Option<String>,
    /// `None` for what the form of the policy brings with it.
    pub(super) line: Option<PolicyLine>,
    /// It stands in a policy that is part of dockgate and changes with it.
    pub(super) is_built_in: bool,
}

/// What a policy wants done about a rule it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Leave it out.
    Off,
    /// What its severity asks for.
    BySeverity,
    /// This.
    Do(Action),
}

impl Layer {
    /// This layer over another: what it says replaces what the other says of the same thing; waivers of both count.
    pub(super) fn over(mut self, below: Layer) -> Layer {
        let mut merged = below;
        merged.ruleset = self.ruleset.or(merged.ruleset);
        merged.actions.append(&mut self.actions);
        merged.base_limit = self.base_limit.or(merged.base_limit);
        merged.named_only = self.named_only.or(merged.named_only);
        merged.until_build_fails = self.until_build_fails.or(merged.until_build_fails);
        merged.honours_comments = self.honours_comments.or(merged.honours_comments);
        // A word on a whole rule is also one on its codes.
        merged.rules.retain(|(rule, _), _| !self.rules.contains_key(&(rule, None)));
        merged.rules.append(&mut self.rules);
        for check in self.checks {
            match merged.checks.iter_mut().find(|below| below.rule == check.rule) {
                Some(below) => *below = check,
                None => merged.checks.push(check),
            }
        }
        // A word on a check of the stack changes what is done about it, and nothing else.
        for check in &mut merged.checks {
            if let Some(word) = merged.rules.remove(&(check.rule.id, None)).and_then(|mut words| words.pop()) {
                (check.wish, check.line) = (word.wish, word.line);
                check.severity = word.severity.or(check.severity);
            }
        }
        merged.waivers.append(&mut self.waivers);
        merged.images.append(&mut self.images);
        merged.notes.append(&mut self.notes);
        merged
    }

    /// What this layer says of one image: the blocks that fit it, over the rest.
    pub(super) fn for_image(mut self, image: &ImageNames) -> Layer {
        let blocks = std::mem::take(&mut self.images);
        let fits = |block: &ImageBlock| block.names.iter().any(|pattern| fits_name(pattern, image));
        blocks.into_iter().filter(fits).fold(self, |below, block| block.layer.over(below))
    }

    /// The policy that the stack amounts to.
    pub(super) fn resolve(self, name: String) -> Policy {
        let by = |severity, default| self.actions.get(&severity).copied().unwrap_or(default);
        let actions = Actions {
            error: by(Severity::Error, ACTIONS.error),
            warning: by(Severity::Warning, ACTIONS.warning),
            info: by(Severity::Info, ACTIONS.info),
            style: by(Severity::Style, ACTIONS.style),
        };
        let ruleset = self.ruleset.unwrap_or(FIRST);
        let (mut checks, mut left_out): (Vec<Check>, Vec<Target>) = Default::default();
        for rule in rule::all() {
            let is_later = rule.since > ruleset;
            let cap = |action| if is_later { Action::Go } else { action };
            if !self.rules.contains_key(&(rule.id, None)) {
                let is_left_out = rule.needs_params() || rule.is_opt_in() || self.named_only.unwrap_or(false);
                if let Some(action) = actions.of(rule.severity).filter(|_| !is_left_out) {
                    let (params, action) = (Params::defaults(rule), cap(action));
                    checks.push(Check {
                        rule,
                        code: None,
                        params,
                        severity: None,
                        action,
                        is_by_severity: true,
                        trigger: None,
                        line: None,
                    });
                }
            }
            let wanted = self.rules.range((rule.id, None)..).take_while(|((id, _), _)| *id == rule.id);
            for Wanted { code, wish, severity, params, trigger, line, is_built_in, .. } in
                wanted.flat_map(|(_, wanted)| wanted).cloned()
            {
                if wish == Wish::Off && code.is_some() {
                    left_out.push(Target { rule, code });
                }
                let action = match wish {
                    Wish::Off => None,
                    Wish::BySeverity => actions.of(severity.unwrap_or(rule.severity)),
                    Wish::Do(action) => Some(action),
                };
                let Some(action) = action else { continue };
                let action = if is_built_in { cap(action) } else { action };
                let is_by_severity = wish == Wish::BySeverity;
                checks.push(Check { rule, code, params, severity, action, is_by_severity, trigger, line });
            }
        }
        for Wanted { rule, wish, severity, params, line, .. } in self.checks {
            let action = match wish {
                Wish::Off => None,
                Wish::BySeverity => actions.of(severity.unwrap_or(rule.severity)),
                Wish::Do(action) => Some(action),
            };
            let Some(action) = action else {
                left_out.push(Target::from(rule));
                continue;
            };
            let is_by_severity = wish == Wish::BySeverity;
            checks.push(Check { rule, code: None, params, severity, action, is_by_severity, trigger: None, line });
        }
        // That something could not be looked at matters only to a policy that asks for it, and then as much as what it asks for:
        // a policy that has no word on it does not pass what nobody has seen.
        for needed in &NEEDED {
            let is_for = |check: &&Check| (needed.is_for)(check.rule);
            let line = |check: &Check| check.line.as_ref().map(|line| line.span.start);
            let strictness = |check: &&Check| (check.action, check.line.is_some(), Reverse(line(check)));
            let Some(strictest) = checks.iter().filter(is_for).max_by_key(strictness).cloned() else {
                checks.retain(|check| check.rule != needed.told_by || self.rules.contains_key(&(check.rule.id, None)));
                continue;
            };
            let is_there = checks.iter().any(|check| check.rule == needed.told_by);
            if !is_there && !self.rules.contains_key(&(needed.told_by.id, None)) {
                checks.push(Check {
                    rule: needed.told_by,
                    code: None,
                    params: Params::defaults(needed.told_by),
                    severity: None,
                    is_by_severity: false,
                    ..strictest
                });
            }
        }
        checks.sort_by_key(|check| check.rule.id);
        let base_limit = self.base_limit.unwrap_or(Action::Stop);
        Policy {
            name,
            ruleset,
            actions,
            until_build_fails: self.until_build_fails.unwrap_or(false),
            base_limit,
            checks,
            left_out,
            named: Vec::new(),
            waivers: self.waivers,
            honours_comments: self.honours_comments.unwrap_or(true),
            notes: self.notes,
            wishes: OutputWishes::default(),
        }
    }
}

/// A rule that tells what could not be looked at, and the rules whose work that concerns.
struct Needed {
    told_by: &'static Rule,
    is_for: fn(&Rule) -> bool,
}

static NEEDED: [Needed; 4] = [
    Needed { told_by: catalogue::PARSE_ERROR, is_for: reads_dockerfile },
    Needed { told_by: catalogue::IMAGE_PART_UNCHECKED, is_for: reads_image },
    Needed { told_by: catalogue::BASE_UNKNOWN, is_for: compares_with_base },
    Needed { told_by: catalogue::PACKAGES_UNREAD, is_for: compares_packages },
];

/// The rules that tell what could not be looked at of that which a rule looks at.
pub fn tellers(rule: &Rule) -> Vec<&'static Rule> {
    NEEDED.iter().filter(|needed| (needed.is_for)(rule)).map(|needed| needed.told_by).collect()
}

fn reads_dockerfile(rule: &Rule) -> bool {
    matches!(rule.phase, Phase::Lint | Phase::Context) && rule != catalogue::PARSE_ERROR
}

fn reads_image(rule: &Rule) -> bool {
    rule.phase == Phase::Image && NEEDED.iter().all(|needed| needed.told_by != rule)
}

fn compares_with_base(rule: &Rule) -> bool {
    let is_own = [catalogue::FILE_CAPABILITIES_ADDED, catalogue::IMAGE_GREW].contains(&rule);
    is_own || rule.triggers.iter().any(|t| t.starts_with("SUIDDIFF:") || t.starts_with("PKGDIFF:"))
}

fn compares_packages(rule: &Rule) -> bool {
    let gate = |t: &'static str| t.split(':').next().unwrap_or_default();
    let is_own = rule.of_catalogue() == catalogue::CUSTOM_PACKAGE;
    is_own || rule.triggers.iter().copied().map(gate).any(|gate| PACKAGE_GATES.contains(&gate))
}

/// Anchore's gates that look at packages.
const PACKAGE_GATES: [&str; 8] =
    ["ANCHORESEC", "GEMCHECK", "LICBLACKLIST", "NPMCHECK", "PKGBLACKLIST", "PKGCHECK", "PKGDIFF", "packages"];

/// Parameters for a rule: known, of the right kind, with regular expressions that compile and packages that have a version.
pub(super) fn params(rule: &'static Rule, mut given: Vec<(String, Value)>) -> Result<Params, Fault> {
    let is_given: Vec<String> = given.iter().map(|(name, _)| name.clone()).collect();
    // Who says which ports are allowed has said so of every port; the one that is denied unless told otherwise is none of them.
    let has = |ports: [&str; 2]| is_given.iter().any(|name| ports.contains(&name.as_str()));
    let has_allowed = has(["allowed-ports", "ALLOWEDPORTS"]);
    if rule == catalogue::EXPOSED_PORT && has_allowed && !has(["denied-ports", "DENIEDPORTS"]) {
        given.push((String::from("denied-ports"), Value::List(Vec::new())));
    }
    let params = Params::new(rule, given)?;
    if let Some(why) = vulnerability::wrong_params(&params).filter(|_| rule == catalogue::VULNERABLE_PACKAGE) {
        return Err(Fault::Parameter(why));
    }
    let is_left_out = |name: &str| {
        let spec = rule.params.iter().find(|p| p.name == name);
        spec.is_some_and(|p| !p.required && !is_given.iter().any(|g| g == p.name || p.anchore == Some(g)))
    };
    for (name, value) in params.iter().filter(|(name, _)| name.ends_with("-regexp")) {
        let expressions: &[String] = match value {
            Value::Str(one) => std::slice::from_ref(one),
            Value::List(all) => all,
            Value::Int(_) | Value::Bool(_) => &[],
        };
        for expression in expressions {
            let fault = |why: String| Fault::Regexp { param: name.to_owned(), why };
            if expression.is_empty() && is_left_out(name) {
                continue;
            }
            if expression.is_empty() {
                return Err(fault(String::from("it is empty, and would match everything")));
            }
            match name {
                "content-regexp" => check_line_regex(line_regex(expression)).map_err(fault)?,
                _ => drop(path_regex(expression).map_err(|error| fault(reason(&error.to_string())))?),
            }
        }
    }
    for (name, value) in params.iter().filter(|(name, _)| *name == "versions" || name.ends_with("-versions")) {
        let Value::List(items) = value else { continue };
        let is_whole = |item: &&String| item.split_once('|').is_some_and(|(n, v)| !n.is_empty() && !v.is_empty());
        if let Some(item) = items.iter().find(|item| !is_whole(item)) {
            return Err(Fault::NotAPackage { param: name.to_owned(), item: item.clone() });
        }
    }
    Ok(params)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_younger_than_the_edition_fails_nothing_unless_it_is_asked_for() {
        let rule = catalogue::SETUID_ADDED;
        let ask = |is_built_in| Wanted {
            rule,
            code: None,
            wish: Wish::Do(Action::Stop),
            severity: None,
            params: Params::defaults(rule),
            trigger: None,
            line: None,
            is_built_in,
        };
        let action = |wanted: Option<Wanted>, ruleset| {
            let rules = wanted.into_iter().map(|w| ((w.rule.id, w.code), vec![w])).collect();
            let policy = Layer { ruleset, rules, ..Layer::default() }.resolve(String::new());
            policy.checks.iter().find(|c| c.rule == rule).map(|c| c.action)
        };
        let before = Some(Edition(2025, 9));
        assert_eq!(action(None, before), Some(Action::Go));
        assert_eq!(action(Some(ask(true)), before), Some(Action::Go));
        assert_eq!(action(Some(ask(false)), before), Some(Action::Stop));
        assert_eq!(action(None, None), Some(Action::Stop));
    }

    #[test]
    fn what_cannot_be_looked_at_counts_as_much_as_the_strictest_that_asks_for_it() {
        use crate::text::SourceText;

        let policy = |text: &str| Policy::parse(&SourceText::new("p.toml", text)).unwrap();
        let told = |policy: &Policy| {
            let rules = NEEDED.iter().map(|needed| needed.told_by);
            let check = |rule| policy.checks.iter().find(|check| check.rule == rule);
            rules.filter_map(check).map(|c| format!("{} {}", c.rule.id, c.action)).collect::<Vec<_>>()
        };
        let check = |looks_at: &str, action: &str| {
            format!("named-only = true\n[[check]]\nid = \"own\"\nmessage = \"m\"\naction = \"{action}\"\n{looks_at}\n")
        };
        let own = policy(&check("package = \"curl\"", "warn"));
        assert_eq!(told(&own), ["image-part-unchecked WARN", "packages-unread WARN"]);
        let line = own.checks.iter().find(|c| c.rule == catalogue::PACKAGES_UNREAD).unwrap().line.clone().unwrap();
        assert_eq!(line.source.line(line.span.start), 2);
        assert_eq!(told(&policy(&check("instruction = { keyword = \"RUN\" }", "stop"))), ["parse-error STOP"]);
        let rules = "named-only = true\n[rules]\nsetuid-added = \"stop\"\nuntagged-base = \"go\"\nimage-part-unchecked = \"off\"\n";
        assert_eq!(told(&policy(rules)), ["parse-error GO", "base-unknown STOP"]);
        assert_eq!(told(&policy("named-only = true\n")), [""; 0]);
        let by_severity = policy("[actions]\nerror = \"off\"\n[rules]\nlatest-base = \"stop\"\n");
        assert_eq!(
            told(&by_severity),
            ["parse-error STOP", "image-part-unchecked WARN", "base-unknown WARN", "packages-unread WARN"]
        );
    }

    #[test]
    fn checks_are_sorted_by_rule_and_the_same_every_time() {
        let policy = Layer::default().resolve(String::new());
        let ids: Vec<_> = policy.checks.iter().map(|c| c.rule.id).collect();
        assert!(ids.is_sorted(), "{ids:?}");
        assert_eq!(format!("{policy:?}"), format!("{:?}", Layer::default().resolve(String::new())));
    }
}
