//! The `table` format: the columns the `anchore` command printed, one row a finding, and the FINAL row.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};

use super::{Format, Style};
use crate::check::{Judged, Report};
use crate::gate;
use crate::text::escape;

const COLUMNS: [&str; 7] = ["Image Id", "Repo Tag", TRIGGER_ID, "Gate", "Trigger", "Check Output", "Gate Action"];
/// The column that is there when asked for.
const TRIGGER_ID: &str = "Trigger Id";

pub(super) const FORMAT: Format = Format {
    name: "table",
    aliases: &[],
    about: "The columns of Anchore's gates, and the FINAL row",
    has_notes: true,
    is_for_people: false,
    write,
};

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let (id, tag) = match &report.image {
        Some(image) => {
            let digest = image.id.strip_prefix("sha256:").unwrap_or(&image.id);
            (
                digest.get(..12).unwrap_or(digest).to_owned(),
                image.tags.first().cloned().unwrap_or_else(|| "None".into()),
            )
        }
        None => ("None".into(), "None".into()),
    };
    let mut table = Table::new();
    // Rows stay whole, so that `grep` finds them: no wrapping.
    let row = |cells: [&str; COLUMNS.len()]| {
        let shown = cells.into_iter().zip(COLUMNS).filter(|(_, column)| style.trigger_ids || *column != TRIGGER_ID);
        shown.map(|(cell, _)| escape::line(cell).into_owned()).collect::<Vec<_>>()
    };
    table.load_style(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(row(COLUMNS));
    for judged in report.findings.iter().filter(|j| !style.quiet || j.counted_action() > crate::policy::Action::Go) {
        let (gate, trigger) = gate_and_trigger(judged);
        let action = match &judged.waived {
            Some(_) => format!("GO (waived, was {})", judged.action),
            None => judged.action.to_string(),
        };
        let trigger_id = gate::trigger_id(&judged.finding, judged.trigger.as_deref());
        table.add_row(row([&id, &tag, &trigger_id, gate, trigger, &check_output(judged), &action]));
    }
    let verdict = report.verdict.to_string();
    table.add_row(row([&id, &tag, "N/A", "FINAL", "FINAL", "", &verdict]));
    writeln!(out, "{table}")?;
    for note in &report.notes {
        writeln!(out, "note: {}", escape::line(note))?;
    }
    Ok(())
}

/// The gate and trigger the policy asked by; else the rule's first Anchore trigger; else phase and id.
fn gate_and_trigger(judged: &Judged) -> (&str, &str) {
    let rule = judged.finding.rule();
    let named = judged.trigger.as_deref().or(rule.triggers.first().copied());
    named.and_then(|t| t.split_once(':')).unwrap_or(("DOCKGATE", rule.id))
}

/// The message, the file in the image and the Dockerfile line behind it.
fn check_output(judged: &Judged) -> String {
    let finding = &judged.finding;
    match finding.place().region() {
        Some(region) => format!("{} ({}:{})", finding.message(), finding.place().file(), region.start.line),
        None => finding.message().to_owned(),
    }
}
