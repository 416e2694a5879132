//! Pass after pass, until a file stays as it is.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rayon::prelude::*;

use super::apply::apply;
use crate::check::{Judged, Report};
use crate::finding::{Fix, Place};
use crate::policy::Action;
use crate::text::SourceText;

/// After so many passes a file that still changes is left as it then is.
pub const MAX_PASSES: usize = 10;

/// Texts of other files as they are to be, by the path reports have for them.
pub type OtherTexts = BTreeMap<String, Arc<SourceText>>;

/// A file after it.
#[derive(Debug)]
pub struct Mended {
    /// As it was read; empty for a file that was not there.
    pub before: Arc<SourceText>,
    /// As it is to be; the same when nothing was fixed.
    pub after: Arc<SourceText>,
    /// Both as they may be shown: without secrets.
    pub shown: (Arc<SourceText>, Arc<SourceText>),
    /// It was not there.
    pub is_new: bool,
    /// How often each rule's fix was made.
    pub applied: BTreeMap<&'static str, usize>,
    /// Findings that are left in it, those that are waived not counted, by what the policy does about them.
    pub left: BTreeMap<Action, usize>,
    /// How many of them have a fix that was not asked for because a person should look at it.
    pub unsafe_left: usize,
    /// The fixes of the last pass were not made: they would break the file, or it never comes to rest.
    pub is_stuck: bool,
}

/// A finding and its fix.
type Wanted<'a> = (&'a Judged, &'a Fix);

/// What is wished of [`mend`].
#[derive(Clone, Copy, Debug)]
pub struct Wishes {
    /// Fixes that a person should look at are made too.
    pub takes_all: bool,
    /// What is found in a Dockerfile has nothing to do with the others or with files beside them, so that one which stays as
    /// it is need not be checked again.
    pub are_apart: bool,
}

/// Dockerfiles that are apart are mended so many at a time: few enough that all threads have some to the end, and so many
/// that what a check costs by itself does not count.
const AT_A_TIME: usize = 16;

/// Fixes Dockerfiles, each with a path of its own, and the files of their contexts that say what is left out, as far as it
/// goes. `check` makes the report on Dockerfiles, with other files as they are to be by then. Fixes are made rule by rule, sorted by id. The Dockerfiles come first, in their order, then
/// other files that a fix was meant for, by path.
///
/// # Errors
/// Those of `check`.
pub fn mend<E: Send>(
    sources: Vec<Arc<SourceText>>,
    wishes: Wishes,
    check: impl Fn(Vec<Arc<SourceText>>, &OtherTexts) -> Result<Report, E> + Sync,
) -> Result<Vec<Mended>, E> {
    if !wishes.are_apart {
        return mend_together(&sources, wishes, &check);
    }
    let parts: Vec<_> = sources.par_chunks(AT_A_TIME).map(|sources| mend_together(sources, wishes, &check)).collect();
    let mut files = Vec::with_capacity(sources.len());
    for part in parts {
        files.extend(part?);
    }
    Ok(files)
}

fn mend_together<E>(
    sources: &[Arc<SourceText>],
    wishes: Wishes,
    check: &impl Fn(Vec<Arc<SourceText>>, &OtherTexts) -> Result<Report, E>,
) -> Result<Vec<Mended>, E> {
    let mut files: Vec<Mended> = sources.iter().cloned().map(|source| Mended::new(source, false)).collect();
    let mut others: BTreeMap<String, Mended> = BTreeMap::new();
    let mut open: Vec<usize> = (0..files.len()).collect();
    for pass in 0..=MAX_PASSES {
        let texts: Vec<Arc<SourceText>> =
            open.iter().filter_map(|i| files.get(*i)).map(|file| Arc::clone(&file.after)).collect();
        if texts.is_empty() {
            break;
        }
        let changed = others.iter().filter(|(_, file)| file.is_changed());
        let report = check(texts, &changed.map(|(path, file)| (path.clone(), Arc::clone(&file.after))).collect())?;
        let found = by_source(&report);
        let is_last = pass == MAX_PASSES;
        // Both are in order.
        let mut next = open.iter().copied().peekable();
        let is_open = |(index, _): &(usize, &mut Mended)| next.next_if_eq(index).is_some();
        let jobs: Vec<&mut Mended> = files.iter_mut().enumerate().filter(is_open).map(|(_, file)| file).collect();
        let changed: Vec<(bool, Vec<Wanted<'_>>)> = jobs
            .into_par_iter()
            .map(|file| {
                let found = found.get(file.after.path()).map_or(&[][..], Vec::as_slice);
                file.take_stock(found, &report, pass == 0);
                let (fixes, elsewhere) = file.wanted(found, wishes.takes_all);
                (file.pass(fixes, is_last), elsewhere)
            })
            .collect();
        let mut elsewhere: BTreeMap<&str, Vec<Wanted<'_>>> = BTreeMap::new();
        for (judged, fix) in changed.iter().flat_map(|(_, elsewhere)| elsewhere.iter().copied()) {
            let Some(other) = fix.other() else { continue };
            elsewhere.entry(other.source.path()).or_default().push((judged, fix));
        }
        let mut is_other_changed = false;
        for (path, mut fixes) in elsewhere {
            fixes.sort_by_cached_key(|(judged, _)| judged.finding.sort_key());
            let Some(other) = fixes.first().and_then(|(_, fix)| fix.other()) else { continue };
            let file =
                others.entry(path.to_owned()).or_insert_with(|| Mended::new(Arc::clone(&other.source), other.is_new));
            // Somebody else may have written the file by now.
            fixes.retain(|(_, fix)| fix.other().is_some_and(|other| other.source.text() == file.after.text()));
            if file.pass(fixes, is_last) {
                is_other_changed = true;
                file.shown.1 = Arc::clone(&file.after);
            }
        }
        let changed: Vec<usize> =
            open.into_iter().zip(changed).filter(|(_, (changed, _))| *changed).map(|(index, _)| index).collect();
        open = match is_other_changed || !(wishes.are_apart || changed.is_empty()) {
            true => (0..files.len()).collect(),
            false => changed,
        };
    }
    files.extend(others.into_values());
    Ok(files)
}

impl Mended {
    fn new(source: Arc<SourceText>, is_new: bool) -> Self {
        Self {
            before: Arc::clone(&source),
            shown: (Arc::clone(&source), Arc::clone(&source)),
            after: source,
            is_new,
            applied: BTreeMap::new(),
            left: BTreeMap::new(),
            unsafe_left: 0,
            is_stuck: false,
        }
    }

    /// Whether anything changed.
    pub fn is_changed(&self) -> bool {
        !self.applied.is_empty()
    }

    /// Counts what is found in it.
    fn take_stock(&mut self, found: &[&Judged], report: &Report, is_first: bool) {
        let shown = report.shown(&self.after);
        if is_first {
            self.shown.0 = Arc::clone(&shown);
        }
        self.shown.1 = shown;
        self.left.clear();
        found.iter().for_each(|judged| *self.left.entry(judged.action).or_default() += 1);
    }

    /// The fixes to make, those of this file and those of others; counts those that are not taken.
    fn wanted<'r>(&mut self, found: &[&'r Judged], takes_all: bool) -> (Vec<Wanted<'r>>, Vec<Wanted<'r>>) {
        let mut fixes: Vec<Wanted<'r>> =
            found.iter().filter_map(|judged| Some((*judged, judged.finding.fix.as_ref()?))).collect();
        let before = fixes.len();
        fixes.retain(|(_, fix)| takes_all || fix.is_safe());
        self.unsafe_left = before - fixes.len();
        fixes.into_iter().partition(|(_, fix)| fix.other().is_none())
    }

    /// Makes the fixes of one pass; whether there were any.
    fn pass(&mut self, mut fixes: Vec<Wanted<'_>>, is_last: bool) -> bool {
        fixes.sort_by_key(|(judged, _)| (judged.finding.rule().id, judged.finding.code, judged.finding.place().span()));
        if fixes.is_empty() {
            return false;
        }
        let edits: Vec<&Fix> = fixes.iter().map(|(_, fix)| *fix).collect();
        match apply(&self.after, &edits).filter(|_| !is_last) {
            Some(fixed) if fixed.text.text() != self.after.text() => {
                self.after = fixed.text;
                for (judged, _) in fixed.applied.into_iter().filter_map(|index| fixes.get(index)) {
                    *self.applied.entry(judged.finding.rule().id).or_default() += 1;
                }
                true
            }
            _ => {
                self.is_stuck = true;
                false
            }
        }
    }
}

/// The findings that count, by the path of the text they are in.
fn by_source(report: &Report) -> HashMap<&str, Vec<&Judged>> {
    let mut found: HashMap<&str, Vec<&Judged>> = HashMap::new();
    for judged in report.findings.iter().filter(|judged| judged.waived.is_none()) {
        if let Place::Source { source, .. } = judged.finding.place() {
            found.entry(source.path()).or_default().push(judged);
        }
    }
    found
}
