//! Licences of Debian packages: the `copyright` files in `/usr/share/doc`, where they are in the format machines read,
//! <https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/>.

use std::collections::HashMap;

use crate::image::Tree;

use super::{PackageKind, Packages, licence};

const DOC: &str = "/usr/share/doc/";
const NAME: &str = "/copyright";

/// Whether a file is one.
pub(super) fn is_wanted(path: &str) -> bool {
    let package = path.strip_prefix(DOC).and_then(|rest| rest.strip_suffix(NAME));
    package.is_some_and(|package| !package.contains('/'))
}

/// Gives the Debian packages their licences. Images without documentation have none.
pub(super) fn add_licences(tree: &Tree, packages: &mut Packages) {
    // Packages of one source share a file by links.
    let mut read: HashMap<&str, Read> = HashMap::new();
    for package in packages.list.iter_mut().filter(|p| p.kind == PackageKind::Deb) {
        let Some(node) = tree.resolve(&format!("{DOC}{}{NAME}", package.name)) else { continue };
        let read = read.entry(&node.entry.path);
        let read = read.or_insert_with(|| parse(node.entry.content.as_deref().unwrap_or_default()));
        (package.licences, package.licence_words) = read.clone();
    }
}

/// Licences, and words for them.
type Read = (Vec<String>, Vec<String>);

/// A file in prose may have lines that look like the format's. What they say is in doubt, and words at most.
fn parse(content: &[u8]) -> Read {
    let text = String::from_utf8_lossy(content);
    if !is_machine_readable(&text) {
        let name =
            |line: &str| Some(field(line.trim_start(), "License")?.split([' ', '\t', ',', ';']).next()?.to_owned());
        let mut words: Vec<String> = text.lines().filter_map(name).filter(|name| !name.is_empty()).collect();
        words.sort();
        words.dedup();
        return (Vec::new(), words);
    }
    let fields = text.lines().filter_map(|line| field(line, "License"));
    // `GPL-2+ or MIT, and BSD-3-clause`: the comma only binds.
    let fields = fields.map(|field| field.replace(", and ", " and ").replace(", or ", " or "));
    licence::read_all(fields)
}

/// Whether the first paragraph names the format.
fn is_machine_readable(text: &str) -> bool {
    let head = text.lines().skip_while(|line| line.trim().is_empty()).take_while(|line| !line.trim().is_empty());
    head.filter_map(|line| field(line, "Format").or_else(|| field(line, "Format-Specification")))
        .any(|url| url.contains("copyright-format") || url.contains("dep5"))
}

fn field<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let (found, value) = line.split_once(':')?;
    found.eq_ignore_ascii_case(name).then(|| value.trim()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_the_machine_readable_format_count() {
        let text = b"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: x\n\n\
                     Files: *\nCopyright: 2020 A\nLicense: GPL-2+ or Expat\n\nFiles: debian/*\nLicense: GPL-2+\n \
                     License: not this line\n\nLicense: public-domain\n it is free\n";
        let (licences, words) = parse(text);
        assert_eq!(licences, ["GPL-2.0-or-later", "GPL-2.0-or-later OR MIT", "public-domain"]);
        assert_eq!(words, ["GPL-2+", "GPL-2+ or Expat"]);
        let prose = parse(b"This package was made by A.\n\n  License: GPL-2, see below\nLicense: BSD\n");
        assert_eq!(prose, (Vec::new(), ["BSD", "GPL-2"].map(str::to_owned).to_vec()));
        assert!(is_wanted("/usr/share/doc/x/copyright") && !is_wanted("/usr/share/doc/x/y/copyright"));
    }
}
