//! As much of HCL as finds the attributes of Bake's blocks: comments, strings and here-documents are told from the rest,
//! brackets are counted, expressions are not evaluated.

use super::{Contents, Found};
use crate::text::{Embedding, Span};

/// What a Dockerfile that no single string is, is reported as.
const EXPRESSION: &str = "it is an expression, not a string";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Token {
    Word(Span),
    /// What is between the quotes.
    Quoted(Span),
    /// The lines between the markers.
    Heredoc {
        body: Span,
        strips_indentation: bool,
    },
    Open,
    Close,
    Equals,
    Newline,
    Other,
}

struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

/// A block of the top level that is being read.
struct Block {
    keyword: Span,
    label: Option<Span>,
}

/// The values of `key` in `target` blocks, and the defaults of `variable` blocks. Fails with an offset and a reason.
pub(super) fn read(text: &str, key: &str) -> Result<Contents, (usize, String)> {
    let word = |span: Span| text.get(span.range()).unwrap_or_default();
    let mut tokens = Tokens { text, at: 0 };
    let mut contents = Contents::default();
    let mut depth = 0_usize;
    let mut block: Option<Block> = None;
    let mut statement: Vec<Token> = Vec::new();
    while let Some(token) = tokens.next_token()? {
        match token {
            Token::Open => {
                if let (0, [Token::Word(keyword), labels @ ..]) = (depth, statement.as_slice()) {
                    let label = labels.iter().find_map(|label| match label {
                        Token::Word(span) | Token::Quoted(span) => Some(*span),
                        _ => None,
                    });
                    block = Some(Block { keyword: *keyword, label });
                }
                depth += 1;
                statement.clear();
            }
            Token::Close => {
                depth = depth.saturating_sub(1);
                block = block.filter(|_| depth > 0);
                statement.clear();
            }
            Token::Newline => statement.clear(),
            _ if statement.len() < 4 => statement.push(token),
            _ => {}
        }
        let (Some(block), 1, [Token::Word(name), Token::Equals]) = (&block, depth, statement.as_slice()) else {
            continue;
        };
        let (start, name) = (name.start, word(*name));
        if word(block.keyword) == "target" && name == key {
            let (span, text) = tokens.value(start)?;
            contents.found.push(Found { span, text: text.ok_or(EXPRESSION) });
        } else if word(block.keyword) == "variable" && name == "default" {
            let (_, value) = tokens.value(start)?;
            let plain = value.filter(|value| !value.text().contains("${") && !value.text().contains("%{"));
            if let (Some(label), Some(value)) = (block.label, plain) {
                contents.variables.insert(word(label).to_owned(), value.text().to_owned());
            }
        }
        // What of the value is left, brackets included, is no statement: it does not begin with a word and `=`.
        statement.push(Token::Other);
    }
    Ok(contents)
}

impl Tokens<'_> {
    /// The value behind an `=`: its text when it is one string. `name` is where the attribute starts.
    fn value(&mut self, name: usize) -> Result<(Span, Option<Embedding>), (usize, String)> {
        let before = self.at;
        let first = self.next_token()?;
        let after_first = self.at;
        let is_alone = match first {
            // Its last line break ends the attribute.
            Some(Token::Heredoc { .. }) => true,
            _ => matches!(self.next_token()?, None | Some(Token::Newline | Token::Close)),
        };
        let text = match first.filter(|_| is_alone) {
            Some(Token::Quoted(span)) => self.quoted_text(span),
            Some(Token::Heredoc { body, strips_indentation }) => Some(self.heredoc_text(body, strips_indentation)),
            _ => None,
        };
        // What is no string is read again, since it may hold brackets; what ends the attribute may close the block.
        self.at = if text.is_some() { after_first } else { before };
        Ok((Span::new(name, after_first), text))
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn next_token(&mut self) -> Result<Option<Token>, (usize, String)> {
        self.skip_blanks_and_comments()?;
        let start = self.at;
        let Some(c) = self.rest().chars().next() else { return Ok(None) };
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        let token = match c {
            '"' => return self.quoted().map(Some),
            '<' if self.rest().starts_with("<<") => {
                if let Some(token) = self.heredoc()? {
                    return Ok(Some(token));
                }
                Token::Other
            }
            c if is_word(c) => {
                let rest = self.rest();
                self.at += rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                return Ok(Some(Token::Word(Span::new(start, self.at))));
            }
            '{' | '[' | '(' => Token::Open,
            '}' | ']' | ')' => Token::Close,
            '=' if !self.rest().starts_with("==") => Token::Equals,
            '\n' => Token::Newline,
            _ => Token::Other,
        };
        self.at += if self.rest().starts_with("==") { 2 } else { c.len_utf8() };
        Ok(Some(token))
    }

    fn skip_blanks_and_comments(&mut self) -> Result<(), (usize, String)> {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\u{FEFF}']).len();
            let comment = if rest.starts_with('#') || rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                let end = rest.find("*/").ok_or_else(|| (self.at, "this comment has no end".to_owned()))?;
                end + 2
            } else {
                0
            };
            if blank + comment == 0 {
                return Ok(());
            }
            self.at += blank.max(comment);
        }
    }

    /// A quoted string, the strings inside its `${…}` included.
    fn quoted(&mut self) -> Result<Token, (usize, String)> {
        let start = self.at;
        let no_end = || (start, "this string has no end".to_owned());
        self.at += 1;
        // One entry for each string and each `{` that is open, from the outside in.
        let mut open = vec!['"'];
        while let Some(innermost) = open.last() {
            let rest = self.rest();
            let c = rest.chars().next().ok_or_else(no_end)?;
            let mut taken = c.len_utf8();
            match (innermost, c) {
                ('"', '\\') => taken += rest[1..].chars().next().map_or(0, char::len_utf8),
                ('"', '\n') => return Err(no_end()),
                ('"', '$' | '%') if rest.starts_with("$${") || rest.starts_with("%%{") => taken = 3,
                ('"', '$' | '%') if rest[1..].starts_with('{') => {
                    taken = 2;
                    open.push('{');
                }
                ('"', '"') | ('{', '}') => drop(open.pop()),
                ('{', '"' | '{') => open.push(c),
                _ => {}
            }
            self.at += taken;
        }
        Ok(Token::Quoted(Span::new(start + 1, self.at - 1)))
    }

    /// A here-document; `None` where the `<<` starts none.
    fn heredoc(&mut self) -> Result<Option<Token>, (usize, String)> {
        let marker = self.rest().strip_prefix("<<").unwrap_or_default();
        let strips_indentation = marker.starts_with('-');
        let (line, _) = marker.split_once('\n').unwrap_or((marker, ""));
        let name = line.strip_prefix('-').unwrap_or(line).trim_end_matches('\r');
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
            return Ok(None);
        }
        let body_start = self.at + "<<".len() + line.len() + 1;
        let mut at = body_start;
        while let Some(rest) = self.text.get(at..).filter(|rest| !rest.is_empty()) {
            let line = rest.split_inclusive('\n').next().unwrap_or(rest);
            if line.trim() == name {
                // The line break behind the marker stays, to end the attribute.
                self.at = at + line.trim_end_matches(['\n', '\r']).len();
                return Ok(Some(Token::Heredoc { body: Span::new(body_start, at), strips_indentation }));
            }
            at += line.len();
        }
        Err((self.at, format!("this here-document has no line `{name}` to end it")))
    }

    /// A string's text, its escapes decoded, its `${…}` as they stand; `None` for an escape that there is not.
    fn quoted_text(&self, span: Span) -> Option<Embedding> {
        let mut text = Embedding::default();
        let mut at = span.start;
        while at < span.end {
            let rest = self.text.get(at..span.end)?;
            let c = rest.chars().next()?;
            let (decoded, length) = if c == '\\' { escape(rest)? } else { (c, c.len_utf8()) };
            text.push(decoded.encode_utf8(&mut [0; 4]), Span::new(at, at + length));
            at += length;
        }
        Some(text)
    }

    /// The lines of a here-document, without the indentation that all of them have where that is asked for.
    fn heredoc_text(&self, body: Span, strips_indentation: bool) -> Embedding {
        let lines = || self.text.get(body.range()).unwrap_or_default().split_inclusive('\n');
        let indentation = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let common = lines().filter(|line| !line.trim().is_empty()).map(indentation).min().unwrap_or(0);
        let mut text = Embedding::default();
        let mut at = body.start;
        for line in lines() {
            let stripped = if strips_indentation { common.min(indentation(line)) } else { 0 };
            text.push(&line[stripped..], Span::new(at + stripped, at + line.len()));
            at += line.len();
        }
        text
    }
}

/// The character that an escape stands for, and the bytes of it.
fn escape(text: &str) -> Option<(char, usize)> {
    let hex = |digits: usize| char::from_u32(u32::from_str_radix(text.get(2..2 + digits)?, 16).ok()?);
    match text.chars().nth(1)? {
        'n' => Some(('\n', 2)),
        'r' => Some(('\r', 2)),
        't' => Some(('\t', 2)),
        c @ ('"' | '\\') => Some((c, 2)),
        'u' => Some((hex(4)?, 6)),
        'U' => Some((hex(8)?, 10)),
        _ => None,
    }
}
