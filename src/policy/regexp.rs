//! Regular expressions of policies: Python's spelling, which Anchore's policies use, and the bounds they compile in.

use grep_regex::RegexMatcherBuilder;
use regex::{Regex, RegexBuilder};

/// Bytes a compiled expression may take.
const SIZE_LIMIT: usize = 4 << 20;

/// Compiles an expression over absolute paths, anchored at the path's start.
///
/// # Errors
/// When it is no regular expression, or one that compiles to more than 4 MiB.
pub fn path_regex(expression: &str) -> Result<Regex, regex::Error> {
    // By itself first: `a)(b` would be whole between the parentheses.
    RegexBuilder::new(expression).size_limit(SIZE_LIMIT).build()?;
    // A path may hold a line break; `.` must not stop there, or a name could slip past the gate.
    let anchored = format!("^(?:{expression})");
    RegexBuilder::new(&anchored).dot_matches_new_line(true).size_limit(SIZE_LIMIT).build()
}

/// Compiles an expression that is searched for anywhere in a text.
///
/// # Errors
/// As [`path_regex`].
pub fn find_regex(expression: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(expression).size_limit(SIZE_LIMIT).build()
}

/// The names Anchore's analyzer gave its expressions for secrets, and what each stands for.
const NAMED: [(&str, &str); 6] = [
    ("ALPINE_NULL_ROOT", r"^root:::0:::::$"),
    ("API_KEY", r"(?i)api[-_]key *=+ *.*\b[A-Z0-9]{20,60}\b"),
    ("AWS_ACCESS_KEY", r"(?i)aws_access_key_id *=+ *.*\b[A-Z0-9]{20}\b"),
    ("AWS_SECRET_KEY", r#"(?i)aws_secret_access_key *=+ *["']?[A-Z0-9/+]{40}(?:[^A-Z0-9/+=]|$)"#),
    ("DOCKER_AUTH", r#"(?i)"auth": *"[^"]+""#),
    ("PRIV_KEY", r"(?i)-+BEGIN.*PRIVATE KEY-+"),
];

/// What an expression over lines stands for: one of the names Anchore's analyzer knew (`PRIV_KEY`) for its expression,
/// anything else for itself.
pub fn line_regex(expression: &str) -> &str {
    NAMED.iter().find(|(name, _)| *name == expression).map_or(expression, |(_, regex)| regex)
}

/// The expressions of an Anchore policy's list, which a `|` outside of groups and classes separates, as they are searched
/// for: from the start of each line. The analyzer named its expressions, and a policy may repeat the name before an equal
/// sign (`PRIV_KEY=-+BEGIN.*`) or give nothing but the name.
pub(super) fn line_expressions(list: &str) -> Vec<String> {
    let expression = |item: &str| {
        let named = item.split_once('=').filter(|(name, _)| is_name(name));
        let regex = named.map_or(item, |(_, regex)| regex);
        match line_regex(regex) == regex {
            true => from_line_start(&from_python(regex)),
            false => regex.to_owned(),
        }
    };
    alternatives(list).into_iter().filter(|item| !item.is_empty()).map(expression).collect()
}

/// Whether a text is one of the names that came with Anchore's analyzer.
pub(super) fn is_known_name(text: &str) -> bool {
    NAMED.iter().any(|(name, _)| *name == text)
}

/// Whether a text is the name of an expression: capitals in several words, as in `PRIV_KEY`.
pub(super) fn is_name(text: &str) -> bool {
    text.contains('_') && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

fn from_line_start(regex: &str) -> String {
    match regex.starts_with(['^']) || regex.starts_with(".*") {
        true => regex.to_owned(),
        false => format!("^{regex}"),
    }
}

/// The parts of an expression between its outermost `|`.
fn alternatives(expression: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut class_start) = (Vec::new(), 0, 0_usize, None);
    let mut chars = expression.char_indices();
    while let Some((at, c)) = chars.next() {
        match (c, class_start) {
            ('\\', _) => drop(chars.next()),
            ('[', None) => class_start = Some(at + 1 + usize::from(expression[at + 1..].starts_with('^'))),
            (']', Some(first)) if at > first => class_start = None,
            ('(', None) => depth += 1,
            (')', None) => depth = depth.saturating_sub(1),
            ('|', None) if depth == 0 => {
                parts.push(&expression[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&expression[start..]);
    parts
}

/// Whether an expression can be searched for in the lines of a file.
///
/// # Errors
/// With the reason when it cannot: it is no regular expression, it is too large, or it can only match across lines.
pub(super) fn check_line_regex(expression: &str) -> Result<(), String> {
    let built = |unicode| {
        let mut builder = RegexMatcherBuilder::new();
        builder.multi_line(true).line_terminator(Some(b'\n')).unicode(unicode).size_limit(SIZE_LIMIT).build(expression)
    };
    built(false).or_else(|_| built(true)).map(drop).map_err(|error| reason(&error.to_string()))
}

/// The last line of an engine's message: what is wrong, without the drawing above it.
pub(super) fn reason(message: &str) -> String {
    let last = message.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

/// Rewrites what Python's `re` spells differently and means the same: braces and brackets that stand for themselves,
/// `\Z`, and escaped angle brackets.
pub(super) fn from_python(expression: &str) -> String {
    let mut out = String::with_capacity(expression.len());
    let mut class_start: Option<usize> = None;
    let mut chars = expression.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (c, class_start) {
            ('\\', in_class) => match chars.next() {
                Some((_, 'Z')) if in_class.is_none() => out.push_str(r"\z"),
                Some((_, angle @ ('<' | '>'))) => out.push(angle),
                Some((_, escaped)) => out.extend(['\\', escaped]),
                None => out.push('\\'),
            },
            ('[', None) => {
                out.push('[');
                let mut start = at + 1;
                if chars.next_if(|(_, c)| *c == '^').is_some() {
                    out.push('^');
                    start += 1;
                }
                class_start = Some(start);
            }
            (']', Some(start)) if at > start => {
                out.push(']');
                class_start = None;
            }
            // Set operators and nested classes are ours alone.
            ('[' | ']' | '&' | '~', Some(_)) => out.extend(['\\', c]),
            ('-', Some(_)) if expression[at + 1..].starts_with('-') => out.push_str(r"\-"),
            ('{', None) if !is_repetition(&expression[at + 1..]) => out.push_str(r"\{"),
            ('{', None) => {
                out.push('{');
                for (_, digit) in chars.by_ref() {
                    out.push(digit);
                    if digit == '}' {
                        break;
                    }
                }
            }
            ('}', None) => out.push_str(r"\}"),
            (c, _) => out.push(c),
        }
    }
    out
}

/// Whether what follows a `{` makes it a repetition: `3}`, `3,}`, `3,5}`.
fn is_repetition(rest: &str) -> bool {
    let Some((inside, _)) = rest.split_once('}') else { return false };
    let (low, high) = inside.split_once(',').unwrap_or((inside, "0"));
    let is_number = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    !low.is_empty() && is_number(low) && is_number(high)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_python_spells_otherwise_means_the_same() {
        let cases = [
            (r".*/.ssh/id_rsa$", "/root/.ssh/id_rsa", true),
            (r"/etc/passwd\Z", "/etc/passwd", true),
            (r"/x{", "/x{", true),
            (r"/x{a}", "/x{a}", true),
            (r"/x{2}$", "/xx", true),
            (r"/x{2,}$", "/xxx", true),
            (r"/[[]a", "/[a", true),
            (r"/[]a]$", "/]", true),
            (r"/[^]a]$", "/]", false),
            (r"/[a&&b]$", "/&", true),
            (r"/\<x", "/<x", true),
            (r"/a\/b\-c\.d", "/a/b-c.d", true),
            (r"(?P<n>/a)(?i)B", "/ab", true),
            (r"/a|/b", "/b", true),
        ];
        for (expression, path, expected) in cases {
            let regex = path_regex(&from_python(expression)).unwrap_or_else(|e| panic!("{expression}: {e}"));
            assert_eq!(regex.is_match(path), expected, "{expression} on {path}");
        }
    }

    #[test]
    fn paths_are_matched_from_their_start() {
        assert!(!path_regex("id_rsa").unwrap().is_match("/root/id_rsa"));
        assert!(path_regex(".*/id_rsa$").unwrap().is_match("/ro\not/id_rsa"));
    }

    #[test]
    fn expressions_over_lines_hold_from_the_start_of_the_line() {
        let cases: [(&str, &[&str]); 8] = [
            (".*password.*", &[".*password.*"]),
            ("BEGIN x", &["^BEGIN x"]),
            ("^a|b(c|d)|[|]e|f\\|g", &["^a", "^b(c|d)", "^[|]e", "^f\\|g"]),
            ("PRIV_KEY|AWS_SECRET_KEY", &["PRIV_KEY", "AWS_SECRET_KEY"]),
            ("MY_OWN=.*x=y", &[".*x=y"]),
            ("password=.*", &["^password=.*"]),
            ("(?i)token", &["^(?i)token"]),
            ("a||", &["^a"]),
        ];
        for (list, expected) in cases {
            assert_eq!(line_expressions(list), expected, "{list}");
        }
        let names = ["API_KEY", "AWS_ACCESS_KEY", "AWS_SECRET_KEY", "DOCKER_AUTH", "PRIV_KEY"];
        assert!(names.iter().all(|name| line_regex(name) != *name && check_line_regex(line_regex(name)).is_ok()));
        let finds = |name: &str, line: &str| regex::Regex::new(line_regex(name)).unwrap().is_match(line);
        assert!(
            finds("PRIV_KEY", "-----BEGIN RSA PRIVATE KEY-----") && !finds("PRIV_KEY", "-----BEGIN PUBLIC KEY-----")
        );
        assert!(finds("DOCKER_AUTH", r#"  "auth": "dXNlcg==""#));
        assert!(finds("AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID = ABCDEFGHIJ0123456789"));
        assert!(finds("AWS_SECRET_KEY", &format!("aws_secret_access_key={}", "aB3/".repeat(10))));
    }

    #[test]
    fn what_cannot_be_run_is_refused() {
        for bad in ["(", r"(?=a)", r"(a)\1", "a{99999}{99999}", "a)(b"] {
            assert!(path_regex(&from_python(bad)).is_err(), "{bad}");
        }
        assert!(check_line_regex(r"^pass\s*=|\xff").is_ok());
        assert!(check_line_regex("[äö]").is_ok());
        assert_eq!(check_line_regex("(").unwrap_err(), "unclosed group");
        assert!(check_line_regex(r"a\nb").is_err());
    }
}
