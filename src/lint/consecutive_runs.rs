use super::{Facts, Reporter, edits};
use crate::dockerfile::{Flag, Instruction, Keyword};
use crate::finding::Fix;
use crate::shell::{Dialect, Form, Script};
use crate::text::{Edit, Span};

/// Reports every RUN of one command right behind another such RUN with the same flags.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let mut before: Option<(usize, &Instruction)> = None;
    for (index, instruction) in facts.dockerfile.instructions.iter().enumerate() {
        if instruction.keyword != Keyword::Run {
            before = None;
            continue;
        }
        if let Some((other, run)) = before
            && same_flags(&run.flags, &instruction.flags)
            && is_single(facts, other)
            && is_single(facts, index)
        {
            let message = "this RUN follows another one, and each makes a layer of its own";
            let help = "join them with `&&`, or put both into one here-document";
            let mut finding = report.at(instruction.keyword_word.span, message).help(help);
            let edit = joined(facts, (other, run), (index, instruction));
            finding.fix = edit.map(|edit| Fix::unsafe_("join the two", vec![edit]));
            report.push(finding);
        }
        before = Some((index, instruction));
    }
}

/// Whether a RUN has one command at most; what a command wraps (`sudo`, `sh -c`) is part of it. Code that is not read, that of
/// PowerShell or cmd, has one when nothing in it could separate two.
fn is_single(facts: &Facts<'_>, index: usize) -> bool {
    let Some(script) = script(facts, index) else { return true };
    if script.form != Form::Exec && (script.dialect() == Dialect::Other || script.error.is_some()) {
        let Some(run) = facts.dockerfile.instructions.get(index) else { return true };
        return run.heredocs.is_empty() && !has_separator(facts.dockerfile.source.slice(run.span));
    }
    script.commands.iter().filter(|command| command.wrapper.is_none() && !command.words.is_empty()).count() <= 1
}

fn script<'a>(facts: &Facts<'a>, index: usize) -> Option<&'a Script> {
    facts.scripts.get(facts.scripts.binary_search_by_key(&index, |script| script.instruction).ok()?)
}

/// The second RUN behind the first with `&&`. What the first changes in its own shell must not reach the second.
fn joined(facts: &Facts<'_>, first: (usize, &Instruction), second: (usize, &Instruction)) -> Option<Edit> {
    const OWN: [&str; 9] = [".", "cd", "exec", "exit", "export", "set", "source", "umask", "unset"];
    let source = &facts.dockerfile.source;
    let code = |(index, run): (usize, &Instruction)| {
        let script = script(facts, index).filter(|script| script.form == Form::Shell && edits::is_readable(script))?;
        let is_own = script.commands.iter().any(|c| c.words.is_empty() || c.name().is_none_or(|n| OWN.contains(&n)));
        let text = run.args.text().filter(|_| run.heredocs.is_empty() && !is_own)?;
        let end =
            script.commands.iter().flat_map(|c| c.redirects.iter().map(|r| r.span.end).chain([c.span.end])).max()?;
        // What is behind the last command could end it or go on behind the `&&`.
        (end == text.span.end && !source.slice(text.span).starts_with('!')).then_some(text.span)
    };
    let gap = Span::new(code(first)?.end, code(second)?.start);
    let comments = source.slice(Span::new(gap.start, second.1.span.start)).lines().skip(1);
    let (newline, escape) = (edits::line_end(facts.dockerfile), facts.dockerfile.escape);
    let kept: String =
        comments.filter(|line| line.trim_start().starts_with('#')).map(|line| format!("{line}{newline}")).collect();
    Some(edits::replace(gap, format!(" {escape}{newline}{kept} && ")))
}

/// Whether a `;`, `&` or `|` stands outside quotes.
fn has_separator(code: &str) -> bool {
    let mut quote = None;
    code.chars().any(|c| {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            _ => {}
        }
        quote.is_none() && matches!(c, ';' | '&' | '|')
    })
}

fn same_flags(one: &[Flag], other: &[Flag]) -> bool {
    let parts = |flags: &[Flag]| {
        let mut parts: Vec<(String, Option<String>)> =
            flags.iter().map(|flag| (flag.name.clone(), flag.value.as_ref().map(|value| value.text.clone()))).collect();
        parts.sort();
        parts
    };
    parts(one) == parts(other)
}
