//! Dockerfiles written inside another file: `dockerfile_inline` of a compose file, `dockerfile-inline` of a Bake target. Each
//! becomes a text of its own that knows its lines and columns in the file.

mod hcl;
mod interpolation;
mod scalar;
mod yaml;

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

use crate::text::{Embedding, SourceText, Span};

/// A kind of file that can hold Dockerfiles.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum HostKind {
    /// A compose file (YAML).
    Compose,
    /// A Bake file in HCL.
    BakeHcl,
    /// A Bake file in JSON.
    BakeJson,
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Embedded {
    /// Its Dockerfiles, in the order they stand in.
    pub dockerfiles: Vec<Arc<SourceText>>,
    /// Those whose text cannot be known, in words that name file and line.
    pub notes: Vec<String>,
}

/// Why a file that should hold Dockerfiles cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{path}:{line}: not {format}: {reason}")]
pub struct EmbeddedError {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// What it should be: `YAML`, `HCL`, `JSON`.
    pub format: &'static str,
    /// What is wrong, no full stop.
    pub reason: String,
}

/// A Dockerfile as a file's format gives it: its text before variables are put in, or why that is not known.
struct Found {
    /// The value in the file.
    span: Span,
    text: Result<Embedding, &'static str>,
}

/// Everything a format's reader gathers.
#[derive(Default)]
struct Contents {
    found: Vec<Found>,
    /// Bake variables with the text they have by default.
    variables: BTreeMap<String, String>,
}

impl HostKind {
    /// The kind of a file that the builders look for by `name`.
    pub fn of_name(name: &str) -> Option<Self> {
        let is_compose =
            |stem: &str| stem == "compose" || stem.starts_with("compose.") || stem.starts_with("docker-compose");
        match name.rsplit_once('.')? {
            (stem, "yaml" | "yml") if is_compose(stem) => Some(Self::Compose),
            ("docker-bake" | "docker-bake.override", "hcl") => Some(Self::BakeHcl),
            ("docker-bake" | "docker-bake.override", "json") => Some(Self::BakeJson),
            _ => None,
        }
    }

    /// The kind of a file that somebody names, by its extension.
    pub fn of_extension(name: &str) -> Option<Self> {
        match name.rsplit_once('.')?.1 {
            "yaml" | "yml" => Some(Self::Compose),
            "hcl" => Some(Self::BakeHcl),
            "json" => Some(Self::BakeJson),
            _ => None,
        }
    }

    /// The key that a Dockerfile stands under. A text without it holds none.
    pub fn key(self) -> &'static str {
        match self {
            Self::Compose => "dockerfile_inline",
            Self::BakeHcl | Self::BakeJson => "dockerfile-inline",
        }
    }

    fn format(self) -> &'static str {
        match self {
            Self::Compose => "YAML",
            Self::BakeHcl => "HCL",
            Self::BakeJson => "JSON",
        }
    }
}

/// The Dockerfiles in `file`.
///
/// Of a compose file's variables only `$$` is resolved: `$NAME` stays, and reads as a variable of the Dockerfile. A Bake
/// variable is put in where it has a default; a Dockerfile with any other expression in it is a note.
///
/// # Errors
/// When the file is not what its kind says.
pub fn embedded(file: &Arc<SourceText>, kind: HostKind) -> Result<Embedded, EmbeddedError> {
    if !file.text().contains(kind.key()) {
        return Ok(Embedded::default());
    }
    let contents = match kind {
        HostKind::Compose | HostKind::BakeJson => yaml::read(file.text(), kind.key()),
        HostKind::BakeHcl => hcl::read(file.text(), kind.key()),
    };
    let contents = contents.map_err(|(at, reason)| EmbeddedError {
        path: file.path().to_owned(),
        line: file.line(at),
        format: kind.format(),
        reason,
    })?;
    let mut embedded = Embedded::default();
    for found in contents.found {
        let resolved = found.text.and_then(|text| match kind {
            HostKind::Compose => Ok(interpolation::compose(&text)),
            HostKind::BakeHcl | HostKind::BakeJson => interpolation::bake(&text, &contents.variables),
        });
        match resolved {
            Ok(text) => embedded.dockerfiles.push(text.into_source(file)),
            Err(why) => {
                let line = file.line(found.span.start);
                embedded.notes.push(format!("{}:{line}: this Dockerfile was not checked: {why}", file.path()));
            }
        }
    }
    Ok(embedded)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
