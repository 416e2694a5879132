use super::package_manager::{Cache, report_cache_left};
use super::{Facts, Reporter};
use crate::shell::{Manager, Task};

const CACHE: Cache = Cache {
    managers: &[Manager::Zypper],
    folders: &["/var/cache/zypp"],
    cleaned_by: |_, cleaning| cleaning.manager == Manager::Zypper,
    help: "end the RUN with `zypper clean`, or give it `--mount=type=cache,target=/var/cache/zypp`",
};

/// Reports every RUN that leaves what zypper downloaded.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_cache_left(facts, report, &CACHE, |_, call| call.task == Task::Install);
}
