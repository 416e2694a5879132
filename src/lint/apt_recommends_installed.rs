use super::package_manager::shown;
use super::run::StageFact;
use super::{Facts, Reporter, Run, edits};
use crate::finding::Fix;
use crate::shell::{Manager, PackageCall};

/// The setting that leaves recommended packages out.
const SETTING: &str = "APT::Install-Recommends";

/// Reports every installation that brings packages nobody asked for.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let programs = report.params().list("programs");
    let mut is_configured = StageFact::default();
    for run in facts.runs() {
        let is_configured = is_configured.of(facts, &run);
        *is_configured |= configures(&run);
        let installs = run.calls.iter().filter(|call| call.manager == Manager::Apt && programs.contains(&call.program));
        let installs = installs.filter(|call| matches!(call.verb.as_str(), "install" | "reinstall"));
        for call in installs.filter(|call| !*is_configured && !is_left_out(call)) {
            let message = format!("`{}` also installs every package that is only recommended", shown(call));
            let mut finding =
                report.at(call.span, message).help("give it `--no-install-recommends`, and name what you do need");
            let edit = edits::option_of_task(facts, &run, call, "--no-install-recommends");
            finding.fix = edit.map(|edit| Fix::unsafe_("leave recommended packages out", vec![edit]));
            report.push(finding);
        }
    }
}

fn is_left_out(call: &PackageCall) -> bool {
    call.has(&["--no-install-recommends", "--without-recommends"])
        || call.program == "aptitude" && call.has(&["-R"])
        || call.values(&["-o", "--option"]).any(|option| option.starts_with(SETTING))
}

/// Whether the RUN writes the setting to a file.
fn configures(run: &Run<'_>) -> bool {
    run.script.commands.iter().any(|command| {
        let writes = matches!(command.name(), Some("echo" | "printf" | "cat" | "tee"));
        writes && command.args().iter().any(|word| word.text.contains(SETTING))
    })
}
