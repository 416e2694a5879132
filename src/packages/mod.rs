//! Package inventories, read from the databases an image carries.

mod dpkg;
mod history;
mod version;

use serde::Serialize;

use crate::image::{Problem, Tree};

pub use history::PackageHistory;

/// An installed package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Package {
    /// Binary package name.
    pub name: String,
    /// Version as the database spells it.
    pub version: String,
    /// Architecture, when the database gives one.
    pub architecture: Option<String>,
    /// Source package, when it differs or is given.
    pub source: Option<String>,
    /// Which manager's: `deb`.
    pub kind: PackageKind,
    /// Its licences, each as the package spells it; empty when it tells of none.
    pub licences: Vec<String>,
    /// Absolute path of the database it was read from.
    pub database: String,
}

/// The manager a package belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageKind {
    /// dpkg.
    Deb,
    /// npm.
    Npm,
    /// RubyGems.
    Gem,
}

impl PackageKind {
    /// Whether the packages are the distribution's, not those of a language.
    pub fn is_distro(self) -> bool {
        self == Self::Deb
    }
}

/// All packages of a tree, by manager and name.
#[derive(Clone, Debug, Default)]
pub struct Packages {
    /// Sorted.
    pub list: Vec<Package>,
    /// Databases that could not be read, wholly or in part: packages may be missing from the list.
    pub problems: Vec<Problem>,
}

impl Packages {
    /// The package of a name, the first architecture's when several are installed.
    pub fn get(&self, name: &str) -> Option<&Package> {
        self.named(name).first()
    }

    /// All architectures of a package.
    pub fn named(&self, name: &str) -> &[Package] {
        let start = self.list.partition_point(|package| package.name.as_str() < name);
        let end = self.list.partition_point(|package| package.name.as_str() <= name);
        self.list.get(start..end).unwrap_or_default()
    }
}

/// Whether the file at an absolute path is a package database: its content has to be captured
/// ([`Wants::capture_if`](crate::image::Wants::capture_if)) for [`inventory`] to read it.
pub fn database_paths(path: &str) -> bool {
    dpkg::is_database(path)
}

/// Databases of managers whose packages are not read.
const UNREAD: [(&str, &str); 7] = [
    ("apk", "/lib/apk/db/installed"),
    ("apk", "/usr/lib/apk/db/installed"),
    ("rpm", "/var/lib/rpm/Packages"),
    ("rpm", "/var/lib/rpm/Packages.db"),
    ("rpm", "/var/lib/rpm/rpmdb.sqlite"),
    ("rpm", "/usr/lib/sysimage/rpm/Packages.db"),
    ("rpm", "/usr/lib/sysimage/rpm/rpmdb.sqlite"),
];

/// The packages installed in a file system. A database that is there but cannot be read is a problem, never an empty
/// list in silence.
pub fn inventory(tree: &Tree) -> Packages {
    let mut packages = Packages::default();
    dpkg::read(tree, &mut packages);
    for (manager, path) in UNREAD {
        if let Some(node) = tree.resolve(path) {
            let message = format!("the packages of {manager} were not checked: its database {path} is not understood");
            packages.problems.push(Problem { layer: Some(node.layer), message });
        }
    }
    packages.list.sort();
    packages.list.dedup();
    packages
}
