//! What is known of a build context.

use std::sync::Arc;

use crate::text::{SourceText, Span};

/// A build context directory, walked.
#[derive(Debug)]
pub struct Context {
    /// The directory.
    pub root: std::path::PathBuf,
    /// Everything under it that BuildKit would send, sorted by path, directories included.
    pub files: Vec<ContextFile>,
    /// Number of files the ignore file leaves out (directories that are left out whole are not counted into).
    pub ignored: usize,
    /// The ignore file in force (`<Dockerfile>.dockerignore`, else `.dockerignore`), when there is one.
    pub ignore_file: Option<Arc<SourceText>>,
    /// What could not be read, in words.
    pub problems: Vec<String>,
}

/// One entry of the context.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContextFile {
    /// Relative to the context root, `/`-separated, no leading slash.
    pub path: String,
    /// What it is.
    pub kind: ContextFileKind,
    /// Bytes.
    pub size: u64,
}

/// What a context entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContextFileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link (never followed outside the context).
    Symlink,
    /// A device, fifo or socket.
    Other,
}

/// What one COPY or ADD takes from the context.
#[derive(Clone, Debug)]
pub struct Copied {
    /// Index into `Dockerfile::instructions`.
    pub instruction: usize,
    /// By source argument, in order. Sources that are not from the context (URLs, git, `--from`, heredocs) are left out.
    pub sources: Vec<CopiedSource>,
}

/// What one source argument takes.
#[derive(Clone, Debug)]
pub struct CopiedSource {
    /// The argument in the Dockerfile.
    pub span: Span,
    /// After variable expansion; `None` when a variable in it has no value here.
    pub pattern: Option<String>,
    /// Indexes into [`Context::files`] of the regular files it takes, sorted; directories are expanded.
    pub files: Vec<usize>,
    /// It matches nothing in the context but something the ignore file leaves out.
    pub only_ignored: bool,
}
