//! Where a finding is.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;

use crate::text::{Region, SourceText, Span};

/// A layer, as people and tools name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct LayerRef {
    /// Position in the image, from 0 (the lowest).
    pub index: usize,
    /// Digest of the uncompressed layer, `sha256:…`.
    pub diff_id: String,
}

/// A place inside an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ImagePlace {
    /// The image as the user named it.
    pub image: String,
    /// Absolute path inside, when it is about a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The layer, when it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<LayerRef>,
}

/// A primary or related place: a span of a source text, a file without a readable text, or a place inside an image.
#[derive(Clone, Debug)]
pub enum Place {
    /// A span of a text.
    Source {
        /// The text.
        source: Arc<SourceText>,
        /// The exact token that is wrong, not the instruction around it.
        span: Span,
    },
    /// A file as a whole (a binary, a file of the context that is only named), or a line of it when one is known.
    File {
        /// Path, as reports print it.
        path: String,
        /// Line from 1.
        line: Option<usize>,
    },
    /// Inside an image.
    Image(ImagePlace),
}

impl Place {
    /// A span of `source`.
    pub fn source(source: &Arc<SourceText>, span: Span) -> Self {
        Self::Source { source: Arc::clone(source), span }
    }

    /// A file as a whole.
    pub fn file_path(path: impl Into<String>) -> Self {
        Self::File { path: path.into(), line: None }
    }

    /// The file, or the image's name: what reports group by.
    pub fn file(&self) -> Cow<'_, str> {
        match self {
            Self::Source { source, .. } => Cow::Borrowed(source.path()),
            Self::File { path, .. } => Cow::Borrowed(path),
            Self::Image(place) => match &place.path {
                Some(path) => Cow::Owned(format!("{}:{path}", place.image)),
                None => Cow::Borrowed(&place.image),
            },
        }
    }

    /// The text at the place; empty where there is none.
    pub fn text(&self) -> &str {
        match self {
            Self::Source { source, span } => source.slice(*span),
            Self::File { .. } | Self::Image(_) => "",
        }
    }

    /// The span in a source text; empty elsewhere.
    pub fn span(&self) -> Span {
        match self {
            Self::Source { span, .. } => *span,
            Self::File { line, .. } => Span::new(line.unwrap_or(0), line.unwrap_or(0)),
            Self::Image(_) => Span::default(),
        }
    }

    /// The file and the span in it, for a place in a source text: for a text inside a file, those of the file.
    pub fn in_file(&self) -> Option<(&Arc<SourceText>, Span)> {
        match self {
            Self::Source { source, span } => Some((source.file(), source.in_file(*span))),
            Self::File { .. } | Self::Image(_) => None,
        }
    }

    /// Lines and columns, for a place in a source text.
    pub fn region(&self) -> Option<Region> {
        match self {
            Self::Source { source, span } => Some(source.region(*span)),
            Self::File { .. } | Self::Image(_) => None,
        }
    }
}
