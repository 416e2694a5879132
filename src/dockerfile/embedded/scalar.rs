//! Where each character of a YAML scalar stands in its file. The parser says what the scalar's text is; this follows that
//! text through the source, over indentation, folded lines, quotes and escapes.

use granit_parser::ScalarStyle;

use crate::text::{Embedding, Span};

/// The scalar `text`, written as `span` of `file`, with the place of each of its characters. Where they cannot be followed,
/// every character has the place of the whole.
pub(super) fn place(text: &str, style: ScalarStyle, file: &str, span: Span) -> Embedding {
    let raw = file.get(span.range()).unwrap_or_default();
    let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
    let is_quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
    let mut follower = Follower { raw, at: usize::from(is_quoted), is_in_breaks: false };
    let mut placed = Embedding::default();
    let mut at_line_start = false;
    for (index, c) in text.char_indices() {
        if is_block && at_line_start {
            follower.indentation(&text[index..]);
        }
        let found = match style {
            ScalarStyle::Literal | ScalarStyle::Folded => follower.block(c, index == 0 || at_line_start),
            ScalarStyle::DoubleQuoted => follower.double_quoted(c),
            ScalarStyle::SingleQuoted => follower.single_quoted(c),
            _ => follower.flow(c),
        };
        let Some(from) = found else {
            let mut whole = Embedding::default();
            whole.push(text, span);
            return whole;
        };
        at_line_start = c == '\n' || raw.get(from..follower.at).is_some_and(|taken| taken.ends_with('\n'));
        let place = Span::new(span.start + from, span.start + follower.at);
        placed.push(c.encode_utf8(&mut [0; 4]), place);
    }
    placed
}

/// Reads the source along with the text. Each step gives where the character starts and stands behind it afterwards.
struct Follower<'r> {
    raw: &'r str,
    at: usize,
    /// It stands behind a line break that was not the last of several.
    is_in_breaks: bool,
}

impl<'r> Follower<'r> {
    fn rest(&self) -> &'r str {
        self.raw.get(self.at..).unwrap_or_default()
    }

    /// Takes `count` bytes as the next character.
    fn take(&mut self, count: usize) -> Option<usize> {
        let from = self.at;
        self.at += count;
        (self.at <= self.raw.len()).then_some(from)
    }

    /// Takes the character itself.
    fn verbatim(&mut self, c: char) -> Option<usize> {
        if self.rest().starts_with(c) { self.take(c.len_utf8()) } else { None }
    }

    /// Skips what stands before the text of a line in a block: blank lines that were folded, and the indentation, which is
    /// what the source has more of than the text.
    fn indentation(&mut self, text: &str) {
        if !text.starts_with('\n') {
            while let Some(blank) = blank_line(self.rest()) {
                self.at += blank;
            }
        }
        let spaces = |text: &str| text.len() - text.trim_start_matches(' ').len();
        self.at += spaces(self.rest()).saturating_sub(spaces(text));
    }

    fn block(&mut self, c: char, at_line_start: bool) -> Option<usize> {
        match c {
            // A line break that the text has and the source has not: blank lines above the first line, or the end of the file.
            '\n' => match blank_line(self.rest()) {
                Some(length) => self.take(length),
                None if at_line_start || self.rest().is_empty() => Some(self.at),
                None => None,
            },
            ' ' if !self.rest().starts_with(' ') => blank_line(self.rest()).and_then(|length| self.take(length)),
            _ => self.verbatim(c),
        }
    }

    /// A character outside of blocks, escapes apart: a line break is a space, and of several the first goes.
    fn flow(&mut self, c: char) -> Option<usize> {
        let mut length = match blank_line(self.rest()).filter(|_| matches!(c, ' ' | '\n')) {
            Some(length) => length,
            None => return self.verbatim(c),
        };
        if c == '\n' && !self.is_in_breaks {
            self.at += length;
            length = blank_line(self.rest())?;
        }
        let next = self.rest().get(length..).unwrap_or_default();
        self.is_in_breaks = blank_line(next).is_some();
        if !self.is_in_breaks {
            length += next.len() - next.trim_start_matches([' ', '\t']).len();
        }
        self.take(length)
    }

    fn single_quoted(&mut self, c: char) -> Option<usize> {
        if c == '\'' && self.rest().starts_with("''") { self.take(2) } else { self.flow(c) }
    }

    fn double_quoted(&mut self, c: char) -> Option<usize> {
        // A break behind a backslash is none, and neither is the indentation behind it.
        while let Some(length) = self.rest().strip_prefix('\\').and_then(blank_line) {
            self.at += 1 + length;
            self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
        }
        if !self.rest().starts_with('\\') {
            return self.flow(c);
        }
        let (decoded, length) = escape(self.rest())?;
        if decoded == c { self.take(length) } else { None }
    }
}

/// Bytes to the end of the line, its break included, where only blanks are left of it.
fn blank_line(text: &str) -> Option<usize> {
    let rest = text.trim_start_matches([' ', '\t']);
    let blanks = text.len() - rest.len();
    let line_break = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with(['\n', '\r'])) };
    (line_break > 0).then_some(blanks + line_break)
}

/// The character that an escape stands for, and the bytes of it.
fn escape(text: &str) -> Option<(char, usize)> {
    let hex = |from: usize, digits: usize| u32::from_str_radix(text.get(from..from + digits)?, 16).ok();
    let c = match text.chars().nth(1)? {
        '0' => '\0',
        'a' => '\x07',
        'b' => '\x08',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\x0b',
        'f' => '\x0c',
        'r' => '\r',
        'e' => '\x1b',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        'x' => return Some((char::from_u32(hex(2, 2)?)?, 4)),
        'U' => return Some((char::from_u32(hex(2, 8)?)?, 10)),
        'u' => {
            let unit = hex(2, 4)?;
            if let Some(c) = char::from_u32(unit) {
                return Some((c, 6));
            }
            let low = hex(8, 4).filter(|low| text.get(6..8) == Some("\\u") && (0xDC00..0xE000).contains(low))?;
            return Some((char::from_u32(0x10000 + ((unit & 0x3FF) << 10) + (low & 0x3FF))?, 12));
        }
        c @ (' ' | '"' | '/' | '\\') => c,
        _ => return None,
    };
    Some((c, 2))
}
