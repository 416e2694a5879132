use super::file_mode::{self, SetMode};
use super::{Facts, Reporter, Run, chain, edits};
use crate::finding::Fix;
use crate::text::{Edit, Span};

/// Reports every mode in a RUN, COPY or ADD that sets the setuid bit.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let mut found: Vec<(Span, String, Option<Edit>)> = Vec::new();
    for run in facts.runs() {
        for (index, command) in run.script.commands.iter().enumerate() {
            let Some(set) = file_mode::set_by(command).filter(|set| set.mode.sets_user_id) else { continue };
            let at = facts.part_of(set.word, set.text);
            found.push((at, set.text.to_owned(), without(facts, &run, index, &set, at)));
        }
    }
    for instruction in facts.dockerfile.instructions.iter().map(|instruction| instruction.innermost()) {
        let mode = file_mode::of_copy(instruction).filter(|(_, mode)| mode.sets_user_id);
        let Some(value) = mode.and_then(|(flag, _)| flag.value.as_ref()) else { continue };
        let edit = edits::mode_without(facts, value.span, file_mode::SET_USER_ID);
        found.push((value.span, value.text.clone(), edit));
    }
    for (span, mode, edit) in found {
        let message = format!(
            "mode {mode} makes a setuid program: whoever runs it acts as its owner, and a flaw in it is a way to root"
        );
        let help =
            "give the program the one capability it needs (`setcap`), or let the runtime start it as the right user";
        let mut finding = report.at(span, message).help(help);
        finding.fix = edit.map(|edit| Fix::unsafe_("leave the setuid bit out", vec![edit]));
        report.push(facts.if_shipped(finding));
    }
}

/// The mode without the bit; where it is all that chmod sets, the code without the chmod.
fn without(facts: &Facts<'_>, run: &Run<'_>, command: usize, set: &SetMode<'_>, at: Span) -> Option<Edit> {
    let digits = edits::mode_without(facts, at, file_mode::SET_USER_ID);
    let letters = || {
        let is_written = facts.dockerfile.source.slice(at) == set.text;
        Some(edits::replace(at, file_mode::without_setuid(set.text).filter(|_| is_written)?))
    };
    let is_all = matches!(set.text, "u+s" | "+s" | "ug+s" | "a+s");
    digits.or_else(letters).or_else(|| is_all.then(|| chain::without(facts, run, command))?)
}
