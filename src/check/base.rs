//! What an image is compared with: a base that was named, or the one found in the image itself.

use super::digests::GivenBase;
use super::request::{CheckError, ImageRequest};
use crate::dockerfile::{Base, Dockerfile};
use crate::gate;
use crate::image::{self, BaseIdentity, Image, ReadOptions, Tree};
use crate::packages::{self, Packages};
use crate::trace::Trace;

/// The base of an image.
pub(super) struct BaseModels {
    pub(super) name: String,
    tree: Tree,
    packages: Packages,
    /// Leading layers of the image that are the base's.
    pub(super) layers: usize,
    current_layers: Option<usize>,
    platform: Option<String>,
    /// What it is called, where it was named.
    pub(super) given: Option<GivenBase>,
}

impl BaseModels {
    /// The base that was named; else the image's own lowest layers, `boundary` of them.
    ///
    /// # Errors
    /// When the base that was named cannot be read.
    pub(super) fn find(
        wanted: &ImageRequest,
        image: &Image,
        boundary: Option<usize>,
        identity: Option<&BaseIdentity>,
        options: &ReadOptions<'_>,
    ) -> Result<Option<Self>, CheckError> {
        let Some(reference) = &wanted.base else {
            return Ok(boundary.map(|layers| {
                let tree = Tree::merge(image.layers.get(..layers).unwrap_or_default());
                let packages = packages::inventory(&tree);
                let name = base_name(layers, identity);
                Self { name, tree, packages, layers, current_layers: None, platform: None, given: None }
            }));
        };
        let other = image::read(reference, &packages::wants(), options)?;
        let layers = image.layers.iter().zip(&other.layers).take_while(|(a, b)| a.diff_id == b.diff_id).count();
        let tree = Tree::merge(&other.layers);
        let packages = packages::inventory(&tree);
        let given = Some(GivenBase::from(&other));
        let (current_layers, platform) = (Some(other.layers.len()), other.config.platform());
        Ok(Some(Self { name: other.reference, tree, packages, layers, current_layers, platform, given }))
    }

    pub(super) fn facts(&self) -> gate::BaseFacts<'_> {
        gate::BaseFacts {
            name: self.name.clone(),
            tree: &self.tree,
            packages: &self.packages,
            layers: self.layers,
            current_layers: self.current_layers,
            platform: self.platform.clone(),
        }
    }
}

/// Which image the base is: what the image's makers say, or of the images its attested build took the one that FROM names.
pub(super) fn identity<'a>(
    image: &'a Image,
    dockerfile: Option<&Dockerfile>,
    trace: Option<&Trace>,
) -> Option<&'a BaseIdentity> {
    let from = || {
        let (dockerfile, from) = dockerfile.zip(trace?.base_from)?;
        let Base::Image(reference) = &dockerfile.stage_of(from)?.base_kind else { return None };
        image.attestations.materials.iter().find(|material| material.is_named(reference))
    };
    image.base.as_ref().or_else(from)
}

/// What the base found in the image is called.
pub(super) fn base_name(layers: usize, told: Option<&BaseIdentity>) -> String {
    let name = told.map_or("the base", |base| base.name.as_str());
    match layers {
        0 => "an empty base".into(),
        1 => format!("{name} (layer 1)"),
        n => format!("{name} (layers 1 to {n})"),
    }
}
