use super::package_manager::{YES, report_interactive};
use super::{Facts, Reporter};
use crate::shell::{Manager, PackageCall};

/// Reports every call of apt-get, apt or aptitude that changes packages and waits for an answer.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_interactive(facts, report, &[Manager::Apt], "give it `-y`", YES, is_answered);
}

fn is_answered(call: &PackageCall) -> bool {
    const QUIET: [&str; 2] = ["-q", "--quiet"];
    // `-qq` and `-q=2` mean yes.
    call.has(&["-y", "--yes", "--assume-yes", "--force-yes", "-s", "--simulate", "--dry-run", "--print-uris"])
        || call.count(&QUIET) > 1
        || call.values(&QUIET).any(|level| level != "0" && level != "1")
        || call.values(&["-o", "--option"]).any(|option| option.starts_with("APT::Get::Assume-Yes"))
}
