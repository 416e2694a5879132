//! The merged file system: layers applied one on the other, as engines do.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::limits::{MAX_IMPLIED_BYTES, MAX_LINKS, MAX_PATH, MAX_STEPS};
use super::model::{Change, Entry, EntryKind, Image, Layer, Node, Tree};
use super::names::parent;

impl Tree {
    /// The file system after `layers`, lowest first. A prefix of an image's layers gives the base's.
    pub fn merge(layers: &[Layer]) -> Self {
        let mut tree = Self::default();
        for layer in layers {
            tree.apply(layer);
        }
        tree
    }

    /// Puts a layer on top.
    ///
    /// Whiteouts and opaque directories act on what lower layers have, wherever they stand in the layer. An entry below
    /// a symbolic link lands where the link leads. Directories that no layer has an entry for are made, as engines make
    /// them: mode 755, owned by root.
    pub fn apply(&mut self, layer: &Layer) {
        let mut merge = Merge { tree: self, layer: layer.index, place: None, implied: 0, dangling: Vec::new() };
        for change in &layer.changes {
            match change {
                Change::Whiteout(path) => merge.remove(path),
                Change::Opaque(path) => merge.clear(path),
                Change::Add(_) => {}
            }
        }
        merge.place = None;
        for change in &layer.changes {
            if let Change::Add(entry) = change {
                merge.add(entry);
            }
        }
        merge.link_dangling();
    }

    /// The entry at an absolute path, not following a link there or on the way.
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// The entry an absolute path leads to, symbolic links followed within the tree; `None` when it leads nowhere, or
    /// around in circles.
    pub fn resolve(&self, path: &str) -> Option<&Node> {
        self.nodes.get(&self.real_path(path, true)?)
    }

    /// The entry where one that a layer calls by this path has landed: links in its directory followed, itself not.
    pub fn landed(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path).or_else(|| self.nodes.get(&self.real_path(path, false)?))
    }

    /// Where an entry that is called by this path lands, whether it is there or not: links in its directory followed, itself not.
    /// `None` when the way leads nowhere.
    pub fn place_of(&self, path: &str) -> Option<String> {
        self.real_path(path, false)
    }

    /// What lies below a directory, at any depth.
    pub fn below<'t>(&'t self, dir: &str) -> impl Iterator<Item = &'t Node> + use<'t> {
        self.nodes.range(range_below(dir)).map(|(_, node)| node)
    }

    /// The path with symbolic links on the way replaced by what they name; the last component's too with `follow_last`.
    /// Nothing has to be there.
    fn real_path(&self, path: &str, follow_last: bool) -> Option<String> {
        let mut real = String::new();
        // Components still to walk, the next one last.
        let mut ahead: Vec<&str> = path.rsplit('/').collect();
        let (mut links, mut steps) = (0, 0);
        while let Some(part) = ahead.pop() {
            steps += 1;
            if steps > MAX_STEPS || real.len() > MAX_PATH {
                return None;
            }
            match part {
                "" | "." => continue,
                ".." => {
                    real.truncate(real.rfind('/').unwrap_or(0));
                    continue;
                }
                _ => {}
            }
            let before = real.len();
            real.push('/');
            real.push_str(part);
            if ahead.is_empty() && !follow_last {
                break;
            }
            let Some(node) = self.nodes.get(&real).filter(|n| n.entry.kind == EntryKind::Symlink) else { continue };
            links += 1;
            if links > MAX_LINKS {
                return None;
            }
            let target = node.entry.link.as_deref().unwrap_or_default();
            real.truncate(if target.starts_with('/') { 0 } else { before });
            ahead.extend(target.rsplit('/'));
        }
        if real.is_empty() {
            real.push('/');
        }
        Some(real)
    }

    /// Removes what lies below a directory; tells whether there was anything.
    fn remove_below(&mut self, dir: &str) -> bool {
        let mut from = String::with_capacity(dir.len() + 1);
        from.push_str(dir.trim_end_matches('/'));
        from.push('/');
        let after = (Bound::Excluded(from.as_str()), Bound::Unbounded);
        let paths = self.nodes.range::<str, _>(after).map(|(path, _)| path);
        let below: Vec<String> = paths.take_while(|path| path.starts_with(&from)).cloned().collect();
        for path in &below {
            self.nodes.remove(path);
        }
        !below.is_empty()
    }
}

/// The names below a directory: those between `dir/` and `dir0`, because `0` follows `/`.
fn range_below(dir: &str) -> (Bound<String>, Bound<String>) {
    let dir = dir.trim_end_matches('/');
    (Bound::Excluded(format!("{dir}/")), Bound::Excluded(format!("{dir}0")))
}

impl Node {
    /// Whether it is a file that runs as its owner.
    pub fn is_setuid(&self) -> bool {
        self.entry.kind == EntryKind::File && self.entry.mode & 0o4000 != 0
    }

    /// Whether it is a file that runs as its group.
    pub fn is_setgid(&self) -> bool {
        self.entry.kind == EntryKind::File && self.entry.mode & 0o2000 != 0
    }
}

/// One layer being applied.
struct Merge<'t> {
    tree: &'t mut Tree,
    layer: usize,
    /// The directory of the last entry, as named and as it really is: entries come directory by directory.
    place: Option<(String, String)>,
    /// Bytes of names of directories made.
    implied: usize,
    /// Hard links whose file was not there yet.
    dangling: Vec<String>,
}

impl Merge<'_> {
    fn remove(&mut self, path: &str) {
        let path = self.locate(path, false);
        let below = self.tree.remove_below(&path);
        let removed = self.tree.nodes.remove(&path);
        if below || removed.is_some_and(|node| node.entry.kind == EntryKind::Symlink) {
            self.place = None;
        }
    }

    fn clear(&mut self, dir: &str) {
        let dir = self.tree.real_path(dir, true).unwrap_or_else(|| dir.to_owned());
        self.tree.remove_below(&dir);
        self.place = None;
    }

    fn add(&mut self, entry: &Arc<Entry>) {
        let path = self.locate(&entry.path, true);
        let replaced = self.tree.nodes.get(&path).map(|node| node.entry.kind);
        if entry.kind != EntryKind::Directory {
            self.tree.remove_below(&path);
        }
        let leads_elsewhere = |kind| matches!(kind, EntryKind::Directory | EntryKind::Symlink);
        if replaced != Some(entry.kind) && (leads_elsewhere(entry.kind) || replaced.is_some_and(leads_elsewhere))
            || entry.kind == EntryKind::Symlink
        {
            self.place = None;
        }
        let linked = (entry.kind == EntryKind::Hardlink).then(|| self.linked(&path, entry));
        let entry = match linked {
            Some(Some(file)) => file,
            Some(None) => {
                self.dangling.push(path.clone());
                at(entry, &path)
            }
            None => at(entry, &path),
        };
        self.tree.nodes.insert(path, Node { entry, layer: self.layer });
    }

    /// The entry of a hard link: the file it names, under the link's path.
    fn linked(&self, path: &str, link: &Entry) -> Option<Arc<Entry>> {
        let target = self.tree.real_path(link.link.as_deref()?, false)?;
        let file = &self.tree.nodes.get(&target)?.entry;
        let target = match file.kind {
            EntryKind::Hardlink | EntryKind::Directory => return None,
            EntryKind::Symlink => file.link.clone(),
            _ => link.link.clone(),
        };
        Some(Arc::new(Entry { path: path.to_owned(), link: target, ..Entry::clone(file) }))
    }

    /// Links whose file came later in the layer.
    fn link_dangling(&mut self) {
        for path in std::mem::take(&mut self.dangling) {
            let Some(node) = self.tree.nodes.get(&path) else { continue };
            if node.entry.kind != EntryKind::Hardlink {
                continue;
            }
            if let Some(entry) = self.linked(&path, &node.entry) {
                self.tree.nodes.insert(path, Node { entry, layer: self.layer });
            }
        }
    }

    /// Where an entry of this name lands; the directories on the way are made with `make`.
    fn locate(&mut self, path: &str, make: bool) -> String {
        if path == "/" {
            return path.to_owned();
        }
        let named = parent(path);
        if self.place.as_ref().is_none_or(|(dir, _)| dir != named) {
            // What has entries below it is no link, so that a directory that is there is where it is named.
            let is_there = |node: &Node| node.entry.kind == EntryKind::Directory;
            let mut real = named.to_owned();
            if !self.tree.nodes.get(named).is_some_and(is_there) {
                real = self.tree.real_path(named, true).unwrap_or(real);
                if make {
                    self.make_directories(&real);
                }
            }
            self.place = Some((named.to_owned(), real));
        }
        match &self.place {
            Some((_, real)) if real != named => {
                let name = path.rsplit('/').next().unwrap_or_default();
                format!("{}/{name}", real.trim_end_matches('/'))
            }
            _ => path.to_owned(),
        }
    }

    fn make_directories(&mut self, path: &str) {
        let mut dir = path;
        while dir != "/" && self.tree.nodes.get(dir).is_none_or(|node| node.entry.kind != EntryKind::Directory) {
            self.implied += dir.len();
            if self.implied > MAX_IMPLIED_BYTES {
                return;
            }
            let entry = Entry::new(dir, EntryKind::Directory);
            self.tree.nodes.insert(dir.to_owned(), Node { entry: Arc::new(entry), layer: self.layer });
            dir = parent(dir);
        }
    }
}

/// An entry under the path where it lands.
fn at(entry: &Arc<Entry>, path: &str) -> Arc<Entry> {
    if entry.path == path { entry.clone() } else { Arc::new(Entry { path: path.to_owned(), ..Entry::clone(entry) }) }
}

impl Image {
    /// The layer that removed a path from the file system: by a whiteout of it or of a directory it was in, by an opaque
    /// directory, or by putting something else in the place of a directory it was in. `None` when the path is there in
    /// the end, or never was. Paths are compared as the layers spell them.
    pub fn removed_by(&self, path: &str) -> Option<usize> {
        self.removals([path]).remove(path)
    }

    /// [`Image::removed_by`] of many paths at once; those that nothing removed are left out.
    pub fn removals<'p>(&self, paths: impl IntoIterator<Item = &'p str>) -> BTreeMap<&'p str, usize> {
        /// Where a path stands: whether it is there, and what removed it last.
        type Seen = (bool, Option<usize>);
        fn hide(seen: &mut BTreeMap<&str, Seen>, dir: &str, layer: usize) {
            let (from, to) = range_below(dir);
            let below = seen.range_mut::<str, _>((from.as_ref().map(String::as_str), to.as_ref().map(String::as_str)));
            below.filter(|(_, state)| state.0).for_each(|(_, state)| *state = (false, Some(layer)));
        }
        let mut seen: BTreeMap<&'p str, Seen> = paths.into_iter().map(|path| (path, (false, None))).collect();
        for layer in &self.layers {
            for change in &layer.changes {
                match change {
                    Change::Whiteout(gone) => {
                        if let Some(state) = seen.get_mut(gone.as_str()).filter(|state| state.0) {
                            *state = (false, Some(layer.index));
                        }
                        hide(&mut seen, gone, layer.index);
                    }
                    Change::Opaque(dir) => hide(&mut seen, dir, layer.index),
                    Change::Add(_) => {}
                }
            }
            for change in &layer.changes {
                let Change::Add(entry) = change else { continue };
                if let Some(state) = seen.get_mut(entry.path.as_str()) {
                    *state = (true, None);
                }
                if entry.kind != EntryKind::Directory {
                    hide(&mut seen, &entry.path, layer.index);
                }
            }
        }
        seen.into_iter().filter_map(|(path, (_, removed))| Some((path, removed?))).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
