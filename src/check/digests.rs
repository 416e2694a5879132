//! What is known of the digests of the images that Dockerfiles name: from the image that was built, then from the registries.

use std::collections::{BTreeMap, BTreeSet};

use super::collect::{ImageModels, LintModels};
use super::request::Request;
use crate::image::{Image, whole_name};
use crate::lint::KnownDigest;
use crate::rule::catalogue;

/// Finds the digests for the rules that look at them; gives what could not be found, in words. Of an image that was built, what it says of
/// its own base is the digest that was tested, and counts before what the registry has by now.
pub(super) fn find(models: &mut [LintModels], image: Option<&ImageModels>, request: &Request<'_>) -> Vec<String> {
    let is_asked =
        request.policy.checks.iter().any(|c| c.rule == catalogue::UNPINNED_BASE && request.selection.takes(c.rule));
    if !is_asked {
        let note = "no registry was asked for digests: the policy does not have the rule unpinned-base";
        return request.digests.map(|_| note.to_owned()).into_iter().collect();
    }
    let mut known = image.map(of_image).unwrap_or_default();
    let mut notes = Vec::new();
    if let Some(registries) = request.digests {
        let named = models.iter().flat_map(|models| {
            let facts = models.facts();
            let images = facts.outside_images().into_iter();
            let open = images.filter(|image| image.name.digest.is_none() && image.name.missing.is_empty());
            open.filter_map(|image| whole_name(&image.name.reference)).collect::<Vec<_>>()
        });
        let names: BTreeSet<String> = named.filter(|name| !known.contains_key(name)).collect();
        for (name, answer) in registries.of(&names) {
            match answer {
                Ok(digest) => {
                    known.insert(name, KnownDigest { digest, told_by: "that the registry has for it today" });
                }
                Err(reason) => notes.push(format!("not checked: the digest of {name}: {reason}")),
            }
        }
    }
    for models in models {
        models.digests.clone_from(&known);
    }
    notes
}

/// The digests that an image's labels, annotations and provenance name, and that of the base it is compared with.
fn of_image(models: &ImageModels) -> BTreeMap<String, KnownDigest> {
    let image = &models.image;
    let told_by = "of the base that the image says it was built on";
    let materials = image.attestations.materials.iter().chain(&image.base);
    let told = materials.filter_map(|base| Some((whole_name(&base.name)?, base.digest.clone()?, told_by)));
    let given = models.given_base().into_iter().flat_map(pulled_by);
    let given = given.map(|(name, digest)| (name, digest, "of the base that the image was compared with"));
    told.chain(given).map(|(name, digest, told_by)| (name, KnownDigest { digest, told_by })).collect()
}

/// The names of an image, each with the digest behind it.
fn pulled_by(image: &GivenBase) -> Vec<(String, String)> {
    let repository = |name: &str| name.rsplit_once(':').map(|(repository, _)| repository.to_owned());
    let digests: BTreeMap<String, &str> = image
        .digests
        .iter()
        .filter_map(|name| Some((repository(&whole_name(name)?)?, name.split_once('@')?.1)))
        .collect();
    let tags = image.tags.iter().filter_map(|tag| whole_name(tag));
    tags.filter_map(|tag| Some((tag.clone(), (*digests.get(&repository(&tag)?)?).to_owned()))).collect()
}

/// What a base that was given beside the image is called.
#[derive(Debug)]
pub(super) struct GivenBase {
    tags: Vec<String>,
    digests: Vec<String>,
}

impl From<&Image> for GivenBase {
    fn from(image: &Image) -> Self {
        Self { tags: image.tags.clone(), digests: image.digests.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_the_digest_of_its_repository() {
        let image = GivenBase {
            tags: vec!["debian:12".into(), "other/debian:12".into()],
            digests: vec!["debian@sha256:0f".into(), "h:5000/debian@sha256:aa".into()],
        };
        assert_eq!(pulled_by(&image), [("docker.io/library/debian:12".to_owned(), "sha256:0f".to_owned())]);
    }
}
