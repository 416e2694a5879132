//! What an edit changes, as a unified diff.

use similar::{ChangeTag, TextDiff};

use crate::text::escape;

/// Lines around a change that are shown.
const CONTEXT: usize = 3;

/// The difference of two versions of a file as a unified diff; empty when there is none. The path stands in its head; with
/// colours, what goes is red and what comes is green. Of a file that is not there yet `before` is `None`.
pub fn diff(path: &str, before: Option<&str>, after: &str, color: bool) -> String {
    let (path, mut out) = (escape::line(path), String::new());
    let compared = TextDiff::from_lines(before.unwrap_or_default(), after);
    for (index, hunk) in compared.unified_diff().context_radius(CONTEXT).iter_hunks().enumerate() {
        if index == 0 {
            let old = before.map_or_else(|| "/dev/null".to_owned(), |_| format!("a/{path}"));
            out.push_str(&painted("1", &format!("--- {old}"), color));
            out.push_str(&painted("1", &format!("+++ b/{path}"), color));
        }
        out.push_str(&painted("36", &hunk.header().to_string(), color));
        for change in hunk.iter_changes() {
            let (sign, paint) = match change.tag() {
                ChangeTag::Delete => ("-", "31"),
                ChangeTag::Insert => ("+", "32"),
                ChangeTag::Equal => (" ", ""),
            };
            // A carriage return before the line end is part of the line end.
            let value = change.value();
            let line = value.strip_suffix('\n').unwrap_or(value);
            let (line, end) = line.strip_suffix('\r').map_or((line, ""), |line| (line, "\r"));
            out.push_str(&painted(paint, &format!("{sign}{}{end}", escape::terminal(line)), color));
            if change.missing_newline() {
                out.push_str("\\ No newline at end of file\n");
            }
        }
    }
    out
}

fn painted(paint: &str, line: &str, color: bool) -> String {
    if color && !paint.is_empty() { format!("\u{1b}[{paint}m{line}\u{1b}[0m\n") } else { format!("{line}\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_names_the_file_and_shows_what_is_around() {
        let (before, after) = ("FROM a\nRUN x\nCMD y", "FROM a\nRUN z\nCMD y");
        let expected =
            "--- a/D\n+++ b/D\n@@ -1,3 +1,3 @@\n FROM a\n-RUN x\n+RUN z\n CMD y\n\\ No newline at end of file\n";
        assert_eq!(diff("D", Some(before), after, false), expected);
        assert!(diff("D", Some(before), after, true).contains("\u{1b}[32m+RUN z\u{1b}[0m\n"));
        assert_eq!(diff("D", Some(before), before, false), "");
        assert_eq!(diff("D", None, "a\n", false), "--- /dev/null\n+++ b/D\n@@ -0,0 +1 @@\n+a\n");
        let hostile = diff("D\u{1b}[2J", Some("a\r\n"), "\u{7}\r\n", false);
        assert!(!hostile.contains(['\u{1b}', '\u{7}']) && hostile.ends_with("\r\n"), "{hostile:?}");
    }
}
