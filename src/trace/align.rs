//! The alignment at least cost of a Dockerfile's steps with the end of an image's history.

use std::ops::Range;

use super::Maker;
use super::history::{Entry, makes_files};
use super::step::{Fit, Step};
use crate::dockerfile::Keyword;

/// Steps that are aligned at most.
pub(super) const MAX_STEPS: usize = 1000;
/// Entries of the history's end that are looked at beyond the number of steps.
const SLACK: usize = 500;

/// An alignment.
#[derive(Debug)]
pub(super) struct Alignment {
    /// For each entry, the step that made it, as an index.
    pub(super) partner: Vec<Option<usize>>,
    /// For each step, its entry.
    entry: Vec<Option<usize>>,
    /// Entries before the first that has a partner: they came with the base.
    pub(super) base_entries: usize,
    /// There is no base: every entry must have a partner.
    is_scratch: bool,
}

/// What an alignment leaves unexplained.
#[derive(Debug)]
pub(super) struct Problem {
    /// In words.
    pub(super) message: String,
    /// The Dockerfile is not the image's, or no longer.
    pub(super) is_fatal: bool,
    /// The history has the line where it should, and it was left out for what follows it.
    is_there: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Move {
    Pair,
    SkipStep,
    SkipEntry,
}

/// Aligns the steps with the end of the history; `None` when there are too many steps.
///
/// Pairs that fit cost nothing, or little when the entry tells too little to be sure; what has no partner costs by how
/// unlikely that is. Entries before the first pair are free where there is a base.
pub(super) fn align(steps: &[Step], entries: &[Entry], is_scratch: bool) -> Option<Alignment> {
    if steps.len() > MAX_STEPS {
        return None;
    }
    let start = entries.len().saturating_sub(steps.len() + SLACK);
    let window = entries.get(start..).unwrap_or_default();
    let width = window.len() + 1;
    let mut moves = vec![Move::SkipEntry; (steps.len() + 1) * width];
    let mut row: Vec<u32> = Vec::with_capacity(width);
    let mut total = 0;
    row.push(0);
    for entry in window {
        total += if is_scratch { skipped_entry(entry) } else { 0 };
        row.push(total);
    }
    for (i, step) in steps.iter().enumerate() {
        let above = std::mem::take(&mut row);
        let mut left = u32::MAX;
        for (j, up) in above.iter().copied().enumerate() {
            let mut best = (up.saturating_add(skipped_step(step)), Move::SkipStep);
            if let Some(entry) = j.checked_sub(1).and_then(|j| window.get(j)) {
                let skipped = (left.saturating_add(skipped_entry(entry)), Move::SkipEntry);
                best = if skipped.0 < best.0 { skipped } else { best };
                let diagonal = j.checked_sub(1).and_then(|j| above.get(j)).copied().unwrap_or(u32::MAX);
                if let Some(fit) = step.fits(entry) {
                    let paired = (diagonal.saturating_add(u32::from(fit == Fit::Loose)), Move::Pair);
                    best = if paired.0 <= best.0 { paired } else { best };
                }
            }
            left = best.0;
            row.push(best.0);
            if let Some(slot) = moves.get_mut((i + 1) * width + j) {
                *slot = best.1;
            }
        }
    }
    Some(Alignment::follow(&moves, width, start, steps.len(), entries.len(), is_scratch))
}

/// What it costs that a step left no entry.
fn skipped_step(step: &Step) -> u32 {
    match step.keyword {
        // A little more than an entry, so that a step is rather paired than left out.
        keyword if makes_files(keyword) => 21,
        Keyword::Arg => 1,
        _ => 3,
    }
}

/// What it costs that an entry has no step.
fn skipped_entry(entry: &Entry) -> u32 {
    match entry.keyword {
        _ if entry.is_squash => 0,
        _ if entry.makes_files() => 20,
        Some(Keyword::Arg) => 1,
        _ => 3,
    }
}

impl Alignment {
    fn follow(moves: &[Move], width: usize, start: usize, steps: usize, entries: usize, is_scratch: bool) -> Self {
        let mut partner = vec![None; entries];
        let mut entry = vec![None; steps];
        let (mut i, mut j) = (steps, width - 1);
        while i > 0 {
            let step = moves.get(i * width + j).copied().unwrap_or(Move::SkipStep);
            if step != Move::SkipStep {
                j = j.saturating_sub(1);
            }
            if step != Move::SkipEntry {
                i -= 1;
            }
            if step == Move::Pair
                && let (Some(p), Some(e)) = (partner.get_mut(start + j), entry.get_mut(i))
            {
                *p = Some(i);
                *e = Some(start + j);
            }
        }
        // Without any pair everything is the base's, unless there is none.
        let first = partner.iter().position(Option::is_some).unwrap_or(entries);
        Self { partner, entry, base_entries: if is_scratch { 0 } else { first }, is_scratch }
    }

    /// The first thing that has no partner but should, fatal ones before others.
    pub(super) fn problem(&self, steps: &[Step], entries: &[Entry]) -> Option<Problem> {
        let (lines, strangers) = (self.lines(steps, entries), self.strangers(entries));
        let pairs = self.entry.iter().flatten().count();
        // A few common lines (`COPY . .`) are no proof.
        let is_chance = lines.len().max(strangers.len()) >= pairs;
        let mut problems: Vec<Problem> = lines.into_iter().chain(strangers).collect();
        let of = |is_first: &dyn Fn(&Problem) -> bool| problems.iter().position(is_first);
        let fatal = of(&|problem| problem.is_fatal && !problem.is_there).or_else(|| of(&|problem| problem.is_fatal));
        let mut first = (!problems.is_empty()).then(|| problems.swap_remove(fatal.unwrap_or(0)))?;
        first.is_fatal |= is_chance;
        Some(first)
    }

    /// Lines of the Dockerfile that left no entry.
    fn lines(&self, steps: &[Step], entries: &[Entry]) -> Vec<Problem> {
        let is_bare = self.records_no_settings(entries);
        let alone = steps.iter().enumerate().filter(|(index, _)| self.entry.get(*index).is_some_and(Option::is_none));
        // Not every builder records arguments, and some record no settings at all.
        let alone = alone.filter(|(_, step)| step.keyword != Keyword::Arg && (makes_files(step.keyword) || !is_bare));
        let problem = |(index, step): (usize, &Step)| {
            let entry = self.in_place_of(index, entries);
            let is_there = entry.is_some_and(|entry| step.fits(entry).is_some());
            let there = match entry {
                Some(entry) => format!("has `{}` there", entry.shown()),
                None => "has nothing there".to_owned(),
            };
            Problem {
                message: format!(
                    "line {} (`{}`) is not in the image's history, which {there}",
                    step.line,
                    step.shown()
                ),
                is_fatal: makes_files(step.keyword),
                is_there,
            }
        };
        alone.map(problem).collect()
    }

    /// The entry that stands where a step without one would have its own: after that of the step before, rather one that
    /// wrote files. Where no step before has one, the base lies there, and entries are counted from the next pair.
    fn in_place_of<'e>(&self, step: usize, entries: &'e [Entry]) -> Option<&'e Entry> {
        let before = self.entry.get(..step)?.iter().flatten().next_back();
        let mut after = self.entry.iter().enumerate().skip(step + 1);
        let (next, end) =
            after.find_map(|(index, entry)| Some((index, (*entry)?))).unwrap_or((self.entry.len(), entries.len()));
        let Some(before) = before else { return entries.get(end.checked_sub(next - step)?) };
        let gap = || entries.get(before + 1..end).unwrap_or_default().iter().filter(|entry| !entry.is_squash);
        gap().find(|entry| entry.makes_files()).or_else(|| gap().next())
    }

    /// Entries after the base that come from no line.
    fn strangers(&self, entries: &[Entry]) -> Vec<Problem> {
        let after_base = self.partner.iter().zip(entries).enumerate().skip(self.base_entries);
        let alone = after_base.filter(|(_, (partner, entry))| partner.is_none() && !entry.is_squash);
        let problem = |(index, (_, entry)): (usize, (&Option<usize>, &Entry))| {
            let is_fatal = entry.makes_files() || self.is_scratch && entry.keyword.is_none();
            // Labels and variables can be given on the command line of a build.
            if !is_fatal && matches!(entry.keyword, Some(Keyword::Arg | Keyword::Env | Keyword::Label)) {
                return None;
            }
            let (number, shown) = (index + 1, entry.shown());
            let message =
                format!("step {number} of the image's history (`{shown}`) comes from no line of the Dockerfile");
            Some(Problem { message, is_fatal, is_there: false })
        };
        alone.filter_map(problem).collect()
    }

    /// Whether the builder records no settings (ENV, CMD, USER …), only steps that write files.
    fn records_no_settings(&self, entries: &[Entry]) -> bool {
        let is_setting = |entry: &Entry| entry.keyword.is_some_and(|keyword| !makes_files(keyword));
        let mut ours = entries.iter().skip(self.base_entries).peekable();
        ours.peek().is_some() && !ours.any(is_setting)
    }

    /// Whether steps are paired at all, those that are not stand before all that are, and no entry of the build is left over: the
    /// history begins in the middle of the Dockerfile.
    pub(super) fn is_cut_off(&self, entries: &[Entry]) -> bool {
        let first = self.entry.iter().position(Option::is_some);
        let rest = first.and_then(|first| self.entry.get(first..)).unwrap_or_default();
        let is_whole = |entry: &Entry| entry.is_squash || !entry.makes_files();
        let alone = self.partner.iter().zip(entries).filter(|(partner, _)| partner.is_none());
        !rest.is_empty() && rest.iter().all(Option::is_some) && alone.into_iter().all(|(_, entry)| is_whole(entry))
    }

    /// Whether at least half of what writes files has a partner, on both sides.
    pub(super) fn is_mostly_matched(&self, steps: &[Step], entries: &[Entry]) -> bool {
        let writing = steps.iter().zip(&self.entry).filter(|(step, _)| makes_files(step.keyword));
        let (paired, alone): (Vec<_>, Vec<_>) = writing.partition(|(_, entry)| entry.is_some());
        let strangers = self.partner.iter().zip(entries).skip(self.base_entries);
        let strangers = strangers.filter(|(partner, entry)| partner.is_none() && entry.makes_files()).count();
        !paired.is_empty() && paired.len() >= alone.len().max(strangers)
    }

    /// What made the layer of the last entry in `since`, which starts after the entry of the layer below. `maker` is what
    /// made the entry itself.
    ///
    /// Builders that merge layers record every step but one as empty; the layer is then all of theirs.
    pub(super) fn layer_maker(&self, steps: &[Step], entries: &[Entry], since: Range<usize>, maker: Maker) -> Maker {
        let last = since.end.saturating_sub(1);
        let step_of = |index: usize| self.partner.get(index).copied().flatten().and_then(|step| steps.get(step));
        let writers: Vec<&Step> = since.filter_map(step_of).filter(|step| makes_files(step.keyword)).collect();
        let own = step_of(last);
        let is_squash = entries.get(last).is_some_and(|entry| entry.is_squash);
        let is_setting = own.is_some_and(|step| !makes_files(step.keyword) && step.keyword != Keyword::Workdir);
        let others = || writers.split_last().map_or(&[][..], |(_, others)| others);
        // Only RUN can write nothing in an ordinary build, and then not all but the last.
        let is_merged = is_squash
            || is_setting
            || others().iter().any(|step| step.keyword != Keyword::Run)
            || !others().is_empty() && self.is_only_layer(entries, last);
        match writers.as_slice() {
            _ if !is_merged => maker,
            [only] => Maker::Instruction(only.instruction),
            [] if is_setting => maker,
            _ => Maker::Unknown,
        }
    }

    /// Whether no other entry after the base made a layer, and none that writes files follows.
    fn is_only_layer(&self, entries: &[Entry], index: usize) -> bool {
        let ours = entries.iter().enumerate().skip(self.base_entries);
        ours.filter(|(i, entry)| !entry.is_empty || *i > index && entry.makes_files()).all(|(i, _)| i == index)
    }
}
