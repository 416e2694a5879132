//! Finding policies by name and putting the files of one together.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::bundle::{self, Bundle};
use super::hadolint::{self, Surroundings};
use super::image_name::ImageNames;
use super::layer::Layer;
use super::{
    Fault, Policy, PolicyError, WaivedVulnerability, Waiver, WhitelistItem, anchore, line_regex, pinned, toml,
    vulnerability, whitelist,
};
use crate::rule::{self, Value};
use crate::text::SourceText;

/// Bytes a policy may have.
const LARGEST: u64 = 1 << 20;
/// Policies that may stand on one another.
const DEEPEST: usize = 8;

/// Gives the content of the file at a path: the work tree's, or that of another state of it. At most one byte more than
/// a policy may have need be read.
pub type ReadFile<'a> = dyn Fn(&str) -> io::Result<Vec<u8>> + 'a;

/// The file at a path as it lies on disk, up to one byte more than a policy may have.
///
/// # Errors
/// When it cannot be opened or read.
pub fn from_disk(path: &str) -> io::Result<Vec<u8>> {
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

    /// The same, with what OpenVEX documents call not affected or fixed waived.
    ///
    /// # Errors
    /// When one cannot be read, or is none.
    pub fn with_vex(mut self, paths: &[String], read: &ReadFile<'_>) -> Result<Self, PolicyError> {
        for path in paths {
            self.whitelisted.extend(vulnerability::parse(&file("the VEX document", path, read)?)?);
        }
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
    let bytes = read(path).map_err(|error| PolicyError::Read { what, path: path.to_owned(), error })?;
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
    let (layer, extends) = toml::parse(text, is_built_in)?;
    let Some(extends) = extends else { return Ok(layer) };
    let wrong = |why: String| PolicyError::at(text, extends.span, Fault::Extends(why));
    below.push(identity(text.path(), is_built_in));
    if below.len() > DEEPEST {
        return Err(wrong(format!("more than {DEEPEST} policies extend one another")));
    }
    let (parent, is_parent_built_in) = match pinned::Pinned::parse(&extends.name) {
        Some(pinned) => {
            let unusable = |why| wrong(format!("cannot extend `{}`: {why}", extends.name)).with_help(pinned::HELP);
            (pinned.and_then(|pinned| pinned.fetch(LARGEST as usize)).map_err(unusable)?, false)
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
    let parent = stack(&parent, is_parent_built_in, read, below)?;
    Ok(layer.over(parent))
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
mod tests {
    use std::fs;

    use super::*;
    use crate::policy::Action;

    fn action(policy: &Policy, rule: &str) -> Option<Action> {
        policy.checks.iter().find(|c| c.rule.id == rule).map(|c| c.action)
    }

    #[test]
    fn every_built_in_policy_resolves() {
        let names: Vec<&str> = rule::builtin_policies().collect();
        assert_eq!(names, ["anchore-2017", "buildkit", "cis", "default", "hadolint", "strict"]);
        for name in names {
            let policy = Policy::load(name).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(policy.name, name);
            assert!(!policy.checks.is_empty(), "{name}");
        }
    }

    #[test]
    fn the_default_policy_does_not_flood() {
        let policy = Policy::default_policy().unwrap();
        assert_eq!(action(&policy, "setuid-added"), Some(Action::Stop));
        assert_eq!(action(&policy, "image-part-unchecked"), Some(Action::Stop));
        assert_eq!(action(&policy, "base-unknown"), Some(Action::Warn));
        assert_eq!(action(&policy, "package-added"), None);
        assert_eq!(action(&policy, "dockerfile-missing"), Some(Action::Go));
        assert_eq!(policy.base_limit, Action::Warn);
    }

    #[test]
    fn the_policy_of_2017_runs_as_it_is() {
        let policy = Policy::load("anchore-2017").unwrap();
        let expected = [
            ("base-unknown", Action::Stop),
            ("dockerfile-missing", Action::Stop),
            ("exposed-port", Action::Stop),
            ("file-name-matched", Action::Stop),
            ("image-part-unchecked", Action::Stop),
            ("latest-base", Action::Stop),
            ("missing-from", Action::Stop),
            ("package-added", Action::Warn),
            ("package-removed", Action::Warn),
            ("package-version-changed", Action::Stop),
            ("packages-unread", Action::Stop),
            ("parse-error", Action::Warn),
            ("scratch-base", Action::Warn),
            ("setuid-added", Action::Stop),
            ("setuid-mode-changed", Action::Stop),
            ("setuid-removed", Action::Go),
            ("sudo-used", Action::Go),
            ("unsupported-distro", Action::Warn),
            ("untagged-base", Action::Stop),
            ("vulnerability-data-missing", Action::Warn),
            ("vulnerable-package", Action::Go),
            ("vulnerable-package", Action::Stop),
            ("vulnerable-package", Action::Warn),
            ("vulnerable-package", Action::Go),
            ("vulnerable-package", Action::Stop),
        ];
        assert_eq!(policy.checks.iter().map(|c| (c.rule.id, c.action)).collect::<Vec<_>>(), expected);
        assert_eq!(policy.base_limit, Action::Stop);
    }

    #[test]
    fn policies_stand_on_one_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        fs::create_dir(folder.path().join("team")).unwrap();
        fs::write(path("base.policy"), "SUIDDIFF:SUIDFILEADD:STOP\nPKGDIFF:PKGADD:WARN\n").unwrap();
        fs::write(
            path("team/own.toml"),
            "extends = \"../base.policy\"\n[rules]\npackage-added = \"off\"\npackage-removed = \"go\"\n",
        )
        .unwrap();
        let policy = Policy::load(&path("team/own.toml")).unwrap();
        let ids: Vec<_> = policy.checks.iter().map(|c| (c.rule.id, c.action)).collect();
        let expected = [
            ("base-unknown", Action::Stop),
            ("image-part-unchecked", Action::Stop),
            ("package-removed", Action::Go),
            ("packages-unread", Action::Warn),
            ("setuid-added", Action::Stop),
        ];
        assert_eq!(ids, expected);

        fs::write(path("a.toml"), "extends = \"b.toml\"\n").unwrap();
        fs::write(path("b.toml"), "\nextends = \"./team/../a.toml\"\n").unwrap();
        let error = Policy::load(&path("a.toml")).unwrap_err().to_string();
        assert_eq!(error, format!("{}:2: `./team/../a.toml` leads back to itself", path("b.toml")));
        for n in 0..10 {
            fs::write(path(&format!("{n}.toml")), format!("extends = \"{}.toml\"\n", n + 1)).unwrap();
        }
        assert!(Policy::load(&path("0.toml")).unwrap_err().to_string().contains("more than 8 policies"));
        fs::write(path("net.toml"), "extends = \"https://example.org/p.toml\"\n").unwrap();
        let error = Policy::load(&path("net.toml")).unwrap_err().to_string();
        assert!(
            error.contains(
                "net.toml:1: cannot extend `https://example.org/p.toml`: what is fetched has to be pinned by its digest"
            ),
            "{error}"
        );
        fs::write(path("several.json"), "{\"policies\": [{\"id\": \"p\", \"rules\": []}], \"whitelisted_images\": [{\"registry\": \"*\", \"repository\": \"*\", \"image\": {\"type\": \"tag\", \"value\": \"1\"}}]}").unwrap();
        fs::write(path("d.toml"), "extends = \"several.json\"\n").unwrap();
        assert!(Policy::load(&path("d.toml")).unwrap_err().to_string().contains("is a bundle for several images"));
        fs::write(path("c.toml"), "extends = \"defalt\"\n").unwrap();
        let error = Policy::load(&path("c.toml")).unwrap_err();
        assert_eq!(error.help().as_deref(), Some("did you mean `default`?"));
        assert!(error.place().is_some());
    }

    #[test]
    fn the_form_is_told_by_suffix_then_by_content() {
        let form = |path: &str, text: &str| is_anchore(&SourceText::new(path, text));
        assert!(form("gate", "# x\n\nSUIDDIFF:SUIDFILEADD:STOP\n"));
        assert!(form("gate.txt", "FILECHECK:FILENAMEMATCH:STOP:FILECHECK_NAMEREGEXP=/a\n"));
        assert!(form("x.policy", "ruleset = \"2026.1\"\n"));
        assert!(!form("gate", "ruleset = \"2026.1\"\n"));
        assert!(!form("gate", "[rules]\n\"a:b\" = \"stop\"\n"));
        assert!(!form("gate", "extends = \"a:b\"\n"));
        assert!(!form("x.toml", "A:B:STOP\n"));
        assert!(is_json(&SourceText::new("bundle", "\u{feff} { \"id\": \"x\" }")));
        assert!(is_json(&SourceText::new("bundle.json", "")) && !is_json(&SourceText::new("x.toml", "{")));
    }

    #[test]
    fn what_is_not_there_or_not_a_policy_is_an_error() {
        let error = Policy::load("strickt").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no policy `strickt`: no built-in policy has this name, and no file is there"
        );
        assert_eq!(error.help().as_deref(), Some("did you mean `strict`?"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_string_lossy().into_owned();
        assert!(matches!(Policy::load(&path).unwrap_err(), PolicyError::Read { .. }));
        let large = folder.path().join("large.toml");
        fs::write(&large, vec![b'\n'; 1 + (1 << 20)]).unwrap();
        assert!(matches!(Policy::load(&large.to_string_lossy()).unwrap_err(), PolicyError::TooLarge { .. }));
    }

    #[test]
    fn hostile_text_gets_an_answer() {
        let nested = format!("a = {}", "[".repeat(100_000));
        let long = format!("[rules]\n{} = \"stop\"\n", "x".repeat(500_000));
        let line = format!("A:{}:STOP\n", "B".repeat(500_000));
        for text in [nested, long, line, String::from("\u{feff}"), String::from("a\0:b:c")] {
            let told = Policy::parse(&SourceText::new("gate", text)).unwrap_err().to_string();
            assert!(told.len() < 1000, "{} bytes", told.len());
        }
        assert!(Policy::parse(&SourceText::from_bytes("gate", b"SUIDDIFF:\xff:STOP".to_vec())).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_reader(
            words in proptest::collection::vec(proptest::sample::select(vec![
                "SUIDDIFF", "SUIDFILEADD", "FILECHECK", "FILENAMEMATCH", "FILECHECK_NAMEREGEXP=", ":", "STOP", "GO", " ", "\n", "\r\n", "#",
                "=", "[", "]", "[[", "]]", "{", "}", "\"", "'", "rules", "waiver", "rule", "reason", "setuid-added", "action", "actions", "ä", ",", "\\", "(", "\u{feff}",
            ]), 0..24),
            suffix in proptest::sample::select(vec!["gate", "gate.toml", "gate.policy"]),
        ) {
            let text = SourceText::new(suffix, words.concat());
            if let Err(error) = Policy::parse(&text) {
                let (source, span) = error.place().unwrap();
                proptest::prop_assert!(source.text().get(span.range()).is_some());
                proptest::prop_assert!(error.to_string().starts_with(suffix));
            }
        }
    }
}
