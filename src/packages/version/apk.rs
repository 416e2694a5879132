//! apk's order of versions.

use std::cmp::Ordering;

use super::{number_order, split_at_digit};

/// apk's order: `1.2.3a_rc1_p2-r4`.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (ApkVersion::split(a), ApkVersion::split(b));
    let by_numbers = numbers_order(&a.numbers, &b.numbers);
    let by_suffix = || {
        let at = |suffixes: &[(i8, &str)], index: usize| {
            suffixes.get(index).map_or((0, String::new()), |(r, n)| (*r, (*n).to_owned()))
        };
        let pairs = (0..a.suffixes.len().max(b.suffixes.len())).map(|i| (at(&a.suffixes, i), at(&b.suffixes, i)));
        let order = |((rank_a, n_a), (rank_b, n_b)): ((i8, String), (i8, String))| {
            rank_a.cmp(&rank_b).then_with(|| number_order(&n_a, &n_b))
        };
        pairs.map(order).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    };
    by_numbers
        .then_with(|| a.letter.cmp(b.letter))
        .then_with(by_suffix)
        .then_with(|| number_order(a.revision, b.revision))
}

/// Suffixes of apk's versions: those before a release are below none at all, those after it above.
const SUFFIXES: [(&str, i8); 9] =
    [("alpha", -4), ("beta", -3), ("pre", -2), ("rc", -1), ("cvs", 1), ("svn", 2), ("git", 3), ("hg", 4), ("p", 5)];

struct ApkVersion<'a> {
    numbers: Vec<&'a str>,
    letter: &'a str,
    /// Rank and number of each.
    suffixes: Vec<(i8, &'a str)>,
    revision: &'a str,
}

impl<'a> ApkVersion<'a> {
    fn split(version: &'a str) -> Self {
        let (rest, revision) = version.trim().rsplit_once("-r").unwrap_or((version.trim(), ""));
        let mut parts = rest.split('_');
        let release = parts.next().unwrap_or_default();
        let numbers = release.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let suffix = |part: &'a str| {
            let (name, number) = split_at_digit(part);
            Some((SUFFIXES.iter().find(|(known, _)| *known == name)?.1, number))
        };
        let letter = release.get(numbers.len()..).unwrap_or_default();
        Self { numbers: numbers.split('.').collect(), letter, suffixes: parts.filter_map(suffix).collect(), revision }
    }
}

/// The first number as one; the later ones as fractions where one of them starts with a zero.
fn numbers_order(a: &[&str], b: &[&str]) -> Ordering {
    let order = |(index, (a, b)): (usize, (&&str, &&str))| match index > 0 && (a.starts_with('0') || b.starts_with('0'))
    {
        true => a.cmp(b),
        false => number_order(a, b),
    };
    let by_number = a.iter().zip(b).enumerate().map(order).find(|order| order.is_ne());
    by_number.unwrap_or_else(|| a.len().cmp(&b.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::version::check;

    #[test]
    fn apks_order() {
        let cases = [
            ("2.34", "0.1.0_alpha", 1),
            ("0.1.0_alpha", "0.1.3_alpha", -1),
            ("0.1.0_alpha2", "0.1.0_alpha", 1),
            ("1.0_rc1", "1.0", -1),
            ("1.0", "1.0_p1", -1),
            ("1.0_p10-r1", "1.0_p9", 1),
            ("1.2.3-r9", "1.2.3-r10", -1),
            ("1.0a", "1.0", 1),
            ("1.0a", "1.0b", -1),
            ("1.0", "1.0.0", -1),
            ("1.10", "1.9", 1),
            ("1.02", "1.1", -1),
            ("3.0.8-r0", "3.0.8-r0", 0),
            ("1.0_alpha", "1.0_beta", -1),
            ("1.0_git20200101", "1.0", 1),
            // Pairs apk tests itself with.
            ("23_foo", "4_beta", 1),
            ("1.0", "1.0bc", -1),
            ("0.1.0_alpha", "2.2.39-r1", -1),
            ("1.1", "1.1_alpha1", 1),
            ("1.2", "1.3_alpha", -1),
            ("1.3_alpha8", "0.6.0", 1),
            ("0.8_beta4", "4.8-r1", -1),
            ("2.3.0b-r1", "2.3.0b-r2", -1),
            ("0.12", "0.13_beta1", -1),
            ("3.1_p16", "3.1_p17", -1),
            ("3.1_p17", "1.06-r6", 1),
            ("1.06-r6", "006", -1),
            ("006", "1.0.0", 1),
            ("2.01.01_alpha10", "0.94", 1),
            ("1.39", "1.00_beta2", 1),
            ("1.02", "1.03-r1", -1),
            ("1.03-r1", "1.12.12-r2", -1),
            ("4.2.52_p2-r1", "4.2.52_p4-r2", -1),
            ("1.02.07", "1.02.10-r1", -1),
            ("2.5.1-r8", "2.5.1a-r1", -1),
            ("2.0.0_rc3-r1", "1.5", 1),
            ("021109-r3", "20060512", -1),
            ("3.9_pre20060124", "0.01", 1),
            ("0.01", "0.06", -1),
            ("1.1.7", "6b-r7", -1),
            ("0.10.0", "0.10.1_rc1", -1),
            ("1.1a", "1.3a", -1),
            ("1.06-r1", "1.06-r2", -1),
            ("2.1_pre20", "2.1_pre26", -1),
            ("02.08.01b", "4.77", -1),
            ("1.6d", "1.2.07.8", 1),
            ("1.2.07.8", "1.2.12.04", -1),
            ("1.2.12.04", "1.2.12.05", -1),
            ("1.07-r1", "1.07.5", -1),
            ("0.59s-r11", "0.65", -1),
            ("4.5_p1-r1", "4.5_p1", 1),
            ("0.9.8c-r1", "0.9.8d", -1),
            ("013", "014-r1", -1),
            ("1.8.5", "1.8.5_p2", -1),
            ("2.9.11_pre20051101-r3", "2.9.11_pre20061021-r1", -1),
            ("2.12r-r4", "2.12r-r5", -1),
            ("1.3_pre1-r1", "1.3.2", -1),
            ("0.1.0_alpha_pre2", "0.1.0_alpha", -1),
            ("1.0.0_pre20191002222144-r0", "1.0.0_pre20210530193627-r0", -1),
        ];
        check(compare, &cases);
    }
}
