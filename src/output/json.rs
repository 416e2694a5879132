//! The `json` format: everything a report holds. Fields are only added within a schema version.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::{Format, Style};
use crate::check::{Judged, Report, Suppressed};
use crate::finding::{ImagePlace, Place};
use crate::gate;

/// Version of the shape this module writes.
pub const SCHEMA_VERSION: u32 = 1;

pub(super) const FORMAT: Format =
    Format { name: "json", aliases: &[], about: "Everything there is to know, versioned", has_notes: true, write };

fn write(report: &Report, _: Style, out: &mut dyn Write) -> io::Result<()> {
    let (stop, warn, go) = report.counts();
    let document = json!({
        "schema": SCHEMA_VERSION,
        "tool": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
        "verdict": report.verdict,
        "counts": { "stop": stop, "warn": warn, "go": go },
        "policy": { "name": report.policy.name, "ruleset": report.policy.ruleset.to_string() },
        "image": report.image,
        "coverage": report.coverage,
        "notes": report.notes,
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "suppressed": report.suppressed.iter().map(suppressed).collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn finding(judged: &Judged) -> Value {
    let finding = &judged.finding;
    let rule = finding.rule();
    let mut object = json!({
        "rule": rule.id,
        "code": finding.code,
        "aliases": finding.other_names(),
        "severity": finding.severity,
        "confidence": finding.confidence,
        "action": judged.action,
        "origin": finding.origin,
        "message": finding.message(),
        "help": finding.help,
        "place": place(finding.place()),
        "image": finding.in_image.as_ref().map(image),
        "related": finding.related.iter().map(|r| json!({ "place": place(&r.place), "message": r.message })).collect::<Vec<_>>(),
        "subject": finding.subject,
        "fingerprint": judged.fingerprint,
        "trigger": judged.trigger,
        "trigger_id": judged.trigger.as_deref().map(|trigger| gate::trigger_id(finding, Some(trigger))),
        "policy_line": judged.decided_by.as_ref().map(|l| json!({ "path": l.source.path(), "line": l.source.line(l.span.start) })),
        "waived": judged.waived,
        "image_says": finding.verdict_of_image,
        "fix": finding.fix.as_ref().map(|fix| json!({
            "safe": fix.is_safe(),
            "description": fix.description(),
            "edits": fix.edits().iter().map(|e| json!({ "start": e.span.start, "end": e.span.end, "text": e.text })).collect::<Vec<_>>(),
        })),
    });
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|_, value| !is_empty(value));
    }
    object
}

/// A finding that a comment in the source asks to leave out; `by` is the comment.
fn suppressed(left_out: &Suppressed) -> Value {
    let finding = &left_out.finding;
    json!({
        "rule": finding.rule().id,
        "aliases": finding.rule().other_names().collect::<Vec<_>>(),
        "message": finding.message(),
        "place": place(finding.place()),
        "reason": left_out.reason,
        "by": left_out.by.as_ref().map(place),
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(s) => s.is_empty(),
        Value::Array(a) => a.is_empty(),
        _ => false,
    }
}

/// A place: `path`, and lines and columns counted from 1 (columns in characters, ends exclusive) where it has them.
fn place(place: &Place) -> Value {
    let mut fields = Map::new();
    match place {
        Place::Source { source, .. } => {
            fields.insert("path".into(), source.path().into());
            if let Some(region) = place.region() {
                fields.insert("line".into(), region.start.line.into());
                fields.insert("column".into(), region.start.column.into());
                fields.insert("end_line".into(), region.end.line.into());
                fields.insert("end_column".into(), region.end.column.into());
            }
        }
        Place::File { path, line } => {
            fields.insert("path".into(), path.as_str().into());
            if let Some(line) = line {
                fields.insert("line".into(), (*line).into());
            }
        }
        Place::Image(inside) => return image(inside),
    }
    Value::Object(fields)
}

fn image(place: &ImagePlace) -> Value {
    serde_json::to_value(place).unwrap_or(Value::Null)
}
