//! The `sarif` format: SARIF 2.1.0 through serde-sarif.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use serde_sarif::sarif::{
    ArtifactLocation, Invocation, Location, LogicalLocation, Message, MultiformatMessageString, Notification,
    PhysicalLocation, PropertyBag, Region, ReportingConfiguration, ReportingDescriptor, Result as SarifResult,
    ResultLevel, Run, Sarif, Suppression, Tool, ToolComponent,
};

use crate::check::{Judged, Report};
use crate::finding::{ImagePlace, Place};
use crate::rule::{self, Confidence, Rule, Severity};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut used: Vec<&'static Rule> = report.findings.iter().map(|j| j.finding.rule()).collect();
    used.sort_by_key(|r| r.id);
    used.dedup();
    let driver = ToolComponent::builder()
        .name(env!("CARGO_PKG_NAME"))
        .semantic_version(env!("CARGO_PKG_VERSION"))
        .rules(used.iter().map(|r| descriptor(r)).collect::<Vec<_>>())
        .build();
    let results: Vec<SarifResult> = report.findings.iter().map(|j| result(j, &used)).collect();
    let notes: Vec<Notification> = report
        .notes
        .iter()
        .map(|note| Notification::builder().level(json!("warning")).message(message(note)).build())
        .collect();
    let invocation = Invocation::builder()
        .execution_successful(true)
        .tool_execution_notifications(notes)
        .properties(bag([("coverage", json!(report.coverage)), ("verdict", json!(report.verdict))]))
        .build();
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .results(results)
        .invocations(vec![invocation])
        .column_kind(json!("unicodeCodePoints"))
        .build();
    let sarif = Sarif::builder().schema(SCHEMA).version(json!("2.1.0")).runs(vec![run]).build();
    serde_json::to_writer_pretty(&mut *out, &sarif)?;
    writeln!(out)
}

fn descriptor(rule: &Rule) -> ReportingDescriptor {
    let tags: Vec<String> = rule.tags.iter().map(|t| (*t).to_owned()).collect();
    let properties = bag([
        ("precision", json!(precision(rule.confidence))),
        ("problem.severity", json!(problem_severity(rule.severity))),
        ("aliases", json!(rule.other_names().collect::<Vec<_>>())),
    ]);
    let properties = PropertyBag { tags: Some(tags), ..properties };
    ReportingDescriptor::builder()
        .id(rule.id)
        .name(rule.id)
        .short_description(text(rule.summary))
        .full_description(text(rule.summary))
        .help(MultiformatMessageString::builder().text(rule.page).markdown(rule.page).build())
        .default_configuration(ReportingConfiguration::builder().level(json!(level(rule.severity))).build())
        .properties(properties)
        .build()
}

fn result(judged: &Judged, used: &[&'static Rule]) -> SarifResult {
    let finding = &judged.finding;
    let index = used.iter().position(|r| *r == finding.rule()).and_then(|i| i64::try_from(i).ok()).unwrap_or(-1);
    let text = match &finding.help {
        Some(help) => format!("{}\n{help}", finding.message()),
        None => finding.message().to_owned(),
    };
    let inside = match finding.place() {
        Place::Image(place) => Some(place),
        _ => finding.in_image.as_ref(),
    };
    let mut primary = location(finding.place());
    primary.logical_locations = inside.map(|place| vec![logical(place)]);
    let related: Vec<Location> = finding
        .related
        .iter()
        .enumerate()
        .map(|(id, r)| {
            let mut location = location(&r.place);
            location.id = i64::try_from(id + 1).ok();
            location.message = Some(message(&r.message));
            location
        })
        .collect();
    let suppressions: Vec<Suppression> = judged
        .waived
        .iter()
        .map(|w| {
            Suppression::builder().kind(json!("external")).status(json!("accepted")).justification(&w.reason).build()
        })
        .collect();
    SarifResult::builder()
        .rule_id(finding.rule().id)
        .rule_index(index)
        .level(match finding.severity {
            Severity::Error => ResultLevel::Error,
            Severity::Warning => ResultLevel::Warning,
            Severity::Info | Severity::Style => ResultLevel::Note,
        })
        .message(message(&text))
        .locations(vec![primary])
        .related_locations(related)
        .suppressions(suppressions)
        .partial_fingerprints(BTreeMap::from([("dockgate/v1".to_owned(), judged.fingerprint.clone())]))
        .properties(bag([
            ("action", json!(judged.action)),
            ("origin", json!(finding.origin)),
            ("confidence", json!(finding.confidence)),
        ]))
        .build()
}

/// A location with a file in it, whatever the place: what is only in an image is put at the start of the archive it was
/// read from, since consumers drop results without a file.
fn location(place: &Place) -> Location {
    let start = || Region::builder().start_line(1).build();
    let (path, region) = match place {
        Place::Source { source, .. } => (source.path().to_owned(), place.region().map_or_else(start, region)),
        Place::File { path, line } => (
            path.clone(),
            line.and_then(|l| i64::try_from(l).ok()).map_or_else(start, |l| Region::builder().start_line(l).build()),
        ),
        Place::Image(inside) => (inside.image.clone(), start()),
    };
    let artifact = ArtifactLocation::builder().uri(relative_uri(&path)).uri_base_id("%SRCROOT%").build();
    Location::builder()
        .physical_location(PhysicalLocation::builder().artifact_location(artifact).region(region).build())
        .build()
}

fn region(region: crate::text::Region) -> Region {
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    Region::builder()
        .start_line(number(region.start.line))
        .start_column(number(region.start.column))
        .end_line(number(region.end.line))
        .end_column(number(region.end.column))
        .build()
}

fn logical(place: &ImagePlace) -> LogicalLocation {
    let path = place.path.as_deref().unwrap_or("");
    let layer = place.layer.as_ref().map(|l| format!(" in layer {} ({})", l.index + 1, l.diff_id)).unwrap_or_default();
    LogicalLocation::builder().fully_qualified_name(format!("{}{path}{layer}", place.image)).kind("resource").build()
}

/// A path as a relative URI reference: what is not allowed in one is percent-encoded, and a transport in front goes.
fn relative_uri(path: &str) -> String {
    let path = path
        .split_once(':')
        .filter(|(scheme, _)| scheme.ends_with("archive") || *scheme == "oci")
        .map_or(path, |(_, p)| p);
    let mut uri = String::with_capacity(path.len());
    for byte in path.trim_start_matches('/').bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'@' | b'+' | b'=' | b',' => {
                uri.push(byte as char)
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

fn message(text: &str) -> Message {
    Message::builder().text(text).build()
}

fn text(text: &str) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(text).build()
}

fn bag<const N: usize>(fields: [(&str, Value); N]) -> PropertyBag {
    PropertyBag { tags: None, additional_properties: fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect() }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Style => "note",
    }
}

fn problem_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Style => "recommendation",
    }
}

fn precision(confidence: rule::Confidence) -> &'static str {
    match confidence {
        Confidence::High => "very-high",
        Confidence::Medium => "high",
        Confidence::Low => "medium",
    }
}
