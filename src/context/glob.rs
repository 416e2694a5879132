//! Wildcards as Go's `filepath.Match` reads them: what COPY sources are matched by, and the syntax a line of a
//! `.dockerignore` must have.

use std::str::Chars;

use thiserror::Error;

/// A pattern that `filepath.Match` refuses.
#[derive(Debug, Error, PartialEq, Eq, Clone, Copy)]
pub enum Malformed {
    /// `[` without its `]`.
    #[error("a `[` has no matching `]`")]
    OpenClass,
    /// `[]`, or a range without both ends.
    #[error("a `[…]` is empty or has a range without an end")]
    BadRange,
    /// A backslash with nothing after it.
    #[error("a `\\` at the end escapes nothing")]
    LoneEscape,
}

/// A compiled wildcard pattern: `*` and `?` stop at `/`, `[a-b]` and `[^a-b]` do not, `\` escapes.
#[derive(Debug)]
pub(super) struct Glob {
    tokens: Vec<Token>,
}

#[derive(Debug)]
enum Token {
    Star,
    Any,
    Char(char),
    Class { is_negated: bool, ranges: Vec<(char, char)> },
}

impl Token {
    fn accepts(&self, c: char) -> bool {
        match self {
            Self::Star => false,
            Self::Any => c != '/',
            Self::Char(wanted) => *wanted == c,
            Self::Class { is_negated, ranges } => ranges.iter().any(|(lo, hi)| (lo..=hi).contains(&&c)) != *is_negated,
        }
    }
}

impl Glob {
    /// Compiles `pattern`.
    ///
    /// # Errors
    /// Where `filepath.Match` gives `ErrBadPattern`.
    pub(super) fn new(pattern: &str) -> Result<Self, Malformed> {
        let mut tokens = Vec::new();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            tokens.push(match c {
                '*' => Token::Star,
                '?' => Token::Any,
                '[' => class(&mut chars)?,
                '\\' => Token::Char(chars.next().ok_or(Malformed::LoneEscape)?),
                c => Token::Char(c),
            });
        }
        Ok(Self { tokens })
    }

    /// Whether the whole of `name` matches.
    pub(super) fn matches(&self, name: &str) -> bool {
        let (mut at, mut rest) = (0, name);
        // Where to go on from when the last star has to take one more character.
        let mut retry: Option<(usize, &str)> = None;
        loop {
            match self.tokens.get(at) {
                None if rest.is_empty() => return true,
                Some(Token::Star) => {
                    at += 1;
                    retry = Some((at, rest));
                    continue;
                }
                Some(token) => {
                    let mut chars = rest.chars();
                    if chars.next().is_some_and(|c| token.accepts(c)) {
                        (at, rest) = (at + 1, chars.as_str());
                        continue;
                    }
                }
                None => {}
            }
            let Some((after_star, from)) = retry else { return false };
            let mut chars = from.chars();
            match chars.next() {
                None | Some('/') => return false,
                Some(_) => (at, rest) = (after_star, chars.as_str()),
            }
            retry = Some((after_star, rest));
        }
    }
}

/// Reads a class, its `[` already taken.
fn class(chars: &mut Chars<'_>) -> Result<Token, Malformed> {
    let is_negated = chars.as_str().starts_with('^');
    if is_negated {
        chars.next();
    }
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && chars.as_str().starts_with(']') {
            chars.next();
            return Ok(Token::Class { is_negated, ranges });
        }
        let lo = class_char(chars)?;
        let mut hi = lo;
        if chars.as_str().starts_with('-') {
            chars.next();
            hi = class_char(chars)?;
        }
        ranges.push((lo, hi));
    }
}

fn class_char(chars: &mut Chars<'_>) -> Result<char, Malformed> {
    match chars.next() {
        None => Err(Malformed::OpenClass),
        Some('-' | ']') => Err(Malformed::BadRange),
        Some('\\') => chars.next().ok_or(Malformed::LoneEscape),
        Some(c) => Ok(c),
    }
}

/// Whether a path component holds an unescaped wildcard.
pub(super) fn has_wildcard(component: &str) -> bool {
    let mut chars = component.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '*' | '?' | '[' => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stop_at_slashes_and_classes_do_not() {
        let cases = [
            ("*.txt", "a.txt", true),
            ("*.txt", "d/a.txt", false),
            ("**/a", "d/a", true),
            ("**/a", "d/e/a", false),
            ("a?c", "a/c", false),
            ("a[^b]c", "a/c", true),
            ("[a-cx]", "x", true),
            (r"\*", "*", true),
            ("*a*b", "xaxbxb", true),
            ("*", "", true),
            ("ä*", "äß", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(Glob::new(pattern).unwrap().matches(name), expected, "{pattern} on {name}");
        }
    }

    #[test]
    fn malformed_patterns_are_refused() {
        for pattern in ["[", "[]", "[a", "[a-", "[-a]", "[a-]", "[^]", "\\", "ok[", "[\\"] {
            assert!(Glob::new(pattern).is_err(), "{pattern}");
        }
        assert!(has_wildcard("a[b") && !has_wildcard(r"a\*b"));
    }
}
