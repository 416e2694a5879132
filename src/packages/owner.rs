//! Which package a file came with, as the distribution's database has it.

use std::collections::{BTreeMap, HashMap};

use crate::image::Tree;

use super::{apk, rpm};

const LISTS: &str = "/var/lib/dpkg/info";

/// Whether the file at an absolute path is a list of a package's files.
pub(super) fn is_list(path: &str) -> bool {
    path.strip_prefix(LISTS).is_some_and(|name| name.starts_with('/') && name.ends_with(".list"))
}

/// The packages that installed the files at absolute paths; files that no package did are left out. Settings below `/etc` are
/// nobody's: packages bring them to be changed. The databases are read once for all.
pub fn owners<'p>(tree: &Tree, paths: impl IntoIterator<Item = &'p str>) -> BTreeMap<&'p str, String> {
    let mut wanted = Wanted::of(paths);
    if !wanted.files.is_empty() {
        of_dpkg(tree, &mut wanted);
        apk::claim(tree, &mut wanted);
        rpm::claim(tree, &mut wanted);
    }
    wanted.owners
}

/// Files whose packages are looked for.
#[derive(Default)]
pub(super) struct Wanted<'p> {
    /// By directory, without its last slash, and name.
    files: HashMap<String, HashMap<&'p str, &'p str>>,
    owners: BTreeMap<&'p str, String>,
}

impl<'p> Wanted<'p> {
    fn of(paths: impl IntoIterator<Item = &'p str>) -> Self {
        let mut wanted = Self::default();
        for path in paths.into_iter().filter(|path| !path.starts_with("/etc/")) {
            let Some((directory, name)) = path.rsplit_once('/') else { continue };
            // On systems where /lib is a link to /usr/lib, databases have either name.
            let merged = directory
                .strip_prefix("/usr")
                .filter(|rest| ["/lib", "/bin", "/sbin"].iter().any(|d| rest.starts_with(d)));
            for directory in merged.into_iter().chain([directory]) {
                wanted.files.entry(directory.to_owned()).or_default().insert(name, path);
            }
        }
        wanted
    }

    /// A directory that a database names, when files in it are looked for. The last slash may be there.
    pub(super) fn directory(&self, directory: &[u8]) -> Option<String> {
        let directory = std::str::from_utf8(directory).ok()?.trim_end_matches('/');
        self.files.contains_key(directory).then(|| directory.to_owned())
    }

    /// A package has this file of a directory.
    pub(super) fn claim(&mut self, directory: &str, name: &[u8], package: &dyn Fn() -> Option<String>) {
        let name = std::str::from_utf8(name).ok();
        let path = self.files.get(directory).zip(name).and_then(|(files, name)| files.get(name).copied());
        if let Some(path) = path.filter(|path| !self.owners.contains_key(path)) {
            self.owners.extend(package().map(|package| (path, package)));
        }
    }

    /// A package has the file at a path.
    pub(super) fn claim_path(&mut self, path: &[u8], package: &dyn Fn() -> Option<String>) {
        let slash = path.iter().rposition(|b| *b == b'/');
        let (Some(directory), Some(name)) =
            (slash.and_then(|at| path.get(..at)), slash.and_then(|at| path.get(at + 1..)))
        else {
            return;
        };
        if let Some(directory) = self.directory(directory) {
            self.claim(&directory, name, package);
        }
    }
}

fn of_dpkg(tree: &Tree, wanted: &mut Wanted<'_>) {
    for node in tree.below(LISTS).filter(|node| is_list(&node.entry.path)) {
        let name = || {
            let name = node.entry.path.rsplit('/').next()?.strip_suffix(".list")?;
            Some(name.split(':').next().unwrap_or(name).to_owned())
        };
        for line in node.entry.content.as_deref().unwrap_or_default().split(|b| *b == b'\n') {
            wanted.claim_path(line, &name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::image::{Change, Entry, EntryKind, Layer};

    fn tree(files: &[(&str, &str)]) -> Tree {
        let entry = |(path, content): &(&str, &str)| {
            let entry = Entry { content: Some(Arc::from(content.as_bytes())), ..Entry::new(*path, EntryKind::File) };
            Change::Add(Arc::new(entry))
        };
        Tree::merge(&[Layer { changes: files.iter().map(entry).collect(), ..Layer::default() }])
    }

    #[test]
    fn lists_of_dpkg_and_apk_name_owners() {
        let tree = tree(&[
            ("/var/lib/dpkg/info/libx:amd64.list", "/.\n/usr\n/lib/x.so\n/usr/share/x/key\n/etc/x\n"),
            ("/lib/apk/db/installed", "P:first\nF:usr\nF:usr/bin\nR:one\nR:two\n\nP:second\nF:usr/bin\nR:three\n"),
        ]);
        let paths = ["/usr/share/x/key", "/usr/lib/x.so", "/usr/bin/two", "/usr/bin/three", "/usr/bin/four", "/etc/x"];
        let owners = owners(&tree, paths.into_iter().chain(["/usr/share/x", "/"]));
        let owner = |path| owners.get(path).map(String::as_str);
        assert_eq!(paths.map(owner), [Some("libx"), Some("libx"), Some("first"), Some("second"), None, None]);
        assert_eq!(owners.len(), 4, "a directory is not a file: {owners:?}");
    }
}
