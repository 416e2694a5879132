//! Java archives: manifests and Maven properties, also those of the archives within.

use super::MAX_WHOLE;
use super::zip::Zip;
use crate::image::{Part, Probe, Probed};

/// What follows the name of an archive in the names of its members.
pub(in super::super) const NESTED: &str = "!/";

/// Archives within archives.
const MAX_DEPTH: usize = 4;
/// Bytes of a manifest or of properties.
const MAX_TEXT: usize = 1 << 20;
/// Bytes of all members of a file that are unpacked, and members that are looked at.
const MAX_BYTES: usize = 512 << 20;
const MAX_MEMBERS: usize = 1_000_000;
/// Bytes of what is taken out of a file, names included.
const MAX_TAKEN: usize = 16 << 20;

const ENDINGS: [&str; 5] = [".jar", ".war", ".ear", ".hpi", ".jpi"];

/// Whether a file is an archive, by its name.
pub(in super::super) fn is_archive(path: &str) -> bool {
    ENDINGS.iter().any(|ending| path.ends_with(ending))
}

/// Looks at an archive: its directory is at the end, so it is held whole.
pub(in super::super) struct Archive {
    bytes: Vec<u8>,
    is_small: bool,
}

impl Archive {
    pub(in super::super) fn new(size: u64) -> Self {
        Self { bytes: Vec::new(), is_small: size <= MAX_WHOLE }
    }
}

impl Probe for Archive {
    fn feed(&mut self, bytes: &[u8]) {
        if self.is_small {
            self.bytes.extend_from_slice(bytes);
        }
    }

    fn finish(self: Box<Self>) -> Option<Probed> {
        if !self.is_small {
            let problem = format!("is larger than {} MiB, so it was not looked into", MAX_WHOLE >> 20);
            return Some(Probed { parts: Vec::new(), problem: Some(problem) });
        }
        if self.bytes.is_empty() {
            return None;
        }
        let mut look = Look { bytes: MAX_BYTES, members: MAX_MEMBERS, taken: MAX_TAKEN, ..Look::default() };
        look.archive(&self.bytes, "", 0);
        let problem = look.first_unread.map(|first| match (look.unread, first.as_str()) {
            (1, "") => "is damaged, or no archive of this format".to_owned(),
            (1, part) => format!("has a part that could not be read: {part}"),
            (count, "") => format!("is damaged, and has {} parts that could not be read", count - 1),
            (count, part) => format!("has {count} parts that could not be read, such as {part}"),
        });
        Some(Probed { parts: look.parts, problem })
    }
}

#[derive(Default)]
struct Look {
    parts: Vec<Part>,
    /// How many members and archives could not be read, and the name of the first; empty for the file itself.
    unread: usize,
    first_unread: Option<String>,
    /// Bytes that may still be unpacked.
    bytes: usize,
    /// Members that may still be looked at.
    members: usize,
    /// Bytes that may still be taken.
    taken: usize,
}

impl Look {
    fn archive(&mut self, bytes: &[u8], prefix: &str, depth: usize) {
        let Some(zip) = Zip::open(bytes) else { return self.unread(prefix.trim_end_matches(NESTED)) };
        for member in zip.members() {
            let left = self.members.checked_sub(1);
            let (Some(member), Some(left)) = (member, left) else {
                return self.unread(prefix.trim_end_matches(NESTED));
            };
            self.members = left;
            let is_nested = is_archive(&member.name);
            if !is_nested && !is_metadata(&member.name) {
                continue;
            }
            let name = format!("{prefix}{}", member.name);
            let most = if is_nested { usize::try_from(MAX_WHOLE).unwrap_or(usize::MAX) } else { MAX_TEXT };
            let most = most.min(self.bytes);
            let content = zip.content(&member, most);
            self.bytes = self.bytes.saturating_sub(content.as_ref().map_or(most, |content| content.len()));
            match content {
                Some(content) if is_nested && depth < MAX_DEPTH => {
                    let prefix = format!("{name}{NESTED}");
                    self.take(Part { name: prefix.clone(), content: Vec::new() });
                    self.archive(&content, &prefix, depth + 1);
                }
                Some(content) if !is_nested => self.take(Part { name, content: content.into_owned() }),
                _ => self.unread(&name),
            }
        }
    }

    fn take(&mut self, part: Part) {
        match self.taken.checked_sub(part.name.len() + part.content.len()) {
            Some(left) => {
                self.taken = left;
                self.parts.push(part);
            }
            None => self.unread(&part.name),
        }
    }

    fn unread(&mut self, name: &str) {
        self.unread += 1;
        self.first_unread.get_or_insert_with(|| name.to_owned());
    }
}

fn is_metadata(name: &str) -> bool {
    name == "META-INF/MANIFEST.MF" || name.starts_with("META-INF/maven/") && name.ends_with("/pom.properties")
}
