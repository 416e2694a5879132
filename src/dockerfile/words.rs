//! Variable expansion and word splitting, as BuildKit's shell lexer does them.
//!
//! It is a small shell of its own: `$x`, `${x}` and the forms with `:-`, `-`, `:+`, `+`, `:?`, `?`, `#`, `##`, `%`,
//! `%%`, `/` and `//`, both quotes, the escape character. There are no command substitutions, arrays or globs.

use std::collections::BTreeSet;

use thiserror::Error;

use super::env::Lookup;
use super::lexer::{self, PlacedWord};

/// What became of a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expanded {
    /// The word with variables replaced, quotes and escapes taken off.
    pub text: String,
    /// Variables that were looked up and set.
    pub matched: BTreeSet<String>,
    /// Variables that were looked up and not set, those with a default (`${x:-y}`) included.
    pub unmatched: BTreeSet<String>,
    /// Those of the unmatched whose missing value makes the text unknown: no default or alternative stood in.
    pub missing: BTreeSet<String>,
}

/// Why a word cannot be expanded.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum WordError {
    /// A quote is not closed.
    #[error("the quote {0} is not closed")]
    OpenQuote(char),
    /// A `${` is not closed.
    #[error("a `${{` is not closed by `}}`")]
    OpenBrace,
    /// `${x/p` lacks its second slash.
    #[error("a `${{name/pattern/replacement}}` lacks its second `/`")]
    NoSlash,
    /// `${}`, `${:…`, `${{…`.
    #[error("a `${{` is not followed by a variable name")]
    NoName,
    /// A modifier that BuildKit does not know.
    #[error("the modifier `{0}` is not supported in a `${{…}}`")]
    Modifier(String),
    /// `${x?message}` and `x` is not set, or `${x:?message}` and it is empty.
    #[error("{name}: {message}")]
    Required {
        /// The variable.
        name: String,
        /// The message of the word, or a stock one.
        message: String,
    },
    /// A pattern with an escape that means nothing, or too long.
    #[error("the pattern `{0}` is not valid")]
    Pattern(String),
    /// Substitutions inside substitutions, too many.
    #[error("substitutions are nested deeper than {MAX_DEPTH} levels")]
    Depth,
    /// The result is too long, or patterns and values are.
    #[error("the expanded text, or what its patterns are matched with, is too long")]
    Length,
}

/// `${a:-${b:-…}}` may be nested this deep.
pub(super) const MAX_DEPTH: usize = 64;
/// An expanded text may have this many bytes more than the input: variables that hold each other twice grow without bound.
pub(super) const MAX_GROWTH: usize = 1 << 16;

/// What stands for a variable that is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unset {
    /// Nothing.
    Empty,
    /// The reference as written, defaults and modifiers included.
    Reference,
    /// The reference, where no default stands in.
    MissingReference,
}

/// A way of expanding words.
#[derive(Clone, Copy)]
pub struct Expander<'e> {
    pub(super) env: &'e dyn Lookup,
    pub(super) escape: char,
    pub(super) keeps_quotes: bool,
    pub(super) keeps_escapes: bool,
    pub(super) knows_quotes: bool,
    pub(super) unset: Unset,
}

impl<'e> Expander<'e> {
    /// As BuildKit expands arguments of instructions. `escape` is the Dockerfile's escape character.
    pub fn new(env: &'e dyn Lookup, escape: char) -> Self {
        Self { env, escape, keeps_quotes: false, keeps_escapes: false, knows_quotes: true, unset: Unset::Empty }
    }

    /// As BuildKit expands the body of an unquoted here-document of COPY or ADD: quotes are plain characters, and `\`
    /// escapes whatever the Dockerfile's escape character is.
    pub fn for_heredoc(env: &'e dyn Lookup) -> Self {
        Self { knows_quotes: false, ..Self::new(env, '\\') }
    }

    /// As BuildKit looks for here-document markers in a line: nothing is lost but the split into words.
    pub(super) fn for_markers() -> Self {
        Self { keeps_quotes: true, keeps_escapes: true, unset: Unset::Reference, ..Self::new(&(), '\\') }
    }

    /// As BuildKit reads the delimiter of a here-document.
    pub(super) fn for_delimiter(keeps_quotes: bool) -> Self {
        Self { keeps_quotes, unset: Unset::Reference, ..Self::new(&(), '\\') }
    }

    /// Leaves a reference to an unset variable without default as it is, so that the text around it can be judged.
    pub fn keep_missing(self) -> Self {
        Self { unset: Unset::MissingReference, ..self }
    }

    /// Expands `input` to one word.
    ///
    /// # Errors
    /// When the input is malformed, a required variable is missing or the result is out of bounds.
    pub fn word(&self, input: &str) -> Result<Expanded, WordError> {
        // Most words are plain: nothing to expand, to unquote or to refuse.
        if !input.contains(['$', '\'', '"', self.escape]) {
            return Ok(Expanded { text: input.to_owned(), ..Expanded::default() });
        }
        lexer::run(self, input).map(|(expanded, _)| expanded)
    }

    /// Expands `input` and splits it at blanks that are not quoted, those of variable values included.
    ///
    /// # Errors
    /// As [`Expander::word`].
    pub fn words(&self, input: &str) -> Result<Vec<String>, WordError> {
        self.placed_words(input).map(|words| words.into_iter().map(|(word, _)| word).collect())
    }

    /// As [`Expander::words`], each with the range of `input` it came from.
    pub(super) fn placed_words(&self, input: &str) -> Result<Vec<PlacedWord>, WordError> {
        lexer::run(self, input).map(|(_, words)| words)
    }
}

/// Expands one word with BuildKit's rules; see [`Expander::word`].
///
/// # Errors
/// As [`Expander::word`].
pub fn expand_word(input: &str, env: &dyn Lookup, escape: char) -> Result<Expanded, WordError> {
    Expander::new(env, escape).word(input)
}

/// Expands and splits with BuildKit's rules; see [`Expander::words`].
///
/// # Errors
/// As [`Expander::words`].
pub fn expand_words(input: &str, env: &dyn Lookup, escape: char) -> Result<Vec<String>, WordError> {
    Expander::new(env, escape).words(input)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn env() -> BTreeMap<String, String> {
        [("A", "1"), ("B", "red  fox"), ("E", ""), ("P", "/u/v.old.zip")].map(|(k, v)| (k.into(), v.into())).into()
    }

    fn expand(input: &str) -> Result<String, WordError> {
        expand_word(input, &env(), '\\').map(|expanded| expanded.text)
    }

    #[test]
    fn every_form_of_reference() {
        for (input, expected) in [
            ("$A${A}x$Ax", "11x"),
            ("${E:-x}${E-x}${Z-y}", "xy"),
            ("${A:+x}${E+y}${E:+z}${Z+w}", "xy"),
            ("${P#/*/}|${P##*/}|${P%.*}|${P%%.*}", "v.old.zip|v.old.zip|/u/v.old|/u/v"),
            ("${P/./_}|${P//./_}|${P//\\//-}", "/u/v_old.zip|/u/v_old_zip|-u-v.old.zip"),
            ("'$A' \"$A\" \\$A \"\\$A\\n\"", "$A 1 $A $A\\n"),
            ("${Z:-${Y:-\"$B\"}}", "red  fox"),
            ("$ $(x) a\\", "$ $(x) a"),
            ("$é$@${12}.", "."),
        ] {
            assert_eq!(expand(input).as_deref(), Ok(expected), "{input}");
        }
    }

    #[test]
    fn malformed_words_say_what_is_wrong() {
        assert_eq!(expand("'a"), Err(WordError::OpenQuote('\'')));
        assert_eq!(expand("${A:-x"), Err(WordError::OpenBrace));
        assert_eq!(expand("${A/x}"), Err(WordError::NoSlash));
        assert_eq!(expand("${}"), Err(WordError::NoName));
        assert_eq!(expand("${A^^}"), Err(WordError::Modifier("^".into())));
        assert_eq!(expand("${A:#x}"), Err(WordError::Modifier(":#".into())));
        assert_eq!(expand("${Z:?say so}").unwrap_err().to_string(), "Z: say so");
        assert_eq!(expand("${E:?}").unwrap_err().to_string(), "E: is not allowed to be empty");
        assert_eq!(expand(&"${A:-".repeat(100_000)), Err(WordError::Depth));
    }

    #[test]
    fn words_split_outside_quotes_only() {
        let words = |input| expand_words(input, &env(), '`').unwrap();
        assert_eq!(words(" a  \"b  $B\" $B "), ["a", "b  red  fox", "red", "fox"]);
        assert_eq!(words("a` b '' c''d"), ["a b", "cd"]);
        let placed = Expander::for_markers().placed_words("RUN <<- E \"x y\"z").unwrap();
        assert_eq!(placed, [("RUN".into(), 0..3), ("<<- E".into(), 4..9), ("\"x y\"z".into(), 10..16)]);
    }

    #[test]
    fn a_default_is_unmatched_but_not_missing() {
        let expanded = expand_word("${X:-1}$Y${A:-$Z}${A:+$W}", &env(), '\\').unwrap();
        let names = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!((names(&expanded.matched), names(&expanded.unmatched)), ("A".into(), "W X Y Z".into()));
        assert_eq!(names(&expanded.missing), "W Y");
        let kept = Expander::new(&env(), '\\').keep_missing().word("${REG}/$A:${T:-1}${P2%x}").unwrap();
        assert_eq!(kept.text, "${REG}/1:1${P2%x}");
    }

    #[test]
    fn growth_is_bounded() {
        let big: BTreeMap<String, String> = [("A".to_owned(), "x".repeat(60_000))].into();
        assert_eq!(expand_word("$A$A$A", &big, '\\'), Err(WordError::Length));
        assert_eq!(expand_word("${A//x/$A}", &big, '\\'), Err(WordError::Length));
    }

    proptest! {
        #[test]
        fn expansion_never_panics(input in r#"([$"'\\`{}:/#%?+<-]|[ABE*é \t]|\PC){0,40}"#, escape in "[`\\\\]") {
            let escape = escape.chars().next().unwrap();
            let _ = expand_word(&input, &env(), escape);
            let _ = Expander::new(&(), escape).keep_missing().words(&input);
            for (_, range) in Expander::for_markers().placed_words(&input).unwrap_or_default() {
                prop_assert!(input.get(range).is_some_and(|word| !word.is_empty()));
            }
        }
    }
}
