//! The lexer behind word expansion.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::pattern::{self, Reach};
use super::words::{Expanded, Expander, MAX_DEPTH, MAX_GROWTH, Unset, WordError};

/// Patterns and values of one word may multiply to so many bytes; matching costs at most about that much.
const MAX_MATCHING: usize = 1 << 22;

/// A word of the input, expanded, and the range it came from.
pub(super) type PlacedWord = (String, Range<usize>);

/// Expands `input`, to one text and to words.
pub(super) fn run(rules: &Expander<'_>, input: &str) -> Result<(Expanded, Vec<PlacedWord>), WordError> {
    let mut lexer = Lexer {
        rules,
        input,
        // A byte order mark at the start is not part of the text.
        at: if input.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 },
        limit: input.len() + MAX_GROWTH,
        keeps_escapes: rules.keeps_escapes,
        depth: 0,
        matching: 0,
        seen: Expanded::default(),
    };
    let mut words = Words::default();
    let text = lexer.until(None, Some(&mut words))?;
    words.end(input.len());
    Ok((Expanded { text, ..lexer.seen }, words.done))
}

/// The words found so far, and the one being read.
#[derive(Default)]
struct Words {
    done: Vec<PlacedWord>,
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
    rules: &'i Expander<'e>,
    input: &'i str,
    at: usize,
    /// The result may have so many bytes.
    limit: usize,
    keeps_escapes: bool,
    depth: usize,
    /// Spent of [`MAX_MATCHING`].
    matching: usize,
    seen: Expanded,
}

impl<'i, 'e> Lexer<'i, 'e> {
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

    fn look_up(&mut self, name: &str) -> Option<&'e str> {
        let value = self.rules.env.get(name);
        let found = if value.is_some() { &mut self.seen.matched } else { &mut self.seen.unmatched };
        if !found.contains(name) {
            found.insert(name.to_owned());
        }
        value
    }

    /// `$x` or `${x}`, read from `start`.
    fn plain(&mut self, name: &str, start: usize) -> String {
        if let Some(value) = self.look_up(name) {
            return value.to_owned();
        }
        self.seen.missing.insert(name.to_owned());
        if self.rules.unset == Unset::Empty { String::new() } else { self.input[start..self.at].to_owned() }
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
        let usable = value.filter(|value| !(colon && value.is_empty()));
        match (operator, usable) {
            ('-' | '?', Some(value)) => Ok(value.to_owned()),
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
            ('#' | '%', value) if !colon => {
                self.seen.missing.extend(missing_in_word);
                let Some(value) = self.present(name, value) else { return Ok(self.input[start..self.at].to_owned()) };
                let (pattern, reach) = match word.strip_prefix(operator) {
                    Some(pattern) => (pattern, Reach::Longest),
                    None => (word.as_str(), Reach::Shortest),
                };
                self.spend(pattern, value)?;
                let trim = if operator == '#' { pattern::without_prefix } else { pattern::without_suffix };
                trim(pattern, value, reach).ok_or_else(|| WordError::Pattern(pattern.to_owned()))
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
        let Some(value) = self.present(name, value) else { return Ok(self.input[start..self.at].to_owned()) };
        self.spend(&pattern, value)?;
        self.spend(&replacement, value)?;
        pattern::replaced(&pattern, value, &replacement, all).ok_or(WordError::Pattern(pattern))
    }

    /// The value to change: empty for an unset variable, `None` when its reference is to be kept.
    fn present(&mut self, name: &str, value: Option<&'e str>) -> Option<&'e str> {
        if value.is_none() {
            self.seen.missing.insert(name.to_owned());
            if self.rules.unset == Unset::MissingReference {
                return None;
            }
        }
        Some(value.unwrap_or_default())
    }

    fn spend(&mut self, pattern: &str, value: &str) -> Result<(), WordError> {
        let cost = (pattern.len() + 1).saturating_mul(value.len() + 1);
        self.matching = self.matching.saturating_add(cost);
        if self.matching > MAX_MATCHING { Err(WordError::Length) } else { Ok(()) }
    }
}
