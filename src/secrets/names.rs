//! Globs over the last components of a path, many at once.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex::bytes::{RegexSet, RegexSetBuilder};

/// Bytes of a glob's end by which it is looked up.
const ENDING: usize = 3;

/// The globs of several owners. Nearly every path ends like none of them, so they are kept by their endings, and a path is held
/// against those alone that end as it does.
#[derive(Debug)]
pub(super) struct Names {
    /// By the literal bytes a glob ends with, up to [`ENDING`], in lower case; none where it ends with a wildcard.
    by_ending: BTreeMap<Vec<u8>, Group>,
}

/// Globs that end alike, and the owner each belongs to.
#[derive(Debug, Default)]
struct Group {
    patterns: Vec<String>,
    owners: Vec<usize>,
    /// Compiled when a path first ends like them.
    set: OnceLock<RegexSet>,
}

impl Names {
    /// Over the globs of each owner, in order. Case does not count.
    pub(super) fn new<'g>(globs: impl Iterator<Item = &'g [&'g str]>) -> Self {
        let mut by_ending: BTreeMap<Vec<u8>, Group> = BTreeMap::new();
        for (owner, globs) in globs.enumerate() {
            for glob in globs {
                let group = by_ending.entry(ending(glob)).or_default();
                group.patterns.push(regex_of(glob));
                group.owners.push(owner);
            }
        }
        Self { by_ending }
    }

    /// The owners one of whose globs has `path`, sorted, each once.
    pub(super) fn matching(&self, path: &str) -> Vec<usize> {
        let path = path.as_bytes();
        let mut owners = Vec::new();
        for length in 0..=ENDING.min(path.len()) {
            let end = path.get(path.len() - length..).unwrap_or_default().to_ascii_lowercase();
            let Some(group) = self.by_ending.get(&end) else { continue };
            let matches = group.set().matches(path);
            owners.extend(matches.into_iter().filter_map(|glob| group.owners.get(glob).copied()));
        }
        owners.sort_unstable();
        owners.dedup();
        owners
    }

    /// How many globs there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_ending.values().map(|group| group.set().len()).sum()
    }
}

impl Group {
    fn set(&self) -> &RegexSet {
        self.set.get_or_init(|| {
            let mut builder = RegexSetBuilder::new(&self.patterns);
            // The globs are checked by a test; a set that cannot be built matches nothing.
            builder.case_insensitive(true).unicode(false).size_limit(64 << 20).build().unwrap_or_default()
        })
    }
}

/// The bytes every path that a glob has ends with.
fn ending(glob: &str) -> Vec<u8> {
    let literal = glob.bytes().rev().take_while(|byte| !b"*?[]/".contains(byte)).take(ENDING);
    let mut ending: Vec<u8> = literal.map(|byte| byte.to_ascii_lowercase()).collect();
    ending.reverse();
    ending
}

/// A glob over the last components of a path, as a regular expression.
pub(super) fn regex_of(glob: &str) -> String {
    let mut out = String::from("(?:^|/)");
    for c in glob.chars() {
        match c {
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '[' | ']' | '-' => out.push(c),
            c => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    out.push('$');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_held_against_globs_that_end_as_they_do() {
        let globs: [&[&str]; 4] = [&["*.pem", "id_rsa"], &[".env.*", "*.[jk]ks"], &["a/*"], &["k"]];
        let names = Names::new(globs.into_iter());
        assert_eq!(names.len(), 6);
        for (path, owners) in [
            ("x/SERVER.PEM", &[0][..]),
            ("id_rsa", &[0]),
            ("my_id_rsa", &[]),
            ("app/.env.local", &[1]),
            ("a/.env.k", &[1, 2]),
            ("x/a.JKS", &[1]),
            ("a/id_rsa", &[0, 2]),
            ("a/b/k", &[3]),
            ("", &[]),
        ] {
            assert_eq!(names.matching(path), owners, "{path}");
        }
    }
}
