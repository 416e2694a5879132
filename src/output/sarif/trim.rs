//! What of a report a service takes: the worst of it, and a word on the rest.

use std::cmp::Reverse;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::Profile;
use super::results::Shown;
use crate::check::{Comparison, Judged, Report};
use crate::policy::Action;

/// The most results there is room for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Room(Option<usize>);

impl Room {
    /// What the service takes of a report, whatever its bytes.
    pub(super) fn of(profile: Profile) -> Self {
        Self(profile.most_results())
    }
}

/// Whether `bytes` fit; `None` when they do, else room for fewer results.
pub(super) fn fits(bytes: &[u8], room: Room, profile: Profile) -> Option<Room> {
    let most = profile.most_bytes()?;
    // Nothing gets larger by being packed, so that most reports need not be.
    if bytes.len() <= most || room.0 == Some(0) {
        return None;
    }
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    let packed = packer.write_all(bytes).and_then(|()| packer.finish()).map_or(usize::MAX, |packed| packed.len());
    let less = room.0.unwrap_or(usize::MAX) / 2;
    (packed > most).then_some(Room(Some(less)))
}

/// What is shown, in the report's order, and in words what is not.
pub(super) fn choose(report: &Report, profile: Profile, room: Room) -> (Vec<Shown<'_>>, Vec<String>) {
    let mut left_out = Vec::new();
    let takes_waived = profile.reads_suppressions();
    let mut shown: Vec<Shown<'_>> =
        report.findings.iter().filter(|j| takes_waived || j.waived.is_none()).map(Shown::Judged).collect();
    let hidden = report.findings.len() - shown.len();
    // A service that holds a change against the state before it by itself takes what is missing for mended.
    let is_before = report.compared.as_ref().is_some_and(|compared| compared.with == Comparison::Before);
    if is_before || profile.reads_states() {
        shown.extend(report.baselined.iter().map(Shown::Known));
        shown.sort_by_cached_key(|shown| shown.finding().sort_key());
    } else if !report.baselined.is_empty() {
        let hidden = report.baselined.len();
        left_out.push(format!(
            "{hidden} findings that the baseline lists are not in this report, since they would be shown as open"
        ));
    }
    if takes_waived {
        shown.extend(report.suppressed.iter().map(Shown::Suppressed));
    } else if hidden + report.suppressed.len() > 0 {
        let silenced = report.suppressed.len();
        left_out.push(format!(
            "{hidden} waived findings and {silenced} silenced by comments are not in this report, since they would be shown as open"
        ));
    }
    if let Some(most) = room.0.filter(|most| *most < shown.len()) {
        let all = shown.len();
        let mut order: Vec<usize> = (0..all).collect();
        order.sort_by_key(|index| shown.get(*index).map(weight));
        let (kept, rest) = order.split_at(most);
        let of = |action| {
            let is_of = |shown: &Shown<'_>| matches!(shown, Shown::Judged(judged) if judged.counted_action() == action);
            rest.iter().filter(|index| shown.get(**index).is_some_and(is_of)).count()
        };
        let (stop, warn, go) = (of(Action::Stop), of(Action::Warn), of(Action::Go));
        left_out.push(format!(
            "this report holds the worst {most} of {all} findings, which is what fits; {stop} STOP, {warn} WARN and {go} GO are left out"
        ));
        let mut kept = kept.to_vec();
        kept.sort_unstable();
        shown = kept.into_iter().filter_map(|index| shown.get(index).copied()).collect();
    }
    (shown, left_out)
}

/// The worst first: what counts, what fails the run, how bad, how sure; among equals the report's order.
fn weight(shown: &Shown<'_>) -> impl Ord + use<> {
    let action = match shown {
        Shown::Judged(Judged { waived: None, action, .. }) => Some(*action),
        Shown::Judged(_) | Shown::Known(_) | Shown::Suppressed(_) => None,
    };
    let finding = shown.finding();
    Reverse((action, finding.severity, finding.confidence))
}
