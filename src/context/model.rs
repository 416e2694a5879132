//! What is known of a build context.

use crate::text::Span;

use super::{IgnoreFile, Store};

/// A build context, a directory or an archive, walked.
#[derive(Debug)]
pub struct Context {
    /// Where its files are read from.
    pub(super) store: Store,
    /// Everything under it that BuildKit would send, sorted by path (bytewise), directories included.
    pub files: Vec<ContextFile>,
    /// Number of entries the ignore file leaves out; a directory that is left out whole counts once.
    pub ignored: usize,
    /// Those entries, sorted; the first so many of them when there are very many.
    pub left_out: Vec<String>,
    /// The ignore file in force (`<Dockerfile>.dockerignore`, else `.dockerignore`), when there is one.
    pub ignore_file: Option<IgnoreFile>,
    /// What could not be read, in words, sorted.
    pub problems: Vec<String>,
}

/// One entry of the context.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContextFile {
    /// Relative to the context root, `/`-separated, no leading slash. Bytes that are not UTF-8 are carried as
    /// [`crate::text`] carries them.
    pub path: String,
    /// What it is.
    pub kind: ContextFileKind,
    /// Bytes; 0 for what is no regular file.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Index into `Dockerfile::instructions`.
    pub instruction: usize,
    /// By source argument, in order. Sources that are not from the context (URLs, git, `--from`, heredocs) are left out.
    pub sources: Vec<CopiedSource>,
}

/// What one source argument takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedSource {
    /// The argument in the Dockerfile.
    pub span: Span,
    /// After variable expansion; `None` when a variable in it has no value here.
    pub pattern: Option<String>,
    /// Indexes into [`Context::files`] of the regular files it takes, sorted; directories are expanded, and a source
    /// that is a symbolic link is followed inside the context, as BuildKit does.
    pub files: Vec<usize>,
    /// What it names in the context, wildcards matched.
    pub roots: Vec<CopiedRoot>,
    /// With `--parents`: the directory below which paths are kept, empty for the context itself.
    pub pivot: Option<String>,
    /// Something in the context answers to it, be it an empty directory.
    pub is_there: bool,
    /// It matches nothing in the context but something the ignore file leaves out. A source without wildcards need not
    /// exist for this.
    pub only_ignored: bool,
}

/// A file or directory that a source names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedRoot {
    /// Its own name, which a file keeps in the directory it is copied to.
    pub name: String,
    /// Its path in the context, links followed; empty for the context itself.
    pub path: String,
}

impl CopiedSource {
    /// The file of the context that lands at `below` under the destination, as an index into [`Context::files`]; the empty path is the
    /// destination itself.
    pub fn file_at(&self, context: &Context, below: &str) -> Option<usize> {
        let is_taken = |index: &usize| self.files.binary_search(index).is_ok();
        let joined = |dir: &str| if dir.is_empty() { below.to_owned() } else { format!("{dir}/{below}") };
        if let Some(pivot) = &self.pivot {
            return context.find(&joined(pivot)).filter(is_taken);
        }
        self.roots.iter().find_map(|root| {
            let own = context.find(&root.path).filter(is_taken).filter(|_| below.is_empty() || below == root.name);
            own.or_else(|| context.find(&joined(&root.path)).filter(is_taken))
        })
    }

    /// The path it names in the context, cleaned; empty for the context itself. `None` when it has wildcards or a variable
    /// without a value.
    pub fn path(&self) -> Option<String> {
        let path = super::path::inside(self.pattern.as_deref()?);
        (!super::glob::has_wildcard(&path)).then_some(path)
    }

    /// Whether it takes everything there is: it names the context itself, or all of its entries.
    pub fn is_whole(&self) -> bool {
        self.pattern.as_deref().is_some_and(|pattern| matches!(super::path::inside(pattern).as_str(), "" | "*" | "**"))
    }
}

impl Context {
    /// The index of an entry in [`Context::files`].
    pub fn find(&self, path: &str) -> Option<usize> {
        self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()
    }

    /// The indexes of everything below a directory; of everything for the empty path.
    pub fn below(&self, dir: &str) -> std::ops::Range<usize> {
        if dir.is_empty() {
            return 0..self.files.len();
        }
        let prefix = format!("{dir}/");
        let start = self.files.partition_point(|f| f.path < prefix);
        let length = self.files.get(start..).unwrap_or_default().partition_point(|f| f.path.starts_with(&prefix));
        start..start + length
    }

    /// Whether it is a folder, whose files can be changed.
    pub fn is_folder(&self) -> bool {
        matches!(self.store, Store::Folder(_))
    }

    /// Whether the ignore file leaves `path` out, by a match of itself or of a parent, whether it exists or not.
    pub fn is_ignored(&self, path: &str) -> bool {
        self.ignore_file.as_ref().is_some_and(|file| file.rules.is_ignored(path))
    }
}
