//! From a logical line to an instruction: keyword, flags, and the arguments in the form the keyword asks for.

use super::ast::{Args, ErrorKind, Flag, Instruction, Keyword, Pair, SyntaxError, Word};
use super::json::{self, NotStrings};
use super::lines::Joined;
use super::refusal;
use crate::text::Span;

/// ONBUILD may hold ONBUILD, which is refused; deeper than this it is not even read.
const MAX_TRIGGER_DEPTH: usize = 8;

/// Reads the instruction of a logical line.
pub(super) fn instruction(line: &Joined, escape: char, lines: (usize, usize)) -> Instruction {
    Reader { line, escape, lines }.instruction(Range { start: 0, end: line.text.len() }, 0)
}

/// A range of the joined text.
#[derive(Clone, Copy)]
struct Range {
    start: usize,
    end: usize,
}

struct Reader<'l> {
    line: &'l Joined,
    escape: char,
    lines: (usize, usize),
}

impl<'l> Reader<'l> {
    fn instruction(&self, range: Range, depth: usize) -> Instruction {
        let range = self.trimmed(range);
        let text = self.text(range);
        let keyword_end = range.start + text.find(is_blank).unwrap_or(text.len());
        let keyword_word = self.word(Range { start: range.start, end: keyword_end });
        let keyword = Keyword::parse(&keyword_word.text);
        let (flags, rest) = self.flags(Range { start: keyword_end, end: range.end });
        let rest = self.trimmed(Range { start: rest, end: range.end });
        let span = self.span(range);
        let mut instruction = Instruction {
            keyword,
            keyword_word,
            flags,
            args: Args::None,
            heredocs: Vec::new(),
            span,
            head_span: span,
            lines: self.lines,
            stage: None,
            trigger: None,
            check_type: None,
            leading_comments: Vec::new(),
            error: None,
        };
        if rest.start < rest.end {
            self.fill(&mut instruction, rest, depth);
        }
        if instruction.error.is_none() {
            instruction.error = refusal::of(&instruction);
        }
        instruction
    }

    fn fill(&self, instruction: &mut Instruction, rest: Range, depth: usize) {
        use Keyword as K;
        let (args, error) = match instruction.keyword {
            K::Run | K::Cmd | K::Entrypoint | K::Shell => self.json_or(rest, |whole| Args::Text(self.word(whole))),
            K::Copy | K::Add | K::Volume => self.json_or(rest, |whole| Args::Words(self.blank_separated(whole))),
            K::From | K::Expose => (Args::Words(self.blank_separated(rest)), None),
            K::Env | K::Label => self.pairs(instruction.keyword, rest),
            K::Arg => (Args::Pairs(self.shell_words(rest).into_iter().map(|word| self.pair(word)).collect()), None),
            K::Healthcheck => {
                let length = self.text(rest).find(char::is_whitespace).unwrap_or(rest.end - rest.start);
                let first = Range { end: rest.start + length, ..rest };
                instruction.check_type = Some(self.word(first));
                let command = self.trimmed(Range { start: first.end, ..rest });
                if command.start == command.end {
                    (Args::None, None)
                } else {
                    self.json_or(command, |whole| Args::Text(self.word(whole)))
                }
            }
            K::Onbuild => {
                if depth < MAX_TRIGGER_DEPTH {
                    let trigger = self.instruction(rest, depth + 1);
                    let error = trigger.error.clone().filter(|error| error.kind == ErrorKind::Parser);
                    instruction.trigger = Some(Box::new(trigger));
                    (Args::Text(self.word(rest)), error)
                } else {
                    (Args::Text(self.word(rest)), None)
                }
            }
            K::Maintainer | K::Stopsignal | K::User | K::Workdir | K::Unknown => (Args::Text(self.word(rest)), None),
        };
        instruction.args = args;
        instruction.error = error;
    }

    /// The JSON form when it is one, else what `otherwise` makes of the text.
    fn json_or(&self, range: Range, otherwise: impl Fn(Range) -> Args) -> (Args, Option<SyntaxError>) {
        match json::string_array(self.text(range)) {
            Ok(elements) => {
                let word = |element: json::Element| Word {
                    text: element.value,
                    span: self.line.map.span(range.start + element.start, range.start + element.end),
                };
                (Args::Json(elements.into_iter().map(word).collect()), None)
            }
            Err(NotStrings::NotAnArray) => (otherwise(range), None),
            Err(NotStrings::OtherElements) => {
                let message = "a JSON array of arguments may hold strings only".to_owned();
                (otherwise(range), Some(SyntaxError { kind: ErrorKind::Parser, message, span: self.span(range) }))
            }
        }
    }

    /// ENV's and LABEL's `key=value …`, or the old `key value`.
    fn pairs(&self, keyword: Keyword, rest: Range) -> (Args, Option<SyntaxError>) {
        let words = self.shell_words(rest);
        let Some(first) = words.first() else { return (Args::None, None) };
        let parser_error = |message: String, span: Span| Some(SyntaxError { kind: ErrorKind::Parser, message, span });
        if !self.text(*first).contains('=') {
            let text = self.text(rest);
            let Some(length) = text.find(is_blank) else {
                let pair = Pair { key: self.word(rest), value: None, is_legacy: true };
                let message = format!("{} needs a name and a value", keyword.name());
                return (Args::Pairs(vec![pair]), parser_error(message, self.span(rest)));
            };
            let key = Range { end: rest.start + length, ..rest };
            let value_length = text[length..].trim_start_matches(is_blank).len();
            let value = Range { start: rest.end - value_length, ..rest };
            let pair = Pair { key: self.word(key), value: Some(self.word(value)), is_legacy: true };
            return (Args::Pairs(vec![pair]), None);
        }
        let lacking = words.iter().find(|word| !self.text(**word).contains('='));
        let error = lacking.and_then(|word| {
            let message = format!("`{}` has no `=`: it must be of the form name=value", self.text(*word));
            parser_error(message, self.span(*word))
        });
        (Args::Pairs(words.into_iter().map(|word| self.pair(word)).collect()), error)
    }

    fn pair(&self, word: Range) -> Pair {
        match self.text(word).find('=') {
            Some(length) => Pair {
                key: self.word(Range { end: word.start + length, ..word }),
                value: Some(self.word(Range { start: word.start + length + 1, ..word })),
                is_legacy: false,
            },
            None => Pair { key: self.word(word), value: None, is_legacy: false },
        }
    }

    fn blank_separated(&self, range: Range) -> Vec<Word> {
        let mut words = Vec::new();
        let mut start = range.start;
        for piece in self.text(range).split(is_blank) {
            if !piece.is_empty() {
                words.push(self.word(Range { start, end: start + piece.len() }));
            }
            start += piece.len() + 1;
        }
        words
    }

    /// Words as BuildKit splits ENV, LABEL and ARG: at blanks outside quotes, quotes and escapes kept. An escape
    /// character at the very end is dropped.
    fn shell_words(&self, range: Range) -> Vec<Range> {
        let mut words = Vec::new();
        let mut start: Option<usize> = None;
        let mut quote: Option<char> = None;
        let mut end = range.end;
        let mut chars = self.text(range).char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            let at = range.start + offset;
            match (start, quote) {
                (None, _) if c.is_whitespace() => continue,
                (Some(begun), None) if c.is_whitespace() => {
                    words.push(Range { start: begun, end: at });
                    start = None;
                    continue;
                }
                _ => {}
            }
            start = start.or(Some(at));
            let is_escape = c == self.escape && quote != Some('\'');
            if quote == Some(c) {
                quote = None;
            } else if quote.is_none() && matches!(c, '\'' | '"') {
                quote = Some(c);
            }
            if is_escape && chars.next().is_none() {
                end = at;
            }
        }
        words.extend(start.filter(|begun| *begun < end).map(|start| Range { start, end }));
        words
    }

    /// Flags, and where the arguments start. A flag's quotes and `\` escapes are taken off (whatever the Dockerfile's
    /// escape character is); a `--` alone ends the flags.
    fn flags(&self, range: Range) -> (Vec<Flag>, usize) {
        let mut flags = Vec::new();
        let mut at = range.start;
        loop {
            let text = self.text(Range { start: at, ..range });
            at += text.len() - text.trim_start().len();
            if !self.text(Range { start: at, ..range }).starts_with("--") {
                return (flags, at);
            }
            let word = self.flag_word(Range { start: at, ..range });
            if word.decoded == "--" {
                return (flags, word.end);
            }
            let span = self.span(Range { start: at, end: word.end });
            let flag = match word.equals {
                Some((decoded, place)) => Flag {
                    name: word.decoded[2..decoded].to_owned(),
                    value: Some(Word {
                        text: word.decoded[decoded + 1..].to_owned(),
                        span: self.span(Range { start: place + 1, end: word.end }),
                    }),
                    span,
                },
                None => Flag { name: word.decoded[2..].to_owned(), value: None, span },
            };
            flags.push(flag);
            at = word.end;
        }
    }

    fn flag_word(&self, range: Range) -> FlagWord {
        let mut word = FlagWord { decoded: String::new(), equals: None, end: range.end };
        let mut quote: Option<char> = None;
        let mut chars = self.text(range).char_indices();
        while let Some((offset, c)) = chars.next() {
            match quote {
                None if c.is_whitespace() => {
                    word.end = range.start + offset;
                    break;
                }
                None if matches!(c, '\'' | '"') => quote = Some(c),
                Some(open) if c == open => quote = None,
                _ => {
                    let plain = if c == '\\' { chars.next() } else { Some((offset, c)) };
                    let Some((offset, c)) = plain else { continue };
                    if c == '=' && word.equals.is_none() {
                        word.equals = Some((word.decoded.len(), range.start + offset));
                    }
                    word.decoded.push(c);
                }
            }
        }
        word
    }

    fn text(&self, range: Range) -> &'l str {
        &self.line.text[range.start..range.end]
    }

    fn span(&self, range: Range) -> Span {
        self.line.map.span(range.start, range.end)
    }

    fn word(&self, range: Range) -> Word {
        Word { text: self.text(range).to_owned(), span: self.span(range) }
    }

    fn trimmed(&self, range: Range) -> Range {
        let text = self.text(range);
        let start = range.start + (text.len() - text.trim_start().len());
        Range { start, end: start + text.trim().len() }
    }
}

struct FlagWord {
    decoded: String,
    /// The first `=`: its offset in `decoded` and in the joined text.
    equals: Option<(usize, usize)>,
    end: usize,
}

/// What separates words: ASCII blanks. Other white space is part of words.
fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ')
}
