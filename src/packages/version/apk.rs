//! apk's order of versions.

use std::cmp::Ordering;

use super::{number_order, split_after_digits};

/// apk's order: `1.2.3a_rc1_p2~0a1b-r4`. Versions are compared part by part; where the parts are of two kinds, the version
/// that goes on is above the one that ends, unless it goes on with a suffix of a pre-release.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (Parts::of(a), Parts::of(b));
    loop {
        let (one, other) = (a.next(), b.next());
        let order = match (one, other) {
            (Part::End, Part::End) | (Part::Invalid, Part::Invalid) => return Ordering::Equal,
            (Part::First(a), Part::First(b)) => number_order(a, b),
            // A number that begins with a zero is a fraction.
            (Part::Number(a), Part::Number(b)) if a.starts_with('0') || b.starts_with('0') => a.cmp(b),
            (Part::Number(a), Part::Number(b)) => number_order(a, b),
            (Part::Letter(a), Part::Letter(b)) => a.cmp(&b),
            (Part::Suffix(a), Part::Suffix(b)) => a.cmp(&b),
            (Part::SuffixNumber(a), Part::SuffixNumber(b)) | (Part::Revision(a), Part::Revision(b)) => {
                number_order(a, b)
            }
            (Part::Commit(a), Part::Commit(b)) => a.cmp(b),
            (Part::Suffix(rank), _) if rank < 0 => Ordering::Less,
            (_, Part::Suffix(rank)) if rank < 0 => Ordering::Greater,
            (one, other) => other.place().cmp(&one.place()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Suffixes of apk's versions: those before a release are below none at all, those after it above.
const SUFFIXES: [(&str, i8); 9] =
    [("alpha", -4), ("beta", -3), ("pre", -2), ("rc", -1), ("cvs", 1), ("svn", 2), ("git", 3), ("hg", 4), ("p", 5)];

/// A part of a version. Only the number in front is always there, and what comes later in this list comes later in a version.
#[derive(Clone, Copy)]
enum Part<'a> {
    First(&'a str),
    Number(&'a str),
    Letter(char),
    /// Its rank.
    Suffix(i8),
    SuffixNumber(&'a str),
    Commit(&'a str),
    Revision(&'a str),
    End,
    /// What cannot stand where it stands; nothing after it is looked at.
    Invalid,
}

impl Part<'_> {
    fn place(self) -> u8 {
        match self {
            Self::First(_) => 0,
            Self::Number(_) => 1,
            Self::Letter(_) => 2,
            Self::Suffix(_) => 3,
            Self::SuffixNumber(_) => 4,
            Self::Commit(_) => 5,
            Self::Revision(_) => 6,
            Self::End => 7,
            Self::Invalid => 8,
        }
    }
}

/// Takes a version apart.
struct Parts<'a> {
    rest: &'a str,
    /// The place of the part before; `None` at the beginning.
    before: Option<u8>,
}

impl<'a> Parts<'a> {
    fn of(version: &'a str) -> Self {
        Self { rest: version.trim(), before: None }
    }

    fn next(&mut self) -> Part<'a> {
        let part = self.read().unwrap_or(Part::Invalid);
        self.before = Some(part.place());
        part
    }

    fn read(&mut self) -> Option<Part<'a>> {
        let Some(before) = self.before else { return self.digits().map(Part::First) };
        let rest = self.rest;
        let Some(first) = rest.chars().next() else { return Some(Part::End) };
        let after = rest.get(first.len_utf8()..)?;
        match first {
            'a'..='z' if before <= 1 => {
                self.rest = after;
                Some(Part::Letter(first))
            }
            '.' if before <= 1 => {
                self.rest = after;
                self.digits().map(Part::Number)
            }
            '0'..='9' if before == 3 => self.digits().map(Part::SuffixNumber),
            '_' if before <= 4 => {
                let (name, left) = after.split_at(after.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(after.len()));
                self.rest = left;
                SUFFIXES.iter().find(|(known, _)| *known == name).map(|(_, rank)| Part::Suffix(*rank))
            }
            '~' if before < 5 => {
                let (hash, left) = after.split_at(after.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(after.len()));
                self.rest = left;
                (!hash.is_empty()).then_some(Part::Commit(hash))
            }
            '-' if before < 6 => {
                self.rest = after.strip_prefix('r')?;
                self.digits().map(Part::Revision)
            }
            _ => None,
        }
    }

    /// Digits, of which there is one at least.
    fn digits(&mut self) -> Option<&'a str> {
        let (digits, rest) = split_after_digits(self.rest);
        self.rest = rest;
        (!digits.is_empty()).then_some(digits)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
            ("1.3-r0", "1.3.1-r0", -1),
            ("1.3_pre1-r1", "1.3.2", -1),
            ("1.0_p10-r0", "1.0_p9-r0", 1),
            ("6.1_pre1", "6.1", -1),
            ("6.1_p1", "6.1", 1),
            // A version that goes on is another one, even with zeros.
            ("1.0", "1.0-r0", -1),
            ("1.0_p", "1.0_p0", -1),
            ("1.0-r0", "1.0-r00", 0),
            // A commit stands between the suffixes and the revision.
            ("1.0~0a1b", "1.0", 1),
            ("1.0~0a1b", "1.0~0a1c", -1),
            ("1.0~0a1b", "1.0-r1", 1),
            ("1.0~0a1b", "1.0_p1", -1),
            ("1.0~0a1b-r1", "1.0~0a1b-r2", -1),
            ("1.0_git1~0a1b", "1.0_git2", -1),
        ];
        check(compare, &cases);
    }

    proptest! {
        #[test]
        fn any_text_has_a_place(a in "\\PC{0,12}", b in "\\PC{0,12}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        }
    }
}
