//! What each layer of an image is: who made it, how large it is, and what it brought.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::collect::ImageModels;
use crate::dockerfile::Dockerfile;
use crate::image::{Change, EntryKind};
use crate::secrets;
use crate::trace::Maker;

/// Files named of a layer, the largest first.
const LARGEST: usize = 5;
/// Packages named of a layer.
const NAMED: usize = 12;

/// A layer of the image, as a report tells of it.
#[derive(Clone, Debug, Serialize)]
pub struct LayerFacts {
    /// Position, from 0 (the lowest).
    pub layer: usize,
    /// Digest of the uncompressed layer, `sha256:…`.
    pub diff_id: String,
    /// Bytes as stored, which depends on where the image lies and not on the image, so that JSON does not tell it.
    #[serde(skip)]
    pub stored_size: u64,
    /// Bytes uncompressed.
    pub size: u64,
    /// What made it.
    pub from: LayerOrigin,
    /// What the image's history says made it, secrets masked; `None` where history and layers do not fit together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// Files, links and devices that no lower layer has.
    pub added: usize,
    /// Those that a lower layer has too.
    pub changed: usize,
    /// What it takes away, with all below it counted as one.
    pub removed: usize,
    /// Packages it installed, or changed the version of.
    pub packages: usize,
    /// The first of them by name, as `name version`.
    pub package_names: Vec<String>,
    /// Its largest files, path and bytes.
    pub largest: Vec<(String, u64)>,
}

/// What made a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "made", rename_all = "lowercase")]
pub enum LayerOrigin {
    /// It came with the base image.
    Base,
    /// An instruction of the Dockerfile.
    Line {
        /// The Dockerfile, as reports print it.
        path: String,
        /// The line the instruction starts on, from 1.
        line: usize,
        /// The line it ends on.
        last: usize,
    },
    /// Not known.
    Unknown,
}

/// The facts of every layer, lowest first.
pub(super) fn facts(models: &ImageModels, dockerfile: Option<&Dockerfile>) -> Vec<LayerFacts> {
    let image = &models.image;
    let made: Vec<&str> =
        image.config.history.iter().filter(|entry| !entry.empty_layer).map(|entry| entry.created_by.trim()).collect();
    let is_told = made.len() == image.layers.len();
    let mut packages: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for package in &models.packages.list {
        packages.entry(package.layer).or_default().push(format!("{} {}", package.name, package.version));
    }
    let base_layers = models.base_layers().unwrap_or(0);
    let mut seen: HashSet<&str> = HashSet::new();
    let layers = image.layers.iter().zip(0..).map(|(layer, index)| {
        let (mut added, mut changed, mut removed) = (0, 0, 0);
        let mut files: Vec<(u64, &str)> = Vec::new();
        for change in &layer.changes {
            match change {
                Change::Whiteout(_) | Change::Opaque(_) => removed += 1,
                Change::Add(entry) => {
                    let is_new = seen.insert(&entry.path);
                    match entry.kind {
                        EntryKind::Directory => {}
                        _ if is_new => added += 1,
                        _ => changed += 1,
                    }
                    if entry.kind == EntryKind::File {
                        files.push((entry.size, &entry.path));
                    }
                }
            }
        }
        files.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        files.truncate(LARGEST);
        let from = match models.trace.as_ref().and_then(|trace| trace.layers.get(index)) {
            Some(Maker::Base) => LayerOrigin::Base,
            Some(Maker::Instruction(at)) => line(dockerfile, *at),
            Some(Maker::Unknown) | None if index < base_layers => LayerOrigin::Base,
            Some(Maker::Unknown) | None => LayerOrigin::Unknown,
        };
        let names = packages.remove(&index).unwrap_or_default();
        let created_by = made.get(index).filter(|text| is_told && !text.is_empty()).map(|text| secrets::masked(text));
        LayerFacts {
            layer: index,
            diff_id: layer.diff_id.clone(),
            stored_size: layer.stored_size,
            size: layer.size,
            from,
            created_by,
            added,
            changed,
            removed,
            packages: names.len(),
            package_names: names.into_iter().take(NAMED).collect(),
            largest: files.into_iter().map(|(size, path)| (path.to_owned(), size)).collect(),
        }
    });
    layers.collect()
}

fn line(dockerfile: Option<&Dockerfile>, instruction: usize) -> LayerOrigin {
    let found = dockerfile.and_then(|d| Some((d, d.instructions.get(instruction)?)));
    match found {
        Some((dockerfile, instruction)) => {
            let region = dockerfile.source.region(instruction.span);
            let path = dockerfile.source.path().to_owned();
            LayerOrigin::Line { path, line: region.start.line, last: region.end.line }
        }
        None => LayerOrigin::Unknown,
    }
}
