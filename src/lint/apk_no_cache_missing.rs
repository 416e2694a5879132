use super::package_manager::shown;
use super::{Facts, Reporter};
use crate::rule::Severity;
use crate::shell::{Manager, Task};

/// Where apk keeps indexes and, when it is asked to, packages.
const FOLDERS: [&str; 2] = ["/var/cache/apk", "/etc/apk/cache"];

/// Reports every `apk add` that fetches an index and keeps it.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for run in facts.kept_runs(report.params().bool("discarded-stages")) {
        let adds = run.calls.iter().filter(|call| call.manager == Manager::Apk && call.task == Task::Install);
        for call in adds.filter(|call| !call.has(&["--no-cache", "--no-network"]) && !run.mounts_over(&FOLDERS)) {
            let finding = match run.removes_after(call.command, &FOLDERS) {
                true => report
                    .at(call.span, format!("`{}` fetches an index that has to be removed again", shown(call)))
                    .severity(Severity::Style),
                false => report.at(call.span, format!("`{}` leaves the package index in the layer", shown(call))),
            };
            report.push(finding.help("give it `--no-cache`, which also spares `apk update` and the `rm`"));
        }
    }
}
