use super::package_manager::shown;
use super::run::StageFact;
use super::{Facts, Reporter, Run, edits};
use crate::finding::Fix;
use crate::shell::{Manager, PackageCall, Task};

const LISTS: [&str; 1] = ["/var/lib/apt/lists"];
const PACKAGES: [&str; 1] = ["/var/cache/apt/archives"];

/// Reports every RUN that leaves package lists, or packages where the image no longer removes them itself.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let mut keeps_packages = StageFact::default();
    for run in facts.kept_runs(report.params().bool("discarded-stages")) {
        let keeps_packages = keeps_packages.of(facts, &run);
        *keeps_packages |= switches_clean_up_off(&run);
        if let Some(update) = last(&run, Task::Update).filter(|update| !drops(&run, update, &LISTS)) {
            let message = format!("`{}` leaves package lists in the layer, which nobody reads again", shown(update));
            let help = "end the RUN with `rm -rf /var/lib/apt/lists/*`, or give it cache mounts over /var/lib/apt and /var/cache/apt";
            let mut finding = report.at(update.span, message).help(help);
            if !is_needed_later(facts, &run) {
                let edit = edits::command_at_end(facts, &run, update, "rm -rf /var/lib/apt/lists/*");
                finding.fix = edit.map(|edit| Fix::safe("remove the lists at the end of the RUN", vec![edit]));
            }
            report.push(finding);
        } else if let Some(install) =
            last(&run, Task::Install).filter(|call| *keeps_packages && !drops(&run, call, &PACKAGES))
        {
            let message =
                format!("`{}` leaves packages in the layer, for docker-clean was switched off", shown(install));
            let help = "give the RUN a cache mount over /var/cache/apt as well";
            let mut finding = report.at(install.span, message).help(help);
            let edit = edits::command_at_end(facts, &run, install, "apt-get clean");
            finding.fix = edit.map(|edit| Fix::safe("remove the packages at the end of the RUN", vec![edit]));
            report.push(finding);
        }
    }
}

/// Whether a later RUN, of the stage or of one that stands on it, installs packages without lists of its own.
pub(super) fn is_needed_later(facts: &Facts<'_>, run: &Run<'_>) -> bool {
    let Some(stage) = run.instruction.stage else { return false };
    let mut later = facts.runs().filter(|later| later.instruction.span.start > run.instruction.span.start);
    later.any(|later| {
        let first = later.calls.iter().find(|call| call.manager == Manager::Apt && call.task != Task::Clean);
        let takes = first.is_some_and(|call| matches!(call.task, Task::Install | Task::Upgrade | Task::UpgradeRelease));
        takes && later.instruction.stage.is_some_and(|at| facts.dockerfile.stage_chain(at).contains(&stage))
    })
}

fn last<'a>(run: &Run<'a>, task: Task) -> Option<&'a PackageCall> {
    run.calls.iter().rfind(|call| call.manager == Manager::Apt && call.task == task)
}

/// Whether what a call left in the folder goes before the layer is made, or never is in it.
fn drops(run: &Run<'_>, call: &PackageCall, folder: &[&str]) -> bool {
    // Of the lists, only the thorough one takes any away.
    let cleans = |verb: &str| matches!(verb, "distclean" | "dist-clean") || verb == "clean" && folder != LISTS;
    let mut later = run.calls.iter().filter(|later| later.command > call.command && later.manager == Manager::Apt);
    later.any(|later| cleans(&later.verb))
        || run.mounts_over(folder)
        || run.last_removal(folder).is_some_and(|removal| removal > call.command)
}

/// Debian's images remove packages after each installation; this ends that, for the sake of a cache mount.
pub(super) fn switches_clean_up_off(run: &Run<'_>) -> bool {
    run.script.commands.iter().any(|command| match command.name() {
        Some("rm") => command.literals().any(|word| word.ends_with("apt.conf.d/docker-clean")),
        _ => command.literals().any(|word| word.contains("Keep-Downloaded-Packages \"true\"")),
    })
}
