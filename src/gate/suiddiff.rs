//! SUIDDIFF: setuid files compared with those of the base.

use super::{Facts, Reporter};
use crate::finding::Finding;
use crate::image::{Entry, EntryKind, Node, Tree};
use crate::rule::Severity;

const SETUID: u32 = 0o4000;
const SETGID: u32 = 0o2000;

/// Setuid files that the base does not have.
pub fn setuid_added(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for change in changes(facts, report) {
        let Change::Added { path, node, before } = change else { continue };
        let entry = &node.entry;
        let message = match before {
            Some(before) => {
                format!("{path} became {}: mode {:04o} here, {before:04o} in the base", bits(entry.mode), entry.mode)
            }
            None => format!(
                "{path} is {} (mode {:04o}, owner {}), and the base has no such file",
                bits(entry.mode),
                entry.mode,
                owner(entry)
            ),
        };
        let help = format!("take the bit away in the RUN that brings the file: chmod {} {path}", removal(entry.mode));
        let mut finding = report.in_layer(node.layer, Some(path), message).subject(path).help(help);
        if entry.mode & SETUID == 0 {
            // A setgid program lends a group, not root.
            finding = finding.severity(Severity::Warning);
        }
        report.push(finding);
    }
}

/// Setuid files of the base that are gone, or are setuid no more.
pub fn setuid_removed(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for change in changes(facts, report) {
        let Change::Removed { path, before, now } = change else { continue };
        let was = format!("{path} is {} in the base (mode {before:04o})", bits(before));
        let finding = match now {
            Some(node) => {
                let message = format!("{was} and no longer here (mode {:04o})", node.entry.mode);
                report.in_layer(node.layer, Some(path), message)
            }
            None => removed(facts, report, path, format!("{was} and gone here")),
        };
        report.push(finding.subject(path));
    }
}

fn removed(facts: &Facts<'_>, report: &Reporter<'_>, path: &str, message: String) -> Finding {
    match facts.image.removed_by(path) {
        Some(layer) => report.in_layer(layer, Some(path), message),
        None => report.on_image(message),
    }
}

/// Setuid files of both with different modes.
pub fn setuid_mode_changed(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for change in changes(facts, report) {
        let Change::Mode { path, node, before } = change else { continue };
        let (now, bits) = (node.entry.mode, bits(node.entry.mode));
        let message = format!("{path} is {bits} with mode {now:04o} here and {before:04o} in the base");
        report.push(report.in_layer(node.layer, Some(path), message).subject(path));
    }
}

/// Any of the above, once for the image.
pub fn setuid_changed(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let (mut added, mut removed, mut mode) = (0, 0, 0);
    for change in changes(facts, report) {
        match change {
            Change::Added { .. } => added += 1,
            Change::Removed { .. } => removed += 1,
            Change::Mode { .. } => mode += 1,
        }
    }
    if added + removed + mode > 0 {
        report.push(report.on_image(format!(
            "setuid files differ from the base's: {added} added, {removed} removed, {mode} with another mode"
        )));
    }
}

/// A difference between the setuid files of the base and the image.
enum Change<'a> {
    /// In the image only; `before` is the mode of the base's file of that name without the bit.
    Added { path: &'a str, node: &'a Node, before: Option<u32> },
    /// In the base only; `now` is the image's entry of that name.
    Removed { path: &'a str, before: u32, now: Option<&'a Node> },
    /// In both.
    Mode { path: &'a str, node: &'a Node, before: u32 },
}

/// Every difference, sorted by path; none when the base is not known, which is `base-unknown`'s to tell.
fn changes<'a>(facts: &Facts<'a>, report: &Reporter<'_>) -> Vec<Change<'a>> {
    let Some(base) = &facts.base else { return Vec::new() };
    let wanted = if report.params().bool("setgid") { SETUID | SETGID } else { SETUID };
    let is_special = |entry: &Entry| entry.kind == EntryKind::File && entry.mode & wanted != 0;
    let special = |tree: &'a Tree| tree.nodes.iter().filter(move |(_, node)| is_special(&node.entry));
    let mut changes = Vec::new();
    for (path, node) in special(facts.tree) {
        match base.tree.nodes.get(path).map(|n| &*n.entry) {
            Some(before) if is_special(before) => {
                if before.mode != node.entry.mode {
                    changes.push(Change::Mode { path, node, before: before.mode });
                }
            }
            Some(before) => changes.push(Change::Added { path, node, before: Some(before.mode) }),
            None => changes.push(Change::Added { path, node, before: None }),
        }
    }
    for (path, node) in special(base.tree) {
        let now = facts.tree.nodes.get(path);
        if !now.is_some_and(|n| is_special(&n.entry)) {
            changes.push(Change::Removed { path, before: node.entry.mode, now });
        }
    }
    changes
}

fn bits(mode: u32) -> &'static str {
    match (mode & SETUID != 0, mode & SETGID != 0) {
        (true, true) => "setuid and setgid",
        (false, true) => "setgid",
        _ => "setuid",
    }
}

fn removal(mode: u32) -> &'static str {
    match (mode & SETUID != 0, mode & SETGID != 0) {
        (true, true) => "ug-s",
        (false, true) => "g-s",
        _ => "u-s",
    }
}

fn owner(entry: &Entry) -> String {
    if entry.uid == 0 { String::from("root") } else { entry.uid.to_string() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fixtures::{Case, file, messages};

    fn setuid(path: &str, mode: u32) -> crate::image::Entry {
        crate::image::Entry { mode, ..file(path) }
    }

    fn case() -> Case {
        // Layer 0 is the base; layer 1 changes modes, layer 2 adds and removes.
        Case::new(1)
            .layer(
                [setuid("/bin/su", 0o4755), setuid("/bin/ping", 0o4755), setuid("/bin/mount", 0o4755), file("/bin/cp")],
                [],
            )
            .layer([setuid("/bin/cp", 0o4711), setuid("/bin/ping", 0o755), setuid("/bin/mount", 0o4777)], [])
            .layer([setuid("/opt/x", 0o6755), setuid("/opt/g", 0o2755)], ["/bin/su"])
    }

    #[test]
    fn files_are_compared_by_path_and_placed_on_their_layer() {
        let case = case();
        assert_eq!(
            messages(&case.run("setuid-added", &[])),
            [
                "1 /bin/cp became setuid: mode 4711 here, 0644 in the base",
                "2 /opt/x is setuid and setgid (mode 6755, owner root), and the base has no such file",
            ]
        );
        assert_eq!(
            messages(&case.run("setuid-removed", &[])),
            [
                "1 /bin/ping is setuid in the base (mode 4755) and no longer here (mode 0755)",
                "2 /bin/su is setuid in the base (mode 4755) and gone here"
            ]
        );
        assert_eq!(
            messages(&case.run("setuid-mode-changed", &[])),
            ["1 /bin/mount is setuid with mode 4777 here and 4755 in the base"]
        );
        assert_eq!(
            messages(&case.run("setuid-changed", &[])),
            ["- setuid files differ from the base's: 2 added, 2 removed, 1 with another mode"]
        );
    }

    #[test]
    fn setgid_files_count_when_the_policy_says_so() {
        let findings = case().run("setuid-added", &[("setgid", "true")]);
        assert_eq!(messages(&findings)[1], "2 /opt/g is setgid (mode 2755, owner root), and the base has no such file");
        assert_eq!(
            findings[1].help.as_deref(),
            Some("take the bit away in the RUN that brings the file: chmod g-s /opt/g")
        );
        assert_eq!(findings.len(), 3);
    }

    #[test]
    fn without_a_difference_or_a_base_nothing_is_said() {
        let same = Case::new(1).layer([setuid("/bin/su", 0o4755)], []).layer([file("/x")], []);
        let baseless = case().without_base();
        for rule in ["setuid-added", "setuid-removed", "setuid-mode-changed", "setuid-changed"] {
            assert!(same.run(rule, &[]).is_empty(), "{rule}");
            assert!(baseless.run(rule, &[]).is_empty(), "{rule}");
        }
    }

    #[test]
    fn directories_are_never_setuid() {
        let mut directory = setuid("/srv", 0o4755);
        directory.kind = crate::image::EntryKind::Directory;
        assert!(Case::new(1).layer([], []).layer([directory], []).run("setuid-added", &[]).is_empty());
    }

    #[test]
    fn anchores_trigger_ids_are_kept() {
        let findings = case().run("setuid-added", &[]);
        assert_eq!(super::super::trigger_id(&findings[1], None), "/opt/x-SUIDFILEADD");
        let all = case().run("setuid-changed", &[]);
        assert_eq!(super::super::trigger_id(&all[0], None), "SUIDDIFF");
    }
}
