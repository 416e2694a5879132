use super::package_manager::{calls, shown};
use super::{Facts, Reporter};
use crate::rule::Severity;
use crate::shell::{Manager, Task};

/// Where apk keeps indexes and, when it is asked to, packages.
const FOLDERS: [&str; 2] = ["/var/cache/apk", "/etc/apk/cache"];

/// Reports every `apk add` that keeps its index.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let takes_all = report.params().bool("discarded-stages");
    for (run, call) in calls(facts, &[Manager::Apk]) {
        let is_kept = takes_all || facts.is_kept(&run);
        if call.task != Task::Install || !is_kept || call.has(&["--no-cache"]) || run.mounts_over(&FOLDERS) {
            continue;
        }
        let finding = match run.removes_after(call.command, &FOLDERS) {
            true => report
                .at(call.span, format!("`{}` fetches an index that has to be removed again", shown(call)))
                .severity(Severity::Style),
            false => report.at(call.span, format!("`{}` leaves the package index in the layer", shown(call))),
        };
        report.push(finding.help("give it `--no-cache`, which also spares `apk update` and the `rm`"));
    }
}
