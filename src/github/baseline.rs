//! What was there before the change, so that only what is new is told.

use std::collections::BTreeSet;

use super::SarifReport;
use super::report::Item;

/// The findings of the base, by fingerprint. Two equal ones in a file have different fingerprints.
#[derive(Clone, Debug, Default)]
pub struct Baseline(BTreeSet<String>);

impl Baseline {
    /// Takes in the findings of a report on the base.
    pub fn add_report(&mut self, report: &SarifReport) {
        self.0.extend(report.items.iter().map(|item| item.fingerprint.clone()));
    }

    /// Takes in fingerprints of findings, as [`crate::check::Judged`] has them.
    pub fn add(&mut self, fingerprints: impl IntoIterator<Item = String>) {
        self.0.extend(fingerprints);
    }

    pub(super) fn has(&self, item: &Item) -> bool {
        self.0.contains(&item.fingerprint)
    }
}
