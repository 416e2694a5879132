//! The images outside the file that a Dockerfile names: those its stages stand on, and those COPY and mounts take files from.

use super::{Facts, edits, stages};
use crate::dockerfile::{Flag, ImageName, Keyword, Word};
use crate::text::{Edit, Span};

/// The digest of an image, and who knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDigest {
    /// `sha256:…`
    pub digest: String,
    /// The end of a sentence: `the registry has for it today`.
    pub told_by: &'static str,
}

/// An image that a line of the file names.
#[derive(Clone, Debug)]
pub struct OutsideImage<'a> {
    /// Its name, the variables expanded.
    pub name: ImageName,
    /// Where it stands.
    pub span: Span,
    /// A stage stands on it; else only files are taken from it.
    pub is_base: bool,
    written: Written<'a>,
}

/// How the name is written.
#[derive(Clone, Copy, Debug)]
enum Written<'a> {
    Word(&'a Word),
    /// The `from` of a mount.
    Option(&'a Flag, &'a str),
}

impl OutsideImage<'_> {
    /// Writes a digest behind the name, where that is written out: the value of a variable may be another in the next build.
    pub(super) fn pinned(&self, facts: &Facts<'_>, digest: &str) -> Option<Edit> {
        let is_plain = |text: &str| !text.contains(['$', '\\', '`']);
        match self.written {
            Written::Word(word) => {
                let is_in_one_piece = facts.dockerfile.source.slice(word.span) == word.text;
                (is_in_one_piece && is_plain(&word.text)).then(|| edits::behind(facts, word, &format!("@{digest}")))
            }
            Written::Option(flag, name) => {
                let from = format!("={name}");
                is_plain(name).then(|| edits::replace_in(facts, flag.span, &from, &format!("{from}@{digest}")))?
            }
        }
    }
}

impl<'a> Facts<'a> {
    /// Every image that the file names and does not build, in the order of the file. Names that a variable without a value makes are
    /// among them; see [`ImageName::missing`].
    pub fn outside_images(&self) -> Vec<OutsideImage<'a>> {
        let bases = self.base_images().map(|(stage, name)| OutsideImage {
            name,
            span: stage.base.span,
            is_base: true,
            written: Written::Word(&stage.base),
        });
        let mut images: Vec<OutsideImage<'a>> = bases.collect();
        for node in &self.dockerfile.instructions {
            let is_image = |name: &str| {
                let is_context = self.named_contexts.iter().any(|context| context.name == Some(name));
                let is_made_here = stages::earlier(self, node.stage, name).is_some() || name.parse::<usize>().is_ok();
                !is_context && !is_made_here && !name.eq_ignore_ascii_case("scratch") && ImageName::is_valid(name)
            };
            let found = |name: &str, span, written| OutsideImage {
                name: ImageName::parse(name),
                span,
                is_base: false,
                written,
            };
            if node.keyword == Keyword::Copy
                && let Some(word) = node.flag_value("from").filter(|word| is_image(&word.text))
            {
                images.push(found(&word.text, word.span, Written::Word(word)));
            }
            for flag in node.flags_named("mount").filter(|_| node.keyword == Keyword::Run) {
                let from = flag.options().find(|(key, _)| key.eq_ignore_ascii_case("from"));
                if let Some(name) = from.and_then(|(_, name)| name).filter(|name| is_image(name)) {
                    images.push(found(name, flag.span, Written::Option(flag, name)));
                }
            }
        }
        images.sort_by_key(|image| image.span);
        images
    }
}
