use super::package_manager::{IsFixed, report_unpinned};
use super::{Facts, Reporter};
use crate::shell::{Manager, Task};

/// Reports every npm package that is installed without a version.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    report_unpinned(facts, report, &[Manager::Npm], "`express@4.19.2`", |_, call| {
        (call.task == Task::Install).then_some(is_fixed as IsFixed)
    });
}

/// A version or tag, a commit of a repository, a file or a folder.
fn is_fixed(package: &str) -> bool {
    let is_repository = ["git://", "git+", "github:", "gitlab:", "bitbucket:"].iter().any(|p| package.starts_with(p));
    let is_path =
        package == "." || package == ".." || ["/", "./", "../", "~/", "file:"].iter().any(|p| package.starts_with(p));
    let is_archive = [".tar", ".tar.gz", ".tgz"].iter().any(|suffix| package.ends_with(suffix));
    if is_repository {
        return package.contains('#');
    }
    // An `@` at the start is that of a scope.
    is_path || is_archive || package.get(1..).is_some_and(|rest| rest.contains(['@', '#']))
}
