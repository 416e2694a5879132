//! PKGBLACKLIST: packages that an image must not have.

use super::pkgcheck::{installed, is_version, name_and_version};
use super::pkgdiff::placed;
use super::{Facts, Reporter};

/// The distribution's packages by name and version.
pub fn denied_package_version(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (name, version) in report.params().list("versions").iter().filter_map(|item| name_and_version(item)) {
        if installed(facts, name).any(|package| is_version(package, version)) {
            let message = format!("the package {name} {version} is installed, and the policy does not want it");
            let finding = placed(report, facts.package_history.layer_of(name), message);
            report.push(finding.subject(format!("{name}-{version}")).help("leave it out, or take another version"));
        }
    }
}

/// The distribution's packages by name.
pub fn denied_package(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for name in report.params().list("names") {
        if let Some(package) = installed(facts, name).next() {
            let version = &package.version;
            let message = format!("the package {name} {version} is installed, and the policy does not want it");
            let finding = placed(report, facts.package_history.layer_of(name), message);
            report.push(finding.subject(name).help("leave it out, or remove it in the RUN that brings it"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Case, messages, package};
    use crate::packages::PackageKind;

    #[test]
    fn packages_are_told_at_the_layer_that_installed_them() {
        let mut case = Case::new(1).layer([], []).packages([("tar", "1")]);
        case = case.layer([], []).packages([("tar", "1"), ("telnet", "0.17-1")]);
        case.others = vec![crate::packages::Package { kind: PackageKind::Npm, ..package("left-pad", "1.3.0") }];
        let versions = case.run_with("denied-package-version", &[("versions", &["telnet|0.17-1", "tar|2"])]);
        let said = "1 the package telnet 0.17-1 is installed, and the policy does not want it";
        assert_eq!(messages(&versions), [said]);
        assert_eq!(super::super::trigger_id(&versions[0], None), "telnet-0.17-1-PKGFULLMATCH");
        assert_eq!(messages(&case.run_with("denied-package", &[("names", &["telnet", "telne", "left-pad"])])), [said]);
    }
}
