//! What is known of packages.

use serde::Serialize;

use super::{Distro, licence};
use crate::image::Problem;

/// An installed package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Package {
    /// Binary package name. Ecosystems with namespaces have them in it: `@babel/core`, `org.slf4j:slf4j-api`,
    /// `github.com/spf13/cobra`.
    pub name: String,
    /// Version as the database spells it; of rpm `[epoch:]version-release`.
    pub version: String,
    /// Architecture, when the database gives one.
    pub architecture: Option<String>,
    /// Source package, when it differs or is given.
    pub source: Option<String>,
    /// Which manager's.
    pub kind: PackageKind,
    /// Absolute path of the database it was read from; the package's own metadata file where there is no database. A jar
    /// within a jar is `/app.jar!/lib/x.jar`.
    pub database: String,
    /// Version of the source package, when it differs from the package's.
    pub source_version: Option<String>,
    /// Its licences, sorted: SPDX expressions where the spelling leaves no doubt, else as the metadata has them.
    pub licences: Vec<String>,
    /// The metadata's own words for licences that are spelled otherwise there, sorted.
    #[serde(skip)]
    pub licence_words: Vec<String>,
    /// Index of the layer that installed it, or last changed its version.
    pub layer: usize,
    /// Package URL, <https://github.com/package-url/purl-spec>.
    pub purl: String,
}

impl Package {
    /// A package of which no more is known.
    pub fn new(kind: PackageKind, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            architecture: None,
            source: None,
            kind,
            database: String::new(),
            source_version: None,
            licences: Vec::new(),
            licence_words: Vec::new(),
            layer: 0,
            purl: String::new(),
        }
    }
}

impl Package {
    /// The package, under the licences that these fields of its metadata name.
    #[must_use]
    pub(super) fn under<S: AsRef<str>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        (self.licences, self.licence_words) = licence::read_all(fields);
        self
    }
}

/// The manager or ecosystem a package belongs to, named as package URLs name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageKind {
    /// dpkg.
    Deb,
    /// apk.
    Apk,
    /// rpm.
    Rpm,
    /// npm and what installs from its registry.
    Npm,
    /// Python distributions.
    Pypi,
    /// Ruby gems.
    Gem,
    /// Java archives.
    Maven,
    /// Go modules compiled into binaries.
    Golang,
    /// Rust crates compiled into binaries.
    Cargo,
    /// PHP packages.
    Composer,
    /// .NET packages.
    Nuget,
}

impl PackageKind {
    /// The kinds that a policy means by a word: `all` (and no word), `os`, `non-os`, or one kind by a name it goes by. `None` for a
    /// word that means none.
    pub fn all_named(word: &str) -> Option<Vec<PackageKind>> {
        let word = word.to_ascii_lowercase();
        let is_meant = |kind: &PackageKind| match word.as_str() {
            "" | "all" => true,
            "os" => kind.is_distribution(),
            "non-os" => !kind.is_distribution(),
            other => kind.has_name(other),
        };
        Some(Self::ALL.into_iter().filter(is_meant).collect::<Vec<_>>()).filter(|kinds| !kinds.is_empty())
    }

    /// Every kind.
    pub const ALL: [PackageKind; 11] = [
        Self::Deb,
        Self::Apk,
        Self::Rpm,
        Self::Npm,
        Self::Pypi,
        Self::Gem,
        Self::Maven,
        Self::Golang,
        Self::Cargo,
        Self::Composer,
        Self::Nuget,
    ];

    /// The type of its package URLs: `deb`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Apk => "apk",
            Self::Rpm => "rpm",
            Self::Npm => "npm",
            Self::Pypi => "pypi",
            Self::Gem => "gem",
            Self::Maven => "maven",
            Self::Golang => "golang",
            Self::Cargo => "cargo",
            Self::Composer => "composer",
            Self::Nuget => "nuget",
        }
    }

    /// Whether it goes by this name, in any case: the type of its package URLs, or what scanners and policies call it.
    pub fn has_name(self, name: &str) -> bool {
        let others: &[&str] = match self {
            Self::Deb => &["dpkg"],
            Self::Apk => &["apkg"],
            Self::Pypi => &["python"],
            Self::Maven => &["java", "jar"],
            Self::Golang => &["go", "go-module"],
            Self::Cargo => &["rust", "rust-crate"],
            Self::Composer => &["php"],
            Self::Nuget => &["dotnet"],
            Self::Rpm | Self::Npm | Self::Gem => &[],
        };
        others.iter().chain([&self.as_str()]).any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Whether a distribution's package manager installs it, as opposed to a language's.
    pub fn is_distribution(self) -> bool {
        matches!(self, Self::Deb | Self::Apk | Self::Rpm)
    }
}

/// All packages of a tree, by name and manager.
#[derive(Clone, Debug, Default)]
pub struct Packages {
    /// Sorted.
    pub list: Vec<Package>,
    /// Databases that could not be read, wholly or in part: packages may be missing from the list.
    pub problems: Vec<Problem>,
    /// The distribution, when the image says which.
    pub distro: Option<Distro>,
}

impl Packages {
    /// The package of a name that the distribution's manager installed, the first architecture's when there are several.
    pub fn get(&self, name: &str) -> Option<&Package> {
        self.named(name).iter().find(|package| package.kind.is_distribution())
    }

    /// All packages of a name: of several architectures, and of several managers.
    pub fn named(&self, name: &str) -> &[Package] {
        let start = self.list.partition_point(|package| package.name.as_str() < name);
        let end = self.list.partition_point(|package| package.name.as_str() <= name);
        self.list.get(start..end).unwrap_or_default()
    }

    /// The packages the distribution's manager installed.
    pub fn of_distribution(&self) -> impl Iterator<Item = &Package> {
        self.list.iter().filter(|package| package.kind.is_distribution())
    }

    pub(super) fn problem(&mut self, layer: usize, message: String) {
        self.problems.push(Problem { layer: Some(layer), message });
    }
}
