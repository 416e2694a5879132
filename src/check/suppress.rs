//! Findings that a Dockerfile's own comments ask to leave out.
//!
//! Every kind of comment is read to [`Suppression`]s; what they cover is taken out of the run before the policy's waivers
//! are looked at, and stays in the report as left out.

use crate::dockerfile::{CheckNames, CheckOptions, Dockerfile};
use crate::finding::{Finding, Place};
use crate::rule::{self, Rule};
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

/// A comment's wish.
#[derive(Clone, Debug)]
pub(super) struct Suppression {
    /// The rules that it silences.
    pub(super) rules: Vec<&'static Rule>,
    /// Findings that start in here are left out.
    pub(super) over: Span,
    /// The comment; `None` when the wish came with the run.
    pub(super) comment: Option<Span>,
    /// Why: what the author says, else what the comment is.
    pub(super) reason: String,
}

impl Suppression {
    fn covers(&self, finding: &Finding) -> bool {
        let at = finding.silenced_at.unwrap_or_else(|| finding.place().span()).start;
        self.over.start <= at && at <= self.over.end && self.rules.contains(&finding.rule())
    }
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

/// Every wish in a Dockerfile. `options` are those of the file as a whole.
pub(super) fn suppressions(dockerfile: &Dockerfile, options: &CheckOptions) -> Vec<Suppression> {
    let whole = Span::new(0, dockerfile.source.text().len());
    let mut found = vec![skipped(options, whole, &EXPERIMENTAL)];
    let inline: Vec<&str> = OF_THE_FILE.into_iter().chain(EXPERIMENTAL).collect();
    for (index, instruction) in dockerfile.instructions.iter().enumerate() {
        if let Some(options) = dockerfile.check_options_of(index) {
            found.push(skipped(&options, instruction.span, &inline));
        }
    }
    found.retain(|suppression| !suppression.rules.is_empty());
    found
}

/// The rules that options skip. `all` stands for BuildKit's own checks; a name may be any a rule has.
fn skipped(options: &CheckOptions, over: Span, except: &[&str]) -> Suppression {
    let is_named = |rule: &Rule| std::iter::once(rule.id).chain(rule.other_names()).any(|n| options.skip.contains(n));
    let rules = rule::all().iter().filter(|rule| match rule.buildkit_name() {
        Some(name) => !except.contains(&name) && is_named(rule),
        None => options.skip != CheckNames::All && is_named(rule),
    });
    let reason = if options.span.is_some() { "# check=skip" } else { "BUILDKIT_DOCKERFILE_CHECK" };
    Suppression { rules: rules.collect(), over, comment: options.span, reason: reason.to_owned() }
}

/// The wish that covers a finding of `dockerfile`, as the report tells it; `None` when none does, or the finding is at
/// another file.
pub(super) fn covering(
    finding: &Finding,
    dockerfile: &Dockerfile,
    wishes: &[Suppression],
) -> Option<(String, Option<Place>)> {
    let Place::Source { source, .. } = finding.place() else { return None };
    if source.path() != dockerfile.source.path() {
        return None;
    }
    let wish = wishes.iter().find(|wish| wish.covers(finding))?;
    Some((wish.reason.clone(), wish.comment.map(|span| Place::source(&dockerfile.source, span))))
}
