//! Bounds on lines. A searcher keeps a whole line in memory, and a hostile file is one line.

use std::io::{self, Read};

/// A line is cut once it is this long …
const SOFT_LIMIT: u64 = 1 << 20;
/// … at the first byte that no token holds, or here at the latest.
const HARD_LIMIT: u64 = SOFT_LIMIT + (64 << 10);

/// Passes bytes on, and ends a line that gets too long by replacing one of its bytes by a newline, so that offsets
/// stay what they are. Remembers where, so that lines can be counted rightly.
pub(super) struct CutLines<R> {
    inner: R,
    /// Bytes passed on.
    position: u64,
    /// Where the current line, cut or not, started.
    line_start: u64,
    pub(super) cuts: Vec<Cut>,
}

/// A newline that is not in the input.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    /// Where.
    pub(super) at: u64,
    /// Where the line it cuts really starts.
    pub(super) line_start: u64,
}

impl<R> CutLines<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, position: 0, line_start: 0, cuts: Vec::new() }
    }
}

impl<R: Read> Read for CutLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        let mut rest = &mut buffer[..length];
        while !rest.is_empty() {
            let line = self.position - self.line_start;
            if line + rest.len() as u64 <= SOFT_LIMIT {
                let last_newline = rest.iter().rposition(|b| *b == b'\n');
                self.line_start = last_newline.map_or(self.line_start, |last| self.position + last as u64 + 1);
                self.position += rest.len() as u64;
                break;
            }
            let until_soft = usize::try_from(SOFT_LIMIT.saturating_sub(line)).unwrap_or(usize::MAX);
            let newline = rest.iter().position(|b| *b == b'\n');
            let is_free = |b: &u8| b.is_ascii_whitespace() || matches!(b, b',' | b';' | b'(' | b')' | b'{' | b'}' | 0);
            let free = rest.iter().skip(until_soft).position(is_free).map(|i| until_soft + i);
            let hard = usize::try_from(HARD_LIMIT.saturating_sub(line)).ok().filter(|i| *i < rest.len());
            let cut = free.into_iter().chain(hard).min();
            let end = match (newline, cut) {
                (Some(newline), cut) if cut.is_none_or(|cut| newline <= cut) => newline,
                (_, Some(cut)) => {
                    let at = self.position + cut as u64;
                    let follows = self.cuts.last().filter(|last| last.at + 1 == self.line_start);
                    let line_start = follows.map_or(self.line_start, |last| last.line_start);
                    self.cuts.push(Cut { at, line_start });
                    rest[cut] = b'\n';
                    cut
                }
                _ => {
                    self.position += rest.len() as u64;
                    break;
                }
            };
            self.position += end as u64 + 1;
            self.line_start = self.position;
            rest = &mut rest[end + 1..];
        }
        Ok(length)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_long_lines_are_cut_and_cuts_know_their_line() {
        let mut input = b"a b\n".to_vec();
        input.extend(vec![b'x'; 3 << 20]);
        input.extend(b" y\nz\n");
        let mut reader = CutLines::new(input.as_slice());
        let mut out = Vec::new();
        reader.read_to_end(&mut out).unwrap();
        assert_eq!(out.len(), input.len());
        assert!(reader.cuts.len() >= 2 && reader.cuts.iter().all(|cut| cut.line_start == 4));
        let real = |bytes: &[u8]| bytes.iter().filter(|b| **b == b'\n').count();
        assert_eq!(real(&out), real(&input) + reader.cuts.len());
        let longest = out.split(|b| *b == b'\n').map(<[u8]>::len).max();
        assert!(longest.unwrap() as u64 <= HARD_LIMIT);
    }
}
