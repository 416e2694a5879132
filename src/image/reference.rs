//! What the user names an image by: a transport and a place, as skopeo spells them, or the path alone.

use std::fmt;
use std::path::{Path, PathBuf};

use super::error::ImageError;
use super::store::Store;

/// Where an image is, and which one is meant when there are several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageReference {
    text: String,
    pub(super) transport: Transport,
    pub(super) path: PathBuf,
    /// `name:tag` in a Docker archive, a tag in an OCI layout.
    pub(super) name: Option<String>,
}

/// How an image is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    DockerArchive,
    OciArchive,
    OciLayout,
    SkopeoDir,
}

/// Transports skopeo and engines know, which cannot be read.
const FOREIGN: [&str; 10] = [
    "registry:",
    "docker://",
    "docker:",
    "docker-daemon:",
    "podman:",
    "rootfs:",
    "containers-storage:",
    "ostree:",
    "http://",
    "https://",
];

impl ImageReference {
    /// Reads `docker-archive:FILE[:NAME:TAG]`, `oci-archive:FILE[:TAG]`, `oci:DIRECTORY[:TAG]`, `dir:DIRECTORY`, or the path of an
    /// archive or layout, optionally with `:NAME`, whose kind is told by what it holds.
    pub fn parse(reference: &str) -> Result<Self, ImageError> {
        let transports = [
            ("docker-archive:", Transport::DockerArchive),
            ("oci-archive:", Transport::OciArchive),
            ("oci:", Transport::OciLayout),
            ("dir:", Transport::SkopeoDir),
        ];
        for (prefix, transport) in transports {
            if let Some(rest) = reference.strip_prefix(prefix) {
                let (path, name) = split(rest);
                if path.as_os_str().is_empty() {
                    return Err(ImageError::EmptyPath { reference: reference.to_owned() });
                }
                return Ok(Self { text: reference.to_owned(), transport, path, name });
            }
        }
        let (path, name) = split(reference);
        if !path.exists() {
            let text = reference.to_owned();
            return Err(match FOREIGN.iter().find(|transport| reference.starts_with(**transport)) {
                Some(transport) => ImageError::Transport { reference: text, transport: (*transport).to_owned() },
                None => ImageError::NoSuchPath { reference: text },
            });
        }
        let transport = Transport::of(&path)?;
        Ok(Self { text: reference.to_owned(), transport, path, name })
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A path may hold colons: what exists as it stands is a path, else the name starts at the first colon.
pub(super) fn split(text: &str) -> (PathBuf, Option<String>) {
    match text.split_once(':') {
        Some((path, name)) if !Path::new(text).exists() => {
            (PathBuf::from(path), Some(name.to_owned()).filter(|n| !n.is_empty()))
        }
        _ => (PathBuf::from(text), None),
    }
}

impl Transport {
    /// Tells what is at a path by what it holds.
    fn of(path: &Path) -> Result<Self, ImageError> {
        let is_directory = path.is_dir();
        let store = if is_directory { Store::directory(path) } else { Store::archive(path)? };
        let is_layout = store.holds("index.json") || store.holds("oci-layout");
        let reason = match (is_directory, is_layout) {
            (true, true) => return Ok(Self::OciLayout),
            (false, _) if store.holds("manifest.json") => return Ok(Self::DockerArchive),
            (false, true) => return Ok(Self::OciArchive),
            (true, false) if store.holds("manifest.json") => return Ok(Self::SkopeoDir),
            (true, false) => "the directory has no index.json, as OCI layouts have, and no manifest.json of skopeo",
            (false, false) if store.holds("repositories") => {
                "it was saved by a Docker older than 1.10; load it and save it again with a newer one"
            }
            (false, false) => "the archive has neither manifest.json nor index.json",
        };
        Err(ImageError::NotAnImage { path: path.to_owned(), reason: reason.to_owned() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parts(reference: &str) -> (Transport, String, Option<String>) {
        let parsed = ImageReference::parse(reference).unwrap();
        assert_eq!(parsed.to_string(), reference);
        (parsed.transport, parsed.path.display().to_string(), parsed.name)
    }

    #[test]
    fn transports_are_spelled_as_skopeo_spells_them() {
        assert_eq!(parts("docker-archive:x.tar"), (Transport::DockerArchive, "x.tar".to_owned(), None));
        assert_eq!(
            parts("docker-archive:a/x.tar:host:5000/app:1"),
            (Transport::DockerArchive, "a/x.tar".to_owned(), Some("host:5000/app:1".to_owned()))
        );
        assert_eq!(parts("oci-archive:x.tar:v1"), (Transport::OciArchive, "x.tar".to_owned(), Some("v1".to_owned())));
        assert_eq!(parts("oci:dir"), (Transport::OciLayout, "dir".to_owned(), None));
    }

    #[test]
    fn what_cannot_be_read_says_what_can() {
        for reference in [
            "registry:host/a:1",
            "docker://alpine",
            "docker-daemon:a:1",
            "podman:a",
            "rootfs:/",
            "alpine:3",
            "oci:",
            "",
        ] {
            let error = ImageReference::parse(reference).unwrap_err().to_string();
            assert!(error.contains("docker-archive:FILE") && error.contains("oci:DIRECTORY"), "{reference}: {error}");
        }
        assert!(matches!(ImageReference::parse("podman:a:1"), Err(ImageError::Transport { .. })));
        assert!(matches!(ImageReference::parse("alpine"), Err(ImageError::NoSuchPath { .. })));
    }
}
