//! OCI layouts and archives: `index.json`, the indexes and manifests behind it, and the choice of a tag and a platform.
//!
//! A document's kind is told by its content. Media types are not relied on, because builders write wrong ones.

use std::collections::{BTreeMap, BTreeSet};

use oci_spec::image::{Descriptor, ImageIndex, ImageManifest};
use serde::de::DeserializeOwned;

use super::attestation::{self, Attested};
use super::docker::familiar;
use super::error::ImageError;
use super::holder::{Blob, Holder};
use super::limits::{MAX_INDEX_DEPTH, MAX_MANIFESTS};
use super::model::{BaseIdentity, Problem};
use super::platform::Platform;
use super::source::{Plan, digest_problem};
use super::store::{Store, blob_name};

const INDEX: &str = "index.json";
/// The tag of an image in a layout.
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The full name containerd and Docker add.
const CONTAINERD_NAME: &str = "io.containerd.image.name";
/// What an attestation of BuildKit is about.
const ATTESTED: &str = "vnd.docker.reference.digest";
/// Marks BuildKit's attestations.
const ATTESTATION: &str = "vnd.docker.reference.type";

/// An image manifest the index leads to.
#[derive(Clone, Debug)]
struct Leaf {
    digest: String,
    platform: Option<Platform>,
    manifest: ImageManifest,
    problem: Option<Problem>,
}

/// What a reference leads to: the manifests of an image, one for each platform.
#[derive(Debug)]
pub(super) struct Variants<'a> {
    reader: Reader<'a>,
    tags: Vec<String>,
    /// The digest of what the name stands for, where it is one document.
    top: Option<String>,
    leaves: Vec<Leaf>,
}

/// The image tagged `wanted` in a layout, or the only one.
pub(super) fn in_layout<'a>(store: &'a Store, wanted: Option<&str>) -> Result<Variants<'a>, ImageError> {
    let mut reader = Reader::new(store);
    let index = store.named_document(INDEX)?;
    let index = index.ok_or_else(|| ImageError::Missing { place: store.place(), what: INDEX.to_owned() })?;
    let index: ImageIndex = reader.decode(INDEX, &index)?;
    reader.problems.extend(store.remarks().iter().map(|message| Problem { layer: None, message: message.clone() }));
    reader.attestations.extend(index.manifests().iter().filter_map(attestation));
    let chosen = choose(store, index.manifests(), wanted)?;
    let mut tags: Vec<String> = chosen.iter().filter_map(|d| full_name(d)).collect();
    tags.sort();
    tags.dedup();
    let tops: BTreeSet<String> = chosen.iter().map(|d| d.digest().to_string()).collect();
    let top = tops.first().filter(|_| tops.len() == 1).cloned();
    let mut leaves = BTreeMap::new();
    for descriptor in chosen {
        reader.collect(descriptor, 0, &mut leaves)?;
    }
    Variants::new(reader, tags, top, leaves)
}

/// The image that a document, an index or a manifest, stands for.
pub(super) fn behind<'a>(
    holder: &'a dyn Holder,
    document: &[u8],
    digest: &str,
    tags: Vec<String>,
) -> Result<Variants<'a>, ImageError> {
    let mut reader = Reader::new(holder);
    let mut leaves = BTreeMap::new();
    reader.documents = 1;
    reader.collect_document(document, digest, None, 0, &mut leaves)?;
    Variants::new(reader, tags, Some(digest.to_owned()), leaves)
}

impl<'a> Variants<'a> {
    fn new(
        reader: Reader<'a>,
        tags: Vec<String>,
        top: Option<String>,
        leaves: BTreeMap<String, Leaf>,
    ) -> Result<Self, ImageError> {
        if leaves.is_empty() {
            let absent = reader.absent.first();
            let what = absent.map_or_else(|| "an image manifest".to_owned(), |digest| format!("the manifest {digest}"));
            return Err(ImageError::Missing { place: reader.holder.place(), what });
        }
        Ok(Self { reader, tags, top, leaves: leaves.into_values().collect() })
    }

    /// The platforms there are, sorted; empty when none is told.
    pub(super) fn platforms(&self) -> Vec<String> {
        let platforms: BTreeSet<String> =
            self.leaves.iter().filter_map(|leaf| leaf.platform.as_ref()).map(Platform::to_string).collect();
        platforms.into_iter().collect()
    }

    /// The image for a platform: the one asked for, else this machine's, else the only one there is.
    pub(super) fn plan(self, platform: Option<&Platform>) -> Result<Plan, ImageError> {
        let Self { mut reader, tags, top, leaves } = self;
        let leaf = reader.for_platform(leaves, platform)?;
        reader.problems.extend(leaf.problem);
        let digest = leaf.manifest.config().digest().to_string();
        let config = reader.holder.document(&digest)?.ok_or_else(|| ImageError::Missing {
            place: reader.holder.place(),
            what: format!("the image config {digest}"),
        })?;
        reader.problems.extend(digest_problem("the image config", &config, &digest));
        let layers = leaf.manifest.layers().iter().map(|layer| {
            let digest = layer.digest().to_string();
            let media_type = layer.media_type().to_string();
            Blob {
                name: blob_name(&digest),
                digest: Some(digest),
                size: Some(layer.size()),
                is_foreign: media_type.contains("nondistributable") || media_type.contains(".foreign."),
            }
        });
        let about = reader.attestations.iter().filter(|(_, about)| *about == leaf.digest);
        let manifests: Vec<String> = about.map(|(manifest, _)| manifest.clone()).collect();
        let Attested { attestations, notes } = attestation::read(reader.holder, &manifests);
        let annotations = leaf.manifest.annotations().as_ref();
        let annotated = BaseIdentity::annotated(|key| annotations.and_then(|annotations| annotations.get(key)));
        Ok(Plan {
            config: Some(config),
            tags,
            digest: Some(leaf.digest),
            top,
            base: annotated,
            attestations,
            layers: layers.collect(),
            problems: reader.problems,
            notes,
        })
    }
}

/// The entries of `index.json` that are the image meant: those with the tag, or all when they are one image.
fn choose<'a>(
    store: &Store,
    entries: &'a [Descriptor],
    wanted: Option<&str>,
) -> Result<Vec<&'a Descriptor>, ImageError> {
    let images: Vec<&Descriptor> = entries.iter().filter(|d| !is_attestation(d)).collect();
    let mut by_name: BTreeMap<Option<String>, BTreeSet<String>> = BTreeMap::new();
    for image in &images {
        by_name.entry(full_name(image)).or_default().insert(image.digest().to_string());
    }
    let shown = |name: &Option<String>| name.clone().unwrap_or_else(|| "one without a name".to_owned());
    let choices =
        if by_name.is_empty() { "none".to_owned() } else { by_name.keys().map(shown).collect::<Vec<_>>().join(", ") };
    let Some(wanted) = wanted else {
        let distinct: BTreeSet<&BTreeSet<String>> = by_name.values().collect();
        return match distinct.len() {
            0 => Err(ImageError::NoSuchImage { place: store.place(), wanted: "at all".to_owned(), choices }),
            1 => Ok(images),
            _ => Err(ImageError::Several { place: store.place(), choices }),
        };
    };
    let tagged: Vec<&Descriptor> = images.into_iter().filter(|d| is_named(d, wanted)).collect();
    if tagged.is_empty() {
        return Err(ImageError::NoSuchImage { place: store.place(), wanted: format!("named `{wanted}`"), choices });
    }
    Ok(tagged)
}

fn annotation<'a>(descriptor: &'a Descriptor, key: &str) -> Option<&'a String> {
    descriptor.annotations().as_ref()?.get(key)
}

fn full_name(descriptor: &Descriptor) -> Option<String> {
    annotation(descriptor, CONTAINERD_NAME).map(|n| familiar(n)).or_else(|| annotation(descriptor, REF_NAME).cloned())
}

fn is_named(descriptor: &Descriptor, wanted: &str) -> bool {
    annotation(descriptor, REF_NAME).is_some_and(|name| name == wanted)
        || annotation(descriptor, CONTAINERD_NAME).is_some_and(|name| familiar(name) == familiar(wanted))
}

fn is_attestation(descriptor: &Descriptor) -> bool {
    annotation(descriptor, ATTESTATION).is_some() || platform_of(descriptor).is_some_and(|p| p.is_unknown())
}

/// An attestation's manifest, and the manifest it is about.
fn attestation(descriptor: &Descriptor) -> Option<(String, String)> {
    let about = annotation(descriptor, ATTESTED)?;
    Some((descriptor.digest().to_string(), about.clone()))
}

fn platform_of(descriptor: &Descriptor) -> Option<Platform> {
    let platform = descriptor.platform().as_ref()?;
    Some(Platform {
        os: platform.os().to_string(),
        architecture: platform.architecture().to_string(),
        variant: platform.variant().clone(),
    })
}

#[derive(Debug)]
struct Reader<'a> {
    holder: &'a dyn Holder,
    documents: usize,
    /// Attestation manifests, each with the digest of the manifest it is about.
    attestations: Vec<(String, String)>,
    problems: Vec<Problem>,
    /// Manifests that are listed but not there; an engine saves only the platforms it has.
    absent: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(holder: &'a dyn Holder) -> Self {
        Self { holder, documents: 0, attestations: Vec::new(), problems: Vec::new(), absent: Vec::new() }
    }

    fn decode<T: DeserializeOwned>(&self, what: &str, document: &[u8]) -> Result<T, ImageError> {
        serde_json::from_slice(document).map_err(|e| ImageError::malformed(&self.holder.place(), what, e))
    }

    /// Collects the image manifests a descriptor leads to, by digest.
    fn collect(
        &mut self,
        descriptor: &Descriptor,
        depth: usize,
        leaves: &mut BTreeMap<String, Leaf>,
    ) -> Result<(), ImageError> {
        self.documents += 1;
        if depth > MAX_INDEX_DEPTH || self.documents > MAX_MANIFESTS {
            let what =
                format!("its indexes are deeper than {MAX_INDEX_DEPTH} or have more than {MAX_MANIFESTS} manifests");
            return Err(ImageError::Limit { place: self.holder.place(), what });
        }
        let digest = descriptor.digest().to_string();
        let Some(document) = self.holder.manifest(&digest)? else {
            self.absent.push(digest);
            return Ok(());
        };
        self.collect_document(&document, &digest, platform_of(descriptor), depth, leaves)
    }

    fn collect_document(
        &mut self,
        document: &[u8],
        digest: &str,
        platform: Option<Platform>,
        depth: usize,
        leaves: &mut BTreeMap<String, Leaf>,
    ) -> Result<(), ImageError> {
        let what = format!("the manifest {digest}");
        let value: serde_json::Value = self.decode(&what, document)?;
        let problem = digest_problem(&what, document, digest);
        if value.get("manifests").is_some() {
            self.problems.extend(problem);
            let index: ImageIndex = self.decode(&what, document)?;
            self.attestations.extend(index.manifests().iter().filter_map(attestation));
            for inner in index.manifests().iter().filter(|d| !is_attestation(d)) {
                self.collect(inner, depth + 1, leaves)?;
            }
        } else {
            let manifest: ImageManifest = self.decode(&what, document)?;
            let platform = match platform {
                Some(platform) => Some(platform),
                None => self.platform_in_config(&manifest)?,
            };
            leaves.insert(digest.to_owned(), Leaf { digest: digest.to_owned(), platform, manifest, problem });
        }
        Ok(())
    }

    fn platform_in_config(&self, manifest: &ImageManifest) -> Result<Option<Platform>, ImageError> {
        let Some(config) = self.holder.document(manifest.config().digest().as_ref())? else {
            return Ok(None);
        };
        let Ok(config) = serde_json::from_slice::<serde_json::Value>(&config) else { return Ok(None) };
        let text = |key: &str| config.get(key).and_then(|v| v.as_str()).map(str::to_owned);
        Ok(text("os").zip(text("architecture")).map(|(os, architecture)| Platform {
            os,
            architecture,
            variant: text("variant").filter(|v| !v.is_empty()),
        }))
    }

    fn for_platform(&self, leaves: Vec<Leaf>, wanted: Option<&Platform>) -> Result<Leaf, ImageError> {
        let shown = |leaf: &Leaf| leaf.platform.as_ref().map_or_else(|| leaf.digest.clone(), Platform::to_string);
        let mut choices: Vec<String> = leaves.iter().map(shown).collect();
        choices.sort();
        let choices = choices.join(", ");
        if wanted.is_none() && leaves.len() == 1 {
            return leaves.into_iter().next().ok_or_else(|| self.no_platform("at all".to_owned(), choices));
        }
        let platform = wanted.cloned().unwrap_or_else(Platform::host);
        let fits = |leaf: &Leaf| leaf.platform.as_ref().is_none_or(|p| p.fits(&platform));
        let mut fitting = leaves.into_iter().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(leaf), None) => Ok(leaf),
            (Some(_), Some(_)) => Err(ImageError::Several { place: self.holder.place(), choices }),
            (None, _) => {
                let hint = if wanted.is_none() { " (this machine's; choose one with --platform)" } else { "" };
                Err(self.no_platform(format!("for {platform}{hint}"), choices))
            }
        }
    }

    fn no_platform(&self, wanted: String, choices: String) -> ImageError {
        ImageError::NoSuchImage { place: self.holder.place(), wanted, choices }
    }
}
