//! The layers of an image, read side by side, or recalled where the cache has them.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::cache::Cache;
use super::contents::budget;
use super::crew::Crew;
use super::job::{Job, OverBudget};
use super::layer::{self, Expected, ReadLayer};
use super::model::{Layer, Problem};
use super::recall::Recall;
use super::source::Progress;
use super::store::Section;

/// A layer as it is stored.
pub(super) struct StoredLayer<'a> {
    /// What its blob is called where it is stored.
    pub(super) name: String,
    /// Its blob; `None` when it is not there, as non-distributable ones are not.
    pub(super) section: Option<Section>,
    /// Its blob once more, from the start.
    pub(super) again: Box<dyn Fn() -> Option<Section> + Send + Sync + 'a>,
    pub(super) expected: Expected,
}

impl fmt::Debug for StoredLayer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredLayer")
            .field("name", &self.name)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}

/// Reads all layers, lowest first in what is given and in what comes back.
pub(super) fn read(
    layers: Vec<StoredLayer<'_>>,
    job: &Job<'_>,
    cache: Option<&Cache>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Vec<(Layer, Vec<Problem>)>, OverBudget> {
    let count = layers.len();
    let bytes = layers.iter().flat_map(|layer| &layer.section).map(|section| section.size).sum();
    progress(Progress::Start { layers: count, bytes });
    let seen = |bytes| progress(Progress::Bytes(bytes));
    // The largest first: what is read last has the other cores' help alone.
    let mut waiting = layers;
    waiting.sort_by_key(|layer| layer.section.as_ref().map_or(0, |section| section.size));
    let waiting = Mutex::new(waiting);
    let done = Mutex::new(Vec::with_capacity(count));
    let crew = Crew::new(count, budget());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let read_one = |stored: StoredLayer<'_>| {
        let index = stored.expected.index;
        let read = one(stored, job, &crew, cache, &seen);
        progress(Progress::Layer(index));
        done.lock().unwrap_or_else(PoisonError::into_inner).push((index, read));
    };
    rayon::scope(|scope| {
        for _ in 0..rayon::current_num_threads() {
            scope.spawn(|_| crew.work(next, read_one));
        }
    });
    if let Some(cache) = cache {
        cache.tidy();
    }
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, read)| read).collect()
}

/// A layer and its problems, by way of the cache.
fn one<'env>(
    mut stored: StoredLayer<'_>,
    job: &'env Job<'env>,
    crew: &Crew<'env>,
    cache: Option<&Cache>,
    seen: &(dyn Fn(u64) + Sync),
) -> Result<(Layer, Vec<Problem>), OverBudget> {
    let expected = stored.expected.clone();
    let blob = stored.name.clone();
    let placed = |read: ReadLayer| {
        let (layer, problems) = read.placed(&expected);
        (Layer { blob, ..layer }, problems)
    };
    let Some(section) = stored.section.take() else {
        return Ok(placed(absent(&stored.name)));
    };
    let recall = cache.and_then(|cache| Recall::new(cache, job, &section, &expected));
    if let Some(mut read) = recall.as_ref().and_then(|recall| recall.recall(&stored, section.size, seen)) {
        job.charge_layer(&read.layer)?;
        read.layer.stored_size = section.size;
        return Ok(placed(read));
    }
    let read = layer::read(section, expected.blob.is_some(), job, crew, seen)?;
    if let Some(recall) = recall.filter(|_| read.is_promised(&expected)) {
        recall.keep(&read);
    }
    Ok(placed(read))
}

/// Reads one layer that comes out of a stream.
pub(super) type ReadOne<'a> = dyn FnMut(Section) -> Result<ReadLayer, OverBudget> + 'a;

/// Has `read` go through a stream that holds all layers, with what reads one of them; the other cores look at what is in
/// the files. `None` when nobody could.
pub(super) fn read_stream<T: Send>(
    job: &Job<'_>,
    seen: &(dyn Fn(u64) + Sync),
    read: impl FnOnce(&mut ReadOne<'_>) -> T + Send,
) -> Option<T> {
    let crew = Crew::new(1, budget());
    let (waiting, done) = (Mutex::new(Some(read)), Mutex::new(None));
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
    let read_all = |read: _| {
        let all = run(read, &mut |section| layer::read(section, true, job, &crew, seen));
        *done.lock().unwrap_or_else(PoisonError::into_inner) = Some(all);
    };
    rayon::scope(|scope| {
        for _ in 0..rayon::current_num_threads() {
            scope.spawn(|_| crew.work(next, read_all));
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Calls `read`; for the sake of its type.
fn run<T>(read: impl FnOnce(&mut ReadOne<'_>) -> T, one: &mut ReadOne<'_>) -> T {
    read(one)
}

/// A layer that is not with the image.
pub(super) fn absent(name: &str) -> ReadLayer {
    let message = format!("is not packed with the image ({name} is absent), so nothing in it was checked");
    ReadLayer { layer: Layer::default(), problems: vec![message], digests: None }
}
