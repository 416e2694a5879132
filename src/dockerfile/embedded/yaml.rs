//! YAML, and JSON as the part of YAML it is: the values of one key, wherever it stands. Anchors and `x-` fragments put a
//! Dockerfile in places of their own, so its path is not asked for.

use std::collections::{BTreeMap, BTreeSet};

use granit_parser::{Event, Parser, ScalarStyle};

use super::scalar;
use super::{Contents, Found};
use crate::text::Span;

/// A collection that is being read.
enum Frame {
    Sequence,
    Mapping {
        /// The key whose value comes next; none where a key comes next.
        key: Option<String>,
    },
}

/// A scalar with an anchor, which an alias may repeat.
struct Anchored {
    text: String,
    style: ScalarStyle,
    span: Span,
}

struct Reader<'t> {
    text: &'t str,
    key: &'t str,
    frames: Vec<Frame>,
    anchors: BTreeMap<usize, Anchored>,
    seen: BTreeSet<usize>,
    contents: Contents,
}

/// The values of `key` in `text`, and the defaults of Bake's `variable`s. Fails with an offset and a reason.
pub(super) fn read(text: &str, key: &str) -> Result<Contents, (usize, String)> {
    let mut reader = Reader {
        text,
        key,
        frames: Vec::new(),
        anchors: BTreeMap::new(),
        seen: BTreeSet::new(),
        contents: Contents::default(),
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| (e.marker().byte_offset().unwrap_or_default(), e.info()))?;
        let range = span.byte_range().unwrap_or_default();
        reader.event(&event, Span::new(range.start, range.end));
    }
    Ok(reader.contents)
}

impl Reader<'_> {
    fn event(&mut self, event: &Event<'_>, span: Span) {
        match event {
            Event::MappingStart(..) => self.frames.push(Frame::Mapping { key: None }),
            Event::SequenceStart(..) => self.frames.push(Frame::Sequence),
            Event::MappingEnd | Event::SequenceEnd => {
                self.frames.pop();
                self.node_ends(None);
            }
            Event::Scalar(text, style, ..) => {
                if let Some(id) = event.anchor_id() {
                    self.anchors.insert(id, Anchored { text: text.to_string(), style: *style, span });
                }
                self.scalar(text, *style, span);
                self.node_ends(Some(text));
            }
            Event::Alias(id) => {
                if self.is_wanted()
                    && let Some(anchored) = self.anchors.remove(id)
                {
                    self.scalar(&anchored.text, anchored.style, anchored.span);
                    self.anchors.insert(*id, anchored);
                }
                self.node_ends(None);
            }
            _ => {}
        }
    }

    fn is_wanted(&self) -> bool {
        matches!(self.frames.last(), Some(Frame::Mapping { key: Some(key) }) if key == self.key)
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Span) {
        let is_null = style == ScalarStyle::Plain && matches!(text, "" | "~" | "null");
        if self.is_wanted() {
            if is_null || !self.seen.insert(span.start) {
                return;
            }
            let text = scalar::place(text, style, self.text, span);
            self.contents.found.push(Found { span, text: Ok(text) });
        } else if let [
            Frame::Mapping { key: Some(block) },
            Frame::Mapping { key: Some(name) },
            Frame::Mapping { key: Some(key) },
        ] = self.frames.as_slice()
            && block == "variable"
            && key == "default"
        {
            self.contents.variables.insert(name.clone(), text.to_owned());
        }
    }

    /// A node is whole: in a mapping a value follows a key, and a key a value.
    fn node_ends(&mut self, scalar: Option<&str>) {
        if let Some(Frame::Mapping { key }) = self.frames.last_mut() {
            *key = match key {
                Some(_) => None,
                None => Some(scalar.unwrap_or_default().to_owned()),
            };
        }
    }
}
