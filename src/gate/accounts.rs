//! The accounts of an image: `/etc/passwd`, `/etc/group` and `/etc/shadow`, read as passwd(5), group(5) and shadow(5)
//! describe them.

use std::borrow::Cow;

use super::Facts;
use crate::image::{Change, Image, Tree};

pub(super) const PASSWD: &str = "/etc/passwd";
pub(super) const GROUP: &str = "/etc/group";
pub(super) const SHADOW: &str = "/etc/shadow";

/// Whether the content of the file at a path is looked at here, and has to be captured. The files may be links to others of
/// their names (`/nix/store/…/etc/passwd`).
pub(super) fn is_account_file(path: &str) -> bool {
    [PASSWD, GROUP, SHADOW].iter().any(|file| path.ends_with(file))
}

/// A line of passwd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct User {
    /// The line, without blanks around it.
    pub(super) entry: String,
}

impl User {
    fn field(&self, index: usize) -> &str {
        self.entry.split(':').nth(index).unwrap_or_default()
    }

    pub(super) fn name(&self) -> &str {
        self.field(0)
    }

    /// Whether the field of the password, which shadow(5) has in the same place, is there and empty.
    pub(super) fn has_empty_password(&self) -> bool {
        !self.name().is_empty() && self.entry.split(':').nth(1) == Some("")
    }

    /// The user id as it is written.
    pub(super) fn uid(&self) -> &str {
        self.field(2)
    }

    /// The id of its own group as it is written.
    pub(super) fn gid(&self) -> &str {
        self.field(3)
    }

    /// The login shell; empty means `/bin/sh`.
    pub(super) fn shell(&self) -> &str {
        self.field(6)
    }
}

/// The accounts of a passwd file, in its order. Lines without a field separator are none.
pub(super) fn users(content: &[u8]) -> Vec<User> {
    lines(content).map(|entry| User { entry: entry.into_owned() }).collect()
}

/// Ids of the groups of a group file.
pub(super) fn group_ids(content: &[u8]) -> Vec<u64> {
    lines(content).filter_map(|line| line.split(':').nth(2)?.parse().ok()).collect()
}

fn lines(content: &[u8]) -> impl Iterator<Item = Cow<'_, str>> {
    let lines = content.split(|b| *b == b'\n').map(|line| String::from_utf8_lossy(line.trim_ascii()));
    lines.filter(|line| line.contains(':') && !line.starts_with('#'))
}

/// The content of an account file in a tree; `None` when it is not there or was not captured.
pub(super) fn content<'t>(tree: &'t Tree, path: &str) -> Option<&'t [u8]> {
    tree.resolve(path)?.entry.content.as_deref()
}

/// The layer since which an account has stood in passwd as it does: later ones may have rewritten the file around it.
pub(super) fn layer_of(facts: &Facts<'_>, user: &User) -> Option<usize> {
    since(facts.image, |content| users(content).contains(user)).or_else(|| Some(facts.tree.resolve(PASSWD)?.layer))
}

fn since(image: &Image, holds: impl Fn(&[u8]) -> bool) -> Option<usize> {
    let mut layer = None;
    for (index, changes) in image.layers.iter().enumerate().map(|(i, l)| (i, &l.changes)) {
        for change in changes {
            let Change::Add(entry) = change else { continue };
            if entry.path != PASSWD {
                continue;
            }
            let is_there = entry.content.as_deref().is_some_and(&holds);
            layer = if is_there { layer.or(Some(index)) } else { None };
        }
    }
    layer
}

/// Who a container of the image runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectiveUser {
    /// The user of the image's config as it stands there; empty when there is none.
    pub name: String,
    /// The user id; `None` for a name that passwd does not have.
    pub uid: Option<u64>,
}

/// Who a container runs as: the config's user, looked up in passwd. No user means root, and a number is an id.
pub fn effective_user(image: &Image, tree: &Tree) -> EffectiveUser {
    let name = image.config.config.user.split(':').next().unwrap_or_default().trim().to_owned();
    let known = content(tree, PASSWD).map(users).unwrap_or_default();
    // Engines look for the name first, even one of digits.
    let named = known.iter().find(|user| user.name() == name).and_then(|user| user.uid().parse().ok());
    let uid = match name.as_str() {
        "" => Some(0),
        name => named.or_else(|| name.parse().ok()).or((name == "root").then_some(0)),
    };
    EffectiveUser { name, uid }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_files_may_lie_elsewhere() {
        assert!(is_account_file("/etc/passwd") && is_account_file("/nix/store/x-nss/etc/shadow"));
        assert!(!is_account_file("/usr/bin/passwd") && !is_account_file("/etc/passwd-"));
    }

    #[test]
    fn lines_that_are_no_accounts_are_left_out() {
        let text = b"root:x:0:0:root:/root:/bin/bash\n\n# no:x:1\nbroken\n app:x:10001:20:,,,:/app: \nshort:x\n";
        let users = users(text);
        assert_eq!(users.iter().map(User::name).collect::<Vec<_>>(), ["root", "app", "short"]);
        assert_eq!((users[1].uid(), users[1].gid(), users[1].shell()), ("10001", "20", ""));
        assert_eq!((users[0].shell(), users[2].uid()), ("/bin/bash", ""));
        assert_eq!(group_ids(b"root:x:0:\nx:x:nan:\napp:x:20:a,b\n"), [0, 20]);
    }
}
