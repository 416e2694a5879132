//! A coarse reading of code the grammar refuses: words and operators, no structure.

use std::ops::Range;

/// The words of each command, as parts of the text. Quotes and substitutions are kept whole, redirections left out;
/// reserved words (`then`, `do`, `{`) are passed over where a command could start.
pub(super) fn commands(text: &str) -> Vec<Vec<Range<usize>>> {
    let mut scan = Scan { bytes: text.as_bytes(), at: 0 };
    let mut commands = Vec::new();
    let mut words: Vec<Range<usize>> = Vec::new();
    while let Some(byte) = scan.peek() {
        match byte {
            b' ' | b'\t' | b'\r' => scan.at += 1,
            b'\\' if scan.bytes.get(scan.at + 1) == Some(&b'\n') => scan.at += 2,
            b'\n' | b';' | b'&' | b'|' | b'(' | b')' => {
                scan.at += 1;
                commands.push(std::mem::take(&mut words));
            }
            b'#' => scan.comment(),
            b'<' | b'>' => scan.redirection(),
            _ => {
                let word = scan.word();
                let is_reserved =
                    words.is_empty() && text.get(word.clone()).is_some_and(|word| RESERVED.contains(&word));
                if !is_reserved {
                    words.push(word);
                }
            }
        }
    }
    commands.push(words);
    commands.retain(|words| !words.is_empty());
    commands
}

const RESERVED: &[&str] =
    &["if", "then", "elif", "else", "fi", "while", "until", "do", "done", "{", "}", "!", "time", "esac"];

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn comment(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    fn redirection(&mut self) {
        while self.peek().is_some_and(|byte| matches!(byte, b'<' | b'>' | b'&' | b'-' | b' ' | b'\t')) {
            self.at += 1;
        }
        self.word();
    }

    /// A word to its end; an unclosed quote ends with the text.
    fn word(&mut self) -> Range<usize> {
        let start = self.at;
        let mut parentheses = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' => self.at += 1,
                b'\'' | b'"' | b'`' => self.quoted(byte),
                b'(' if parentheses > 0 || self.at > start && self.bytes.get(self.at - 1) == Some(&b'$') => {
                    parentheses += 1
                }
                b')' if parentheses > 0 => parentheses -= 1,
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>' if parentheses == 0 => {
                    break;
                }
                _ => {}
            }
            self.at += 1;
        }
        self.at = self.at.min(self.bytes.len());
        start..self.at
    }

    /// To the closing quote, and not over it.
    fn quoted(&mut self, quote: u8) {
        self.at += 1;
        while let Some(byte) = self.peek().filter(|byte| *byte != quote) {
            self.at += 1 + usize::from(byte == b'\\' && quote != b'\'');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::commands;

    #[test]
    fn broken_code_still_has_words() {
        let text = "if {{ x }}; then apt-get install -y 'a b' $(cat x) >/dev/null && # note\n rm -rf \"unclosed; ";
        let read: Vec<Vec<&str>> =
            commands(text).into_iter().map(|words| words.into_iter().map(|word| &text[word]).collect()).collect();
        let expected: &[&[&str]] =
            &[&["{{", "x", "}}"], &["apt-get", "install", "-y", "'a b'", "$(cat x)"], &["rm", "-rf", "\"unclosed; "]];
        assert_eq!(read, expected);
    }

    #[test]
    fn hostile_code_ends() {
        for text in ["\\", "'", "$(", "((((", ">", "<<<<", "a\\", "`", "é\\é'é"] {
            for words in commands(&text.repeat(50)) {
                assert!(words.iter().all(|word| text.repeat(50).get(word.clone()).is_some()));
            }
        }
    }
}
