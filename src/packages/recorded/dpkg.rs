//! dpkg's records: a list of MD5 sums for each package, and the sums of its settings in the database itself. Packages built without a
//! list have none, and files that dpkg was told to leave out are in the lists all the same.

use std::collections::{BTreeSet, HashMap};

use regex::Regex;

use super::super::dpkg;
use super::{Recorded, RecordedDigest, RecordedFile, RecordedKind, from_hex};
use crate::image::Tree;
use crate::packages::{PackageKind, Packages};

/// Folders of the lists: the database's, and that of images without a package manager.
const FOLDERS: [&str; 2] = ["/var/lib/dpkg/info", "/var/lib/dpkg/status.d"];
const DIVERSIONS: &str = "/var/lib/dpkg/diversions";
const CONFIG: &str = "/etc/dpkg/dpkg.cfg";
const CONFIG_FOLDER: &str = "/etc/dpkg/dpkg.cfg.d";
const LEFT_OUT: &str = "dpkg was told to leave them out (path-exclude in /etc/dpkg/dpkg.cfg.d)";

/// Whether a file is a list, or tells where packages' files went.
pub(super) fn is_record(path: &str) -> bool {
    path == DIVERSIONS
        || is_config(path)
        || path.ends_with(".md5sums") && FOLDERS.iter().any(|folder| is_in(path, folder))
}

fn is_config(path: &str) -> bool {
    path == CONFIG || is_in(path, CONFIG_FOLDER)
}

fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')).is_some_and(|name| !name.contains('/'))
}

/// Reads the records of the packages that are installed.
pub(super) fn read(tree: &Tree, packages: &Packages, recorded: &mut Recorded) {
    let installed: BTreeSet<&str> =
        packages.list.iter().filter(|p| p.kind == PackageKind::Deb).map(|p| p.name.as_str()).collect();
    if installed.is_empty() {
        return;
    }
    let (diversions, filters) = (diversions(tree), Filters::read(tree));
    let mut listed: BTreeSet<&str> = BTreeSet::new();
    let add = |recorded: &mut Recorded, package: &str, path: &str, md5: [u8; 16], is_config: bool| {
        let moved = diversions.get(path).filter(|(_, by)| by != package);
        let path = moved.map_or(path, |(to, _)| to.as_str());
        if filters.leave_out(path) && tree.landed(path).is_none() {
            return recorded.leave_out(LEFT_OUT);
        }
        recorded.push(RecordedFile {
            package: package.to_owned(),
            path: path.to_owned(),
            kind: (!is_config).then_some(RecordedKind::File),
            digest: Some(RecordedDigest::Md5(md5)),
            is_config,
            ..RecordedFile::default()
        });
    };
    for node in FOLDERS.iter().flat_map(|folder| tree.below(folder)) {
        let name = node.entry.path.rsplit('/').next().and_then(|name| name.strip_suffix(".md5sums"));
        let name = name.map(|name| name.split(':').next().unwrap_or(name));
        let (Some(package), Some(content)) = (name.and_then(|name| installed.get(name)), &node.entry.content) else {
            continue;
        };
        listed.insert(package);
        for line in String::from_utf8_lossy(content).lines() {
            let Some((sum, path)) = line.split_once(char::is_whitespace) else { continue };
            let Some(md5) = from_hex(sum) else { continue };
            let path = format!("/{}", path.trim_start().trim_start_matches("./").trim_start_matches('/'));
            add(recorded, package, &path, md5, false);
        }
    }
    for (package, path, md5) in dpkg::settings(tree) {
        if installed.contains(package.as_str()) {
            add(recorded, &package, &path, md5, true);
        }
    }
    recorded.unrecorded.extend(installed.difference(&listed).map(|name| (*name).to_owned()));
}

/// Where files went that packages bring and others have taken the place of: the new path, and the package that is not moved.
fn diversions(tree: &Tree) -> HashMap<String, (String, String)> {
    let content = tree.resolve(DIVERSIONS).and_then(|node| node.entry.content.clone()).unwrap_or_default();
    let text = String::from_utf8_lossy(&content);
    let lines: Vec<&str> = text.lines().collect();
    let (thirds, _) = lines.as_chunks::<3>();
    thirds.iter().map(|[from, to, by]| ((*from).to_owned(), ((*to).to_owned(), (*by).to_owned()))).collect()
}

/// Which files dpkg installs: the last pattern that fits decides.
struct Filters(Vec<(bool, Regex)>);

impl Filters {
    fn read(tree: &Tree) -> Self {
        let mut filters = Vec::new();
        let in_folder = tree.below(CONFIG_FOLDER).filter(|node| is_config(&node.entry.path));
        for node in in_folder.chain(tree.get(CONFIG)) {
            for line in String::from_utf8_lossy(node.entry.content.as_deref().unwrap_or_default()).lines() {
                let line = line.trim().trim_start_matches("--");
                let Some((option, pattern)) = line.split_once(['=', ' ', '\t']) else { continue };
                let is_excluded = match option.trim() {
                    "path-exclude" => true,
                    "path-include" => false,
                    _ => continue,
                };
                filters.extend(glob(pattern.trim()).map(|regex| (is_excluded, regex)));
            }
        }
        Self(filters)
    }

    fn leave_out(&self, path: &str) -> bool {
        self.0.iter().rev().find(|(_, regex)| regex.is_match(path)).is_some_and(|(is_excluded, _)| *is_excluded)
    }
}

/// A pattern of fnmatch(3) without flags, where `*` crosses slashes.
fn glob(pattern: &str) -> Option<Regex> {
    let mut expression = String::from("^");
    let mut rest = pattern.trim_matches(['"', '\'']).chars();
    while let Some(c) = rest.next() {
        match c {
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            '[' => {
                let class: String = rest.by_ref().take_while(|c| *c != ']').collect();
                let inner =
                    class.strip_prefix('!').map_or_else(|| regex::escape(&class), |c| format!("^{}", regex::escape(c)));
                expression.push_str(&format!("[{}]", inner.replace("\\-", "-")));
            }
            '\\' => expression.push_str(&rest.next().map(|c| regex::escape(&c.to_string())).unwrap_or_default()),
            c => expression.push_str(&regex::escape(&c.to_string())),
        }
    }
    expression.push('$');
    Regex::new(&expression).ok()
}
