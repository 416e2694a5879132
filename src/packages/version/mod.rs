//! The order of versions, as the manager that installed them sees it.
//!
//! All orders but Python's take any text for a version, so that what an image's database holds has a place in the order. What
//! says that there is no version has none.

mod apk;
mod composer;
mod deb;
mod gem;
mod maven;
mod rpm;
mod semver;

use std::cmp::Ordering;
use std::str::FromStr;

use super::PackageKind;

impl PackageKind {
    /// Compares two versions as the manager or ecosystem does. `None` when one of them is no version to it: PEP 440 says so of
    /// some texts, Go writes `(devel)` for a module that was built from its folder, Composer `dev-main` for the head of a branch,
    /// and nothing is nobody's version.
    pub fn compare_versions(self, a: &str, b: &str) -> Option<Ordering> {
        let is_none = |text: &str| match self {
            Self::Golang if text == "(devel)" => true,
            Self::Composer if text.starts_with("dev-") => true,
            _ => text.trim().is_empty(),
        };
        if is_none(a) || is_none(b) {
            return None;
        }
        let order = match self {
            Self::Deb => deb::compare(a, b),
            Self::Apk => apk::compare(a, b),
            Self::Rpm => rpm::compare(a, b),
            Self::Npm | Self::Cargo => semver::compare(a, b),
            Self::Golang => semver::compare_go(a, b),
            Self::Nuget => semver::compare_nuget(a, b),
            Self::Gem => gem::compare(a, b),
            Self::Maven => maven::compare(a, b),
            Self::Composer => composer::compare(a, b),
            Self::Pypi => {
                let version = |text: &str| pep440_rs::Version::from_str(text.trim()).ok();
                version(a)?.cmp(&version(b)?)
            }
        };
        Some(order)
    }
}

fn split_at_digit(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len()))
}

fn split_after_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// Compares runs of digits of any length as numbers; nothing is 0.
fn number_order(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Whether a text is a number: digits and nothing else.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Holds an order against pairs, and their mirror images.
#[cfg(test)]
fn check(order: fn(&str, &str) -> Ordering, cases: &[(&str, &str, i8)]) {
    for (a, b, expected) in cases {
        assert_eq!(order(a, b), expected.cmp(&0), "{a} {b}");
        assert_eq!(order(b, a), 0.cmp(expected), "{b} {a}");
    }
}

/// Holds an order against a list in which every version is below all that follow.
#[cfg(test)]
fn check_ascending(order: fn(&str, &str) -> Ordering, versions: &[&str]) {
    for (index, a) in versions.iter().enumerate() {
        for (other, b) in versions.iter().enumerate() {
            assert_eq!(order(a, b), index.cmp(&other), "{a} {b}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pep440(a: &str, b: &str) -> Ordering {
        PackageKind::Pypi.compare_versions(a, b).unwrap_or_else(|| panic!("{a} {b}"))
    }

    #[test]
    fn pythons_order() {
        // The sequences of PEP 440 itself.
        check_ascending(
            pep440,
            &[
                "1.dev0",
                "1.0.dev456",
                "1.0a1",
                "1.0a2.dev456",
                "1.0a12.dev456",
                "1.0a12",
                "1.0b1.dev456",
                "1.0b2",
                "1.0b2.post345.dev456",
                "1.0b2.post345",
                "1.0rc1.dev456",
                "1.0rc1",
                "1.0",
                "1.0+abc.5",
                "1.0+abc.7",
                "1.0+5",
                "1.0.post456.dev34",
                "1.0.post456",
                "1.0.15",
                "1.1.dev1",
                "2012.10",
                "1!0.1",
            ],
        );
        check(
            pep440,
            &[
                ("1.0", "1.0.0", 0),
                ("1.0alpha1", "1.0a1", 0),
                ("v1.0", "1", 0),
                ("1.0-1", "1.0.post1", 0),
                ("1.0RC1", "1.0rc1", 0),
            ],
        );
        assert_eq!(PackageKind::Pypi.compare_versions("2004d", "1.0"), None);
    }

    #[test]
    fn a_module_built_from_its_folder_has_no_version() {
        assert_eq!(PackageKind::Golang.compare_versions("(devel)", "v1.0.0"), None);
        assert_eq!(PackageKind::Golang.compare_versions("v1.0.0", "v1.0.1"), Some(Ordering::Less));
        assert_eq!(PackageKind::Composer.compare_versions("dev-main", "1.0.0"), None);
    }

    #[test]
    fn every_kind_has_an_order() {
        for kind in PackageKind::ALL {
            assert_eq!(kind.compare_versions("1.2.3", "1.10.0"), Some(Ordering::Less), "{kind:?}");
            assert_eq!(kind.compare_versions("1.10.0", "1.10.0"), Some(Ordering::Equal), "{kind:?}");
            assert_eq!((kind.compare_versions("", "1.0"), kind.compare_versions("1.0", " ")), (None, None), "{kind:?}");
        }
    }
}
