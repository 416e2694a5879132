//! Reading a `.dockerignore`.

use std::sync::Arc;

use crate::text::{SourceText, Span};

use super::{ContextError, IgnoreRules, path};

/// BuildKit's reader gives up on a line of this many bytes.
const LINE_LIMIT: usize = 64 * 1024;
/// Patterns an ignore file may have; each is compiled.
const MAX_PATTERNS: usize = 10_000;

/// One pattern of an ignore file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnorePattern {
    /// Cleaned, relative to the context root; an exception keeps its leading `!`.
    pub text: String,
    /// The pattern in the file, without the blanks around it.
    pub span: Span,
}

/// An ignore file, read and compiled.
#[derive(Debug)]
pub struct IgnoreFile {
    /// The text.
    pub source: Arc<SourceText>,
    /// Its patterns, in order.
    pub patterns: Vec<IgnorePattern>,
    /// The same, compiled.
    pub rules: IgnoreRules,
}

impl IgnoreFile {
    /// Reads the patterns of `source` as BuildKit does: a comment has its `#` in the first column, a leading `/` means
    /// nothing, blanks around a pattern (and after its `!`) are dropped.
    ///
    /// # Errors
    /// On a malformed pattern or a line that BuildKit cannot read.
    pub fn new(source: Arc<SourceText>) -> Result<Self, ContextError> {
        let mut patterns = Vec::new();
        for number in 1..=source.line_count() {
            let mut span = source.line_span(number);
            if span.len() >= LINE_LIMIT {
                return Err(ContextError::LongLine { file: source.path().to_owned(), line: number });
            }
            let mut line = source.slice(span);
            if number == 1 && line.starts_with('\u{FEFF}') {
                span.start += '\u{FEFF}'.len_utf8();
                line = source.slice(span);
            }
            let trimmed = line.trim();
            if line.starts_with('#') || trimmed.is_empty() {
                continue;
            }
            if patterns.len() == MAX_PATTERNS {
                return Err(ContextError::ManyPatterns { file: source.path().to_owned(), limit: MAX_PATTERNS });
            }
            let start = span.start + (line.len() - line.trim_start().len());
            patterns.push(IgnorePattern { text: normalise(trimmed), span: Span::new(start, start + trimmed.len()) });
        }
        let rules = IgnoreRules::new(patterns.iter().map(|p| p.text.as_str())).map_err(|error| {
            let at = patterns.get(error.index).map_or(0, |p| p.span.start);
            ContextError::Pattern { file: source.path().to_owned(), line: source.line(at), error }
        })?;
        Ok(Self { source, patterns, rules })
    }
}

/// The line of an ignore file that leaves out just `path`.
pub fn ignore_line(path: &str) -> String {
    let mut line = String::new();
    // The marks of a comment and of an exception.
    if path.starts_with(['#', '!']) {
        line.push('\\');
    }
    for c in path.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\') {
            line.push('\\');
        }
        line.push(c);
    }
    line
}

fn normalise(pattern: &str) -> String {
    let (mark, rest) = match pattern.strip_prefix('!') {
        Some(rest) => ("!", rest.trim()),
        None => ("", pattern),
    };
    if rest.is_empty() {
        return mark.to_owned();
    }
    let cleaned = path::clean(rest);
    let relative = cleaned.strip_prefix('/').filter(|r| !r.is_empty()).unwrap_or(&cleaned);
    format!("{mark}{relative}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_patterns_with_their_places() {
        let source = SourceText::new(".dockerignore", "\u{FEFF}#c\n /a/../b/ \r\n #d\n\n! /e\n/\n");
        let file = IgnoreFile::new(source).unwrap();
        let read: Vec<_> = file.patterns.iter().map(|p| (p.text.as_str(), file.source.slice(p.span))).collect();
        assert_eq!(read, [("b", "/a/../b/"), ("#d", "#d"), ("!e", "! /e"), ("/", "/")]);
    }

    #[test]
    fn a_line_leaves_out_just_its_path() {
        for path in ["a/b", "#a", "!a", "a[1]*?.pem", "a\\b"] {
            let file = IgnoreFile::new(SourceText::new("i", ignore_line(path))).unwrap();
            assert!(file.rules.is_ignored(path), "{path}");
            assert!(!file.rules.is_ignored("a1x.pem") && !file.rules.is_ignored("a"), "{path}");
        }
    }

    #[test]
    fn errors_name_file_and_line() {
        let error = IgnoreFile::new(SourceText::new(".dockerignore", "a\n! /\n")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot read line 2 of .dockerignore: `!/` is no pattern: `!` must be followed by what it lets through"
        );
        let long = "x".repeat(LINE_LIMIT);
        assert!(matches!(IgnoreFile::new(SourceText::new("i", long)), Err(ContextError::LongLine { line: 1, .. })));
    }
}
