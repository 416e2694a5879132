//! Parser directives: `# name=value` lines at the very top.

use super::ast::Directive;
use super::json;
use super::lines::Line;
use crate::text::Span;

/// The directives BuildKit knows. A comment with another name ends the search for directives.
const KNOWN: [&str; 3] = ["syntax", "escape", "check"];

/// Byte order mark, which may stand before the first line.
pub(super) const BOM: char = '\u{FEFF}';

/// Reads `line` (from its first byte that counts to the end without line ending) as a directive behind `prefix`.
pub(super) fn read(text: &str, line: Span, prefix: &str) -> Option<Directive> {
    let body = text.get(line.range())?;
    let inside = body.strip_prefix(prefix)?.trim_start();
    let name_length = inside.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let (name, rest) = inside.split_at(name_length);
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let after = rest.trim_start_matches(is_blank).strip_prefix('=')?;
    let mut value = after.trim_matches(is_blank);
    if value.is_empty() {
        // A value of blanks alone is the last of them.
        value = &after[after.char_indices().next_back()?.0..];
    }
    if !KNOWN.contains(&name.as_str()) {
        return None;
    }
    let end_of_value =
        if after.ends_with(value) { line.end } else { line.start + body.trim_end_matches(is_blank).len() };
    let value_span = Span::new(end_of_value - value.len(), end_of_value);
    Some(Directive { name, value: value.to_owned(), value_span, span: line })
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\u{c}' | '\r')
}

/// Finds a directive the way BuildKit's frontend does before it parses: behind a `#!` line too.
pub(super) fn find(text: &str, name: &str) -> Option<Directive> {
    let start = after_shebang(text);
    at_top(text, start, "#").into_iter().find(|directive| directive.name == name)
}

/// Finds the syntax an image builder is asked to use: a directive behind `#`, or behind `//`, or the key of a JSON
/// object that fills the file.
pub(super) fn find_syntax(text: &str) -> Option<Directive> {
    let start = after_shebang(text);
    let is_syntax = |directive: &Directive| directive.name == "syntax";
    at_top(text, start, "#")
        .into_iter()
        .find(is_syntax)
        .or_else(|| at_top(text, start, "//").into_iter().find(is_syntax))
        .or_else(|| in_json(text, start))
}

fn after_shebang(text: &str) -> usize {
    let start = if text.starts_with(BOM) { BOM.len_utf8() } else { 0 };
    match Line::at(text, start) {
        Some(line) if line.body(text).starts_with("#!") => line.next,
        _ => start,
    }
}

fn at_top(text: &str, start: usize, prefix: &str) -> Vec<Directive> {
    let mut found: Vec<Directive> = Vec::new();
    let mut at = start;
    while let Some(line) = Line::at(text, at) {
        match read(text, Span::new(line.start, line.end), prefix) {
            Some(directive) if found.iter().all(|known| known.name != directive.name) => found.push(directive),
            _ => break,
        }
        at = line.next;
    }
    found
}

fn in_json(text: &str, start: usize) -> Option<Directive> {
    let rest = text.get(start..)?;
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(rest).ok()?;
    let value = object.get("syntax")?.as_str()?.to_owned();
    let key = start + rest.find("\"syntax\"")?;
    let quoted = key + text[key..].find(':')? + 1;
    let quoted = quoted + (text[quoted..].len() - text[quoted..].trim_start().len());
    let value_span =
        json::string_end(&text[quoted..]).map_or(Span::new(key, key), |end| Span::new(quoted, quoted + end));
    Some(Directive { name: "syntax".into(), value, value_span, span: Span::new(key, value_span.end) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_trimmed_and_placed() {
        let text = "# Escape =  ` \r\n";
        let line = Line::at(text, 0).unwrap();
        let directive = read(text, Span::new(line.start, line.end), "#").unwrap();
        assert_eq!((directive.name.as_str(), directive.value.as_str()), ("escape", "`"));
        assert_eq!(&text[directive.value_span.range()], "`");
        assert!(read("# key=x", Span::new(0, 7), "#").is_none());
    }

    #[test]
    fn the_syntax_is_found_in_all_its_forms() {
        let syntax = |text: &str| find_syntax(text).map(|d| (d.value, text[d.value_span.range()].to_owned()));
        let same = |value: &str| Some((value.to_owned(), value.to_owned()));
        assert_eq!(syntax("\u{FEFF}#!/bin/x\n# check=error=true\n#syntax=a/b:1\nFROM x"), same("a/b:1"));
        assert_eq!(syntax("// syntax = my/front:2\nlet x = 1"), same("my/front:2"));
        assert_eq!(syntax("{\"n\": 1, \"syntax\": \"q/r\"}").unwrap(), ("q/r".into(), "\"q/r\"".into()));
        assert_eq!(syntax("FROM x\n# syntax=late"), None);
        assert_eq!(find("#!x\n#check=a b\n", "check").unwrap().value, "a b");
    }
}
