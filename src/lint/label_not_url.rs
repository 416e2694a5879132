use super::{Facts, Reporter, labels};

/// Reports labels that have to hold an absolute URL and do not.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    labels::report_values(facts, report, "a URL", "https://example.com/app", is_url);
}

/// An absolute URI (RFC 3986): a scheme, a colon, and something after it that needs no escape.
fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    let is_plain =
        |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}');
    let has_host =
        rest.strip_prefix("//").is_none_or(|after| !after.is_empty() && !after.starts_with('/') || scheme == "file");
    is_scheme && !rest.is_empty() && rest.bytes().all(is_plain) && has_host
}

#[cfg(test)]
mod tests {
    use super::is_url;

    #[test]
    fn urls_are_absolute() {
        for url in
            ["https://a.example", "http://localhost:80/x?y=1#z", "mailto:a@b.example", "git+ssh://h/r.git", "file:///x"]
        {
            assert!(is_url(url), "{url}");
        }
        for other in
            ["", "a.example", "/path", "https://", "https:", "https:///x", "ht tp://x", "https://a b", "1a:b", "://x"]
        {
            assert!(!is_url(other), "{other}");
        }
    }
}
