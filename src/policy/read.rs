//! Finding policies by name and putting the files of one together.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::sync::Arc;

use super::layer::Layer;
use super::{Fault, Policy, PolicyError, anchore, toml};
use crate::rule;
use crate::text::{SourceText, Span};

/// Bytes a policy may have.
const LARGEST: u64 = 1 << 20;
/// Policies that may stand on one another.
const DEEPEST: usize = 8;

impl Policy {
    /// The policy called `name`: a built-in one, else the file at this path. A built-in name wins; write `./default` for
    /// a file of that name.
    ///
    /// # Errors
    /// When there is none, when it cannot be read, and when anything in it, or in a policy it extends, is wrong.
    pub fn load(name: &str) -> Result<Policy, PolicyError> {
        let (text, is_built_in) = open(name, name)?;
        stack(&text, is_built_in, &mut Vec::new()).map(|layer| layer.resolve(name.to_owned()))
    }

    /// The policy with this text, as from the file at `text.path()`.
    ///
    /// # Errors
    /// As [`Policy::load`].
    pub fn parse(text: &Arc<SourceText>) -> Result<Policy, PolicyError> {
        stack(text, false, &mut Vec::new()).map(|layer| layer.resolve(text.path().to_owned()))
    }

    /// The policy of a run that names none.
    ///
    /// # Errors
    /// As [`Policy::load`].
    pub fn default_policy() -> Result<Policy, PolicyError> {
        Self::load("default")
    }

    /// What to search for in the content of the image's files, sorted.
    pub fn content_patterns(&self) -> Vec<String> {
        let patterns = self.checks.iter().map(|check| check.params.str("content-regexp"));
        let mut patterns: Vec<String> = patterns.filter(|p| !p.is_empty()).map(str::to_owned).collect();
        patterns.sort();
        patterns.dedup();
        patterns
    }
}

/// The text of a policy, and whether it is a built-in one. `path` is where a file would be.
fn open(name: &str, path: &str) -> Result<(Arc<SourceText>, bool), PolicyError> {
    if let Some((file, text)) = rule::builtin_policy(name) {
        return Ok((SourceText::new(file, text), true));
    }
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => PolicyError::NotFound { name: name.to_owned() },
        _ => PolicyError::Read { path: path.to_owned(), error },
    };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(PolicyError::TooLarge { path: path.to_owned(), limit: LARGEST });
    }
    Ok((SourceText::from_bytes(path, bytes), false))
}

/// Reads a policy and those it extends. `below` holds the paths of the policies that led here.
fn stack(text: &Arc<SourceText>, is_built_in: bool, below: &mut Vec<String>) -> Result<Layer, PolicyError> {
    if is_anchore(text)? {
        return anchore::parse(text, is_built_in);
    }
    let (layer, extends) = toml::parse(text, is_built_in)?;
    let Some(extends) = extends else { return Ok(layer) };
    let wrong = |why: String| PolicyError::at(text, extends.span, Fault::Extends(why));
    below.push(identity(text.path(), is_built_in));
    if below.len() > DEEPEST {
        return Err(wrong(format!("more than {DEEPEST} policies extend one another")));
    }
    let folder = Path::new(text.path()).parent().unwrap_or(Path::new(""));
    let path = folder.join(&extends.name).to_string_lossy().into_owned();
    let (parent, is_parent_built_in) = open(&extends.name, &path).map_err(|error| {
        let help = error.help();
        let wrong = wrong(format!("cannot extend `{}`: {error}", extends.name));
        help.into_iter().fold(wrong, PolicyError::with_help)
    })?;
    if below.contains(&identity(parent.path(), is_parent_built_in)) {
        return Err(wrong(format!("`{}` leads back to itself", extends.name)));
    }
    let parent = stack(&parent, is_parent_built_in, below)?;
    Ok(layer.over(parent))
}

/// What tells one policy from another, however its path is written.
fn identity(path: &str, is_built_in: bool) -> String {
    match std::fs::canonicalize(path) {
        Ok(full) if !is_built_in => full.to_string_lossy().into_owned(),
        _ => format!("built-in {path}"),
    }
}

/// Whether a policy is in Anchore's text form: by its suffix, else by the first line that says something.
fn is_anchore(text: &Arc<SourceText>) -> Result<bool, PolicyError> {
    let lines = text.text().trim_start_matches('\u{FEFF}').lines().map(str::trim);
    let first = lines.clone().find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    if first.starts_with('{') {
        return Err(PolicyError::at(text, Span::default(), Fault::Bundle));
    }
    Ok(match text.path().rsplit_once('.') {
        Some((_, "toml")) => false,
        Some((_, "policy")) => true,
        _ => first.is_empty() || (!first.starts_with('[') && first.split('=').next().is_some_and(|key| key.contains(':'))),
    })
}
