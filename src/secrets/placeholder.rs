//! Telling a secret from what stands in for one.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// Words that nobody's secret holds, but documentation and templates do.
const WORDS: [&str; 20] = [
    "example",
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
    "your_",
    "your-",
    "yourtoken",
    "yourkey",
    "xxxx",
    "redacted",
    "replace_",
    "replace-",
    "insert_",
    "insert-",
    "${",
    "$(",
    "{{",
    "****",
    "....",
];
/// Runs that people type when they need any text at all.
const RUNS: [&str; 2] = ["0123456789abcdef0123456789abcdef", "abcdefghijklmnopqrstuvwxyz0123456789"];

/// Whether `secret` is a placeholder: a template variable, a documented example, a keyboard run, or hardly any
/// different characters.
pub fn is_placeholder(secret: &str) -> bool {
    static FINDER: LazyLock<Option<AhoCorasick>> =
        LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(WORDS).ok());
    let is_bracketed = |open, close| secret.starts_with(open) && secret.ends_with(close);
    let is_variable =
        secret.starts_with('$') || is_bracketed('<', '>') || is_bracketed('%', '%') || is_bracketed('{', '}');
    is_variable || FINDER.as_ref().is_some_and(|finder| finder.is_match(secret)) || is_monotonous(secret)
}

/// At most three different characters after a prefix such as `ghp_`, or a keyboard run.
fn is_monotonous(secret: &str) -> bool {
    let body = secret.rsplit(['_', '-', '.']).next().unwrap_or(secret);
    if body.len() < 8 {
        return false;
    }
    let mut seen = [false; 256];
    body.bytes().for_each(|b| seen[usize::from(b)] = true);
    let lower = body.to_ascii_lowercase();
    seen.iter().filter(|s| **s).count() <= 3 || RUNS.iter().any(|run| run.contains(&lower))
}

/// Shannon entropy of the bytes, in bits a byte.
pub(super) fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    bytes.iter().for_each(|b| counts[usize::from(*b)] += 1);
    let total = bytes.len() as f64;
    let part = |count: u32| {
        let share = f64::from(count) / total;
        -share * share.log2()
    };
    counts.into_iter().filter(|count| *count > 0).map(part).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_are_told_from_secrets() {
        let stand_ins = [
            "AKIAIOSFODNN7EXAMPLE",
            "ChangeMe123",
            "ghp_xxxxxxxxxxxx",
            "${TOKEN}",
            "$TOKEN",
            "<token>",
            "glpat-00000000000",
            "abcdefgh",
            "{{ secret }}",
            "%PASSWORD%",
            "your_api_key_here",
        ];
        for text in stand_ins {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["hunter2", "q3TxWz9k", "npm_aB3dE5gH7jK9mN1pQ3", "p@ss;w0rd"] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn entropy_is_in_bits_a_byte() {
        assert_eq!(entropy(b""), 0.0);
        assert_eq!(entropy(b"aaaa"), 0.0);
        assert_eq!(entropy(b"abcd"), 2.0);
    }
}
