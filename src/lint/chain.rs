//! Commands that are taken out of the chain they stand in: `a && b; c`.

use super::{Facts, Run, edits};
use crate::shell::{Command, Form};
use crate::text::{Edit, Span};

/// A chain of more commands is left as it is: nobody wrote it by hand.
pub(super) const MAX_COMMANDS: usize = 1000;

/// What stands between two commands of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Joint {
    /// `&&`
    And,
    /// `;`, or the end of a line of a here-document.
    Then,
}

/// Takes a command out of the code of a RUN. `None` where another depends on it in a way that a chain does not have, or it is all there is.
pub(super) fn without(facts: &Facts<'_>, run: &Run<'_>, index: usize) -> Option<Edit> {
    let commands = &run.script.commands;
    let command = commands.get(index).filter(|_| commands.len() <= MAX_COMMANDS)?;
    let is_wrapper = commands.iter().any(|other| other.wrapper == Some(index));
    if command.wrapper.is_some() || is_wrapper || command.pipeline.is_some() || !command.assignments.is_empty() {
        return None;
    }
    let own = Span::new(command.span.start, end(command));
    let before = commands.iter().filter(|other| end(other) <= own.start).max_by_key(|other| end(other));
    let after = commands.iter().filter(|other| start(other) >= own.end).min_by_key(|other| start(other));
    let source = &facts.dockerfile.source;
    let is_document = run.script.form == Form::Heredoc;
    let is_blank = |text: &str| text.replace(facts.dockerfile.escape, " ").trim().is_empty();
    // The joint in front, with the place it begins at; what is before that (`)`, `done`) ends what came before.
    let to_before = before.map(|before| {
        let gap = source.slice(Span::new(end(before), own.start));
        let (at, joint) = last_joint(gap, is_document)?;
        // The blanks and the end of the line in front of it go with it.
        let kept = gap.get(..at)?.trim_end_matches(|c: char| c.is_whitespace() || c == facts.dockerfile.escape);
        is_blank(gap.get(at + joint.len()..)?).then_some((joint, end(before) + kept.len()))
    });
    // The joint behind, with the place behind it at which the next command begins.
    let to_after = after.map(|after| {
        let gap = source.slice(Span::new(own.end, start(after)));
        let (at, joint) = first_joint(gap, is_document)?;
        let rest = gap.get(at + joint.len()..)?;
        let blank =
            rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == facts.dockerfile.escape).len();
        is_blank(gap.get(..at)?).then_some((joint, own.end + at + joint.len() + blank))
    });
    let delete = |from, to| Some(edits::delete(Span::new(from, to)));
    match (to_before, to_after) {
        // What came after anyway still does.
        (Some(Some((Joint::Then, _))), Some(Some((Joint::And, next)))) => delete(own.start, next),
        (Some(Some((_, joint))), Some(Some(_))) => delete(joint, own.end),
        (Some(Some((_, joint))), None) if is_last(facts, run, own.end) => delete(joint, own.end),
        (None, Some(Some((_, next)))) if is_first(facts, run, own.start) => delete(own.start, next),
        _ => None,
    }
}

impl Joint {
    fn len(self) -> usize {
        match self {
            Self::And => 2,
            Self::Then => 1,
        }
    }
}

/// The last joint in what stands between two commands. In a here-document, lines are joined by their ends.
fn last_joint(gap: &str, is_document: bool) -> Option<(usize, Joint)> {
    let ends: &[char] = if is_document { &[';', '\n'] } else { &[';'] };
    let found =
        gap.rfind("&&").map(|at| (at, Joint::And)).into_iter().chain(gap.rfind(ends).map(|at| (at, Joint::Then)));
    let (at, joint) = found.max_by_key(|(at, _)| *at)?;
    // `;;` ends a case, and a comment would be left without its line.
    (!gap.contains('#') && !gap.contains(";;")).then_some((at, joint))
}

/// The first one.
fn first_joint(gap: &str, is_document: bool) -> Option<(usize, Joint)> {
    let ends: &[char] = if is_document { &[';', '\n'] } else { &[';'] };
    let found = gap.find("&&").map(|at| (at, Joint::And)).into_iter().chain(gap.find(ends).map(|at| (at, Joint::Then)));
    let (at, joint) = found.min_by_key(|(at, _)| *at)?;
    (!gap.contains('#') && !gap.contains(";;")).then_some((at, joint))
}

/// Takes words out of a command.
pub(super) fn without_words(command: &Command, indexes: &[usize]) -> Option<Vec<Edit>> {
    let word = |index: usize| command.words.get(index).map(|word| word.span);
    let edit = |index: &usize| Some(edits::delete(Span::new(word(index.checked_sub(1)?)?.end, word(*index)?.end)));
    indexes.iter().map(edit).collect()
}

/// Where a command begins, with what is assigned for it.
pub(super) fn start(command: &Command) -> usize {
    let assigned = command.assignments.iter().map(|assignment| assignment.span.start);
    assigned.chain([command.span.start]).min().unwrap_or(command.span.start)
}

/// Where a command ends, with its redirections.
pub(super) fn end(command: &Command) -> usize {
    let redirected = command.redirects.iter().map(|redirect| redirect.span.end);
    redirected.chain([command.span.end]).max().unwrap_or(command.span.end)
}

/// Whether nothing but the end of a command stands behind a place in the code.
fn is_last(facts: &Facts<'_>, run: &Run<'_>, at: usize) -> bool {
    let end = match run.script.form {
        Form::Heredoc => run.instruction.heredocs.first().map(|document| document.body_span.end),
        _ => run.instruction.args.text().map(|text| text.span.end),
    };
    let rest = end.and_then(|end| facts.dockerfile.source.text().get(at..end));
    rest.is_some_and(|rest| matches!(rest.trim(), "" | ";"))
}

/// Whether a place is where the code begins.
fn is_first(facts: &Facts<'_>, run: &Run<'_>, at: usize) -> bool {
    let start = match run.script.form {
        Form::Heredoc => run.instruction.heredocs.first().map(|document| document.body_span.start),
        _ => run.instruction.args.text().map(|text| text.span.start),
    };
    let before = start.and_then(|start| facts.dockerfile.source.text().get(start..at));
    before.is_some_and(|before| before.trim().is_empty())
}
