//! The `sarif` format: SARIF 2.1.0 through serde-sarif, as code scanning services read it.
//!
//! What is written has been [validated](validate::validate) first: most services drop a whole report for one wrong field, and
//! tell nobody.

mod category;
mod compare;
mod merge;
mod places;
mod profile;
mod results;
mod rules;
mod trim;
mod validate;

use std::io::{self, Write};

use serde_json::{Value, json};
use serde_sarif::sarif::{
    ArtifactLocation, Invocation, Message, MultiformatMessageString, Notification, PropertyBag, Run,
    RunAutomationDetails, Sarif, Tool, ToolComponent, VersionControlDetails,
};

use super::{Format, Style};
use crate::check::Report;

pub use category::category_warning;
pub use compare::{Comparison, compare};
pub use merge::merge;
pub use profile::Profile;
pub use validate::{Fault, Weight, validate};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Where this program lives.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

pub(super) const FORMAT: Format = Format {
    name: "sarif",
    aliases: &[],
    about: "SARIF 2.1.0, for code scanning",
    has_notes: true,
    is_for_people: false,
    write,
};

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut room = trim::Room::of(style.sarif);
    loop {
        let sarif = document(report, style.sarif, room);
        let mut bytes = serde_json::to_vec_pretty(&sarif)?;
        bytes.push(b'\n');
        if let Some(less) = trim::fits(&bytes, room, style.sarif) {
            room = less;
            continue;
        }
        let value = serde_json::to_value(&sarif)?;
        if let Some(fault) = validate(&value, style.sarif).into_iter().find(|fault| fault.weight == Weight::Error) {
            return Err(io::Error::other(format!("the report would not be valid SARIF: {fault}")));
        }
        return out.write_all(&bytes);
    }
}

/// The report as one run of SARIF.
fn document(report: &Report, profile: Profile, room: trim::Room) -> Sarif {
    let (shown, left_out) = trim::choose(report, profile, room);
    let compared = report.compared.as_ref();
    let gone = compared.filter(|_| profile.reads_states()).map(|compared| compared.gone.as_slice());
    let rules = rules::Rules::of(&shown, gone.unwrap_or_default());
    let driver = ToolComponent::builder()
        .name(env!("CARGO_PKG_NAME"))
        .semantic_version(env!("CARGO_PKG_VERSION"))
        .information_uri(REPOSITORY)
        .rules(rules.descriptors())
        .build();
    let results = results::results(&shown, &rules, profile, compared);
    let notes = report.notes.iter().cloned().chain(left_out);
    let notes: Vec<Notification> =
        notes.map(|note| Notification::builder().level(json!("warning")).message(message(&note)).build()).collect();
    let (stop, warn, go) = report.counts();
    let invocation = Invocation::builder()
        .execution_successful(true)
        .tool_execution_notifications(notes)
        .properties(bag([
            ("coverage", json!(report.coverage)),
            ("verdict", json!(report.verdict)),
            ("counts", json!({ "stop": stop, "warn": warn, "go": go })),
            ("policy", json!(report.policy.name)),
        ]))
        .build();
    let mut run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .automation_details(RunAutomationDetails::builder().id(category::id(report)).build())
        .results(results)
        .invocations(vec![invocation])
        .column_kind(json!("unicodeCodePoints"))
        .build();
    run.version_control_provenance = report.scope.repository.as_ref().map(|repository| {
        let mut details = VersionControlDetails::builder()
            .repository_uri(&repository.url)
            .mapped_to(ArtifactLocation::builder().uri_base_id(places::ROOT).build())
            .build();
        details.revision_id.clone_from(&repository.revision);
        details.branch.clone_from(&repository.branch);
        vec![details]
    });
    Sarif::builder().schema(SCHEMA).version(json!("2.1.0")).runs(vec![run]).build()
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
