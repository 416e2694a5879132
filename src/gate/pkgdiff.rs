//! PKGDIFF: the distribution's packages compared with those of the base. What an application brings along for its language
//! is not compared: thousands of modules are no policy's business one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Facts, Reporter};
use crate::finding::Finding;
use crate::packages::{PackageKind, Packages};

/// Packages that the base does not have.
pub fn package_added(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (name, change) in changes(facts) {
        let Change::Added(now) = change else { continue };
        let message = format!("package {name} {} is not in the base", list(&now));
        report.push(placed(report, facts.package_history.layer_of(name), message).subject(name));
    }
}

/// Packages of the base that are gone.
pub fn package_removed(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (name, change) in changes(facts) {
        let Change::Removed(before) = change else { continue };
        let message = format!(
            "package {name} {} of the base was removed; its files are still in the base's layers",
            list(&before)
        );
        report.push(placed(report, facts.package_history.removed_in(name), message).subject(name));
    }
}

/// Packages of both with different versions.
pub fn package_version_changed(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (name, change) in changes(facts) {
        let Change::Version { before, now } = change else { continue };
        let message = format!("package {name} is {} here and {} in the base", list(&now), list(&before));
        report.push(placed(report, facts.package_history.layer_of(name), message).subject(name));
    }
}

/// Any of the above, once for the image.
pub fn packages_changed(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let (mut added, mut removed, mut version) = (0, 0, 0);
    for (_, change) in changes(facts) {
        match change {
            Change::Added(_) => added += 1,
            Change::Removed(_) => removed += 1,
            Change::Version { .. } => version += 1,
        }
    }
    if added + removed + version > 0 {
        report.push(report.on_image(format!(
            "packages differ from the base's: {added} added, {removed} removed, {version} with another version"
        )));
    }
}

/// A finding at the layer that did it, when it is known.
pub(super) fn placed(report: &Reporter<'_>, layer: Option<usize>, message: String) -> Finding {
    match layer {
        Some(layer) => report.in_layer(layer, None, message),
        None => report.on_image(message),
    }
}

/// Versions of one package: more than one when several architectures of it are installed.
type Versions<'a> = BTreeSet<&'a str>;

enum Change<'a> {
    Added(Versions<'a>),
    Removed(Versions<'a>),
    Version { before: Versions<'a>, now: Versions<'a> },
}

/// Every difference, sorted by manager and name; none when the base is not known, which is `base-unknown`'s to tell.
fn changes<'a>(facts: &Facts<'a>) -> Vec<(&'a str, Change<'a>)> {
    let Some(base) = &facts.base else { return Vec::new() };
    let (mut before, now) = (versions(base.packages), versions(facts.packages));
    let mut changes = BTreeMap::new();
    for (package, now) in now {
        match before.remove(&package) {
            None => changes.insert(package, Change::Added(now)),
            Some(before) if before != now => changes.insert(package, Change::Version { before, now }),
            Some(_) => None,
        };
    }
    changes.extend(before.into_iter().map(|(package, before)| (package, Change::Removed(before))));
    changes.into_iter().map(|((_, name), change)| (name, change)).collect()
}

fn versions(packages: &Packages) -> BTreeMap<(PackageKind, &str), Versions<'_>> {
    let mut versions: BTreeMap<(PackageKind, &str), Versions<'_>> = BTreeMap::new();
    for package in packages.of_distribution() {
        versions.entry((package.kind, &package.name)).or_default().insert(&package.version);
    }
    versions
}

fn list(versions: &Versions<'_>) -> String {
    versions.iter().copied().collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fixtures::{Case, messages};

    fn case() -> Case {
        Case::new(1)
            .layer([], [])
            .packages([("libc6", "2.36-9"), ("tar", "1.34"), ("sed", "4.9")])
            .layer([], [])
            .packages([("libc6", "2.36-9"), ("tar", "1.35"), ("sed", "4.9"), ("curl", "7.88.1")])
            .layer([], [])
            .packages([("libc6", "2.36-9"), ("tar", "1.35"), ("curl", "7.88.1")])
    }

    #[test]
    fn packages_are_compared_by_name_and_placed_on_their_layer() {
        let case = case();
        assert_eq!(messages(&case.run("package-added", &[])), ["1 package curl 7.88.1 is not in the base"]);
        assert_eq!(
            messages(&case.run("package-removed", &[])),
            ["2 package sed 4.9 of the base was removed; its files are still in the base's layers"]
        );
        assert_eq!(
            messages(&case.run("package-version-changed", &[])),
            ["1 package tar is 1.35 here and 1.34 in the base"]
        );
        assert_eq!(
            messages(&case.run("packages-changed", &[])),
            ["- packages differ from the base's: 1 added, 1 removed, 1 with another version"]
        );
        let added = case.run("package-added", &[]);
        assert_eq!(super::super::trigger_id(&added[0], None), "curl-PKGADD");
    }

    #[test]
    fn without_a_difference_or_a_base_nothing_is_said() {
        let same = Case::new(1).layer([], []).packages([("tar", "1.34")]).layer([], []).packages([("tar", "1.34")]);
        let baseless = case().without_base();
        for rule in ["package-added", "package-removed", "package-version-changed", "packages-changed"] {
            assert!(same.run(rule, &[]).is_empty(), "{rule}");
            assert!(baseless.run(rule, &[]).is_empty(), "{rule}");
        }
    }
}
