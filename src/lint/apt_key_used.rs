use super::{Facts, Reporter};

/// Reports every apt-key that adds keys.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for command in facts.run_scripts().flat_map(|script| &script.commands) {
        let Some(name) = command.words.first().filter(|_| command.name() == Some("apt-key")) else { continue };
        let adds = matches!(command.subcommand(&["--keyring"]), Some("add" | "adv"));
        let only_removes = command.literals().any(|word| matches!(word, "--list-keys" | "--delete-key" | "--export"));
        if adds && !only_removes {
            let message = "apt-key trusts the key for every repository, not only its own, and Debian 13 and Ubuntu 25.04 \
                           no longer have it";
            let help = "put the key into /etc/apt/keyrings and name it in the source: `deb [signed-by=/etc/apt/keyrings/x.asc] …`";
            report.push(report.at(name.span, message).help(help));
        }
    }
}
