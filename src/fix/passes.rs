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

/// A file after it.
#[derive(Debug)]
pub struct Mended {
    /// As it was read.
    pub before: Arc<SourceText>,
    /// As it is to be; the same when nothing was fixed.
    pub after: Arc<SourceText>,
    /// Both as they may be shown: without secrets.
    pub shown: (Arc<SourceText>, Arc<SourceText>),
    /// How often each rule's fix was made.
    pub applied: BTreeMap<&'static str, usize>,
    /// Findings that are left, those that are waived not counted, by what the policy does about them.
    pub left: BTreeMap<Action, usize>,
    /// How many of them have a fix that was not asked for because a person should look at it.
    pub unsafe_left: usize,
    /// The fixes of the last pass were not made: they would break the file, or it never comes to rest.
    pub is_stuck: bool,
}

impl Mended {
    /// Whether anything changed.
    pub fn is_changed(&self) -> bool {
        !self.applied.is_empty()
    }
}

/// Fixes files, each with a path of its own, as far as it goes. `check` makes the report on them; `takes_all` also takes fixes that a person should
/// look at. Fixes are made rule by rule, sorted by id.
///
/// # Errors
/// Those of `check`.
pub fn mend<E>(
    sources: Vec<Arc<SourceText>>,
    takes_all: bool,
    check: impl Fn(Vec<Arc<SourceText>>) -> Result<Report, E>,
) -> Result<Vec<Mended>, E> {
    let new = |source: Arc<SourceText>| Mended {
        before: Arc::clone(&source),
        shown: (Arc::clone(&source), Arc::clone(&source)),
        after: source,
        applied: BTreeMap::new(),
        left: BTreeMap::new(),
        unsafe_left: 0,
        is_stuck: false,
    };
    let mut files: Vec<Mended> = sources.into_iter().map(new).collect();
    let mut open: Vec<usize> = (0..files.len()).collect();
    for pass in 0..=MAX_PASSES {
        let texts: Vec<Arc<SourceText>> =
            open.iter().filter_map(|i| files.get(*i)).map(|file| Arc::clone(&file.after)).collect();
        if texts.is_empty() {
            break;
        }
        let report = check(texts)?;
        let found = by_source(&report);
        let is_last = pass == MAX_PASSES;
        // Both are in order.
        let mut next = open.iter().copied().peekable();
        let is_open = |(index, _): &(usize, &mut Mended)| next.next_if_eq(index).is_some();
        let jobs: Vec<&mut Mended> = files.iter_mut().enumerate().filter(is_open).map(|(_, file)| file).collect();
        let changed: Vec<bool> = jobs
            .into_par_iter()
            .map(|file| {
                let found = found.get(file.after.path()).map_or(&[][..], Vec::as_slice);
                file.pass(found, &report, pass == 0, takes_all, is_last)
            })
            .collect();
        open = open.into_iter().zip(changed).filter(|(_, changed)| *changed).map(|(i, _)| i).collect();
    }
    Ok(files)
}

impl Mended {
    /// Takes stock, and makes the fixes of one pass; whether there were any.
    fn pass(&mut self, found: &[&Judged], report: &Report, is_first: bool, takes_all: bool, is_last: bool) -> bool {
        let shown = report.shown(&self.after);
        if is_first {
            self.shown.0 = Arc::clone(&shown);
        }
        self.shown.1 = shown;
        self.left.clear();
        found.iter().for_each(|judged| *self.left.entry(judged.action).or_default() += 1);
        let mut fixes: Vec<(&Judged, &Fix)> =
            found.iter().filter_map(|judged| Some((*judged, judged.finding.fix.as_ref()?))).collect();
        self.unsafe_left = fixes.iter().filter(|(_, fix)| !fix.is_safe()).count();
        fixes.retain(|(_, fix)| takes_all || fix.is_safe());
        if takes_all {
            self.unsafe_left = 0;
        }
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
