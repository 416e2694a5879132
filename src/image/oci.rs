//! OCI layouts and archives: `index.json`, the indexes and manifests behind it, and the choice of a tag and a platform.
//!
//! A document's kind is told by its content. Media types are not relied on, because builders write wrong ones.

use std::collections::{BTreeMap, BTreeSet};

use oci_spec::image::{Descriptor, ImageIndex, ImageManifest};
use serde::de::DeserializeOwned;

use super::docker::familiar;
use super::error::ImageError;
use super::limits::{MAX_INDEX_DEPTH, MAX_MANIFESTS};
use super::model::Problem;
use super::platform::Platform;
use super::source::{Blob, Plan, digest_problem};
use super::store::Store;

const INDEX: &str = "index.json";
/// The tag of an image in a layout.
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The full name containerd and Docker add.
const CONTAINERD_NAME: &str = "io.containerd.image.name";
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

/// Finds the image tagged `wanted`, or the only one, for a platform: the one asked for, else this machine's, else the
/// only one there is.
pub(super) fn plan(store: &Store, wanted: Option<&str>, platform: Option<&Platform>) -> Result<Plan, ImageError> {
    let mut reader = Reader { store, documents: 0, problems: Vec::new(), absent: Vec::new() };
    let missing = |what: String| ImageError::Missing { path: store.path.clone(), what };
    let index = store.document(INDEX)?.ok_or_else(|| missing(INDEX.to_owned()))?;
    let index: ImageIndex = reader.decode(INDEX, &index)?;
    let remarks = store.remarks().iter().map(|message| Problem { layer: None, message: message.clone() });
    reader.problems.extend(remarks);

    let chosen = choose(store, index.manifests(), wanted)?;
    let mut tags: Vec<String> = chosen.iter().filter_map(|d| full_name(d)).collect();
    tags.sort();
    tags.dedup();
    let mut leaves = BTreeMap::new();
    for descriptor in chosen {
        reader.collect(descriptor, 0, &mut leaves)?;
    }
    if leaves.is_empty() {
        let absent =
            reader.absent.first().map_or_else(|| "an image manifest".to_owned(), |d| format!("the manifest {d}"));
        return Err(missing(absent));
    }
    let leaf = reader.for_platform(leaves.into_values().collect(), platform)?;
    reader.problems.extend(leaf.problem);
    let digest = leaf.manifest.config().digest().to_string();
    let config = store.document(&blob_name(&digest))?.ok_or_else(|| missing(format!("the image config {digest}")))?;
    reader.problems.extend(digest_problem("the image config", &config, &digest));
    let layers = leaf.manifest.layers().iter().map(|layer| {
        let digest = layer.digest().to_string();
        Blob { name: blob_name(&digest), digest: Some(digest) }
    });
    Ok(Plan { config, tags, digest: Some(leaf.digest), layers: layers.collect(), problems: reader.problems })
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
            0 => Err(ImageError::NoSuchImage { path: store.path.clone(), wanted: "at all".to_owned(), choices }),
            1 => Ok(images),
            _ => Err(ImageError::Several { path: store.path.clone(), choices }),
        };
    };
    let tagged: Vec<&Descriptor> = images.into_iter().filter(|d| is_named(d, wanted)).collect();
    if tagged.is_empty() {
        return Err(ImageError::NoSuchImage { path: store.path.clone(), wanted: format!("named `{wanted}`"), choices });
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

fn platform_of(descriptor: &Descriptor) -> Option<Platform> {
    let platform = descriptor.platform().as_ref()?;
    Some(Platform {
        os: platform.os().to_string(),
        architecture: platform.architecture().to_string(),
        variant: platform.variant().clone(),
    })
}

/// `blobs/sha256/…`. The digest was parsed, so it holds no slash.
fn blob_name(digest: &str) -> String {
    format!("blobs/{}", digest.replacen(':', "/", 1))
}

struct Reader<'a> {
    store: &'a Store,
    documents: usize,
    problems: Vec<Problem>,
    /// Manifests that are listed but not there; an engine saves only the platforms it has.
    absent: Vec<String>,
}

impl Reader<'_> {
    fn decode<T: DeserializeOwned>(&self, what: &str, document: &[u8]) -> Result<T, ImageError> {
        serde_json::from_slice(document).map_err(|e| ImageError::malformed(&self.store.path, what, e))
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
            return Err(ImageError::Limit { path: self.store.path.clone(), what });
        }
        let digest = descriptor.digest().to_string();
        let Some(document) = self.store.document(&blob_name(&digest))? else {
            self.absent.push(digest);
            return Ok(());
        };
        let what = format!("the manifest {digest}");
        let value: serde_json::Value = self.decode(&what, &document)?;
        let problem = digest_problem(&what, &document, &digest);
        if value.get("manifests").is_some() {
            self.problems.extend(problem);
            let index: ImageIndex = self.decode(&what, &document)?;
            for inner in index.manifests().iter().filter(|d| !is_attestation(d)) {
                self.collect(inner, depth + 1, leaves)?;
            }
        } else {
            let manifest: ImageManifest = self.decode(&what, &document)?;
            let platform = match platform_of(descriptor) {
                Some(platform) => Some(platform),
                None => self.platform_in_config(&manifest)?,
            };
            leaves.insert(digest.clone(), Leaf { digest, platform, manifest, problem });
        }
        Ok(())
    }

    fn platform_in_config(&self, manifest: &ImageManifest) -> Result<Option<Platform>, ImageError> {
        let Some(config) = self.store.document(&blob_name(manifest.config().digest().as_ref()))? else {
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
            (Some(_), Some(_)) => Err(ImageError::Several { path: self.store.path.clone(), choices }),
            (None, _) => {
                let hint = if wanted.is_none() { " (this machine's; choose one with --platform)" } else { "" };
                Err(self.no_platform(format!("for {platform}{hint}"), choices))
            }
        }
    }

    fn no_platform(&self, wanted: String, choices: String) -> ImageError {
        ImageError::NoSuchImage { path: self.store.path.clone(), wanted, choices }
    }
}
