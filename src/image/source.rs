//! Reading an image: its documents first, then all layers side by side.

use sha2::{Digest, Sha256};

use super::error::ImageError;
use super::layer::{Expected, Job, OverBudget};
use super::layers::{self, StoredLayer};
use super::limits::MAX_LAYERS;
use super::model::{Image, ImageConfig, Problem, Wants};
use super::platform::Platform;
use super::reference::{ImageReference, Transport};
use super::search::Patterns;
use super::store::Store;
use super::stream::digest_of;
use super::{docker, oci};

/// How far reading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Layers are about to be read: so many, of so many stored bytes together.
    Start {
        /// Number of layers.
        layers: usize,
        /// Their bytes as stored.
        bytes: u64,
    },
    /// So many more stored bytes were read.
    Bytes(u64),
    /// The layer of this index (from 0) is done.
    Layer(usize),
}

/// How an image is read.
#[derive(Clone)]
pub struct ReadOptions<'a> {
    /// `linux/arm64`; this machine's, or the only one there is, when it is not given.
    pub platform: Option<String>,
    /// Told of every step, from several threads.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

impl Default for ReadOptions<'_> {
    fn default() -> Self {
        Self { platform: None, progress: &|_| {} }
    }
}

impl std::fmt::Debug for ReadOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadOptions").field("platform", &self.platform).finish_non_exhaustive()
    }
}

/// An image found in an archive or layout, its layers not read yet.
#[derive(Debug)]
pub(super) struct Plan {
    /// The config blob.
    pub(super) config: Vec<u8>,
    pub(super) tags: Vec<String>,
    /// The manifest's, when it has one.
    pub(super) digest: Option<String>,
    /// Lowest first.
    pub(super) layers: Vec<Blob>,
    pub(super) problems: Vec<Problem>,
}

/// A layer's blob.
#[derive(Debug)]
pub(super) struct Blob {
    /// Its name in the archive or layout.
    pub(super) name: String,
    /// Its digest, when the manifest gives it.
    pub(super) digest: Option<String>,
}

/// What an image is called, as far as its documents tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `name:tag`s, sorted; the one it was asked for by is among them.
    pub tags: Vec<String>,
    /// Digest of its manifest, `sha256:…`; Docker archives have none.
    pub digest: Option<String>,
    /// Digest of its config, `sha256:…`.
    pub id: String,
}

/// What an image is called. Its layers are not read.
///
/// # Errors
/// As [`read`].
pub fn identify(reference: &ImageReference, platform: Option<&str>) -> Result<Identity, ImageError> {
    let platform = platform.map(Platform::parse).transpose()?;
    let (_, plan) = find(reference, platform.as_ref())?;
    let mut tags = plan.tags;
    if reference.transport == Transport::DockerArchive {
        tags.extend(reference.name.clone());
    }
    tags.sort();
    tags.dedup();
    let mut hash = Sha256::new();
    hash.update(&plan.config);
    Ok(Identity { tags, digest: plan.digest, id: digest_of(hash) })
}

/// The archive or layout, and the image in it.
fn find(reference: &ImageReference, platform: Option<&Platform>) -> Result<(Store, Plan), ImageError> {
    let path = &reference.path;
    let store = match reference.transport {
        Transport::DockerArchive | Transport::OciArchive => Store::archive(path)?,
        Transport::OciLayout => Store::directory(path),
    };
    let name = reference.name.as_deref();
    let plan = match reference.transport {
        Transport::DockerArchive => docker::plan(&store, name)?,
        Transport::OciArchive | Transport::OciLayout => oci::plan(&store, name, platform)?,
    };
    Ok((store, plan))
}

/// Reads an image. What is wrong with a layer or a digest is among [`Image::problems`], and the rest of the image is
/// read all the same; an error means that there is no image to speak of.
pub fn read(reference: &ImageReference, wants: &Wants, options: &ReadOptions<'_>) -> Result<Image, ImageError> {
    let patterns = Patterns::new(&wants.content)?;
    let platform = options.platform.as_deref().map(Platform::parse).transpose()?;
    let path = &reference.path;
    let (store, plan) = find(reference, platform.as_ref())?;
    if plan.layers.len() > MAX_LAYERS {
        let what = format!("the image has {} layers, more than {MAX_LAYERS}", plan.layers.len());
        return Err(ImageError::Limit { path: path.clone(), what });
    }
    let config: ImageConfig =
        serde_json::from_slice(&plan.config).map_err(|e| ImageError::malformed(path, "the image config", e))?;
    check_platform(&store, &config, platform.as_ref())?;

    let mut problems = plan.problems;
    let diff_ids = &config.rootfs.diff_ids;
    if diff_ids.len() != plan.layers.len() {
        let message = format!(
            "the manifest lists {} layers and the image config {} diff ids, so engines refuse the image",
            plan.layers.len(),
            diff_ids.len()
        );
        problems.push(Problem { layer: None, message });
    }
    let mut layers = Vec::with_capacity(plan.layers.len());
    let job = Job::new(wants, &patterns);
    let stored = stored_layers(&store, plan.layers, diff_ids)?;
    let read = layers::read(stored, &job, options.progress);
    for (layer, of_layer) in read.map_err(|OverBudget(what)| ImageError::Limit { path: path.clone(), what })? {
        layers.push(layer);
        problems.extend(of_layer);
    }
    let mut tags = plan.tags;
    tags.sort();
    tags.dedup();
    let mut hash = Sha256::new();
    hash.update(&plan.config);
    Ok(Image { reference: reference.to_string(), id: digest_of(hash), tags, config, layers, problems })
}

fn stored_layers(store: &Store, blobs: Vec<Blob>, diff_ids: &[String]) -> Result<Vec<StoredLayer>, ImageError> {
    let stored = |(index, blob): (usize, Blob)| {
        let section = store.open(&blob.name)?;
        let expected = Expected { index, diff_id: diff_ids.get(index).cloned(), blob: blob.digest };
        Ok(StoredLayer { name: blob.name, section, expected })
    };
    blobs.into_iter().enumerate().map(stored).collect()
}

fn check_platform(store: &Store, config: &ImageConfig, wanted: Option<&Platform>) -> Result<(), ImageError> {
    let Some(wanted) = wanted else { return Ok(()) };
    let platform = Platform {
        os: config.os.clone(),
        architecture: config.architecture.clone(),
        variant: config.variant.clone().filter(|v| !v.is_empty()),
    };
    if platform.fits(wanted) {
        return Ok(());
    }
    let (wanted, choices) = (format!("for {wanted}"), format!("one for {platform}"));
    Err(ImageError::NoSuchImage { path: store.path.clone(), wanted, choices })
}

/// A document that is not what its digest says.
pub(super) fn digest_problem(what: &str, document: &[u8], promised: &str) -> Option<Problem> {
    let mut hash = Sha256::new();
    hash.update(document);
    let actual = digest_of(hash);
    (actual != promised).then(|| Problem {
        layer: None,
        message: format!("{what} is not what its digest says: it is {actual}, {promised} was promised"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
