use super::package_manager::{Cache, report_cache_left};
use super::{Facts, Reporter};
use crate::shell::{Manager, Task};

const CACHE: Cache = Cache {
    managers: &[Manager::Yarn],
    folders: &["~/.cache/yarn", "/usr/local/share/.cache/yarn"],
    cleaned_by: |_, cleaning| cleaning.manager == Manager::Yarn,
    help: "end the RUN with `yarn cache clean`, or give it `--mount=type=cache,target=/root/.cache/yarn`",
};

/// Reports every RUN that leaves what yarn downloaded.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_cache_left(facts, report, &CACHE, |_, call| call.task == Task::Install && !call.has(&["--cache-folder"]));
}
