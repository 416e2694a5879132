//! The order of Semantic Versioning, <https://semver.org/#spec-item-11>, which npm, Cargo and Go follow and NuGet widens:
//! any number of numeric parts, of which missing ones are 0, and, of NuGet alone, pre-releases without regard to case.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{is_number, number_order};

/// Compares two versions. Build metadata does not count, nor does a `v` in front.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    ordered(a, b, str::cmp)
}

/// Compares two versions as Go does, the toolchain's own among them: `1.22rc1` is `1.22.0-rc.1`.
pub(super) fn compare_go(a: &str, b: &str) -> Ordering {
    compare(&of_toolchain(a), &of_toolchain(b))
}

fn of_toolchain(version: &str) -> Cow<'_, str> {
    let found = ["rc", "beta"].iter().find_map(|word| {
        let (numbers, number) = version.split_once(word)?;
        let is_plain = numbers.split('.').all(is_number) && is_number(number);
        is_plain.then(|| format!("{numbers}-{word}.{number}"))
    });
    found.map_or(Cow::Borrowed(version), Cow::Owned)
}

/// Compares two versions as NuGet does.
pub(super) fn compare_nuget(a: &str, b: &str) -> Ordering {
    ordered(a, b, |a, b| {
        let lower = |text: &str| text.to_ascii_lowercase();
        lower(a).cmp(&lower(b))
    })
}

fn ordered(a: &str, b: &str, words: fn(&str, &str) -> Ordering) -> Ordering {
    let (a, b) = (Version::split(a), Version::split(b));
    numbers(a.numbers, b.numbers).then_with(|| match (a.pre_release, b.pre_release) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => identifiers(a, b, words),
    })
}

struct Version<'a> {
    numbers: &'a str,
    pre_release: Option<&'a str>,
}

impl<'a> Version<'a> {
    fn split(version: &'a str) -> Self {
        let version = version.trim().trim_start_matches(['v', 'V', '=']).trim_start();
        let version = version.split('+').next().unwrap_or_default();
        match version.split_once('-') {
            Some((numbers, pre_release)) => Self { numbers, pre_release: Some(pre_release) },
            None => Self { numbers: version, pre_release: None },
        }
    }
}

fn numbers(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let (left, right) = (a.next(), b.next());
        if left.is_none() && right.is_none() {
            return Ordering::Equal;
        }
        let (left, right) = (left.unwrap_or_default(), right.unwrap_or_default());
        let order = match (is_number(left) || left.is_empty(), is_number(right) || right.is_empty()) {
            (true, true) => number_order(left, right),
            // No part of a version; it has to have some place.
            _ => left.cmp(right),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn identifiers(a: &str, b: &str, words: fn(&str, &str) -> Ordering) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match (is_number(a), is_number(b)) {
                (true, true) => number_order(a, b),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => words(a, b),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::packages::version::{check, check_ascending};

    #[test]
    fn the_order_of_the_specification() {
        check_ascending(
            compare,
            &[
                "1.0.0-alpha",
                "1.0.0-alpha.1",
                "1.0.0-alpha.beta",
                "1.0.0-beta",
                "1.0.0-beta.2",
                "1.0.0-beta.11",
                "1.0.0-rc.1",
                "1.0.0",
                "1.0.1",
                "1.2.0",
                "1.10.0",
                "2.0.0",
                "2.1.0",
                "2.1.1",
            ],
        );
        check(
            compare,
            &[
                ("1.0.0+build.1", "1.0.0+build.2", 0),
                ("1.0.0-rc.1+5", "1.0.0-rc.1", 0),
                ("v1.2.3", "1.2.3", 0),
                ("1.2", "1.2.0", 0),
                ("1.2.3.4", "1.2.3", 1),
                ("1.2.3.0", "1.2.3", 0),
                ("1.0.0-Beta", "1.0.0-alpha", -1),
                ("99999999999999999999.0.0", "100000000000000000000.0.0", -1),
                // Go's pseudo-versions, and what has a major version without its path.
                ("v0.0.0-20191109021931-daa7c04131f5", "v0.0.0-20210220033148-5ea612d1eb83", -1),
                ("v2.0.1+incompatible", "v2.0.1", 0),
                ("v1.2.3-0.20200101000000-abcdefabcdef", "v1.2.3", -1),
                ("", "0", 0),
            ],
        );
    }

    #[test]
    fn the_toolchain_of_go_has_versions_of_its_own() {
        check_ascending(compare_go, &["1.21beta1", "1.21rc2", "1.21rc10", "1.21.0", "1.22rc1", "1.22", "1.22.1"]);
        check(
            compare_go,
            &[("1.22rc1", "1.22.0-rc.1", 0), ("1.22beta2", "1.22.0-beta.2", 0), ("v1.0.0-rc1", "v1.0.0-rc.1", 1)],
        );
    }

    #[test]
    fn nuget_has_four_parts_and_no_case() {
        check(
            compare_nuget,
            &[
                ("1.0.0-Beta", "1.0.0-beta", 0),
                ("1.0.0-Beta", "1.0.0-alpha", 1),
                ("1.0.0-RC.2", "1.0.0-rc.10", -1),
                ("1.0", "1.0.0.0", 0),
                ("1.0.0.1", "1.0.0", 1),
                ("1.0.0.1-x", "1.0.0.1", -1),
                ("1.0.0+a", "1.0.0+b", 0),
            ],
        );
    }

    proptest! {
        #[test]
        fn it_is_that_of_cargo_and_npm(
            a in "(0|[1-9][0-9]{0,3})\\.(0|[1-9])\\.(0|[1-9][0-9])(-[a-zA-Z0-9]{1,3}(\\.[a-zA-Z][0-9]){0,2})?",
            b in "(0|[1-9][0-9]{0,3})\\.(0|[1-9])\\.(0|[1-9][0-9])(-[a-zA-Z0-9]{1,3}(\\.[a-zA-Z][0-9]){0,2})?",
        ) {
            if let (Ok(x), Ok(y)) = (semver::Version::parse(&a), semver::Version::parse(&b)) {
                prop_assert_eq!(compare(&a, &b), x.cmp_precedence(&y));
            }
            if let (Ok(x), Ok(y)) = (nodejs_semver::Version::parse(&a), nodejs_semver::Version::parse(&b)) {
                prop_assert_eq!(compare(&a, &b), x.cmp(&y));
            }
        }

        #[test]
        fn any_text_has_a_place(a in "\\PC{0,12}", b in "\\PC{0,12}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &a), Ordering::Equal);
        }
    }
}
