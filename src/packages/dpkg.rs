//! dpkg's database: `/var/lib/dpkg/status`, and in distroless images a file for each package in `status.d`.
//!
//! Both are lists of paragraphs, `Field: value` lines with continuations, as deb822(5) describes them.

use crate::image::{EntryKind, Node, Tree};

use super::recorded::from_hex;
use super::{Package, PackageKind, Packages};

const STATUS: &str = "/var/lib/dpkg/status";
const STATUS_DIR: &str = "/var/lib/dpkg/status.d";

/// Whether a file is part of the database.
pub(super) fn is_database(path: &str) -> bool {
    path == STATUS || is_in_status_dir(path)
}

fn is_in_status_dir(path: &str) -> bool {
    // The checksum lists beside the paragraphs are no paragraphs.
    let name = path.strip_prefix(STATUS_DIR).and_then(|rest| rest.strip_prefix('/'));
    name.is_some_and(|name| !name.contains('/') && !name.ends_with(".md5sums"))
}

/// The database's files in a tree, each with the path it is known by.
pub(super) fn files(tree: &Tree) -> Vec<(String, &Node)> {
    let status = tree.resolve(STATUS).map(|node| (STATUS.to_owned(), node));
    let real_dir = tree.resolve(STATUS_DIR).map(|node| node.entry.path.clone());
    let in_dir = real_dir.into_iter().flat_map(|dir| {
        tree.below(&dir).filter_map(move |node| {
            let known = format!("{STATUS_DIR}{}", node.entry.path.strip_prefix(&dir)?);
            let is_file = is_in_status_dir(&known) && node.entry.kind != EntryKind::Directory;
            is_file.then(|| (known, tree.resolve(&node.entry.path).unwrap_or(node)))
        })
    });
    status.into_iter().chain(in_dir).collect()
}

/// Reads a file of the database.
pub(super) fn read(path: &str, node: &Node, packages: &mut Packages) {
    let mut problem = |message: String| {
        packages.problem(node.layer, format!("the dpkg database {path} {message}, so packages may be missing"));
    };
    let Some(content) = &node.entry.content else {
        problem("could not be read".to_owned());
        return;
    };
    let paragraphs = parse(content);
    let broken = paragraphs.iter().filter(|p| p.is_broken()).count();
    if broken > 0 {
        problem(format!("has {broken} paragraphs without a package name or version"));
    } else if paragraphs.is_empty() && !content.trim_ascii().is_empty() {
        problem("cannot be understood".to_owned());
    }
    packages.list.extend(paragraphs.into_iter().filter_map(|p| p.into_package(path, node.layer)));
}

/// The fields of a paragraph that matter.
#[derive(Debug, Default)]
struct Paragraph {
    package: Option<String>,
    version: Option<String>,
    architecture: Option<String>,
    source: Option<String>,
    status: Option<String>,
}

impl Paragraph {
    /// Whether files of the package are there. `Status` is what was wanted, a flag, and the state; a package on hold or
    /// marked for removal is installed all the same. A paragraph without it is distroless's, which lists what it has.
    fn is_installed(&self) -> bool {
        let state = self.status.as_deref().map(|status| status.split_ascii_whitespace().nth(2).unwrap_or_default());
        !matches!(state, Some("not-installed" | "config-files"))
    }

    fn is_broken(&self) -> bool {
        self.package.is_none() || self.is_installed() && self.version.is_none()
    }

    fn into_package(self, database: &str, layer: usize) -> Option<Package> {
        if !self.is_installed() {
            return None;
        }
        let version = self.version?;
        // `glibc (2.36-9)`: the version of the source follows where it differs.
        let mut source = self.source.as_deref().unwrap_or_default().split_ascii_whitespace();
        let source_name = source.next().map(str::to_owned);
        let source_version = source.next().map(|v| v.trim_matches(['(', ')']).to_owned());
        Some(Package {
            architecture: self.architecture,
            source: source_name,
            source_version: source_version.filter(|v| *v != version && !v.is_empty()),
            database: database.to_owned(),
            layer,
            ..Package::new(PackageKind::Deb, self.package?, version)
        })
    }
}

fn parse(content: &[u8]) -> Vec<Paragraph> {
    let mut paragraphs = Vec::new();
    let mut current: Option<Paragraph> = None;
    for line in content.split(|b| *b == b'\n') {
        if line.trim_ascii().is_empty() {
            paragraphs.extend(current.take());
            continue;
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            continue;
        }
        let paragraph = current.get_or_insert_default();
        let Some(colon) = line.iter().position(|b| *b == b':') else { continue };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        let field = match name.to_ascii_lowercase().as_slice() {
            b"package" => &mut paragraph.package,
            b"version" => &mut paragraph.version,
            b"architecture" => &mut paragraph.architecture,
            b"source" => &mut paragraph.source,
            b"status" => &mut paragraph.status,
            _ => continue,
        };
        *field = Some(String::from_utf8_lossy(value).into_owned()).filter(|value| !value.is_empty());
    }
    paragraphs.extend(current);
    paragraphs
}

/// The settings that packages bring, as the database has them: package, path, and the MD5 sum of what the package brought. Those
/// that a package has no more are left out.
pub(super) fn settings(tree: &Tree) -> Vec<(String, String, [u8; 16])> {
    let mut settings = Vec::new();
    for (_, node) in files(tree) {
        let (mut package, mut is_list) = (String::new(), false);
        for line in String::from_utf8_lossy(node.entry.content.as_deref().unwrap_or_default()).lines() {
            if line.trim().is_empty() {
                package.clear();
            } else if line.starts_with([' ', '\t']) {
                let mut words = line.rsplit(' ').filter(|word| !word.is_empty());
                let sum = words.next().and_then(from_hex).filter(|_| is_list);
                // What a flag follows is to be removed, or gone.
                let path = sum.and_then(|sum| Some((line.trim().rsplit_once(' ')?.0.trim().to_owned(), sum)));
                settings.extend(path.map(|(path, sum)| (package.clone(), path, sum)));
            } else if let Some((name, value)) = line.split_once(':') {
                is_list = name.eq_ignore_ascii_case("Conffiles");
                if name.eq_ignore_ascii_case("Package") {
                    package = value.trim().to_owned();
                }
            }
        }
    }
    settings
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::image::Entry;
    use crate::packages::inventory;

    /// A tree of files with content, or without it: not captured.
    fn tree(files: &[(&str, Option<&str>)]) -> Tree {
        let mut nodes = BTreeMap::new();
        let dir = (STATUS_DIR, None, EntryKind::Directory);
        for (path, content, kind) in files.iter().map(|(p, c)| (*p, *c, EntryKind::File)).chain([dir]) {
            let entry = Entry {
                path: path.to_owned(),
                kind,
                mode: 0o644,
                uid: 0,
                gid: 0,
                size: 0,
                sha256: None,
                checksums: None,
                link: None,
                capability: None,
                content: content.map(|c| Arc::from(c.as_bytes())),
                matches: Vec::new(),
                probed: None,
            };
            nodes.insert(path.to_owned(), Node { entry: Arc::new(entry), layer: 3 });
        }
        Tree { nodes }
    }

    fn listed(tree: &Tree) -> Vec<String> {
        let packages = inventory(tree);
        assert_eq!(packages.problems, []);
        let arch = |p: &Package| p.architecture.clone().unwrap_or_default();
        let source = |p: &Package| p.source.clone().unwrap_or_default();
        packages.list.iter().map(|p| format!("{} {} {} [{}]", p.name, p.version, arch(p), source(p))).collect()
    }

    #[test]
    fn what_is_on_disk_is_installed() {
        let status = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc (2.36-9)\nVersion: \
                      2.36-9+deb12u4\nConffiles:\n /etc/ld.so.conf.d/x 1234\nDescription: GNU C Library\n Version: 9 of the text\n\n\
                      Package: libc6\nStatus: install ok installed\nArchitecture: i386\nVersion: 2.36-9+deb12u4\n\n\
                      Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n\
                      Package: held\nStatus: hold ok installed\nVersion: 2\n\n\
                      Package: waiting\nStatus: install ok triggers-pending\nVersion: 3\n\n\n\
                      Package: never\nStatus: unknown ok not-installed\n";
        assert_eq!(
            listed(&tree(&[(STATUS, Some(status))])),
            ["held 2  []", "libc6 2.36-9+deb12u4 amd64 [glibc]", "libc6 2.36-9+deb12u4 i386 []", "waiting 3  []"]
        );
        let packages = inventory(&tree(&[(STATUS, Some(status))]));
        assert_eq!(packages.named("libc6").len(), 2);
        assert_eq!(packages.get("libc6").unwrap().architecture.as_deref(), Some("amd64"));
        assert!(packages.get("gone").is_none() && packages.get("libc").is_none());
        assert_eq!(packages.get("libc6").unwrap().source_version.as_deref(), Some("2.36-9"));
    }

    #[test]
    fn distroless_has_a_file_for_each_package() {
        let files = [
            ("/var/lib/dpkg/status.d/base", Some("Package: base-files\nVersion: 12.4\nArchitecture: amd64\n")),
            ("/var/lib/dpkg/status.d/base.md5sums", Some("0123  etc/debian_version\n")),
            ("/var/lib/dpkg/status.d/tzdata", Some("package: tzdata\r\nversion: 2024a-0\r\n")),
        ];
        assert_eq!(listed(&tree(&files)), ["base-files 12.4 amd64 []", "tzdata 2024a-0  []"]);
        assert!(is_database(files[0].0) && !is_database(files[1].0) && !is_database("/var/lib/dpkg/status-old"));
    }

    #[test]
    fn a_database_that_cannot_be_read_is_told() {
        for content in [None, Some("\x01\x02 garbage\nmore"), Some("Package: a\nStatus: install ok installed\n")] {
            let packages = inventory(&tree(&[(STATUS, content)]));
            assert_eq!(packages.problems.len(), 1, "{content:?}");
            assert_eq!(packages.problems[0].layer, Some(3));
            assert!(packages.problems[0].message.contains(STATUS));
        }
        assert_eq!(inventory(&tree(&[(STATUS, Some(""))])).problems, []);
    }
}
