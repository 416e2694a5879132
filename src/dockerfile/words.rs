//! Variable expansion and word splitting, as BuildKit's shell lexer does them.
//!
//! It is a small shell of its own: `$x`, `${x}` and the forms with `:-`, `-`, `:+`, `+`, `:?`, `?`, `#`, `##`, `%`,
//! `%%`, `/` and `//`, both quotes, the escape character. There are no command substitutions, arrays or globs.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use thiserror::Error;

use super::env::Lookup;
use super::pattern::{self, Reach};

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
    #[error("the modifier `{0}` is not supported in `${{…}}`")]
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
    /// The result is too long.
    #[error("the expanded text is more than {MAX_GROWTH} bytes longer than what is expanded")]
    Length,
}

/// `${a:-${b:-…}}` may be nested this deep.
const MAX_DEPTH: usize = 64;
/// An expanded text may have this many bytes more than the input: variables that hold each other twice grow without bound.
const MAX_GROWTH: usize = 1 << 16;

/// What stands for a variable that is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unset {
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
    env: &'e dyn Lookup,
    escape: char,
    keeps_quotes: bool,
    keeps_escapes: bool,
    knows_quotes: bool,
    unset: Unset,
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
        self.run(input).map(|(expanded, _)| expanded)
    }

    /// Expands `input` and splits it at blanks that are not quoted, those of variable values included.
    ///
    /// # Errors
    /// As [`Expander::word`].
    pub fn words(&self, input: &str) -> Result<Vec<String>, WordError> {
        self.placed_words(input).map(|words| words.into_iter().map(|(word, _)| word).collect())
    }

    /// As [`Expander::words`], each with the range of `input` it came from.
    pub(super) fn placed_words(&self, input: &str) -> Result<Vec<(String, Range<usize>)>, WordError> {
        self.run(input).map(|(_, words)| words)
    }

    fn run(&self, input: &str) -> Result<(Expanded, Vec<(String, Range<usize>)>), WordError> {
        // A byte order mark at the start is not part of the text.
        let at = if input.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
        let seen = Expanded::default();
        let limit = input.len() + MAX_GROWTH;
        let mut lexer = Lexer { rules: *self, input, at, limit, keeps_escapes: self.keeps_escapes, depth: 0, seen };
        let mut words = Words::default();
        let text = lexer.until(None, Some(&mut words))?;
        words.end(input.len());
        Ok((Expanded { text, ..lexer.seen }, words.done))
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

/// The words found so far, and the one being read.
#[derive(Default)]
struct Words {
    done: Vec<(String, Range<usize>)>,
    current: String,
    start: usize,
}

impl Words {
    fn push(&mut self, text: &str, at: usize) {
        if self.current.is_empty() {
            self.start = at;
        }
        self.current.push_str(text);
    }

    /// Unquoted text: blanks in it end words.
    fn push_split(&mut self, text: &str, range: Range<usize>) {
        for c in text.chars() {
            if c.is_whitespace() {
                // A blank of the input ends the word before it, one of a value ends it after the reference.
                self.end(if text.len() == range.len() { range.start } else { range.end });
            } else {
                self.push(c.encode_utf8(&mut [0; 4]), range.start);
            }
        }
    }

    fn end(&mut self, at: usize) {
        if !self.current.is_empty() {
            self.done.push((std::mem::take(&mut self.current), self.start..at));
        }
    }
}

struct Lexer<'i, 'e> {
    rules: Expander<'e>,
    input: &'i str,
    at: usize,
    limit: usize,
    keeps_escapes: bool,
    depth: usize,
    seen: Expanded,
}

impl<'i> Lexer<'i, '_> {
    fn peek(&self) -> Option<char> {
        self.input[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Expands up to `stop`, which is eaten, or up to the end.
    fn until(&mut self, stop: Option<char>, mut words: Option<&mut Words>) -> Result<String, WordError> {
        let mut out = String::new();
        while let Some(c) = self.peek() {
            if out.len() > self.limit {
                return Err(WordError::Length);
            }
            let start = self.at;
            if Some(c) == stop {
                self.next();
                return Ok(out);
            }
            // Quoted and escaped text never ends a word.
            let mut is_quoted = true;
            let piece_start = out.len();
            match c {
                '\'' if self.rules.knows_quotes => self.single_quoted(&mut out)?,
                '"' if self.rules.knows_quotes => self.double_quoted(&mut out)?,
                '<' => self.redirection(&mut out),
                '$' => {
                    let value = self.dollar()?;
                    out.push_str(&value);
                    is_quoted = false;
                }
                c if c == self.rules.escape => {
                    self.next();
                    if self.keeps_escapes {
                        out.push(c);
                    }
                    out.extend(self.next());
                }
                c => {
                    self.next();
                    out.push(c);
                    is_quoted = false;
                }
            }
            if let Some(words) = words.as_deref_mut() {
                let piece = &out[piece_start..];
                if is_quoted {
                    words.push(piece, start);
                } else {
                    words.push_split(piece, start..self.at);
                }
            }
        }
        match stop {
            Some('/') => Err(WordError::NoSlash),
            Some(_) => Err(WordError::OpenBrace),
            None => Ok(out),
        }
    }

    fn single_quoted(&mut self, out: &mut String) -> Result<(), WordError> {
        let inside = &self.input[self.at + 1..];
        let length = inside.find('\'').ok_or(WordError::OpenQuote('\''))?;
        let kept =
            if self.rules.keeps_quotes { self.at..self.at + length + 2 } else { self.at + 1..self.at + 1 + length };
        out.push_str(&self.input[kept]);
        self.at += length + 2;
        Ok(())
    }

    fn double_quoted(&mut self, out: &mut String) -> Result<(), WordError> {
        self.next();
        let quote = if self.rules.keeps_quotes { "\"" } else { "" };
        out.push_str(quote);
        loop {
            if out.len() > self.limit {
                return Err(WordError::Length);
            }
            match self.peek().ok_or(WordError::OpenQuote('"'))? {
                '"' => {
                    self.next();
                    out.push_str(quote);
                    return Ok(());
                }
                '$' => {
                    let value = self.dollar()?;
                    out.push_str(&value);
                }
                c if c == self.rules.escape => {
                    self.next();
                    if self.keeps_escapes {
                        out.push(c);
                    }
                    match self.peek() {
                        None => {}
                        Some(escaped) if matches!(escaped, '"' | '$') || escaped == self.rules.escape => {
                            out.extend(self.next());
                        }
                        Some(_) => out.push(c),
                    }
                }
                c => {
                    self.next();
                    out.push(c);
                }
            }
        }
    }

    /// `<`, or the start of a here-document marker, whose delimiter may stand after blanks.
    fn redirection(&mut self, out: &mut String) {
        let start = self.at;
        self.next();
        if self.peek() == Some('<') {
            self.next();
            if self.input[self.at..].starts_with(['-', ' ', '\t']) {
                self.next();
            }
            while self.peek().is_some_and(|c| matches!(c, ' ' | '\t' | '\r' | '\u{b}' | '\u{c}')) {
                self.next();
            }
        }
        out.push_str(&self.input[start..self.at]);
    }

    fn dollar(&mut self) -> Result<String, WordError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(WordError::Depth);
        }
        let value = self.substitution();
        self.depth -= 1;
        value
    }

    fn substitution(&mut self) -> Result<String, WordError> {
        let start = self.at;
        self.next();
        if self.peek() != Some('{') {
            let name = self.name();
            return Ok(if name.is_empty() { "$".into() } else { self.plain(name, start) });
        }
        self.next();
        match self.peek() {
            None => return Err(WordError::OpenBrace),
            Some('{' | '}' | ':') => return Err(WordError::NoName),
            Some(_) => {}
        }
        let name = self.name();
        let modifier_at = self.at;
        match self.next() {
            Some('}') => Ok(self.plain(name, start)),
            Some('/') => self.replacement(name, start),
            Some(operator @ ('-' | '+' | '?' | '#' | '%')) => self.modified(name, operator, false, start),
            Some(':') => {
                let operator = self.next().ok_or(WordError::OpenBrace)?;
                self.modified(name, operator, true, start)
            }
            _ => Err(WordError::Modifier(self.input[modifier_at..self.at].to_owned())),
        }
    }

    /// A name: letters, digits and `_`; or digits alone; or one of the shell's special parameters.
    fn name(&mut self) -> &'i str {
        static NAME: LazyLock<Option<Regex>> =
            LazyLock::new(|| Regex::new(r"^(?:\p{Nd}+|[@*#?$!-]|[\p{L}_][\p{L}\p{Nd}_]*)").ok());
        let input: &'i str = self.input;
        let rest = &input[self.at..];
        let ascii = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let is_plain = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && rest[ascii..].chars().next().is_none_or(|c| c.is_ascii());
        let length =
            if is_plain { ascii } else { NAME.as_ref().and_then(|name| name.find(rest)).map_or(0, |m| m.len()) };
        self.at += length;
        &rest[..length]
    }

    fn look_up(&mut self, name: &str) -> Option<String> {
        let value = self.rules.env.get(name).map(str::to_owned);
        let found = if value.is_some() { &mut self.seen.matched } else { &mut self.seen.unmatched };
        if !found.contains(name) {
            found.insert(name.to_owned());
        }
        value
    }

    /// `$x` or `${x}`, read from `start`.
    fn plain(&mut self, name: &str, start: usize) -> String {
        self.look_up(name).unwrap_or_else(|| {
            let reference = &self.input[start..self.at];
            self.seen.missing.insert(name.to_owned());
            if self.rules.unset == Unset::Empty { String::new() } else { reference.to_owned() }
        })
    }

    /// Reads up to `stop` inside a `${`.
    fn nested(&mut self, stop: char, keeps_escapes: bool) -> Result<String, WordError> {
        let outer = std::mem::replace(&mut self.keeps_escapes, keeps_escapes);
        let text = self.until(Some(stop), None);
        self.keeps_escapes = outer;
        text
    }

    /// `${x-word}` and its like, after the operator.
    fn modified(&mut self, name: &str, operator: char, colon: bool, start: usize) -> Result<String, WordError> {
        let modifier = if colon { format!(":{operator}") } else { operator.to_string() };
        // What is missing in the word counts only when the word is used.
        let missing_before = std::mem::take(&mut self.seen.missing);
        let word = self.nested('}', matches!(operator, '#' | '%'))?;
        let missing_in_word = std::mem::replace(&mut self.seen.missing, missing_before);

        let value = self.look_up(name);
        if value.is_none() && self.rules.unset == Unset::Reference {
            return Ok(format!("${{{name}{modifier}{word}}}"));
        }
        let is_set = value.is_some();
        let usable = value.filter(|value| !(colon && matches!(operator, '-' | '+' | '?') && value.is_empty()));
        match (operator, usable) {
            ('-', Some(value)) | ('?', Some(value)) => Ok(value),
            ('-', None) | ('+', Some(_)) => {
                self.seen.missing.extend(missing_in_word);
                Ok(word)
            }
            ('+', None) => Ok(String::new()),
            ('?', None) => {
                let stock = if is_set { "is not allowed to be empty" } else { "is not allowed to be unset" };
                let message = if word.is_empty() { stock.to_owned() } else { word };
                Err(WordError::Required { name: name.to_owned(), message })
            }
            ('#' | '%', value) => {
                self.seen.missing.extend(missing_in_word);
                let Some(value) = self.present(name, value) else { return Ok(self.reference(start)) };
                let (pattern, reach) = match word.strip_prefix(operator) {
                    Some(pattern) => (pattern, Reach::Longest),
                    None => (word.as_str(), Reach::Shortest),
                };
                let trim = if operator == '#' { pattern::without_prefix } else { pattern::without_suffix };
                trim(pattern, &value, reach).ok_or_else(|| WordError::Pattern(pattern.to_owned()))
            }
            _ => Err(WordError::Modifier(modifier)),
        }
    }

    /// `${x/pattern/replacement}`, after the first slash.
    fn replacement(&mut self, name: &str, start: usize) -> Result<String, WordError> {
        let all = self.peek() == Some('/');
        if all {
            self.next();
        }
        let pattern = self.nested('/', true)?;
        let replacement = self.nested('}', true)?;
        let value = self.look_up(name);
        if value.is_none() && self.rules.unset == Unset::Reference {
            return Ok(format!("${{{name}/{pattern}/{replacement}}}"));
        }
        let Some(value) = self.present(name, value) else { return Ok(self.reference(start)) };
        // At most one match before each byte and one at the end.
        if value.len().saturating_mul(replacement.len()) > self.limit.saturating_mul(16) {
            return Err(WordError::Length);
        }
        pattern::replaced(&pattern, &value, &replacement, all).ok_or(WordError::Pattern(pattern))
    }

    /// The value to change: empty for an unset variable, `None` when its reference is to be kept.
    fn present(&mut self, name: &str, value: Option<String>) -> Option<String> {
        if value.is_none() {
            self.seen.missing.insert(name.to_owned());
            if self.rules.unset == Unset::MissingReference {
                return None;
            }
        }
        Some(value.unwrap_or_default())
    }

    fn reference(&self, start: usize) -> String {
        self.input[start..self.at].to_owned()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn env() -> BTreeMap<String, String> {
        [("A", "1"), ("B", "two words"), ("E", ""), ("P", "/a/b.tar.gz")].map(|(k, v)| (k.into(), v.into())).into()
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
            ("${P#/*/}|${P##*/}|${P%.*}|${P%%.*}", "b.tar.gz|b.tar.gz|/a/b.tar|/a/b"),
            ("${P/a/_}|${P//a/_}|${P//\\//-}", "/_/b.tar.gz|/_/b.t_r.gz|-a-b.tar.gz"),
            ("'$A' \"$A\" \\$A \"\\$A\\n\"", "$A 1 $A $A\\n"),
            ("${Z:-${Y:-\"$B\"}}", "two words"),
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
        assert_eq!(expand("${Z:?say so}").unwrap_err().to_string(), "Z: say so");
        assert_eq!(expand("${E:?}").unwrap_err().to_string(), "E: is not allowed to be empty");
        assert_eq!(expand(&"${A:-".repeat(100_000)), Err(WordError::Depth));
    }

    #[test]
    fn words_split_outside_quotes_only() {
        let words = |input| expand_words(input, &env(), '`').unwrap();
        assert_eq!(words(" a  \"b  $B\" $B "), ["a", "b  two words", "two", "words"]);
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
