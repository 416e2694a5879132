use super::package_manager::{calls, shown};
use super::{Facts, Reporter};
use crate::shell::{Manager, Task};

/// Reports every call of zypper that moves the image to another release.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (_, call) in
        calls(facts, report.params(), &[Manager::Zypper]).filter(|(_, call)| call.task == Task::UpgradeRelease)
    {
        let message = format!("`{}` replaces the base image's release by whatever the repositories hold", shown(call));
        report.push(report.at(call.span, message).help("name a newer base image in FROM"));
    }
}
