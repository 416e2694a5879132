//! Edits that the fixes of several rules make. None repeats text of the file that could be a secret: what stays is left
//! where it is, and only what is around it changes.

use super::{Facts, Run, stages};
use crate::dockerfile::{Args, Dockerfile, Instruction, Keyword, Stage, Word};
use crate::shell::{Dialect, Form, PackageCall, Script};
use crate::text::{Edit, Span};

/// What may end a line between two words.
const BLANKS: [char; 2] = [' ', '\t'];

/// Replaces a span.
pub(super) fn replace(span: Span, text: impl Into<String>) -> Edit {
    Edit { span, text: text.into() }
}

/// Puts text in at a place.
pub(super) fn insert(at: usize, text: impl Into<String>) -> Edit {
    replace(Span::new(at, at), text)
}

/// Takes a span out.
pub(super) fn delete(span: Span) -> Edit {
    replace(span, "")
}

/// How the lines of the file end.
pub(super) fn line_end(dockerfile: &Dockerfile) -> &'static str {
    let text = dockerfile.source.text();
    let first = text.find('\n').and_then(|at| text.get(..at));
    if first.is_some_and(|line| line.ends_with('\r')) { "\r\n" } else { "\n" }
}

/// A keyword in the case of the one that stands there.
pub(crate) fn in_case_of(word: &Word, keyword: &str) -> String {
    if word.text == word.text.to_ascii_lowercase() { keyword.to_ascii_lowercase() } else { keyword.to_owned() }
}

/// Replaces `from` where it stands in a span, if it does so once.
pub(super) fn replace_in(facts: &Facts<'_>, span: Span, from: &str, to: &str) -> Option<Edit> {
    let written = facts.dockerfile.source.slice(span);
    let mut found = written.match_indices(from).map(|(at, _)| span.start + at);
    let start = found.next().filter(|_| found.next().is_none())?;
    Some(replace(Span::new(start, start + from.len()), to))
}

/// Puts an option behind a word of a command that ends in `word`, in the form the command is written in.
pub(super) fn option_behind(facts: &Facts<'_>, script: &Script, at: Span, word: &str, option: &str) -> Option<Edit> {
    let written = facts.dockerfile.source.slice(at);
    let is_quoted = written.ends_with('"') && written.trim_end_matches('"').ends_with(word);
    let is_variable = script.form != Form::Exec
        && written.rsplit(char::is_whitespace).next().is_some_and(|last| last.starts_with('$') && !last.contains('"'));
    let text = match script.form {
        Form::Exec if is_quoted => format!(", \"{option}\""),
        _ if is_quoted || is_variable || written.ends_with(word) => format!(" {option}"),
        _ => return None,
    };
    Some(insert(at.end, text))
}

/// Puts an option behind what a package manager is asked to do: `apt-get install -y`.
pub(super) fn option_of_task(facts: &Facts<'_>, run: &Run<'_>, call: &PackageCall, option: &str) -> Option<Edit> {
    let last = call.verb.rsplit(' ').next().filter(|word| !word.is_empty()).unwrap_or(&call.program);
    option_behind(facts, run.script, call.span, last, option)
}

/// Puts an option behind the program of a package manager: `zypper --non-interactive install`.
pub(super) fn option_of_program(facts: &Facts<'_>, run: &Run<'_>, call: &PackageCall, option: &str) -> Option<Edit> {
    let word = run.script.commands.get(call.command)?.words.first()?;
    option_behind(facts, run.script, word.span, &call.program, option)
}

/// Whether the code is for a shell of the Bourne family, and was read to its end.
pub(super) fn is_readable(script: &Script) -> bool {
    script.form != Form::Exec && script.dialect() != Dialect::Other && script.error.is_none()
}

/// A command at the end of a RUN that runs when what is before it succeeded; with `sudo` where `like` has it. `None` where
/// nothing can be put at the end.
pub(super) fn command_at_end(facts: &Facts<'_>, run: &Run<'_>, like: &PackageCall, command: &str) -> Option<Edit> {
    let commands = &run.script.commands;
    let wrapper = commands.get(like.command).and_then(|like| commands.get(like.wrapper?));
    let is_by_sudo = wrapper.is_some_and(|wrapper| wrapper.name() == Some("sudo"));
    let command = if is_by_sudo { format!("sudo {command}") } else { command.to_owned() };
    let last = commands.iter().max_by_key(|command| command.span.end)?;
    if !is_readable(run.script) || matches!(last.name(), Some("exit" | "exec" | "return")) {
        return None;
    }
    let source = &facts.dockerfile.source;
    if run.script.form == Form::Heredoc {
        let [document] = run.instruction.heredocs.as_slice() else { return None };
        let body = source.slice(document.body_span);
        let line = body.lines().next_back().filter(|line| !line.ends_with('\\') && body.ends_with('\n'))?;
        let indent = &line[..line.len() - line.trim_start_matches(BLANKS).len()];
        return Some(insert(document.body_span.end, format!("{indent}{command}{}", line_end(facts.dockerfile))));
    }
    let text = run.instruction.args.text().filter(|_| run.instruction.heredocs.is_empty())?;
    let redirects = commands.iter().flat_map(|command| &command.redirects).map(|redirect| redirect.span.end);
    let last = redirects.chain([last.span.end]).max()?;
    let tail = source.slice(Span::new(last, text.span.end));
    // A list that is open to the end was not read to its end.
    let is_open = source.slice(text.span).trim_end().ends_with('(');
    if is_open || tail.contains(['#', '|', '&', '<', '\\', '`']) {
        return None;
    }
    let joint = if tail.trim_end().ends_with(';') { "" } else { "&& " };
    let end = (facts.dockerfile.escape, line_end(facts.dockerfile));
    Some(insert(text.span.end, continued(source.slice(text.span), joint, &command, end)))
}

/// What goes on behind code, laid out as the code is: `&&` in front of each line, behind each line, or all on one.
fn continued(code: &str, joint: &str, command: &str, (escape, newline): (char, &str)) -> String {
    let lines: Vec<&str> = code.lines().collect();
    let indent = |line: &&str| line[..line.len() - line.trim_start_matches(BLANKS).len()].to_owned();
    if lines.len() < 2 {
        return format!(" {joint}{command}");
    }
    let lead = lines.iter().rfind(|line| line.trim_start().starts_with("&&")).map(indent);
    let trail = lines.windows(2).rev().find_map(|pair| {
        let before = pair.first()?.trim_end().strip_suffix(escape)?.trim_end();
        before.ends_with("&&").then(|| pair.last().map(indent)).flatten()
    });
    match (lead, trail) {
        (None, Some(indent)) => {
            format!(" {}{escape}{newline}{indent}{command}", if joint.is_empty() { "" } else { "&& " })
        }
        (lead, _) => format!(" {escape}{newline}{}{joint}{command}", lead.unwrap_or_else(|| "    ".into())),
    }
}

/// Takes an instruction out with its lines; `None` when something else stands on them.
pub(super) fn without(facts: &Facts<'_>, instruction: &Instruction) -> Option<Edit> {
    let source = &facts.dockerfile.source;
    let start = source.line_span(source.line(instruction.span.start)).start;
    let end = source.line_span(source.line(instruction.span.end)).end;
    let is_alone = source.slice(Span::new(start, instruction.span.start)).trim().is_empty()
        && source.slice(Span::new(instruction.span.end, end)).trim().is_empty();
    let rest = source.text().get(end..).unwrap_or_default();
    let newline = ["\r\n", "\n"].into_iter().find(|newline| rest.starts_with(newline)).map_or(0, str::len);
    is_alone.then(|| delete(Span::new(start, end + newline)))
}

/// Puts a line above an instruction and the comments that belong to it.
pub(crate) fn line_above(dockerfile: &Dockerfile, instruction: &Instruction, line: &str) -> Edit {
    let source = &dockerfile.source;
    let comment = instruction.leading_comments.first().and_then(|first| dockerfile.comments.get(*first));
    let top = comment.map_or(instruction.span, |comment| comment.span).start;
    insert(source.line_span(source.line(top)).start, format!("{line}{}", line_end(dockerfile)))
}

/// Puts a line below an instruction.
pub(crate) fn line_below(dockerfile: &Dockerfile, instruction: &Instruction, line: &str) -> Edit {
    let (text, newline) = (dockerfile.source.text(), line_end(dockerfile));
    let rest = text.get(instruction.span.end..).unwrap_or_default();
    match rest.find('\n') {
        Some(end) => insert(instruction.span.end + end + 1, format!("{line}{newline}")),
        None => insert(text.len(), format!("{newline}{line}{newline}")),
    }
}

/// Takes a flag out, and the blanks behind it.
pub(super) fn without_flag(facts: &Facts<'_>, flag: Span) -> Edit {
    let rest = facts.dockerfile.source.text().get(flag.end..).unwrap_or_default();
    let blanks = rest.len() - rest.trim_start_matches(BLANKS).len();
    delete(Span::new(flag.start, flag.end + blanks))
}

/// Takes one of several words out.
pub(super) fn without_word(words: &[Word], index: usize) -> Option<Edit> {
    let word = words.get(index)?.span;
    let span = match index.checked_sub(1).and_then(|before| words.get(before)) {
        Some(before) => Span::new(before.span.end, word.end),
        None => Span::new(word.start, words.get(index + 1)?.span.start),
    };
    Some(delete(span))
}

/// Gives a stage another name, at its FROM and wherever a later line names it. `None` when a line names it in a way that
/// cannot be changed word for word.
pub(super) fn renamed(facts: &Facts<'_>, stage: &Stage, name: &str) -> Option<Vec<Edit>> {
    let source = &facts.dockerfile.source;
    let mut edits = vec![replace(stage.name.as_ref()?.span, name)];
    let is_meant = |at: Option<usize>, text: &str| {
        text.parse::<usize>().is_err() && stages::earlier(facts, at, text).is_some_and(|used| used.index == stage.index)
    };
    for later in facts.dockerfile.stages.iter().filter(|later| later.index > stage.index) {
        if matches!(facts.bases.get(later.index), Some(crate::dockerfile::Base::Stage(base)) if *base == stage.index) {
            // A number, or a name that a variable makes, is not the name.
            if stage.is_named(&later.base.text) {
                edits.push(replace(later.base.span, name));
            } else if later.base.text.contains('$') {
                return None;
            }
        }
    }
    for instruction in &facts.dockerfile.instructions {
        match instruction.keyword {
            Keyword::Copy => {
                let value = instruction.flag_value("from").filter(|value| is_meant(instruction.stage, &value.text));
                let Some(value) = value else { continue };
                if source.slice(value.span) != value.text {
                    return None;
                }
                edits.push(replace(value.span, name));
            }
            Keyword::Run => {
                for flag in instruction.flags_named("mount") {
                    for (key, value) in flag.options() {
                        let Some(value) = value.filter(|value| is_meant(instruction.stage, value)) else { continue };
                        if key.eq_ignore_ascii_case("from") {
                            let to = format!("{key}={name}");
                            edits.push(replace_in(facts, flag.span, &format!("{key}={value}"), &to)?);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Some(edits)
}

/// A name no stage has: `name` with a number behind it.
pub(super) fn free_name(facts: &Facts<'_>, name: &str) -> Option<String> {
    let is_taken = |name: &String| facts.dockerfile.stages.iter().any(|stage| stage.is_named(name));
    (2..1000).map(|number| format!("{name}-{number}")).find(|name| !is_taken(name))
}

/// Puts text in front of what a word holds, behind its quote if it has one; `./` at its start goes.
pub(super) fn in_front(facts: &Facts<'_>, word: &Word, text: &str) -> Option<Edit> {
    let written = facts.dockerfile.source.slice(word.span);
    let quote = usize::from(written.starts_with(['"', '\'']));
    let inside = written.get(quote..)?;
    let dots = match inside.trim_end_matches(['"', '\'']) {
        "." => 1,
        path if path.starts_with("./") => 2,
        _ => 0,
    };
    let start = word.span.start + quote;
    Some(replace(Span::new(start, start + dots), text))
}

/// Puts text behind what a word holds, before its closing quote if it has one.
pub(super) fn behind(facts: &Facts<'_>, word: &Word, text: &str) -> Edit {
    let quote = usize::from(facts.dockerfile.source.slice(word.span).ends_with(['"', '\'']));
    insert(word.span.end - quote, text)
}

/// Takes bits out of a mode in digits, where it is written as digits.
pub(super) fn mode_without(facts: &Facts<'_>, at: Span, bits: u32) -> Option<Edit> {
    let digits = facts.dockerfile.source.slice(at);
    let mode = u32::from_str_radix(digits, 8).ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let width = digits.len();
    Some(replace(at, format!("{:0width$o}", mode & !bits)))
}

/// The words of a command as a JSON list, made around the words as they stand. `None` when a shell would change one of them.
pub(super) fn json_form(facts: &Facts<'_>, script: &Script, args: &Args) -> Option<Vec<Edit>> {
    let (Args::Text(text), [command]) = (args, script.commands.as_slice()) else { return None };
    let is_plain = is_readable(script)
        && command.assignments.is_empty()
        && command.redirects.is_empty()
        && command.span == text.span
        && !command.name().is_some_and(is_builtin);
    if !is_plain {
        return None;
    }
    let mut edits = vec![insert(text.span.start, "[")];
    for (index, word) in command.words.iter().enumerate() {
        let (literal, written) = (word.literal.as_deref()?, facts.dockerfile.source.slice(word.span));
        if literal.chars().any(|c| c.is_control() || matches!(c, '"' | '\\')) {
            return None;
        }
        let comma = if index + 1 < command.words.len() { "," } else { "]" };
        let (first, last) = (word.span.start, word.span.end);
        if written == literal {
            if written.starts_with('~') || written.contains(SPECIAL) {
                return None;
            }
            edits.extend([insert(first, "\""), insert(last, format!("\"{comma}"))]);
        } else if [format!("\"{literal}\""), format!("'{literal}'")].iter().any(|quoted| quoted == written) {
            edits.extend([
                replace(Span::new(first, first + 1), "\""),
                replace(Span::new(last - 1, last), format!("\"{comma}")),
            ]);
        } else {
            return None;
        }
    }
    // What opens the list stands where the first word begins, and two edits cannot be made at one place.
    let open = edits.remove(0);
    if let Some(first) = edits.first_mut() {
        first.text = format!("{}{}", open.text, first.text);
    }
    Some(edits)
}

/// Characters that mean something to a shell outside quotes.
const SPECIAL: [char; 20] =
    ['*', '?', '[', ']', '{', '}', '$', '`', '\'', '"', '#', ';', '&', '|', '<', '>', '(', ')', '!', '\\'];

/// Whether a command is part of a shell, and no program.
pub(super) fn is_builtin(name: &str) -> bool {
    BUILTINS.contains(&name)
}

/// Commands that are part of a shell, and no programs.
const BUILTINS: [&str; 28] = [
    ".", ":", "alias", "bg", "cd", "command", "eval", "exec", "exit", "export", "fg", "getopts", "hash", "jobs",
    "local", "read", "readonly", "return", "set", "shift", "source", "times", "trap", "type", "ulimit", "umask",
    "unset", "wait",
];
