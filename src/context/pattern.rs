//! Ignore rules with the semantics of Docker's pattern matcher, which are not those of `.gitignore`: patterns are
//! anchored at the root, the last match wins, and a path is ignored when a parent of it is matched.

use regex::Regex;
use thiserror::Error;

use super::glob::{Glob, Malformed};
use super::{go_regex, path};

/// Why a list of patterns was refused.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{pattern}` is no pattern: {reason}")]
pub struct PatternError {
    /// Position in the list, from 0.
    pub index: usize,
    /// The pattern as given.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: PatternFault,
}

/// What is wrong with a pattern.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PatternFault {
    /// A `!` alone.
    #[error("`!` must be followed by what it lets through")]
    LoneExclamation,
    /// Its wildcards are malformed.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Its wildcards are well-formed, and the regular expression Docker makes of it is not.
    #[error("a range of it is out of order, or an escape is unknown")]
    Regex,
}

/// A compiled list of patterns, in order.
#[derive(Debug, Default)]
pub struct IgnoreRules {
    patterns: Vec<Pattern>,
    /// Every `!` pattern is a plain path (with at most a trailing `/*` or `/**`), so that a directory it does not lead
    /// into need not be entered.
    are_exceptions_plain: bool,
}

#[derive(Debug)]
struct Pattern {
    text: String,
    is_exception: bool,
    matcher: Matcher,
}

#[derive(Debug)]
enum Matcher {
    Exact,
    Prefix(String),
    /// Also matches the whole path without its leading slash.
    Suffix(String),
    Regex(Regex),
}

impl Pattern {
    /// Compiles a trimmed pattern; `None` for an empty one, which stands for nothing.
    fn new(given: &str) -> Result<Option<Self>, PatternFault> {
        if given.is_empty() {
            return Ok(None);
        }
        let cleaned = path::clean(given);
        let (text, is_exception) = match cleaned.strip_prefix('!') {
            Some("") => return Err(PatternFault::LoneExclamation),
            Some(rest) => (rest.to_owned(), true),
            None => (cleaned, false),
        };
        Glob::new(&text)?;
        let matcher = Matcher::new(&text).ok_or(PatternFault::Regex)?;
        Ok(Some(Self { text, is_exception, matcher }))
    }

    fn matches(&self, path: &str) -> bool {
        match &self.matcher {
            Matcher::Exact => self.text == path,
            Matcher::Prefix(prefix) => path.starts_with(prefix.as_str()),
            Matcher::Suffix(suffix) => path.ends_with(suffix.as_str()) || suffix.strip_prefix('/') == Some(path),
            Matcher::Regex(regex) => regex.is_match(path),
        }
    }

    /// The pattern without a trailing `/**` or `/*`.
    fn stem(&self) -> &str {
        let text = self.text.strip_suffix("/**").unwrap_or(&self.text);
        text.strip_suffix("/*").unwrap_or(text)
    }
}

impl Matcher {
    /// Chooses the cheapest matcher that means what Docker's regular expression for `pattern` means; `None` where
    /// that expression is refused.
    fn new(pattern: &str) -> Option<Self> {
        #[derive(PartialEq)]
        enum Kind {
            Exact,
            Prefix,
            Suffix,
            Regex,
        }
        let mut kind = Kind::Exact;
        let mut regex = String::from("^");
        let mut chars = pattern.chars().peekable();
        let mut is_first = true;
        while let Some(c) = chars.next() {
            match c {
                '*' if chars.next_if_eq(&'*').is_some() => {
                    // `**/` is `**`: any number of directories, none included.
                    chars.next_if_eq(&'/');
                    if chars.peek().is_some() {
                        regex.push_str("(.*/)?");
                        kind = Kind::Regex;
                    } else if kind == Kind::Exact {
                        kind = Kind::Prefix;
                    } else {
                        regex.push_str(".*");
                        kind = Kind::Regex;
                    }
                    if is_first {
                        kind = Kind::Suffix;
                    }
                }
                '*' => {
                    regex.push_str("[^/]*");
                    kind = Kind::Regex;
                }
                '?' => {
                    regex.push_str("[^/]");
                    kind = Kind::Regex;
                }
                '.' | '+' | '(' | ')' | '$' => regex.extend(['\\', c]),
                '\\' => {
                    regex.push('\\');
                    if let Some(escaped) = chars.next() {
                        regex.push(escaped);
                        kind = Kind::Regex;
                    }
                }
                '[' | ']' => {
                    regex.push(c);
                    kind = Kind::Regex;
                }
                c => regex.push(c),
            }
            is_first = false;
        }
        Some(match kind {
            Kind::Exact => Self::Exact,
            Kind::Prefix => Self::Prefix(pattern.strip_suffix("**").unwrap_or(pattern).to_owned()),
            Kind::Suffix => Self::Suffix(pattern.strip_prefix("**").unwrap_or(pattern).to_owned()),
            Kind::Regex => {
                regex.push('$');
                Self::Regex(go_regex::compile(&regex)?)
            }
        })
    }
}

impl IgnoreRules {
    /// Compiles patterns as a `.dockerignore` gives them (see [`super::read_ignore_file`]).
    ///
    /// # Errors
    /// On the first malformed one.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, PatternError> {
        let mut compiled = Vec::new();
        for (index, given) in patterns.into_iter().enumerate() {
            let pattern = Pattern::new(given.trim()).map_err(|reason| PatternError {
                index,
                pattern: given.to_owned(),
                reason,
            })?;
            compiled.extend(pattern);
        }
        let is_plain = |p: &Pattern| !p.is_exception || !p.stem().contains(['*', '[', ']', '?', '^', '\\']);
        Ok(Self { are_exceptions_plain: compiled.iter().all(is_plain), patterns: compiled })
    }

    /// Whether there is nothing to match.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether a pattern lets something through again.
    pub fn has_exceptions(&self) -> bool {
        self.patterns.iter().any(|p| p.is_exception)
    }

    /// Whether `path` (relative, `/`-separated) is left out, by a match of itself or of a parent.
    pub fn is_ignored(&self, path: &str) -> bool {
        let parent = path::parent(path);
        let mut is_ignored = false;
        for pattern in &self.patterns {
            // A pattern that could not change the answer is not asked.
            if pattern.is_exception == is_ignored
                && (pattern.matches(path) || (parent != "." && matches_any_prefix(pattern, &parent)))
            {
                is_ignored = !pattern.is_exception;
            }
        }
        is_ignored
    }

    /// Whether something below the ignored directory `dir` could be let through again.
    pub fn may_reach_below(&self, dir: &str) -> bool {
        let leads_below = |p: &Pattern| {
            let stem = p.stem();
            stem.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut exceptions = self.patterns.iter().filter(|p| p.is_exception);
        if self.are_exceptions_plain { exceptions.any(leads_below) } else { exceptions.next().is_some() }
    }

    /// Whether `path` is left out, given which patterns match its parent directory (empty at the root). `matched`
    /// receives which patterns match the path.
    fn step(&self, path: &str, parent: &[bool], mut matched: Option<&mut Vec<bool>>) -> bool {
        let mut is_ignored = false;
        for (index, pattern) in self.patterns.iter().enumerate() {
            let is_match = parent.get(index).copied().unwrap_or(false)
                || (pattern.is_exception == is_ignored && pattern.matches(path));
            if let Some(matched) = matched.as_deref_mut() {
                matched.push(is_match);
            }
            if is_match {
                is_ignored = !pattern.is_exception;
            }
        }
        is_ignored
    }
}

fn matches_any_prefix(pattern: &Pattern, parent: &str) -> bool {
    let ends = parent.match_indices('/').map(|(i, _)| i).chain([parent.len()]);
    ends.into_iter().any(|end| pattern.matches(&parent[..end]))
}

/// Asks [`IgnoreRules`] about the paths of a walk, remembering what holds for the directories they are in: a path is
/// judged as BuildKit's walk judges it.
pub(super) struct Cascade<'r> {
    rules: &'r IgnoreRules,
    /// The directories of the last path, outermost first, with the patterns that match each.
    dirs: Vec<(String, Vec<bool>)>,
}

impl<'r> Cascade<'r> {
    pub(super) fn new(rules: &'r IgnoreRules) -> Self {
        Self { rules, dirs: Vec::new() }
    }

    /// Whether `path` is matched. Cheapest when paths of one directory come together.
    pub(super) fn matches(&mut self, path: &str) -> bool {
        if self.rules.is_empty() {
            return false;
        }
        let parent = path.rfind('/').map_or("", |slash| &path[..slash]);
        self.enter(parent);
        self.rules.step(path, self.dirs.last().map_or(&[][..], |(_, matched)| matched), None)
    }

    fn enter(&mut self, dir: &str) {
        let leads_to = |known: &str| dir.strip_prefix(known).is_some_and(|r| r.is_empty() || r.starts_with('/'));
        while self.dirs.last().is_some_and(|(known, _)| !leads_to(known)) {
            self.dirs.pop();
        }
        let mut end = self.dirs.last().map_or(0, |(known, _)| known.len() + 1);
        while end < dir.len() {
            end = dir[end..].find('/').map_or(dir.len(), |i| end + i);
            let mut matched = Vec::with_capacity(self.rules.patterns.len());
            let parent = self.dirs.last().map_or(&[][..], |(_, matched)| matched);
            self.rules.step(&dir[..end], parent, Some(&mut matched));
            self.dirs.push((dir[..end].to_owned(), matched));
            end += 1;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn rules(patterns: &[&str]) -> IgnoreRules {
        IgnoreRules::new(patterns.iter().copied()).unwrap()
    }

    #[test]
    fn patterns_are_anchored_and_cover_what_is_below() {
        let r = rules(&["build", "**/*.log", "docs/**", "a*"]);
        for ignored in ["build", "build/x/y", "x/y.log", "y.log", "docs/a", "ab/c"] {
            assert!(r.is_ignored(ignored), "{ignored}");
        }
        for kept in ["src/build", "docs", "x/ab", "y.logs"] {
            assert!(!r.is_ignored(kept), "{kept}");
        }
    }

    #[test]
    fn the_last_match_wins_and_exceptions_need_something_to_except() {
        let r = rules(&["*", "!src", "src/tmp", "!src/tmp/keep"]);
        assert!(r.is_ignored("README") && !r.is_ignored("src/a"));
        assert!(r.is_ignored("src/tmp/x") && !r.is_ignored("src/tmp/keep"));
        assert!(!rules(&["!a", "b"]).is_ignored("a"));
        assert!(rules(&["!a", "a"]).is_ignored("a"));
    }

    #[test]
    fn a_line_means_what_dockers_regular_expression_means() {
        assert!(rules(&[r"\d?"]).is_ignored("7x"));
        assert!(rules(&["a|b*"]).is_ignored("axe"));
        assert!(!rules(&["a|b"]).is_ignored("a"));
        assert!(rules(&["a[!-~]"]).is_ignored("ab"));
    }

    #[test]
    fn malformed_patterns_name_themselves() {
        let fault = |p: &str| IgnoreRules::new(["ok", p]).unwrap_err();
        assert_eq!(fault("!").reason, PatternFault::LoneExclamation);
        assert_eq!(fault("[").to_string(), "`[` is no pattern: a `[` has no matching `]`");
        assert_eq!(fault("[b-a]").reason, PatternFault::Regex);
        assert_eq!(fault("a[]").index, 1);
    }

    #[test]
    fn a_cascade_agrees_with_a_single_question_and_prunes() {
        let r = rules(&["*", "!a/b", "a/b/c", "!**/keep"]);
        let mut cascade = Cascade::new(&r);
        for path in ["a", "a/b", "a/b/c", "a/b/c/d", "a/b/c/keep", "a/x", "z/keep", "a/b/q"] {
            assert_eq!(cascade.matches(path), r.is_ignored(path), "{path}");
        }
        assert!(r.may_reach_below("z"));
        let plain = rules(&["*", "!a/b/*"]);
        assert!(plain.may_reach_below("a") && plain.may_reach_below("a/b") && !plain.may_reach_below("ab"));
    }
}
