//! What the rules about yum and dnf share.

use super::package_manager::IsFixed;
use crate::shell::{PackageCall, Task};

/// The way to tell whether the versions of what a call installs are fixed.
pub(super) fn judge(call: &PackageCall) -> Option<IsFixed> {
    match call.task {
        // What is installed as local is a file.
        Task::Install if call.verb != "localinstall" => Some(is_fixed),
        Task::InstallModule => Some(|module| module.contains(':')),
        _ => None,
    }
}

/// `name-version`, `name-version-release`, a comparison (`name >= 1`), a module (`@name:stream`), a group or a file.
fn is_fixed(package: &str) -> bool {
    let version = package.rsplit_once('-').map_or("", |(_, version)| version);
    version.starts_with(|c: char| c.is_ascii_digit() || c == '$')
        || package.contains(['=', '<', '>'])
        || package.starts_with('@')
        || package.ends_with(".rpm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_dashes_and_digits_are_not_versions() {
        for fixed in ["a-1", "a-b-1:2.3-4.el9", "a-$V", "gcc-c++-1.1.1", "a-1.*", "a >= 2", "https://h/a.rpm", "@php:8"]
        {
            assert!(is_fixed(fixed), "{fixed}");
        }
        for name in ["a", "epel-release", "java-1.8.0-openjdk-devel", "gcc-c++", "a-*"] {
            assert!(!is_fixed(name), "{name}");
        }
    }
}
