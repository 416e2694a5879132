//! Package inventories, read from the databases and metadata an image carries.

mod apk;
mod bytes;
mod composer;
mod copyright;
mod distro;
mod dpkg;
mod gem;
mod history;
mod licence;
mod model;
mod npm;
mod nuget;
mod purl;
mod python;
mod rpm;

use thiserror::Error;

use crate::image::{EntryKind, Node, Tree, Wants};

pub use distro::Distro;
pub use history::PackageHistory;
pub use licence::LicenceForm;
pub use model::{Package, PackageKind, Packages};

/// Problems with the metadata of single packages told one by one; the rest are counted.
const MAX_TOLD: usize = 20;

/// Why a file cannot be understood, as the end of a sentence about it: `is no JSON: …`.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0}")]
struct Unreadable(String);

impl Unreadable {
    fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Files that each tell of one package or of a few, wherever they are.
struct Metadata {
    /// What the files are, for messages.
    name: &'static str,
    kind: PackageKind,
    /// Whether the file at an absolute path is one.
    is_wanted: fn(&str) -> bool,
    /// Its packages; path, layer and kind are the caller's to add.
    read: fn(&[u8], &str) -> Result<Vec<Package>, Unreadable>,
}

const METADATA: [Metadata; 5] = [
    Metadata { name: "npm package", kind: PackageKind::Npm, is_wanted: npm::is_wanted, read: npm::read },
    Metadata { name: "Python package", kind: PackageKind::Pypi, is_wanted: python::is_wanted, read: python::read },
    Metadata { name: "Ruby gem", kind: PackageKind::Gem, is_wanted: gem::is_wanted, read: gem::read },
    Metadata {
        name: "Composer list",
        kind: PackageKind::Composer,
        is_wanted: composer::is_wanted,
        read: composer::read,
    },
    Metadata { name: ".NET dependency list", kind: PackageKind::Nuget, is_wanted: nuget::is_wanted, read: nuget::read },
];

/// What an image has to be read for, so that [`inventory`] and [`PackageHistory::of`] find everything they need.
pub fn wants() -> Wants {
    Wants { capture_if: Some(is_wanted), ..Wants::default() }
}

/// Whether the content of the file at an absolute path is needed.
fn is_wanted(path: &str) -> bool {
    dpkg::is_database(path)
        || apk::is_database(path)
        || rpm::is_database(path)
        || copyright::is_wanted(path)
        || distro::is_wanted(path)
        || METADATA.iter().any(|metadata| (metadata.is_wanted)(path))
}

/// A file of a distribution's package database.
struct DatabaseFile<'t> {
    /// The path it is known by.
    path: String,
    node: &'t Node,
    kind: PackageKind,
}

/// The files of the databases a tree has, those of dpkg first.
fn distribution_files(tree: &Tree) -> Vec<DatabaseFile<'_>> {
    let of =
        |kind, files: Vec<(String, _)>| files.into_iter().map(move |(path, node)| DatabaseFile { path, node, kind });
    let mut files: Vec<DatabaseFile<'_>> = of(PackageKind::Deb, dpkg::files(tree)).collect();
    files.extend(of(PackageKind::Apk, apk::files(tree)));
    files.extend(of(PackageKind::Rpm, rpm::files(tree)));
    files
}

fn read_distribution(files: &[DatabaseFile<'_>], packages: &mut Packages) {
    for DatabaseFile { path, node, kind } in files {
        match kind {
            PackageKind::Apk => apk::read(path, node, packages),
            PackageKind::Rpm => rpm::read(path, node, packages),
            _ => dpkg::read(path, node, packages),
        }
    }
}

/// The packages in a file system. A database that is there but cannot be read is a problem, never an empty list in
/// silence. The layer of a distribution's package is that of its database until [`PackageHistory::place`] knows better.
pub fn inventory(tree: &Tree) -> Packages {
    let mut packages = Packages { distro: distro::read(tree), ..Packages::default() };
    read_distribution(&distribution_files(tree), &mut packages);
    rpm::tell_logs(tree, &mut packages);
    copyright::add_licences(tree, &mut packages);
    read_metadata(tree, &mut packages);
    for package in &mut packages.list {
        package.purl = purl::of(package, packages.distro.as_ref());
    }
    packages.list.sort();
    packages.list.dedup();
    packages
}

fn read_metadata(tree: &Tree, packages: &mut Packages) {
    let mut untold = 0;
    for (path, node) in tree.nodes.iter().filter(|(_, node)| node.entry.kind == EntryKind::File) {
        let Some(metadata) = METADATA.iter().find(|metadata| (metadata.is_wanted)(path)) else { continue };
        let read = match &node.entry.content {
            Some(content) => (metadata.read)(content, path),
            None => Err(Unreadable::new("could not be read")),
        };
        match read {
            Ok(list) => packages.list.extend(list.into_iter().map(|package| Package {
                kind: metadata.kind,
                database: path.clone(),
                layer: node.layer,
                ..package
            })),
            Err(reason) if packages.problems.len() < MAX_TOLD => {
                let name = metadata.name;
                packages.problem(node.layer, format!("the {name} {path} {reason}, so packages may be missing"));
            }
            Err(_) => untold += 1,
        }
    }
    if untold > 0 {
        packages.problems.push(crate::image::Problem {
            layer: None,
            message: format!("{untold} more files that tell of packages could not be read"),
        });
    }
}
