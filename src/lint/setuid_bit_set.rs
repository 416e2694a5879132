use super::file_mode;
use super::{Facts, Reporter, edits};
use crate::finding::Fix;
use crate::text::Span;

/// Reports every mode in a RUN, COPY or ADD that sets the setuid bit.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let commands = facts.run_scripts().flat_map(|script| &script.commands);
    let by_command = commands.filter_map(file_mode::set_by).filter(|set| set.mode.sets_user_id);
    let in_run = by_command.map(|set| (facts.part_of(set.word, set.text), set.text.to_owned()));
    let instructions = facts.dockerfile.instructions.iter().map(|instruction| instruction.innermost());
    let by_copy = instructions.filter_map(file_mode::of_copy).filter(|(_, mode)| mode.sets_user_id);
    let in_copy = by_copy.filter_map(|(flag, _)| flag.value.as_ref().map(|value| (value.span, value.text.clone())));
    let found: Vec<(Span, String)> = in_run.chain(in_copy).collect();
    for (span, mode) in found {
        let message = format!(
            "mode {mode} makes a setuid program: whoever runs it acts as its owner, and a flaw in it is a way to root"
        );
        let help =
            "give the program the one capability it needs (`setcap`), or let the runtime start it as the right user";
        let mut finding = report.at(span, message).help(help);
        let edit = edits::mode_without(facts, span, file_mode::SET_USER_ID);
        finding.fix = edit.map(|edit| Fix::unsafe_("leave the setuid bit out", vec![edit]));
        report.push(facts.if_shipped(finding));
    }
}
