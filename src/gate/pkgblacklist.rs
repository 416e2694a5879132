//! PKGBLACKLIST: packages that an image must not have.

use super::anchoresec::compares;
use super::compare::Comparison;
use super::pkgcheck::{installed, is_version, name_and_version};
use super::pkgdiff::placed;
use super::{Facts, Reporter};
use crate::packages::{Package, PackageKind};
use crate::policy::wildcard;

/// The distribution's packages by name and version.
pub fn denied_package_version(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (name, version) in report.params().list("versions").iter().filter_map(|item| name_and_version(item)) {
        let is_upstream = |own: &str| report.params().bool("upstream") && upstream(own).any(|part| part == version);
        if let Some(package) = installed(facts, name).find(|p| is_version(p, version) || is_upstream(&p.version)) {
            let message =
                format!("the package {name} {} is installed, and the policy does not want it", package.version);
            let finding = placed(report, facts.package_history.layer_of(name), message);
            report.push(finding.subject(format!("{name}-{version}")).help("leave it out, or take another version"));
        }
    }
}

/// What of a version is not the distribution's: without its release, and without the epoch before it.
fn upstream(version: &str) -> impl Iterator<Item = &str> {
    let released = version.rsplit_once('-').map(|(version, _)| version);
    let bare = released.unwrap_or(version).split_once(':').map(|(_, version)| version);
    released.into_iter().chain(bare)
}

/// Packages, the distribution's and those of languages, by name, type and version.
pub fn package_metadata_matched(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let params = report.params();
    if ["name", "type", "version"].iter().all(|name| params.str(name).is_empty()) {
        let message = "packages were not compared: the policy names no name, type or version";
        return report.push(report.on_image(message));
    }
    let text = |name: &str, own: &str| -> Result<bool, String> {
        let (wanted, check) = (params.str(name), params.str(&format!("{name}-check")));
        match check {
            _ if wanted.is_empty() => Ok(true),
            "=" => Ok(wildcard(wanted, own)),
            "!=" => Ok(!wildcard(wanted, own)),
            _ => Comparison::new(check, wanted).map(|comparison| comparison.holds(own)),
        }
    };
    let kind = |kind: PackageKind| match params.str("type-check") {
        "=" if kind.has_name(params.str("type")) => Ok(true),
        "!=" if kind.has_name(params.str("type")) => Ok(false),
        _ => text("type", kind.as_str()),
    };
    let version = |package: &Package| -> Result<bool, String> {
        let (wanted, check) = (params.str("version"), params.str("version-check"));
        if wanted.is_empty() || !["<", ">", "<=", ">="].contains(&check) {
            return text("version", &package.version);
        }
        let order = package.kind.compare_versions(&package.version, wanted);
        order.map(|order| compares(check, order)).ok_or_else(|| format!("its version has no order with {wanted}"))
    };
    for package in &facts.packages.list {
        let (name, own) = (&package.name, &package.version);
        let message = match text("name", name).and_then(|is| Ok(is && kind(package.kind)? && version(package)?)) {
            Ok(false) => continue,
            Ok(true) => {
                format!("the package {name} {own} ({}) is what the policy does not want", package.kind.as_str())
            }
            Err(why) => format!("the package {name} {own} was not compared: {why}"),
        };
        report.push(report.on_package(package, None, message).subject(format!("{name}-{own}")));
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
    fn a_version_without_its_release_counts_when_asked_for() {
        let case = Case::new(0).layer([], []).packages([("openssl", "1:3.0.1-4")]);
        let told = |version: &str, upstream: &str| {
            let item = format!("openssl|{version}");
            case.run("denied-package-version", &[("versions", &item), ("upstream", upstream)]).len()
        };
        assert_eq!((told("3.0.1", "false"), told("3.0.1", "true"), told("1:3.0.1", "true")), (0, 1, 1));
        assert_eq!((told("1:3.0.1-4", "true"), told("3.0", "true")), (1, 0));
    }

    #[test]
    fn packages_are_compared_by_all_that_is_named() {
        let mut case = Case::new(0).layer([], []).packages([("libssl3", "3.0.9-1"), ("tar", "1.30")]);
        let pad = crate::packages::Package { kind: PackageKind::Npm, ..package("left-pad", "1.3.0") };
        case.others = vec![pad, crate::packages::Package { kind: PackageKind::Pypi, ..package("pytz", "2004d") }];
        let names = |params: &[(&str, &str)]| {
            let found = case.run("package-metadata-matched", params);
            found.iter().map(|f| f.subject.clone()).collect::<Vec<_>>().join(" ")
        };
        for (params, expected) in [
            (&[("name", "libssl*")][..], "libssl3-3.0.9-1"),
            (&[("name", "tar"), ("name-check", "!="), ("type", "DPKG")], "libssl3-3.0.9-1"),
            (&[("name", "l"), ("name-check", "like")], "left-pad-1.3.0 libssl3-3.0.9-1"),
            (&[("type", "npm")], "left-pad-1.3.0"),
            (&[("type", "deb"), ("type-check", "!="), ("name", "left-pad")], "left-pad-1.3.0"),
            (&[("type", "deb"), ("version", "1.4"), ("version-check", "<")], ""),
            (&[("type", "deb"), ("version", "1.30"), ("version-check", ">=")], "libssl3-3.0.9-1 tar-1.30"),
            (&[("version", "1.30")], "tar-1.30"),
            (&[("version", "1.*"), ("version-check", "!="), ("type", "deb")], "libssl3-3.0.9-1"),
        ] {
            assert_eq!(names(params), expected, "{params:?}");
        }
        let nothing = messages(&case.run("package-metadata-matched", &[]));
        assert_eq!(nothing, ["- packages were not compared: the policy names no name, type or version"]);
        let told = messages(
            &case.run("package-metadata-matched", &[("name", "pytz"), ("version", "1"), ("version-check", "<")]),
        );
        assert_eq!(told, ["0 the package pytz 2004d was not compared: its version has no order with 1"]);
    }

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
