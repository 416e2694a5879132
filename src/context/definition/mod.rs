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
#[derive(Clone, Debug)]
pub struct Definition {
    /// The service or target.
    pub name: String,
    /// The file it is defined in: the one that was asked for, or one that it takes in.
    pub file: Arc<SourceText>,
    /// Where it is defined in there.
    pub span: Span,
    /// The build context.
    pub context: Location,
    /// The Dockerfile, relative to the context; `None` for the one of the usual name.
    pub dockerfile: Option<String>,
    /// Where a file holds the Dockerfile itself.
    pub inline: Option<(Arc<SourceText>, Span)>,
    /// The stage that is built.
    pub target: Option<String>,
    /// The platform that is built for, when there is just one.
    pub platform: Option<String>,
    /// Build arguments, by name.
    pub args: BTreeMap<String, Argument>,
    /// Other contexts that the Dockerfile can name, by name.
    pub contexts: BTreeMap<String, Location>,
}

/// A build argument that a file gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its value.
    pub value: String,
    /// The file that says so.
    pub path: String,
    /// Its line there, from 1.
    pub line: usize,
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

/// What lies outside of a file that says what is built.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// The environment, what the `.env` beside the file says included.
    pub environment: Lookup<'a>,
    /// Reads another file; fails with words that name the file and say why it cannot be read.
    pub read: &'a dyn Fn(&Path) -> Result<Arc<SourceText>, String>,
    /// The variables that the `.env` of another folder sets.
    pub settings: &'a dyn Fn(&Path) -> BTreeMap<String, String>,
}

/// An offset into the file and what is wrong there.
type Fault = (usize, String);

/// What `file` builds: everything, or the services, targets and groups that `only` names. Local paths count from `base`:
/// the folder of a compose file, the current folder for a Bake file. A compose file's `include` and the files its services
/// `extends` from are followed.
///
/// # Errors
/// When the file is not what its kind says, or has none of the names.
pub fn definitions(
    file: &Arc<SourceText>,
    kind: HostKind,
    base: &Path,
    only: &[String],
    outside: Outside<'_>,
) -> Result<Definitions, DefinitionError> {
    let fault = |fault: Fault| DefinitionError::of(file, fault);
    let body = match kind {
        HostKind::Compose => None,
        HostKind::BakeHcl => Some(hcl::parse(file.text()).map_err(fault)?),
        HostKind::BakeJson => Some(bake::of_tree(&tree::parse(file.text()).map_err(fault)?)),
    };
    let mut defined = match &body {
        Some(body) => {
            let (list, unknown) = bake::read(file, body, base, only, outside.environment);
            let note = |(span, text): (Span, String)| note(file, span, &text);
            Definitions { list, notes: unknown.into_iter().map(note).collect() }
        }
        None => compose::read(file, base, outside)?,
    };
    let names: Vec<String> = match &body {
        Some(body) => bake::names(body),
        None => defined.list.iter().map(|definition| definition.name.clone()).collect(),
    };
    if let Some(name) = only.iter().find(|name| !names.contains(name)) {
        let known = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        return Err(DefinitionError::NoSuch { path: file.path().to_owned(), name: name.clone(), known });
    }
    if kind == HostKind::Compose && !only.is_empty() {
        defined.list.retain(|definition| only.contains(&definition.name));
    }
    Ok(defined)
}

/// What is built and cannot be known.
fn note(file: &SourceText, span: Span, text: &str) -> String {
    format!("{}:{}: not checked: {text}", file.path(), file.line(span.start))
}

impl DefinitionError {
    fn of(file: &SourceText, (at, reason): Fault) -> Self {
        Self::Form { path: file.path().to_owned(), line: file.line(at), reason }
    }
}

/// What a format's reader gives: definitions, and what cannot be known with its place.
type Read = (Vec<Definition>, Vec<(Span, String)>);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
