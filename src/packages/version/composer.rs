//! The order of Composer, which normalises versions and compares them as PHP's `version_compare` does: words for the
//! stability of a release have ranks, `dev` lowest and patches above the release itself.

use std::cmp::Ordering;

use super::{is_number, number_order};

/// Compares two versions. Build metadata does not count, nor does a `v` in front.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (parts(a), parts(b));
    let mut pairs = (0..a.len().max(b.len())).map(|i| {
        let (a, b) = (a.get(i).map(String::as_str), b.get(i).map(String::as_str));
        match (a, b) {
            (Some(a), Some(b)) => part_order(a, b),
            (Some(a), None) => missing_order(a),
            (None, Some(b)) => missing_order(b).reverse(),
            (None, None) => Ordering::Equal,
        }
    });
    pairs.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Numbers and words, four numbers at least.
fn parts(version: &str) -> Vec<String> {
    let version = version.trim().trim_start_matches(['v', 'V']).to_ascii_lowercase();
    let version = version.split('+').next().unwrap_or_default();
    if let Some(branch) = branch(version) {
        return branch;
    }
    let mut parts: Vec<String> = Vec::new();
    let mut last = None;
    for c in version.chars() {
        let kind = if c.is_ascii_digit() { 1 } else { u8::from(c.is_ascii_alphabetic()) * 2 };
        match parts.last_mut() {
            Some(part) if kind != 0 && last == Some(kind) => part.push(c),
            _ if kind != 0 => parts.push(c.to_string()),
            _ => {}
        }
        last = Some(kind);
    }
    let numbers = parts.iter().take_while(|p| p.starts_with(|c: char| c.is_ascii_digit())).count();
    if numbers > 0 {
        for _ in numbers..4 {
            parts.insert(numbers, String::from("0"));
        }
    }
    parts
}

/// The branch a version stands for: `2.1.x-dev` is above every release of 2.1, and below 2.2.
fn branch(version: &str) -> Option<Vec<String>> {
    let numbers = version.strip_suffix("-dev").unwrap_or(version).strip_suffix(".x")?;
    let mut parts: Vec<String> = numbers.split('.').map(str::to_owned).collect();
    if parts.len() > 3 || !parts.iter().all(|part| is_number(part)) {
        return None;
    }
    parts.resize(4, String::from("9999999"));
    parts.push(String::from("dev"));
    Some(parts)
}

/// What a part is worth beside one that is missing.
fn missing_order(part: &str) -> Ordering {
    match rank(part) {
        Some(rank) => rank.cmp(&rank_of_number()),
        None => Ordering::Greater,
    }
}

fn part_order(a: &str, b: &str) -> Ordering {
    match (rank(a), rank(b)) {
        (None, None) => number_order(a, b),
        (Some(a_rank), Some(b_rank)) => a_rank.cmp(&b_rank),
        (Some(rank), None) => rank.cmp(&rank_of_number()),
        (None, Some(rank)) => rank_of_number().cmp(&rank),
    }
}

/// The rank of a word, `None` for a number. Words that mean nothing are lowest.
fn rank(part: &str) -> Option<u8> {
    if part.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some(match part {
        "dev" => 1,
        "alpha" | "a" => 2,
        "beta" | "b" => 3,
        "rc" | "c" => 4,
        "stable" => rank_of_number(),
        "patch" | "pl" | "p" => 6,
        _ => 0,
    })
}

const fn rank_of_number() -> u8 {
    5
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::packages::version::{check, check_ascending};

    #[test]
    fn stability_has_ranks() {
        check_ascending(
            compare,
            &[
                "dev-main",
                "1.0.0-dev",
                "1.0.0-alpha1",
                "1.0.0-alpha2",
                "1.0.0-beta",
                "1.0.0-RC1",
                "1.0.0-RC12",
                "1.0.0",
                "1.0.0-p1",
                "1.0.0-patch2",
                "1.0.1",
                "1.10",
                "2.0.0-dev",
                "v2",
            ],
        );
        check(
            compare,
            &[
                ("v1.0", "1.0.0.0", 0),
                ("1.0.0-b2", "1.0.0-beta.2", 0),
                ("1.0.0+x", "1.0.0", 0),
                ("1.0.0-stable", "1.0.0", 0),
                ("2.1.x-dev", "2.1.99", 1),
                ("2.1.x-dev", "2.2.0-dev", -1),
                ("2.x-dev", "2.1.x-dev", 1),
                ("v2.x-dev", "3.0.0-alpha1", -1),
            ],
        );
    }

    proptest! {
        #[test]
        fn any_text_has_a_place(a in "\\PC{0,12}", b in "\\PC{0,12}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        }
    }
}
