use super::package_manager::{Cache, Clean, report_cache_left};
use super::{Facts, Reporter, Run};
use crate::dockerfile::Lookup;
use crate::shell::{Command, Manager, PackageCall, Task};

const CACHE: Cache = Cache {
    folders: &["~/.cache/pip"],
    is_cleaned_by: |_, cleaning| cleaning.manager == Manager::Pip,
    help: "give it `--no-cache-dir`, or the RUN `--mount=type=cache,target=/root/.cache/pip`",
    clean: Clean::Option("--no-cache-dir"),
};

/// The variable that switches the cache off.
const SWITCH: &str = "PIP_NO_CACHE_DIR";

/// Reports every RUN that leaves what pip downloaded.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_cache_left(facts, report, &CACHE, filling);
}

/// The installations for which the cache is on: nothing switched it off by an option, by ENV or ARG, in the script before,
/// or in front of the call itself.
fn filling<'a>(run: &Run<'a>) -> Vec<&'a PackageCall> {
    let mut is_off = run.env.and_then(|env| env.get(SWITCH)).is_some_and(is_true);
    let mut filling = Vec::new();
    let mut calls = run.calls.iter().peekable();
    for (index, command) in run.script.commands.iter().enumerate() {
        let own = assigned(command);
        let is_lasting = command.words.is_empty() || command.name() == Some("export");
        is_off = own.filter(|_| is_lasting).unwrap_or(is_off);
        if let Some(call) = calls.next_if(|call| call.command == index) {
            let is_install = call.manager == Manager::Pip && call.task == Task::Install;
            if is_install && !own.unwrap_or(is_off) && !call.has(&["--no-cache-dir", "--no-cache"]) {
                filling.push(call);
            }
        }
    }
    filling
}

/// What the command sets the switch to, if it does.
fn assigned(command: &Command) -> Option<bool> {
    let in_front = command.assignments.iter().filter(|assignment| assignment.name == SWITCH);
    let exported =
        command.literals().filter(|_| command.name() == Some("export")).filter_map(|word| word.split_once('='));
    let values = in_front.map(|assignment| assignment.value.as_deref().is_some_and(is_true));
    values.chain(exported.filter(|(name, _)| *name == SWITCH).map(|(_, value)| is_true(value))).last()
}

fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "on" | "yes")
}
