//! Which layer changed a package of the distribution: its database is read anew after each layer that touches it.
//! Packages without a database need none of this: the layer of their files is theirs.

use std::collections::{BTreeMap, BTreeSet};

use crate::image::{Image, Tree};

use super::{Package, Packages, distribution_files, read_distribution};

/// The layers that last changed each package of the distribution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackageHistory {
    changed: BTreeMap<String, usize>,
    removed: BTreeMap<String, usize>,
}

/// The versions and architectures of each package.
type Installed = BTreeMap<String, BTreeSet<(String, Option<String>)>>;

impl PackageHistory {
    /// Follows the packages through the layers of an image; gives the file system that the layers make, too. The databases
    /// must have been captured ([`wants`](super::wants)).
    pub fn of(image: &Image) -> (Self, Tree) {
        let mut history = Self::default();
        let mut tree = Tree::default();
        let (mut seen, mut installed) = (Vec::new(), Installed::new());
        for layer in &image.layers {
            tree.apply(layer);
            // A database of the same digest tells nothing new.
            let files = distribution_files(&tree);
            let digests = files.iter().map(|file| (file.path.clone(), file.node.entry.sha256.clone())).collect();
            if digests == seen {
                continue;
            }
            seen = digests;
            let mut packages = Packages::default();
            read_distribution(&files, &mut packages);
            let now = by_name(packages.list);
            history.step(layer.index, &installed, &now);
            installed = now;
        }
        (history, tree)
    }

    /// Gives each package of the distribution the layer that installed it, in place of the last one that wrote the
    /// database.
    pub fn place(&self, packages: &mut Packages) {
        for package in packages.list.iter_mut().filter(|package| package.kind.is_distribution()) {
            package.layer = self.layer_of(&package.name).unwrap_or(package.layer);
        }
    }

    fn step(&mut self, layer: usize, before: &Installed, now: &Installed) {
        for (name, versions) in now {
            if before.get(name) != Some(versions) {
                self.changed.insert(name.clone(), layer);
                self.removed.remove(name);
            }
        }
        for name in before.keys().filter(|name| !now.contains_key(*name)) {
            self.changed.remove(name);
            self.removed.insert(name.clone(), layer);
        }
    }

    /// The layer that gave an installed package its version: the last one in which it appeared or changed.
    pub fn layer_of(&self, name: &str) -> Option<usize> {
        self.changed.get(name).copied()
    }

    /// The layer that removed a package; `None` when it is installed in the end, or never was.
    pub fn removed_in(&self, name: &str) -> Option<usize> {
        self.removed.get(name).copied()
    }
}

fn by_name(list: Vec<Package>) -> Installed {
    let mut installed = Installed::new();
    for package in list {
        installed.entry(package.name).or_default().insert((package.version, package.architecture));
    }
    installed
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::image::{Change, Entry, EntryKind, ImageConfig, Layer};

    fn status(packages: &[(&str, &str)]) -> Change {
        let text: String =
            packages.iter().map(|(name, version)| format!("Package: {name}\nVersion: {version}\n\n")).collect();
        Change::Add(Arc::new(Entry {
            path: "/var/lib/dpkg/status".to_owned(),
            kind: EntryKind::File,
            mode: 0o644,
            uid: 0,
            gid: 0,
            size: text.len() as u64,
            sha256: Some(text.clone()),
            checksums: None,
            link: None,
            capability: None,
            content: Some(Arc::from(text.into_bytes())),
            matches: Vec::new(),
            probed: None,
        }))
    }

    #[test]
    fn each_package_is_followed_through_the_layers() {
        let changes = [
            vec![status(&[("curl", "1"), ("tar", "1"), ("vim", "1")])],
            vec![],
            vec![status(&[("curl", "2"), ("git", "1"), ("tar", "1")])],
            vec![status(&[("curl", "2"), ("git", "1"), ("tar", "1")])],
            vec![status(&[("curl", "2"), ("tar", "1"), ("vim", "1")])],
        ];
        let layers =
            changes.into_iter().enumerate().map(|(index, changes)| Layer { index, changes, ..Layer::default() });
        let mut image = Image {
            reference: String::new(),
            id: String::new(),
            tags: Vec::new(),
            digests: Vec::new(),
            config: ImageConfig::default(),
            layers: layers.collect(),
            has_config: true,
            base: None,
            attestations: crate::image::Attestations::default(),
            notes: Vec::new(),
            problems: Vec::new(),
        };
        let (history, _) = PackageHistory::of(&image);
        assert_eq!(["curl", "git", "tar", "vim"].map(|n| history.layer_of(n)), [Some(2), None, Some(0), Some(4)]);
        assert_eq!(["curl", "git", "tar", "vim"].map(|n| history.removed_in(n)), [None, Some(4), None, None]);

        let changes = vec![Change::Whiteout("/var/lib/dpkg".to_owned())];
        image.layers.push(Layer { index: 5, changes, ..Layer::default() });
        let (history, _) = PackageHistory::of(&image);
        assert_eq!((history.layer_of("tar"), history.removed_in("tar")), (None, Some(5)));
    }
}
