use super::package_manager::{IsFixed, report_unpinned};
use super::{Facts, Reporter};
use crate::shell::{Manager, Task};

/// Reports every remote Go package that is installed without a version.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_unpinned(facts, report, &[Manager::Go], "`example.com/tool@v1.2.3`", |_, call| {
        (call.task == Task::Install).then_some(if call.verb == "get" { is_fixed_to_get as IsFixed } else { is_fixed })
    });
}

/// Versions that name something else every day.
const MOVING: [&str; 6] = ["latest", "upgrade", "patch", "master", "main", "HEAD"];

/// A version that stays, a local path, or a package of the standard library or the module at hand: only remote paths have
/// a dot in their first part.
fn is_fixed(package: &str) -> bool {
    match package.split_once('@') {
        Some((_, version)) => !MOVING.contains(&version),
        None => is_local(package) || !package.split_once('/').is_some_and(|(host, _)| host.contains('.')),
    }
}

/// As [`is_fixed`]; `go get` takes nothing from the standard library.
fn is_fixed_to_get(package: &str) -> bool {
    match package.contains('@') {
        true => is_fixed(package),
        false => is_local(package) || matches!(package, "all" | "std" | "cmd" | "tool"),
    }
}

fn is_local(package: &str) -> bool {
    package.starts_with(['.', '/', '~', '$']) || package.ends_with(".go")
}
