use super::package_manager::{Cache, report_cache_left};
use super::{Facts, Reporter, Run};
use crate::dockerfile::Lookup;
use crate::shell::{Command, Manager, PackageCall, Task};

const CACHE: Cache = Cache {
    managers: &[Manager::Pip],
    folders: &["~/.cache/pip"],
    cleaned_by: |_, cleaning| cleaning.manager == Manager::Pip,
    help: "give it `--no-cache-dir`, or the RUN `--mount=type=cache,target=/root/.cache/pip`",
};

/// The variable that switches the cache off.
const SWITCH: &str = "PIP_NO_CACHE_DIR";

/// Reports every RUN that leaves what pip downloaded.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_cache_left(facts, report, &CACHE, |run, call| {
        call.task == Task::Install && !call.has(&["--no-cache-dir", "--no-cache"]) && !is_switched_off(run, call)
    });
}

/// By ENV or ARG, by the script before the call, or in front of the call itself.
fn is_switched_off(run: &Run<'_>, call: &PackageCall) -> bool {
    let commands = run.script.commands.get(..=call.command).unwrap_or_default();
    let is_lasting = |index: usize, command: &Command| index == call.command || command.words.is_empty();
    let own = commands.iter().enumerate().flat_map(|(index, command)| {
        let assigned = command.assignments.iter().filter(move |_| is_lasting(index, command));
        let assigned = assigned.map(|assignment| (assignment.name.as_str(), assignment.value.as_deref()));
        let exported =
            command.literals().filter(|_| command.name() == Some("export")).filter_map(|word| word.split_once('='));
        assigned.chain(exported.map(|(name, value)| (name, Some(value))))
    });
    let own = own.filter(|(name, _)| *name == SWITCH).last().and_then(|(_, value)| value);
    let value = own.or_else(|| run.env.and_then(|env| env.get(SWITCH)));
    value.is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "on" | "yes"))
}
