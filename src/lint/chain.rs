//! Commands that are taken out of the chain they stand in: `a && b; c`.

use super::{Facts, Run, edits};
use crate::shell::{Command, Form};
use crate::text::{Edit, Span};

/// What stands between two commands of a chain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joint {
    /// `&&`
    And,
    /// `;`, or the end of a line of a here-document.
    Then,
}

/// Takes a command out of the code of a RUN. `None` where another depends on it in a way that a chain does not have, or it is all there is.
pub(super) fn without(facts: &Facts<'_>, run: &Run<'_>, index: usize) -> Option<Edit> {
    let commands = &run.script.commands;
    let command = commands.get(index)?;
    let is_wrapper = commands.iter().any(|other| other.wrapper == Some(index));
    if command.wrapper.is_some() || is_wrapper || command.pipeline.is_some() || !command.assignments.is_empty() {
        return None;
    }
    let own = Span::new(command.span.start, end(command));
    let before = commands.iter().filter(|other| end(other) <= own.start).max_by_key(|other| end(other));
    let after = commands.iter().filter(|other| start(other) >= own.end).min_by_key(|other| start(other));
    let joint = |from: usize, to: usize| {
        let text = facts.dockerfile.source.text().get(from..to)?;
        let bare = text.replace(facts.dockerfile.escape, " ");
        match bare.trim() {
            "&&" => Some(Joint::And),
            ";" => Some(Joint::Then),
            "" if run.script.form == Form::Heredoc && text.contains('\n') => Some(Joint::Then),
            _ => None,
        }
    };
    let to_before = before.map(|before| joint(end(before), own.start));
    let to_after = after.map(|after| joint(own.end, start(after)));
    match (before, to_before, after, to_after) {
        (Some(before), Some(Some(first)), Some(after), Some(Some(second))) => {
            // What came after anyway still does.
            let takes_second = first == Joint::Then && second == Joint::And;
            let gone = if takes_second { (own.start, start(after)) } else { (end(before), own.end) };
            Some(edits::delete(Span::new(gone.0, gone.1)))
        }
        (Some(before), Some(Some(_)), None, None) if is_last(facts, run, own.end) => {
            Some(edits::delete(Span::new(end(before), own.end)))
        }
        (None, None, Some(after), Some(Some(_))) if is_first(facts, run, own.start) => {
            Some(edits::delete(Span::new(own.start, start(after))))
        }
        _ => None,
    }
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
