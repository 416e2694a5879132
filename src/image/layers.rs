//! The layers of an image, read side by side.

use std::sync::{Mutex, PoisonError};

use super::contents::BUDGET;
use super::crew::Crew;
use super::layer::{self, Expected, Job, OverBudget};
use super::model::{Layer, Problem};
use super::source::Progress;
use super::store::Section;

/// A layer as it is stored.
#[derive(Debug)]
pub(super) struct StoredLayer {
    /// What its blob is called where it is stored, for messages.
    pub(super) name: String,
    /// Its blob; `None` when it is not there, as non-distributable ones are not.
    pub(super) section: Option<Section>,
    pub(super) expected: Expected,
}

/// Reads all layers, lowest first in what is given and in what comes back.
pub(super) fn read(
    layers: Vec<StoredLayer>,
    job: &Job<'_>,
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
    let crew = Crew::new(count, BUDGET);
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let read_one = |StoredLayer { name, section, expected }: StoredLayer| {
        let read = match section {
            Some(section) => {
                layer::read(section, expected.blob.is_some(), job, &crew, &seen).map(|read| read.placed(&expected))
            }
            None => Ok(absent(&expected, &name)),
        };
        progress(Progress::Layer(expected.index));
        done.lock().unwrap_or_else(PoisonError::into_inner).push((expected.index, read));
    };
    rayon::scope(|scope| {
        for _ in 0..rayon::current_num_threads() {
            scope.spawn(|_| crew.work(next, read_one));
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, read)| read).collect()
}

fn absent(expected: &Expected, name: &str) -> (Layer, Vec<Problem>) {
    let message =
        format!("{} is not packed with the image ({name} is absent), so nothing in it was checked", expected.shown());
    let diff_id = expected.diff_id.clone().unwrap_or_default();
    let layer = Layer { index: expected.index, diff_id, ..Layer::default() };
    (layer, vec![Problem { layer: Some(expected.index), message }])
}
