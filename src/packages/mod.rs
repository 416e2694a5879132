//! Package inventories, read from the databases an image carries.

use serde::Serialize;

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
    /// Absolute path of the database it was read from.
    pub database: String,
}

/// The manager a package belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageKind {
    /// dpkg.
    Deb,
}

/// All packages of a tree, by manager and name.
#[derive(Clone, Debug, Default)]
pub struct Packages {
    /// Sorted.
    pub list: Vec<Package>,
}
