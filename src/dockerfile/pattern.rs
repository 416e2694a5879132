//! The patterns of `${x#p}`, `${x%p}` and `${x/p/r}`: `*`, `?`, and `\` before one of them.

use regex::{NoExpand, Regex, RegexBuilder};

/// How much of the value a `*` takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Shortest,
    Longest,
}

/// A compiled pattern may take this many bytes; longer ones are refused.
const SIZE_LIMIT: usize = 1 << 20;

/// Takes the part that matches off the start of `value`.
pub(super) fn without_prefix(pattern: &str, value: &str, reach: Reach) -> Option<String> {
    let found = compile(pattern, reach, true)?.find(value).map_or(0, |found| found.end());
    Some(value[found..].to_owned())
}

/// Takes the part that matches off the end of `value`. A search finds the leftmost match, so both are turned round.
pub(super) fn without_suffix(pattern: &str, value: &str, reach: Reach) -> Option<String> {
    let backwards: String = value.chars().rev().collect();
    let rest = without_prefix(&reversed(pattern), &backwards, reach)?;
    Some(rest.chars().rev().collect())
}

/// Replaces the first match, or all. Only with all of them a `$name` in the replacement means a (never existing)
/// group, as BuildKit has it.
pub(super) fn replaced(pattern: &str, value: &str, replacement: &str, all: bool) -> Option<String> {
    let pattern = compile(pattern, Reach::Longest, false)?;
    let result =
        if all { pattern.replace_all(value, replacement) } else { pattern.replace(value, NoExpand(replacement)) };
    Some(result.into_owned())
}

fn compile(pattern: &str, reach: Reach, anchored: bool) -> Option<Regex> {
    let mut out = String::with_capacity(pattern.len() + 4);
    if anchored {
        out.push('^');
    }
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' if reach == Reach::Longest => out.push_str(".*"),
            '*' => out.push_str(".*?"),
            '?' => out.push('.'),
            // `}` and `/` are escaped for the lexer's sake only.
            '\\' if matches!(chars.peek(), Some('}' | '/')) => {}
            '\\' => match chars.next() {
                Some(escaped @ ('*' | '?' | '\\')) => out.extend(['\\', escaped]),
                _ => return None,
            },
            c => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    RegexBuilder::new(&out).size_limit(SIZE_LIMIT).build().ok()
}

/// The pattern from its end, each escape still before what it escapes.
fn reversed(pattern: &str) -> String {
    let mut units: Vec<String> = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        let mut unit = String::from(c);
        if c == '\\' {
            unit.extend(chars.next());
        }
        units.push(unit);
    }
    units.reverse();
    units.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_suffixes_go_shortest_or_longest() {
        let path = "/opt/pkg/x.tar.xz";
        assert_eq!(without_prefix("*/", path, Reach::Shortest).as_deref(), Some("opt/pkg/x.tar.xz"));
        assert_eq!(without_prefix("*/", path, Reach::Longest).as_deref(), Some("x.tar.xz"));
        assert_eq!(without_suffix(".*", path, Reach::Shortest).as_deref(), Some("/opt/pkg/x.tar"));
        assert_eq!(without_suffix(".*", path, Reach::Longest).as_deref(), Some("/opt/pkg/x"));
        assert_eq!(without_suffix("\\*?", "ab*c", Reach::Shortest).as_deref(), Some("ab"));
        assert_eq!(without_prefix("\\a", "a", Reach::Shortest), None);
    }

    #[test]
    fn regex_characters_mean_themselves() {
        assert_eq!(replaced("a.c", "abc a.c", "x", true).as_deref(), Some("abc x"));
        assert_eq!(replaced("(", "((", "$1", false).as_deref(), Some("$1("));
    }
}
