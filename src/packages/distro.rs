//! Which distribution an image is of: os-release(5).

use serde::Serialize;

use crate::image::Tree;

/// Where the file is, the one that wins first.
const PATHS: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];

/// A distribution, as it names itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Distro {
    /// `debian`, `alpine`, `rhel`.
    pub id: String,
    /// `12`; rolling and unstable ones have none.
    pub version_id: Option<String>,
    /// `Debian GNU/Linux 12 (bookworm)`.
    pub pretty_name: Option<String>,
}

/// Whether a file says which distribution it is.
pub(super) fn is_wanted(path: &str) -> bool {
    PATHS.contains(&path)
}

/// The distribution of a tree.
pub(super) fn read(tree: &Tree) -> Option<Distro> {
    PATHS.iter().find_map(|path| parse(tree.resolve(path)?.entry.content.as_deref()?))
}

fn parse(content: &[u8]) -> Option<Distro> {
    let text = String::from_utf8_lossy(content);
    let field = |name: &str| {
        let value = text.lines().rev().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))?;
        Some(unquoted(value.trim())).filter(|value| !value.is_empty())
    };
    Some(Distro {
        id: field("ID")?.to_ascii_lowercase(),
        version_id: field("VERSION_ID"),
        pretty_name: field("PRETTY_NAME"),
    })
}

/// A shell assignment's value: in single quotes as it is, else with backslashes taken off.
fn unquoted(value: &str) -> String {
    if let Some(inner) = value.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')) {
        return inner.to_owned();
    }
    let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
    let mut chars = inner.chars();
    let mut out = String::new();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_is_named() {
        let text = b"PRETTY_NAME=\"Ver \\\"1\\\"\"\nNAME='x y'\nID=Debian\nVERSION_ID='12'\n# ID=other\n";
        let distro =
            Distro { id: "debian".into(), version_id: Some("12".into()), pretty_name: Some("Ver \"1\"".into()) };
        assert_eq!(parse(text), Some(distro));
        assert_eq!(parse(b"VERSION_ID=3\nID=\n"), None);
    }
}
