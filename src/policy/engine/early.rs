//! Triggers that only the first versions of the engine had, under the gates of 2017 that it went on with for a while, and that the
//! 2017 tool never had. Bundles of 2018 still name them. What they became means the same.

use super::table::{attribute, instruction, verified};
use super::{Trigger, list, string, trigger};
use crate::rule::catalogue;

const NONE: &[&str] = &[];

/// Sorted by name.
pub(super) static TRIGGERS: &[Trigger] = &[
    trigger!("cpegate:vulnhigh", NONE, NONE, |_| Ok(non_os("high", "="))),
    trigger!("cpegate:vulnlow", NONE, NONE, |_| Ok(non_os("low", "="))),
    trigger!("cpegate:vulnmedium", NONE, NONE, |_| Ok(non_os("medium", "="))),
    trigger!("cpegate:vulnunknown", NONE, NONE, |_| Ok(non_os("negligible", "<="))),
    trigger!(
        "dockerfilecheck:directivecheck",
        &["check", "check_value", "directives"],
        &["directives", "check"],
        |given| instruction(given, "directives", "check_value")
    ),
    trigger!("dockerfilecheck:effectiveuser", &["allowed", "denied"], NONE, |given| {
        let users = [("allowed-users", "allowed"), ("denied-users", "denied")];
        let params = users.map(|(own, name)| list(own, given.list(name))).into();
        Ok(vec![(catalogue::DENIED_EFFECTIVE_USER, params)])
    }),
    trigger!("filecheck:suidsgidcheck", NONE, NONE, |_| {
        Ok(vec![(catalogue::SETUID_FILE_PRESENT, vec![super::switch("directories", true)])])
    }),
    trigger!(
        "metadatacheck:attributecheck",
        &["attributes", "check", "check_value"],
        &["attributes", "check"],
        |given| attribute(given, "attributes", "check_value")
    ),
    trigger!("pkgcheck:verify", &["check_only", "dirs", "pkgs"], NONE, |given| {
        let mut only = given.list("check_only");
        only.sort();
        only.dedup();
        // Both of them are all there is.
        let only = if only == ["changed", "missing"] { String::new() } else { only.join(",") };
        verified(given, "pkgs", "dirs", &only)
    }),
];

/// Vulnerable packages of languages with this severity.
fn non_os(level: &str, comparison: &str) -> super::Runs {
    let params = vec![string("level", level), string("level-comparison", comparison), string("package-type", "non-os")];
    vec![(catalogue::VULNERABLE_PACKAGE, params), (catalogue::VULNERABILITY_DATA_MISSING, Vec::new())]
}
