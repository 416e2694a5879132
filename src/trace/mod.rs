//! Which instruction made a layer, and where the base ends: history aligned with the Dockerfile.
//!
//! Every builder writes a step's history in its own spelling, with variables expanded and arguments prefixed, so an
//! instruction becomes an expectation of what may be written ([`step`]), an entry is read into a neutral form
//! ([`history`]), and the two sequences are aligned at least cost ([`align`]). Where a builder merged the work of several
//! instructions into one layer ([`merged`]), single files are traced to the COPY that brings them ([`copies`]). What cannot be
//! accounted for is said in [`Trace::mismatch`]; nothing is attributed on a guess.

mod align;
mod copies;
mod foreign;
mod history;
mod json;
mod merged;
mod step;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use align::{Alignment, align};
pub use copies::{Copies, CopySources, FileMaker, StageFile};
pub use foreign::{Foreign, foreign};
use history::Entry;
pub use json::trace_json;
use step::Step;

use crate::dockerfile::{Base, Dockerfile, Keyword, Stage};
use crate::image::{History, ImageConfig};

/// An image's layers, traced to the Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// For each layer, lowest first, what made it. A layer into which a builder merged several instructions is
    /// [`Maker::Unknown`].
    pub layers: Vec<Maker>,
    /// For each history entry, oldest first, what made it.
    pub history: Vec<Maker>,
    /// Number of leading layers that came with the base image, 0 for `scratch`; `None` when the Dockerfile does not match
    /// the image.
    pub base_layers: Option<usize>,
    /// The FROM instruction that names the base image (the first of the chain of stages the final stage stands on).
    pub base_from: Option<usize>,
    /// Why the alignment is not whole: the first line or history entry that has no partner, in words. Secrets in what it
    /// quotes are masked.
    pub mismatch: Option<String>,
    /// A layer holds what several instructions made, or the base as well, so that only its single files can be traced
    /// ([`Copies`]).
    pub is_merged: bool,
}

/// What made a layer or history entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// It came with the base image.
    Base,
    /// An instruction, as an index into `Dockerfile::instructions`. Triggers the base image brought (ONBUILD) are made by
    /// the FROM line.
    Instruction(usize),
    /// Not known.
    Unknown,
}

/// The instruction that an entry of an image's history tells of, and its arguments on one line, a RUN's without the
/// shell; `None` when it tells of none.
pub fn instruction_of(entry: &History) -> Option<(Keyword, String)> {
    let read = history::Entry::read(entry);
    let keyword = read.keyword?;
    let text = match read.text.split_once(" -c ").filter(|_| keyword == Keyword::Run) {
        Some((_, command)) => command.to_owned(),
        None => read.text,
    };
    Some((keyword, text.trim().to_owned()))
}

/// Aligns the history of an image with the instructions of the stage it was built from.
///
/// `target` names the stage (by name, without regard to case, or by number); without it, it is the last. `layer_count` is
/// the number of layers the image really has, which hostile or damaged images contradict in their history.
pub fn trace(dockerfile: &Dockerfile, target: Option<&str>, config: &ImageConfig, layer_count: usize) -> Trace {
    let unknown = |base_from, mismatch: String| Trace {
        layers: vec![Maker::Unknown; layer_count],
        history: vec![Maker::Unknown; config.history.len()],
        base_layers: None,
        base_from,
        mismatch: Some(mismatch),
        is_merged: false,
    };
    let Some(stage) = dockerfile.target_stage(target) else {
        return match target {
            Some(name) => unknown(None, format!("the Dockerfile has no stage '{name}'")),
            None => unknown(None, "the Dockerfile has no FROM".into()),
        };
    };
    let mut stages: Vec<&Stage> =
        dockerfile.stage_chain(stage.index).into_iter().filter_map(|index| dockerfile.stages.get(index)).collect();
    stages.reverse();
    let base = stages.first().copied().unwrap_or(stage);
    let base_from = Some(base.from);
    if config.history.is_empty() && layer_count > 0 {
        // Exported and imported, it is one layer without a history.
        return Trace { is_merged: layer_count == 1, ..unknown(base_from, "the image has no history".into()) };
    }
    let steps = step::steps(dockerfile, &stages, &config.config.shell);
    let entries: Vec<Entry> = config.history.iter().map(Entry::read).collect();
    let is_scratch = base.base_kind == Base::Scratch;
    let Some(alignment) = align(&steps, &entries, is_scratch) else {
        return unknown(base_from, format!("the Dockerfile has more than {} instructions to align", align::MAX_STEPS));
    };
    let mut trace = attribute(&steps, &entries, &alignment, base.from);
    give_layers(&mut trace, &steps, &entries, &alignment, layer_count);
    let merged = merged::trace(&steps, &entries, &alignment, &trace, is_scratch);
    Trace { base_from, ..merged.unwrap_or(trace) }
}

/// Makers of the history entries, and what does not fit.
fn attribute(steps: &[Step], entries: &[Entry], alignment: &Alignment, from: usize) -> Trace {
    let problem = alignment.problem(steps, entries);
    let is_broken = problem.as_ref().is_some_and(|problem| problem.is_fatal);
    let mut history: Vec<Maker> = vec![Maker::Unknown; entries.len()];
    if !is_broken || alignment.is_mostly_matched(steps, entries) {
        for (maker, step) in history.iter_mut().zip(&alignment.partner) {
            if let Some(step) = step.and_then(|index| steps.get(index)) {
                *maker = Maker::Instruction(step.instruction);
            }
        }
    }
    if !is_broken {
        let base = alignment.base_entries;
        let triggered = triggers(entries.get(..base).unwrap_or_default());
        for (index, maker) in history.iter_mut().take(base).enumerate() {
            *maker = if index + triggered >= base { Maker::Instruction(from) } else { Maker::Base };
        }
    }
    let base_layers = (!is_broken).then(|| {
        history.iter().zip(entries).filter(|(maker, entry)| **maker == Maker::Base && !entry.is_empty).count()
    });
    Trace {
        layers: Vec::new(),
        history,
        base_layers,
        base_from: None,
        mismatch: problem.map(|problem| problem.message),
        is_merged: false,
    }
}

/// How many entries at the end of the base's history were made by triggers the base image set (ONBUILD): they ran in
/// this build, right after FROM.
fn triggers(base: &[Entry]) -> usize {
    let set: Vec<Step> = base.iter().filter_map(Entry::trigger).collect();
    let is_run = |count: &usize| {
        let ran = base.iter().rev().take(*count);
        set.iter().rev().take(*count).zip(ran).all(|(trigger, entry)| trigger.fits(entry).is_some())
    };
    (1..=set.len().min(align::MAX_STEPS)).rev().find(is_run).unwrap_or(0)
}

/// Makers of the layers: each entry that made a layer stands for the next one.
fn give_layers(trace: &mut Trace, steps: &[Step], entries: &[Entry], alignment: &Alignment, layer_count: usize) {
    let made: Vec<usize> =
        (0..entries.len()).filter(|i| entries.get(*i).is_some_and(|entry| !entry.is_empty)).collect();
    if made.len() != layer_count {
        let told = made.len();
        trace.layers = vec![Maker::Unknown; layer_count];
        trace.base_layers = None;
        trace.mismatch = Some(format!("the history tells of {told} layers, the image has {layer_count}"));
        return;
    }
    let mut previous = alignment.base_entries;
    let mut is_merged = false;
    trace.layers = made
        .iter()
        .map(|index| {
            let maker = trace.history.get(*index).copied().unwrap_or(Maker::Unknown);
            let since = previous..index + 1;
            previous = previous.max(index + 1);
            if *index < alignment.base_entries {
                return maker;
            }
            let of_layer = alignment.layer_maker(steps, entries, since, maker);
            is_merged |= of_layer == Maker::Unknown
                && (maker != Maker::Unknown || entries.get(*index).is_some_and(|e| e.is_squash));
            of_layer
        })
        .collect();
    trace.is_merged = is_merged && trace.base_layers.is_some();
}
