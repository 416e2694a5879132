//! Source text and places in it: the one currency every other room trades in.
//!
//! A [`SourceText`] keeps a file exactly as it was read. Parsers see UTF-8 ([`SourceText::text`]); bytes that are not
//! UTF-8 are carried as private-use characters, so that every span still maps back to the original bytes.

mod closest;
mod edit;
mod embedded;
pub mod escape;
mod masked;
mod percent;
mod source;

pub use closest::closest;
pub use edit::{Edit, EditError, apply_edits};
pub use embedded::Embedding;
pub use masked::Masked;
pub use percent::percent_decoded;
pub use source::{Position, Region, SourceText, Span, decode, encode};
