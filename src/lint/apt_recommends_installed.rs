use super::package_manager::{calls, shown};
use super::{Facts, Reporter};
use crate::shell::{Manager, PackageCall};

/// The setting that leaves recommended packages out.
const SETTING: &str = "APT::Install-Recommends";

/// Reports every installation that brings packages nobody asked for.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (run, call) in calls(facts, &[Manager::Apt]) {
        let before = || facts.runs().take_while(|other| other.script.instruction <= run.script.instruction);
        let is_configured = || before().any(|other| configures(other.script));
        if !matches!(call.verb.as_str(), "install" | "reinstall") || is_left_out(call) || is_configured() {
            continue;
        }
        let message = format!("`{}` also installs every package that is only recommended", shown(call));
        report.push(report.at(call.span, message).help("give it `--no-install-recommends`, and name what you do need"));
    }
}

fn is_left_out(call: &PackageCall) -> bool {
    call.has(&["--no-install-recommends", "--without-recommends"])
        || call.program == "aptitude" && call.has(&["-R"])
        || call.values(&["-o", "--option"]).any(|option| option.starts_with(SETTING))
}

/// Whether the script writes the setting to a file.
fn configures(script: &crate::shell::Script) -> bool {
    script.commands.iter().any(|command| {
        let writes = matches!(command.name(), Some("echo" | "printf" | "cat" | "tee"));
        writes && command.args().iter().any(|word| word.text.contains(SETTING))
    })
}
