//! The nearest known name to one that is not known.

/// The candidate with the smallest edit distance to `name`, without regard to ASCII case, when it is near enough to
/// be a slip of the hand (at most a third of its length).
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_ascii_lowercase();
    let scored = candidates.into_iter().map(|c| (distance(&wanted, &c.to_ascii_lowercase()), c));
    scored.min().filter(|(d, c)| *d <= c.chars().count().div_ceil(3)).map(|(_, c)| c)
}

fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_a_stranger_is_not() {
        assert_eq!(closest("untaged-base", ["untagged-base", "latest-base"]), Some("untagged-base"));
        assert_eq!(closest("COPPY", ["COPY", "RUN"]), Some("COPY"));
        assert_eq!(closest("zzzzzz", ["COPY", "RUN"]), None);
    }
}
