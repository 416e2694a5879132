//! Reading an image: its documents first, then all layers side by side.

use super::attestation::Attestations;
use super::cache::Cache;
use super::docker;
use super::engine::{Engine, EngineKind};
use super::environment::Environment;
use super::error::ImageError;
use super::export;
use super::holder::{Blob, Holder};
use super::job::{Job, OverBudget};
use super::layer::Expected;
use super::layers::{self, StoredLayer};
use super::limits::MAX_LAYERS;
use super::model::{BaseIdentity, Image, ImageConfig, Layer, Problem, Wants};
use super::oci;
use super::platform::Platform;
use super::reference::{ImageReference, Transport};
use super::registry::Registry;
#[cfg(unix)]
use super::rootfs::Rootfs;
use super::search::Patterns;
use super::skopeo_dir::SkopeoDir;
use super::store::Store;
use super::stream::digest_of_bytes;
use super::streamed::Streamed;

/// How far reading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Layers are about to be read: so many, of so many stored bytes together, as far as that is known.
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

/// An image found, its layers not read yet.
#[derive(Debug)]
pub(super) struct Plan {
    /// The config blob; a root directory has none.
    pub(super) config: Option<Vec<u8>>,
    pub(super) tags: Vec<String>,
    /// The manifest's, when it has one.
    pub(super) digest: Option<String>,
    /// That of what its name stands for: of the index, where it is in one.
    pub(super) top: Option<String>,
    /// The base, as the manifest names it.
    pub(super) base: Option<BaseIdentity>,
    /// What was attested.
    pub(super) attestations: Attestations,
    /// Lowest first.
    pub(super) layers: Vec<Blob>,
    pub(super) problems: Vec<Problem>,
    /// What else is to be told, in words.
    pub(super) notes: Vec<String>,
}

/// What an image is called, as far as its documents tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `name:tag`s, sorted; the one it was asked for by is among them.
    pub tags: Vec<String>,
    /// Digest of its manifest, `sha256:…`; Docker archives have none.
    pub digest: Option<String>,
    /// Digest of its config, `sha256:…`; empty for a root directory.
    pub id: String,
}

/// What an image is called. Its layers are not read.
///
/// # Errors
/// As [`read`].
pub fn identify(reference: &ImageReference, platform: Option<&str>) -> Result<Identity, ImageError> {
    let platform = platform.map(Platform::parse).transpose()?;
    let (mut tags, digest, id) = match Found::of(reference, platform.as_ref())?.image {
        Where::Held(_, plan) => {
            let id = plan.config.as_deref().map(digest_of_bytes).unwrap_or_default();
            (plan.tags, plan.digest, id)
        }
        Where::Engine(engine) => {
            let digests = engine.told.repo_digests.iter().flatten();
            let digest = digests.filter_map(|name| name.split_once('@')).map(|(_, digest)| digest.to_owned()).min();
            (engine.tags(), digest, engine.told.id)
        }
    };
    if let Transport::DockerArchive(_, Some(name)) = &reference.transport {
        tags.push(name.clone());
    }
    tags.sort();
    tags.dedup();
    Ok(Identity { tags, digest, id })
}

/// The platforms an image is there for, sorted; none where it is for one alone or does not tell.
///
/// # Errors
/// As [`read`].
pub fn platforms(reference: &ImageReference) -> Result<Vec<String>, ImageError> {
    let environment = Environment::of_process();
    let open = |name| Registry::open(name, &reference.access, &environment);
    match &reference.transport {
        Transport::OciArchive(path, name) => Ok(oci::in_layout(&Store::archive(path)?, name.as_deref())?.platforms()),
        Transport::OciLayout(path, name) => Ok(oci::in_layout(&Store::directory(path), name.as_deref())?.platforms()),
        Transport::SkopeoDir(path) => Ok(SkopeoDir::open(path).variants()?.platforms()),
        Transport::Registry(name) => Ok(open(name)?.variants()?.platforms()),
        Transport::Name(name) => match Named::find(reference, name, &environment)? {
            Named::Engine(_) => Ok(Vec::new()),
            Named::Registry(registry, _) => Ok(registry.variants()?.platforms()),
        },
        Transport::DockerArchive(..) | Transport::Rootfs(_) | Transport::Engine(..) => Ok(Vec::new()),
    }
}

/// An image that was found.
struct Found {
    image: Where,
    /// What is to be told of where it was found.
    note: Option<String>,
}

/// Where an image was found.
enum Where {
    /// Where its parts can be got one by one.
    Held(Box<dyn Holder>, Plan),
    /// Where it comes as one stream.
    Engine(Engine),
}

/// Where an image was found that was named without a transport.
enum Named {
    Engine(Engine),
    /// And why no engine has it.
    Registry(Registry, String),
}

impl Found {
    fn of(reference: &ImageReference, platform: Option<&Platform>) -> Result<Self, ImageError> {
        let environment = Environment::of_process();
        let held = |holder: Box<dyn Holder>, plan| Ok(Self { image: Where::Held(holder, plan), note: None });
        match &reference.transport {
            Transport::DockerArchive(path, name) => {
                let store = Store::archive(path)?;
                let document = |name: &str| store.named_document(name);
                let plan = docker::plan(&store.place(), &document, store.remarks(), name.as_deref())?;
                held(Box::new(store), plan)
            }
            Transport::OciArchive(path, name) => {
                let store = Store::archive(path)?;
                let plan = oci::in_layout(&store, name.as_deref())?.plan(platform)?;
                held(Box::new(store), plan)
            }
            Transport::OciLayout(path, name) => {
                let store = Store::directory(path);
                let plan = oci::in_layout(&store, name.as_deref())?.plan(platform)?;
                held(Box::new(store), plan)
            }
            Transport::SkopeoDir(path) => {
                let dir = SkopeoDir::open(path);
                let plan = dir.variants()?.plan(platform)?;
                held(Box::new(dir), plan)
            }
            #[cfg(not(unix))]
            Transport::Rootfs(path) => {
                let reason =
                    "a root directory has owners, permissions and links that only Linux and macOS know".to_owned();
                Err(ImageError::NotAnImage { path: path.clone(), reason })
            }
            #[cfg(unix)]
            Transport::Rootfs(path) => {
                let rootfs = Rootfs::open(path)?;
                let plan = rootfs.plan();
                held(Box::new(rootfs), plan)
            }
            Transport::Engine(kind, name) => {
                Ok(Self { image: Where::Engine(Engine::find(*kind, name, &environment)?), note: None })
            }
            Transport::Registry(name) => {
                let registry = Registry::open(name, &reference.access, &environment)?;
                let plan = registry.variants()?.plan(platform)?;
                held(Box::new(registry), plan)
            }
            Transport::Name(name) => {
                let named = Named::find(reference, name, &environment)?;
                let at = |place: String| Some(format!("`{reference}` was read from {place}"));
                match named {
                    Named::Engine(engine) => Ok(Self { note: at(engine.shown()), image: Where::Engine(engine) }),
                    Named::Registry(registry, engines) => {
                        let note = at(format!("the registry {} ({engines})", name.registry()));
                        let plan = registry.variants()?.plan(platform)?;
                        Ok(Self { image: Where::Held(Box::new(registry), plan), note })
                    }
                }
            }
        }
    }
}

impl Named {
    /// Looks in the engines, then in the registry.
    fn find(
        reference: &ImageReference,
        name: &oci_spec::distribution::Reference,
        environment: &Environment,
    ) -> Result<Self, ImageError> {
        let text = reference.to_string();
        let mut tried = Vec::new();
        for kind in [EngineKind::Docker, EngineKind::Podman] {
            match Engine::find(kind, &text, environment) {
                Ok(engine) => return Ok(Self::Engine(engine)),
                Err(error) => tried.push(format!("{kind}: {}", error.reason())),
            }
        }
        let engines = tried.join("; ");
        match Registry::open(name, &reference.access, environment) {
            Ok(registry) => Ok(Self::Registry(registry, engines)),
            Err(error) => {
                let (host, reason) = (name.registry(), error.reason());
                let tried = format!("no file or directory has that name; {engines}; the registry {host}: {reason}");
                Err(ImageError::Nowhere { reference: text, tried, hint: error.help() })
            }
        }
    }
}

/// Reads an image. What is wrong with a layer or a digest is among [`Image::problems`], and the rest of the image is
/// read all the same; an error means that there is no image to speak of.
pub fn read(reference: &ImageReference, wants: &Wants, options: &ReadOptions<'_>) -> Result<Image, ImageError> {
    let patterns = Patterns::new(&wants.content)?;
    let platform = options.platform.as_deref().map(Platform::parse).transpose()?;
    let Found { image, note } = Found::of(reference, platform.as_ref())?;
    let job = Job::new(wants, &patterns);
    let read = match &image {
        Where::Held(holder, plan) => read_held(&**holder, plan, platform.as_ref(), &job, options)?,
        Where::Engine(engine) => read_engine(engine, platform.as_ref(), &job, options)?,
    };
    let Read { config, id, mut tags, digests, base, attestations, layers, mut problems, mut notes } = read;
    notes.extend(note);
    let labels = config.as_ref().map(|config| &config.config.labels);
    let base = labels.and_then(|labels| BaseIdentity::annotated(|key| labels.get(key))).or(base);
    // A build from one image stands on it; of several, the Dockerfile tells which.
    let only = || Some(&attestations.materials).filter(|all| all.len() == 1).and_then(|all| all.first().cloned());
    let base = base.or_else(only);
    let diff_ids = config.as_ref().map(|config| config.rootfs.diff_ids.len());
    if let Some(count) = diff_ids.filter(|count| *count != layers.len()) {
        let message = format!(
            "the manifest lists {} layers and the image config {count} diff ids, so engines refuse the image",
            layers.len()
        );
        problems.push(Problem { layer: None, message });
    }
    let mut all = Vec::with_capacity(layers.len());
    for (layer, of_layer) in layers {
        all.push(layer);
        problems.extend(of_layer);
    }
    if let Where::Held(holder, _) = &image {
        problems.extend(holder.problems());
    }
    tags.sort();
    tags.dedup();
    Ok(Image {
        reference: reference.to_string(),
        id,
        tags,
        digests,
        has_config: config.is_some(),
        config: config.unwrap_or_default(),
        base,
        attestations,
        layers: all,
        problems,
        notes,
    })
}

/// An image with its layers, before it is looked at as a whole.
struct Read {
    config: Option<ImageConfig>,
    id: String,
    tags: Vec<String>,
    digests: Vec<String>,
    base: Option<BaseIdentity>,
    attestations: Attestations,
    layers: Vec<(Layer, Vec<Problem>)>,
    problems: Vec<Problem>,
    notes: Vec<String>,
}

fn read_held(
    holder: &dyn Holder,
    plan: &Plan,
    platform: Option<&Platform>,
    job: &Job<'_>,
    options: &ReadOptions<'_>,
) -> Result<Read, ImageError> {
    let place = holder.place();
    let config = understood(&place, plan, platform)?;
    let diff_ids = config.as_ref().map(|config| config.rootfs.diff_ids.as_slice()).unwrap_or_default();
    let stored = stored_layers(holder, &plan.layers, diff_ids)?;
    let read = layers::read(stored, job, options.cache, options.progress);
    let layers = read.map_err(|OverBudget(what)| ImageError::Limit { place, what })?;
    Ok(Read::new(config, plan, layers))
}

fn read_engine(
    engine: &Engine,
    platform: Option<&Platform>,
    job: &Job<'_>,
    options: &ReadOptions<'_>,
) -> Result<Read, ImageError> {
    let streamed = options.cache.map(|cache| Streamed { cache, diff_ids: engine.told.diff_ids() });
    let mut exported = None;
    // What was thought of a member and is not so is not thought a second time.
    for streamed in [streamed.as_ref(), None] {
        exported = export::read(engine, engine.export(platform)?, job, streamed, options.progress)?;
        if exported.is_some() {
            break;
        }
    }
    let Some((plan, layers)) = exported else {
        let reason = "its archive could not be read".to_owned();
        return Err(ImageError::Remote { place: engine.place(), reason, hint: None });
    };
    let config = understood(&engine.place(), &plan, platform)?;
    let diff_ids = config.as_ref().map(|config| config.rootfs.diff_ids.as_slice()).unwrap_or_default();
    let layers = layers.compared(diff_ids);
    let tags = engine.tags();
    let read = Read::new(config, &plan, layers);
    // An archive of one name has that name alone.
    let digests = engine.told.repo_digests.iter().flatten().map(|name| docker::familiar(name)).collect();
    Ok(Read { tags: if read.tags.is_empty() { tags } else { read.tags }, digests, ..read })
}

impl Read {
    fn new(config: Option<ImageConfig>, plan: &Plan, layers: Vec<(Layer, Vec<Problem>)>) -> Self {
        let of_layer = || layers.first().map(|(layer, _)| layer.diff_id.clone());
        // A root directory is known by what it holds.
        let id = plan.config.as_deref().map(digest_of_bytes).or_else(of_layer).unwrap_or_default();
        Self {
            config,
            id,
            tags: plan.tags.clone(),
            digests: plan
                .top
                .iter()
                .flat_map(|top| plan.tags.iter().filter_map(move |tag| at_digest(tag, top)))
                .collect(),
            base: plan.base.clone(),
            attestations: plan.attestations.clone(),
            layers,
            problems: plan.problems.clone(),
            notes: plan.notes.clone(),
        }
    }
}

/// `debian@sha256:…` of `debian:12`.
fn at_digest(tag: &str, digest: &str) -> Option<String> {
    let (repository, _) = tag.split('@').next()?.rsplit_once(':')?;
    Some(format!("{repository}@{digest}"))
}

/// The config of a plan that is within bounds and for the platform.
fn understood(place: &str, plan: &Plan, platform: Option<&Platform>) -> Result<Option<ImageConfig>, ImageError> {
    if plan.layers.len() > MAX_LAYERS {
        let what = format!("the image has {} layers, more than {MAX_LAYERS}", plan.layers.len());
        return Err(ImageError::Limit { place: place.to_owned(), what });
    }
    let Some(config) = &plan.config else { return Ok(None) };
    let config: ImageConfig =
        serde_json::from_slice(config).map_err(|e| ImageError::malformed(place, "the image config", e))?;
    check_platform(place, &config, platform)?;
    Ok(Some(config))
}

fn stored_layers<'a>(
    holder: &'a dyn Holder,
    blobs: &'a [Blob],
    diff_ids: &[String],
) -> Result<Vec<StoredLayer<'a>>, ImageError> {
    let stored = |(index, blob): (usize, &'a Blob)| {
        let section = holder.layer(blob)?;
        let expected = Expected { index, diff_id: diff_ids.get(index).cloned(), blob: blob.digest.clone() };
        let again = Box::new(move || holder.layer(blob).ok().flatten());
        Ok(StoredLayer { name: blob.name.clone(), section, again, expected })
    };
    blobs.iter().enumerate().map(stored).collect()
}

fn check_platform(place: &str, config: &ImageConfig, wanted: Option<&Platform>) -> Result<(), ImageError> {
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
    Err(ImageError::NoSuchImage { place: place.to_owned(), wanted, choices })
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
