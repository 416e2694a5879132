//! Finding policies by name and putting the files of one together.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::bundle::{self, Bundle};
use super::hadolint::{self, Surroundings};
use super::image_name::ImageNames;
use super::layer::Layer;
use super::toml::Extends;
use super::{
    Fault, Policy, PolicyError, WaivedVulnerability, Waiver, WhitelistItem, anchore, line_regex, openvex, pinned, toml,
    whitelist,
};
use crate::http;
use crate::rule::{self, Value};
use crate::text::SourceText;

/// Bytes a policy may have.
const LARGEST: u64 = 1 << 20;
/// Policies that may stand on one another.
const DEEPEST: usize = 8;

/// Gives the content of the file at a path: the work tree's, or that of another state of it; and that of an address, whose digest
/// is looked at by who asks ([`is_url`](super::is_url)). At most one byte more than a policy may have need be read.
pub type ReadFile<'a> = dyn Fn(&str) -> io::Result<Vec<u8>> + 'a;

/// The file at a path as it lies on disk, up to one byte more than a policy may have; what is at an address is fetched.
///
/// # Errors
/// When it cannot be opened, read or fetched.
pub fn from_disk(path: &str) -> io::Result<Vec<u8>> {
    if pinned::is_url(path) {
        return http::get(path, LARGEST as usize).map_err(io::Error::other);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a policy's name leads to. What it asks for can depend on the image.
#[derive(Debug)]
pub struct Policies {
    name: String,
    form: Form,
    whitelisted: Vec<Waiver>,
}

#[derive(Debug)]
enum Form {
    /// dockgate's own, and what it extends.
    Layer(Box<Layer>),
    /// Anchore's text.
    Anchore(Box<Layer>),
    /// The built-in policy over which hadolint's configuration is laid.
    Hadolint(Box<Layer>),
    Bundle(Bundle),
}

impl Policies {
    /// The policy called `name`, a built-in one, else the file at this path, and Anchore's whitelists in the files at
    /// `whitelists`. A built-in name wins; write `./default` for a file of that name. `hadolint` is the built-in policy
    /// with hadolint's configuration file and variables over it. Files are read with `read`.
    ///
    /// # Errors
    /// When there is none, when it cannot be read, and when anything in it, or in a policy it extends, is wrong.
    pub fn load(name: &str, whitelists: &[String], read: &ReadFile<'_>) -> Result<Self, PolicyError> {
        let (text, is_built_in) = open(name, name, read)?;
        let form = match is_built_in && name == hadolint::NAME {
            true => Form::Hadolint(Box::new(stack(&text, is_built_in, read, &mut Vec::new())?)),
            false => Form::of(&text, is_built_in, read)?,
        };
        let mut whitelisted = Vec::new();
        for path in whitelists {
            whitelisted.extend(whitelist::parse(&file("the whitelist", path, read)?)?);
        }
        Ok(Self { name: name.to_owned(), form, whitelisted })
    }

    /// The same, with what OpenVEX documents call not affected or fixed in the end waived.
    ///
    /// # Errors
    /// When one cannot be read, or is none.
    pub fn with_vex(mut self, paths: &[String], read: &ReadFile<'_>) -> Result<Self, PolicyError> {
        let texts = paths.iter().map(|path| file("the VEX document", path, read)).collect::<Result<Vec<_>, _>>()?;
        self.whitelisted.extend(openvex::parse(&texts)?);
        Ok(self)
    }

    /// Whether another image can have another policy, so that [`Self::for_image`] needs to know what it is called.
    pub fn depend_on_image(&self) -> bool {
        let is_for_some = match &self.form {
            Form::Layer(layer) | Form::Anchore(layer) | Form::Hadolint(layer) => !layer.images.is_empty(),
            Form::Bundle(bundle) => bundle.depends_on_image(),
        };
        let names_image = |waiver: &Waiver| {
            waiver.whitelisted.as_ref().is_some_and(WhitelistItem::names_image)
                || waiver.vulnerability.as_ref().is_some_and(WaivedVulnerability::names_image)
        };
        is_for_some || self.whitelisted.iter().any(names_image)
    }

    /// Whether what holds depends on files and variables around the process besides the policy's own files.
    pub fn have_surroundings(&self) -> bool {
        matches!(self.form, Form::Hadolint(_))
    }

    /// The policy for an image, or for a run without one, which counts as an image without a name.
    ///
    /// # Errors
    /// When nothing in the policy is for such an image, and when hadolint's configuration is in the way.
    pub fn for_image(&self, image: &ImageNames) -> Result<Policy, PolicyError> {
        let mut policy = match &self.form {
            Form::Layer(layer) | Form::Anchore(layer) => {
                layer.as_ref().clone().for_image(image).resolve(self.name.clone())
            }
            Form::Hadolint(layer) => hadolint::resolve(layer.as_ref().clone(), &Surroundings::of_process())?,
            Form::Bundle(bundle) => {
                let chosen = bundle.for_image(image)?;
                let name = match chosen.name.as_str() {
                    "" => self.name.clone(),
                    chosen => format!("{} ({chosen})", self.name),
                };
                chosen.layer.resolve(name)
            }
        };
        policy.waivers.extend(self.whitelisted.iter().cloned());
        let is_for = |waiver: &Waiver| {
            waiver.whitelisted.as_ref().is_none_or(|item| item.is_for(image))
                && waiver.vulnerability.as_ref().is_none_or(|item| item.is_for(image))
        };
        policy.waivers.retain(is_for);
        policy
            .waivers
            .iter_mut()
            .filter_map(|waiver| waiver.vulnerability.as_mut())
            .for_each(|item| item.narrow(image));
        Ok(policy)
    }
}

impl Policies {
    /// What an Anchore policy asks for of an image, and the policy's name; `None` for a policy in TOML.
    pub(super) fn anchore_layer(&self, image: &ImageNames) -> Result<Option<(Layer, String)>, PolicyError> {
        Ok(match &self.form {
            Form::Bundle(bundle) => {
                let chosen = bundle.for_image(image)?;
                let which = if chosen.name.is_empty() { String::new() } else { format!(" ({})", chosen.name) };
                Some((chosen.layer, format!("{}{which}", self.name)))
            }
            Form::Anchore(layer) => Some((layer.as_ref().clone(), self.name.clone())),
            Form::Layer(_) | Form::Hadolint(_) => None,
        })
    }
}

impl Form {
    fn of(text: &Arc<SourceText>, is_built_in: bool, read: &ReadFile<'_>) -> Result<Self, PolicyError> {
        if is_json(text) {
            return bundle::parse(text).map(Self::Bundle);
        }
        let layer = Box::new(stack(text, is_built_in, read, &mut Vec::new())?);
        Ok(if is_anchore(text) { Self::Anchore(layer) } else { Self::Layer(layer) })
    }
}

impl Policy {
    /// The policy called `name`, as [`Policies::load`] finds it on disk, for a run without an image.
    ///
    /// # Errors
    /// As [`Policies::load`] and [`Policies::for_image`].
    pub fn load(name: &str) -> Result<Policy, PolicyError> {
        Policies::load(name, &[], &from_disk)?.for_image(&ImageNames::default())
    }

    /// The policy with this text, as from the file at `text.path()`, for a run without an image.
    ///
    /// # Errors
    /// As [`Policy::load`].
    pub fn parse(text: &Arc<SourceText>) -> Result<Policy, PolicyError> {
        let form = Form::of(text, false, &from_disk)?;
        let policies = Policies { name: text.path().to_owned(), form, whitelisted: Vec::new() };
        policies.for_image(&ImageNames::default())
    }

    /// The policy of a run that names none.
    ///
    /// # Errors
    /// As [`Policy::load`].
    pub fn default_policy() -> Result<Policy, PolicyError> {
        Self::load("default")
    }

    /// Whether any check compares the digest of a file.
    pub fn compares_digests(&self) -> bool {
        let is_digest = |(name, value): (&str, &Value)| name == "sha256" && *value != Value::Str(String::new());
        self.checks.iter().any(|check| check.params.iter().any(is_digest))
    }

    /// What to search for in the content of the image's files, sorted.
    pub fn content_patterns(&self) -> Vec<String> {
        let given = self.checks.iter().flat_map(|check| check.params.iter());
        let mut patterns = Vec::new();
        for (_, value) in given.filter(|(name, _)| *name == "content-regexp") {
            match value {
                Value::Str(one) => patterns.push(line_regex(one).to_owned()),
                Value::List(all) => patterns.extend(all.iter().map(|one| line_regex(one).to_owned())),
                Value::Int(_) | Value::Bool(_) => {}
            }
        }
        patterns.retain(|pattern| !pattern.is_empty());
        patterns.sort();
        patterns.dedup();
        patterns
    }
}

/// The text of a policy, and whether it is a built-in one. `path` is where a file would be.
fn open(name: &str, path: &str, read: &ReadFile<'_>) -> Result<(Arc<SourceText>, bool), PolicyError> {
    if let Some((file, text)) = rule::builtin_policy(name) {
        return Ok((SourceText::new(file, text), true));
    }
    match file("the policy", path, read) {
        Err(PolicyError::Read { error, .. }) if error.kind() == ErrorKind::NotFound => {
            Err(PolicyError::NotFound { name: name.to_owned() })
        }
        found => Ok((found?, false)),
    }
}

/// The text of the file at `path`, which would be `what`.
pub(super) fn file(what: &'static str, path: &str, read: &ReadFile<'_>) -> Result<Arc<SourceText>, PolicyError> {
    let unread = |error| PolicyError::Read { what, path: path.to_owned(), error };
    // Nobody has said here which file it has to be.
    if pinned::is_url(path) {
        let why = "what is at an address is read only where a policy's `extends` pins it by its digest";
        return Err(unread(io::Error::other(why)));
    }
    let bytes = read(path).map_err(unread)?;
    if bytes.len() as u64 > LARGEST {
        return Err(PolicyError::TooLarge { what, path: path.to_owned(), limit: LARGEST });
    }
    Ok(SourceText::from_bytes(path, bytes))
}

/// What a built-in policy says.
#[cfg(test)]
pub(super) fn built_in(name: &str) -> Result<Layer, PolicyError> {
    let (text, is_built_in) = open(name, name, &from_disk)?;
    stack(&text, is_built_in, &from_disk, &mut Vec::new())
}

/// Reads a policy and those it extends. `below` holds the paths of the policies that led here.
fn stack(
    text: &Arc<SourceText>,
    is_built_in: bool,
    read: &ReadFile<'_>,
    below: &mut Vec<String>,
) -> Result<Layer, PolicyError> {
    if is_json(text) {
        return Ok(bundle::parse(text)?.for_image(&ImageNames::default())?.layer);
    }
    if is_anchore(text) {
        return anchore::parse(text, is_built_in);
    }
    toml::parse(text, is_built_in, &mut |extends| extended(text, is_built_in, &extends, read, below))
}

/// The policy that the one with this text extends.
fn extended(
    text: &Arc<SourceText>,
    is_built_in: bool,
    extends: &Extends,
    read: &ReadFile<'_>,
    below: &mut Vec<String>,
) -> Result<Layer, PolicyError> {
    let wrong = |why: String| PolicyError::at(text, extends.span, Fault::Extends(why));
    below.push(identity(text.path(), is_built_in));
    if below.len() > DEEPEST {
        return Err(wrong(format!("more than {DEEPEST} policies extend one another")));
    }
    let (parent, is_parent_built_in) = match pinned::Pinned::parse(&extends.name) {
        Some(pinned) => {
            let unusable = |why| wrong(format!("cannot extend `{}`: {why}", extends.name)).with_help(pinned::HELP);
            (pinned.and_then(|pinned| pinned.get(read)).map_err(unusable)?, false)
        }
        None if pinned::is_url(text.path()) && rule::builtin_policy(&extends.name).is_none() => {
            let why = format!("cannot extend `{}`: a policy that was fetched has no files beside it", extends.name);
            return Err(wrong(why).with_help(pinned::HELP));
        }
        None => {
            let folder = Path::new(text.path()).parent().unwrap_or(Path::new(""));
            let path = folder.join(&extends.name).to_string_lossy().into_owned();
            open(&extends.name, &path, read).map_err(|error| {
                let help = error.help();
                let wrong = wrong(format!("cannot extend `{}`: {error}", extends.name));
                help.into_iter().fold(wrong, PolicyError::with_help)
            })?
        }
    };
    if is_json(&parent) && bundle::parse(&parent)?.depends_on_image() {
        return Err(wrong(format!("`{}` is a bundle for several images, and cannot be extended", extends.name))
            .with_help("`dockgate policy convert` makes a TOML policy of it"));
    }
    if below.contains(&identity(parent.path(), is_parent_built_in)) {
        return Err(wrong(format!("`{}` leads back to itself", extends.name)));
    }
    stack(&parent, is_parent_built_in, read, below)
}

/// What tells one policy from another, however its path is written.
fn identity(path: &str, is_built_in: bool) -> String {
    if is_built_in {
        return format!("built-in {path}");
    }
    if pinned::is_url(path) {
        return path.to_owned();
    }
    let mut plain = PathBuf::new();
    for part in Path::new(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain.to_string_lossy().into_owned()
}

/// Whether a policy is in JSON: by its suffix, else by how it begins.
fn is_json(text: &SourceText) -> bool {
    match text.path().rsplit_once('.') {
        Some((_, "json")) => true,
        Some((_, "toml" | "policy")) => false,
        _ => text.text().trim_start_matches('\u{FEFF}').trim_start().starts_with('{'),
    }
}

/// Whether a policy that is not JSON is in Anchore's text form: by its suffix, else by the first line that says something.
fn is_anchore(text: &SourceText) -> bool {
    let lines = text.text().trim_start_matches('\u{FEFF}').lines().map(str::trim);
    let first = lines.clone().find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    match text.path().rsplit_once('.') {
        Some((_, "toml")) => false,
        Some((_, "policy")) => true,
        _ => {
            first.is_empty()
                || (!first.starts_with('[') && first.split('=').next().is_some_and(|key| key.contains(':')))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
