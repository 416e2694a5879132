use super::package_manager::{Cache, Clean, report_cache_left};
use super::{Facts, Reporter};
use crate::shell::{Manager, PackageCall, Task};

const CACHE: Cache = Cache {
    folders: &["/var/cache/yum", "/var/cache/dnf"],
    is_cleaned_by: |_, cleaning| matches!(cleaning.manager, Manager::Yum | Manager::Dnf),
    help: "end the RUN with `yum clean all`, or give it `--mount=type=cache,target=/var/cache/yum`",
    clean: Clean::AtEnd("clean all"),
};

/// Reports every RUN that leaves what yum downloaded.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_cache_left(facts, report, &CACHE, |run| run.calls.iter().filter(|call| fills(call)).collect());
}

fn fills(call: &PackageCall) -> bool {
    call.manager == Manager::Yum && matches!(call.task, Task::Install | Task::InstallGroup | Task::InstallModule)
}
