//! What was attested of an image when it was built: BuildKit puts in-toto statements beside the image, in a manifest that
//! names it (<https://docs.docker.com/build/metadata/attestations/attestation-storage/>).

use std::collections::BTreeSet;

use oci_spec::distribution::Reference;
use oci_spec::image::ImageManifest;
use serde::{Deserialize, Serialize};

use super::holder::Holder;
use super::limits::MAX_ATTESTATIONS;
use super::model::BaseIdentity;
use super::stream::digest_of_bytes;
use crate::text::percent_decoded;

/// Says of a blob what is stated in it.
const PREDICATE_TYPE: &str = "in-toto.io/predicate-type";

/// Images that take part in a build and are nobody's base: frontends and scanners.
const TOOLS: [&str; 3] = ["docker/dockerfile", "docker/dockerfile-upstream", "docker/buildkit-syft-scanner"];

/// Lists within lists of components.
const MAX_DEPTH: usize = 8;

/// What was attested of an image when it was built, as far as it was found beside the image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attestations {
    /// How it was built is among it.
    pub has_provenance: bool,
    /// The images that took part in the build, sorted.
    pub materials: Vec<BaseIdentity>,
    /// Lists of packages, in the order they lie there. They are claims: nothing was compared with the image.
    pub sboms: Vec<Sbom>,
}

/// A list of packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sbom {
    /// Its format with the version: `SPDX-2.3`, `CycloneDX-1.5`.
    pub format: String,
    /// What it lists, without the image itself and without files; sorted.
    pub packages: Vec<AttestedPackage>,
}

/// A package that a list claims.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct AttestedPackage {
    /// Name as the list spells it.
    pub name: String,
    /// Version likewise; empty where it has none.
    pub version: String,
    /// Package URL, when it gives one.
    pub purl: Option<String>,
}

/// What was read of an image's attestations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Attested {
    pub(super) attestations: Attestations,
    /// What is there and what could not be read, in words.
    pub(super) notes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(default)]
    predicate: Predicate,
}

/// SLSA's provenance, versions 0.2 (materials) and 1 (dependencies), or a list of packages: SPDX's or CycloneDX's.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Predicate {
    materials: Vec<Material>,
    build_definition: BuildDefinition,
    spdx_version: Option<String>,
    packages: Option<Vec<SpdxPackage>>,
    bom_format: Option<String>,
    spec_version: Option<String>,
    components: Option<Vec<Component>>,
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

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SpdxPackage {
    name: String,
    version_info: String,
    primary_package_purpose: String,
    external_refs: Vec<ExternalRef>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ExternalRef {
    reference_type: String,
    reference_locator: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Component {
    r#type: String,
    group: String,
    name: String,
    version: String,
    purl: Option<String>,
    components: Vec<Component>,
}

impl Predicate {
    fn sbom(self) -> Option<Sbom> {
        let mut packages = Vec::new();
        let format = if let Some(listed) = self.packages {
            packages.extend(listed.into_iter().filter_map(SpdxPackage::package));
            self.spdx_version.unwrap_or_else(|| "SPDX".to_owned())
        } else {
            let format = self.bom_format?;
            Component::collect(self.components.unwrap_or_default(), MAX_DEPTH, &mut packages);
            self.spec_version.map(|version| format!("{format}-{version}")).unwrap_or(format)
        };
        packages.sort();
        packages.dedup();
        Some(Sbom { format: format.chars().take(40).collect(), packages })
    }
}

/// Whether a purl is that of an image as a whole.
fn is_image(purl: Option<&String>) -> bool {
    purl.is_some_and(|purl| ["pkg:oci/", "pkg:docker/"].iter().any(|start| purl.starts_with(start)))
}

impl SpdxPackage {
    fn package(self) -> Option<AttestedPackage> {
        let purl =
            self.external_refs.into_iter().find(|one| one.reference_type == "purl").map(|one| one.reference_locator);
        let is_whole = matches!(self.primary_package_purpose.as_str(), "CONTAINER" | "FILE" | "OPERATING-SYSTEM");
        let is_none = self.name.is_empty() || is_image(purl.as_ref()) || is_whole && purl.is_none();
        (!is_none).then_some(AttestedPackage { name: self.name, version: self.version_info, purl })
    }
}

impl Component {
    fn collect(list: Vec<Self>, depth: usize, packages: &mut Vec<AttestedPackage>) {
        for component in list {
            let is_package = matches!(component.r#type.as_str(), "library" | "application" | "framework");
            if is_package && !component.name.is_empty() && !is_image(component.purl.as_ref()) {
                let name = match component.group.as_str() {
                    "" => component.name,
                    group => format!("{group}/{}", component.name),
                };
                packages.push(AttestedPackage { name, version: component.version, purl: component.purl });
            }
            if depth > 0 {
                Self::collect(component.components, depth - 1, packages);
            }
        }
    }
}

/// Reads the attestation manifests of an image, by digest. They say nothing of its layers, so that one that cannot be read
/// is told and no more.
pub(super) fn read(holder: &dyn Holder, manifests: &[String]) -> Attested {
    let (mut attested, mut kinds, mut materials) = (Attested::default(), BTreeSet::new(), BTreeSet::new());
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
            let named = predicate.materials.iter().chain(&predicate.build_definition.resolved_dependencies);
            materials.extend(named.filter_map(image));
            let of_slsa = kind.starts_with("https://slsa.dev/provenance/");
            attested.attestations.has_provenance |= of_slsa;
            match predicate.sbom() {
                Some(sbom) => {
                    kinds.insert(format!("an SBOM of {} packages ({})", sbom.packages.len(), sbom.format));
                    attested.attestations.sboms.push(sbom);
                }
                None if of_slsa => _ = kinds.insert("provenance".to_owned()),
                None => _ = kinds.insert(kind.chars().take(100).collect()),
            }
        }
    }
    if !kinds.is_empty() {
        let kinds: Vec<String> = kinds.into_iter().collect();
        attested.notes.push(format!("the image comes with attestations: {}", kinds.join(", ")));
    }
    attested.attestations.materials = materials.into_iter().collect();
    attested
}

/// The image a material is: `pkg:docker/debian@12?platform=linux%2Famd64`.
fn image(material: &Material) -> Option<BaseIdentity> {
    let purl = material.uri.strip_prefix("pkg:docker/")?;
    let name = purl.split(['?', '#']).next()?;
    let (name, version) = name.split_once('@').map_or((name, None), |(name, version)| (name, Some(version)));
    let name = percent_decoded(name)?;
    if TOOLS.contains(&name.as_str()) {
        return None;
    }
    let version = version.map(percent_decoded).unwrap_or(Some(String::new()))?;
    let digest = material.digest.get("sha256").map(|hex| format!("sha256:{hex}"));
    let separator = match version.as_str() {
        "" => "",
        version if version.contains(':') => "@",
        _ => ":",
    };
    BaseIdentity::of(&format!("{name}{separator}{version}"), digest.as_deref())
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

    /// Whether a reference, such as that of a FROM, means this image; digests are not compared.
    pub fn is_named(&self, reference: &str) -> bool {
        let bare = |name: &str| name.split('@').next().unwrap_or(name).to_owned();
        Self::of(&bare(reference), None).is_some_and(|other| other.name == bare(&self.name))
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
    fn lists_of_packages_are_read_in_both_formats() {
        let sbom = |predicate: serde_json::Value| {
            let Statement { predicate } = serde_json::from_value(serde_json::json!({"predicate": predicate})).unwrap();
            let sbom = predicate.sbom()?;
            let shown = |p: AttestedPackage| format!("{} {} {}", p.name, p.version, p.purl.unwrap_or_default());
            Some((sbom.format, sbom.packages.into_iter().map(shown).collect::<Vec<_>>()))
        };
        let purl = |purl: &str| {
            serde_json::json!([{"referenceType": "cpe23Type", "referenceLocator": "x"},
            {"referenceType": "purl", "referenceLocator": purl}])
        };
        let spdx = serde_json::json!({"spdxVersion": "SPDX-2.3", "packages": [
            {"name": "zlib", "versionInfo": "1", "externalRefs": purl("pkg:deb/debian/zlib@1")},
            {"name": "app", "versionInfo": "sha256:0", "primaryPackagePurpose": "CONTAINER", "externalRefs": purl("pkg:oci/app@sha256%3A0")},
            {"name": "debian", "versionInfo": "12", "primaryPackagePurpose": "OPERATING-SYSTEM"},
            {"name": "own"}, {}]});
        let expected = vec!["own  ".to_owned(), "zlib 1 pkg:deb/debian/zlib@1".to_owned()];
        assert_eq!(sbom(spdx), Some(("SPDX-2.3".into(), expected)));
        let cyclonedx = serde_json::json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [
            {"type": "library", "group": "@s", "name": "a", "version": "1", "purl": "pkg:npm/%40s/a@1",
             "components": [{"type": "library", "name": "inner", "version": "2"}]},
            {"type": "operating-system", "name": "debian"}, {"type": "file", "name": "/x"}]});
        let expected = vec!["@s/a 1 pkg:npm/%40s/a@1".to_owned(), "inner 2 ".to_owned()];
        assert_eq!(sbom(cyclonedx), Some(("CycloneDX-1.5".into(), expected)));
        assert_eq!(sbom(serde_json::json!({"materials": []})), None);
    }

    #[test]
    fn a_base_is_known_by_any_spelling_of_its_name() {
        let base = BaseIdentity::of("docker.io/library/debian:12", None).unwrap();
        for name in ["debian:12", "library/debian:12", "docker.io/library/debian:12", "debian:12@sha256:0"] {
            assert!(base.is_named(name), "{name}");
        }
        assert!(!base.is_named("debian") && !base.is_named("other/debian:12") && !base.is_named("${X}"));
    }

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
