//! Image references: registry, name, tag and digest, and where tag and digest stand in a FROM line.

use std::ops::Range;
use std::sync::LazyLock;

use dockerfile_parser::ImageRef;
use regex::Regex;

use super::ast::{Dockerfile, Stage, Word};
use super::env::Lookup;
use super::words::Expander;
use crate::text::Span;

/// An image as a Dockerfile names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageName {
    /// The reference after expansion. A variable whose value is not known stays as it was written.
    pub reference: String,
    /// The registry's host, when it is named: a first part with a `.` or `:`, or `localhost`.
    pub registry: Option<String>,
    /// The repository, without registry: `library/alpine` and `alpine` are told apart.
    pub name: String,
    /// After the `:`; may hold a variable whose value is not known.
    pub tag: Option<String>,
    /// After the `@`, with its algorithm: `sha256:…`.
    pub digest: Option<String>,
    /// Variables in the reference that have no value, sorted.
    pub missing: Vec<String>,
    /// The tag in the text, without the `:`, when it is written there and not made by a variable.
    pub tag_span: Option<Span>,
    /// The digest in the text, without the `@`, likewise.
    pub digest_span: Option<Span>,
}

impl ImageName {
    /// Takes a reference apart; variables in it are plain characters.
    pub fn parse(reference: &str) -> Self {
        let (named, digest) = match reference.split_once('@') {
            Some((named, digest)) => (named, Some(digest.to_owned())),
            None => (reference, None),
        };
        let mut image = Self { reference: reference.to_owned(), digest, ..Self::default() };
        // The colons inside `${name:-default}` are not separators.
        let masked = mask_variables(named);
        let parsed = ImageRef::parse(&masked);
        let registry_length = parsed.registry.as_ref().map(String::len);
        let rest = registry_length.map_or(0, |length| length + 1);
        image.registry = registry_length.and_then(|length| named.get(..length)).map(str::to_owned);
        image.name = named.get(rest..rest + parsed.image.len()).unwrap_or_default().to_owned();
        image.tag = parsed.tag.and_then(|_| named.get(rest + parsed.image.len() + 1..)).map(str::to_owned);
        image
    }

    /// Whether a registry could hold an image of this reference, its variables expanded.
    pub fn is_valid(reference: &str) -> bool {
        static WHOLE: LazyLock<Option<Regex>> = LazyLock::new(|| {
            let label = "(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])";
            let host = format!(r"(?:{label}(?:\.{label})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?");
            let part = "[a-z0-9]+(?:(?:[.]|_|__|-+)[a-z0-9]+)*";
            let digest = "(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})";
            let tag = r"[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}";
            Regex::new(&format!("^(?:{host}/)?{part}(?:/{part})*(?::{tag})?(?:@{digest})?$")).ok()
        });
        // Sixty-four hexadecimal digits are an image's id, which no registry knows.
        let is_id = reference.len() == 64 && reference.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        // What stands before the first slash is a host only with a dot, a port or a capital in it, or as `localhost`; else
        // it is a part of the name, for which the expression asks the same.
        let is_long = reference.split(['@', ':']).next().is_some_and(|name| name.len() > 255);
        let named = |first: &str| first.contains(['.', ':']) || first == "localhost" || first != first.to_lowercase();
        let name = match reference.split_once('/') {
            Some((first, rest)) if named(first) => rest,
            _ => reference,
        };
        let is_lower = !name.split(['@', ':']).next().unwrap_or_default().contains(|c: char| c.is_uppercase());
        !is_id && !is_long && is_lower && WHOLE.as_ref().is_some_and(|whole| whole.is_match(reference))
    }

    /// Registry and name without tag and digest, as written.
    pub fn repository(&self) -> String {
        match &self.registry {
            Some(registry) => format!("{registry}/{}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Dockerfile {
    /// The image a word names, with the variables of `env`. `None` when the word cannot be expanded or is empty.
    pub fn image_name(&self, word: &Word, env: &dyn Lookup) -> Option<ImageName> {
        let expanded = Expander::new(env, self.escape).keep_missing().word(&word.text).ok()?;
        if expanded.text.is_empty() {
            return None;
        }
        let mut image = ImageName::parse(&expanded.text);
        image.missing = expanded.missing.into_iter().collect();
        let offsets = self.offsets_of(word);
        let place = |sign, part: &Option<String>| {
            let range = literal_place(&word.text, sign, part.as_deref()?)?;
            Some(offsets.span(range.start, range.end))
        };
        image.tag_span = place(':', &image.tag);
        image.digest_span = place('@', &image.digest);
        Some(image)
    }

    /// The image a stage's FROM names, whether it is an image or an earlier stage; see [`Stage::base_kind`] for that.
    pub fn base_image(&self, stage: &Stage, env: &dyn Lookup) -> Option<ImageName> {
        self.image_name(&stage.base, env)
    }
}

/// `${…}` and `$name` as as many letters, so that what is inside them separates nothing.
fn mask_variables(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut depth = 0_usize;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '$' && chars.peek() == Some(&'{') {
            depth += 1;
        }
        let is_masked = depth > 0 || c == '$';
        if c == '}' {
            depth = depth.saturating_sub(1);
        }
        if is_masked {
            masked.extend(std::iter::repeat_n('v', c.len_utf8()));
        } else {
            masked.push(c);
        }
    }
    masked
}

/// Where `part` is written out in a word behind `sign`, outside variables.
fn literal_place(text: &str, sign: char, part: &str) -> Option<Range<usize>> {
    if part.is_empty() || part.contains('$') {
        return None;
    }
    let masked = mask_variables(text);
    let at = masked.rfind(&format!("{sign}{part}"))? + sign.len_utf8();
    // What follows is a digest or a closing quote, never more of the part.
    let after = masked.get(at + part.len()..)?;
    (after.is_empty() || after.starts_with(['@', '"', '\''])).then(|| at..at + part.len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dockerfile::{BuildOptions, environments, parse};
    use crate::text::SourceText;

    fn parts(reference: &str) -> (Option<String>, String, Option<String>, Option<String>) {
        let image = ImageName::parse(reference);
        (image.registry, image.name, image.tag, image.digest)
    }

    #[test]
    fn a_reference_has_four_parts() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parts("alpine"), (None, "alpine".into(), None, None));
        assert_eq!(parts("localhost:5000/b:1"), (some("localhost:5000"), "b".into(), some("1"), None));
        assert_eq!(parts("ghcr.io/a/b@sha256:0f"), (some("ghcr.io"), "a/b".into(), None, some("sha256:0f")));
        assert_eq!(parts("a/b:1@sha256:0f"), (None, "a/b".into(), some("1"), some("sha256:0f")));
        assert_eq!(parts("${R:-x.y}/b:${T}"), (None, "${R:-x.y}/b".into(), some("${T}"), None));
        assert_eq!(ImageName::parse("q.io/a/b:1@x").repository(), "q.io/a/b");
    }

    #[test]
    fn valid_references() {
        let digest = format!("a@sha256:{}", "0f".repeat(32));
        for valid in ["a", "a/b:1", "localhost:5000/b", "Host/b", "r.io/a__b/c--d:V_1", "[::1]:5000/x", &digest] {
            assert!(ImageName::is_valid(valid), "{valid}");
        }
        let id = "0f".repeat(32);
        for bad in ["", "a:", "A", "r.io/A", "a//b", "/a", "a:-x", "a@sha256:0f", "a_-b", "a b", "$x", &id] {
            assert!(!ImageName::is_valid(bad), "{bad}");
        }
    }

    #[test]
    fn the_literal_tag_and_digest_are_placed() {
        let text = "ARG REG=r.io T\nFROM ${REG}/x:${TAG:-1}\nFROM \"a:2\"\nFROM r.io:5/a:\\\n3@sha256:0f\nFROM a:$T\n";
        let dockerfile = parse(&SourceText::new("Dockerfile", text));
        let environments = environments(&dockerfile, &BuildOptions::default());
        let images: Vec<ImageName> = dockerfile
            .stages
            .iter()
            .map(|stage| dockerfile.base_image(stage, &environments[stage.from]).unwrap())
            .collect();
        let spans =
            |image: &ImageName| (image.tag_span.map(|s| &text[s.range()]), image.digest_span.map(|s| &text[s.range()]));
        assert_eq!((images[0].reference.as_str(), spans(&images[0])), ("r.io/x:1", (None, None)));
        assert_eq!((images[1].reference.as_str(), spans(&images[1])), ("a:2", (Some("2"), None)));
        assert_eq!(spans(&images[2]), (Some("3"), Some("sha256:0f")));
        assert_eq!(images[2].registry.as_deref(), Some("r.io:5"));
        assert_eq!((images[3].tag.as_deref(), images[3].missing.as_slice()), (Some("$T"), ["T".to_owned()].as_slice()));
    }
}
