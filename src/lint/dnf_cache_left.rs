use super::package_manager::{Cache, Clean, report_cache_left};
use super::{Facts, Reporter};
use crate::shell::{Manager, PackageCall, Task};

const CACHE: Cache = Cache {
    folders: &["/var/cache/dnf", "/var/cache/yum", "/var/cache/libdnf5"],
    is_cleaned_by: |call, cleaning| cleaning.manager == Manager::Yum || cleaning.program == call.program,
    help: "end the RUN with `dnf clean all`, or give it `--mount=type=cache,target=/var/cache/libdnf5`",
    clean: Clean::AtEnd("clean all"),
};

/// Reports every RUN that leaves what dnf downloaded.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_cache_left(facts, report, &CACHE, |run| run.calls.iter().filter(|call| fills(call)).collect());
}

fn fills(call: &PackageCall) -> bool {
    call.manager == Manager::Dnf
        && matches!(call.task, Task::Install | Task::InstallGroup | Task::InstallModule | Task::Upgrade)
}
