//! apk's records: in the database of installed packages, a digest for each file behind its name, and the mode where it is not the
//! usual one.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::apk;
use super::{Recorded, RecordedDigest, RecordedFile};
use crate::image::Tree;
use crate::packages::{PackageKind, Packages};

const UNKNOWN: &str = "their digests are of a kind that is not computed here";

/// Reads the records.
pub(super) fn read(tree: &Tree, packages: &Packages, recorded: &mut Recorded) {
    let mut listed: BTreeSet<String> = BTreeSet::new();
    for (_, node) in apk::files(tree) {
        let text = String::from_utf8_lossy(node.entry.content.as_deref().unwrap_or_default());
        let (mut package, mut folder, mut file, mut mode) = ("", "", "", None);
        for line in text.lines() {
            match line.split_at_checked(2) {
                Some(("P:", value)) => {
                    (package, folder, file, mode) = (value, "", "", None);
                    // One whose paragraph is whole brings its files, if only none.
                    listed.insert(package.to_owned());
                }
                Some(("F:", value)) => (folder, file, mode) = (value, "", None),
                Some(("R:", value)) => (file, mode) = (value, None),
                Some(("a:", value)) => mode = value.split(':').nth(2).and_then(|m| u32::from_str_radix(m, 8).ok()),
                Some(("Z:", value)) if !file.is_empty() => {
                    let path = if folder.is_empty() { format!("/{file}") } else { format!("/{folder}/{file}") };
                    let digest = digest(value);
                    if digest.is_none() {
                        recorded.leave_out(UNKNOWN);
                    }
                    let package = package.to_owned();
                    recorded.push(RecordedFile { package, path, digest, mode, ..RecordedFile::default() });
                }
                _ => {}
            }
        }
    }
    let missing = packages.list.iter().filter(|p| p.kind == PackageKind::Apk && !listed.contains(&p.name));
    recorded.unrecorded.extend(missing.map(|package| package.name.clone()));
}

/// `Q1` and the SHA-1 in base64, or `Q2` and the start of the SHA-256.
fn digest(text: &str) -> Option<RecordedDigest> {
    let (kind, value) = text.split_at_checked(2)?;
    let bytes = STANDARD.decode(value.trim()).ok()?;
    match kind {
        "Q1" => Some(RecordedDigest::Sha1(bytes.try_into().ok()?)),
        "Q2" if bytes.len() >= 20 => Some(RecordedDigest::Sha256(bytes.iter().map(|b| format!("{b:02x}")).collect())),
        _ => None,
    }
}
