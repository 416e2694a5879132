//! The Dockerfile model: a parser that is faithful to BuildKit, lossless and error-tolerant.
//!
//! [`parse`] never fails: a broken or unknown instruction becomes a node with its error, and the rest of the file is
//! still read. Every node has a [`Span`] into the source text; a node that stands on several physical lines (through
//! continuations) has the span from its first to its last byte, and its `text` is the joined text BuildKit would see.

mod ast;

pub use ast::*;
