//! apk's database of installed packages: paragraphs of one-letter fields, as apk-package(5) describes them.

use crate::image::{Node, Tree};

use super::owner::Wanted;
use super::{Package, PackageKind, Packages};

/// Where it is; newer systems with a merged `/usr` have it below that.
const PATHS: [&str; 2] = ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"];

/// Whether a file is the database.
pub(super) fn is_database(path: &str) -> bool {
    PATHS.contains(&path)
}

/// The databases of a tree, each once: one place can be a link to the other.
pub(super) fn files(tree: &Tree) -> Vec<(String, &Node)> {
    let mut files: Vec<(String, &Node)> =
        PATHS.iter().filter_map(|path| Some(((*path).to_owned(), tree.resolve(path)?))).collect();
    files.dedup_by(|(_, b), (_, a)| a.entry.path == b.entry.path);
    files
}

/// Reads the database.
pub(super) fn read(path: &str, node: &Node, packages: &mut Packages) {
    let mut problem = |message: &str| {
        packages.problem(node.layer, format!("the apk database {path} {message}, so packages may be missing"));
    };
    let Some(content) = &node.entry.content else {
        problem("could not be read");
        return;
    };
    let (found, broken) = parse(content);
    if broken > 0 {
        problem(&format!("has {broken} paragraphs without a package name or version"));
    }
    packages.list.extend(found.into_iter().map(|package| Package {
        database: path.to_owned(),
        layer: node.layer,
        ..package
    }));
}

/// Gives packages the wanted files that they installed.
pub(super) fn claim(tree: &Tree, wanted: &mut Wanted<'_>) {
    for (_, node) in files(tree) {
        let (mut package, mut directory) = (None, None);
        for line in node.entry.content.as_deref().unwrap_or_default().split(|b| *b == b'\n') {
            match line {
                [b'P', b':', value @ ..] => (package, directory) = (Some(value), None),
                [b'F', b':', value @ ..] => directory = wanted.directory(&[b"/", value].concat()),
                [b'R', b':', value @ ..] => {
                    if let Some(directory) = &directory {
                        let name = || package.map(|package| String::from_utf8_lossy(package).into_owned());
                        wanted.claim(directory, value, &name);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The packages, and the number of paragraphs that are none.
fn parse(content: &[u8]) -> (Vec<Package>, usize) {
    let (mut packages, mut broken) = (Vec::new(), 0);
    let mut lines = content.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).peekable();
    while lines.peek().is_some() {
        let mut package = Package::new(PackageKind::Apk, "", "");
        let mut is_empty = true;
        for line in lines.by_ref().take_while(|line| !line.is_empty()) {
            is_empty = false;
            let [field, b':', value @ ..] = line else { continue };
            let value = || String::from_utf8_lossy(value.trim_ascii()).into_owned();
            match field {
                b'P' => package.name = value(),
                b'V' => package.version = value(),
                b'A' => package.architecture = Some(value()).filter(|v| !v.is_empty()),
                b'o' => package.source = Some(value()).filter(|v| !v.is_empty()),
                b'L' => package = package.under([value()]),
                _ => {}
            }
        }
        if is_empty {
            continue;
        }
        if package.name.is_empty() || package.version.is_empty() {
            broken += 1;
        } else {
            packages.push(package);
        }
    }
    (packages, broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_become_packages() {
        let text = b"C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:x86_64\nS:1\nL:MIT\no:musl\nF:lib\nR:ld.so\n\n\
                     P:ssl_client\nV:1.36.1-r5\nL:GPL-2.0-only\no:busybox\n\n\nV:1\n";
        let (found, broken) = parse(text);
        let shown: Vec<String> = found
            .iter()
            .map(|p| format!("{} {} {:?} {:?} {}", p.name, p.version, p.architecture, p.source, p.licences.join(",")))
            .collect();
        assert_eq!(
            shown,
            [
                "musl 1.2.4-r2 Some(\"x86_64\") Some(\"musl\") MIT",
                "ssl_client 1.36.1-r5 None Some(\"busybox\") GPL-2.0-only"
            ]
        );
        assert_eq!(broken, 1);
        assert_eq!(parse(b"\n\n"), (Vec::new(), 0));
        assert_eq!(parse(b"\x00\xff").1, 1);
    }
}
