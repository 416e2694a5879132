//! The order of RubyGems, as `Gem::Version` has it: numbers and words take turns, a word is below every number, and zeros
//! before a word or at the end do not count.

use std::cmp::Ordering;

use super::number_order;

/// Compares two versions.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (segments(a), segments(b));
    let mut pairs = (0..a.len().max(b.len())).map(|i| match (a.get(i), b.get(i)) {
        (Some(a), Some(b)) => a.order(b),
        // What is missing is 0.
        (Some(a), None) => a.order(&Segment::Number("")),
        (None, Some(b)) => Segment::Number("").order(b),
        (None, None) => Ordering::Equal,
    });
    pairs.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Number(&'a str),
    Word(&'a str),
}

impl Segment<'_> {
    fn order(&self, other: &Segment<'_>) -> Ordering {
        match (self, other) {
            (Self::Number(a), Segment::Number(b)) => number_order(a, b),
            (Self::Word(a), Segment::Word(b)) => a.cmp(b),
            (Self::Number(_), Segment::Word(_)) => Ordering::Greater,
            (Self::Word(_), Segment::Number(_)) => Ordering::Less,
        }
    }

    fn is_zero(&self) -> bool {
        matches!(self, Self::Number(digits) if digits.bytes().all(|b| b == b'0'))
    }
}

/// The segments that count. A hyphen begins a pre-release.
fn segments(version: &str) -> Vec<Segment<'_>> {
    let (mut leading, mut rest): (Vec<Segment<'_>>, Vec<Segment<'_>>) = (Vec::new(), Vec::new());
    for (index, piece) in version.trim().split('-').enumerate() {
        if index > 0 {
            rest.push(Segment::Word("pre"));
        }
        let mut piece = piece;
        while let Some(first) = piece.chars().next() {
            let is_kind = |c: char| match first {
                '0'..='9' => c.is_ascii_digit(),
                _ if first.is_ascii_alphabetic() => c.is_ascii_alphabetic(),
                _ => !c.is_ascii_alphanumeric(),
            };
            let (run, after) = piece.split_at(piece.find(|c| !is_kind(c)).unwrap_or(piece.len()));
            piece = after;
            match first {
                '0'..='9' if rest.is_empty() => leading.push(Segment::Number(run)),
                '0'..='9' => rest.push(Segment::Number(run)),
                _ if first.is_ascii_alphabetic() => rest.push(Segment::Word(run)),
                _ => {}
            }
        }
    }
    for part in [&mut leading, &mut rest] {
        while part.last().is_some_and(Segment::is_zero) {
            part.pop();
        }
    }
    leading.append(&mut rest);
    leading
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use proptest::prelude::*;

    use super::*;
    use crate::packages::version::{check, check_ascending};

    #[test]
    fn the_order_of_rubygems() {
        // From the tests of RubyGems, and its documentation.
        check_ascending(
            compare,
            &[
                "0.beta.1",
                "0.0.1.dev",
                "0.0.1",
                "1.0.a.2",
                "1.0.b1",
                "1.0",
                "1.8.2.a",
                "1.8.2.a9",
                "1.8.2.a10",
                "1.8.2.b",
                "1.8.2",
                "5.2.4",
                "5.3",
            ],
        );
        check(
            compare,
            &[
                ("1.0", "1", 0),
                ("1.0.0", "1.0", 0),
                ("", "0", 0),
                ("0.beta.1", "0.0.beta.1", 0),
                ("0.0.beta", "0.0.beta.1", -1),
                ("0.0.beta", "0.beta.1", -1),
                ("5.a", "5.0.0.rc2", -1),
                ("5.x", "5.0.0.rc2", 1),
                ("1.9.3", "1.9.2.99", 1),
                ("1.9.3", "1.9.3.1", -1),
                ("1.0.0-1", "1", -1),
                ("1.0.0-alpha", "1.0.0.pre.alpha", 0),
                ("1.0.0-1", "1.0.0.pre.1", 0),
                // A number is one however long it is.
                ("1.20250101120000", "1.3", 1),
            ],
        );
    }

    proptest! {
        #[test]
        fn it_is_that_of_another_reader(
            a in "[0-9]{1,3}(\\.[0-9a-z]{1,3}){0,4}(-[a-z0-9]{1,2})?",
            b in "[0-9]{1,3}(\\.[0-9a-z]{1,3}){0,4}(-[a-z0-9]{1,2})?",
        ) {
            if let (Ok(x), Ok(y)) = (gem_version::GemVersion::from_str(&a), gem_version::GemVersion::from_str(&b)) {
                prop_assert_eq!(compare(&a, &b), x.cmp(&y), "{} {}", a, b);
            }
        }

        #[test]
        fn any_text_has_a_place(a in "\\PC{0,12}", b in "\\PC{0,12}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        }
    }
}
