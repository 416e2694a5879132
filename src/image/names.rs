//! Names in a tar, made safe: an absolute path below the root, or the marker the name stands for.

use std::fmt;
use std::fmt::Write as _;

use super::limits::MAX_PATH;

/// What the name of a layer's entry stands for. Paths are absolute and normalised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// An entry.
    Entry(String),
    /// `.wh.x`: the path is gone.
    Whiteout(String),
    /// `.wh..wh..opq`: what lower layers have below the directory is gone.
    Opaque(String),
    /// Bookkeeping of aufs (`.wh..wh.aufs` and the like), no part of the file system.
    Metadata,
}

/// Why a name stands for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadName {
    Escapes,
    Nul,
    TooLong,
    Empty,
    WhiteoutOfNothing,
}

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Escapes => f.write_str("leads out of the image"),
            Self::Nul => f.write_str("has a NUL byte in it"),
            Self::TooLong => write!(f, "is longer than {MAX_PATH} bytes"),
            Self::Empty => f.write_str("is empty"),
            Self::WhiteoutOfNothing => f.write_str("is a whiteout that names no file"),
        }
    }
}

const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
const METADATA: &[u8] = b".wh..wh.";

/// Reads the name of a layer's entry, after the image specification's rules for whiteouts.
pub(super) fn classify(raw: &[u8]) -> Result<Name, BadName> {
    let mut parts = components(raw)?;
    let Some(&last) = parts.last() else { return Ok(Name::Entry("/".to_owned())) };
    if parts.first().is_some_and(|first| first.starts_with(METADATA) && *first != OPAQUE) {
        return Ok(Name::Metadata);
    }
    let Some(hidden) = last.strip_prefix(WHITEOUT) else { return Ok(Name::Entry(join(&parts))) };
    parts.pop();
    if last == OPAQUE {
        return Ok(Name::Opaque(join(&parts)));
    }
    if hidden.is_empty() || hidden == b"." || hidden == b".." {
        return Err(BadName::WhiteoutOfNothing);
    }
    if last.starts_with(METADATA) {
        return Ok(Name::Metadata);
    }
    parts.push(hidden);
    Ok(Name::Whiteout(join(&parts)))
}

/// An absolute, normalised path of a name whose leading slashes and `./` mean nothing.
pub(super) fn normalise(raw: &[u8]) -> Result<String, BadName> {
    Ok(join(&components(raw)?))
}

fn components(raw: &[u8]) -> Result<Vec<&[u8]>, BadName> {
    if raw.is_empty() {
        return Err(BadName::Empty);
    }
    if raw.len() > MAX_PATH {
        return Err(BadName::TooLong);
    }
    if raw.contains(&0) {
        return Err(BadName::Nul);
    }
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in raw.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop().ok_or(BadName::Escapes)?;
            }
            part => parts.push(part),
        }
    }
    Ok(parts)
}

fn join(parts: &[&[u8]]) -> String {
    if parts.is_empty() {
        return "/".to_owned();
    }
    let mut path = String::with_capacity(parts.iter().map(|p| p.len() + 1).sum());
    for part in parts {
        path.push('/');
        push_text(&mut path, part);
    }
    path
}

/// Bytes as text: those that are not UTF-8 are shown as `\xNN`.
pub(super) fn text(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    push_text(&mut out, bytes);
    out
}

fn push_text(out: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
}

/// The directory of an absolute path; `/` for itself.
pub(super) fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(slash) => &path[..slash],
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_become_absolute_paths() {
        for (raw, path) in [
            ("etc/passwd", "/etc/passwd"),
            ("./etc//passwd", "/etc/passwd"),
            ("/abs/dir/", "/abs/dir"),
            ("a/../b", "/b"),
            ("./", "/"),
            ("a/.wh.b/c", "/a/.wh.b/c"),
        ] {
            assert_eq!(classify(raw.as_bytes()).unwrap(), Name::Entry(path.to_owned()), "{raw}");
        }
        assert_eq!(classify(b"caf\xe9/\xc3\xa9").unwrap(), Name::Entry("/caf\\xe9/\u{e9}".to_owned()));
    }

    #[test]
    fn whiteouts_name_what_they_hide() {
        assert_eq!(classify(b"a/.wh.b").unwrap(), Name::Whiteout("/a/b".to_owned()));
        assert_eq!(classify(b"root/.wh..npmrc").unwrap(), Name::Whiteout("/root/.npmrc".to_owned()));
        assert_eq!(classify(b"a/.wh..wh..opq").unwrap(), Name::Opaque("/a".to_owned()));
        assert_eq!(classify(b".wh..wh..opq").unwrap(), Name::Opaque("/".to_owned()));
        assert_eq!(classify(b".wh..wh.plnk/12.34").unwrap(), Name::Metadata);
        assert_eq!(classify(b".wh..wh.aufs").unwrap(), Name::Metadata);
    }

    #[test]
    fn names_that_lead_out_or_nowhere_are_refused() {
        assert_eq!(classify(b"../../etc/passwd"), Err(BadName::Escapes));
        assert_eq!(classify(b"a/../../b"), Err(BadName::Escapes));
        assert_eq!(classify(b"../.wh.x"), Err(BadName::Escapes));
        for raw in [".wh.", ".wh..", "a/.wh...", "a/.wh."] {
            assert_eq!(classify(raw.as_bytes()), Err(BadName::WhiteoutOfNothing), "{raw}");
        }
        assert_eq!(classify(b"a\0b"), Err(BadName::Nul));
        assert_eq!(classify(&[b'a'; MAX_PATH + 1]), Err(BadName::TooLong));
        assert_eq!(classify(b""), Err(BadName::Empty));
    }

    #[test]
    fn every_path_has_a_directory() {
        assert_eq!((parent("/a/b"), parent("/a"), parent("/")), ("/a", "/", "/"));
    }
}
