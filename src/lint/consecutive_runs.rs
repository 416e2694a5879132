use super::{Facts, Reporter};
use crate::dockerfile::{Flag, Instruction, Keyword};
use crate::shell::{Dialect, Form};

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
            report.push(report.at(instruction.keyword_word.span, message).help(help));
        }
        before = Some((index, instruction));
    }
}

/// Whether a RUN has one command at most; what a command wraps (`sudo`, `sh -c`) is part of it. Code that is not read, that of
/// PowerShell or cmd, has one when nothing in it could separate two.
fn is_single(facts: &Facts<'_>, index: usize) -> bool {
    let script = facts.scripts.binary_search_by_key(&index, |script| script.instruction);
    let Some(script) = script.ok().and_then(|i| facts.scripts.get(i)) else { return true };
    if script.form != Form::Exec && (script.dialect() == Dialect::Other || script.error.is_some()) {
        let Some(run) = facts.dockerfile.instructions.get(index) else { return true };
        return run.heredocs.is_empty() && !has_separator(facts.dockerfile.source.slice(run.span));
    }
    script.commands.iter().filter(|command| command.wrapper.is_none() && !command.words.is_empty()).count() <= 1
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
