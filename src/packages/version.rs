//! The order of versions, as the manager that installed them sees it.

use std::cmp::Ordering;

use super::PackageKind;

impl PackageKind {
    /// Compares two versions as a manager of a distribution does; `None` for packages of a language.
    pub fn compare_versions(self, a: &str, b: &str) -> Option<Ordering> {
        match self {
            Self::Deb => Some(deb(a, b)),
            Self::Apk => Some(apk(a, b)),
            Self::Rpm => Some(rpm(a, b)),
            _ => None,
        }
    }
}

/// dpkg's order, as deb-version(7) describes it: `[epoch:]upstream[-revision]`.
fn deb(a: &str, b: &str) -> Ordering {
    let (a, b) = (DebVersion::split(a), DebVersion::split(b));
    let by_epoch = number_order(a.epoch, b.epoch);
    by_epoch.then_with(|| deb_part(a.upstream, b.upstream)).then_with(|| deb_part(a.revision, b.revision))
}

struct DebVersion<'a> {
    epoch: &'a str,
    upstream: &'a str,
    revision: &'a str,
}

impl<'a> DebVersion<'a> {
    fn split(version: &'a str) -> Self {
        let version = version.trim();
        let (epoch, rest) = version.split_once(':').unwrap_or(("", version));
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        Self { epoch, upstream, revision }
    }
}

/// Parts that are not digits and parts that are take turns; `~` sorts before the end, letters before all else.
fn deb_part(mut a: &str, mut b: &str) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let (text_a, rest_a) = split_at_digit(a);
        let (text_b, rest_b) = split_at_digit(b);
        let weights = |text: &str| text.bytes().map(deb_weight).chain([0]).collect::<Vec<_>>();
        // A shorter text ends with the weight of the end, which only `~` is below.
        let order = weights(text_a).cmp(&weights(text_b));
        if order.is_ne() {
            return order;
        }
        let (number_a, left_a) = split_after_digits(rest_a);
        let (number_b, left_b) = split_after_digits(rest_b);
        let order = number_order(number_a, number_b);
        if order.is_ne() {
            return order;
        }
        (a, b) = (left_a, left_b);
    }
    Ordering::Equal
}

fn deb_weight(byte: u8) -> i32 {
    match byte {
        b'~' => -1,
        b if b.is_ascii_alphabetic() => i32::from(b),
        b => i32::from(b) + 256,
    }
}

/// rpm's order: `[epoch:]version[-release]`. A release that only one of them has is not compared.
fn rpm(a: &str, b: &str) -> Ordering {
    let split = |version| DebVersion::split(version);
    let (a, b) = (split(a), split(b));
    let by_version = number_order(a.epoch, b.epoch).then_with(|| rpm_part(a.upstream, b.upstream));
    match a.revision.is_empty() || b.revision.is_empty() {
        true => by_version,
        false => by_version.then_with(|| rpm_part(a.revision, b.revision)),
    }
}

/// Runs of digits and runs of letters one by one, numbers above letters; `~` sorts before the end and `^` right after it.
fn rpm_part(mut a: &str, mut b: &str) -> Ordering {
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

/// apk's order: `1.2.3a_rc1_p2-r4`.
fn apk(a: &str, b: &str) -> Ordering {
    let (a, b) = (ApkVersion::split(a), ApkVersion::split(b));
    let by_numbers = apk_numbers(&a.numbers, &b.numbers);
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
const APK_SUFFIXES: [(&str, i8); 9] =
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
            Some((APK_SUFFIXES.iter().find(|(known, _)| *known == name)?.1, number))
        };
        let letter = release.get(numbers.len()..).unwrap_or_default();
        Self { numbers: numbers.split('.').collect(), letter, suffixes: parts.filter_map(suffix).collect(), revision }
    }
}

/// The first number as one; the later ones as fractions where one of them starts with a zero.
fn apk_numbers(a: &[&str], b: &[&str]) -> Ordering {
    let order = |(index, (a, b)): (usize, (&&str, &&str))| match index > 0 && (a.starts_with('0') || b.starts_with('0'))
    {
        true => a.cmp(b),
        false => number_order(a, b),
    };
    let by_number = a.iter().zip(b).enumerate().map(order).find(|order| order.is_ne());
    by_number.unwrap_or_else(|| a.len().cmp(&b.len()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dpkgs_order() {
        // Debian Policy, section 5.6.12, and the cases dpkg and apt test themselves with.
        let ascending = [
            "~~",
            "~~a",
            "~",
            "",
            "0.9",
            "1.0~beta1~svn1245",
            "1.0~beta1",
            "1.0",
            "1.0-1~bpo1",
            "1.0-1",
            "1.0-1+b1",
            "1.0-10",
            "1.0a",
            "1.0+dfsg",
            "1.0.4-1",
            "1.0.4-2",
            "1.10",
            "a",
            "1:0.4",
            "1:0.5",
            "2:1.2",
            "10:0.1",
        ];
        for (index, a) in ascending.iter().enumerate() {
            for (other, b) in ascending.iter().enumerate() {
                assert_eq!(deb(a, b), index.cmp(&other), "{a} {b}");
            }
        }
        for (a, b) in [("0:1.0", "1.0"), ("1.0-0", "1.0"), ("1.00", "1.0"), ("09", "9"), ("1.2.3-", "1.2.3")] {
            assert_eq!(deb(a, b), Ordering::Equal, "{a} {b}");
        }
        let long = format!("1.{}", "9".repeat(60));
        assert_eq!(deb(&long, "1.10"), Ordering::Greater);
    }

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
        ];
        check(rpm, &cases);
    }

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
        ];
        check(apk, &cases);
        assert_eq!(PackageKind::Npm.compare_versions("1", "2"), None);
    }

    fn check(order: fn(&str, &str) -> Ordering, cases: &[(&str, &str, i8)]) {
        for (a, b, expected) in cases {
            assert_eq!(order(a, b), expected.cmp(&0), "{a} {b}");
            assert_eq!(order(b, a), 0.cmp(expected), "{b} {a}");
        }
    }
}
