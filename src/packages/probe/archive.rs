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
        let mut look = Look { parts: Vec::new(), unread: Vec::new(), bytes: MAX_BYTES, members: MAX_MEMBERS };
        look.archive(&self.bytes, "", 0);
        let problem = match look.unread.as_slice() {
            [] => None,
            [one] if one.is_empty() => Some("is damaged, or no archive of this format".to_owned()),
            [one] => Some(format!("has a part that could not be read: {one}")),
            [first, rest @ ..] => Some(format!("has {} parts that could not be read, such as {first}", rest.len() + 1)),
        };
        Some(Probed { parts: look.parts, problem })
    }
}

struct Look {
    parts: Vec<Part>,
    /// Names of what could not be read; empty for the file itself.
    unread: Vec<String>,
    /// Bytes that may still be unpacked.
    bytes: usize,
    /// Members that may still be looked at.
    members: usize,
}

impl Look {
    fn archive(&mut self, bytes: &[u8], prefix: &str, depth: usize) {
        let Some(zip) = Zip::open(bytes) else {
            self.unread.push(prefix.trim_end_matches(NESTED).to_owned());
            return;
        };
        for member in zip.members() {
            let left = self.members.checked_sub(1);
            let (Some(member), Some(left)) = (member, left) else {
                self.unread.push(prefix.trim_end_matches(NESTED).to_owned());
                return;
            };
            self.members = left;
            let is_nested = is_archive(&member.name);
            if !is_nested && !is_metadata(&member.name) {
                continue;
            }
            let name = format!("{prefix}{}", member.name);
            let most =
                self.bytes.min(if is_nested { usize::try_from(MAX_WHOLE).unwrap_or(usize::MAX) } else { MAX_TEXT });
            let content = zip.content(&member, most);
            self.bytes = self.bytes.saturating_sub(content.as_ref().map_or(most, |content| content.len()));
            match content {
                Some(content) if is_nested && depth < MAX_DEPTH => {
                    let prefix = format!("{name}{NESTED}");
                    self.parts.push(Part { name: prefix.clone(), content: Vec::new() });
                    self.archive(&content, &prefix, depth + 1);
                }
                Some(content) if !is_nested => self.parts.push(Part { name, content: content.into_owned() }),
                _ => self.unread.push(name),
            }
        }
    }
}

fn is_metadata(name: &str) -> bool {
    name == "META-INF/MANIFEST.MF" || name.starts_with("META-INF/maven/") && name.ends_with("/pom.properties")
}
