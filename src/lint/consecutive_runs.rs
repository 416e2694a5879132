use super::{Facts, Reporter};
use crate::dockerfile::{Flag, Instruction, Keyword};

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

/// Whether a RUN has one command at most; what a command wraps (`sudo`, `sh -c`) is part of it.
fn is_single(facts: &Facts<'_>, index: usize) -> bool {
    let script = facts.scripts.binary_search_by_key(&index, |script| script.instruction);
    let commands = script.ok().and_then(|i| facts.scripts.get(i)).map_or(&[][..], |script| &script.commands);
    commands.iter().filter(|command| command.wrapper.is_none() && !command.words.is_empty()).count() <= 1
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
