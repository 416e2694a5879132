//! The views as JSON. Fields are only added within a schema version. Layers count from 0, as they do in every report.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::View;
use crate::check::Inspection;
use crate::image::{AttestedPackage, Sbom};
use crate::output::SCHEMA_VERSION;
use crate::packages::Package;
use crate::secrets;
use crate::trace::Maker;

pub(super) fn write(inspection: &Inspection, view: View, out: &mut dyn Write) -> io::Result<()> {
    let image = &inspection.image;
    let mut document = json!({
        "schema": SCHEMA_VERSION,
        "image": { "reference": image.reference, "id": image.id, "tags": image.tags },
        "problems": super::problems(inspection),
    });
    let shown = match view {
        View::Packages => {
            json!({
                "distro": inspection.packages.distro, "packages": inspection.packages.list, "sboms": sboms(inspection),
            })
        }
        View::Files => json!({ "files": files(inspection) }),
        View::Layers => json!({ "layers": layers(inspection) }),
        View::History => json!({ "history": history(inspection) }),
        View::Config => json!({ "config": config(inspection) }),
        View::Diff => json!({
            "base": inspection.base.as_ref().map(|base| &base.name),
            "packages": inspection.package_differences(),
            "files": inspection.file_differences(),
        }),
    };
    if let (Some(document), Value::Object(shown)) = (document.as_object_mut(), shown) {
        document.extend(shown);
    }
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// The lists of packages attested beside the image: what only they claim, and the package URLs of what only the image has.
fn sboms(inspection: &Inspection) -> Vec<Value> {
    let list = |(sbom, claimed, found): (&Sbom, Vec<&AttestedPackage>, Vec<&Package>)| {
        let found: Vec<&str> = found.iter().map(|package| package.purl.as_str()).collect();
        json!({
            "format": sbom.format, "packages": sbom.packages.len(), "only_attested": claimed, "only_found": found,
        })
    };
    inspection.attested().into_iter().map(list).collect()
}

fn files(inspection: &Inspection) -> Vec<Value> {
    let file = |node: &crate::image::Node| {
        let entry = &node.entry;
        json!({
            "path": entry.path, "kind": entry.kind, "mode": format!("{:04o}", entry.mode), "uid": entry.uid,
            "gid": entry.gid, "size": entry.size, "sha256": entry.sha256, "link": entry.link, "layer": node.layer,
        })
    };
    inspection.tree.nodes.values().map(file).collect()
}

fn layers(inspection: &Inspection) -> Vec<Value> {
    let layers = inspection.image.layers.iter().zip(layer_makers(inspection));
    layers
        .map(|(layer, maker)| {
            json!({
                "layer": layer.index, "diff_id": layer.diff_id, "stored_size": layer.stored_size, "size": layer.size,
                "entries": layer.changes.len(), "created_by": maker, "from": origin(inspection, layer.index),
            })
        })
        .collect()
}

/// What the history says made each layer; nothing where history and layers do not fit together.
pub(super) fn layer_makers(inspection: &Inspection) -> Vec<Option<String>> {
    let makers = inspection.image.config.history.iter().filter(|entry| !entry.empty_layer);
    let makers: Vec<Option<String>> =
        makers.map(|entry| Some(secrets::masked(entry.created_by.trim())).filter(|text| !text.is_empty())).collect();
    let layers = inspection.image.layers.len();
    if makers.len() == layers { makers } else { vec![None; layers] }
}

/// Where a layer is from, when a Dockerfile tells: `base`, the place of an instruction (`Dockerfile:4`), or `unknown`.
pub(super) fn origin(inspection: &Inspection, layer: usize) -> Option<String> {
    let dockerfile = inspection.dockerfile.as_ref()?;
    Some(match inspection.trace.as_ref()?.layers.get(layer)? {
        Maker::Base => String::from("base"),
        Maker::Instruction(index) => {
            let start = dockerfile.instructions.get(*index)?.head_span.start;
            format!("{}:{}", dockerfile.source.path(), dockerfile.source.line(start))
        }
        Maker::Unknown => String::from("unknown"),
    })
}

fn history(inspection: &Inspection) -> Vec<Value> {
    let entries = inspection.image.config.history.iter();
    entries
        .map(|entry| {
            json!({
                "created": entry.created, "author": entry.author, "created_by": secrets::masked(entry.created_by.trim()),
                "comment": secrets::masked(&entry.comment), "empty_layer": entry.empty_layer,
            })
        })
        .collect()
}

/// The config without history and layers, which have views of their own, its secrets masked.
pub(super) fn config(inspection: &Inspection) -> Value {
    let config = &inspection.image.config;
    let mut document = json!({
        "architecture": config.architecture, "os": config.os, "variant": config.variant, "created": config.created,
    });
    let run = serde_json::to_value(&config.config).unwrap_or(Value::Null);
    if let (Some(document), Value::Object(run)) = (document.as_object_mut(), mask(run)) {
        document.extend(run);
    }
    document
}

fn mask(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(secrets::masked(&text)),
        Value::Array(list) => Value::Array(list.into_iter().map(mask).collect()),
        Value::Object(fields) => {
            let masked = fields.into_iter().map(|(key, value)| match value {
                Value::String(text) => {
                    let text = secrets::masked_value(&key, &text);
                    (key, Value::String(secrets::masked(&text)))
                }
                value => (key, mask(value)),
            });
            Value::Object(masked.collect::<Map<_, _>>())
        }
        value => value,
    }
}
