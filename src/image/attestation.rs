//! What was attested of an image when it was built: BuildKit puts in-toto statements beside the image, in a manifest that
//! names it (<https://docs.docker.com/build/metadata/attestations/attestation-storage/>).

use std::collections::BTreeSet;

use oci_client::Reference;
use oci_spec::image::ImageManifest;
use serde::Deserialize;

use super::holder::Holder;
use super::limits::MAX_ATTESTATIONS;
use super::model::BaseIdentity;
use super::stream::digest_of_bytes;

/// Says of a blob what is stated in it.
const PREDICATE_TYPE: &str = "in-toto.io/predicate-type";

/// Images that take part in a build and are nobody's base: frontends and scanners.
const TOOLS: [&str; 3] = ["docker/dockerfile", "docker/dockerfile-upstream", "docker/buildkit-syft-scanner"];

/// What was read of an image's attestations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Attested {
    /// The base, where the provenance names just one image.
    pub(super) base: Option<BaseIdentity>,
    /// The images that took part in the build and are named with a digest, sorted.
    pub(super) materials: Vec<BaseIdentity>,
    /// What is there and what could not be read, in words.
    pub(super) notes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(default)]
    predicate: Predicate,
}

/// SLSA's provenance, versions 0.2 (materials) and 1 (dependencies), or SPDX's list of packages.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Predicate {
    materials: Vec<Material>,
    build_definition: BuildDefinition,
    packages: Vec<serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct BuildDefinition {
    resolved_dependencies: Vec<Material>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Material {
    uri: String,
    digest: std::collections::BTreeMap<String, String>,
}

/// Reads the attestation manifests of an image, by digest. They say nothing of its layers, so that one that cannot be read
/// is told and no more.
pub(super) fn read(holder: &dyn Holder, manifests: &[String]) -> Attested {
    let (mut attested, mut kinds, mut bases) = (Attested::default(), BTreeSet::new(), BTreeSet::new());
    for digest in manifests.iter().take(MAX_ATTESTATIONS) {
        let document = holder.manifest(digest).ok().flatten().filter(|document| digest_of_bytes(document) == *digest);
        let manifest = document.and_then(|document| serde_json::from_slice::<ImageManifest>(&document).ok());
        let Some(manifest) = manifest else {
            attested.notes.push(format!("the image's attestations {digest} could not be read"));
            continue;
        };
        for layer in manifest.layers().iter().take(MAX_ATTESTATIONS) {
            let kind = layer.annotations().as_ref().and_then(|annotations| annotations.get(PREDICATE_TYPE));
            let Some(kind) = kind else { continue };
            let digest = layer.digest().to_string();
            let blob = holder.document(&digest).ok().flatten().filter(|blob| digest_of_bytes(blob) == digest);
            let statement = blob.and_then(|blob| serde_json::from_slice::<Statement>(&blob).ok());
            let Some(Statement { predicate }) = statement else {
                attested.notes.push(format!("the image's attestation {digest} could not be read"));
                continue;
            };
            let materials = predicate.materials.iter().chain(&predicate.build_definition.resolved_dependencies);
            bases.extend(materials.filter_map(image));
            kinds.insert(match predicate.packages.len() {
                0 if kind.starts_with("https://slsa.dev/provenance/") => "provenance".to_owned(),
                0 => kind.chars().take(100).collect(),
                n => format!("an SBOM of {n} packages"),
            });
        }
    }
    if !kinds.is_empty() {
        let kinds: Vec<String> = kinds.into_iter().collect();
        attested.notes.push(format!("the image comes with attestations: {}", kinds.join(", ")));
    }
    attested.materials = bases.iter().filter(|base| base.digest.is_some()).cloned().collect();
    attested.base = bases.pop_first().filter(|_| bases.is_empty());
    attested
}

/// The image a material is: `pkg:docker/debian@12?platform=linux%2Famd64`.
fn image(material: &Material) -> Option<BaseIdentity> {
    let purl = material.uri.strip_prefix("pkg:docker/")?;
    let name = purl.split(['?', '#']).next()?;
    let (name, version) = name.split_once('@').map_or((name, None), |(name, version)| (name, Some(version)));
    let name = decoded(name)?;
    if TOOLS.contains(&name.as_str()) {
        return None;
    }
    let version = version.map(decoded).unwrap_or(Some(String::new()))?;
    let digest = material.digest.get("sha256").map(|hex| format!("sha256:{hex}"));
    let separator = match version.as_str() {
        "" => "",
        version if version.contains(':') => "@",
        _ => ":",
    };
    BaseIdentity::of(&format!("{name}{separator}{version}"), digest.as_deref())
}

/// A text with `%2F` and the like read.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'%' {
            let hex = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
            rest = after.get(2..)?;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

impl BaseIdentity {
    /// A base by its name, and its digest where that is known; `None` when the name is none of an image.
    pub(super) fn of(name: &str, digest: Option<&str>) -> Option<Self> {
        Reference::try_from(name).ok()?;
        let is_digest = |digest: &&str| {
            digest
                .strip_prefix("sha256:")
                .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
        };
        Some(Self { name: super::docker::familiar(name), digest: digest.filter(is_digest).map(str::to_owned) })
    }

    /// The base that OCI's annotations name, as labels or annotations.
    pub(super) fn annotated<'a>(value: impl Fn(&str) -> Option<&'a String>) -> Option<Self> {
        let digest = value("org.opencontainers.image.base.digest");
        Self::of(value("org.opencontainers.image.base.name")?, digest.map(String::as_str))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn materials_are_images_by_their_purls() {
        let of = |uri: &str| {
            let digest = [("sha256".to_owned(), "0".repeat(64))].into();
            image(&Material { uri: uri.to_owned(), digest }).map(|base| base.name)
        };
        assert_eq!(of("pkg:docker/debian@12?platform=linux%2Famd64").as_deref(), Some("debian:12"));
        assert_eq!(of("pkg:docker/host%3A5000/a/b").as_deref(), Some("host:5000/a/b:latest"));
        assert_eq!(of("pkg:docker/docker/dockerfile@1"), None);
        assert_eq!(of("pkg:docker/%zz"), None);
        assert_eq!(of("https://github.com/a/b"), None);
    }
}
