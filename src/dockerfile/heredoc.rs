//! Here-documents: their markers in an instruction's line, and the bodies that follow it.

use std::collections::HashMap;

use super::lines::{Joined, Line};
use super::words::{Expander, WordError};
use crate::text::Span;

/// `<<-EOF` and its like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) name: String,
    pub(super) fd: u32,
    pub(super) expand: bool,
    pub(super) chomp: bool,
}

/// Reads a word as a marker: digits, `<<`, perhaps `-`, and a delimiter that is one shell word without `<`.
pub(super) fn marker(word: &str) -> Result<Option<Marker>, WordError> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let Some(rest) = word[digits..].strip_prefix("<<") else { return Ok(None) };
    let (chomp, rest) = rest.strip_prefix('-').map_or((false, rest), |rest| (true, rest));
    let delimiter = rest.trim_start_matches(['\t', '\n', '\u{c}', '\r', ' ']);
    if delimiter.is_empty() || delimiter.contains('<') {
        return Ok(None);
    }
    let bare = Expander::for_delimiter(false).words(delimiter)?;
    let [name] = bare.as_slice() else { return Ok(None) };
    let quoted = Expander::for_delimiter(true).words(delimiter)?.concat();
    // A quote that quotes is only in the one, an escaped quote in both.
    let expand = quotes(name) == quotes(&quoted);
    let fd = if digits == 0 { 0 } else { word[..digits].parse().unwrap_or(u32::MAX) };
    Ok(Some(Marker { name: name.clone(), fd, expand, chomp }))
}

fn quotes(word: &str) -> usize {
    word.bytes().filter(|b| matches!(b, b'\'' | b'"')).count()
}

/// The markers of a logical line, each with its place in the source. A line that the shell lexer cannot read (an open
/// quote, say) has none.
pub(super) fn markers(line: &Joined) -> Result<Vec<(Marker, Span)>, WordError> {
    if !line.text.contains("<<") {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for (word, range) in Expander::for_markers().placed_words(&line.text).unwrap_or_default() {
        if let Some(marker) = marker(&word)? {
            found.push((marker, line.map.span(range.start, range.end)));
        }
    }
    Ok(found)
}

/// The body with leading tabs taken off every line, as `<<-` asks.
pub(super) fn chomped(body: &str) -> String {
    body.split_inclusive('\n').map(|line| line.trim_start_matches('\t')).collect()
}

/// Where the lines are that may end a here-document, so that many unterminated ones cost no more than one.
#[derive(Debug, Default)]
pub(super) struct Terminators<'t> {
    whole: Option<HashMap<&'t str, Vec<usize>>>,
    without_tabs: Option<HashMap<&'t str, Vec<usize>>>,
}

impl<'t> Terminators<'t> {
    /// The index of the first line, from line `from` on, that ends the here-document of `marker`.
    pub(super) fn find(&mut self, text: &'t str, lines: &[Line], marker: &Marker, from: usize) -> Option<usize> {
        let chomp = marker.chomp;
        let places = if chomp { &mut self.without_tabs } else { &mut self.whole };
        let places = places.get_or_insert_with(|| {
            let mut places: HashMap<&'t str, Vec<usize>> = HashMap::with_capacity(lines.len());
            for (i, line) in lines.iter().enumerate() {
                let body = line.body(text);
                places.entry(if chomp { body.trim_start_matches('\t') } else { body }).or_default().push(i);
            }
            places
        });
        let candidates = places.get(marker.name.as_str())?;
        candidates.get(candidates.partition_point(|line| *line < from)).copied()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn markers_know_quotes_tabs_and_descriptors() {
        let read = |word| marker(word).unwrap().map(|m| (m.name, m.fd, m.expand, m.chomp));
        assert_eq!(read("<<EOF"), Some(("EOF".into(), 0, true, false)));
        assert_eq!(read("3<<-'E'\"F\""), Some(("EF".into(), 3, false, true)));
        assert_eq!(read("<<E\\'F"), Some(("E'F".into(), 0, true, false)));
        assert_eq!(read("<< 'a b'"), Some(("a b".into(), 0, false, false)));
        assert_eq!(read("<<$EOF"), Some(("$EOF".into(), 0, true, false)));
        for word in ["EOF", "<<", "<<<EOF", "<<a b", "x<<EOF", "<EOF"] {
            assert_eq!(read(word), None, "{word}");
        }
        assert!(marker("<<'EOF").is_err());
    }

    #[test]
    fn an_open_quote_hides_markers() {
        let names = |line: &str| {
            markers(&Joined::new(line, 0)).unwrap().into_iter().map(|(m, s)| (m.name, s)).collect::<Vec<_>>()
        };
        assert_eq!(names("RUN <<A cat 4<<B"), [("A".into(), Span::new(4, 7)), ("B".into(), Span::new(12, 16))]);
        assert_eq!(names("RUN it's <<A"), []);
        assert_eq!(names("RUN \"<<A\""), []);
    }
}
