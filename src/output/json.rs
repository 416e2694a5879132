//! The `json` format: everything a report holds. Fields are only added within a schema version.

use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::{Format, Style};
use crate::check::{Coverage, ImageSummary, Judged, LayerFacts, Report, Suppressed, Waived};
use crate::finding::{ImagePlace, ImageWord, Origin, Place};
use crate::gate;
use crate::policy::Action;
use crate::rule::{Code, Confidence, Severity};
use crate::text::Edit;

/// Version of the shape this module writes.
pub const SCHEMA_VERSION: u32 = 1;

pub(super) const FORMAT: Format = Format {
    name: "json",
    aliases: &[],
    about: "Everything there is to know, versioned",
    has_notes: true,
    is_for_people: false,
    write,
};

fn write(report: &Report, _: Style, out: &mut dyn Write) -> io::Result<()> {
    let (stop, warn, go) = report.counts();
    let document = Document {
        schema: SCHEMA_VERSION,
        tool: ToolShown { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        verdict: report.verdict,
        counts: Counts { stop, warn, go },
        policy: PolicyShown { name: &report.policy.name, ruleset: report.policy.ruleset.to_string() },
        image: report.image.as_ref(),
        layers: &report.layers,
        coverage: &report.coverage,
        notes: &report.notes,
        baselined: report.baselined.len(),
        findings: report.findings.iter().map(FindingShown::of).collect(),
        suppressed: report.suppressed.iter().map(SuppressedShown::of).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    tool: ToolShown,
    verdict: Action,
    counts: Counts,
    policy: PolicyShown<'a>,
    image: Option<&'a ImageSummary>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    layers: &'a [LayerFacts],
    coverage: &'a Coverage,
    notes: &'a [String],
    /// Findings that the baseline hides.
    baselined: usize,
    findings: Vec<FindingShown<'a>>,
    suppressed: Vec<SuppressedShown<'a>>,
}

#[derive(Serialize)]
struct ToolShown {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Counts {
    stop: usize,
    warn: usize,
    go: usize,
}

#[derive(Serialize)]
struct PolicyShown<'a> {
    name: &'a str,
    ruleset: String,
}

/// A finding. Fields that hold nothing are left out.
#[derive(Serialize)]
struct FindingShown<'a> {
    rule: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    severity: Severity,
    confidence: Confidence,
    action: Action,
    origin: Origin,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    place: PlaceShown<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a ImagePlace>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<RelatedShown<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    subject: &'a str,
    fingerprint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_line: Option<Line<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waived: Option<&'a Waived>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_says: Option<&'a ImageWord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<FixShown<'a>>,
}

impl<'a> FindingShown<'a> {
    fn of(judged: &'a Judged) -> Self {
        let finding = &judged.finding;
        let related =
            |r: &'a crate::finding::Related| RelatedShown { place: PlaceShown(&r.place), message: &r.message };
        let trigger = judged.trigger.as_deref();
        Self {
            rule: finding.rule().id,
            code: finding.code,
            aliases: finding.other_names(),
            severity: finding.severity,
            confidence: finding.confidence,
            action: judged.action,
            origin: finding.origin,
            message: finding.message(),
            help: finding.help.as_deref(),
            place: PlaceShown(finding.place()),
            image: finding.in_image.as_ref(),
            related: finding.related.iter().map(related).collect(),
            subject: &finding.subject,
            fingerprint: &judged.fingerprint,
            trigger,
            trigger_id: trigger.map(|trigger| gate::trigger_id(finding, Some(trigger))),
            policy_line: judged
                .decided_by
                .as_ref()
                .map(|line| Line { path: line.source.path(), line: line.source.line(line.span.start) }),
            waived: judged.waived.as_ref(),
            image_says: finding.verdict_of_image.as_ref(),
            fix: finding.fix.as_ref().map(|fix| FixShown {
                safe: fix.is_safe(),
                description: fix.description(),
                path: fix.source(finding.place()).map(|source| source.path()),
                creates: fix.other().is_some_and(|other| other.is_new),
                edits: fix.edits().iter().map(EditShown::of).collect(),
            }),
        }
    }
}

#[derive(Serialize)]
struct RelatedShown<'a> {
    place: PlaceShown<'a>,
    message: &'a str,
}

#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    line: usize,
}

#[derive(Serialize)]
struct FixShown<'a> {
    safe: bool,
    description: &'a str,
    /// The file that is edited.
    path: Option<&'a str>,
    /// It is not there yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    creates: bool,
    edits: Vec<EditShown<'a>>,
}

/// Byte offsets into the file, the end exclusive.
#[derive(Serialize)]
struct EditShown<'a> {
    start: usize,
    end: usize,
    text: &'a str,
}

impl<'a> EditShown<'a> {
    fn of(edit: &'a Edit) -> Self {
        Self { start: edit.span.start, end: edit.span.end, text: &edit.text }
    }
}

/// A finding that a comment in the source asks to leave out; `by` is the comment.
#[derive(Serialize)]
struct SuppressedShown<'a> {
    rule: &'static str,
    aliases: Vec<String>,
    message: &'a str,
    place: PlaceShown<'a>,
    reason: &'a str,
    by: Option<PlaceShown<'a>>,
}

impl<'a> SuppressedShown<'a> {
    fn of(left_out: &'a Suppressed) -> Self {
        let finding = &left_out.finding;
        Self {
            rule: finding.rule().id,
            aliases: finding.other_names(),
            message: finding.message(),
            place: PlaceShown(finding.place()),
            reason: &left_out.reason,
            by: left_out.by.as_ref().map(PlaceShown),
        }
    }
}

/// A place: `path`, and lines and columns counted from 1 (columns in characters, ends exclusive) where it has them.
struct PlaceShown<'a>(&'a Place);

#[derive(Serialize)]
struct FilePlace<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<usize>,
}

impl Serialize for PlaceShown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let at = |path, line| FilePlace { path, line, column: None, end_line: None, end_column: None };
        match self.0 {
            Place::Image(inside) => inside.serialize(serializer),
            Place::File { path, line } => at(path, *line).serialize(serializer),
            Place::Source { source, .. } => match self.0.region() {
                None => at(source.path(), None).serialize(serializer),
                Some(region) => FilePlace {
                    path: source.path(),
                    line: Some(region.start.line),
                    column: Some(region.start.column),
                    end_line: Some(region.end.line),
                    end_column: Some(region.end.column),
                }
                .serialize(serializer),
            },
        }
    }
}
