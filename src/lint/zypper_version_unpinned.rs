use super::package_manager::{IsFixed, report_unpinned};
use super::{Facts, Reporter};
use crate::shell::{Manager, Task};

/// Reports every package of zypper that is installed without a version.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_unpinned(facts, report, &[Manager::Zypper], "`httpd=2.4.57`", |_, call| {
        let is_package = call.values(&["-t", "--type"]).all(|kind| kind == "package");
        (call.task == Task::Install && is_package).then_some(is_fixed as IsFixed)
    });
}

/// A comparison, a file, or a package to take away.
fn is_fixed(package: &str) -> bool {
    package.contains(['=', '<', '>']) || package.ends_with(".rpm") || package.starts_with(['-', '!'])
}
