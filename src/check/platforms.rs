//! One run for all platforms of an image: what is found on several is told once, with the platforms it is on.

use std::collections::{BTreeMap, HashMap};

use super::report::{Judged, Report};
use super::request::{CheckError, Request};
use super::run::{numbered, run};
use crate::rule::Phase;

/// Runs everything `request` asks for on each of the platforms, one after the other, so that no more than one image is in
/// memory. Without any platform, the image is judged as it is.
///
/// # Errors
/// As [`run`], for whichever platform.
pub fn run_on(mut request: Request<'_>, platforms: &[String]) -> Result<Report, CheckError> {
    let Some((first, others)) = platforms.split_first() else {
        request.build.platform = None;
        return run(&request);
    };
    request.build.platform = Some(first.clone());
    let mut all = run(&request)?;
    if others.is_empty() {
        return Ok(all);
    }
    let mut found: Vec<(Judged, usize)> = all.findings.drain(..).map(|judged| (judged, 0)).collect();
    let mut notes: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut note =
        |text: Vec<String>, platform| text.into_iter().for_each(|t| notes.entry(t).or_default().push(platform));
    note(std::mem::take(&mut all.notes), first.as_str());
    for (index, platform) in others.iter().enumerate() {
        request.build.platform = Some(platform.clone());
        let one = run(&request)?;
        found.extend(one.findings.into_iter().map(|judged| (judged, index + 1)));
        note(one.notes, platform);
        all.suppressed.extend(one.suppressed);
        all.verdict = all.verdict.max(one.verdict);
        all.coverage.layers += one.coverage.layers;
        all.coverage.image_entries += one.coverage.image_entries;
        all.coverage.packages += one.coverage.packages;
        all.coverage.bytes += one.coverage.bytes;
        all.coverage.rules.extend(one.coverage.rules);
        all.redactions.extend(one.redactions);
    }
    all.suppressed.sort_by_cached_key(|s| s.finding.sort_key());
    all.suppressed.dedup_by(|b, a| a.finding.sort_key() == b.finding.sort_key());
    all.findings = merge(found, platforms);
    all.notes = notes
        .into_iter()
        .map(|(text, on)| if on.len() == platforms.len() { text } else { format!("{}: {text}", on.join(", ")) })
        .collect();
    all.notes.push(format!("the image was judged for {}", platforms.join(", ")));
    all.notes.sort();
    all.scope.platform = Some("all".to_owned());
    Ok(all)
}

/// Equal findings become one, and findings of the image tell where they are so.
fn merge(mut found: Vec<(Judged, usize)>, platforms: &[String]) -> Vec<Judged> {
    found.sort_by_cached_key(|(judged, platform)| {
        (judged.finding.sort_key(), judged.trigger.clone(), judged.action, *platform)
    });
    let mut merged: Vec<(Judged, Vec<usize>)> = Vec::new();
    for (judged, platform) in found {
        let is_same = |known: &Judged| {
            known.finding.sort_key() == judged.finding.sort_key()
                && (&known.trigger, known.action, known.waived.is_some())
                    == (&judged.trigger, judged.action, judged.waived.is_some())
        };
        match merged.last_mut().filter(|(known, _)| is_same(known)) {
            Some((_, on)) => on.push(platform),
            None => merged.push((judged, vec![platform])),
        }
    }
    let mut seen = HashMap::new();
    let finished = merged.into_iter().map(|(mut judged, on)| {
        judged.fingerprint = numbered(&judged.finding, &mut seen);
        if judged.finding.rule().phase == Phase::Image {
            let on: Vec<&str> = on.iter().filter_map(|index| platforms.get(*index)).map(String::as_str).collect();
            judged.finding = judged.finding.on_platforms(&on);
        }
        judged
    });
    finished.collect()
}
