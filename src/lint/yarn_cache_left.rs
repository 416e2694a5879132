use super::package_manager::{Cache, Clean, report_cache_left};
use super::{Facts, Reporter};
use crate::shell::{Manager, PackageCall, Task};

const CACHE: Cache = Cache {
    folders: &["~/.cache/yarn", "/usr/local/share/.cache/yarn"],
    is_cleaned_by: |_, cleaning| cleaning.manager == Manager::Yarn,
    help: "end the RUN with `yarn cache clean`, or give it `--mount=type=cache,target=/root/.cache/yarn`",
    clean: Clean::AtEnd("cache clean"),
};

/// Reports every RUN that leaves what yarn downloaded.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_cache_left(facts, report, &CACHE, |run| run.calls.iter().filter(|call| fills(call)).collect());
}

fn fills(call: &PackageCall) -> bool {
    call.manager == Manager::Yarn && call.task == Task::Install && !call.has(&["--cache-folder"])
}
