//! rpm's order of versions.

use std::cmp::Ordering;

use super::deb::DebVersion;
use super::number_order;

/// rpm's order: `[epoch:]version[-release]`. A release that only one of them has is not compared.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let split = |version| DebVersion::split(version);
    let (a, b) = (split(a), split(b));
    let by_version = number_order(a.epoch, b.epoch).then_with(|| part(a.upstream, b.upstream));
    match a.revision.is_empty() || b.revision.is_empty() {
        true => by_version,
        false => by_version.then_with(|| part(a.revision, b.revision)),
    }
}

/// Runs of digits and runs of letters one by one, numbers above letters; `~` sorts before the end and `^` right after it.
fn part(mut a: &str, mut b: &str) -> Ordering {
    let is_separator = |c: char| !c.is_ascii_alphanumeric() && c != '~' && c != '^';
    loop {
        (a, b) = (a.trim_start_matches(is_separator), b.trim_start_matches(is_separator));
        if a.starts_with('~') || b.starts_with('~') {
            match (a.strip_prefix('~'), b.strip_prefix('~')) {
                (Some(rest_a), Some(rest_b)) => (a, b) = (rest_a, rest_b),
                (only_a, _) => return if only_a.is_some() { Ordering::Less } else { Ordering::Greater },
            }
            continue;
        }
        if a.starts_with('^') || b.starts_with('^') {
            match (a.strip_prefix('^'), b.strip_prefix('^')) {
                (Some(rest_a), Some(rest_b)) => (a, b) = (rest_a, rest_b),
                (Some(_), None) => return if b.is_empty() { Ordering::Greater } else { Ordering::Less },
                (None, _) => return if a.is_empty() { Ordering::Less } else { Ordering::Greater },
            }
            continue;
        }
        if a.is_empty() || b.is_empty() {
            return a.len().cmp(&b.len());
        }
        let is_number = a.starts_with(|c: char| c.is_ascii_digit());
        let run = |text: &str| {
            let is_other = |c: char| if is_number { !c.is_ascii_digit() } else { !c.is_ascii_alphabetic() };
            text.find(is_other).unwrap_or(text.len())
        };
        let ((run_a, rest_a), (run_b, rest_b)) = (a.split_at(run(a)), b.split_at(run(b)));
        let order = match (run_b.is_empty(), is_number) {
            (true, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, true) => number_order(run_a, run_b),
            (false, false) => run_a.cmp(run_b),
        };
        if order.is_ne() {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::packages::version::check;

    #[test]
    fn rpms_order() {
        // From the tests of rpm itself.
        let cases = [
            ("1.0", "1.0", 0),
            ("1.0", "2.0", -1),
            ("2.0.1", "2.0.1a", -1),
            ("5.5p1", "5.5p10", -1),
            ("10xyz", "10.1xyz", -1),
            ("xyz10", "xyz10.1", -1),
            ("xyz.4", "8", -1),
            ("5.5p2", "5.6p1", -1),
            ("6.0.rc1", "6.0", 1),
            ("10b2", "10a1", 1),
            ("1.0aa", "1.0a", 1),
            ("10.0001", "10.0039", -1),
            ("4.999.9", "5.0", -1),
            ("20101122", "20101121", 1),
            ("2_0", "2.0", 0),
            ("a+", "a_", 0),
            ("1.0~rc1", "1.0", -1),
            ("1.0~rc1~git123", "1.0~rc1", -1),
            ("1.0^", "1.0", 1),
            ("1.0^git1", "1.01", -1),
            ("1.0^20160101", "1.0.1", -1),
            ("1.0~rc1^git1", "1.0~rc1", 1),
            ("1.0^git1~pre", "1.0^git1", -1),
            ("1:0.1", "9.9", 1),
            ("1.0-1.el9", "1.0-2.el9", -1),
            ("1.0-1.el9", "1.0", 0),
            ("2.0", "2.0.1", -1),
            ("2.0.1a", "2.0.1", 1),
            ("5.5p1", "5.5p2", -1),
            ("xyz.4", "2", -1),
            ("5.6p1", "6.5p1", -1),
            ("10.0001", "10.1", 0),
            ("+a", "_a", 0),
            ("+_", "_+", 0),
            ("1.0~rc1", "1.0~rc2", -1),
            ("1.0~rc1~git123", "1.0~rc1~git123", 0),
            ("0:1.0-1", "1.0-1", 0),
            ("2:1.0-1", "1:9.0-1", 1),
        ];
        check(compare, &cases);
    }

    proptest! {
        #[test]
        fn it_is_that_of_another_reader(
            a in "([0-9]:)?[0-9]{1,3}[a-z0-9.~^]{0,6}-[a-z0-9.~^]{1,4}",
            b in "([0-9]:)?[0-9]{1,3}[a-z0-9.~^]{0,6}-[a-z0-9.~^]{1,4}",
        ) {
            prop_assert_eq!(compare(&a, &b), rpm_version::rpm_evr_compare(&a, &b), "{} {}", a, b);
        }

        #[test]
        fn any_text_has_a_place(a in "\\PC{0,12}", b in "\\PC{0,12}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        }
    }
}
