use super::package_manager::{Cache, report_cache_left};
use super::{Facts, Reporter};
use crate::shell::{Manager, Task};

const CACHE: Cache = Cache {
    managers: &[Manager::Dnf],
    folders: &["/var/cache/dnf", "/var/cache/yum", "/var/cache/libdnf5"],
    cleaned_by: |call, cleaning| cleaning.manager == Manager::Yum || cleaning.program == call.program,
    help: "end the RUN with `dnf clean all`, or give it `--mount=type=cache,target=/var/cache/libdnf5`",
};

/// Reports every RUN that leaves what dnf downloaded.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_cache_left(facts, report, &CACHE, |_, call| {
        matches!(call.task, Task::Install | Task::InstallGroup | Task::InstallModule | Task::Upgrade)
    });
}
