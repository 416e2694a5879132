//! YAML, and JSON as the part of YAML it is, as a tree that knows its places. Aliases and merge keys are followed.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle};

use super::Fault;
use crate::text::Span;

/// Nodes of a file, what aliases repeat included.
const MAX_NODES: usize = 200_000;
/// Collections inside each other.
const MAX_DEPTH: usize = 100;

/// A node with its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) value: Value,
    /// Nodes in it, itself included.
    size: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The value of a key, of its own before those of merge keys.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let own = self.entries().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value);
        own.or_else(|| {
            let merged = self.entries().find(|(name, _)| name.text() == Some("<<")).map(|(_, value)| value)?;
            match &merged.value {
                Value::List(list) => list.iter().find_map(|node| node.get(key)),
                _ => merged.get(key),
            }
        })
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn list(&self) -> &[Node] {
        match &self.value {
            Value::List(list) => list,
            _ => &[],
        }
    }

    /// Keys and values, merge keys among them.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&Node, &Node)> {
        let entries: &[(Node, Node)] = match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        };
        entries.iter().map(|(key, value)| (key, value))
    }
}

/// A collection that is being read.
struct Frame {
    start: usize,
    anchor: usize,
    is_map: bool,
    nodes: Vec<Node>,
}

/// The first document of a text; an empty one is null.
pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let mut frames: Vec<Frame> = Vec::new();
    let mut anchors: BTreeMap<usize, Node> = BTreeMap::new();
    let mut total = 0_usize;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| (e.marker().byte_offset().unwrap_or_default(), e.info()))?;
        let range = span.byte_range().unwrap_or_default();
        let span = Span::new(range.start, range.end);
        let mut anchor = event.anchor_id().unwrap_or_default();
        let done = match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                if frames.len() >= MAX_DEPTH {
                    return Err((span.start, format!("more than {MAX_DEPTH} collections are inside each other")));
                }
                let is_map = matches!(event, Event::MappingStart(..));
                frames.push(Frame { start: span.start, anchor, is_map, nodes: Vec::new() });
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => {
                let Some(frame) = frames.pop() else { continue };
                anchor = frame.anchor;
                let size = 1 + frame.nodes.iter().map(|node| node.size).sum::<usize>();
                let value = if frame.is_map { map(frame.nodes) } else { Value::List(frame.nodes) };
                Node { span: Span::new(frame.start, span.end.max(frame.start)), value, size }
            }
            Event::Scalar(text, style, ..) => {
                let is_null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null");
                let value = if is_null { Value::Null } else { Value::Text(text.to_string()) };
                Node { span, value, size: 1 }
            }
            Event::Alias(id) => {
                anchor = 0;
                let node = anchors.get(&id).cloned();
                node.unwrap_or(Node { span, value: Value::Null, size: 1 })
            }
            Event::DocumentEnd => break,
            _ => continue,
        };
        total += done.size;
        if total > MAX_NODES {
            return Err((span.start, format!("it has more than {MAX_NODES} values, repeated ones included")));
        }
        if anchor > 0 {
            anchors.insert(anchor, done.clone());
        }
        match frames.last_mut() {
            Some(frame) => frame.nodes.push(done),
            None => return Ok(done),
        }
    }
    Ok(Node { span: Span::default(), value: Value::Null, size: 1 })
}

fn map(nodes: Vec<Node>) -> Value {
    let mut nodes = nodes.into_iter();
    let mut entries = Vec::new();
    while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
        entries.push((key, value));
    }
    Value::Map(entries)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn aliases_and_merge_keys_are_followed() {
        let tree = parse("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\nz: [*x, ~]\n").unwrap();
        let y = tree.get("y").unwrap();
        assert_eq!((y.get("a").unwrap().text(), y.get("b").unwrap().text()), (Some("1"), Some("3")));
        assert_eq!(tree.get("z").unwrap().list()[0].get("b").unwrap().text(), Some("2"));
        assert!(parse("a: [").is_err());
        assert!(matches!(parse("").unwrap().value, Value::Null));
    }

    #[test]
    fn bombs_are_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            text += &format!("a{level}: &a{level} [{aliases}]\n");
        }
        assert!(parse(&text).is_err());
        assert!(parse(&"[".repeat(5000)).is_err());
    }
}
