//! The line fingerprint GitHub's code scanning keeps alerts apart by (`primaryLocationLineHash`), as its own uploader
//! computes it: a 64-bit polynomial hash (multiplier 37) of the 100 characters that begin at a line's start, blanks and
//! tabs left out, every line ending read as one line feed, running on into the lines below.

use std::collections::HashMap;

/// Characters a hash covers.
const BLOCK: usize = 100;
/// Multiplier of the polynomial.
const MULTIPLIER: u64 = 37;
/// What the uploader appends at the end of a file.
const END: u64 = 65_535;

/// The hash of every line of `text`, in order: hexadecimal, and behind a colon how often it has occurred so far.
pub(super) fn line_hashes(text: &str) -> Vec<String> {
    let (mut units, mut starts) = (Vec::with_capacity(text.len() + 1), Vec::new());
    let (mut at_line_start, mut after_return) = (true, false);
    for unit in text.encode_utf16().map(u64::from).chain([END]) {
        let is_half_of_ending = after_return && unit == u64::from(b'\n');
        after_return = unit == u64::from(b'\r');
        if is_half_of_ending || unit == u64::from(b' ') || unit == u64::from(b'\t') {
            continue;
        }
        if at_line_start {
            starts.push(units.len());
        }
        let unit = if after_return { u64::from(b'\n') } else { unit };
        at_line_start = unit == u64::from(b'\n');
        units.push(unit);
    }
    let mut seen: HashMap<u64, usize> = HashMap::new();
    let hash = |start: usize| {
        let block = (start..start + BLOCK).map(|i| units.get(i).copied().unwrap_or(0));
        block.fold(0_u64, |hash, unit| hash.wrapping_mul(MULTIPLIER).wrapping_add(unit))
    };
    starts
        .into_iter()
        .map(|start| {
            let hash = hash(start);
            let count = seen.entry(hash).or_default();
            *count += 1;
            format!("{hash:x}:{count}")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_line_endings_do_not_matter_and_repeats_are_counted() {
        let plain = line_hashes("FROM a\nRUN b\n");
        assert_eq!(plain.len(), 3, "the end of the file after the last newline counts as a line");
        assert_eq!(line_hashes("  FROM\ta\r\nRUN  b\r\n"), plain);
        assert_eq!(line_hashes("FROM a\rRUN b\r"), plain);
        let line = "x".repeat(150) + "\n";
        let hashes = line_hashes(&line.repeat(3));
        let (first, second) = (hashes[0].split_once(':'), hashes[1].split_once(':'));
        assert_eq!(first.map(|(h, _)| h), second.map(|(h, _)| h));
        assert_eq!((first.map(|(_, n)| n), second.map(|(_, n)| n)), (Some("1"), Some("2")));
    }

    #[test]
    fn the_hash_is_the_polynomial_over_the_block() {
        // `a`, then the end mark, then 98 zeros.
        let expected = (0..98).fold(97_u64.wrapping_mul(37).wrapping_add(65_535), |h, _| h.wrapping_mul(37));
        assert_eq!(line_hashes("a"), [format!("{expected:x}:1")]);
    }
}
