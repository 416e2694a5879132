//! The order of Maven's `ComparableVersion`: a tree of numbers and words, a new branch behind every hyphen and wherever
//! digits and letters meet, <https://maven.apache.org/pom.html#version-order-specification>.

use std::cmp::Ordering;

use super::number_order;

/// Branches a version may have; what is deeper stays in the last one.
const MAX_DEPTH: usize = 64;

/// Words before a release, the release itself, and what comes right after it. Others are above all of them.
const QUALIFIERS: [&str; 7] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];

/// Compares two versions.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    list_order(&parse(a), &parse(b))
}

enum Item {
    Number(String),
    Word(String),
    List(Vec<Item>),
}

impl Item {
    fn word(text: &str, is_before_digit: bool) -> Self {
        Self::Word(String::from(match text {
            "a" if is_before_digit => "alpha",
            "b" if is_before_digit => "beta",
            "m" if is_before_digit => "milestone",
            "ga" | "final" | "release" => "",
            "cr" => "rc",
            other => other,
        }))
    }

    fn is_null(&self) -> bool {
        match self {
            Self::Number(digits) => digits.bytes().all(|b| b == b'0'),
            Self::Word(word) => word.is_empty(),
            Self::List(items) => items.is_empty(),
        }
    }

    /// What it is beside nothing.
    fn alone(&self) -> Ordering {
        match self {
            Self::Number(digits) => number_order(digits, ""),
            Self::Word(word) => word_order(word, ""),
            Self::List(items) => items.iter().map(Self::alone).find(|o| o.is_ne()).unwrap_or(Ordering::Equal),
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => number_order(a, b),
            (Self::Word(a), Self::Word(b)) => word_order(a, b),
            (Self::List(a), Self::List(b)) => list_order(a, b),
            (Self::Number(_), _) | (Self::List(_), Self::Word(_)) => Ordering::Greater,
            (Self::Word(_), _) | (Self::List(_), Self::Number(_)) => Ordering::Less,
        }
    }
}

fn word_order(a: &str, b: &str) -> Ordering {
    let rank = |word: &str| QUALIFIERS.iter().position(|known| *known == word).unwrap_or(QUALIFIERS.len());
    let by_rank = rank(a).cmp(&rank(b));
    by_rank.then_with(|| if rank(a) == QUALIFIERS.len() { a.cmp(b) } else { Ordering::Equal })
}

fn list_order(a: &[Item], b: &[Item]) -> Ordering {
    let mut pairs = (0..a.len().max(b.len())).map(|i| match (a.get(i), b.get(i)) {
        (Some(a), Some(b)) => a.order(b),
        (Some(a), None) => a.alone(),
        (None, Some(b)) => b.alone().reverse(),
        (None, None) => Ordering::Equal,
    });
    pairs.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn parse(version: &str) -> Vec<Item> {
    let version = version.trim().to_lowercase();
    // The innermost list is last; each is the last item of the one before it.
    let mut open: Vec<Vec<Item>> = vec![Vec::new()];
    let mut start = 0;
    let mut is_digit = false;
    let item = |text: &str, is_digit: bool| match (text.is_empty(), is_digit) {
        (true, _) => Item::Number(String::from("0")),
        (false, true) => Item::Number(text.to_owned()),
        (false, false) => Item::word(text, false),
    };
    for (at, c) in version.char_indices() {
        let text = version.get(start..at).unwrap_or_default();
        match c {
            '.' | '-' => {
                push(&mut open, item(text, is_digit));
                start = at + 1;
                if c == '-' {
                    branch(&mut open);
                }
            }
            '0'..='9' => {
                if !is_digit && at > start {
                    push(&mut open, Item::word(text, true));
                    start = at;
                    branch(&mut open);
                }
                is_digit = true;
            }
            _ => {
                if is_digit && at > start {
                    push(&mut open, item(text, true));
                    start = at;
                    branch(&mut open);
                }
                is_digit = false;
            }
        }
    }
    let rest = version.get(start..).unwrap_or_default();
    if !rest.is_empty() {
        push(&mut open, item(rest, is_digit));
    }
    let mut inner: Option<Vec<Item>> = None;
    while let Some(mut list) = open.pop() {
        list.extend(inner.take().map(Item::List));
        normalise(&mut list);
        inner = Some(list);
    }
    inner.unwrap_or_default()
}

fn push(open: &mut [Vec<Item>], item: Item) {
    if let Some(list) = open.last_mut() {
        list.push(item);
    }
}

fn branch(open: &mut Vec<Vec<Item>>) {
    if open.len() < MAX_DEPTH {
        open.push(Vec::new());
    }
}

/// Takes off what stands at the end and is nothing: zeros, words for a release, empty branches.
fn normalise(list: &mut Vec<Item>) {
    let mut at = list.len();
    while at > 0 {
        at -= 1;
        match list.get(at) {
            Some(item) if item.is_null() => {
                list.remove(at);
            }
            Some(Item::List(_)) => {}
            _ => break,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::packages::version::{check, check_ascending};

    #[test]
    fn the_order_of_maven() {
        // The sequences Maven tests itself with.
        check_ascending(
            compare,
            &[
                "1-alpha2snapshot",
                "1-alpha2",
                "1-alpha-123",
                "1-beta-2",
                "1-beta123",
                "1-m2",
                "1-m11",
                "1-rc",
                "1-cr2",
                "1-rc123",
                "1-SNAPSHOT",
                "1",
                "1-sp",
                "1-sp2",
                "1-sp123",
                "1-abc",
                "1-def",
                "1-pom-1",
                "1-1-snapshot",
                "1-1",
                "1-2",
                "1-123",
            ],
        );
        check_ascending(
            compare,
            &[
                "2.0", "2-1", "2.0.a", "2.0.0.a", "2.0.2", "2.0.123", "2.1.0", "2.1-a", "2.1b", "2.1-c", "2.1-1",
                "2.1.0.1", "2.2", "2.123", "11.a2", "11.a11", "11.b2", "11.b11", "11.m2", "11.m11", "11", "11.a",
                "11b", "11c", "11m",
            ],
        );
        for group in [
            &["1", "1.0", "1.0.0", "1-0", "1.0-0", "1ga", "1release", "1Final", "1-GA"][..],
            &["1a", "1-a", "1.0-a", "1.0.0-a", "1.0a", "1A"],
            &["1cr", "1rc", "1Cr"],
            &["1m3", "1-milestone-3", "1MileStone3"],
            &["0", "00", "0000000000000000000"],
            &["1x", "1.0.0-x", "1X"],
        ] {
            for a in group {
                check(compare, &group.iter().map(|b| (*a, *b, 0)).collect::<Vec<_>>());
            }
        }
        check(
            compare,
            &[
                ("1.0-alpha-1-SNAPSHOT", "1.0-alpha-1", -1),
                ("2.0.1-klm", "2.0.1-lmn", -1),
                ("2.0.1-xyz", "2.0.1-123", -1),
                ("6.1.0rc3", "6.1.0", -1),
                ("6.1.0rc3", "6.1H.5-beta", -1),
                ("6.1.0", "6.1H.5-beta", -1),
                ("123456789012345.1H.5-beta", "12345678901234567890.1H.5-beta", -1),
                ("1-0.alpha", "1-0.beta", -1),
                ("1-0.beta", "1", -1),
            ],
        );
    }

    #[test]
    fn a_version_without_end_is_compared_all_the_same() {
        let deep = |last: &str| format!("1{}-{last}", "-1".repeat(200_000));
        assert_eq!(compare(&deep("1"), &deep("2")), Ordering::Less);
    }

    proptest! {
        #[test]
        fn any_text_has_a_place(a in "\\PC{0,12}", b in "\\PC{0,12}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        }
    }
}
