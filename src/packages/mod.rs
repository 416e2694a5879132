//! Package inventories, read from the databases and metadata an image carries.

mod apk;
mod bytes;
mod cargo;
mod composer;
mod copyright;
mod distro;
mod dpkg;
mod foreign;
mod gem;
mod golang;
mod history;
mod java;
mod licence;
mod model;
mod npm;
mod nuget;
mod owner;
mod probe;
mod purl;
mod python;
mod recorded;
mod rpm;
mod version;

use thiserror::Error;

use crate::image::{EntryKind, Node, Part, Problem, Tree, Wants};

pub use distro::Distro;
pub use history::PackageHistory;
pub use licence::{LicenceForm, normalise as normalise_licence};
pub use model::{Package, PackageKind, Packages};
pub use owner::owners;
pub use purl::key as purl_key;
pub use recorded::{Difference, Recorded, RecordedDigest, RecordedFile, RecordedKind, is_record, recorded};

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
    /// Whether the file at an absolute path is one.
    is_wanted: fn(&str) -> bool,
    /// Its packages; path and layer are the caller's to add.
    read: fn(&[u8]) -> Result<Vec<Package>, Unreadable>,
}

const METADATA: [Metadata; 5] = [
    Metadata { name: "npm package", is_wanted: npm::is_wanted, read: npm::read },
    Metadata { name: "Python package", is_wanted: python::is_wanted, read: python::read },
    Metadata { name: "Ruby gem", is_wanted: gem::is_wanted, read: gem::read },
    Metadata { name: "Composer list", is_wanted: composer::is_wanted, read: composer::read },
    Metadata { name: ".NET dependency list", is_wanted: nuget::is_wanted, read: nuget::read },
];

/// What an image has to be read for, so that [`inventory`] and [`PackageHistory::of`] find everything they need.
pub fn wants() -> Wants {
    Wants { capture_if: Some(is_wanted), probe: Some(probe::choose), purpose: "packages", ..Wants::default() }
}

/// Whether the content of the file at an absolute path is needed.
pub fn is_wanted(path: &str) -> bool {
    dpkg::is_database(path)
        || apk::is_database(path)
        || rpm::is_database(path)
        || copyright::is_wanted(path)
        || distro::is_wanted(path)
        || owner::is_list(path)
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
    foreign::tell(tree, &mut packages);
    copyright::add_licences(tree, &mut packages);
    read_metadata(tree, &mut packages);
    for package in &mut packages.list {
        package.purl = purl::of(package, packages.distro.as_ref());
    }
    packages.list.sort();
    packages.list.dedup();
    packages
}

/// What a file tells of packages.
struct Told {
    /// What the file is, for messages.
    name: &'static str,
    list: Vec<Package>,
    unreadable: Option<Unreadable>,
}

impl Told {
    fn new(name: &'static str, read: Result<Vec<Package>, Unreadable>) -> Self {
        match read {
            Ok(list) => Self { name, list, unreadable: None },
            Err(reason) => Self { name, list: Vec::new(), unreadable: Some(reason) },
        }
    }
}

fn read_metadata(tree: &Tree, packages: &mut Packages) {
    let mut untold = 0;
    for (path, node) in tree.nodes.iter().filter(|(_, node)| node.entry.kind == EntryKind::File) {
        for told in told_by(path, node) {
            packages.list.extend(told.list.into_iter().map(|package| Package {
                database: if package.database.is_empty() { path.clone() } else { package.database },
                layer: node.layer,
                ..package
            }));
            let Some(reason) = told.unreadable else { continue };
            if packages.problems.len() < MAX_TOLD {
                let name = told.name;
                packages.problem(node.layer, format!("the {name} {path} {reason}, so packages may be missing"));
            } else {
                untold += 1;
            }
        }
    }
    if untold > 0 {
        let message = format!("{untold} more files that tell of packages could not be read");
        packages.problems.push(Problem { layer: None, message });
    }
}

/// What a file tells of packages: by its content where that was kept, by what a probe found in it otherwise.
fn told_by(path: &str, node: &Node) -> Vec<Told> {
    if let Some(metadata) = METADATA.iter().find(|metadata| (metadata.is_wanted)(path)) {
        let unread = || Err(Unreadable::new("could not be read"));
        let content = node.entry.content.as_deref();
        return vec![Told::new(metadata.name, content.map_or_else(unread, metadata.read))];
    }
    let Some(probed) = &node.entry.probed else { return Vec::new() };
    let is_archive = probe::is_archive(path);
    let name = if is_archive { "Java archive" } else { "executable" };
    let mut told = if is_archive {
        vec![Told::new(name, Ok(java::packages(path, &probed.parts)))]
    } else {
        let read = |part: &Part| match part.name.as_str() {
            probe::CRATES => cargo::read(&part.content),
            _ => golang::read(&part.content),
        };
        probed.parts.iter().map(|part| Told::new(name, read(part))).collect()
    };
    let problem = probed.problem.as_ref().map(|problem| Err(Unreadable::new(problem)));
    told.extend(problem.map(|problem| Told::new(name, problem)));
    told
}
