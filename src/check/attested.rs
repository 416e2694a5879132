//! Lists of packages attested beside an image, held against what was found in it. What only a list says is told as that, and
//! never taken for found.

use std::collections::HashSet;

use serde::Serialize;

use crate::image::{AttestedPackage, Image, Sbom};
use crate::packages::{self, Package, Packages};

/// How an attested list and what was found differ, in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SbomSummary {
    /// Format and version: `SPDX-2.3`.
    pub format: String,
    /// Packages it lists.
    pub packages: usize,
    /// Those of them that were not found in the image.
    pub only_attested: usize,
    /// Packages that were found and that it does not list.
    pub only_found: usize,
}

impl SbomSummary {
    pub(super) fn all(image: &Image, packages: &Packages) -> Vec<Self> {
        let summary = |sbom: &Sbom| Self {
            format: sbom.format.clone(),
            packages: sbom.packages.len(),
            only_attested: only_attested(sbom, packages).len(),
            only_found: only_found(sbom, packages).len(),
        };
        image.attestations.sboms.iter().map(summary).collect()
    }

    /// What a report says of it, where the two differ.
    pub(super) fn note(&self) -> Option<String> {
        let (format, claimed, found) = (&self.format, self.only_attested, self.only_found);
        (claimed + found > 0).then(|| {
            format!(
                "the attested SBOM ({format}) lists {claimed} packages that were not found in the image, and not {found} that \
                 were; `dockgate inspect IMAGE packages` names them"
            )
        })
    }
}

/// What a list has and the image has not, as far as it was looked through. Packages without a package URL are compared by name and
/// version.
pub(super) fn only_attested<'s>(sbom: &'s Sbom, packages: &Packages) -> Vec<&'s AttestedPackage> {
    let found: HashSet<String> = packages.list.iter().filter_map(|p| packages::purl_key(&p.purl)).collect();
    let named: HashSet<(&str, &str)> = packages.list.iter().map(|p| (p.name.as_str(), p.version.as_str())).collect();
    let is_found = |package: &&AttestedPackage| match package.purl.as_deref().and_then(packages::purl_key) {
        Some(key) => found.contains(&key),
        None => named.contains(&(package.name.as_str(), package.version.as_str())),
    };
    sbom.packages.iter().filter(|package| !is_found(package)).collect()
}

/// What the image has and a list has not.
pub(super) fn only_found<'p>(sbom: &Sbom, packages: &'p Packages) -> Vec<&'p Package> {
    let listed: HashSet<String> =
        sbom.packages.iter().filter_map(|package| packages::purl_key(package.purl.as_deref()?)).collect();
    let named: HashSet<(&str, &str)> = sbom
        .packages
        .iter()
        .filter(|package| package.purl.is_none())
        .map(|package| (package.name.as_str(), package.version.as_str()))
        .collect();
    let is_listed = |package: &&Package| {
        packages::purl_key(&package.purl).is_some_and(|key| listed.contains(&key))
            || named.contains(&(package.name.as_str(), package.version.as_str()))
    };
    packages.list.iter().filter(|package| !is_listed(package)).collect()
}
