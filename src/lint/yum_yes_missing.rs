use super::package_manager::{YES, report_interactive};
use super::{Facts, Reporter};
use crate::shell::Manager;

/// Reports every call of yum that changes packages and waits for an answer.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_interactive(facts, report, &[Manager::Yum], "give it `-y`", YES, |call| {
        call.has(&["-y", "--assumeyes", "--assumeno"])
            || call.values(&["--setopt"]).any(|option| option.starts_with("assumeyes"))
    });
}
