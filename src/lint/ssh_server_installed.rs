use super::{Facts, Reporter};
use crate::rule::Severity;
use crate::shell::{Command, CommandWord};

/// Package managers, the word that installs, the packages that are an SSH server, and those that hold client and server.
struct Manager {
    names: &'static [&'static str],
    install: &'static [&'static str],
    servers: &'static [&'static str],
    both: &'static [&'static str],
}

const MANAGERS: [Manager; 5] = [
    Manager {
        names: &["apt-get", "apt", "aptitude"],
        install: &["install"],
        servers: &["openssh-server", "dropbear", "dropbear-bin", "tinysshd"],
        both: &["ssh"],
    },
    Manager {
        names: &["apk"],
        install: &["add"],
        servers: &["openssh-server", "openssh-server-pam", "dropbear", "tinyssh"],
        both: &["openssh"],
    },
    Manager {
        names: &["yum", "dnf", "microdnf", "tdnf"],
        install: &["install"],
        servers: &["openssh-server", "dropbear"],
        both: &[],
    },
    Manager { names: &["zypper"], install: &["install", "in"], servers: &["openssh-server"], both: &["openssh"] },
    Manager {
        names: &["pacman"],
        install: &["-S", "-Sy", "-Syu", "-Syyu"],
        servers: &["dropbear"],
        both: &["openssh"],
    },
];

/// Reports every package with an SSH server that a RUN installs.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for command in facts.run_scripts().flat_map(|script| &script.commands) {
        let Some((manager, packages)) = installed(command) else { continue };
        for word in packages {
            let package =
                word.literal.as_deref().unwrap_or_default().split(['=', '~', '<', '>']).next().unwrap_or_default();
            let span = facts.part_of(word, package);
            if manager.servers.contains(&package) {
                let message = format!(
                    "{package} puts an SSH server into the image: a second way in, with keys and flaws of its own"
                );
                let help = "leave it out; `docker exec` and `kubectl exec` give a shell that is under access control and logged";
                report.push(facts.if_shipped(report.at(span, message).help(help).subject(package)));
            } else if manager.both.contains(&package) {
                let message = format!("{package} brings the SSH server along with the client");
                let help = "install the client alone where that is all you need: openssh-client, or openssh-clients";
                report.push(report.at(span, message).help(help).subject(package).severity(Severity::Info));
            }
        }
    }
}

fn installed(command: &Command) -> Option<(&'static Manager, &[CommandWord])> {
    let name = command.name()?;
    let manager = MANAGERS.iter().find(|manager| manager.names.contains(&name))?;
    let is_install = |word: &CommandWord| word.literal.as_deref().is_some_and(|text| manager.install.contains(&text));
    let at = command.args().iter().position(is_install)?;
    command.args().get(at + 1..).map(|packages| (manager, packages))
}
