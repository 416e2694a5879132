//! Escaping for each place text is written to. What dockgate reads is hostile: a file name can hold a terminal
//! sequence or a workflow command.

use std::borrow::Cow;
use std::fmt::Write as _;

/// For a terminal, or the log of a workflow: control characters (but newline and tab), bidirectional overrides, characters that
/// carry a raw byte and what would be a workflow command are shown as escapes.
pub fn terminal(text: &str) -> Cow<'_, str> {
    disarm(escape(text, |c| is_control(c) && c != '\n' && c != '\t'))
}

/// For one line of a terminal or a table cell: as [`terminal`], with newlines and tabs escaped too.
pub fn line(text: &str) -> Cow<'_, str> {
    disarm(escape(text, is_control))
}

/// For a terminal, with as many bytes as before, so that places in the text stay what they are: `?`, `¿` and `\u{FFFD}` stand for
/// what [`terminal`] shows as escapes.
pub fn in_place(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let is_line_end = c == '\n' || (c == '\r' && rest.peek() == Some(&'\n'));
        out.push(match c.len_utf8() {
            _ if is_line_end || c == '\t' => c,
            _ if c == '[' && out.ends_with("##") => '(',
            1 if is_control(c) => '?',
            2 if is_control(c) => '¿',
            3 if is_control(c) => char::REPLACEMENT_CHARACTER,
            _ => c,
        });
    }
    out
}

/// For the message of a GitHub workflow command.
pub fn workflow_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// For a property of a GitHub workflow command.
pub fn workflow_property(text: &str) -> String {
    workflow_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// For XML 1.0, as an attribute's value or as text: markup and line ends are character references, and what XML cannot
/// hold is shown as in [`line`].
pub fn xml(text: &str) -> String {
    let is_line_end = |c| matches!(c, '\t' | '\n' | '\r');
    let legal = escape(text, |c| (is_control(c) && !is_line_end(c)) || matches!(c, '\u{FFFE}' | '\u{FFFF}'));
    let mut out = String::with_capacity(legal.len() + 8);
    for c in legal.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            c => out.push(c),
        }
    }
    out
}

/// For Markdown, a table cell included: what stands between backticks is code, nothing else is markup, nobody is mentioned,
/// and it stays on one line.
pub fn markdown(text: &str) -> String {
    let text = line(text);
    let pieces: Vec<&str> = text.split('`').collect();
    // A backtick without a partner is none.
    if pieces.len().is_multiple_of(2) {
        return markdown_prose(&text);
    }
    let piece = |(i, piece): (usize, &&str)| if i % 2 == 0 { markdown_prose(piece) } else { markdown_code(piece) };
    pieces.iter().enumerate().map(piece).collect()
}

/// For Markdown, a table cell included, as code on one line; empty for an empty text.
pub fn markdown_code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("`{}`", line(text).replace('`', "'").replace('|', "\\|"))
}

fn markdown_prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '!' | '#' | '~' | '$' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// Breaks what a runner of GitHub Actions takes for a command: `##[name` anywhere in a line, and `::name` where a line begins, which
/// wrapping can make of any word.
fn disarm(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains("##[") && !text.contains("::") {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let begins = out.chars().next_back().is_none_or(char::is_whitespace);
        let name = rest.as_str().strip_prefix(':').filter(|_| c == ':' && begins);
        match c {
            '[' if out.ends_with("##") => out.push_str("\\x5b"),
            ':' if name.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic())) => {
                out.push_str("\\x3a")
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
        || matches!(u32::from(c), 0x10_FE00..=0x10_FEFF)
}

fn escape(text: &str, is_special: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_special) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if !is_special(c) => out.push(c),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c => {
                let code = u32::from(c);
                // Writing to a string cannot fail.
                let _ = match code {
                    0x10_FE00..=0x10_FEFF => write!(out, "\\x{:02x}", code - 0x10_FE00),
                    0..=0xFF => write!(out, "\\x{code:02x}"),
                    _ => write!(out, "\\u{{{code:x}}}"),
                };
            }
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_sequences_are_shown_not_sent() {
        assert_eq!(terminal("a\x1b[31mb\nc"), "a\\x1b[31mb\nc");
        assert_eq!(line("a\nb\u{202e}c"), "a\\nb\\u{202e}c");
        assert_eq!(line("plain ä"), "plain ä");
    }

    #[test]
    fn nothing_is_a_command_to_the_runner_that_logs_it() {
        assert_eq!(line("a ##[add-mask]b ::error::c\n::d"), "a ##\\x5badd-mask]b \\x3a:error::c\\n::d");
        assert_eq!(terminal("a\n  ::stop-commands::x"), "a\n  \\x3a:stop-commands::x");
        assert_eq!(line("std::path [::]:80 HOST=::1 :: ## [a]"), "std::path [::]:80 HOST=::1 :: ## [a]");
    }

    #[test]
    fn places_stay_what_they_are() {
        let text = "a\x1b[1m\u{9b}2m\u{202e}b\rc\r\n\tä##[x]\u{10FEFF}";
        let shown = in_place(text);
        assert_eq!(shown, "a?[1m¿2m\u{FFFD}b?c\r\n\tä##(x]\u{10FEFF}");
        assert_eq!(shown.len(), text.len());
    }

    #[test]
    fn xml_holds_no_markup_and_no_control_character() {
        assert_eq!(xml("a<b>&\"'c"), "a&lt;b&gt;&amp;&quot;&apos;c");
        assert_eq!(
            xml("1\n2\t3\r\0\x1b\u{FFFF}\u{202e}\u{10FEFF}ä"),
            "1&#10;2&#9;3&#13;\\x00\\x1b\\u{ffff}\\u{202e}\\xffä"
        );
    }

    #[test]
    fn markdown_is_text_but_for_code() {
        assert_eq!(markdown("a `b|c` <x> @you *d*\n"), "a `b\\|c` &lt;x&gt; &#64;you \\*d\\*\\\\n");
        assert_eq!(markdown("one ` alone"), "one \\` alone");
        assert_eq!(markdown_code("a`b"), "`a'b`");
    }

    #[test]
    fn a_name_cannot_end_a_workflow_command() {
        assert_eq!(workflow_property("a,b:c%\n::error::x"), "a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3Ax");
        assert_eq!(workflow_data("100% of a: b\r\n::stop"), "100%25 of a: b%0D%0A::stop");
    }
}
