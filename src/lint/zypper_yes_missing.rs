use super::package_manager::{Answer, report_interactive};
use super::{Facts, Reporter, edits};
use crate::shell::Manager;

/// The option stands before the task.
const ANSWER: Answer = |facts, run, call| edits::option_of_program(facts, run, call, "--non-interactive");

/// Reports every call of zypper that changes packages and waits for an answer.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_interactive(facts, report, &[Manager::Zypper], "call it as `zypper --non-interactive`", ANSWER, |call| {
        call.has(&["-n", "--non-interactive", "-y", "--no-confirm", "--dry-run"])
    });
}
