//! The order of Maven's `ComparableVersion`: a tree of numbers and words, a new branch behind every hyphen, before every word
//! behind a number, and wherever digits and letters meet, <https://maven.apache.org/pom.html#version-order-specification>.

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
    /// A word with the number behind it: `rc1`, `rc-1`.
    Numbered(String, String),
    List(Vec<Item>),
}

impl Item {
    fn is_null(&self) -> bool {
        match self {
            Self::Number(digits) => is_zero(digits),
            Self::Word(word) => word.is_empty(),
            Self::Numbered(..) => false,
            Self::List(items) => items.is_empty(),
        }
    }

    /// What it is beside nothing.
    fn alone(&self) -> Ordering {
        match self {
            Self::Number(digits) => number_order(digits, ""),
            Self::Word(word) => word_order(word, ""),
            Self::Numbered(word, digits) => word_order(word, "").then_with(|| number_order(digits, "")),
            Self::List(items) => items.iter().map(Self::alone).find(|o| o.is_ne()).unwrap_or(Ordering::Equal),
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => number_order(a, b),
            (Self::Number(_), _) => Ordering::Greater,
            (_, Self::Number(_)) => Ordering::Less,
            (Self::Word(a), Self::Word(b)) => word_order(a, b),
            (Self::Numbered(a, number_a), Self::Numbered(b, number_b)) => {
                word_order(a, b).then_with(|| number_order(number_a, number_b))
            }
            (Self::Numbered(a, number), Self::Word(b)) => word_order(a, b).then_with(|| match word_order(a, "") {
                // The number of a release counts, any number of another word is above none.
                Ordering::Equal => number_order(number, ""),
                _ => Ordering::Greater,
            }),
            (Self::Word(_), Self::Numbered(..)) => other.order(self).reverse(),
            (Self::List(a), Self::List(b)) => list_order(a, b),
            (Self::List(a), word) => {
                let first = a.first().map_or_else(|| word.alone().reverse(), |first| first.order(word));
                let rest = a.iter().skip(1).map(Self::alone).find(|o| o.is_ne());
                first.then(rest.unwrap_or(Ordering::Equal))
            }
            (_, Self::List(_)) => other.order(self).reverse(),
        }
    }
}

/// A word as it is compared. One letter is short for a word where a number follows.
fn word(text: &str, is_before_digit: bool) -> String {
    String::from(match text {
        "a" if is_before_digit => "alpha",
        "b" if is_before_digit => "beta",
        "m" if is_before_digit => "milestone",
        "cr" => "rc",
        other => other,
    })
}

fn is_zero(digits: &str) -> bool {
    digits.bytes().all(|b| b == b'0')
}

fn word_order(a: &str, b: &str) -> Ordering {
    let rank = |word: &str| match word {
        "ga" | "final" | "release" => word_rank(""),
        other => word_rank(other),
    };
    let by_rank = rank(a).cmp(&rank(b));
    by_rank.then_with(|| if rank(a) == QUALIFIERS.len() { a.cmp(b) } else { Ordering::Equal })
}

fn word_rank(word: &str) -> usize {
    QUALIFIERS.iter().position(|known| *known == word).unwrap_or(QUALIFIERS.len())
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
    let mut open = Open(vec![Vec::new()]);
    // The part being read, whether it ends in digits, and whether a word is before them.
    let (mut start, mut is_digit, mut is_numbered) = (0, false, false);
    for (at, c) in version.char_indices() {
        let part = version.get(start..at).unwrap_or_default();
        match c {
            // `rc-1` is `rc1`.
            '-' if !part.is_empty() && !is_digit && next_is_digit(&version, at) => is_numbered = true,
            '.' | '-' => {
                open.push(item(part, is_digit, is_numbered));
                if c == '-' {
                    open.branch();
                }
                (start, is_numbered) = (at + 1, false);
            }
            '0'..='9' => {
                if !is_digit && !part.is_empty() {
                    is_numbered = true;
                    open.branch_behind_something();
                }
                is_digit = true;
            }
            _ => {
                if is_digit && !part.is_empty() {
                    open.push(item(part, true, is_numbered));
                    open.branch();
                    (start, is_numbered) = (at, false);
                }
                is_digit = false;
            }
        }
    }
    let rest = version.get(start..).unwrap_or_default();
    if !rest.is_empty() {
        if !is_digit {
            // `.x` is `-x`.
            open.branch_behind_something();
        }
        open.push(item(rest, is_digit, is_numbered));
    }
    open.close()
}

fn next_is_digit(version: &str, at: usize) -> bool {
    version.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit)
}

/// What a part of a version is; an empty one is 0.
fn item(part: &str, is_digit: bool, is_numbered: bool) -> Item {
    if part.is_empty() {
        return Item::Number(String::new());
    }
    match (is_numbered, is_digit) {
        (true, _) => {
            let (name, digits) = part.split_at(part.find(|c: char| c.is_ascii_digit()).unwrap_or(part.len()));
            Item::Numbered(word(&name.replace('-', ""), true), digits.to_owned())
        }
        (false, true) => Item::Number(part.to_owned()),
        (false, false) => Item::Word(word(part, false)),
    }
}

/// The lists that are being read. The innermost is last; each becomes the last item of the one before it.
struct Open(Vec<Vec<Item>>);

impl Open {
    fn push(&mut self, item: Item) {
        if let Some(list) = self.0.last_mut() {
            list.push(item);
        }
    }

    fn branch(&mut self) {
        if self.0.len() < MAX_DEPTH {
            self.0.push(Vec::new());
        }
    }

    fn branch_behind_something(&mut self) {
        if self.0.last().is_some_and(|list| !list.is_empty()) {
            self.branch();
        }
    }

    fn close(mut self) -> Vec<Item> {
        let mut inner: Option<Vec<Item>> = None;
        while let Some(mut list) = self.0.pop() {
            list.extend(inner.take().map(Item::List));
            inner = Some(normalised(list));
        }
        inner.unwrap_or_default()
    }
}

/// Takes off what is nothing, at the end and before a word: zeros, empty words and branches.
fn normalised(mut list: Vec<Item>) -> Vec<Item> {
    for at in (0..list.len()).rev() {
        let is_word = |item: &Item| matches!(item, Item::Word(_) | Item::Numbered(..));
        let is_before_word = match list.get(at + 1) {
            None | Some(Item::Word(_)) => true,
            Some(Item::List(inner)) => inner.first().is_some_and(is_word),
            Some(_) => false,
        };
        if is_before_word && list.get(at).is_some_and(Item::is_null) {
            list.remove(at);
        }
    }
    if matches!(list.as_slice(), [Item::List(_)])
        && let Some(Item::List(inner)) = list.pop()
    {
        return inner;
    }
    list
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
                "2.0", "2.0.a", "2-1", "2.0.2", "2.0.123", "2.1.0", "2.1-a", "2.1b", "2.1-c", "2.1-1", "2.1.0.1",
                "2.2", "2.123", "11.a2", "11.a11", "11.b2", "11.b11", "11.m2", "11.m11", "11", "11.a", "11b", "11c",
                "11m",
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
    fn a_word_behind_a_dot_is_one_behind_a_hyphen() {
        for word in ["abc", "alpha", "a", "beta", "b", "def", "milestone", "m", "RC"] {
            let with = |before: &str, after: &str| format!("{before}{word}{after}");
            assert_eq!(compare(&with("1.0.0.", "1"), &with("1.0.0-", "2")), Ordering::Less, "{word}");
            for (a, b) in [("2-", "2.0."), ("2-", "2.0.0."), ("2.0.", "2.0.0.")] {
                assert_eq!(compare(&with(a, ""), &with(b, "")), Ordering::Equal, "{word}");
            }
        }
        check(
            compare,
            &[
                ("1.0.final-redhat", "1.0-sp1-redhat", -1),
                ("1.0.final-redhat", "1.0-sp-1-redhat", -1),
                ("1.0.final-redhat", "1.0-sp.1-redhat", -1),
                // A milestone, however its number is set off.
                ("1.0-M-6", "1.0", -1),
                ("1.0-M6", "1.0-M-6", 0),
                ("1.0.RC2", "1.0-RC3", -1),
                ("1.0-RC3", "1.0.1", -1),
                ("2.0.RC1", "2.0.Final", -1),
                ("31.1-android", "31.1-jre", -1),
                ("1.a", "1.A", 0),
                ("1-rc", "1-rc0", -1),
                ("1-ga1", "1", 1),
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
