//! The Dockerfile model: a parser that is faithful to BuildKit, lossless and error-tolerant.
//!
//! [`parse`] never fails: a broken or unknown instruction becomes a node with its error, and the rest of the file is
//! still read. Every node has a [`Span`] into the source text; a node that stands on several physical lines (through
//! continuations) has the span from its first to its last byte, and its `text` is the joined text BuildKit would see.

mod arguments;
mod args;
mod ast;
mod checks;
mod directive;
mod dump;
mod embedded;
mod env;
mod failures;
mod heredoc;
mod ignores;
mod image_ref;
mod json;
mod lexer;
mod lines;
mod node;
mod parse;
mod pattern;
mod pieces;
mod platform;
mod refusal;
mod scope;
mod stages;
mod template;
mod words;

pub use ast::*;
pub use checks::{CheckNames, CheckOptions};
pub use dump::{ast_json, words_json};
pub use embedded::{Embedded, EmbeddedError, HostKind, embedded};
pub use env::{Env, Lookup, Setter, Variable};
pub use failures::{BuildFailure, BuildPhase, Remedy, failures};
pub use ignores::{IgnoreComment, IgnoreScope};
pub use image_ref::ImageName;
pub use lines::OffsetMap;
pub use node::{CopySource, Copying, Expandable};
pub use parse::parse;
pub use pieces::Piece;
pub use platform::Platform;
pub use scope::{BUILDER_ARGS, BuildOptions, Step, bases, environments, steps};
pub use template::template;
pub use words::{Expanded, Expander, WordError, expand_word, expand_words};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
