//! Findings as SARIF's results.

use std::collections::BTreeMap;

use serde_json::json;
use serde_sarif::sarif::{
    ArtifactChange, ArtifactContent, Fix, Replacement, Result as SarifResult, ResultLevel, Suppression,
};

use super::places::{self, artifact, location};
use super::rules::Rules;
use super::{Profile, bag, message, sentence};
use crate::check::{Compared, Judged, Suppressed};
use crate::finding::{Finding, ImageWord, Place};
use crate::output::line_hash::line_hashes;
use crate::policy::{Action, Known};
use crate::rule::{self, Confidence, Severity, Target};

/// What code scanning computes line hashes into.
const LINE_HASH: &str = "primaryLocationLineHash";
/// Our own fingerprint, which survives moved lines.
const FINGERPRINT: &str = "dockgate/v1";
/// What a finding is about in an image, whatever its line.
const IMAGE_FINGERPRINT: &str = "dockgate/image/v1";

/// A finding that is in the report.
#[derive(Clone, Copy)]
pub(super) enum Shown<'a> {
    /// One the policy has decided on.
    Judged(&'a Judged),
    /// One that was known before and counts for nothing.
    Known(&'a Judged),
    /// One that a comment in the file asks to leave out.
    Suppressed(&'a Suppressed),
}

impl<'a> Shown<'a> {
    pub(super) fn finding(&self) -> &'a Finding {
        match self {
            Self::Judged(judged) | Self::Known(judged) => &judged.finding,
            Self::Suppressed(suppressed) => &suppressed.finding,
        }
    }
}

/// `compared` when the report was held against an earlier state, which each result then says of itself.
pub(super) fn results(
    shown: &[Shown<'_>],
    rules: &Rules,
    profile: Profile,
    compared: Option<&Compared>,
) -> Vec<SarifResult> {
    let mut hashes = LineHashes::default();
    let mut silenced = 0;
    let result = |shown: &Shown<'_>| {
        let finding = shown.finding();
        let fingerprint = match shown {
            Shown::Judged(judged) | Shown::Known(judged) => judged.fingerprint.clone(),
            Shown::Suppressed(suppressed) => {
                // Apart from those that count, and from each other.
                silenced += 1;
                format!("{}:0:{silenced}", suppressed.finding.fingerprint())
            }
        };
        let mut result = common(finding, &fingerprint, rules, profile, &mut hashes);
        let action = match shown {
            Shown::Judged(judged) | Shown::Known(judged) => {
                result.suppressions = Some(judged.waived.iter().map(|w| accepted("external", &w.reason)).collect());
                judged.action
            }
            Shown::Suppressed(suppressed) => {
                let mut suppression = accepted("inSource", &suppressed.reason);
                suppression.location = suppressed.by.as_ref().map(|by| location(by, profile));
                result.suppressions = Some(vec![suppression]);
                Action::Go
            }
        };
        if let Some(properties) = &mut result.properties {
            properties.additional_properties.insert("action".to_owned(), json!(action));
            if let Shown::Judged(Judged { decided_by: Some(line), .. })
            | Shown::Known(Judged { decided_by: Some(line), .. }) = shown
            {
                let place = format!("{}:{}", line.source.path(), line.source.line(line.span.start));
                properties.additional_properties.insert("policyLine".to_owned(), json!(place));
            }
        }
        if profile.reads_rank() {
            result.rank = Some(rank(finding, action));
        }
        if compared.is_some() {
            let state = if matches!(shown, Shown::Known(_)) { "unchanged" } else { "new" };
            result.baseline_state = Some(json!(state));
        }
        result
    };
    let mut results: Vec<SarifResult> = shown.iter().map(result).collect();
    let gone = compared.filter(|_| profile.reads_states()).into_iter().flat_map(|compared| &compared.gone);
    results.extend(
        gone.flat_map(|known| std::iter::repeat_n(known, known.count).enumerate())
            .filter_map(|(number, known)| absent(known, number, rules, profile)),
    );
    results
}

/// What is known of a finding that is not there any more.
fn absent(known: &Known, number: usize, rules: &Rules, profile: Profile) -> Option<SarifResult> {
    let target = rule::reported(&known.rule)?;
    let fingerprint =
        if number == 0 { known.fingerprint.clone() } else { format!("{}:{}", known.fingerprint, number + 1) };
    let mut result = SarifResult::builder()
        .rule_id(target.to_string())
        .level(level(target.rule.severity))
        .message(message("It is not there any more."))
        .locations(vec![location(&Place::file_path(&known.path), profile)])
        .partial_fingerprints(BTreeMap::from([(FINGERPRINT.to_owned(), fingerprint)]))
        .baseline_state(json!("absent"))
        .build();
    result.rule_index = rules.index(target);
    Some(result)
}

/// What does not depend on the policy.
fn common(
    finding: &Finding,
    fingerprint: &str,
    rules: &Rules,
    profile: Profile,
    hashes: &mut LineHashes,
) -> SarifResult {
    let target = Target { rule: finding.rule(), code: finding.code };
    let mut text = unlinked(&sentence(finding.message()));
    let mut advice: Vec<String> = finding.help.iter().map(|help| unlinked(&sentence(help))).collect();
    advice.extend(finding.fix.as_ref().filter(|fix| fix.is_safe()).map(|_| "`dockgate fix` does it.".to_owned()));
    if !advice.is_empty() {
        text = format!("{text}\nWhat to do: {}", advice.join(" "));
    }
    for (id, related) in finding.related.iter().enumerate() {
        text = format!("{text}\nSee [{}]({}).", related.message.replace(['[', ']'], ""), id + 1);
    }
    let inside = match finding.place() {
        Place::Image(place) => Some(place),
        Place::Source { .. } | Place::File { .. } => finding.in_image.as_ref(),
    };
    let mut primary = location(finding.place(), profile);
    primary.logical_locations = inside.map(places::logical);
    let related = finding.related.iter().enumerate().map(|(id, r)| {
        let mut location = location(&r.place, profile);
        location.id = i64::try_from(id + 1).ok();
        location.message = Some(message(&r.message));
        location
    });
    let mut properties = bag([("origin", json!(finding.origin)), ("confidence", json!(finding.confidence))]);
    let mut note = |name: &str, value| properties.additional_properties.insert(name.to_owned(), value);
    if let Some(code) = finding.code {
        note("code", json!(code));
    }
    match &finding.verdict_of_image {
        Some(ImageWord::Confirmed(because)) => drop(note("confirmedByImage", json!(because))),
        Some(ImageWord::Refuted(because)) => drop(note("refutedByImage", json!(because))),
        None => {}
    }
    let mut fingerprints = BTreeMap::from([(FINGERPRINT.to_owned(), fingerprint.to_owned())]);
    fingerprints.extend(finding.image_fingerprint().map(|about| (IMAGE_FINGERPRINT.to_owned(), about)));
    fingerprints.extend(hashes.of(finding.place(), fingerprint).map(|hash| (LINE_HASH.to_owned(), hash)));
    let mut result = SarifResult::builder()
        .rule_id(target.to_string())
        .level(level(finding.severity))
        .message(message(&text))
        .locations(vec![primary])
        .related_locations(related.collect::<Vec<_>>())
        .partial_fingerprints(fingerprints)
        .properties(properties)
        .build();
    result.rule_index = rules.index(target);
    if profile.reads_fixes() {
        result.fixes = Some(fix(finding, profile).into_iter().collect());
    }
    result
}

/// Text that SARIF would read a link to a place in, without one: a file may be called `[x](1)`.
fn unlinked(text: &str) -> String {
    text.replace("](", "] (")
}

fn accepted(kind: &str, reason: &str) -> Suppression {
    Suppression::builder().kind(json!(kind)).status(json!("accepted")).justification(reason).build()
}

/// The finding's edits as replacements in their file, its own or another.
fn fix(finding: &Finding, profile: Profile) -> Option<Fix> {
    let fix = finding.fix.as_ref()?;
    let source = fix.source(finding.place())?;
    let replacements: Vec<Replacement> = fix
        .edits()
        .iter()
        .map(|edit| {
            Replacement::builder()
                .deleted_region(places::region(source.region(edit.span), profile))
                .inserted_content(ArtifactContent::builder().text(&edit.text).build())
                .build()
        })
        .collect();
    if replacements.is_empty() {
        return None;
    }
    let change =
        ArtifactChange::builder().artifact_location(artifact(source.path())).replacements(replacements).build();
    Some(Fix::builder().description(message(&sentence(fix.description()))).artifact_changes(vec![change]).build())
}

/// Line hashes of the files met so far.
#[derive(Default)]
struct LineHashes(BTreeMap<String, Vec<String>>);

impl LineHashes {
    /// The hash of a place in a text as the uploader computes it; what is in no text, and so has no line that anybody could
    /// hash, is told apart by our own fingerprint.
    fn of(&mut self, place: &Place, fingerprint: &str) -> Option<String> {
        let Some((file, _)) = place.in_file() else { return Some(fingerprint.to_owned()) };
        let hashes = self.0.entry(file.path().to_owned()).or_insert_with(|| line_hashes(file.text()));
        hashes.get(place.region()?.start.line.checked_sub(1)?).cloned()
    }
}

pub(super) fn level(severity: Severity) -> ResultLevel {
    match severity {
        Severity::Error => ResultLevel::Error,
        Severity::Warning => ResultLevel::Warning,
        Severity::Info | Severity::Style => ResultLevel::Note,
    }
}

/// Importance from 0 to 100: by severity, above all by what the policy does about it.
fn rank(finding: &Finding, action: Action) -> f64 {
    let severity = match finding.severity {
        Severity::Error => 60.0,
        Severity::Warning => 40.0,
        Severity::Info => 15.0,
        Severity::Style => 5.0,
    };
    let confidence = match finding.confidence {
        Confidence::High => 10.0,
        Confidence::Medium => 5.0,
        Confidence::Low => 0.0,
    };
    let action = match action {
        Action::Stop => 25.0,
        Action::Warn => 5.0,
        Action::Go => 0.0,
    };
    severity + confidence + action
}
