//! What an image holds, unjudged: for people who want to look.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::attested::{only_attested, only_found};
use super::request::{CheckError, ImageRequest};
use crate::dockerfile::{self, BuildOptions, Dockerfile};
use crate::image::{self, AttestedPackage, Cache, Entry, Image, Progress, ReadOptions, Sbom, Tree, Wants};
use crate::packages::{self, Package, PackageHistory, PackageKind, Packages};
use crate::text::SourceText;
use crate::trace::{self, Trace};

/// What to look at.
pub struct InspectRequest<'a> {
    /// The image, and the one to compare it with.
    pub image: ImageRequest,
    /// The Dockerfile it was built from.
    pub dockerfile: Option<Arc<SourceText>>,
    /// How it was built.
    pub build: BuildOptions,
    /// Whether packages are wanted, which takes longer to read.
    pub with_packages: bool,
    /// Told while layers are read.
    pub progress: &'a (dyn Fn(Progress) + Sync),
    /// Where layers that were read before are kept.
    pub cache: Option<&'a Cache>,
}

/// An image, read.
#[derive(Debug)]
pub struct Inspection {
    /// The image.
    pub image: Image,
    /// All layers merged.
    pub tree: Tree,
    /// Its packages; none when they were not wanted.
    pub packages: Packages,
    /// The Dockerfile it was built from, when it is known.
    pub dockerfile: Option<Dockerfile>,
    /// Its layers traced to the Dockerfile.
    pub trace: Option<Trace>,
    /// The base it is compared with, when one is known.
    pub base: Option<InspectedBase>,
}

/// The base of an image.
#[derive(Debug)]
pub struct InspectedBase {
    /// What it is: a reference, or `the base (layers 1 to 3)`.
    pub name: String,
    /// Its merged tree.
    pub tree: Tree,
    /// Its packages.
    pub packages: Packages,
}

/// Reads what `request` asks for.
///
/// # Errors
/// When an image cannot be read at all.
pub fn inspect(request: &InspectRequest<'_>) -> Result<Inspection, CheckError> {
    let wants = if request.with_packages { packages::wants() } else { Wants::default() };
    let wants = Wants { digests: true, ..wants };
    let options =
        ReadOptions { platform: request.build.platform.clone(), progress: request.progress, cache: request.cache };
    let inventory = |tree: &Tree| if request.with_packages { packages::inventory(tree) } else { Packages::default() };
    let image = image::read(&request.image.reference, &wants, &options)?;
    let tree = Tree::merge(&image.layers);
    let mut packages = inventory(&tree);
    if request.with_packages {
        PackageHistory::of(&image).place(&mut packages);
    }
    let dockerfile = request.dockerfile.as_ref().map(dockerfile::parse);
    let foreign = trace::foreign(&image.config, &image.layers);
    let trace = dockerfile
        .as_ref()
        .filter(|_| foreign.is_none())
        .map(|dockerfile| trace::trace(dockerfile, request.build.target.as_deref(), &image.config, image.layers.len()));
    let boundary = trace.as_ref().map_or(foreign.and_then(|f| f.base_layers), |t| t.base_layers);
    let base = match (&request.image.base, boundary) {
        (Some(reference), _) => {
            let other = image::read(reference, &wants, &options)?;
            let tree = Tree::merge(&other.layers);
            Some(InspectedBase { name: other.reference, packages: inventory(&tree), tree })
        }
        (None, Some(layers)) => {
            let tree = Tree::merge(image.layers.get(..layers).unwrap_or_default());
            Some(InspectedBase {
                name: super::base::base_name(
                    layers,
                    super::base::identity(&image, dockerfile.as_ref(), trace.as_ref()),
                ),
                packages: inventory(&tree),
                tree,
            })
        }
        (None, None) => None,
    };
    Ok(Inspection { image, tree, packages, dockerfile, trace, base })
}

/// How something differs from the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiffKind {
    /// The base does not have it.
    Added,
    /// Only the base has it.
    Removed,
    /// Both have it, differently.
    Changed,
}

/// A file or package that differs from the base's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Difference {
    /// Path of a file, name of a package.
    pub name: String,
    /// How it differs.
    pub change: DiffKind,
    /// The package's manager; `None` of a file.
    pub kind: Option<PackageKind>,
    /// What the base has.
    pub before: Option<String>,
    /// What the image has.
    pub now: Option<String>,
}

impl Inspection {
    /// The lists of packages attested beside the image, each with what only it has and with what only the image has.
    pub fn attested(&self) -> Vec<(&Sbom, Vec<&AttestedPackage>, Vec<&Package>)> {
        let held = |sbom| (sbom, only_attested(sbom, &self.packages), only_found(sbom, &self.packages));
        self.image.attestations.sboms.iter().map(held).collect()
    }

    /// Files that differ from the base's, sorted by path; none when no base is known.
    pub fn file_differences(&self) -> Vec<Difference> {
        let Some(base) = &self.base else { return Vec::new() };
        let listed = |tree: &Tree| -> BTreeMap<(Option<PackageKind>, String), String> {
            tree.nodes.iter().map(|(path, node)| ((None, path.clone()), describe(&node.entry))).collect()
        };
        differences(listed(&base.tree), listed(&self.tree))
    }

    /// Packages that differ from the base's, sorted by name; none when no base is known.
    pub fn package_differences(&self) -> Vec<Difference> {
        let Some(base) = &self.base else { return Vec::new() };
        let listed = |packages: &Packages| -> BTreeMap<(Option<PackageKind>, String), String> {
            let mut versions: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
            for package in &packages.list {
                versions.entry((Some(package.kind), package.name.clone())).or_default().insert(&package.version);
            }
            versions.into_iter().map(|(key, v)| (key, v.into_iter().collect::<Vec<_>>().join(", "))).collect()
        };
        differences(listed(&base.packages), listed(&self.packages))
    }
}

/// What makes two entries of the same path equal, in words.
fn describe(entry: &Entry) -> String {
    let mut text = format!("{:04o} {}:{}", entry.mode, entry.uid, entry.gid);
    match (&entry.link, &entry.sha256) {
        (Some(target), None) => text.push_str(&format!(" -> {target}")),
        (_, Some(digest)) => {
            text.push_str(&format!(" {} bytes {}", entry.size, digest.get(..12).unwrap_or(digest)));
        }
        (None, None) => {}
    }
    text
}

type Listed = BTreeMap<(Option<PackageKind>, String), String>;

fn differences(mut before: Listed, now: Listed) -> Vec<Difference> {
    let mut found = Vec::new();
    for ((kind, name), now) in now {
        let before = before.remove(&(kind, name.clone()));
        if before.as_ref() != Some(&now) {
            let change = if before.is_some() { DiffKind::Changed } else { DiffKind::Added };
            found.push(Difference { name, change, kind, before, now: Some(now) });
        }
    }
    found.extend(before.into_iter().map(|((kind, name), before)| Difference {
        name,
        change: DiffKind::Removed,
        kind,
        before: Some(before),
        now: None,
    }));
    found.sort();
    found
}
