//! Quote removal, keeping the place of every byte that remains.

use std::ops::Range;

use super::code::Code;

/// The value of a shell word whose quotes are taken off; `None` when an expansion (`$x`, `$(…)`, backquotes) makes it
/// unknown. Globs and `~` stay as written.
pub(super) fn literal(code: &Code, range: Range<usize>) -> Option<Code> {
    Unquoting { code, out: Code::default(), keeps_variables: false }.word(range)
}

/// As [`literal`], for a word that is itself a script (`sh -c "echo $x"`): plain `$x` and `${x}` are left in it, since
/// they do not change where its commands are. A word with a command substitution is still `None`.
pub(super) fn script(code: &Code, range: Range<usize>) -> Option<Code> {
    Unquoting { code, out: Code::default(), keeps_variables: true }.word(range)
}

/// What a shell reads from a here-document: escapes undone if it expands, leading tabs taken off for `<<-`.
pub(super) fn here_document(code: &Code, range: Range<usize>, expands: bool, strips_tabs: bool) -> Code {
    let mut out = Code::default();
    let mut is_line_start = true;
    let mut chars = code.slice(range.clone()).char_indices().map(|(i, c)| (range.start + i, c)).peekable();
    while let Some((at, c)) = chars.next() {
        if is_line_start && strips_tabs && c == '\t' {
            continue;
        }
        is_line_start = c == '\n';
        let escaped = chars.next_if(|(_, next)| expands && c == '\\' && matches!(next, '$' | '`' | '\\' | '\n'));
        match escaped {
            Some((_, '\n')) => {}
            Some((_, c)) => out.push(c, code.place(at..at + 1 + c.len_utf8())),
            None => out.push(c, code.place(at..at + c.len_utf8())),
        }
    }
    out
}

struct Unquoting<'a> {
    code: &'a Code,
    out: Code,
    keeps_variables: bool,
}

/// The characters of a word, with their offsets in the code.
struct Chars<'a> {
    rest: std::str::CharIndices<'a>,
    base: usize,
}

impl Chars<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.clone().next().map(|(_, c)| c)
    }
}

impl Iterator for Chars<'_> {
    type Item = (usize, char);

    fn next(&mut self) -> Option<Self::Item> {
        self.rest.next().map(|(i, c)| (self.base + i, c))
    }
}

impl Unquoting<'_> {
    fn word(mut self, range: Range<usize>) -> Option<Code> {
        let code = self.code;
        let mut chars = Chars { base: range.start, rest: code.slice(range).char_indices() };
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' => self.single(&mut chars)?,
                '"' => self.double(&mut chars)?,
                '\\' => match chars.next() {
                    Some((_, '\n')) => {}
                    Some((_, next)) => self.push(next, at, 1),
                    None => self.push('\\', at, 0),
                },
                '`' => return None,
                '<' | '>' if chars.peek() == Some('(') => return None,
                '$' => match chars.peek() {
                    Some('\'') => {
                        chars.next();
                        self.ansi_c(&mut chars)?;
                    }
                    Some('"') => {}
                    _ => self.dollar(&chars, at)?,
                },
                _ => self.push(c, at, 0),
            }
        }
        Some(self.out)
    }

    /// Adds a character that stands at `at`, behind as many escaping bytes.
    fn push(&mut self, c: char, at: usize, escape: usize) {
        self.out.push(c, self.code.place(at..at + escape + c.len_utf8()));
    }

    fn single(&mut self, chars: &mut Chars<'_>) -> Option<()> {
        loop {
            match chars.next()? {
                (_, '\'') => return Some(()),
                (at, c) => self.push(c, at, 0),
            }
        }
    }

    fn double(&mut self, chars: &mut Chars<'_>) -> Option<()> {
        loop {
            match chars.next()? {
                (_, '"') => return Some(()),
                (_, '`') => return None,
                (at, '\\') => match chars.next()? {
                    (_, '\n') => {}
                    (_, c @ ('$' | '`' | '"' | '\\')) => self.push(c, at, 1),
                    (next, c) => {
                        self.push('\\', at, 0);
                        self.push(c, next, 0);
                    }
                },
                (at, '$') => self.dollar(chars, at)?,
                (at, c) => self.push(c, at, 0),
            }
        }
    }

    /// `$'…'`, with the escapes that stand for one character.
    fn ansi_c(&mut self, chars: &mut Chars<'_>) -> Option<()> {
        loop {
            match chars.next()? {
                (_, '\'') => return Some(()),
                (at, '\\') => {
                    let decoded = match chars.next()?.1 {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        c @ ('\\' | '\'' | '"' | '?') => c,
                        _ => return None,
                    };
                    self.push(decoded, at, 1);
                }
                (at, c) => self.push(c, at, 0),
            }
        }
    }

    /// A `$` that starts no expansion is itself.
    fn dollar(&mut self, chars: &Chars<'_>, at: usize) -> Option<()> {
        let mut rest = chars.rest.clone().map(|(_, c)| c);
        let is_kept = match rest.next() {
            Some('(') => false,
            Some('{') => {
                let mut name = rest.take_while(|c| *c != '}');
                self.keeps_variables && name.all(|c| c.is_alphanumeric() || c == '_')
            }
            Some(c) if c.is_alphanumeric() || "_@*#?$!-".contains(c) => self.keeps_variables,
            _ => true,
        };
        is_kept.then(|| self.push('$', at, 0))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::text::Span;

    fn code(text: &str) -> Code {
        let mut code = Code::default();
        code.push_str(text, 0);
        code
    }

    #[test]
    fn quotes_come_off_and_expansions_are_unknown() {
        let value = |text: &str| literal(&code(text), 0..text.len()).map(|c| c.text().to_owned());
        assert_eq!(value(r#"a'b c'"d\"e\n"\ f$"#).unwrap(), r#"ab cd"e\n f$"#);
        assert_eq!(value(r"$'a\n\'b'").unwrap(), "a\n'b");
        assert_eq!(value("/var/lib/apt/lists/*").unwrap(), "/var/lib/apt/lists/*");
        for unknown in ["$x", "\"$x\"", "a`b`", "$(x)", "${x}", "<(x)", "'open"] {
            assert_eq!(value(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_script_keeps_its_variables_and_places() {
        let outer = code(r#""echo \"$x\" ${y} \$z""#);
        let inner = script(&outer, 0..outer.text().len()).unwrap();
        assert_eq!(inner.text(), r#"echo "$x" ${y} $z"#);
        let at = inner.text().find("${y}").unwrap();
        assert_eq!(inner.place(at..at + 4), Span::new(13, 17));
        assert!(script(&code("\"echo $(x)\""), 0..11).is_none());
    }

    #[test]
    fn a_here_document_is_read_as_the_shell_reads_it() {
        let text = "\ta \\$b\\\n\tc\\d\n";
        assert_eq!(here_document(&code(text), 0..text.len(), true, true).text(), "a $b\tc\\d\n");
        assert_eq!(here_document(&code(text), 0..text.len(), false, false).text(), text);
    }
}
