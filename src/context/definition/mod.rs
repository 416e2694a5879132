//! What compose and Bake files say of the images they build: the context, the Dockerfile, arguments and other contexts.
//!
//! Expressions are followed as far as the file alone, and the environment, give them a value; what cannot be known is told
//! as such.

mod bake;
mod compose;
mod hcl;
mod location;
mod tree;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use thiserror::Error;

use crate::dockerfile::HostKind;
use crate::text::{SourceText, Span};

pub use location::Location;

/// One image that a file builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The service or target.
    pub name: String,
    /// Where it is defined.
    pub span: Span,
    /// The build context.
    pub context: Location,
    /// The Dockerfile, relative to the context; `None` for the one of the usual name.
    pub dockerfile: Option<String>,
    /// Where the file holds the Dockerfile itself.
    pub inline: Option<Span>,
    /// The stage that is built.
    pub target: Option<String>,
    /// The platform that is built for, when there is just one.
    pub platform: Option<String>,
    /// Build arguments, by name, with their place.
    pub args: BTreeMap<String, (String, Span)>,
    /// Other contexts that the Dockerfile can name, by name.
    pub contexts: BTreeMap<String, Location>,
}

/// What a file builds.
#[derive(Debug, Default)]
pub struct Definitions {
    /// In the order of the file.
    pub list: Vec<Definition>,
    /// What is built and cannot be known, in words that name file and line.
    pub notes: Vec<String>,
}

/// Why a file cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DefinitionError {
    /// It is not of its format.
    #[error("{path}:{line}: {reason}")]
    Form {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong, no full stop.
        reason: String,
    },
    /// No service or target of that name.
    #[error("{path} builds no `{name}`; it builds {known}")]
    NoSuch {
        /// The file.
        path: String,
        /// The name asked for.
        name: String,
        /// Those there are.
        known: String,
    },
}

/// The value of a variable of the environment.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// An offset into the file and what is wrong there.
type Fault = (usize, String);

/// What `file` builds: everything, or the services, targets and groups that `only` names. Local paths count from `base`:
/// the folder of a compose file, the current folder for a Bake file.
///
/// # Errors
/// When the file is not what its kind says, or has none of the names.
pub fn definitions(
    file: &Arc<SourceText>,
    kind: HostKind,
    base: &Path,
    only: &[String],
    environment: Lookup<'_>,
) -> Result<Definitions, DefinitionError> {
    let fault =
        |(at, reason): Fault| DefinitionError::Form { path: file.path().to_owned(), line: file.line(at), reason };
    let body = match kind {
        HostKind::Compose => None,
        HostKind::BakeHcl => Some(hcl::parse(file.text()).map_err(fault)?),
        HostKind::BakeJson => Some(bake::of_tree(&tree::parse(file.text()).map_err(fault)?)),
    };
    let (mut list, unknown) = match &body {
        Some(body) => bake::read(body, base, only, environment),
        None => compose::read(file.text(), base, environment).map_err(fault)?,
    };
    let names: Vec<String> = match &body {
        Some(body) => bake::names(body),
        None => list.iter().map(|definition| definition.name.clone()).collect(),
    };
    if let Some(name) = only.iter().find(|name| !names.contains(name)) {
        let known = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        return Err(DefinitionError::NoSuch { path: file.path().to_owned(), name: name.clone(), known });
    }
    if kind == HostKind::Compose && !only.is_empty() {
        list.retain(|definition| only.contains(&definition.name));
    }
    let note = |(span, text): (Span, String)| format!("{}:{}: not checked: {text}", file.path(), file.line(span.start));
    Ok(Definitions { list, notes: unknown.into_iter().map(note).collect() })
}

/// What a format's reader gives: definitions, and what cannot be known with its place.
type Read = (Vec<Definition>, Vec<(Span, String)>);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
