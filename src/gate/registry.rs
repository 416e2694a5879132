//! NPMCHECK and GEMCHECK: packages of npm and RubyGems by name and version, and what only their registries know.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::pkgcheck::name_and_version;
use super::{Facts, Reporter};
use crate::feeds::Registered;
use crate::finding::Finding;
use crate::packages::{Package, PackageKind};

/// npm packages by name and version.
pub fn denied_npm_version(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    denied_version(facts, report, PackageKind::Npm);
}

/// npm packages by name.
pub fn denied_npm_package(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    denied_name(facts, report, PackageKind::Npm);
}

/// Tells that what only npm's registry knows was not checked.
pub fn npm_registry_data_missing(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    data_missing(facts, report, PackageKind::Npm);
}

/// Gems by name and version.
pub fn denied_gem_version(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    denied_version(facts, report, PackageKind::Gem);
}

/// Gems by name.
pub fn denied_gem_package(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    denied_name(facts, report, PackageKind::Gem);
}

/// Tells that what only the registry of RubyGems knows was not checked.
pub fn gem_registry_data_missing(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    data_missing(facts, report, PackageKind::Gem);
}

fn denied_version(facts: &Facts<'_>, report: &mut Reporter<'_>, kind: PackageKind) {
    for (name, version) in report.params().list("versions").iter().filter_map(|item| name_and_version(item)) {
        for package in installed(facts, kind).filter(|p| p.name == name && p.version == version) {
            report.push(unwanted(report, package).subject(format!("{name}-{version}")));
        }
    }
}

fn denied_name(facts: &Facts<'_>, report: &mut Reporter<'_>, kind: PackageKind) {
    for name in report.params().list("names") {
        for package in installed(facts, kind).filter(|p| p.name == *name) {
            report.push(unwanted(report, package).subject(name));
        }
    }
}

fn installed<'a>(facts: &Facts<'a>, kind: PackageKind) -> impl Iterator<Item = &'a Package> {
    facts.packages.list.iter().filter(move |package| package.kind == kind)
}

fn unwanted(report: &Reporter<'_>, package: &Package) -> Finding {
    let message = format!(
        "the {} {} {} is installed, and the policy does not want it",
        thing(package.kind),
        package.name,
        package.version
    );
    report.on_package(package, Some(&package.database), message)
}

/// npm packages that have a newer version.
pub fn npm_version_outdated(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    outdated(facts, report, PackageKind::Npm);
}

/// Gems that have a newer version.
pub fn gem_version_outdated(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    outdated(facts, report, PackageKind::Gem);
}

/// npm packages that npm's registry does not have.
pub fn npm_package_unofficial(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    unofficial_package(facts, report, PackageKind::Npm);
}

/// Gems that RubyGems does not have.
pub fn gem_package_unofficial(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    unofficial_package(facts, report, PackageKind::Gem);
}

/// npm packages in a version that npm's registry does not have.
pub fn npm_version_unofficial(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    unofficial_version(facts, report, PackageKind::Npm);
}

/// Gems in a version that RubyGems does not have.
pub fn gem_version_unofficial(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    unofficial_version(facts, report, PackageKind::Gem);
}

/// Packages of a kind that their registry was asked about, and what it has of them.
fn registered<'a>(facts: &Facts<'a>, kind: PackageKind) -> impl Iterator<Item = (&'a Package, &'a Registered)> {
    let registries = facts.registries;
    installed(facts, kind).filter_map(move |package| Some((package, registries.get(kind, &package.name)?)))
}

fn outdated(facts: &Facts<'_>, report: &mut Reporter<'_>, kind: PackageKind) {
    for (package, known) in registered(facts, kind) {
        let Some(latest) = &known.latest else { continue };
        if kind.compare_versions(&package.version, latest) == Some(Ordering::Less) {
            let (name, version) = (&package.name, &package.version);
            let message = format!("the {} {name} {version} is not the latest: {latest} is", thing(kind));
            report.push(report.on_package(package, Some(&package.database), message).subject(name));
        }
    }
}

fn unofficial_package(facts: &Facts<'_>, report: &mut Reporter<'_>, kind: PackageKind) {
    for (package, known) in registered(facts, kind) {
        if !known.is_known() {
            let message = format!("{} has no {} {}, which is installed", registry(kind), thing(kind), package.name);
            report.push(report.on_package(package, Some(&package.database), message).subject(&package.name));
        }
    }
}

fn unofficial_version(facts: &Facts<'_>, report: &mut Reporter<'_>, kind: PackageKind) {
    for (package, known) in registered(facts, kind) {
        if known.is_known() && !known.has(&package.version) {
            let (name, version) = (&package.name, &package.version);
            let message = format!(
                "{} has no version {version} of the {} {name}, which is installed",
                registry(kind),
                thing(kind)
            );
            report.push(report.on_package(package, Some(&package.database), message).subject(name));
        }
    }
}

fn data_missing(facts: &Facts<'_>, report: &mut Reporter<'_>, kind: PackageKind) {
    let unasked = installed(facts, kind).filter(|package| facts.registries.get(kind, &package.name).is_none());
    let names: BTreeSet<&str> = unasked.map(|package| package.name.as_str()).collect();
    if !names.is_empty() {
        let count = names.len();
        let were = if count == 1 { " was" } else { "s were" };
        let message = format!(
            "{count} {}{were} not compared with the registry: there is no data on {}, so which versions are the latest, \
             official or withdrawn is not known",
            thing(kind),
            if count == 1 { "it" } else { "them" }
        );
        let image = &facts.image.reference;
        report.push(report.on_image(message).help(format!("run `dockgate feeds sync --packages-of {image}`")));
    }
}

fn registry(kind: PackageKind) -> &'static str {
    if kind == PackageKind::Npm { "npm's registry" } else { "RubyGems" }
}

fn thing(kind: PackageKind) -> &'static str {
    if kind == PackageKind::Npm { "npm package" } else { "gem" }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Case, file, messages, package};
    use crate::packages::{Package, PackageKind};

    fn case() -> Case {
        let manifest = "/app/node_modules/left-pad/package.json";
        let mut case = Case::new(1).layer([], []).packages([("left-pad", "1.3.0")]).layer([file(manifest)], []);
        let npm =
            Package { kind: PackageKind::Npm, layer: 1, database: manifest.into(), ..package("left-pad", "1.3.0") };
        case.others = vec![npm, Package { kind: PackageKind::Gem, ..package("rake", "13.0") }];
        case
    }

    #[test]
    fn packages_of_a_language_are_not_the_distributions() {
        let said = "1 the npm package left-pad 1.3.0 is installed, and the policy does not want it";
        let case = case();
        let run = |rule: &str, list: &str, item: &str| messages(&case.run_with(rule, &[(list, &[item])]));
        assert_eq!(run("denied-npm-package", "names", "left-pad"), [said]);
        assert_eq!(run("denied-npm-version", "versions", "left-pad|1.3.0"), [said]);
        assert_eq!(run("denied-npm-version", "versions", "left-pad|1.3"), [""; 0]);
        assert_eq!(run("denied-gem-package", "names", "left-pad"), [""; 0]);
        assert_eq!(
            run("denied-gem-version", "versions", "rake|13.0"),
            ["0 the gem rake 13.0 is installed, and the policy does not want it"]
        );
    }

    #[test]
    fn what_only_the_registry_knows_is_told_as_unknown() {
        let case = case();
        let said = messages(&case.run("npm-registry-data-missing", &[]));
        assert!(
            said.len() == 1 && said[0].starts_with("- 1 npm package was not compared with the registry"),
            "{said:?}"
        );
        assert_eq!(case.run("gem-registry-data-missing", &[]).len(), 1);
        assert!(Case::new(0).layer([], []).run("npm-registry-data-missing", &[]).is_empty());
    }
}
