//! Keys and credentials in an image: those that are there, and those that a later layer took away and everybody still gets.

use std::collections::BTreeSet;
use std::fmt;

use super::{Facts, Reporter};
use crate::finding::Finding;
use crate::image::Change;
use crate::rule::{Confidence, Severity};
use crate::secrets::KeyHit;

/// Key files of the image, each at the layer that brought its content.
pub fn key_file_in_image(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let mut told = BTreeSet::new();
    for key in shipped(facts).filter(|key| key.is_there(facts)) {
        // A layer that stores the same file once more brings nothing new.
        if told.insert(key.path) {
            let Key { path, hit, .. } = key;
            let message = format!("{path} ({}) is in the image, and whoever can pull it can read it", what(hit));
            report.push(finding(report, key.layer, path, hit, message));
        }
    }
}

/// Key files of lower layers that are not in the image any more: part of `secret-in-deleted-file`.
pub(super) fn deleted(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for key in shipped(facts).filter(|key| !key.is_there(facts)) {
        let Key { layer, path, hit } = key;
        let message = format!(
            "{path} ({}) is {} and still in layer {}, where whoever can pull the image can read it",
            what(hit),
            Gone::of(facts, layer, path),
            layer + 1
        );
        let finding = finding(report, layer, path, hit, message);
        report.push(told_as_gone(facts, report, finding, layer, path));
    }
}

/// What became of a file that a layer brought.
pub(super) struct Gone {
    word: &'static str,
    by: Option<usize>,
}

impl Gone {
    pub(super) fn of(facts: &Facts<'_>, layer: usize, path: &str) -> Self {
        let now = facts.tree.landed(path);
        let by = now.map(|node| node.layer).or_else(|| facts.image.removed_by(path)).filter(|by| *by > layer);
        Self { word: if now.is_some() { "replaced" } else { "removed" }, by }
    }
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.by {
            Some(by) => write!(f, "{} by layer {}", self.word, by + 1),
            None => f.write_str(self.word),
        }
    }
}

/// Adds where a file was taken away, and how everybody gets it all the same.
pub(super) fn told_as_gone(
    facts: &Facts<'_>,
    report: &Reporter<'_>,
    mut finding: Finding,
    layer: usize,
    path: &str,
) -> Finding {
    let Gone { word, by } = Gone::of(facts, layer, path);
    if let Some(by) = by {
        let at = report.layer_place(by);
        finding = finding.related(at, format!("{word} here, which takes nothing out of the layer below"));
    }
    let Some(command) = facts.image.extraction(layer, path) else { return finding };
    let help = finding.help.take().map(|help| format!("{help}; ")).unwrap_or_default();
    finding.help(format!("{help}`{command}` shows the file"))
}

/// A key file that a layer brings.
#[derive(Clone, Copy)]
struct Key<'a> {
    layer: usize,
    path: &'a str,
    hit: &'a KeyHit,
}

/// Every key file, lowest layer first.
fn shipped<'a>(facts: &Facts<'a>) -> impl Iterator<Item = Key<'a>> + use<'a> {
    let layers = facts.image.layers.iter();
    layers.flat_map(|layer| layer.keys.iter().map(|(path, hit)| Key { layer: layer.index, path, hit }))
}

impl Key<'_> {
    /// Whether the image's file of that name is this one, or one of the same content.
    fn is_there(&self, facts: &Facts<'_>) -> bool {
        let Some(node) = facts.tree.landed(self.path) else { return false };
        node.layer == self.layer || (node.entry.sha256.is_some() && node.entry.sha256 == self.digest(facts))
    }

    fn digest(&self, facts: &Facts<'_>) -> Option<String> {
        let changes = &facts.image.layers.get(self.layer)?.changes;
        changes.iter().rev().find_map(|change| match change {
            Change::Add(entry) if entry.path == self.path => entry.sha256.clone(),
            _ => None,
        })
    }
}

fn what(hit: &KeyHit) -> String {
    let passphrase = if hit.is_encrypted { ", under a passphrase" } else { "" };
    format!("{}{passphrase}", hit.kind.name)
}

fn finding(report: &Reporter<'_>, layer: usize, path: &str, hit: &KeyHit, message: String) -> Finding {
    let mount = if hit.kind.id.starts_with("ssh") { "RUN --mount=type=ssh" } else { "RUN --mount=type=secret,id=…" };
    let finding = report.in_layer(layer, Some(path), message).subject(path).confidence(hit.confidence);
    let finding = finding.help(format!("replace the secret, keep it out of the build, and hand it in with `{mount}`"));
    // Nearly always right: a secret where secrets are kept, confirmed by what is in it.
    let is_sure = hit.confidence == Confidence::High && hit.line.is_some() && !is_sample(path);
    if is_sure { finding } else { finding.severity(Severity::Info) }
}

/// Whether a file is where packages keep their samples and tests: such keys open nothing.
pub(super) fn is_sample(path: &str) -> bool {
    const FOLDERS: [&str; 14] = [
        "dist-packages",
        "doc",
        "docs",
        "example",
        "examples",
        "fixtures",
        "gems",
        "node_modules",
        "sample",
        "samples",
        "site-packages",
        "test",
        "testdata",
        "tests",
    ];
    path.starts_with("/usr/share/")
        || path.starts_with("/usr/lib/")
        || path.split('/').any(|part| FOLDERS.contains(&part))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fixtures::{Case, messages, text};
    use super::*;

    /// In pieces, so that no scanner of this repository takes it for a key.
    fn key() -> String {
        ["-----BEGIN OPENSSH ", "PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n"].concat()
    }

    #[test]
    fn keys_are_told_whether_they_are_there_or_deleted() {
        let npmrc = "//registry.example.test/:_authToken=q3TxWz9kLmN4bV7cX2sD\n";
        let case = Case::new(1)
            .layer([text("/base/id_rsa", &key())], [])
            .layer([text("/root/.ssh/id_rsa", &key()), text("/root/.npmrc", npmrc), text("/root/id_rsa", &key())], [])
            .layer(
                [text("/root/id_rsa", "gone"), text("/app/test/id_rsa", &key()), text("/root/.ssh/id_rsa", &key())],
                ["/root/.npmrc"],
            );
        let there = case.run("key-file-in-image", &[]);
        let said = "(SSH private key) is in the image, and whoever can pull it can read it";
        let expected = ["0 /base/id_rsa", "1 /root/.ssh/id_rsa", "2 /app/test/id_rsa"].map(|at| format!("{at} {said}"));
        assert_eq!(messages(&there), expected);
        assert_eq!([1, 2].map(|i: usize| there[i].severity), [Severity::Error, Severity::Info]);
        let gone = case.run("secret-in-deleted-file", &[]);
        let said = "by layer 3 and still in layer 2, where whoever can pull the image can read it";
        assert_eq!(
            messages(&gone),
            [
                format!("1 /root/.npmrc (npm registry credentials) is removed {said}"),
                format!("1 /root/id_rsa (SSH private key) is replaced {said}"),
            ]
        );
        assert_eq!(gone[0].related.len(), 1);
    }
}
