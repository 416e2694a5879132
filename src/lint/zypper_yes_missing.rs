use super::package_manager::report_interactive;
use super::{Facts, Reporter};
use crate::shell::Manager;

/// Reports every call of zypper that changes packages and waits for an answer.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_interactive(facts, report, &[Manager::Zypper], "call it as `zypper --non-interactive`", |call| {
        call.has(&["-n", "--non-interactive", "-y", "--no-confirm", "--dry-run"])
    });
}
