use super::package_manager::shown;
use super::{Facts, Reporter};
use crate::shell::{Command, Manager, Task};

const INDEXES: [&str; 2] = ["/var/lib/apt/lists", "/var/cache/apk"];

/// Reports every RUN that refreshes the index of apt or apk and does nothing with it.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for run in facts.runs() {
        let is_index = |manager: Manager| matches!(manager, Manager::Apt | Manager::Apk);
        let Some(update) = run.calls.iter().find(|call| is_index(call.manager) && call.task == Task::Update) else {
            continue;
        };
        let is_used = run.calls.iter().any(|call| call.manager == update.manager && call.task != Task::Update)
            || run.script.commands.iter().any(may_install)
            || run.mounts_over(&INDEXES);
        if is_used {
            continue;
        }
        let message = format!(
            "`{}` stands alone, so the layer cache keeps the index of that day for every RUN that installs later",
            shown(update)
        );
        let help = format!("write it into the RUN that installs: `{} && {} …`", shown(update), install(update.manager));
        report.push(report.at(update.span, message).help(help));
    }
}

fn install(manager: Manager) -> &'static str {
    match manager {
        Manager::Apk => "apk add",
        _ => "apt-get install -y",
    }
}

/// Commands that are known to install nothing beside what is read of package managers.
const HARMLESS: [&str; 13] =
    ["apt-get", "apt", "aptitude", "apk", "echo", "printf", "set", "rm", "cd", "export", "true", "sed", "mkdir"];

/// Whether a command may install something in a way that is not read here: a script, or a tool above the package manager.
fn may_install(command: &Command) -> bool {
    command.name().is_none_or(|name| !HARMLESS.contains(&name))
}
