//! The build context: what `.dockerignore` lets through, and what each COPY and ADD really takes.
//!
//! Everything here is judged as BuildKit judges it, down to what its matcher makes of odd patterns. The one place
//! where the file system of the context is read.

mod archive;
mod conformance;
mod copy;
mod definition;
mod git;
mod git_index;
mod glob;
mod go_regex;
mod ignore_file;
mod keep_out;
mod model;
mod named;
mod path;
mod pattern;
mod read;
mod unused;
mod walk;

use std::path::PathBuf;

use thiserror::Error;

pub use archive::Archive;
pub use conformance::ignore_json;
pub use copy::{copied, copied_from};
pub use definition::{Definition, DefinitionError, Definitions, Location, Lookup, definitions};
pub use git::GitIgnores;
pub use glob::Malformed;
pub use ignore_file::{IgnoreFile, IgnorePattern, ignore_line};
pub use keep_out::keep_out;
pub use model::*;
pub use named::NamedPaths;
pub use pattern::{IgnoreRules, PatternError, PatternFault};
pub use read::ContextReader;
pub use unused::{UnusedPattern, unused_patterns};
pub use walk::own_ignore_file;

use read::Store;

/// Told of entries as a walk finds them: how many more.
pub type Walked<'a> = &'a (dyn Fn(u64) + Sync);

/// Why a context could not be read.
#[derive(Debug, Error)]
pub enum ContextError {
    /// The directory cannot be read at all.
    #[error("cannot use {} as a build context: {error}", root.display())]
    Root {
        /// The directory as given.
        root: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The archive cannot be read.
    #[error("cannot use {path} as a build context: {error}")]
    Archive {
        /// The archive.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// The ignore file is there and cannot be read.
    #[error("cannot read {file}: {error}")]
    IgnoreFile {
        /// The ignore file.
        file: String,
        /// Why.
        error: std::io::Error,
    },
    /// A pattern of the ignore file is malformed; BuildKit refuses to build.
    #[error("cannot read line {line} of {file}: {error}")]
    Pattern {
        /// The ignore file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        error: PatternError,
    },
    /// A line of the ignore file is longer than BuildKit reads.
    #[error("cannot read line {line} of {file}: it is longer than 65,535 bytes, which BuildKit refuses")]
    LongLine {
        /// The ignore file.
        file: String,
        /// Line, from 1.
        line: usize,
    },
    /// The ignore file has more patterns than are taken.
    #[error("cannot read {file}: it has more than {limit} patterns; shorten it")]
    ManyPatterns {
        /// The ignore file.
        file: String,
        /// How many it may have.
        limit: usize,
    },
    /// A file of the context cannot be read.
    #[error("cannot read {path} in the build context: {error}")]
    File {
        /// Relative to the root.
        path: String,
        /// Why.
        error: std::io::Error,
    },
}
