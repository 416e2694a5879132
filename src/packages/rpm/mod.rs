//! rpm's databases: SQLite, ndb and Berkeley DB files that hold one header for each package. They are read as bytes, by
//! readers that know only what these databases use.

mod bdb;
mod files;
mod header;
mod ndb;
mod sqlite;

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::image::{Node, Tree};

use super::owner::Wanted;
use super::recorded::Recorded;
use super::{Package, PackageKind, Packages, Unreadable};

/// Where the databases are.
const FOLDERS: [&str; 3] = ["/usr/lib/sysimage/rpm", "/usr/share/rpm", "/var/lib/rpm"];

/// The headers of a database, as far as they could be read; those before damage stay.
struct Headers<'a> {
    list: Vec<Cow<'a, [u8]>>,
    /// Bytes more of them may have: headers do not overlap, so together they are no larger than the file.
    room: usize,
}

impl<'a> Headers<'a> {
    fn push(&mut self, header: Cow<'a, [u8]>) -> Result<(), Unreadable> {
        let room = self.room.checked_sub(header.len());
        self.room = room.ok_or_else(|| Unreadable::new("has headers that lie in one another"))?;
        self.list.push(header);
        Ok(())
    }
}

/// A database format: the name of its file, and its reader.
type Format = (&'static str, for<'a> fn(&'a [u8], &mut Headers<'a>) -> Result<(), Unreadable>);

const FORMATS: [Format; 3] = [("rpmdb.sqlite", sqlite::read), ("Packages.db", ndb::read), ("Packages", bdb::read)];

/// Changes SQLite has not moved into the database yet.
const LOG: &str = "rpmdb.sqlite-wal";

/// Whether a file is such a database.
pub(super) fn is_database(path: &str) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else { return false };
    FOLDERS.contains(&folder) && FORMATS.iter().any(|(file, _)| *file == name)
}

/// The databases of a tree, each once: one folder is often a link to the other.
pub(super) fn files(tree: &Tree) -> Vec<(String, &Node)> {
    let mut files: Vec<(String, &Node)> = Vec::new();
    for folder in FOLDERS {
        for (file, _) in FORMATS {
            let path = format!("{folder}/{file}");
            let Some(node) = tree.resolve(&path) else { continue };
            if files.iter().all(|(_, known)| known.entry.path != node.entry.path) {
                files.push((path, node));
            }
        }
    }
    files
}

/// Reads a database.
pub(super) fn read(path: &str, node: &Node, packages: &mut Packages) {
    let mut problem = |reason: &str| {
        packages.problem(node.layer, format!("the rpm database {path} {reason}, so packages may be missing"));
    };
    let Some((headers, damage)) = headers(path, node) else {
        problem("could not be read");
        return;
    };
    if let Some(reason) = damage {
        problem(&reason.to_string());
    }
    let found: Vec<Option<Package>> = headers.list.iter().map(|header| header::package(header)).collect();
    let broken = found.iter().filter(|package| package.is_none()).count();
    if broken > 0 {
        problem(&format!("has {broken} headers without a package name or version"));
    }
    packages.list.extend(found.into_iter().flatten().map(|package| Package {
        database: path.to_owned(),
        layer: node.layer,
        ..package
    }));
}

/// The headers of a database, and why they are not all; `None` when its content was not kept.
fn headers<'a>(path: &str, node: &'a Node) -> Option<(Headers<'a>, Option<Unreadable>)> {
    let (_, read) = FORMATS.iter().find(|(file, _)| path.rsplit('/').next() == Some(*file))?;
    let content = node.entry.content.as_deref()?;
    let mut headers = Headers { list: Vec::new(), room: content.len() };
    let damage = read(content, &mut headers).err();
    Some((headers, damage))
}

/// Gives packages the wanted files that they installed.
pub(super) fn claim(tree: &Tree, wanted: &mut Wanted<'_>) {
    for (path, node) in files(tree) {
        for header in headers(&path, node).iter().flat_map(|(headers, _)| &headers.list) {
            files::claim(header, wanted);
        }
    }
}

/// Reads what is recorded of the files of packages.
pub(super) fn read_files(tree: &Tree, packages: &Packages, recorded: &mut Recorded) {
    let mut listed: BTreeSet<String> = BTreeSet::new();
    for (path, node) in files(tree) {
        for header in headers(&path, node).iter().flat_map(|(headers, _)| &headers.list) {
            listed.extend(files::read(header, recorded));
        }
    }
    let missing = packages.list.iter().filter(|p| p.kind == PackageKind::Rpm && !listed.contains(&p.name));
    recorded.unrecorded.extend(missing.map(|package| package.name.clone()));
}

/// Tells of changes that lie beside a database and were not read.
pub(super) fn tell_logs(tree: &Tree, packages: &mut Packages) {
    let mut told = Vec::new();
    for folder in FOLDERS {
        let path = format!("{folder}/{LOG}");
        let Some(node) = tree.resolve(&path).filter(|node| node.entry.size > 0) else { continue };
        if !told.contains(&&node.entry.path) {
            told.push(&node.entry.path);
            packages.problem(
                node.layer,
                format!(
                    "the rpm database has changes in {path} that are not in the database yet, and those were not read; \
                     run `rpm --rebuilddb` in the step that installs packages"
                ),
            );
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
