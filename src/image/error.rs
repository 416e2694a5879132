//! Why an image could not be read at all. What spoils only a part of an image is a [`Problem`](super::Problem).

use std::path::{Path, PathBuf};

use thiserror::Error;

/// The references that can be read, for messages.
const SUPPORTED: &str = "images are read from docker-archive:FILE[:NAME:TAG], oci-archive:FILE[:TAG], oci:DIRECTORY[:TAG], dir:DIRECTORY \
                         or the path of one of these";

/// An image could not be opened or read.
#[derive(Debug, Error)]
pub enum ImageError {
    /// The reference names a transport that cannot be read.
    #[error(
        "`{reference}`: {transport} references cannot be read; {SUPPORTED} (save the image first: `docker save -o image.tar NAME`)"
    )]
    Transport {
        /// As the user wrote it.
        reference: String,
        /// Its transport, `docker-daemon:`.
        transport: String,
    },
    /// The reference is no transport and no path.
    #[error(
        "`{reference}` is not a file or directory, and names are not looked up in an engine or registry; {SUPPORTED} \
         (save the image first: `docker save -o image.tar {reference}`)"
    )]
    NoSuchPath {
        /// As the user wrote it.
        reference: String,
    },
    /// The reference has a transport but nothing after it.
    #[error("`{reference}` names no file or directory; {SUPPORTED}")]
    EmptyPath {
        /// As the user wrote it.
        reference: String,
    },
    /// The file system refused.
    #[error("cannot {doing} {path}: {source}", path = path.display())]
    Io {
        /// What was tried: `open`.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The archive as a whole is compressed.
    #[error("{path} is compressed with {format}, and layers must be reached by position; decompress it first: `{command}`", path = path.display())]
    Compressed {
        /// The archive.
        path: PathBuf,
        /// `gzip`.
        format: &'static str,
        /// What decompresses it.
        command: String,
    },
    /// The file or directory is something else.
    #[error("{path} is not an image archive or layout: {reason}", path = path.display())]
    NotAnImage {
        /// The file or directory.
        path: PathBuf,
        /// What was expected or seen.
        reason: String,
    },
    /// There are several images and the reference does not choose.
    #[error("{place} holds several images; name one of them in the reference: {choices}")]
    Several {
        /// The archive, layout, registry or engine.
        place: String,
        /// The names, or digests of images without one.
        choices: String,
    },
    /// There is no image of that name or platform.
    #[error("{place} holds no image {wanted}; it holds {choices}")]
    NoSuchImage {
        /// The archive, layout, registry or engine.
        place: String,
        /// What was asked for: ``named `app:1` ``.
        wanted: String,
        /// What there is.
        choices: String,
    },
    /// The platform asked for has no `os/architecture` form.
    #[error("`{platform}` is not a platform; write OS/ARCHITECTURE[/VARIANT], such as linux/arm64")]
    Platform {
        /// As the user wrote it.
        platform: String,
    },
    /// A document the image is described by is not there.
    #[error("{place}: {what} is missing, so the image cannot be read; save or copy the image again")]
    Missing {
        /// The archive, layout, registry or engine.
        place: String,
        /// `the image config 1234.json`.
        what: String,
    },
    /// A document the image is described by cannot be understood.
    #[error("{place}: {what} cannot be understood: {reason}")]
    Malformed {
        /// The archive, layout, registry or engine.
        place: String,
        /// `manifest.json`.
        what: String,
        /// Why not.
        reason: String,
    },
    /// A bound on what is read from an image is exceeded.
    #[error("{place}: {what}; an image like this is not read")]
    Limit {
        /// The archive, layout, registry or engine.
        place: String,
        /// Which bound.
        what: String,
    },
    /// A content pattern is no regular expression.
    #[error("the content pattern `{pattern}` cannot be used: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why not.
        reason: String,
    },
}

impl ImageError {
    pub(super) fn io(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io { doing, path: path.to_owned(), source }
    }

    pub(super) fn malformed(place: &str, what: &str, reason: impl ToString) -> Self {
        Self::Malformed { place: place.to_owned(), what: what.to_owned(), reason: reason.to_string() }
    }
}
