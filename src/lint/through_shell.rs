//! A command that needs a shell, as a list: `["/bin/sh", "-c", "exec …"]`, so that the program takes the place of the shell and gets its signals.

use super::{Facts, chain, edits};
use crate::dockerfile::Args;
use crate::shell::{Command, Form, Script};
use crate::text::{Edit, Span};

/// The edits that make the list around the code as it stands; the last command of a chain of `&&` and `;` is run with `exec`. `None` where the
/// code is more than such a chain, or could not stand in a JSON string.
pub(super) fn list(facts: &Facts<'_>, script: &Script, args: &Args) -> Option<Vec<Edit>> {
    let Args::Text(text) = args else { return None };
    let source = &facts.dockerfile.source;
    let is_default = script.shell.as_ref().is_some_and(|shell| shell.words == ["/bin/sh", "-c"]);
    if !is_default || script.form != Form::Shell || !edits::is_readable(script) || facts.dockerfile.escape != '\\' {
        return None;
    }
    let code = source.slice(text.span);
    // A tab cannot stand in a JSON string, and a comment between lines is none of the code.
    if code.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r')) || code.lines().skip(1).any(is_no_code) {
        return None;
    }
    let last = last_of_chain(facts, script, text.span)?;
    let name = last.words.first()?;
    let mut edits = Vec::new();
    let (mut open, mut exec) = ("[\"/bin/sh\", \"-c\", \"".to_owned(), "exec ");
    if script
        .commands
        .iter()
        .any(|command| command.name() == Some("exec") && chain::start(command) == chain::start(last))
    {
        exec = "";
    } else if edits::is_builtin(last.name()?) {
        return None;
    }
    if name.span.start == text.span.start {
        open += exec;
    } else if !exec.is_empty() {
        edits.push(edits::insert(name.span.start, exec));
    }
    edits.push(edits::insert(text.span.start, open));
    for (at, c) in code.char_indices() {
        let is_continuation =
            || code.get(at + 1..).is_some_and(|rest| rest.trim_start_matches([' ', '\r']).starts_with('\n'));
        if c == '"' || (c == '\\' && !is_continuation()) {
            let at = text.span.start + at;
            edits.push(edits::replace(Span::new(at, at + 1), format!("\\{c}")));
        }
    }
    edits.push(edits::insert(text.span.end, "\"]"));
    Some(edits)
}

/// Whether a line inside code is a comment or blank.
fn is_no_code(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line == "\\" || line.starts_with('#')
}

/// The last command of code that is a chain from its start to its end.
fn last_of_chain<'s>(facts: &Facts<'_>, script: &'s Script, whole: Span) -> Option<&'s Command> {
    let commands = &script.commands;
    if commands.len() > chain::MAX_COMMANDS {
        return None;
    }
    let is_inside = |command: &Command| {
        commands.iter().any(|outer| {
            let (start, end) = (chain::start(outer), chain::end(outer));
            start <= chain::start(command)
                && chain::end(command) <= end
                && (start, end) != (chain::start(command), chain::end(command))
        })
    };
    // What a wrapper runs and what stands in a substitution are parts of a command.
    let mut at = whole.start;
    let mut last = None;
    for command in commands.iter().filter(|command| command.wrapper.is_none() && !is_inside(command)) {
        let gap = facts.dockerfile.source.text().get(at..chain::start(command))?.replace('\\', " ");
        let is_joint = match last {
            None => gap.trim().is_empty(),
            Some(_) => matches!(gap.trim(), "&&" | ";"),
        };
        if !is_joint || command.pipeline.is_some() {
            return None;
        }
        at = chain::end(command);
        last = Some(command);
    }
    last.filter(|last| at == whole.end && !last.words.is_empty())
}
