//! Images whose history and layers were merged: by kaniko's single snapshot, by squashing with the base, by exporting and importing.

use super::align::Alignment;
use super::history::{Entry, makes_files};
use super::step::Step;
use super::{Maker, Trace};

/// The trace of an image that was made in one layer; `None` when `trace`, by the alignment of single steps, is the better one.
pub(super) fn trace(
    steps: &[Step],
    entries: &[Entry],
    alignment: &Alignment,
    trace: &Trace,
    is_scratch: bool,
) -> Option<Trace> {
    let is_broken = trace.base_layers.is_none();
    if let Some(base) = snapshot(steps, entries).filter(|_| is_broken) {
        return Some(of_snapshot(steps, entries, trace, base));
    }
    let is_one_layer = trace.layers.len() == 1 && entries.iter().filter(|entry| !entry.is_empty).count() == 1;
    if !is_one_layer {
        return None;
    }
    // buildah leaves out the history of what it squashes the steps with.
    let is_ours = if is_broken { alignment.is_cut_off(entries) } else { trace.base_layers == Some(0) };
    if is_ours && (is_broken || !is_scratch) {
        let only = only_writer(steps).filter(|_| is_scratch);
        return Some(Trace {
            layers: vec![only.map_or(Maker::Unknown, Maker::Instruction)],
            base_layers: is_scratch.then_some(0),
            mismatch: None,
            is_merged: only.is_none(),
            ..trace.clone()
        });
    }
    // A history that tells of no instruction neither confirms nor contradicts the Dockerfile.
    let is_silent = entries.iter().all(|entry| entry.keyword.is_none());
    (is_broken && is_silent).then(|| Trace {
        mismatch: Some(
            "its history tells of no instruction, as when it was exported and imported, or squashed whole".into(),
        ),
        is_merged: true,
        ..trace.clone()
    })
}

/// With `--single-snapshot` kaniko writes one entry, named like the last step: the number of entries below it.
fn snapshot(steps: &[Step], entries: &[Entry]) -> Option<usize> {
    let (step, (last, base)) = (steps.last()?, entries.split_last()?);
    let is_its = last.is_kaniko && !last.is_empty && step.fits(last).is_some();
    is_its.then_some(base.len())
}

fn of_snapshot(steps: &[Step], entries: &[Entry], trace: &Trace, base: usize) -> Trace {
    let base_layers = entries.iter().take(base).filter(|entry| !entry.is_empty).count();
    let mut layers = vec![Maker::Base; trace.layers.len()];
    let only = only_writer(steps);
    if let Some(last) = layers.last_mut() {
        *last = only.map_or(Maker::Unknown, Maker::Instruction);
    }
    let mut history = vec![Maker::Base; entries.len()];
    if let (Some(entry), Some(step)) = (history.last_mut(), steps.last()) {
        *entry = Maker::Instruction(step.instruction);
    }
    Trace {
        layers,
        history,
        base_layers: Some(base_layers),
        base_from: None,
        mismatch: None,
        is_merged: only.is_none(),
    }
}

/// The one instruction that writes files, as an index into the Dockerfile's.
fn only_writer(steps: &[Step]) -> Option<usize> {
    let mut writers = steps.iter().filter(|step| makes_files(step.keyword));
    let first = writers.next()?;
    writers.next().is_none().then_some(first.instruction)
}
