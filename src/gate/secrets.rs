//! Secrets in an image's files: those that are there, and those that a later layer took away and everybody still gets. Files
//! that are keys as a whole are told as such and not once more for what is in them.

use std::collections::{BTreeMap, BTreeSet};

use super::keys::{self, Gone, is_sample, told_as_gone};
use super::{Facts, Reporter};
use crate::finding::Finding;
use crate::image::FileSecret;
use crate::packages;
use crate::rule::{Confidence, Detector, Severity};

/// Secrets in the files of the image, each file and kind of secret at the layer that brought it.
pub fn secret_in_layer(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let groups: Vec<Group<'_>> = shipped(facts).filter(|group| group.is_there).collect();
    let owners = packages::owners(facts.tree, groups.iter().map(|group| group.path));
    for group in &groups {
        let message =
            format!("{} holds a secret ({}): whoever can pull the image can read it", group.path, group.told());
        report.push(finding(facts, report, group, &owners, message));
    }
}

/// Key files and files with secrets that a later layer removes or replaces.
pub fn secret_in_deleted_file(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    keys::deleted(facts, report);
    let groups: Vec<Group<'_>> = shipped(facts).filter(|group| !group.is_there).collect();
    let owners = packages::owners(facts.tree, groups.iter().map(|group| group.path));
    for group in &groups {
        let message = format!(
            "{} with a secret in it ({}) is {} and still in layer {}, where whoever can pull the image can read it",
            group.path,
            group.told(),
            Gone::of(facts, group.layer, group.path),
            group.layer + 1
        );
        let finding = finding(facts, report, group, &owners, message);
        report.push(told_as_gone(facts, report, finding, group.layer, group.path));
    }
}

/// The secrets that one detector found in one file of one layer.
struct Group<'a> {
    layer: usize,
    path: &'a str,
    detector: &'static Detector,
    secrets: Vec<&'a FileSecret>,
    /// Whether the image's file of that path still holds them.
    is_there: bool,
}

impl Group<'_> {
    /// What they are and where: `GitHub personal access token, line 3 and 2 more`.
    fn told(&self) -> String {
        let line = self.secrets.first().map_or(0, |secret| secret.line);
        let place = if line > 0 { format!(", line {line}") } else { String::new() };
        let more = match self.secrets.len().saturating_sub(1) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let is_encrypted = self.secrets.iter().all(|secret| secret.is_encrypted);
        let passphrase = if is_encrypted { ", under a passphrase" } else { "" };
        format!("{}{passphrase}{place}{more}", self.detector.name)
    }

    fn confidence(&self) -> Confidence {
        self.secrets.iter().map(|secret| secret.confidence).max().unwrap_or(Confidence::Low)
    }
}

/// Every secret of every layer, lowest layer first, told once: a layer that stores the same file again brings nothing new.
fn shipped<'a>(facts: &Facts<'a>) -> impl Iterator<Item = Group<'a>> + use<'a> {
    let mut told: BTreeSet<(&str, u64)> = BTreeSet::new();
    let mut groups = Vec::new();
    for layer in &facts.image.layers {
        for (path, secrets) in layer.secrets.iter().filter(|(path, _)| !layer.keys.contains_key(*path)) {
            let there = facts.tree.landed(path).and_then(|node| facts.image.layers.get(node.layer));
            let there = there.and_then(|layer| layer.secrets.get(path)).map(Vec::as_slice).unwrap_or_default();
            let mut here: BTreeMap<(bool, &str), Group<'a>> = BTreeMap::new();
            for secret in secrets.iter().filter(|secret| told.insert((path, secret.fingerprint))) {
                let is_there = there.iter().any(|other| other.fingerprint == secret.fingerprint);
                let (layer, detector) = (layer.index, secret.detector);
                let new = Group { layer, path, detector, secrets: Vec::new(), is_there };
                here.entry((is_there, detector.id)).or_insert(new).secrets.push(secret);
            }
            groups.extend(here.into_values());
        }
    }
    groups.into_iter()
}

/// The packages that files came with, by path.
type Owners<'a> = BTreeMap<&'a str, String>;

fn finding(
    facts: &Facts<'_>,
    report: &Reporter<'_>,
    group: &Group<'_>,
    owners: &Owners<'_>,
    message: String,
) -> Finding {
    let finding = report.in_layer(group.layer, Some(group.path), message).subject(group.path);
    let finding = finding.confidence(group.confidence());
    // Files of packages are in everybody's hands already: what looks like a secret in them is a sample or a test.
    let owner = owners.get(group.path).filter(|owner| facts.package_history.layer_of(owner) == Some(group.layer));
    if let Some(owner) = owner {
        return finding
            .severity(Severity::Info)
            .help(format!("the file is part of the package {owner}, as everybody gets it"));
    }
    let finding = finding
        .help("replace the secret, keep it out of the build, and hand it in with `RUN --mount=type=secret,id=…`");
    let is_sure = group.confidence() == Confidence::High && !is_sample(group.path);
    if is_sure { finding } else { finding.severity(Severity::Info) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fixtures::{Case, file, messages, text};
    use super::*;

    /// Tokens that exist nowhere, in pieces, so that no scanner of this repository takes them for real ones.
    fn token(end: &str) -> String {
        ["ghp_", "q3TxWz9kLmN4bV7cX2sD", "5fG8hJ1pR6tY0u", end].concat()
    }

    fn with(end: &str) -> String {
        format!("a\ntoken = {}\n", token(end))
    }

    #[test]
    fn a_secret_is_told_where_it_came_in_and_once() {
        let case = Case::new(1)
            .layer([text("/opt/base.conf", &with("BA"))], [])
            .layer([text("/srv/app.conf", &with("AP")), text("/srv/plain", "none")], [])
            .layer([text("/srv/app.conf", &format!("# again\n{}", with("AP")))], [])
            .layer([text("/srv/node_modules/x/test.js", &with("TE"))], []);
        let there = case.run("secret-in-layer", &[]);
        let said = "holds a secret (GitHub personal access token, line 2): whoever can pull the image can read it";
        let expected = ["0 /opt/base.conf", "1 /srv/app.conf", "3 /srv/node_modules/x/test.js"];
        assert_eq!(messages(&there), expected.map(|at| format!("{at} {said}")));
        assert_eq!(there[1].severity, Severity::Error);
        assert_eq!(there[2].severity, Severity::Info);
        assert!(case.run("secret-in-deleted-file", &[]).is_empty());
    }

    #[test]
    fn a_secret_that_is_gone_is_told_with_the_way_to_get_it() {
        let both = format!("{}{}", with("ON"), with("TW"));
        let case = Case::new(0)
            .layer([text("/srv/gone.conf", &both), text("/srv/it's.conf", &with("IT")), file("/srv/x")], [])
            .layer([text("/srv/it's.conf", "clean")], ["/srv/gone.conf"]);
        let gone = case.run("secret-in-deleted-file", &[]);
        let still = "and still in layer 1, where whoever can pull the image can read it";
        let name = "GitHub personal access token, line 2";
        assert_eq!(
            messages(&gone),
            [
                format!("0 /srv/gone.conf with a secret in it ({name} and 1 more) is removed by layer 2 {still}"),
                format!("0 /srv/it's.conf with a secret in it ({name}) is replaced by layer 2 {still}"),
            ]
        );
        let help = gone[0].help.as_deref().unwrap();
        let command = "`tar xf x.tar -C /tmp layer0 && tar xOf /tmp/layer0 srv/gone.conf` shows the file";
        assert!(help.ends_with(command), "{help}");
        assert_eq!(gone[0].related.len(), 1);
        assert!(case.run("secret-in-layer", &[]).is_empty());
    }

    #[test]
    fn a_key_file_is_not_told_twice() {
        let npmrc = format!("//registry.example.test/:_authToken={}\n", token("NP"));
        let case = Case::new(0).layer([text("/root/.npmrc", &npmrc)], []);
        assert_eq!(case.run("key-file-in-image", &[]).len(), 1);
        assert!(case.run("secret-in-layer", &[]).is_empty());
    }

    #[test]
    fn files_of_packages_stop_nothing() {
        let list = text("/var/lib/dpkg/info/demo.list", "/usr\n/usr/share\n/opt/demo/sample.conf\n");
        let case = Case::new(0)
            .layer([text("/opt/demo/sample.conf", &with("DE")), list], [])
            .packages([("demo", "1.0")])
            .layer([text("/opt/demo/sample.conf", &with("MI"))], [])
            .packages([("demo", "1.0")]);
        let there = case.run("secret-in-layer", &[]);
        assert_eq!((there.len(), there[0].severity), (1, Severity::Error));
        let gone = case.run("secret-in-deleted-file", &[]);
        assert_eq!((gone.len(), gone[0].severity), (1, Severity::Info));
        assert!(gone[0].help.as_deref().unwrap().contains("part of the package demo"));
    }
}
