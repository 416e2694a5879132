//! What the words of a command stand for, as far as the Dockerfile and the script tell.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Command, CommandWord};
use crate::dockerfile::{Env, Expander, Lookup};

/// One value a word stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    /// Known variables are replaced, others stay as they are written.
    pub(super) text: String,
    /// Nothing of it is known: it starts with a reference and has no part of its own.
    pub(super) is_unknown: bool,
}

/// The variables a script's words can use: those of the instruction, and what the script has assigned so far.
pub(super) struct Scope<'e> {
    env: Option<&'e Env>,
    /// `None` is a value that is not known.
    own: BTreeMap<String, Option<String>>,
}

impl Lookup for Scope<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        match self.own.get(name) {
            Some(own) => own.as_deref(),
            None => self.env?.get(name),
        }
    }
}

impl<'e> Scope<'e> {
    pub(super) fn new(env: Option<&'e Env>) -> Self {
        Self { env, own: BTreeMap::new() }
    }

    /// Follows what a command assigns for those after it.
    pub(super) fn assign(&mut self, command: &Command) {
        if command.words.is_empty() {
            for assignment in &command.assignments {
                self.own.insert(assignment.name.clone(), assignment.value.clone());
            }
        }
        match command.name() {
            Some("export" | "declare" | "local" | "readonly" | "typeset") => {
                for word in command.args() {
                    let text = word.literal.as_deref().unwrap_or(&word.text);
                    if let Some((name, value)) = text.split_once('=') {
                        self.own.insert(name.to_owned(), word.literal.as_ref().map(|_| value.to_owned()));
                    }
                }
            }
            Some("read") => command.literals().for_each(|name| {
                self.own.insert(name.to_owned(), None);
            }),
            _ => {}
        }
    }

    /// The values of a word: one, or as many as an unquoted variable splits into.
    pub(super) fn values(&self, word: &CommandWord) -> Vec<Value> {
        if let Some(literal) = &word.literal {
            return vec![Value { text: literal.clone(), is_unknown: false }];
        }
        let unknown = || vec![Value { text: word.text.clone(), is_unknown: true }];
        let (text, is_substituted) = without_substitutions(&word.text);
        let Ok(words) = Expander::new(self, '\\').keep_missing().words(&text) else { return unknown() };
        if is_substituted && words.iter().any(|text| is_reference(text)) {
            return unknown();
        }
        let value = |text: String| Value { is_unknown: is_reference(&text), text: text.replace(SUBSTITUTED, "$(…)") };
        words.into_iter().map(value).collect()
    }
}

/// Stands for a command substitution while variables are replaced: a name no script sets.
const SUBSTITUTED: &str = "${_}";

/// The text with its command substitutions as references to a variable that is not known. They are not nested in what
/// matters here; an unclosed one reaches to the end.
fn without_substitutions(text: &str) -> (Cow<'_, str>, bool) {
    if !text.contains("$(") && !text.contains('`') && !text.contains("<(") {
        return (Cow::Borrowed(text), false);
    }
    let (mut out, mut rest) = (String::new(), text);
    while let Some(start) = rest.find(['$', '`', '<']) {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let length = match from.as_bytes() {
            [b'`', ..] => from.get(1..).and_then(|inner| inner.find('`')).map_or(from.len(), |end| end + 2),
            [b'$' | b'<', b'(', ..] => closing(from),
            _ => 0,
        };
        match length {
            0 => {
                out.push_str(from.get(..1).unwrap_or_default());
                rest = from.get(1..).unwrap_or_default();
            }
            _ => {
                out.push_str(SUBSTITUTED);
                rest = from.get(length..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    (Cow::Owned(out), true)
}

/// The length of a `$(…)` at the start of the text.
fn closing(text: &str) -> usize {
    let mut open = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => open += 1,
            ')' if open == 1 => return at + 1,
            ')' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}

/// Whether the text is nothing but references: `$x`, `${x}${y}`, `$@`.
fn is_reference(text: &str) -> bool {
    let mut rest = text;
    while let Some(from) = rest.strip_prefix('$') {
        rest = match from.strip_prefix('{') {
            Some(inner) => inner.split_once('}').map_or("", |(_, after)| after),
            None => {
                let name = from.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
                if name.len() < from.len() { name } else { from.get(1..).unwrap_or_default() }
            }
        };
        if rest.is_empty() {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, bool)> {
        let mut scope = Scope::new(None);
        scope.own.insert("a".into(), Some("1 2".into()));
        let word = CommandWord { literal: None, text: text.into(), ..CommandWord::default() };
        scope.values(&word).into_iter().map(|value| (value.text, value.is_unknown)).collect()
    }

    #[test]
    fn words_stand_for_what_is_known() {
        let known = |texts: &[&str]| texts.iter().map(|text| ((*text).to_owned(), false)).collect::<Vec<_>>();
        assert_eq!(values("$a"), known(&["1", "2"]));
        assert_eq!(values("\"$a\""), known(&["1 2"]));
        assert_eq!(values("x-${b}"), known(&["x-${b}"]));
        assert_eq!(values("x-$(uname -r)"), known(&["x-$(…)"]));
        for unknown in ["$b", "\"$b\"", "$b${c}", "$(cat x)", "`cat x`", "\"$@\"", "$1", "${b[@]}", "<(x)", "$((1+2))"]
        {
            assert!(matches!(values(unknown).as_slice(), [(_, true)]), "{unknown} {:?}", values(unknown));
        }
    }
}
