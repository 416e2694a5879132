//! The `sarif` format: SARIF 2.1.0 through serde-sarif, as code scanning services read it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use serde_sarif::sarif::{
    ArtifactChange, ArtifactContent, ArtifactLocation, Fix, Invocation, Location, LogicalLocation, Message,
    MultiformatMessageString, Notification, PhysicalLocation, PropertyBag, Region, Replacement, ReportingConfiguration,
    ReportingDescriptor, Result as SarifResult, ResultLevel, Run, RunAutomationDetails, Sarif, Suppression, Tool,
    ToolComponent,
};

use super::line_hash::line_hashes;
use super::{Format, Style};
use crate::check::{Judged, Report};
use crate::finding::{ImagePlace, Place};
use crate::rule::{Confidence, Rule, Severity};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// What code scanning computes line hashes into.
const LINE_HASH: &str = "primaryLocationLineHash";

pub(super) const FORMAT: Format = Format {
    name: "sarif",
    aliases: &[],
    about: "SARIF 2.1.0, for code scanning",
    has_notes: true,
    is_for_people: false,
    write,
};

fn write(report: &Report, _: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut used: Vec<&'static Rule> = report.findings.iter().map(|j| j.finding.rule()).collect();
    used.sort_by_key(|r| r.id);
    used.dedup();
    let driver = ToolComponent::builder()
        .name(env!("CARGO_PKG_NAME"))
        .semantic_version(env!("CARGO_PKG_VERSION"))
        .rules(used.iter().map(|r| descriptor(r)).collect::<Vec<_>>())
        .build();
    let mut hashes = LineHashes::default();
    let results: Vec<SarifResult> = report.findings.iter().map(|j| result(j, &used, &mut hashes)).collect();
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
        .automation_details(RunAutomationDetails::builder().id(category(report)).build())
        .results(results)
        .invocations(vec![invocation])
        .column_kind(json!("unicodeCodePoints"))
        .build();
    let sarif = Sarif::builder().schema(SCHEMA).version(json!("2.1.0")).runs(vec![run]).build();
    serde_json::to_writer_pretty(&mut *out, &sarif)?;
    writeln!(out)
}

/// What tells this run's results from those of another: what was looked at, never a tag or digest, so that it is the
/// same on the next commit. Services take what stands before the last slash as the category.
fn category(report: &Report) -> String {
    let scope = &report.scope;
    let what = [scope.dockerfile.as_deref(), scope.target.as_deref(), scope.platform.as_deref()];
    let parts: Vec<&str> = what.into_iter().flatten().collect();
    let phase = if report.image.is_some() { "gate" } else { "lint" };
    format!("{}/{phase}/{}/", env!("CARGO_PKG_NAME"), parts.join("/")).replace("//", "/")
}

fn descriptor(rule: &Rule) -> ReportingDescriptor {
    let mut fields = vec![
        ("precision", json!(precision(rule.confidence))),
        ("problem.severity", json!(problem_severity(rule.severity))),
        ("aliases", json!(rule.other_names().collect::<Vec<_>>())),
    ];
    if rule.tags.contains(&"security") {
        fields.push(("security-severity", json!(security_severity(rule.severity))));
    }
    let tags: Vec<String> = rule.tags.iter().map(|t| (*t).to_owned()).collect();
    let properties = PropertyBag { tags: Some(tags), ..bag(fields) };
    ReportingDescriptor::builder()
        .id(rule.id)
        .name(pascal_case(rule.id))
        .short_description(text(&sentence(rule.summary)))
        .full_description(text(&sentence(&rule.what())))
        .help(MultiformatMessageString::builder().text(rule.page).markdown(rule.page).build())
        .default_configuration(ReportingConfiguration::builder().level(json!(level(rule.severity).to_string())).build())
        .properties(properties)
        .build()
}

fn result(judged: &Judged, used: &[&'static Rule], hashes: &mut LineHashes) -> SarifResult {
    let finding = &judged.finding;
    let index = used.iter().position(|r| *r == finding.rule()).and_then(|i| i64::try_from(i).ok()).unwrap_or(-1);
    let mut text = sentence(finding.message());
    if let Some(help) = &finding.help {
        text = format!("{text}\nWhat to do: {}", sentence(help));
    }
    for (id, related) in finding.related.iter().enumerate() {
        text = format!("{text}\nSee [{}]({}).", related.message.replace(['[', ']'], ""), id + 1);
    }
    let inside = match finding.place() {
        Place::Image(place) => Some(place),
        Place::Source { .. } | Place::File { .. } => finding.in_image.as_ref(),
    };
    let mut primary = location(finding.place());
    primary.logical_locations = inside.map(|place| vec![logical(place)]);
    let related = finding.related.iter().enumerate().map(|(id, r)| {
        let mut location = location(&r.place);
        location.id = i64::try_from(id + 1).ok();
        location.message = Some(message(&r.message));
        location
    });
    let suppression = |reason: &str| {
        Suppression::builder().kind(json!("external")).status(json!("accepted")).justification(reason).build()
    };
    let mut properties = bag([
        ("action", json!(judged.action)),
        ("origin", json!(finding.origin)),
        ("confidence", json!(finding.confidence)),
    ]);
    properties.additional_properties.extend(finding.code.map(|code| ("code".to_owned(), json!(code))));
    let mut fingerprints = BTreeMap::from([("dockgate/v1".to_owned(), judged.fingerprint.clone())]);
    fingerprints.extend(hashes.of(finding.place()).map(|hash| (LINE_HASH.to_owned(), hash)));
    SarifResult::builder()
        .rule_id(finding.rule().id)
        .rule_index(index)
        .level(level(finding.severity))
        .message(message(&text))
        .locations(vec![primary])
        .related_locations(related.collect::<Vec<_>>())
        .suppressions(judged.waived.iter().map(|w| suppression(&w.reason)).collect::<Vec<_>>())
        .fixes(fix(judged).into_iter().collect::<Vec<_>>())
        .partial_fingerprints(fingerprints)
        .properties(properties)
        .build()
}

/// The finding's edits as replacements in its file.
fn fix(judged: &Judged) -> Option<Fix> {
    let fix = judged.finding.fix.as_ref()?;
    let Place::Source { source, .. } = judged.finding.place() else { return None };
    let replacements: Vec<Replacement> = fix
        .edits()
        .iter()
        .map(|edit| {
            Replacement::builder()
                .deleted_region(region(source.region(edit.span)))
                .inserted_content(ArtifactContent::builder().text(&edit.text).build())
                .build()
        })
        .collect();
    let change =
        ArtifactChange::builder().artifact_location(artifact(source.path())).replacements(replacements).build();
    Some(Fix::builder().description(message(&sentence(fix.description()))).artifact_changes(vec![change]).build())
}

/// Line hashes of the files met so far.
#[derive(Default)]
struct LineHashes(BTreeMap<String, Vec<String>>);

impl LineHashes {
    fn of(&mut self, place: &Place) -> Option<String> {
        let (file, _) = place.in_file()?;
        let hashes = self.0.entry(file.path().to_owned()).or_insert_with(|| line_hashes(file.text()));
        hashes.get(place.region()?.start.line - 1).cloned()
    }
}

/// A location with a file in it, whatever the place: what is only in an image is put at the start of the archive it was
/// read from, since consumers drop results without a file.
fn location(place: &Place) -> Location {
    let start = || Region::builder().start_line(1).build();
    let (path, region) = match place {
        Place::Source { source, .. } => (source.path(), place.region().map_or_else(start, region)),
        Place::File { path, line } => {
            let line = line.and_then(|l| i64::try_from(l).ok());
            (path.as_str(), line.map_or_else(start, |l| Region::builder().start_line(l).build()))
        }
        Place::Image(inside) => (inside.image.as_str(), start()),
    };
    let physical = PhysicalLocation::builder().artifact_location(artifact(path)).region(region).build();
    Location::builder().physical_location(physical).build()
}

fn artifact(path: &str) -> ArtifactLocation {
    ArtifactLocation::builder().uri(relative_uri(path)).uri_base_id("%SRCROOT%").build()
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
    let transport = path.split_once(':').filter(|(scheme, _)| scheme.ends_with("archive") || *scheme == "oci");
    let path = transport.map_or(path, |(_, path)| path);
    let mut uri = String::with_capacity(path.len());
    for byte in path.trim_start_matches('/').bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'@' | b'+' | b'=' | b',' => {
                uri.push(char::from(byte));
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

fn bag(fields: impl IntoIterator<Item = (&'static str, Value)>) -> PropertyBag {
    PropertyBag { tags: None, additional_properties: fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect() }
}

/// With a full stop, as SARIF's messages end.
fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?', ':']) { text.to_owned() } else { format!("{text}.") }
}

fn pascal_case(id: &str) -> String {
    id.split('-').map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect()
}

fn level(severity: Severity) -> ResultLevel {
    match severity {
        Severity::Error => ResultLevel::Error,
        Severity::Warning => ResultLevel::Warning,
        Severity::Info | Severity::Style => ResultLevel::Note,
    }
}

fn problem_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Style => "recommendation",
    }
}

/// On the scale of CVSS, for rules about security.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "8.0",
        Severity::Warning => "5.5",
        Severity::Info => "3.0",
        Severity::Style => "1.0",
    }
}

fn precision(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "very-high",
        Confidence::Medium => "high",
        Confidence::Low => "medium",
    }
}
