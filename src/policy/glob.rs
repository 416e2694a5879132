//! Globs over paths, for waivers.

use std::fmt;

use regex::Regex;

/// A compiled glob: `*` and `?` stay within a path component, `**` crosses them, `[…]` is a class and `\` escapes.
/// A glob without a slash is matched against the last component, any other against the whole path.
#[derive(Clone)]
pub struct PathGlob {
    text: String,
    regex: Regex,
}

impl PathGlob {
    /// Compiles a glob.
    ///
    /// # Errors
    /// With what is wrong, in words, for an empty glob, an open class or a glob of an unreasonable size.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err(String::from("an empty path matches nothing"));
        }
        let body = translate(text).ok_or_else(|| format!("`{text}` has a `[` that is not closed"))?;
        let anchored = if text.contains('/') { format!("^(?:{body})$") } else { format!("^(?:.*/)?(?:{body})$") };
        let builder = regex::RegexBuilder::new(&anchored).dot_matches_new_line(true).size_limit(1 << 20).build();
        let regex = builder.map_err(|_| format!("`{text}` is not a glob"))?;
        Ok(Self { text: text.to_owned(), regex })
    }

    /// Whether a `/`-separated path matches.
    pub fn matches(&self, path: &str) -> bool {
        self.regex.is_match(path)
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for PathGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PathGlob({:?})", self.text)
    }
}

/// A glob as a regular expression; `None` when a class is not closed.
fn translate(glob: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = glob;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '*' if rest.starts_with("*/") => {
                rest = &rest[2..];
                out.push_str("(?:.*/)?");
            }
            '*' if rest.starts_with('*') => {
                rest = &rest[1..];
                out.push_str(".*");
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '[' => {
                // A `]` right at the start is a member of the class.
                let negation = usize::from(rest.starts_with(['!', '^']));
                let close = rest.char_indices().skip(negation + 1).find(|(_, c)| *c == ']')?.0;
                let members = &rest[negation..close];
                out.push_str(if negation == 1 { "[^/" } else { "[" });
                for member in members.chars() {
                    if member != '-' && member.is_ascii_punctuation() {
                        out.push('\\');
                    }
                    out.push(member);
                }
                out.push(']');
                rest = &rest[close + 1..];
            }
            c => {
                let literal = match (c, rest.chars().next()) {
                    ('\\', Some(next)) => {
                        rest = &rest[next.len_utf8()..];
                        next
                    }
                    _ => c,
                };
                out.push_str(&regex::escape(literal.encode_utf8(&mut [0; 4])));
            }
        }
    }
    Some(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn stars_stop_at_slashes_and_double_stars_do_not() {
        let cases = [
            ("docker/*.Dockerfile", "docker/api.Dockerfile", true),
            ("docker/*.Dockerfile", "docker/a/api.Dockerfile", false),
            ("docker/**", "docker/a/b", true),
            ("**/Dockerfile", "Dockerfile", true),
            ("**/Dockerfile", "a/b/Dockerfile", true),
            ("**/Dockerfile", "a/xDockerfile", false),
            ("*.pem", "certs/ca.pem", true),
            ("/usr/bin/su?o", "/usr/bin/sudo", true),
            ("/usr/bin/[a-s]udo", "/usr/bin/sudo", true),
            ("/usr/bin/[!a-s]udo", "/usr/bin/sudo", false),
            ("a/[]x]", "a/]", true),
            (r"a/\*", "a/*", true),
            (r"a/\*", "a/b", false),
            ("a+b/.", "aab/x", false),
            ("*", "with\nnewline", true),
        ];
        for (glob, path, expected) in cases {
            assert_eq!(PathGlob::new(glob).unwrap().matches(path), expected, "{glob} on {path}");
        }
    }

    #[test]
    fn what_is_no_glob_is_refused() {
        assert!(PathGlob::new("").is_err());
        assert!(PathGlob::new("a[bc").is_err());
        assert!(PathGlob::new("ä[").is_err());
        assert!(PathGlob::new("a/[z-a]").is_err());
    }
}
