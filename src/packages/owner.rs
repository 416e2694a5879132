//! Which package a file came with, as the distribution's database has it.

use crate::image::Tree;

use super::apk;

const LISTS: &str = "/var/lib/dpkg/info";

/// Whether the file at an absolute path is a list of a package's files.
pub(super) fn is_list(path: &str) -> bool {
    path.strip_prefix(LISTS).is_some_and(|name| name.starts_with('/') && name.ends_with(".list"))
}

/// The package that installed the file at an absolute path. Settings below `/etc` are nobody's: packages bring them to be
/// changed. Databases that do not list files (rpm's are not read for them) own nothing.
pub fn owner(tree: &Tree, path: &str) -> Option<String> {
    if path.starts_with("/etc/") {
        return None;
    }
    of_dpkg(tree, path).or_else(|| apk::owner(tree, path))
}

fn of_dpkg(tree: &Tree, path: &str) -> Option<String> {
    // On systems where /lib is a link to /usr/lib, lists have either name.
    let merged = path.strip_prefix("/usr").filter(|rest| ["/lib", "/bin", "/sbin"].iter().any(|d| rest.starts_with(d)));
    let lists = tree.below(LISTS).filter(|node| is_list(&node.entry.path));
    let owns = |content: &[u8]| {
        content.split(|b| *b == b'\n').any(|line| line == path.as_bytes() || Some(line) == merged.map(str::as_bytes))
    };
    let found = lists.into_iter().find(|node| node.entry.content.as_deref().is_some_and(owns))?;
    let name = found.entry.path.rsplit('/').next()?.strip_suffix(".list")?;
    Some(name.split(':').next().unwrap_or(name).to_owned())
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
        let owner = |path| owner(&tree, path);
        assert_eq!(owner("/usr/share/x/key").as_deref(), Some("libx"));
        assert_eq!(owner("/usr/lib/x.so").as_deref(), Some("libx"));
        assert_eq!(owner("/usr/bin/two").as_deref(), Some("first"));
        assert_eq!(owner("/usr/bin/three").as_deref(), Some("second"));
        assert_eq!((owner("/usr/bin/four"), owner("/etc/x"), owner("/usr/share/x")), (None, None, None));
    }
}
