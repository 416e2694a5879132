//! LICBLACKLIST: licences that an image's packages must not be under.

use std::collections::BTreeMap;

use super::{Facts, Reporter};
use crate::packages::{Package, normalise_licence};

/// Packages under exactly these licences.
pub fn denied_licence(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    denied(facts, report, |licence, unwanted| {
        // A package may spell what it is under in another way than the policy, and mean the same.
        let is_same = |spelt: &str| normalise_licence(unwanted).is_some_and(|unwanted| unwanted == spelt);
        licence == unwanted || is_same(licence) || licence.split(' ').any(|one| one == unwanted || is_same(one))
    });
}

/// Packages whose licence has one of these texts in it.
pub fn denied_licence_part(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    denied(facts, report, |licence, unwanted| licence.contains(unwanted));
}

/// Packages named in a message.
const SHOWN: usize = 8;
/// Stands for the licence of a distribution's package that tells none.
const UNKNOWN: &str = "Unknown";

/// One finding for each licence and each layer that brought packages under it.
fn denied(facts: &Facts<'_>, report: &mut Reporter<'_>, is_denied: fn(&str, &str) -> bool) {
    let packages = &facts.packages.list;
    if !packages.is_empty() && packages.iter().all(|package| spellings(package).next().is_none()) {
        let message = format!("licences were not checked: none is known of any of the {} packages", packages.len());
        return report.push(report.on_image(message));
    }
    for unwanted in report.params().list("licences") {
        let mut by_layer: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for package in packages.iter().filter(|package| is_under(package, unwanted, is_denied)) {
            by_layer.entry(package.layer).or_default().push(&package.name);
        }
        for (layer, mut names) in by_layer {
            names.sort_unstable();
            names.dedup();
            let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
            let more = match names.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let is = if names.len() == 1 { "is" } else { "are" };
            let message = format!("{shown}{more} {is} under `{unwanted}`, and the policy does not want this licence");
            report.push(report.in_layer(layer, None, message).subject(unwanted));
        }
    }
}

/// Every spelling of a package's licences: the common one and the metadata's own.
fn spellings(package: &Package) -> impl Iterator<Item = &str> {
    package.licences.iter().chain(&package.licence_words).map(String::as_str)
}

fn is_under(package: &Package, unwanted: &str, is_denied: fn(&str, &str) -> bool) -> bool {
    // So Anchore called what nobody knows the licence of.
    let is_unknown = || unwanted == UNKNOWN && package.kind.is_distribution() && spellings(package).next().is_none();
    spellings(package).any(|licence| is_denied(licence, unwanted)) || is_unknown()
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Case, messages};

    fn case(licences: &[&str]) -> Case {
        let mut case = Case::new(1).layer([], []).packages([("tar", "1")]);
        case = case.layer([], []).packages([("bash", "5"), ("grep", "3"), ("tar", "1")]);
        case.licences = licences.iter().map(|l| (*l).to_owned()).collect();
        case
    }

    #[test]
    fn licences_are_compared_whole_or_in_part() {
        let case = case(&["GPL-3+", "MIT"]);
        let whole = |licence: &str| messages(&case.run_with("denied-licence", &[("licences", &[licence])]));
        assert_eq!(
            whole("GPL-3+"),
            [
                "0 tar is under `GPL-3+`, and the policy does not want this licence",
                "1 bash, grep are under `GPL-3+`, and the policy does not want this licence",
            ]
        );
        assert_eq!(whole("GPL-3"), [""; 0]);
        assert_eq!(case.run_with("denied-licence-part", &[("licences", &["GPL"])]).len(), 2);
        assert!(case.run_with("denied-licence-part", &[("licences", &["gpl", "Apache"])]).is_empty());
    }

    #[test]
    fn the_spelling_of_the_metadata_counts_too() {
        let mut case = case(&["GPL-3.0-or-later"]);
        let other = |name: &str, words: &[&str]| crate::packages::Package {
            kind: crate::packages::PackageKind::Rpm,
            layer: 1,
            licence_words: words.iter().map(|w| (*w).to_owned()).collect(),
            ..super::super::fixtures::package(name, "1")
        };
        case.others = vec![other("rpm-words", &["GPLv2+", "ASL 2.0"])];
        let of = |rule: &str, licence: &str| messages(&case.run_with(rule, &[("licences", &[licence])])).len();
        for part in ["GPLv2", "ASL", "GPL-3.0"] {
            assert!(of("denied-licence-part", part) > 0, "{part}");
        }
        assert_eq!([of("denied-licence", "GPLv2+"), of("denied-licence", "GPLv2")], [1, 0]);
    }

    #[test]
    fn unknown_licences_do_not_pass_in_silence() {
        assert_eq!(
            messages(&case(&[]).run_with("denied-licence", &[("licences", &["MIT", "BSD"])])),
            ["- licences were not checked: none is known of any of the 3 packages"]
        );
    }
}
