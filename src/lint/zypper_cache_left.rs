use super::package_manager::{Cache, Clean, report_cache_left};
use super::{Facts, Reporter};
use crate::shell::{Manager, PackageCall, Task};

const CACHE: Cache = Cache {
    folders: &["/var/cache/zypp"],
    is_cleaned_by: |_, cleaning| cleaning.manager == Manager::Zypper,
    help: "end the RUN with `zypper clean`, or give it `--mount=type=cache,target=/var/cache/zypp`",
    clean: Clean::AtEnd("clean --all"),
};

/// Reports every RUN that leaves what zypper downloaded.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_cache_left(facts, report, &CACHE, |run| run.calls.iter().filter(|call| fills(call)).collect());
}

fn fills(call: &PackageCall) -> bool {
    call.manager == Manager::Zypper && call.task == Task::Install
}
