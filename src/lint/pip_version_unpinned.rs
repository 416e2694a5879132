use super::package_manager::{IsFixed, report_unpinned};
use super::{Facts, Reporter, Run};
use crate::dockerfile::Lookup;
use crate::shell::{Manager, PackageCall, Task};

/// Reports every Python package that is installed without a version.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_unpinned(facts, report, &[Manager::Pip, Manager::Pipx], "`flask==3.0.2`", |run, call| {
        (call.task == Task::Install && !is_decided_elsewhere(run, call)).then_some(is_fixed as IsFixed)
    });
}

/// Versions come from requirements, constraints or a folder of wheels.
fn is_decided_elsewhere(run: &Run<'_>, call: &PackageCall) -> bool {
    let has_constraints = run.env.is_some_and(|env| env.get("PIP_CONSTRAINT").is_some());
    has_constraints || call.has(&["-r", "--requirement", "-c", "--constraint", "--no-index"])
}

/// A comparison, a commit of a repository, a file, a folder or an address.
fn is_fixed(package: &str) -> bool {
    if let Some((_, path)) = repository(package) {
        return path.contains('@');
    }
    let is_archive = [".whl", ".tar.gz", ".tgz", ".zip"].iter().any(|suffix| package.ends_with(suffix));
    package.contains(['=', '<', '>', '/', '@']) || package.starts_with('.') || is_archive
}

/// Host and path of an address such as `git+https://host/path`.
fn repository(package: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = package.split_once("://")?;
    let system = scheme.rsplit([' ', '@']).next().unwrap_or(scheme).split('+').next()?;
    matches!(system, "git" | "hg" | "svn" | "bzr").then(|| rest.split_once('/').unwrap_or((rest, "")))
}
