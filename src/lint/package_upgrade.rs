use super::{Facts, Reporter};
use crate::shell::{Command, CommandWord};

/// Reports every command that upgrades all packages of the base.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for command in facts.run_scripts().flat_map(|script| &script.commands) {
        let (Some(name), Some(word)) = (command.name(), upgrade(command)) else { continue };
        let what = word.literal.as_deref().unwrap_or_default();
        let message = format!(
            "`{name} {what}` gives other packages on every day the image is built, and stores those of the base a second time"
        );
        let help = "rebuild on a newer base, and keep the base up to date by its digest";
        report.push(report.at(word.span, message).help(help));
    }
}

/// The word that asks for the upgrade of everything. `zypper dist-upgrade` has a rule of its own.
fn upgrade(command: &Command) -> Option<&CommandWord> {
    let (words, value_flags): (&[&str], &[&str]) = match command.name()? {
        "apt-get" | "apt" | "aptitude" => (
            &["upgrade", "dist-upgrade", "full-upgrade", "safe-upgrade"],
            &["-o", "-t", "-c", "--option", "--target-release"],
        ),
        "apk" => (&["upgrade"], &["--repository", "-X", "-p", "--root"]),
        "yum" | "dnf" | "microdnf" => {
            (&["update", "upgrade", "distro-sync"], &["-c", "-x", "--exclude", "--enablerepo", "--disablerepo"])
        }
        "zypper" => (&["update", "up", "patch"], &[]),
        _ => return None,
    };
    let operands = command.operands(value_flags);
    // With packages named it is an upgrade of those.
    match operands.as_slice() {
        [word] if word.literal.as_deref().is_some_and(|text| words.contains(&text)) => Some(word),
        _ => None,
    }
}
