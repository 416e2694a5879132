use super::package_manager::{IsFixed, report_unpinned};
use super::{Facts, Reporter};
use crate::shell::{Manager, Task};

/// Reports every gem that is installed without a version.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_unpinned(facts, report, &[Manager::Gem], "`bundler:2.5.6`", |_, call| {
        let has_version = call.has(&["-v", "--version", "-g", "--file"]);
        (call.task == Task::Install && !has_version).then_some(is_fixed as IsFixed)
    });
}

/// A version behind the name, or a file.
fn is_fixed(gem: &str) -> bool {
    gem.contains(':') || gem.ends_with(".gem")
}
