//! As much of HCL as Bake files use: blocks and attributes, strings with `${…}`, here-documents, lists and objects. Other
//! expressions are skipped, and stay unknown.

use super::Fault;
use crate::text::Span;

/// Brackets inside each other.
const MAX_DEPTH: usize = 50;

/// What a file, or a block of it, holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Body {
    pub(super) attributes: Vec<(String, Span, Expression)>,
    pub(super) blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) keyword: String,
    pub(super) label: String,
    pub(super) span: Span,
    pub(super) body: Body,
}

/// An expression with its place.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) span: Span,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A string, a number or a truth value, in parts.
    Text(Vec<Part>),
    Null,
    List(Vec<Expression>),
    Object(Vec<(String, Expression)>),
    /// Something that is computed.
    Other,
}

/// A part of a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Literal(String),
    /// What is between `${` and `}`.
    Interpolated(String),
}

/// Reads a file.
pub(super) fn parse(text: &str) -> Result<Body, Fault> {
    Parser { text, at: 0, nesting: 0 }.body(0)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    /// Strings inside `${…}` inside strings.
    nesting: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn fault<T>(&self, reason: &str) -> Result<T, Fault> {
        Err((self.at.min(self.text.len()), format!("not HCL: {reason}")))
    }

    /// Skips blanks and comments, and line breaks where they mean nothing.
    fn skip(&mut self, skips_lines: bool) -> Result<(), Fault> {
        loop {
            let rest = self.rest();
            let is_blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\u{FEFF}') || skips_lines && c == '\n';
            let blank = rest.len() - rest.trim_start_matches(is_blank).len();
            self.at += blank;
            let rest = self.rest();
            let comment = if rest.starts_with('#') || rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                match rest.find("*/") {
                    Some(end) => end + 2,
                    None => return self.fault("a comment has no end"),
                }
            } else {
                0
            };
            self.at += comment;
            if blank + comment == 0 {
                return Ok(());
            }
        }
    }

    fn take(&mut self, token: &str) -> bool {
        let is_there = self.rest().starts_with(token);
        self.at += if is_there { token.len() } else { 0 };
        is_there
    }

    fn word(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let length = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).filter(|word| !word.is_empty())
    }

    /// Attributes and blocks up to the `}` of the block, or the end of the file.
    fn body(&mut self, depth: usize) -> Result<Body, Fault> {
        if depth > MAX_DEPTH {
            return self.fault("blocks are too deep inside each other");
        }
        let mut body = Body::default();
        loop {
            self.skip(true)?;
            if self.rest().is_empty() && depth == 0 {
                return Ok(body);
            }
            if depth > 0 && self.take("}") {
                return Ok(body);
            }
            let start = self.at;
            let name = match self.word() {
                Some(word) => word.to_owned(),
                None if self.rest().starts_with('"') => literal(&self.string()?).unwrap_or_default(),
                None => return self.fault("a name is missing here"),
            };
            self.skip(false)?;
            if self.rest().starts_with('=') && !self.rest().starts_with("==") {
                self.at += 1;
                let name_span = Span::new(start, start + name.len());
                let value = self.expression(depth)?;
                body.attributes.push((name, name_span, value));
                continue;
            }
            let mut label = String::new();
            while !self.take("{") {
                let found = match self.rest().starts_with('"') {
                    true => literal(&self.string()?),
                    false => self.word().map(str::to_owned),
                };
                let Some(found) = found else { return self.fault("a `{` or `=` is missing here") };
                label = if label.is_empty() { found } else { label };
                self.skip(false)?;
            }
            let inner = self.body(depth + 1)?;
            body.blocks.push(Block { keyword: name, label, span: Span::new(start, self.at), body: inner });
        }
    }

    /// An expression up to what ends it: a line break, a comma or a closing bracket.
    fn expression(&mut self, depth: usize) -> Result<Expression, Fault> {
        if depth > MAX_DEPTH {
            return self.fault("brackets are too deep inside each other");
        }
        self.skip(false)?;
        let start = self.at;
        let rest = self.rest();
        let kind = match rest.chars().next() {
            Some('"') => Kind::Text(self.string()?),
            Some('<') if rest.starts_with("<<") => Kind::Text(self.heredoc()?),
            Some('[') => {
                self.at += 1;
                self.list(depth)?
            }
            Some('{') => {
                self.at += 1;
                self.object(depth)?
            }
            Some(c) if c.is_ascii_digit() => {
                let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).unwrap_or(rest.len());
                self.at += length;
                Kind::Text(vec![Part::Literal(rest.get(..length).unwrap_or_default().to_owned())])
            }
            Some(c) if c.is_alphabetic() || c == '_' => match self.word() {
                Some("null") => Kind::Null,
                Some(word @ ("true" | "false")) => Kind::Text(vec![Part::Literal(word.to_owned())]),
                Some(word) => Kind::Text(vec![Part::Interpolated(word.to_owned())]),
                None => Kind::Other,
            },
            _ => Kind::Other,
        };
        let end = self.at;
        self.skip(false)?;
        let is_whole = self.rest().is_empty() || self.rest().starts_with(['\n', ',', ']', '}', ')']);
        if is_whole {
            return Ok(Expression { span: Span::new(start, end), kind });
        }
        self.skip_expression()?;
        Ok(Expression { span: Span::new(start, self.at), kind: Kind::Other })
    }

    /// Skips what is left of an expression, brackets and strings in it included.
    fn skip_expression(&mut self) -> Result<(), Fault> {
        let mut depth = 0_usize;
        loop {
            self.skip(depth > 0)?;
            let Some(c) = self.rest().chars().next() else { return Ok(()) };
            match c {
                '\n' | ',' | ']' | '}' | ')' if depth == 0 => return Ok(()),
                '"' => drop(self.string()?),
                '(' | '[' | '{' => {
                    depth += 1;
                    self.at += 1;
                }
                ')' | ']' | '}' => {
                    depth -= 1;
                    self.at += 1;
                }
                c => self.at += c.len_utf8(),
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Kind, Fault> {
        let mut items = Vec::new();
        loop {
            self.skip(true)?;
            if self.take("]") {
                return Ok(Kind::List(items));
            }
            if self.rest().is_empty() {
                return self.fault("a list has no end");
            }
            if self.rest().starts_with("for ") {
                self.skip_expression()?;
                return if self.take("]") { Ok(Kind::Other) } else { self.fault("a list has no end") };
            }
            let before = self.at;
            items.push(self.expression(depth + 1)?);
            self.skip(true)?;
            if !self.take(",") && !self.rest().starts_with(']') {
                // A line break inside an expression that is skipped.
                if self.at == before {
                    return self.fault("this is not expected in a list");
                }
                self.skip_expression()?;
                self.take(",");
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Kind, Fault> {
        let mut entries = Vec::new();
        loop {
            self.skip(true)?;
            if self.take("}") {
                return Ok(Kind::Object(entries));
            }
            let key = match self.rest().starts_with('"') {
                true => literal(&self.string()?),
                false => self.word().map(str::to_owned),
            };
            self.skip(false)?;
            let has_value = self.take("=") || self.take(":");
            let Some(key) = key.filter(|_| has_value) else {
                // A computed key, or a `for`.
                self.skip_expression()?;
                self.skip(true)?;
                let is_over = self.take("}");
                return if is_over { Ok(Kind::Other) } else { self.fault("an object has no end") };
            };
            entries.push((key, self.expression(depth + 1)?));
            self.skip(true)?;
            self.take(",");
        }
    }

    /// A quoted string in parts, its escapes decoded.
    fn string(&mut self) -> Result<Vec<Part>, Fault> {
        let start = self.at;
        self.at += 1;
        let mut parts = Vec::new();
        let mut literal = String::new();
        loop {
            let rest = self.rest();
            let Some(c) = rest.chars().next().filter(|c| *c != '\n') else {
                self.at = start;
                return self.fault("a string has no end");
            };
            if rest.starts_with("$${") || rest.starts_with("%%{") {
                literal.push_str(rest.get(1..3).unwrap_or_default());
                self.at += 3;
            } else if rest.starts_with("${") || rest.starts_with("%{") {
                self.at += 2;
                let inner = self.interpolated()?;
                parts.push(Part::Literal(std::mem::take(&mut literal)));
                parts.push(Part::Interpolated(inner));
            } else if c == '"' {
                self.at += 1;
                parts.push(Part::Literal(literal));
                return Ok(parts);
            } else if c == '\\' {
                let escaped = rest.chars().nth(1).unwrap_or('\\');
                literal.push(match escaped {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    c => c,
                });
                self.at += 1 + escaped.len_utf8();
            } else {
                literal.push(c);
                self.at += c.len_utf8();
            }
        }
    }

    /// What is inside `${…}`, whose end is passed.
    fn interpolated(&mut self) -> Result<String, Fault> {
        self.nesting += 1;
        if self.nesting > MAX_DEPTH {
            return self.fault("strings are too deep inside each other");
        }
        let inner = self.interpolated_text();
        self.nesting -= 1;
        inner
    }

    fn interpolated_text(&mut self) -> Result<String, Fault> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            let Some(c) = self.rest().chars().next() else {
                self.at = start;
                return self.fault("a `${` is not closed");
            };
            match c {
                '"' => drop(self.string()?),
                '{' => {
                    depth += 1;
                    self.at += 1;
                }
                '}' if depth == 0 => {
                    let inner = self.text.get(start..self.at).unwrap_or_default().trim().to_owned();
                    self.at += 1;
                    return Ok(inner);
                }
                '}' => {
                    depth -= 1;
                    self.at += 1;
                }
                c => self.at += c.len_utf8(),
            }
        }
    }

    /// A here-document; its text is not looked into.
    fn heredoc(&mut self) -> Result<Vec<Part>, Fault> {
        let rest = self.rest();
        let (line, body) = rest.split_once('\n').unwrap_or((rest, ""));
        let name = line.trim_start_matches('<').trim_start_matches('-').trim();
        let mut length = line.len() + 1;
        for line in body.split_inclusive('\n') {
            if line.trim() == name {
                // The line break behind the marker stays, to end the attribute.
                self.at += length + line.trim_end_matches(['\n', '\r']).len();
                return Ok(vec![Part::Interpolated(String::new())]);
            }
            length += line.len();
        }
        self.fault("a here-document has no end")
    }
}

/// The text of a string without `${…}`.
fn literal(parts: &[Part]) -> Option<String> {
    let part = |part: &Part| match part {
        Part::Literal(text) => Some(text.clone()),
        Part::Interpolated(_) => None,
    };
    parts.iter().map(part).collect()
}
