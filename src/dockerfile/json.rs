//! The JSON forms: an array of strings, with the place of each string.
//!
//! A general JSON reader does not fit: BuildKit tells "not JSON" (then the text is a shell form) from "JSON, but not
//! of strings" (then the file is refused), and rules need the span of each element.

/// Why a text is not an array of strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotStrings {
    /// It is not JSON, or JSON but no array.
    NotAnArray,
    /// It is a JSON array with other elements than strings.
    OtherElements,
}

/// A decoded string, and where it stands in the text, quotes included.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) value: String,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Nesting that Go's decoder refuses.
const MAX_DEPTH: usize = 10_000;

/// Reads an array of strings that fills `text` but for blanks around it.
pub(super) fn string_array(text: &str) -> Result<Vec<Element>, NotStrings> {
    let mut reader = Reader { bytes: text.as_bytes(), text, at: 0 };
    reader.array().ok_or(NotStrings::NotAnArray)?.ok_or(NotStrings::OtherElements)
}

/// Where the string literal ends that `text` starts with.
pub(super) fn string_end(text: &str) -> Option<usize> {
    let mut reader = Reader { bytes: text.as_bytes(), text, at: 0 };
    reader.string().map(|_| reader.at)
}

struct Reader<'t> {
    bytes: &'t [u8],
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    /// `None`: not a JSON array; `Some(None)`: one with other elements than strings.
    fn array(&mut self) -> Option<Option<Vec<Element>>> {
        self.blanks();
        self.eat(b'[')?;
        self.blanks();
        let mut elements = Some(Vec::new());
        if self.eat(b']').is_none() {
            loop {
                self.blanks();
                let start = self.at;
                if self.peek() == Some(b'"') {
                    let value = self.string()?;
                    if let Some(list) = &mut elements {
                        list.push(Element { value, start, end: self.at });
                    }
                } else {
                    self.value()?;
                    // Go decodes `null` into any element type, but a nil is no string.
                    elements = None;
                }
                self.blanks();
                if self.eat(b']').is_some() {
                    break;
                }
                self.eat(b',')?;
            }
        }
        self.blanks();
        (self.at == self.bytes.len()).then_some(elements)
    }

    /// Skips any value but checks it, without recursion: the open brackets are a stack.
    fn value(&mut self) -> Option<()> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            self.blanks();
            let opened = match self.peek()? {
                bracket @ (b'[' | b'{') => {
                    self.at += 1;
                    open.push(bracket);
                    if open.len() >= MAX_DEPTH {
                        return None;
                    }
                    true
                }
                b'"' => self.string().map(|_| false)?,
                b't' => self.literal("true").map(|()| false)?,
                b'f' => self.literal("false").map(|()| false)?,
                b'n' => self.literal("null").map(|()| false)?,
                _ => self.number().map(|()| false)?,
            };
            if !self.close_or_continue(&mut open, opened)? {
                return Some(());
            }
        }
    }

    /// After a bracket was opened or a value ended: closes what closes, and says whether another value follows.
    fn close_or_continue(&mut self, open: &mut Vec<u8>, mut opened: bool) -> Option<bool> {
        while let Some(bracket) = open.last().copied() {
            self.blanks();
            let closing = if bracket == b'[' { b']' } else { b'}' };
            if self.eat(closing).is_some() {
                open.pop();
                opened = false;
                continue;
            }
            if !opened {
                self.eat(b',')?;
            }
            if bracket == b'{' {
                self.blanks();
                self.string()?;
                self.blanks();
                self.eat(b':')?;
            }
            return Some(true);
        }
        Some(false)
    }

    fn number(&mut self) -> Option<()> {
        let start = self.at;
        let _ = self.eat(b'-');
        if self.eat(b'0').is_none() {
            self.digits()?;
        }
        if self.eat(b'.').is_some() {
            self.digits()?;
        }
        if self.eat(b'e').or_else(|| self.eat(b'E')).is_some() {
            let _ = self.eat(b'+').or_else(|| self.eat(b'-'));
            self.digits()?;
        }
        // Go refuses the whole array when a number does not fit a float.
        self.text[start..self.at].parse::<f64>().ok().filter(|number| number.is_finite()).map(|_| ())
    }

    fn digits(&mut self) -> Option<()> {
        let count = self.bytes[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        (count > 0).then_some(())
    }

    fn literal(&mut self, word: &str) -> Option<()> {
        self.text[self.at..].starts_with(word).then(|| self.at += word.len())
    }

    fn string(&mut self) -> Option<String> {
        self.eat(b'"')?;
        let mut out = String::new();
        loop {
            let plain = self.bytes[self.at..].iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1F))?;
            out.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain + 1;
            match self.bytes[self.at - 1] {
                b'"' => return Some(out),
                b'\\' => out.push(self.escaped()?),
                _ => return None,
            }
        }
    }

    fn escaped(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += 1;
        Some(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.hex4()?;
                if !(0xD800..0xE000).contains(&high) {
                    return char::from_u32(high);
                }
                let before = self.at;
                let low = self.literal("\\u").and_then(|()| self.hex4());
                match low {
                    Some(low) if high < 0xDC00 && (0xDC00..0xE000).contains(&low) => {
                        char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))?
                    }
                    // A surrogate alone becomes the replacement character.
                    _ => {
                        self.at = before;
                        char::REPLACEMENT_CHARACTER
                    }
                }
            }
            _ => return None,
        })
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.bytes.get(self.at..self.at + 4)?;
        let mut code = 0;
        for digit in digits {
            code = code * 16 + char::from(*digit).to_digit(16)?;
        }
        self.at += 4;
        Some(code)
    }

    fn blanks(&mut self) {
        self.at += self.bytes[self.at..].iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).count();
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn values(text: &str) -> Result<Vec<String>, NotStrings> {
        string_array(text).map(|list| list.into_iter().map(|element| element.value).collect())
    }

    #[test]
    fn strings_are_decoded_and_placed() {
        assert_eq!(values(r#"["a", "b\n\u00e9\ud83d\ude00\ud800"]"#).unwrap(), ["a", "b\né😀\u{FFFD}"]);
        assert_eq!(values(" [ ] ").unwrap(), Vec::<String>::new());
        let text = r#"[ "x" , "yz" ]"#;
        let second = &string_array(text).unwrap()[1];
        assert_eq!(&text[second.start..second.end], "\"yz\"");
    }

    #[test]
    fn other_json_is_told_from_what_is_not_json() {
        for text in [r#"["a", 1]"#, "[null]", r#"[["a"]]"#, r#"[{"a": [1, {}]}]"#, "[-0.5e+3]"] {
            assert_eq!(values(text), Err(NotStrings::OtherElements), "{text}");
        }
        for text in [
            "",
            "a",
            "[a]",
            r#"["a""#,
            r#"["a",]"#,
            r#"["a"] b"#,
            r#"['a']"#,
            "[1e999]",
            "[01]",
            r#"{"a": 1}"#,
            "[\"\t\"]",
        ] {
            assert_eq!(values(text), Err(NotStrings::NotAnArray), "{text}");
        }
        assert_eq!(values(&"[".repeat(100_000)), Err(NotStrings::NotAnArray));
    }
}
