use super::file_mode;
use super::{Facts, Reporter, edits};
use crate::finding::Fix;

/// Reports every `--chmod` of a COPY or ADD that lets everybody write.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for instruction in &facts.dockerfile.instructions {
        let instruction = instruction.innermost();
        let Some((flag, mode)) = file_mode::of_copy(instruction) else { continue };
        if let Some(value) = flag.value.as_ref().filter(|_| mode.is_world_writable) {
            let message = format!(
                "mode {} lets every user of the container change what is copied, programs and configuration alike",
                value.text
            );
            let help =
                "leave the write bit to the owner (755 for programs, 644 for data), and name the owner with --chown";
            let mut finding = report.at(value.span, message).help(help);
            let edit = edits::mode_without(facts, value.span, file_mode::OTHERS_WRITE);
            finding.fix = edit.map(|edit| Fix::unsafe_("leave the write bit to the owner", vec![edit]));
            report.push(facts.if_shipped(finding));
        }
    }
}
