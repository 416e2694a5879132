use super::{Facts, Reporter, edits};
use crate::finding::Fix;

/// Options after which wget draws no bar on the terminal.
const QUIET: [&str; 9] =
    ["-q", "--quiet", "-nv", "--no-verbose", "--progress", "-o", "--output-file", "-a", "--append-output"];

/// Reports every wget that draws its progress into the build's log.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (script, command) in facts.run_scripts().flat_map(|script| script.commands.iter().map(move |c| (script, c))) {
        let Some(word) = command.words.first().filter(|_| command.name() == Some("wget")) else { continue };
        let is_about_itself = command.has_flag(&["--version", "--help"]) || command.args().is_empty();
        if !is_about_itself && !command.has_flag(&QUIET) {
            let message = "wget draws its progress, thousands of lines in the log of a build";
            let mut finding = report.at(word.span, message).help("give it `--progress=dot:giga`, `-nv` or `-q`");
            // Of the three, the one that BusyBox knows too and that still tells of errors.
            let edit = edits::option_behind(facts, script, word.span, "wget", "-nv");
            finding.fix = edit.map(|edit| Fix::safe("give it `-nv`", vec![edit]));
            report.push(finding);
        }
    }
}
