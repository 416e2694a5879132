//! Findings that a Dockerfile's own comments ask to leave out.
//!
//! Every kind of comment is read to [`Suppression`]s; what they cover is taken out of the run before the policy's waivers
//! are looked at, and stays in the report as left out.

use std::collections::{BTreeMap, BTreeSet};

use crate::dockerfile::{CheckNames, CheckOptions, Dockerfile};
use crate::finding::{Finding, Place};
use crate::policy::Policy;
use crate::rule::{self, Rule, Target, catalogue};
use crate::text::Span;

/// Checks BuildKit makes on the file as a whole: a comment above an instruction says nothing to them.
const OF_THE_FILE: [&str; 5] = [
    "NoEmptyContinuation",
    "ConsistentInstructionCasing",
    "DuplicateStageName",
    "ReservedStageName",
    "InvalidDefaultArgInFrom",
];

/// Checks that run only where a file asks for them, and can then not be skipped.
const EXPERIMENTAL: [&str; 1] = ["InvalidDefinitionDescription"];

/// A comment's wish about one name.
#[derive(Clone, Debug)]
pub(super) struct Suppression {
    /// The name as the comment has it: a rule's id or alias, or what stands for several rules.
    pub(super) name: String,
    /// Where a finding about the wish itself points: the name, or the comment; `None` when the wish came with the run.
    pub(super) at: Option<Span>,
    /// The rules, or codes of rules, that it silences.
    pub(super) rules: Vec<Target>,
    /// Findings that start in here are left out; `None` when the comment covers nothing.
    pub(super) over: Option<Span>,
    /// The comment; `None` when the wish came with the run.
    pub(super) comment: Option<Span>,
    /// Why: what the author says, else what the comment is.
    pub(super) reason: String,
    /// Why the comment is not honoured.
    pub(super) fault: Option<String>,
}

impl Suppression {
    fn covers(&self, finding: &Finding) -> bool {
        let at = silenced_at(finding);
        let is_over = self.over.is_some_and(|over| over.start <= at && at <= over.end);
        is_over && self.rules.iter().any(|target| finding.is_of(target))
    }

    /// What is wrong with the wish when it has silenced nothing: it asks for nothing that can be, or for rules that have
    /// run and found nothing here. `None` when nothing can be said: its rules have not run, or it is about codes of
    /// ShellCheck, some of which only ShellCheck itself finds.
    fn idle(&self, has_run: impl Fn(&Rule) -> bool) -> Option<String> {
        if let Some(fault) = &self.fault {
            return Some(format!("this comment is not honoured: {fault}"));
        }
        if self.rules.is_empty() {
            let near = rule::similar(&self.name).map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
            return Some(format!("`{}` is no rule, so this silences nothing{near}", self.name));
        }
        if self.over.is_none() {
            return Some(format!("this stands where it covers nothing, so it does not silence `{}`", self.name));
        }
        let told = format!("`{}` finds nothing here, so there is nothing to silence", self.name);
        self.rules.iter().any(|target| target.code.is_none() && has_run(target.rule)).then_some(told)
    }
}

/// The byte at which a comment must hold to silence a finding.
fn silenced_at(finding: &Finding) -> usize {
    finding.silenced_at.unwrap_or_else(|| finding.place().span()).start
}

/// The power of two that a length lies below.
fn size_class(span: Span) -> u32 {
    usize::BITS - span.len().leading_zeros()
}

/// Rules about the comments themselves, which a comment cannot silence.
fn is_about_comments(rule: &Rule) -> bool {
    rule == catalogue::INLINE_IGNORE_USED || rule == catalogue::UNUSED_IGNORE
}

/// A finding that was left out, and on whose word.
#[derive(Debug)]
pub struct Suppressed {
    /// What was found.
    pub finding: Finding,
    /// Why it is left out.
    pub reason: String,
    /// The comment that asks for it; `None` when the run does.
    pub by: Option<Place>,
}

/// Every wish in a Dockerfile, whose names mean what they do under `policy`. `options` are those of the file as a whole.
pub(super) fn suppressions(dockerfile: &Dockerfile, options: &CheckOptions, policy: &Policy) -> Vec<Suppression> {
    let whole = Span::new(0, dockerfile.source.text().len());
    let mut found = skipped(options, whole, &EXPERIMENTAL);
    let inline: Vec<&str> = OF_THE_FILE.into_iter().chain(EXPERIMENTAL).collect();
    for (index, instruction) in dockerfile.instructions.iter().enumerate() {
        if let Some(options) = dockerfile.check_options_of(index) {
            found.extend(skipped(&options, instruction.span, &inline));
        }
    }
    for comment in dockerfile.ignore_comments() {
        let reason = comment.reason.unwrap_or_else(|| "# hadolint ignore".to_owned());
        let wish = |name: String, at: Span, rules: Vec<Target>| Suppression {
            name,
            at: Some(at),
            rules,
            over: comment.over.filter(|_| comment.fault.is_none()),
            comment: Some(comment.span),
            reason: reason.clone(),
            fault: comment.fault.clone(),
        };
        if comment.fault.is_some() {
            found.push(wish(String::new(), comment.span, Vec::new()));
            continue;
        }
        for name in &comment.names {
            let (about_comments, rules): (Vec<_>, Vec<_>) =
                policy.targets(&name.text).into_iter().partition(|target| is_about_comments(target.rule));
            let mut wish = wish(name.text.clone(), name.span, rules);
            if !about_comments.is_empty() {
                wish.fault = Some(format!("no comment can silence `{}`", name.text));
            }
            found.push(wish);
        }
    }
    found
}

/// What options skip, one wish for each name. `all` stands for BuildKit's own checks; a name may be any a rule has.
fn skipped(options: &CheckOptions, over: Span, except: &[&str]) -> Vec<Suppression> {
    let names: Vec<&str> = match &options.skip {
        CheckNames::All => vec!["all"],
        CheckNames::Only(names) => names.iter().map(String::as_str).filter(|name| !name.is_empty()).collect(),
    };
    let is_all = options.skip == CheckNames::All;
    let wishes = names.into_iter().map(|name| {
        let is_named = |rule: &Rule| is_all || std::iter::once(rule.id).chain(rule.other_names()).any(|n| n == name);
        let rules = rule::all().iter().filter(|rule| match rule.buildkit_name() {
            Some(name) => !except.contains(&name) && is_named(rule),
            None => !is_all && is_named(rule) && !is_about_comments(rule),
        });
        let reason = if options.span.is_some() { "# check=skip" } else { "BUILDKIT_DOCKERFILE_CHECK" };
        Suppression {
            name: name.to_owned(),
            at: options.span,
            rules: rules.map(Target::from).collect(),
            over: Some(over),
            comment: options.span,
            reason: reason.to_owned(),
            fault: None,
        }
    });
    wishes.collect()
}

/// The wishes in the comments of one Dockerfile, and which of them have silenced something.
pub(super) struct Wishes<'a> {
    dockerfile: &'a Dockerfile,
    wishes: &'a [Suppression],
    /// Of each rule, by the power of two that their lengths lie below: where wishes start, and which they are, sorted.
    starts: BTreeMap<(&'static str, u32), Vec<(usize, usize)>>,
    used: BTreeSet<usize>,
}

impl<'a> Wishes<'a> {
    pub(super) fn new(dockerfile: &'a Dockerfile, wishes: &'a [Suppression]) -> Self {
        let mut starts: BTreeMap<(&'static str, u32), Vec<(usize, usize)>> = BTreeMap::new();
        for (index, wish) in wishes.iter().enumerate() {
            let Some(over) = wish.over else { continue };
            for target in &wish.rules {
                starts.entry((target.rule.id, size_class(over))).or_default().push((over.start, index));
            }
        }
        starts.values_mut().for_each(|starts| starts.sort_unstable());
        Self { dockerfile, wishes, starts, used: BTreeSet::new() }
    }

    /// The wishes that cover a finding, sorted. Only those that start near enough to reach it are looked at.
    fn covering(&self, finding: &Finding) -> Vec<usize> {
        let at = silenced_at(finding);
        let of_rule = self.starts.range((finding.rule().id, 0)..=(finding.rule().id, u32::MAX));
        let near = of_rule.flat_map(|((_, class), starts)| {
            let reach = 1_usize.checked_shl(*class).unwrap_or(usize::MAX);
            let first = starts.partition_point(|(start, _)| start.saturating_add(reach) < at);
            starts.get(first..).unwrap_or_default().iter().take_while(move |(start, _)| *start <= at)
        });
        let mut covering: Vec<usize> = near.map(|(_, index)| *index).collect();
        covering.retain(|index| self.wishes.get(*index).is_some_and(|wish| wish.covers(finding)));
        covering.sort_unstable();
        covering
    }

    /// Leaves a finding of the Dockerfile out, when a wish covers it: the reason, and the comment.
    pub(super) fn silence(&mut self, finding: &Finding) -> Option<(String, Option<Place>)> {
        let Place::Source { source, .. } = finding.place() else { return None };
        if source.path() != self.dockerfile.source.path() {
            return None;
        }
        let covering = self.covering(finding);
        self.used.extend(&covering);
        let first = self.wishes.get(*covering.first()?)?;
        Some((first.reason.clone(), first.comment.map(|span| Place::source(&self.dockerfile.source, span))))
    }

    /// What to say of the wishes that silenced nothing, in the order of the file.
    pub(super) fn unused(&self, has_run: impl Fn(&Rule) -> bool) -> Vec<Finding> {
        let idle = self.wishes.iter().enumerate().filter(|(index, _)| !self.used.contains(index));
        idle.filter_map(|(_, wish)| {
            let place = Place::source(&self.dockerfile.source, wish.at?);
            let finding = Finding::new(catalogue::UNUSED_IGNORE, place, wish.idle(&has_run)?);
            let help = if wish.fault.is_some() {
                "write `# dockgate: ignore[rule] reason`"
            } else {
                "take it out of the comment"
            };
            Some(finding.subject(wish.name.clone()).help(help))
        })
        .collect()
    }
}
