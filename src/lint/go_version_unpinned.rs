use super::package_manager::report_unpinned;
use super::{Facts, Reporter};
use crate::shell::{Manager, Task};

/// Reports every remote Go package that is installed without a version.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_unpinned(facts, report, &[Manager::Go], "`example.com/tool@v1.2.3`", |_, package, call| {
        // What follows the program of `go run` is for the program.
        let is_argument = call.verb == "run" && call.packages.first() != Some(package);
        call.task == Task::Install && !is_argument && is_unpinned(&package.text, &call.verb)
    });
}

/// Versions that name something else every day.
const MOVING: [&str; 6] = ["latest", "upgrade", "patch", "master", "main", "HEAD"];

fn is_unpinned(package: &str, verb: &str) -> bool {
    if package.starts_with(['.', '/', '~', '$']) || package.ends_with(".go") {
        return false;
    }
    match package.split_once('@') {
        Some((_, version)) => MOVING.contains(&version),
        // Only paths with a dot in their first part are not of the standard library or the module at hand.
        None => verb == "get" && !matches!(package, "all" | "std" | "cmd" | "tool") || is_remote(package),
    }
}

fn is_remote(package: &str) -> bool {
    package.split('/').next().is_some_and(|host| host.contains('.')) && package.contains('/')
}
