//! Finding policies by name and putting the files of one together.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::sync::Arc;

use super::hadolint::{self, Surroundings};
use super::layer::Layer;
use super::{Fault, Policy, PolicyError, anchore, line_regex, toml};
use crate::rule::{self, Value};
use crate::text::{SourceText, Span};

/// Bytes a policy may have.
const LARGEST: u64 = 1 << 20;
/// Policies that may stand on one another.
const DEEPEST: usize = 8;

impl Policy {
    /// The policy called `name`: a built-in one, else the file at this path. A built-in name wins; write `./default` for
    /// a file of that name. `hadolint` is the built-in policy with hadolint's configuration file and variables over it.
    ///
    /// # Errors
    /// When there is none, when it cannot be read, and when anything in it, or in a policy it extends, is wrong.
    pub fn load(name: &str) -> Result<Policy, PolicyError> {
        let (text, is_built_in) = open(name, name)?;
        let layer = stack(&text, is_built_in, &mut Vec::new())?;
        if is_built_in && name == hadolint::NAME {
            return hadolint::resolve(layer, &Surroundings::of_process());
        }
        Ok(layer.resolve(name.to_owned()))
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
        let given = self.checks.iter().flat_map(|check| check.params.iter());
        let mut patterns = Vec::new();
        for (_, value) in given.filter(|(name, _)| *name == "content-regexp") {
            match value {
                Value::Str(one) => patterns.push(line_regex(one).to_owned()),
                Value::List(all) => patterns.extend(all.iter().map(|one| line_regex(one).to_owned())),
                Value::Int(_) | Value::Bool(_) => {}
            }
        }
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
    match file(path) {
        Err(PolicyError::Read { error, .. }) if error.kind() == ErrorKind::NotFound => {
            Err(PolicyError::NotFound { name: name.to_owned() })
        }
        found => Ok((found?, false)),
    }
}

/// The text of the file at `path`.
pub(super) fn file(path: &str) -> Result<Arc<SourceText>, PolicyError> {
    let failed = |error| PolicyError::Read { path: path.to_owned(), error };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(PolicyError::TooLarge { path: path.to_owned(), limit: LARGEST });
    }
    Ok(SourceText::from_bytes(path, bytes))
}

/// What a built-in policy says.
#[cfg(test)]
pub(super) fn built_in(name: &str) -> Result<Layer, PolicyError> {
    let (text, is_built_in) = open(name, name)?;
    stack(&text, is_built_in, &mut Vec::new())
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
        _ => {
            first.is_empty()
                || (!first.starts_with('[') && first.split('=').next().is_some_and(|key| key.contains(':')))
        }
    })
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
            ("untagged-base", Action::Stop),
            ("vulnerability-data-missing", Action::Warn),
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
        fs::write(path("c.toml"), "extends = \"defalt\"\n").unwrap();
        let error = Policy::load(&path("c.toml")).unwrap_err();
        assert_eq!(error.help().as_deref(), Some("did you mean `default`?"));
        assert!(error.place().is_some());
    }

    #[test]
    fn the_form_is_told_by_suffix_then_by_content() {
        let form = |path: &str, text: &str| is_anchore(&SourceText::new(path, text)).unwrap();
        assert!(form("gate", "# x\n\nSUIDDIFF:SUIDFILEADD:STOP\n"));
        assert!(form("gate.txt", "FILECHECK:FILENAMEMATCH:STOP:FILECHECK_NAMEREGEXP=/a\n"));
        assert!(form("x.policy", "ruleset = \"2026.1\"\n"));
        assert!(!form("gate", "ruleset = \"2026.1\"\n"));
        assert!(!form("gate", "[rules]\n\"a:b\" = \"stop\"\n"));
        assert!(!form("gate", "extends = \"a:b\"\n"));
        assert!(!form("x.toml", "A:B:STOP\n"));
        assert!(is_anchore(&SourceText::new("bundle.json", "{ \"id\": \"x\" }")).is_err());
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
