//! Reading an image: its documents first, then all layers side by side.

use super::cache::Cache;
use super::error::ImageError;
use super::holder::{Blob, Holder};
use super::layer::{Expected, Job, OverBudget};
use super::layers::{self, StoredLayer};
use super::limits::MAX_LAYERS;
use super::model::{Image, ImageConfig, Problem, Wants};
use super::platform::Platform;
use super::reference::{ImageReference, Transport};
use super::search::Patterns;
use super::skopeo_dir::SkopeoDir;
use super::store::Store;
use super::stream::digest_of_bytes;
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
    /// Where layers that were read before are recalled from, and others kept.
    pub cache: Option<&'a Cache>,
}

impl Default for ReadOptions<'_> {
    fn default() -> Self {
        Self { platform: None, progress: &|_| {}, cache: None }
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
    Ok(Identity { tags, digest: plan.digest, id: digest_of_bytes(&plan.config) })
}

/// What holds the image, and the image in it.
fn find(reference: &ImageReference, platform: Option<&Platform>) -> Result<(Box<dyn Holder>, Plan), ImageError> {
    let (path, name) = (&reference.path, reference.name.as_deref());
    match reference.transport {
        Transport::DockerArchive => {
            let store = Store::archive(path)?;
            let plan = docker::plan(&store, name)?;
            Ok((Box::new(store), plan))
        }
        Transport::OciArchive | Transport::OciLayout => {
            let is_archive = reference.transport == Transport::OciArchive;
            let store = if is_archive { Store::archive(path)? } else { Store::directory(path) };
            let plan = oci::in_layout(&store, name)?.plan(platform)?;
            Ok((Box::new(store), plan))
        }
        Transport::SkopeoDir => {
            let dir = SkopeoDir::open(path);
            let plan = dir.variants()?.plan(platform)?;
            Ok((Box::new(dir), plan))
        }
    }
}

/// Reads an image. What is wrong with a layer or a digest is among [`Image::problems`], and the rest of the image is
/// read all the same; an error means that there is no image to speak of.
pub fn read(reference: &ImageReference, wants: &Wants, options: &ReadOptions<'_>) -> Result<Image, ImageError> {
    let patterns = Patterns::new(&wants.content)?;
    let platform = options.platform.as_deref().map(Platform::parse).transpose()?;
    let (holder, plan) = find(reference, platform.as_ref())?;
    if plan.layers.len() > MAX_LAYERS {
        let what = format!("the image has {} layers, more than {MAX_LAYERS}", plan.layers.len());
        return Err(ImageError::Limit { place: holder.place(), what });
    }
    let config: ImageConfig = serde_json::from_slice(&plan.config)
        .map_err(|e| ImageError::malformed(&holder.place(), "the image config", e))?;
    check_platform(&*holder, &config, platform.as_ref())?;

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
    let stored = stored_layers(&*holder, plan.layers, diff_ids)?;
    let read = layers::read(stored, &job, options.cache, options.progress);
    for (layer, of_layer) in read.map_err(|OverBudget(what)| ImageError::Limit { place: holder.place(), what })? {
        layers.push(layer);
        problems.extend(of_layer);
    }
    let mut tags = plan.tags;
    tags.sort();
    tags.dedup();
    let id = digest_of_bytes(&plan.config);
    Ok(Image { reference: reference.to_string(), id, tags, config, layers, problems })
}

fn stored_layers<'a>(
    holder: &'a dyn Holder,
    blobs: Vec<Blob>,
    diff_ids: &[String],
) -> Result<Vec<StoredLayer<'a>>, ImageError> {
    let stored = |(index, blob): (usize, Blob)| {
        let section = holder.layer(&blob)?;
        let expected = Expected { index, diff_id: diff_ids.get(index).cloned(), blob: blob.digest.clone() };
        let name = blob.name.clone();
        let again = Box::new(move || holder.layer(&blob).ok().flatten());
        Ok(StoredLayer { name, section, again, expected })
    };
    blobs.into_iter().enumerate().map(stored).collect()
}

fn check_platform(holder: &dyn Holder, config: &ImageConfig, wanted: Option<&Platform>) -> Result<(), ImageError> {
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
    Err(ImageError::NoSuchImage { place: holder.place(), wanted, choices })
}

/// A document that is not what its digest says.
pub(super) fn digest_problem(what: &str, document: &[u8], promised: &str) -> Option<Problem> {
    let actual = digest_of_bytes(document);
    (actual != promised).then(|| Problem {
        layer: None,
        message: format!("{what} is not what its digest says: it is {actual}, {promised} was promised"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
