use super::package_manager::report_unpinned;
use super::{Facts, Reporter, rpm};
use crate::shell::Manager;

/// Reports every package or module of yum that is installed without a version.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_unpinned(facts, report, &[Manager::Yum], "`httpd-2.4.57` or `php:8.2`", |_, call| rpm::judge(call));
}
