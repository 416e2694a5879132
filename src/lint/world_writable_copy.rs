use super::file_mode;
use super::{Facts, Reporter};

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
            report.push(facts.if_shipped(report.at(value.span, message).help(help)));
        }
    }
}
