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
    let mut chars = code.slice(range.clone()).char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        if is_line_start && strips_tabs && c == '\t' {
            continue;
        }
        is_line_start = c == '\n';
        let escaped = chars.peek().map(|(_, next)| *next).filter(|_| expands && c == '\\');
        let (at, c) = match escaped {
            Some('$' | '`' | '\\' | '\n') => chars.next().unwrap_or((i, c)),
            _ => (i, c),
        };
        if escaped != Some('\n') {
            out.push(c, code.source(range.start + at));
        }
    }
    out
}

struct Unquoting<'a> {
    code: &'a Code,
    out: Code,
    keeps_variables: bool,
}

type Chars<'a> = std::iter::Peekable<std::str::CharIndices<'a>>;

impl Unquoting<'_> {
    fn word(mut self, range: Range<usize>) -> Option<Code> {
        let code = self.code;
        let text = code.slice(range.clone());
        let base = range.start;
        let mut chars = text.char_indices().peekable();
        while let Some((i, c)) = chars.next() {
            match c {
                '\'' => self.single(&mut chars, base)?,
                '"' => self.double(&mut chars, base)?,
                '\\' => match chars.next() {
                    Some((_, '\n')) => {}
                    Some((j, next)) => self.push(next, base + j),
                    None => self.push('\\', base + i),
                },
                '`' => return None,
                '<' | '>' if chars.peek().is_some_and(|(_, next)| *next == '(') => return None,
                '$' => match chars.peek() {
                    Some((_, '\'')) => {
                        chars.next();
                        self.ansi_c(&mut chars, base)?;
                    }
                    Some((_, '"')) => {}
                    _ => self.dollar(&chars, base + i)?,
                },
                _ => self.push(c, base + i),
            }
        }
        Some(self.out)
    }

    fn push(&mut self, c: char, at: usize) {
        self.out.push(c, self.code.source(at));
    }

    fn single(&mut self, chars: &mut Chars<'_>, base: usize) -> Option<()> {
        loop {
            match chars.next()? {
                (_, '\'') => return Some(()),
                (i, c) => self.push(c, base + i),
            }
        }
    }

    fn double(&mut self, chars: &mut Chars<'_>, base: usize) -> Option<()> {
        loop {
            match chars.next()? {
                (_, '"') => return Some(()),
                (_, '`') => return None,
                (i, '\\') => match chars.next()? {
                    (_, '\n') => {}
                    (j, c @ ('$' | '`' | '"' | '\\')) => self.push(c, base + j),
                    (j, c) => {
                        self.push('\\', base + i);
                        self.push(c, base + j);
                    }
                },
                (i, '$') => self.dollar(chars, base + i)?,
                (i, c) => self.push(c, base + i),
            }
        }
    }

    /// `$'…'`, with the escapes that stand for one character.
    fn ansi_c(&mut self, chars: &mut Chars<'_>, base: usize) -> Option<()> {
        loop {
            match chars.next()? {
                (_, '\'') => return Some(()),
                (_, '\\') => {
                    let (i, c) = chars.next()?;
                    let decoded = match c {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        '\\' | '\'' | '"' | '?' => c,
                        _ => return None,
                    };
                    self.push(decoded, base + i);
                }
                (i, c) => self.push(c, base + i),
            }
        }
    }

    /// A `$` that starts no expansion is itself.
    fn dollar(&mut self, chars: &Chars<'_>, at: usize) -> Option<()> {
        let mut rest = chars.clone().map(|(_, c)| c);
        let is_kept = match rest.next() {
            Some('(') => false,
            Some('{') => {
                let mut name = rest.take_while(|c| *c != '}');
                self.keeps_variables && name.all(|c| c.is_alphanumeric() || c == '_')
            }
            Some(c) if c.is_alphanumeric() || "_@*#?$!-".contains(c) => self.keeps_variables,
            _ => true,
        };
        is_kept.then(|| self.push('$', at))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::text::Span;

    fn code(text: &str) -> Code {
        Code::joined(text, Span::new(0, text.len()), '\0')
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
        assert_eq!(here_document(&code_lines(text), 0..text.len(), true, true).text(), "a $b\tc\\d\n");
        assert_eq!(here_document(&code_lines(text), 0..text.len(), false, false).text(), text);
    }

    fn code_lines(text: &str) -> Code {
        let mut code = Code::default();
        code.push_lines(text, Span::new(0, text.len()), false);
        code
    }
}
