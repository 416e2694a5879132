//! What an image is called, and the patterns by which a policy names images.

use std::fmt;

use regex::Regex;

use super::path_regex;
use super::regexp::{from_python, reason};

/// Everything an image goes by. A policy for some images holds for one that any of its names, digests or its id fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageNames {
    /// `registry/repository:tag`, as the image is tagged or asked for; the registry and the tag may be left out.
    pub names: Vec<String>,
    /// Digests of its manifest, `sha256:…`.
    pub digests: Vec<String>,
    /// Digest of its config, `sha256:…`.
    pub id: Option<String>,
}

impl ImageNames {
    /// The names, taken apart; one without any word for an image that has no name, which only `*` fits.
    fn taken_apart(&self) -> Vec<Name> {
        if self.names.is_empty() { vec![Name::default()] } else { self.names.iter().map(|n| Name::parse(n)).collect() }
    }
}

impl fmt::Display for ImageNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<&str> = self.names.iter().chain(&self.digests).chain(&self.id).map(String::as_str).collect();
        if all.is_empty() { f.write_str("an image without a name") } else { f.write_str(&all.join(", ")) }
    }
}

/// An image's name in its parts. Each is every way the part can be written.
#[derive(Debug, Default, PartialEq, Eq)]
struct Name {
    registries: Vec<String>,
    repositories: Vec<String>,
    tag: String,
    digest: Option<String>,
}

impl Name {
    fn parse(name: &str) -> Self {
        let (name, digest) = match name.split_once('@') {
            Some((name, digest)) => (name, Some(digest.to_owned())),
            None => (name, None),
        };
        let (registry, rest) = match name.split_once('/') {
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => (Some(host), rest),
            _ => (None, name),
        };
        let (repository, tag) = split_tag(rest);
        let tag = tag.map_or_else(|| if digest.is_some() { "" } else { "latest" }.to_owned(), str::to_owned);
        let is_hub = registry.is_none_or(|r| matches!(r, "docker.io" | "index.docker.io"));
        let mut registries = vec![registry.unwrap_or("docker.io").to_owned()];
        if registry.is_none() {
            // An image that no registry has yet.
            registries.push("localbuild".to_owned());
        } else if is_hub {
            registries = vec!["docker.io".to_owned(), "index.docker.io".to_owned()];
        }
        let mut repositories = vec![repository.to_owned()];
        if is_hub && !repository.contains('/') {
            repositories.push(format!("library/{repository}"));
        } else if let Some(short) = repository.strip_prefix("library/").filter(|_| is_hub) {
            repositories.push(short.to_owned());
        }
        Self { registries, repositories, tag, digest }
    }
}

/// `repository` and the tag behind it.
fn split_tag(name: &str) -> (&str, Option<&str>) {
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    match name.get(last..).and_then(|part| part.find(':')) {
        Some(colon) => (&name[..last + colon], name.get(last + colon + 1..)),
        None => (name, None),
    }
}

/// A pattern of Anchore's bundles: `*` stands for any text; behind `regexp:` stands an expression, which fits from the start.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    text: String,
    expression: Option<Regex>,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// With the reason, where it is an expression that cannot be run.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |error: regex::Error| {
            format!("`{text}` is not a regular expression that can be run: {}", reason(&error.to_string()))
        };
        let expression = text.trim_start().strip_prefix("regexp:").map(|e| path_regex(&from_python(e))).transpose();
        Ok(Self { text: text.to_owned(), expression: expression.map_err(wrong)? })
    }

    pub(super) fn fits(&self, text: &str) -> bool {
        self.expression.as_ref().map_or_else(|| wildcard(&self.text, text), |expression| expression.is_match(text))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

/// Images by registry, repository and tag, digest or id, as Anchore's mappings name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ImagePattern {
    pub(super) registry: Pattern,
    pub(super) repository: Pattern,
    pub(super) image: Which,
}

/// The images of a repository that are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Tag(Pattern),
    Digest(String),
    Id(String),
}

impl ImagePattern {
    pub(super) fn fits(&self, image: &ImageNames) -> bool {
        let bare = |text: &str| text.strip_prefix("sha256:").unwrap_or(text).to_ascii_lowercase();
        image.taken_apart().iter().any(|name| {
            let or_none = |all: &[String], pattern: &Pattern| match all {
                [] => pattern.fits(""),
                all => all.iter().any(|one| pattern.fits(one)),
            };
            let is_there = or_none(&name.registries, &self.registry) && or_none(&name.repositories, &self.repository);
            is_there
                && match &self.image {
                    Which::Tag(tag) => tag.fits(&name.tag),
                    Which::Digest(digest) => {
                        let digests = image.digests.iter().chain(&name.digest);
                        digests.into_iter().any(|d| bare(d) == bare(digest))
                    }
                    Which::Id(id) => image.id.as_ref().is_some_and(|own| bare(own) == bare(id)),
                }
        })
    }
}

/// Images by name, as dockgate's own policies name them: `team/*`, `registry.example/team/app:1.*`. Without a tag any
/// is meant, and without a registry Docker Hub's and an image that no registry has yet.
pub(super) fn fits_name(pattern: &str, image: &ImageNames) -> bool {
    let (wanted, tag) = split_tag(pattern);
    image.taken_apart().iter().any(|name| {
        let full = name.registries.iter().flat_map(|r| name.repositories.iter().map(move |n| format!("{r}/{n}")));
        let is_hub = name.registries.iter().any(|r| r == "docker.io");
        let short = name.repositories.iter().filter(|_| is_hub).cloned();
        let is_name = match name.repositories.is_empty() {
            true => wildcard(wanted, ""),
            false => full.chain(short).any(|name| wildcard(wanted, &name)),
        };
        is_name && tag.is_none_or(|tag| wildcard(tag, &name.tag))
    })
}

impl ImageNames {
    /// Whether a name of the image is this repository, or one that ends with it, with the tag, and in the registry or repository
    /// of an address, where these are given.
    pub(super) fn is_at(&self, path: &str, tag: Option<&str>, address: Option<&str>) -> bool {
        let address = address.map(|a| a.split_once("://").map_or(a, |(_, rest)| rest).trim_end_matches('/'));
        let ends = |text: &str, end: &str| {
            text.len() >= end.len()
                && text.get(text.len() - end.len()..).is_some_and(|last| last.eq_ignore_ascii_case(end))
                && (text.len() == end.len() || text[..text.len() - end.len()].ends_with('/'))
        };
        let begins = |text: &str, start: &str| {
            text.get(..start.len()).is_some_and(|first| first.eq_ignore_ascii_case(start))
                && (text.len() == start.len() || text[start.len()..].starts_with('/'))
        };
        self.names.iter().map(|name| Name::parse(name)).any(|name| {
            let mut full =
                name.registries.iter().flat_map(|r| name.repositories.iter().map(move |n| format!("{r}/{n}")));
            name.repositories.iter().any(|repository| ends(repository, path))
                && tag.is_none_or(|tag| tag == name.tag)
                && address.is_none_or(|address| full.any(|full| begins(&full, address)))
        })
    }
}

/// Whether a text is what a pattern stands for, in which `*` is any text and nothing else has a meaning.
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(last)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn named(name: &str) -> ImageNames {
        ImageNames { names: vec![name.to_owned()], ..ImageNames::default() }
    }

    #[test]
    fn a_star_is_any_text() {
        let cases = [
            ("*", "", true),
            ("a*", "abc", true),
            ("a*c", "abc", true),
            ("a*bc", "abc", true),
            ("a*b*c", "axbxbc", true),
            ("ab*bc", "abc", false),
            ("*.1", "0.1.2", false),
            ("a.c", "abc", false),
            ("CVE-2017-*", "CVE-2017-1+openssl", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(wildcard(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn mappings_fit_by_registry_repository_and_tag() {
        let pattern = |registry: &str, repository: &str, tag: &str| ImagePattern {
            registry: Pattern::parse(registry).unwrap(),
            repository: Pattern::parse(repository).unwrap(),
            image: Which::Tag(Pattern::parse(tag).unwrap()),
        };
        let cases = [
            (("*", "*", "*"), "nginx", true),
            (("docker.io", "nginx", "latest"), "nginx", true),
            (("docker.io", "library/nginx", "*"), "nginx:1", true),
            (("docker.io", "nginx", "*"), "docker.io/library/nginx:1", true),
            (("localbuild", "app", "*"), "app:1", true),
            (("localbuild", "app", "*"), "docker.io/app:1", false),
            (("registry.example:5000", "team/*", "1.*"), "registry.example:5000/team/app:1.2", true),
            (("registry.example:5000", "team/*", "1.*"), "registry.example:5000/team/app:2.0", false),
            (("*", "app", "*"), "registry.example/library/app:1", false),
            (("regexp:(docker|quay)[.]io", "regexp:team", "regexp:1[.].*"), "quay.io/team/app:1.2", true),
            (("regexp:(docker|quay)[.]io", "regexp:eam", "*"), "quay.io/team/app:1.2", false),
        ];
        for ((registry, repository, tag), image, expected) in cases {
            assert_eq!(
                pattern(registry, repository, tag).fits(&named(image)),
                expected,
                "{registry}/{repository}:{tag} {image}"
            );
        }
        assert!(pattern("*", "*", "*").fits(&ImageNames::default()));
        assert!(!pattern("*", "a*", "*").fits(&ImageNames::default()));
    }

    #[test]
    fn mappings_fit_by_digest_and_id() {
        let any = || Pattern::parse("*").unwrap();
        let which = |image| ImagePattern { registry: any(), repository: any(), image };
        let image = ImageNames {
            names: vec!["a@sha256:11".into()],
            digests: vec!["sha256:22".into()],
            id: Some("sha256:33".into()),
        };
        for digest in ["sha256:11", "sha256:22"] {
            assert!(which(Which::Digest(digest.into())).fits(&image), "{digest}");
        }
        assert!(which(Which::Id("33".into())).fits(&image));
        assert!(!which(Which::Digest("sha256:33".into())).fits(&image));
    }

    #[test]
    fn own_patterns_are_names() {
        let cases = [
            ("nginx", "nginx:1", true),
            ("nginx", "docker.io/library/nginx", true),
            ("nginx:1.*", "nginx:1.25", true),
            ("nginx:1.*", "nginx:2", false),
            ("team/*", "team/app", true),
            ("registry.example/*:prod-*", "registry.example/a/b:prod-1", true),
            ("team/*", "registry.example/team/app", false),
            ("*/team/*", "registry.example/team/app", true),
        ];
        for (pattern, image, expected) in cases {
            assert_eq!(fits_name(pattern, &named(image)), expected, "{pattern} {image}");
        }
        assert!(fits_name("*", &ImageNames::default()));
    }
}
