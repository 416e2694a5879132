//! Who may write to what, and who owns it.

use std::collections::{BTreeMap, BTreeSet};

use super::accounts::{self, GROUP, PASSWD};
use super::{Facts, Reporter};
use crate::image::{EntryKind, Node};

const WORLD_WRITABLE: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Folders in which others may write, or that are not part of the image at run time.
const SHARED: [&str; 6] = ["/dev", "/proc", "/run", "/sys", "/tmp", "/var/tmp"];

/// Names told in one message.
const SHOWN: usize = 3;

/// Files and directories that every user may change. Those below such a directory are told with it, and those of one
/// directory together.
pub fn world_writable_path(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let mut directories: BTreeSet<&str> = BTreeSet::new();
    let mut files: BTreeMap<(&str, usize), Vec<&str>> = BTreeMap::new();
    for (path, node) in &facts.tree.nodes {
        if node.entry.mode & WORLD_WRITABLE == 0 || is_shared(path) || is_below_any(path, &directories) {
            continue;
        }
        match node.entry.kind {
            EntryKind::Directory if node.entry.mode & STICKY == 0 => {
                directories.insert(path);
                let message = format!(
                    "{path} is world-writable (mode {:04o}): every user can add and replace files in it",
                    node.entry.mode
                );
                let help = format!("give it to the user who writes to it, or set the sticky bit: chmod 1777 {path}");
                report.push(report.in_layer(node.layer, Some(path), message).subject(path).help(help));
            }
            EntryKind::File => files.entry((parent(path), node.layer)).or_default().push(path),
            _ => {}
        }
    }
    for ((directory, layer), paths) in files {
        let (subject, message) = match paths.as_slice() {
            [one] => (*one, format!("{one} is world-writable: every user can change it")),
            many => {
                let message = format!("{} are world-writable: every user can change them", listed(many));
                (directory, message)
            }
        };
        let finding = report.in_layer(layer, Some(subject), message).subject(subject);
        report.push(finding.help("take the right away in the instruction that brings them: chmod o-w"));
    }
}

fn is_shared(path: &str) -> bool {
    SHARED.iter().any(|shared| path.strip_prefix(shared).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

fn is_below_any(path: &str, directories: &BTreeSet<&str>) -> bool {
    path.match_indices('/').skip(1).any(|(at, _)| path.get(..at).is_some_and(|dir| directories.contains(dir)))
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("/", |(parent, _)| if parent.is_empty() { "/" } else { parent })
}

/// `a, b, c and 4 more`.
pub(super) fn listed(paths: &[&str]) -> String {
    let shown = paths.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match paths.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Files whose owner or group has no name in the image, together for each id and layer.
pub fn unknown_owner(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let Some(users) = accounts::content(facts.tree, PASSWD).map(accounts::users) else { return };
    // Ids that the config runs the image with are meant.
    let own = facts.image.config.config.user.split_once(':').unwrap_or((&facts.image.config.config.user, ""));
    let uids: BTreeSet<u64> =
        users.iter().map(accounts::User::uid).chain([own.0]).filter_map(|uid| uid.parse().ok()).collect();
    let gids: Option<BTreeSet<u64>> = accounts::content(facts.tree, GROUP)
        .map(|content| accounts::group_ids(content).into_iter().chain(own.1.parse()).collect());
    let mut unknown: BTreeMap<(&str, u64, usize), Vec<&str>> = BTreeMap::new();
    for (path, node) in &facts.tree.nodes {
        let Node { entry, layer } = node;
        if !uids.contains(&entry.uid) {
            unknown.entry(("user", entry.uid, *layer)).or_default().push(path);
        } else if gids.as_ref().is_some_and(|gids| !gids.contains(&entry.gid)) {
            unknown.entry(("group", entry.gid, *layer)).or_default().push(path);
        }
    }
    for ((kind, id, layer), paths) in unknown {
        let file = if kind == "user" { PASSWD } else { GROUP };
        let belongs = if paths.len() == 1 { "belongs" } else { "belong" };
        let message = format!("{} {belongs} to the {kind} id {id}, which {file} does not have", listed(&paths));
        let finding = report.in_layer(layer, paths.first().copied(), message).subject(format!("{kind} {id}"));
        report.push(finding.help("set the owner where the files are brought: COPY --chown, or tar --no-same-owner"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Case, file, messages, text};
    use crate::image::{Entry, EntryKind};

    fn with_mode(path: &str, mode: u32, kind: EntryKind) -> Entry {
        Entry { mode, kind, ..file(path) }
    }

    #[test]
    fn what_everybody_may_change_is_told_once() {
        let dir = |path: &str, mode| with_mode(path, mode, EntryKind::Directory);
        let open = |path: &str| with_mode(path, 0o666, EntryKind::File);
        let case = Case::new(1).layer([dir("/tmp", 0o777), dir("/srv/drop", 0o1777)], []).layer(
            [
                dir("/srv/world", 0o777),
                open("/srv/world/a"),
                dir("/srv/world/b", 0o777),
                open("/srv/worldly"),
                open("/app/a"),
                open("/app/b"),
                open("/app/c"),
                open("/app/d"),
                open("/tmp/x"),
                with_mode("/app/link", 0o777, EntryKind::Symlink),
                file("/app/plain"),
            ],
            [],
        );
        assert_eq!(
            messages(&case.run("world-writable-path", &[])),
            [
                "1 /srv/world is world-writable (mode 0777): every user can add and replace files in it",
                "1 /app/a, /app/b, /app/c and 1 more are world-writable: every user can change them",
                "1 /srv/worldly is world-writable: every user can change it",
            ]
        );
    }

    #[test]
    fn ids_without_a_name_are_told() {
        let owned = |path: &str, uid, gid| Entry { uid, gid, ..file(path) };
        let passwd = text("/etc/passwd", "root:x:0:0::/:/bin/sh\napp:x:10:10::/:/bin/sh\n");
        let case = Case::new(1)
            .layer([passwd, text("/etc/group", "root:x:0:\n")], [])
            .layer([owned("/a", 501, 20), owned("/b", 501, 0), owned("/c", 10, 10), owned("/d", 0, 0)], []);
        assert_eq!(
            messages(&case.run("unknown-owner", &[])),
            [
                "1 /c belongs to the group id 10, which /etc/group does not have",
                "1 /a, /b belong to the user id 501, which /etc/passwd does not have",
            ]
        );
        assert!(Case::new(0).layer([owned("/a", 501, 20)], []).run("unknown-owner", &[]).is_empty());
        let mut case = case;
        case.config.config.user = "501:10".into();
        assert_eq!(
            messages(&case.run("unknown-owner", &[])),
            ["1 /a belongs to the group id 20, which /etc/group does not have"]
        );
    }
}
