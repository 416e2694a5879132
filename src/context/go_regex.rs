//! Go's regular expressions in the syntax of crate `regex`.
//!
//! The pattern matcher of Docker turns a `.dockerignore` line into a Go regular expression almost character by
//! character, so that what Go makes of a line *is* its meaning: `{2}` and `|` have theirs, `\d` is a digit, and a `*`
//! inside brackets closes them.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use regex::Regex;

/// Compiles a Go regular expression; `None` where Go refuses it.
pub(super) fn compile(go: &str) -> Option<Regex> {
    let mut out = String::with_capacity(go.len() + 16);
    let mut chars = go.chars().peekable();
    let mut is_after_repeat = false;
    while let Some(c) = chars.next() {
        let is_repeat = match c {
            '\\' => escape(&mut chars, &mut out)?,
            '[' => class(&mut chars, &mut out)?,
            '{' => match repetition(&chars) {
                Some((counts, length)) if !is_after_repeat => {
                    out.push_str(&counts);
                    chars.nth(length);
                    true
                }
                Some(_) => return None,
                None => literal('{', &mut out),
            },
            '*' | '?' => {
                out.push(c);
                true
            }
            '^' | '$' | '.' | '(' | ')' | '|' => {
                out.push(c);
                false
            }
            c => literal(c, &mut out),
        };
        is_after_repeat = is_repeat;
    }
    Regex::new(&out).ok()
}

/// Writes one character that stands for itself. Says that it is no repetition.
fn literal(c: char, out: &mut String) -> bool {
    // Writing to a string cannot fail.
    let _ = write!(out, "\\x{{{:x}}}", u32::from(c));
    false
}

/// `n}`, `n,}` or `n,m}` ahead: the whole operator for `regex`, and the number of characters before its `}`.
fn repetition(ahead: &Peekable<Chars<'_>>) -> Option<(String, usize)> {
    let inner: String = ahead.clone().take_while(|c| *c != '}').take(12).collect();
    let length = inner.chars().count();
    if ahead.clone().nth(length) != Some('}') {
        return None;
    }
    let (min, max) = inner.split_once(',').unwrap_or((&inner, &inner));
    let is_number = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    (is_number(min) && (max.is_empty() || is_number(max))).then(|| (format!("{{{inner}}}"), length))
}

/// An escape outside brackets, its backslash taken.
fn escape(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Option<bool> {
    match chars.peek()? {
        'A' | 'z' => {
            out.push('\\');
            out.extend(chars.next());
        }
        'b' => {
            chars.next();
            out.push_str(r"(?-u:\b)");
        }
        'Q' => {
            chars.next();
            while let Some(c) = chars.next() {
                if c == '\\' && chars.next_if_eq(&'E').is_some() {
                    break;
                }
                literal(c, out);
            }
        }
        _ => match class_escape(chars)? {
            Escape::Class(text) => {
                out.push('[');
                out.push_str(&text);
                out.push(']');
            }
            Escape::Char(c) => {
                literal(c, out);
            }
        },
    }
    Some(false)
}

enum Escape {
    /// A set, as it stands inside brackets.
    Class(String),
    Char(char),
}

/// An escape that may stand inside brackets too, its backslash taken.
fn class_escape(chars: &mut Peekable<Chars<'_>>) -> Option<Escape> {
    let c = chars.next()?;
    let set = |text: &str| Some(Escape::Class(text.to_owned()));
    let one = |c: char| Some(Escape::Char(c));
    match c {
        'd' => set("0-9"),
        'D' => set("[^0-9]"),
        's' => set(r"\t\n\f\r "),
        'S' => set(r"[^\t\n\f\r ]"),
        'w' => set("0-9A-Za-z_"),
        'W' => set("[^0-9A-Za-z_]"),
        'a' => one('\x07'),
        'f' => one('\x0c'),
        'n' => one('\n'),
        'r' => one('\r'),
        't' => one('\t'),
        'v' => one('\x0b'),
        '0'..='7' => octal(c, chars),
        'x' => hexadecimal(chars).map(Escape::Char),
        'p' | 'P' => {
            let mut text = format!("\\{c}");
            let first = chars.next()?;
            text.push(first);
            if first == '{' {
                text.extend(chars.by_ref().take(64).take_while(|c| *c != '}'));
                text.push('}');
            }
            Some(Escape::Class(text))
        }
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => one(c),
        _ => None,
    }
}

fn octal(first: char, chars: &mut Peekable<Chars<'_>>) -> Option<Escape> {
    let mut value = first.to_digit(8)?;
    if first != '0' && !chars.peek()?.is_digit(8) {
        return None;
    }
    for _ in 0..2 {
        let Some(digit) = chars.peek().and_then(|c| c.to_digit(8)) else { break };
        value = value * 8 + digit;
        chars.next();
    }
    char::from_u32(value).map(Escape::Char)
}

fn hexadecimal(chars: &mut Peekable<Chars<'_>>) -> Option<char> {
    let digits: String = if chars.next_if_eq(&'{').is_some() {
        chars.by_ref().take(9).take_while(|c| *c != '}').collect()
    } else {
        chars.by_ref().take(2).collect()
    };
    u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32)
}

/// A bracket expression, its `[` taken.
fn class(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Option<bool> {
    out.push('[');
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut is_first = true;
    loop {
        if !is_first && chars.next_if_eq(&']').is_some() {
            out.push(']');
            return Some(false);
        }
        is_first = false;
        if let Some(name) = posix_name(chars) {
            if !POSIX_NAMES.contains(&name.trim_start_matches('^')) {
                return None;
            }
            // Writing to a string cannot fail.
            let _ = write!(out, "[:{name}:]");
            continue;
        }
        let lo = match class_char(chars)? {
            Escape::Class(text) => {
                out.push_str(&text);
                continue;
            }
            Escape::Char(c) => c,
        };
        let mut ahead = chars.clone();
        if ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']') {
            chars.next();
            let Escape::Char(hi) = class_char(chars)? else { return None };
            if hi < lo {
                return None;
            }
            literal(lo, out);
            out.push('-');
            literal(hi, out);
        } else {
            literal(lo, out);
        }
    }
}

fn class_char(chars: &mut Peekable<Chars<'_>>) -> Option<Escape> {
    match chars.next()? {
        '\\' => class_escape(chars),
        c => Some(Escape::Char(c)),
    }
}

const POSIX_NAMES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// Takes `[:name:]` or `[:^name:]` when one is ahead, for the name.
fn posix_name(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let ahead: String = chars.clone().take(16).collect();
    let (name, _) = ahead.strip_prefix("[:")?.split_once(":]")?;
    chars.nth(name.chars().count() + "[::]".len() - 1);
    Some(name.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn go_syntax_keeps_its_meaning() {
        let cases = [
            (r"^[a&&b]$", "&", true),
            (r"^[[^/]*]$", "[^]", true),
            (r"^{a,b}$", "{a,b}", true),
            (r"^ax{2}$", "axx", true),
            (r"^a|b$", "ax", true),
            (r"^\d\-[\w]$", "7-z", true),
            (r"^[[:digit:]x]$", "5", true),
            (r"^\Qa.b\E$", "a.b", true),
            (r"^\x41\101$", "AA", true),
            (r"^[^a~~b]$", "~", false),
            (r"^a#b c$", "a#b c", true),
        ];
        for (go, text, expected) in cases {
            assert_eq!(compile(go).unwrap().is_match(text), expected, "{go} on {text}");
        }
        for refused in [r"^[b-a]$", r"^\e$", r"^[^/]*{2}$", r"^[[:nope:]]$", r"^[a", r"^a\"] {
            assert!(compile(refused).is_none(), "{refused}");
        }
    }
}
