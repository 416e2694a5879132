//! What a hardened image does without: a shell, and the means to install more.

use super::permissions::listed;
use super::{Facts, Reporter};
use crate::image::EntryKind;

/// The last is where distroless images for debugging have theirs.
const FOLDERS: [&str; 7] =
    ["/bin/", "/sbin/", "/usr/bin/", "/usr/local/bin/", "/usr/local/sbin/", "/usr/sbin/", "/busybox/"];
const SHELLS: [&str; 13] =
    ["ash", "bash", "busybox", "csh", "dash", "fish", "ksh", "mksh", "pwsh", "sh", "tcsh", "toybox", "zsh"];
const MANAGERS: [&str; 17] = [
    "apk",
    "apt",
    "apt-get",
    "dnf",
    "dnf5",
    "dpkg",
    "emerge",
    "microdnf",
    "nix-env",
    "opkg",
    "pacman",
    "rpm",
    "swupd",
    "tdnf",
    "xbps-install",
    "yum",
    "zypper",
];

/// Tells of every shell.
pub fn shell_present(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    programs(facts, report, &SHELLS, "a shell", "whoever breaks in has a place to work from");
}

/// Tells of every package manager.
pub fn package_manager_present(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    programs(facts, report, &MANAGERS, "a package manager", "whoever breaks in can install what is missing");
}

fn programs(facts: &Facts<'_>, report: &mut Reporter<'_>, names: &[&str], what: &str, why: &str) {
    let is_program = |path: &&str| {
        facts.tree.resolve(path).is_some_and(|node| node.entry.kind == EntryKind::File && node.entry.mode & 0o111 != 0)
    };
    let paths: Vec<String> =
        FOLDERS.iter().flat_map(|folder| names.iter().map(move |name| format!("{folder}{name}"))).collect();
    // One file under many names is one program.
    let mut found: Vec<&str> = paths.iter().map(String::as_str).filter(is_program).collect();
    found.sort_unstable_by_key(|path| (facts.tree.resolve(path).map(|node| node.entry.path.clone()), path.len()));
    found.dedup_by_key(|path| facts.tree.resolve(path).map(|node| node.entry.path.clone()));
    let Some(first) = found.first() else { return };
    let layer = facts.tree.resolve(first).map_or(0, |node| node.layer);
    let message = format!("the image has {what}, {}: {why}", listed(&found));
    report.push(report.in_layer(layer, Some(first), message).help("take a base without it, such as a distroless one"));
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Case, file, messages};
    use crate::image::{Entry, EntryKind};

    #[test]
    fn programs_are_told_once_whatever_they_are_called() {
        let program = |path: &str| Entry { mode: 0o755, ..file(path) };
        let link = |path: &str, to: &str| Entry { kind: EntryKind::Symlink, link: Some(to.into()), ..file(path) };
        let case = Case::new(0).layer(
            [
                program("/usr/bin/busybox"),
                link("/bin/sh", "/usr/bin/busybox"),
                link("/bin", "usr/bin"),
                program("/usr/bin/apk"),
                file("/usr/bin/bash"),
            ],
            [],
        );
        let shells = messages(&case.run("shell-present", &[]));
        assert!(shells.len() == 1 && shells[0].starts_with("0 the image has a shell, /b"), "{shells:?}");
        assert_eq!(
            messages(&case.run("package-manager-present", &[])),
            ["0 the image has a package manager, /bin/apk: whoever breaks in can install what is missing"]
        );
        assert!(Case::new(0).layer([file("/app")], []).run("shell-present", &[]).is_empty());
        let debugging = Case::new(0).layer([program("/busybox/sh")], []).run("shell-present", &[]);
        assert!(messages(&debugging)[0].starts_with("0 the image has a shell, /busybox/sh"));
    }
}
