//! Bounds on what is read from an image. Everything in an archive is hostile: sizes, counts and names are whatever its
//! author wrote. Each bound is far above what builders make and low enough for memory and time to stay in hand.

/// Layers of an image. Engines stop at 127; layouts made without one may have more.
pub(super) const MAX_LAYERS: usize = 1_000;

/// Members of an outer archive: two for each layer, and the documents.
pub(super) const MAX_MEMBERS: usize = 100_000;

/// Entries of all layers together.
pub(super) const MAX_ENTRIES: u64 = 2_000_000;

/// Bytes of names and link targets of all layers together.
pub(super) const MAX_NAME_BYTES: u64 = 512 << 20;

/// Bytes of captured content of all layers together.
pub(super) const MAX_CAPTURED_BYTES: u64 = 1 << 30;

/// Bytes of one captured file.
pub(super) const MAX_CAPTURED_FILE: u64 = 64 << 20;

/// Bytes of a path or link target, as Linux has it.
pub(super) const MAX_PATH: usize = 4096;

/// Bytes of one PAX header or GNU long name, which are read into memory. Go's reader, the engines', has the same bound.
pub(super) const MAX_EXTENSION: u64 = 1 << 20;

/// Extension headers in a row before the entry they describe.
pub(super) const MAX_EXTENSIONS: usize = 16;

/// Segments of a sparse file.
pub(super) const MAX_SPARSE_SEGMENTS: usize = 65_536;

/// Bytes of a manifest, index or image config.
pub(super) const MAX_DOCUMENT: u64 = 16 << 20;

/// Indexes within indexes.
pub(super) const MAX_INDEX_DEPTH: usize = 4;

/// Manifests of an index and the indexes in it.
pub(super) const MAX_MANIFESTS: usize = 1_000;

/// Bytes a layer gives out for each byte stored, once it has given [`RATIO_FREE`]. Source trees give about five.
pub(super) const MAX_RATIO: u64 = 200;

/// Bytes of a layer to which [`MAX_RATIO`] does not apply: small layers of repeated text compress well.
pub(super) const RATIO_FREE: u64 = 64 << 20;

/// Bytes of a layer, uncompressed.
pub(super) const MAX_LAYER_BYTES: u64 = 128 << 30;

/// Bytes of a line a content pattern is looked for in; a line this long may fill a buffer.
pub(super) const MAX_LINE: usize = 32 << 20;

/// Links followed on the way to a member of an archive.
pub(super) const MAX_MEMBER_LINKS: usize = 16;

/// Symbolic links followed on the way to a path, as Linux has it.
pub(super) const MAX_LINKS: usize = 40;

/// Path components walked on the way to a path, those of links included.
pub(super) const MAX_STEPS: usize = 512;

/// Bytes of names of the directories a layer puts things into without having an entry for them.
pub(super) const MAX_IMPLIED_BYTES: usize = 1 << 20;

/// Problems told one by one of a layer; the rest are counted.
pub(super) const MAX_LAYER_PROBLEMS: usize = 20;

/// Bytes of records a cache keeps.
pub(super) const MAX_CACHE_BYTES: u64 = 2 << 30;

/// Bytes of one record.
pub(super) const MAX_RECORD_BYTES: u64 = 256 << 20;

/// Secrets kept of a layer's files.
pub(super) const MAX_LAYER_SECRETS: usize = 10_000;
