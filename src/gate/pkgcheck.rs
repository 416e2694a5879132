//! PKGCHECK: packages that an image must have.

use std::cmp::Ordering;

use super::pkgdiff::placed;
use super::{Facts, Reporter};
use crate::packages::{Package, PackageKind};

/// Packages of the distribution that are missing, or are there with a version the policy does not take.
pub fn required_package_missing(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let params = report.params();
    for (name, version) in params.list("exact-versions").iter().filter_map(|item| name_and_version(item)) {
        require(facts, report, name, Some(version), |package| {
            (!is_version(package, version)).then(|| format!("where the policy wants exactly {version}"))
        });
    }
    for name in params.list("names") {
        // A version that stands behind a name is not asked about here.
        let name = name.split('|').next().unwrap_or(name).trim();
        require(facts, report, name, None, |_| None);
    }
    for (name, version) in params.list("minimum-versions").iter().filter_map(|item| name_and_version(item)) {
        require(facts, report, name, Some(version), |package| {
            let own = comparable(package, version);
            let is_below = package.kind.compare_versions(own, version) == Some(Ordering::Less);
            is_below.then(|| format!("where the policy wants at least {version}"))
        });
    }
}

fn require(
    facts: &Facts<'_>,
    report: &mut Reporter<'_>,
    name: &str,
    version: Option<&str>,
    wrong: impl Fn(&Package) -> Option<String>,
) {
    let mut installed = installed(facts, name).peekable();
    if installed.peek().is_none() {
        let version = version.map(|v| format!(" {v}")).unwrap_or_default();
        let message = format!("the image does not have the package {name}{version}, which the policy requires");
        return report.push(report.on_image(message).subject(name));
    }
    if let Some((package, why)) = installed.find_map(|package| Some((package, wrong(package)?))) {
        let message = format!("the image has version {} of the package {name}, {why}", package.version);
        report.push(placed(report, facts.package_history.layer_of(name), message).subject(name));
    }
}

/// The distribution's packages of a name, one for each architecture.
pub(super) fn installed<'a>(facts: &Facts<'a>, name: &'a str) -> impl Iterator<Item = &'a Package> {
    facts.packages.list.iter().filter(move |package| package.kind.is_distribution() && package.name == name)
}

/// Whether a package has the version a policy names.
pub(super) fn is_version(package: &Package, version: &str) -> bool {
    package.version == version || comparable(package, version) == version
}

/// The package's version as one that a policy writes is to be held against it: of rpm's without the epoch where the policy has
/// none, as the 2017 tool showed and compared them.
fn comparable<'p>(package: &'p Package, version: &str) -> &'p str {
    match package.version.split_once(':') {
        Some((_, rest)) if package.kind == PackageKind::Rpm && !version.contains(':') => rest,
        _ => &package.version,
    }
}

/// The parts of an item `name|version`.
pub(super) fn name_and_version(item: &str) -> Option<(&str, &str)> {
    let (name, version) = item.split_once('|')?;
    Some((name.trim(), version.trim()))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Case, messages, package};
    use crate::packages::{Package, PackageKind};

    fn missing(params: &[(&str, &[&str])]) -> Vec<String> {
        let case = Case::new(1).layer([], []).packages([("zlib", "1:1.2")]);
        messages(
            &case
                .layer([], [])
                .packages([("curl", "7.88"), ("zlib", "1:1.2")])
                .run_with("required-package-missing", params),
        )
    }

    #[test]
    fn names_and_exact_versions() {
        assert_eq!(missing(&[("names", &["curl", "zlib|9"]), ("exact-versions", &["curl|7.88"])]), [""; 0]);
        assert_eq!(
            missing(&[("names", &["curl", "tini"]), ("exact-versions", &["curl|7.87", "tini|1"])]),
            [
                "1 the image has version 7.88 of the package curl, where the policy wants exactly 7.87",
                "- the image does not have the package tini 1, which the policy requires",
                "- the image does not have the package tini, which the policy requires",
            ]
        );
    }

    #[test]
    fn an_epoch_of_rpm_counts_where_the_policy_has_one() {
        let mut case = Case::new(0).layer([], []);
        let openssl = Package { kind: PackageKind::Rpm, ..package("openssl", "1:3.0.7-24.el9") };
        case.others = vec![openssl];
        let missing =
            |list: &str, item: &str| messages(&case.run_with("required-package-missing", &[(list, &[item])])).len();
        for same in ["openssl|3.0.7-24.el9", "openssl|1:3.0.7-24.el9"] {
            assert_eq!((missing("exact-versions", same), missing("minimum-versions", same)), (0, 0), "{same}");
            assert_eq!(case.run_with("denied-package-version", &[("versions", &[same])]).len(), 1, "{same}");
        }
        assert_eq!(missing("minimum-versions", "openssl|3.0.9-1.el9"), 1);
        assert_eq!(missing("minimum-versions", "openssl|0:3.0.9-1.el9"), 0);
    }

    #[test]
    fn minimum_versions_are_compared_as_the_manager_does() {
        assert_eq!(missing(&[("minimum-versions", &["curl|7.9", "zlib|9.9"])]), [""; 0]);
        assert_eq!(
            missing(&[("minimum-versions", &["curl|7.88-1", "zlib|2:0.1", "tini|1"])]),
            [
                "1 the image has version 7.88 of the package curl, where the policy wants at least 7.88-1",
                "0 the image has version 1:1.2 of the package zlib, where the policy wants at least 2:0.1",
                "- the image does not have the package tini 1, which the policy requires",
            ]
        );
    }
}
