//! dpkg's order of versions.

use std::cmp::Ordering;

use super::{number_order, split_after_digits, split_at_digit};

/// dpkg's order, as deb-version(7) describes it: `[epoch:]upstream[-revision]`.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (DebVersion::split(a), DebVersion::split(b));
    let by_epoch = number_order(a.epoch, b.epoch);
    by_epoch.then_with(|| part(a.upstream, b.upstream)).then_with(|| part(a.revision, b.revision))
}

pub(super) struct DebVersion<'a> {
    pub(super) epoch: &'a str,
    pub(super) upstream: &'a str,
    pub(super) revision: &'a str,
}

impl<'a> DebVersion<'a> {
    pub(super) fn split(version: &'a str) -> Self {
        let version = version.trim();
        let (epoch, rest) = version.split_once(':').unwrap_or(("", version));
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        Self { epoch, upstream, revision }
    }
}

/// Parts that are not digits and parts that are take turns; `~` sorts before the end, letters before all else.
fn part(mut a: &str, mut b: &str) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let (text_a, rest_a) = split_at_digit(a);
        let (text_b, rest_b) = split_at_digit(b);
        // A shorter text ends with the weight of the end, which only `~` is below.
        let order = weights(text_a).cmp(weights(text_b));
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

fn weights(text: &str) -> impl Iterator<Item = i32> {
    text.bytes().map(weight).chain([0])
}

fn weight(byte: u8) -> i32 {
    match byte {
        b'~' => -1,
        b if b.is_ascii_alphabetic() => i32::from(b),
        b => i32::from(b) + 256,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
                assert_eq!(compare(a, b), index.cmp(&other), "{a} {b}");
            }
        }
        for (a, b) in [("0:1.0", "1.0"), ("1.0-0", "1.0"), ("1.00", "1.0"), ("09", "9"), ("1.2.3-", "1.2.3")] {
            assert_eq!(compare(a, b), Ordering::Equal, "{a} {b}");
        }
        let long = format!("1.{}", "9".repeat(60));
        assert_eq!(compare(&long, "1.10"), Ordering::Greater);
    }

    proptest! {
        #[test]
        fn it_is_that_of_another_reader(
            a in "([0-9]{1,2}:)?[0-9]{1,3}[a-z0-9.+~]{0,6}(-[a-z0-9.+~]{1,4})?",
            b in "([0-9]{1,2}:)?[0-9]{1,3}[a-z0-9.+~]{0,6}(-[a-z0-9.+~]{1,4})?",
        ) {
            if let (Ok(x), Ok(y)) = (a.parse::<debversion::Version>(), b.parse::<debversion::Version>()) {
                prop_assert_eq!(compare(&a, &b), x.cmp(&y), "{} {}", a, b);
            }
        }

        #[test]
        fn any_text_has_a_place(a in "\\PC{0,12}", b in "\\PC{0,12}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        }
    }
}
