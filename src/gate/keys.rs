//! Keys and credentials in an image: those that are there, and those that a later layer took away and everybody still gets.

use super::{Facts, Reporter};
use crate::finding::Finding;
use crate::image::Node;
use crate::rule::{Confidence, Severity};
use crate::secrets::KeyHit;

/// Key files of the image.
pub fn key_file_in_image(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (layer, path, hit) in shipped(facts) {
        if !is_there(facts, layer, path) {
            continue;
        }
        let message = format!("{path} is {}, and whoever can pull the image can read it", what(hit));
        report.push(finding(report, layer, path, hit, message));
    }
}

/// Key files of lower layers that are not in the image any more.
pub fn deleted_key_file_shipped(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (layer, path, hit) in shipped(facts) {
        if is_there(facts, layer, path) {
            continue;
        }
        let now = facts.tree.get(path);
        let by = now.map(|node| node.layer).or_else(|| facts.image.removed_by(path)).filter(|by| *by > layer);
        let gone = if now.is_some() { "replaced" } else { "removed" };
        let (ordinal, at) = match by {
            Some(by) => (format!(" by layer {}", by + 1), Some(report.layer_place(by))),
            None => (String::new(), None),
        };
        let message = format!(
            "{path} is {}, {gone}{ordinal}: layer {} still has it, and whoever can pull the image can read it",
            what(hit),
            layer + 1
        );
        let mut finding = finding(report, layer, path, hit, message);
        if let Some(at) = at {
            finding = finding.related(at, format!("{gone} here, which takes nothing out of the layer below"));
        }
        report.push(finding);
    }
}

/// Every key file a layer brings, lowest layer first.
fn shipped<'a>(facts: &Facts<'a>) -> impl Iterator<Item = (usize, &'a str, &'a KeyHit)> + use<'a> {
    let layers = facts.image.layers.iter();
    layers.flat_map(|layer| layer.keys.iter().map(|(path, hit)| (layer.index, path.as_str(), hit)))
}

/// Whether the image's file of that name is this layer's.
fn is_there(facts: &Facts<'_>, layer: usize, path: &str) -> bool {
    facts.tree.get(path).is_some_and(|node: &Node| node.layer == layer)
}

fn what(hit: &KeyHit) -> String {
    let article = if hit.kind.name.starts_with(['a', 'e', 'i', 'o', 'A', 'I', 'S']) { "an" } else { "a" };
    let is_many = hit.kind.name.ends_with('s') && !hit.kind.name.ends_with("ss");
    let name = if is_many { hit.kind.name.to_owned() } else { format!("{article} {}", hit.kind.name) };
    if hit.is_encrypted { format!("{name} (under a passphrase)") } else { name }
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
fn is_sample(path: &str) -> bool {
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
            .layer([text("/root/id_rsa", "gone"), text("/app/test/id_rsa", &key())], ["/root/.npmrc"]);
        let there = case.run("key-file-in-image", &[]);
        assert_eq!(
            messages(&there),
            [
                "0 /base/id_rsa is an SSH private key, and whoever can pull the image can read it",
                "1 /root/.ssh/id_rsa is an SSH private key, and whoever can pull the image can read it",
                "2 /app/test/id_rsa is an SSH private key, and whoever can pull the image can read it",
            ]
        );
        assert_eq!([1, 2].map(|i: usize| there[i].severity), [Severity::Error, Severity::Info]);
        let gone = case.run("deleted-key-file-shipped", &[]);
        assert_eq!(
            messages(&gone),
            [
                "1 /root/.npmrc is npm registry credentials, removed by layer 3: layer 2 still has it, and whoever can pull \
                 the image can read it",
                "1 /root/id_rsa is an SSH private key, replaced by layer 3: layer 2 still has it, and whoever can pull the \
                 image can read it",
            ]
        );
        assert_eq!(gone[0].related.len(), 1);
    }
}
