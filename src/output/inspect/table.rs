//! The views as tables. Rows stay whole, so that `grep` finds them.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};

use super::View;
use crate::check::{DiffKind, Difference, Inspection};
use crate::image::{AttestedPackage, Entry, EntryKind};
use crate::secrets;
use crate::text::escape;

pub(super) fn write(inspection: &Inspection, view: View, out: &mut dyn Write) -> io::Result<()> {
    let rows = match view {
        View::Packages => packages(inspection),
        View::Files => files(inspection),
        View::Layers => layers(inspection),
        View::History => history(inspection),
        View::Config => config(inspection),
        View::Diff => diff(inspection),
    };
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    for row in rows {
        table.add_row(row.iter().map(|cell| escape::line(cell).into_owned()));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim())?;
    }
    if view == View::Packages {
        attested(inspection, out)?;
    }
    for problem in super::problems(inspection) {
        writeln!(out, "note: {}", escape::line(problem))?;
    }
    Ok(())
}

/// What lists attested beside the image say otherwise than what was found.
fn attested(inspection: &Inspection, out: &mut dyn Write) -> io::Result<()> {
    for (sbom, claimed, found) in inspection.attested() {
        let (format, all) = (escape::line(&sbom.format), sbom.packages.len());
        let there = all - claimed.len();
        writeln!(
            out,
            "note: of the {all} packages that the attested SBOM ({format}) lists, {there} were found in the image"
        )?;
        for AttestedPackage { name, version, purl } in claimed {
            let line = format!("{name} {version} {}", purl.as_deref().unwrap_or_default());
            writeln!(out, "only attested: {}", escape::line(line.trim()))?;
        }
        for package in found {
            writeln!(
                out,
                "not attested: {}",
                escape::line(&format!("{} {} {}", package.name, package.version, package.purl))
            )?;
        }
    }
    Ok(())
}

/// Cells, the first row the head.
type Rows = Vec<Vec<String>>;

fn head(names: &[&str]) -> Rows {
    vec![names.iter().map(|name| (*name).to_owned()).collect()]
}

fn packages(inspection: &Inspection) -> Rows {
    let mut rows = head(&["name", "version", "kind", "architecture", "layer", "licences", "from"]);
    rows.extend(inspection.packages.list.iter().map(|package| {
        vec![
            package.name.clone(),
            package.version.clone(),
            package.kind.as_str().to_owned(),
            package.architecture.clone().unwrap_or_default(),
            (package.layer + 1).to_string(),
            package.licences.join(", "),
            package.database.clone(),
        ]
    }));
    rows
}

fn files(inspection: &Inspection) -> Rows {
    let mut rows = head(&["mode", "owner", "size", "layer", "path"]);
    rows.extend(inspection.tree.nodes.values().map(|node| {
        let entry = &node.entry;
        let path = match &entry.link {
            Some(target) => format!("{} -> {target}", entry.path),
            None => entry.path.clone(),
        };
        let owner = format!("{}:{}", entry.uid, entry.gid);
        vec![mode(entry), owner, entry.size.to_string(), (node.layer + 1).to_string(), path]
    }));
    rows
}

/// Kind and permissions as `ls -l` shows them.
fn mode(entry: &Entry) -> String {
    let kind = match entry.kind {
        EntryKind::File | EntryKind::Hardlink => '-',
        EntryKind::Directory => 'd',
        EntryKind::Symlink => 'l',
        EntryKind::CharDevice => 'c',
        EntryKind::BlockDevice => 'b',
        EntryKind::Fifo => 'p',
    };
    let mut text = String::from(kind);
    for (shift, special, mark) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = entry.mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (entry.mode & special != 0, bits & 1 != 0) {
            (true, true) => mark,
            (true, false) => mark.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

fn layers(inspection: &Inspection) -> Rows {
    let makers = super::json::layer_makers(inspection);
    let mut rows = head(&["layer", "diff id", "stored", "size", "entries", "from", "made by"]);
    rows.extend(inspection.image.layers.iter().zip(makers).map(|(layer, maker)| {
        let diff_id = layer.diff_id.strip_prefix("sha256:").unwrap_or(&layer.diff_id);
        vec![
            (layer.index + 1).to_string(),
            diff_id.get(..12).unwrap_or(diff_id).to_owned(),
            layer.stored_size.to_string(),
            layer.size.to_string(),
            layer.changes.len().to_string(),
            super::json::origin(inspection, layer.index).unwrap_or_default(),
            maker.unwrap_or_default(),
        ]
    }));
    rows
}

fn history(inspection: &Inspection) -> Rows {
    let mut rows = head(&["step", "layer", "created", "created by"]);
    let mut layer = 0;
    rows.extend(inspection.image.config.history.iter().zip(1..).map(|(entry, step)| {
        let made = if entry.empty_layer {
            String::from("-")
        } else {
            layer += 1;
            layer.to_string()
        };
        vec![
            step.to_string(),
            made,
            entry.created.clone().unwrap_or_default(),
            secrets::masked(entry.created_by.trim()),
        ]
    }));
    rows
}

/// One row a setting, nested ones with dots; what is not set has none.
fn config(inspection: &Inspection) -> Rows {
    fn put(rows: &mut Rows, name: &str, value: &serde_json::Value) {
        match value {
            serde_json::Value::Object(fields) if !fields.is_empty() => {
                for (key, value) in fields {
                    put(rows, &if name.is_empty() { key.clone() } else { format!("{name}.{key}") }, value);
                }
            }
            serde_json::Value::String(text) if !text.is_empty() => rows.push(vec![name.to_owned(), text.clone()]),
            serde_json::Value::Array(list) if !list.is_empty() && name == "Env" => {
                rows.extend(list.iter().filter_map(|v| v.as_str()).map(|v| vec![name.to_owned(), v.to_owned()]));
            }
            serde_json::Value::Array(list) if list.is_empty() => {}
            serde_json::Value::Object(_) if name.split('.').count() > 1 => {
                rows.push(vec![name.to_owned(), String::new()])
            }
            serde_json::Value::Null | serde_json::Value::String(_) | serde_json::Value::Object(_) => {}
            value => rows.push(vec![name.to_owned(), value.to_string()]),
        }
    }
    let mut rows = head(&["setting", "value"]);
    put(&mut rows, "", &super::json::config(inspection));
    rows
}

fn diff(inspection: &Inspection) -> Rows {
    let mut rows = head(&["change", "what", "name", "in the base", "here"]);
    let row = |difference: Difference| {
        let change = match difference.change {
            DiffKind::Added => "added",
            DiffKind::Removed => "removed",
            DiffKind::Changed => "changed",
        };
        vec![
            change.to_owned(),
            difference.kind.map_or("file", |kind| kind.as_str()).to_owned(),
            difference.name,
            difference.before.unwrap_or_default(),
            difference.now.unwrap_or_default(),
        ]
    };
    rows.extend(inspection.package_differences().into_iter().map(row));
    rows.extend(inspection.file_differences().into_iter().map(row));
    rows
}
