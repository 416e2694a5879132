use super::{Facts, Reporter, labels};

/// Reports labels that have to hold a Git commit and do not.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let example = "a1b2c3d, or all 40 digits";
    labels::report_values(facts, report, "a Git commit, whole or its first 7 digits", example, is_commit);
}

/// 40 lower-case hexadecimal digits (64 for SHA-256 repositories), or the 7 of the short form.
fn is_commit(text: &str) -> bool {
    matches!(text.len(), 7 | 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
