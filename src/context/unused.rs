//! Patterns of an ignore file that leave nothing out because they mean another place than their author thinks: `*.pem` and
//! `node_modules` hold for the root of the context alone, where `.gitignore` would take them for any folder.

use super::pattern::Cascade;
use super::{Context, ContextFileKind, IgnoreRules};

/// A pattern that leaves nothing out, though it looks as if it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedPattern {
    /// Index into [`super::IgnoreFile::patterns`].
    pub pattern: usize,
    /// The pattern that would do it.
    pub instead: String,
    /// The regular files that it would leave out, by index into [`Context::files`], sorted.
    pub missed: Vec<usize>,
}

/// Patterns that are looked at.
const MAX_PATTERNS: usize = 500;

/// The patterns of the context's ignore file that match nothing at the root of the context, and would match something
/// that is sent were they meant for every folder.
///
/// A pattern that matches nothing at all is no fault: it is there for what may come.
pub fn unused_patterns(context: &Context) -> Vec<UnusedPattern> {
    let Some(file) = &context.ignore_file else { return Vec::new() };
    let mut unused = Vec::new();
    // With exceptions, what a pattern was meant for can be let through again on purpose.
    if file.rules.has_exceptions() {
        return unused;
    }
    for (index, pattern) in file.patterns.iter().enumerate().take(MAX_PATTERNS) {
        let text = pattern.text.as_str();
        if text.contains('/') || text.starts_with("**") || matches!(text, "." | "*") {
            continue;
        }
        let instead = format!("**/{text}");
        let (Ok(own), Ok(deep)) = (IgnoreRules::new([text]), IgnoreRules::new([instead.as_str()])) else { continue };
        if context.left_out.iter().any(|path| own.is_ignored(path)) {
            continue;
        }
        let mut cascade = Cascade::new(&deep);
        let mut missed = Vec::new();
        for (index, file) in context.files.iter().enumerate() {
            if cascade.matches(&file.path) && file.kind == ContextFileKind::File {
                missed.push(index);
            }
        }
        if !missed.is_empty() {
            unused.push(UnusedPattern { pattern: index, instead, missed });
        }
    }
    unused
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn unused(ignore: &str) -> Vec<(String, usize)> {
        let paths = ["a.pem", "web/node_modules/x/y", "web/certs/b.pem", "c.log"];
        let context = Context::of_paths(paths, Some(ignore)).unwrap();
        unused_patterns(&context).into_iter().map(|u| (u.instead, u.missed.len())).collect()
    }

    #[test]
    fn only_a_pattern_that_misses_what_it_looks_like_is_told() {
        assert_eq!(unused("node_modules\n"), [("**/node_modules".to_owned(), 1)]);
        assert_eq!(unused("b.pem\n"), [("**/b.pem".to_owned(), 1)]);
        for used in ["*.pem\n", "**/node_modules\n", ".env\n", "*.log\n", "web/x\n", "*\n!node_modules\n"] {
            assert_eq!(unused(used), [], "{used}");
        }
    }
}
