//! JSON with the place of every value, so that an error and a decision can name the line of a bundle they come from.

use std::sync::Arc;

use super::{Fault, PolicyError};
use crate::text::{SourceText, Span};

/// Arrays and objects that may stand in one another.
const DEEPEST: usize = 64;

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Json {
    pub(super) span: Span,
    pub(super) value: JsonValue,
}

/// What a value is. Numbers keep their spelling.
#[derive(Debug)]
pub(super) enum JsonValue {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Json>),
    Object(Vec<Member>),
}

/// A key of an object and its value.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) key_span: Span,
    pub(super) value: Json,
}

/// Reads a whole text as one JSON value.
///
/// # Errors
/// Where the text stops being JSON (RFC 8259), nests deeper than 64, or has a key twice.
pub(super) fn parse(text: &Arc<SourceText>) -> Result<Json, PolicyError> {
    parse_part(text, Span::new(0, text.text().len()))
}

/// Reads a part of a text as one JSON value.
///
/// # Errors
/// As [`parse`].
pub(super) fn parse_part(text: &Arc<SourceText>, part: Span) -> Result<Json, PolicyError> {
    let mut reader = Reader { text, at: part.start, end: part.end };
    if part.start == 0 && text.text().starts_with('\u{FEFF}') {
        reader.at += '\u{FEFF}'.len_utf8();
    }
    let value = reader.value(0)?;
    reader.blanks();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.wrong("nothing may follow the end of the document")),
    }
}

struct Reader<'a> {
    text: &'a Arc<SourceText>,
    at: usize,
    end: usize,
}

impl Reader<'_> {
    fn bytes(&self) -> &[u8] {
        self.text.text().as_bytes().get(self.at..self.end).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes().first().copied()
    }

    fn blanks(&mut self) {
        self.at += self.bytes().iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).count();
    }

    fn wrong(&self, why: &str) -> PolicyError {
        let width =
            self.text.text().get(self.at..self.end).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        PolicyError::at(self.text, Span::new(self.at, self.at + width), Fault::Syntax(format!("not JSON: {why}")))
    }

    fn expect(&mut self, byte: u8, why: &str) -> Result<(), PolicyError> {
        self.blanks();
        if self.peek() != Some(byte) {
            return Err(self.wrong(why));
        }
        self.at += 1;
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Json, PolicyError> {
        if depth > DEEPEST {
            return Err(self.wrong("it nests too deep"));
        }
        self.blanks();
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => JsonValue::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Json { span: Span::new(start, self.at), value })
    }

    fn object(&mut self, depth: usize) -> Result<JsonValue, PolicyError> {
        self.at += 1;
        let mut members: Vec<Member> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(JsonValue::Object(members));
        }
        loop {
            self.blanks();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a key in quotes is missing"));
            }
            let key = self.string()?;
            let key_span = Span::new(start, self.at);
            if !seen.insert(key.clone()) {
                let fault = Fault::Syntax(format!("the key `{key}` stands here twice"));
                return Err(PolicyError::at(self.text, key_span, fault));
            }
            self.expect(b':', "a `:` is missing after the key")?;
            let value = self.value(depth + 1)?;
            members.push(Member { key, key_span, value });
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(JsonValue::Object(members));
                }
                _ => return Err(self.wrong("a `,` or `}` is missing")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<JsonValue, PolicyError> {
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(JsonValue::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(JsonValue::Array(items));
                }
                _ => return Err(self.wrong("a `,` or `]` is missing")),
            }
        }
    }

    fn string(&mut self) -> Result<String, PolicyError> {
        let bytes = self.bytes();
        let mut end = 1;
        let closed = loop {
            match bytes.get(end) {
                Some(b'"') => break true,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
                None => break false,
            }
        };
        if !closed {
            return Err(self.wrong("this string has no end"));
        }
        let literal = self.text.slice(Span::new(self.at, self.at + end + 1));
        let text = serde_json::from_str(literal).map_err(|_| self.wrong("this string has an escape that is none"))?;
        self.at += end + 1;
        Ok(text)
    }

    fn number(&mut self) -> Result<JsonValue, PolicyError> {
        let is_part = |b: &&u8| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = self.bytes().iter().take_while(is_part).count();
        let spelled = self.text.slice(Span::new(self.at, self.at + length)).to_owned();
        if serde_json::from_str::<serde_json::Number>(&spelled).is_err() {
            return Err(self.wrong("this is no number"));
        }
        self.at += length;
        Ok(JsonValue::Number(spelled))
    }

    fn word(&mut self) -> Result<JsonValue, PolicyError> {
        let words = [("true", JsonValue::Bool(true)), ("false", JsonValue::Bool(false)), ("null", JsonValue::Null)];
        for (word, value) in words {
            if self.bytes().starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.wrong("a value is missing"))
    }
}

/// Reads the parts of a document that have to be there and of a kind.
pub(super) struct Document<'a> {
    pub(super) text: &'a Arc<SourceText>,
}

impl Document<'_> {
    pub(super) fn error(&self, span: Span, fault: Fault) -> PolicyError {
        PolicyError::at(self.text, span, fault)
    }

    fn kind(&self, key: &str, at: &Json, wanted: &'static str) -> PolicyError {
        self.error(at.span, Fault::Kind { key: key.to_owned(), wanted })
    }

    /// The members of an object. A key that is nearly a known one is an error; others that are not known say something
    /// for other tools, and nothing here.
    pub(super) fn members<'j>(&self, what: &str, at: &'j Json, known: &[&str]) -> Result<&'j [Member], PolicyError> {
        let JsonValue::Object(members) = &at.value else { return Err(self.kind(what, at, "an object")) };
        for member in members.iter().filter(|m| !known.contains(&m.key.as_str()) && m.key.len() < 40) {
            if crate::text::closest(&member.key, known.iter().copied()).is_some() {
                let fault = Fault::UnknownKey { key: member.key.clone(), table: what.to_owned() };
                return Err(self.error(member.key_span, fault).did_you_mean(&member.key, known.iter().copied()));
            }
        }
        Ok(members)
    }

    pub(super) fn items<'j>(&self, key: &str, at: &'j Json) -> Result<&'j [Json], PolicyError> {
        match &at.value {
            JsonValue::Array(items) => Ok(items),
            JsonValue::Null => Ok(&[]),
            _ => Err(self.kind(key, at, "a list")),
        }
    }

    pub(super) fn string<'j>(&self, key: &str, at: &'j Json) -> Result<&'j str, PolicyError> {
        match &at.value {
            JsonValue::String(text) => Ok(text),
            _ => Err(self.kind(key, at, "a string")),
        }
    }

    /// A string, or a number or switch as it is spelled.
    pub(super) fn scalar(&self, key: &str, at: &Json) -> Result<String, PolicyError> {
        match &at.value {
            JsonValue::String(text) | JsonValue::Number(text) => Ok(text.clone()),
            JsonValue::Bool(switch) => Ok(switch.to_string()),
            JsonValue::Null => Ok(String::new()),
            JsonValue::Array(_) | JsonValue::Object(_) => Err(self.kind(key, at, "a string")),
        }
    }

    /// What one of these keys has.
    pub(super) fn find<'j>(&self, members: &'j [Member], keys: &[&str]) -> Option<&'j Json> {
        members.iter().find(|m| keys.contains(&m.key.as_str())).map(|m| &m.value)
    }

    /// A string that has to be there.
    pub(super) fn required<'j>(
        &self,
        what: &str,
        at: &Json,
        members: &'j [Member],
        key: &str,
    ) -> Result<&'j str, PolicyError> {
        let Some(value) = self.find(members, &[key]) else {
            return Err(self.error(at.span, Fault::MissingKey { what: what.to_owned(), key: key.to_owned() }));
        };
        self.string(key, value)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Json, String> {
        parse(&SourceText::new("b.json", text)).map_err(|e| e.to_string())
    }

    #[test]
    fn every_value_knows_its_place() {
        let text = SourceText::new(
            "b.json",
            "\u{feff}{ \"a\": [1, -2.5e3, \"x\\u00e4\\\"\"],\n \"b\" : {\"c\": true, \"d\":null}}\n",
        );
        let json = parse(&text).unwrap();
        let JsonValue::Object(members) = &json.value else { panic!("{json:?}") };
        let shown: Vec<_> =
            members.iter().map(|m| (m.key.as_str(), text.slice(m.key_span), text.slice(m.value.span))).collect();
        assert_eq!(
            shown,
            [("a", "\"a\"", "[1, -2.5e3, \"x\\u00e4\\\"\"]"), ("b", "\"b\"", "{\"c\": true, \"d\":null}")]
        );
        let JsonValue::Array(items) = &members[0].value.value else { panic!() };
        assert!(matches!(&items[2].value, JsonValue::String(s) if s == "xä\""));
        assert!(matches!(&items[1].value, JsonValue::Number(n) if n == "-2.5e3"));
    }

    #[test]
    fn what_is_not_json_is_told_with_its_line() {
        let cases = [
            ("{\n \"a\" 1}", "b.json:2: not JSON: a `:` is missing after the key"),
            ("{\n \"a\": 1\n \"b\": 2}", "b.json:3: not JSON: a `,` or `}` is missing"),
            ("[1 2]", "b.json:1: not JSON: a `,` or `]` is missing"),
            ("[1,]", "b.json:1: not JSON: a value is missing"),
            ("{\"a\":1,}", "b.json:1: not JSON: a key in quotes is missing"),
            ("\n\"abc", "b.json:2: not JSON: this string has no end"),
            ("\"\\q\"", "b.json:1: not JSON: this string has an escape that is none"),
            ("01", "b.json:1: not JSON: this is no number"),
            ("{} {}", "b.json:1: not JSON: nothing may follow the end of the document"),
            ("", "b.json:1: not JSON: a value is missing"),
            ("{\"a\": 1,\n\"a\": 2}", "b.json:2: the key `a` stands here twice"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).unwrap_err(), expected, "{text}");
        }
        assert!(read(&"[".repeat(100_000)).unwrap_err().contains("nests too deep"));
        assert!(read(&format!("{}1{}", "[".repeat(60), "]".repeat(60))).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn it_agrees_with_serde_json(words in proptest::collection::vec(proptest::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"", "\\", "a", "1", "-", ".", "e", "true", "null", " ", "\n", "ä", "\"b\"",
        ]), 0..12)) {
            let text = words.concat();
            let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            // A key that stands twice is refused here.
            let ours = read(&text);
            let is_stricter = ours.as_ref().err().is_some_and(|e| e.contains("twice"));
            proptest::prop_assert!(ours.is_ok() == theirs || is_stricter, "{text}: {ours:?}");
        }
    }
}
