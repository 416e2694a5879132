//! What tells one run's results from those of another. A service closes what a later run of the same category no longer has, so
//! that the category has to be the same on the next commit.

use crate::check::Report;

/// The automation id: what stands before its last slash is the category.
pub(super) fn id(report: &Report) -> String {
    let scope = &report.scope;
    if let Some(category) = &scope.category {
        return format!("{}/", category.trim_end_matches('/'));
    }
    let what = [scope.dockerfile.as_deref(), scope.target.as_deref(), scope.platform.as_deref()];
    let parts: Vec<&str> = what.into_iter().flatten().collect();
    let phase = if report.image.is_some() { "gate" } else { "lint" };
    format!("{}/{phase}/{}/", env!("CARGO_PKG_NAME"), parts.join("/")).replace("//", "/")
}

/// Why a category that a user chose will not do, when it holds what changes from one commit to the next: a digest, a commit, a
/// tag or a version.
pub fn category_warning(category: &str) -> Option<String> {
    let is_separator = |c: char| matches!(c, '/' | ':' | '@' | '-' | '_' | ' ' | '=');
    let found = category.split(is_separator).find_map(|word| {
        let is_hex = word.bytes().all(|b| b.is_ascii_hexdigit());
        let has = |is: fn(&u8) -> bool| word.bytes().any(|b| is(&b));
        let is_commit = is_hex && (7..=64).contains(&word.len()) && has(u8::is_ascii_digit);
        let numbers: Vec<&str> = word.strip_prefix('v').unwrap_or(word).split('.').collect();
        let is_number = |n: &&str| n.starts_with(|c: char| c.is_ascii_digit());
        let is_version = numbers.len() >= 3 && numbers.iter().all(is_number);
        match (is_commit, is_version) {
            (true, _) => Some((word, "a commit or digest")),
            (_, true) => Some((word, "a version")),
            _ => None,
        }
    });
    let tagged = || category.rsplit_once(':').filter(|(_, tag)| !tag.is_empty()).map(|(_, tag)| (tag, "a tag"));
    let (word, what) = found.or_else(tagged)?;
    Some(format!(
        "`{word}` in the category looks like {what}: a category that changes from run to run never closes the alerts of the last one"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_from_commit_to_commit_is_told() {
        for category in ["app/3f2a9c1", "app:1.4", "app@sha256:0123456789abcdef", "app-v1.2.3", "x/1.2.3-rc1"] {
            assert!(category_warning(category).is_some(), "{category}");
        }
        for category in ["dockgate", "app/linux/arm64", "ubuntu-22.04", "linux/arm/v7", "facade", "deadbeef"] {
            assert_eq!(category_warning(category), None, "{category}");
        }
    }
}
