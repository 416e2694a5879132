//! The order of versions, as the manager that installed them sees it.

use std::cmp::Ordering;

use super::PackageKind;

impl PackageKind {
    /// Compares two versions as this manager does.
    pub fn compare_versions(self, a: &str, b: &str) -> Ordering {
        match self {
            Self::Deb => deb(a, b),
            _ => pieces(a, b),
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

/// Numbers and words in turn, numbers above words: close to what registries of language packages compare.
fn pieces(a: &str, b: &str) -> Ordering {
    let split = |version: &str| -> Vec<String> {
        let plain = version.trim().trim_start_matches('v').split('+').next().unwrap_or_default().to_owned();
        plain.split(['.', '-']).map(str::to_owned).collect()
    };
    let (a, b) = (split(a), split(b));
    for index in 0..a.len().max(b.len()) {
        let is_number = |piece: &str| !piece.is_empty() && piece.bytes().all(|c| c.is_ascii_digit());
        let order = match (a.get(index), b.get(index)) {
            (Some(a), Some(b)) if is_number(a) && is_number(b) => number_order(a, b),
            (Some(a), Some(b)) if is_number(a) != is_number(b) => is_number(a).cmp(&is_number(b)),
            (Some(a), Some(b)) => a.cmp(b),
            // `1.0` is above `1.0-rc` and equal to `1.0.0`.
            (Some(more), None) if is_number(more) => number_order(more, "0"),
            (None, Some(more)) if is_number(more) => number_order("0", more),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
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
    fn versions_of_language_packages() {
        for (low, high) in
            [("1.2.3", "1.10.0"), ("1.0.0-rc.1", "1.0.0"), ("1.0.0-alpha", "1.0.0-beta"), ("1.0", "1.0.1")]
        {
            assert_eq!(PackageKind::Npm.compare_versions(low, high), Ordering::Less, "{low} {high}");
            assert_eq!(PackageKind::Gem.compare_versions(high, low), Ordering::Greater, "{low} {high}");
        }
        assert_eq!(PackageKind::Npm.compare_versions("v1.0.0+build", "1.0.0"), Ordering::Equal);
        assert_eq!(PackageKind::Gem.compare_versions("1.0", "1.0.0"), Ordering::Equal);
    }
}
