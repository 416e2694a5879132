use super::package_manager::shown;
use super::{Facts, Reporter, edits};
use crate::finding::Fix;
use crate::shell::{Manager, Task};

/// Where apk keeps indexes and, when it is asked to, packages.
const FOLDERS: [&str; 2] = ["/var/cache/apk", "/etc/apk/cache"];

/// Reports every `apk add` that fetches an index and keeps it.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for run in facts.kept_runs(report.params().bool("discarded-stages")).filter(|run| !run.mounts_over(&FOLDERS)) {
        let removed = run.last_removal(&FOLDERS);
        let adds = run.calls.iter().filter(|call| call.manager == Manager::Apk && call.task == Task::Install);
        for call in adds.filter(|call| !call.has(&["--no-cache", "--no-network"])) {
            let what = match removed.is_some_and(|removal| removal > call.command) {
                true => "fetches an index that has to be removed again",
                false => "leaves the package index in the layer",
            };
            let mut finding = report.at(call.span, format!("`{}` {what}", shown(call)));
            let edit = edits::option_of_task(facts, &run, call, "--no-cache");
            finding.fix = edit.map(|edit| Fix::safe("give it `--no-cache`", vec![edit]));
            report.push(finding.help("give it `--no-cache`, which also spares `apk update` and the `rm`"));
        }
    }
}
