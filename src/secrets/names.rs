//! Globs over the last components of a path, many at once.

use regex::bytes::{RegexSet, RegexSetBuilder};

/// One regular expression for every glob of every owner, and the owner each belongs to.
#[derive(Debug)]
pub(super) struct Names {
    set: RegexSet,
    owners: Vec<usize>,
}

impl Names {
    /// Over the globs of each owner, in order. Case does not count.
    pub(super) fn new<'g>(globs: impl Iterator<Item = &'g [&'g str]>) -> Self {
        let all = globs.enumerate().flat_map(|(owner, globs)| globs.iter().map(move |glob| (owner, regex_of(glob))));
        let (owners, patterns): (Vec<_>, Vec<_>) = all.unzip();
        let set = RegexSetBuilder::new(patterns).case_insensitive(true).unicode(false).size_limit(64 << 20).build();
        // The globs are checked by a test; a set that cannot be built matches nothing.
        Self { set: set.unwrap_or_default(), owners }
    }

    /// The owners one of whose globs has `path`, sorted, each once.
    pub(super) fn matching(&self, path: &str) -> Vec<usize> {
        if self.owners.is_empty() {
            return Vec::new();
        }
        let matches = self.set.matches(path.as_bytes());
        let mut owners: Vec<usize> = matches.into_iter().filter_map(|glob| self.owners.get(glob).copied()).collect();
        owners.sort_unstable();
        owners.dedup();
        owners
    }

    /// How many globs there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.set.len()
    }
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
