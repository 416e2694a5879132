use super::package_manager::{IsFixed, report_unpinned};
use super::{Facts, Reporter};
use crate::shell::{Manager, Task};

/// Reports every Alpine package that is installed without a version.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_unpinned(facts, report, &[Manager::Apk], "`curl=~8.5`", |_, call| {
        (call.task == Task::Install).then_some(is_fixed as IsFixed)
    });
}

/// A constraint, a file, or a package that is not wanted (`!curl`).
fn is_fixed(package: &str) -> bool {
    package.contains(['=', '~', '<', '>']) || package.ends_with(".apk") || package.starts_with('!')
}
