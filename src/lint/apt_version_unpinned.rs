use super::package_manager::{IsFixed, report_unpinned};
use super::{Facts, Reporter};
use crate::shell::Manager;

/// Reports every Debian package that is installed without a version.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_unpinned(facts, report, &[Manager::Apt], "`curl=7.88.*`", |_, call| {
        matches!(call.verb.as_str(), "install" | "reinstall").then_some(is_fixed as IsFixed)
    });
}

/// A version (`=`), a release (`/`), a file, or a package to take away (`curl-`).
fn is_fixed(package: &str) -> bool {
    package.contains(['=', '/']) || package.ends_with(".deb") || package.ends_with('-')
}
