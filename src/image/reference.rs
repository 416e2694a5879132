//! What the user names an image by: a transport and a place, as skopeo spells them, or the path or name alone.

use std::fmt;
use std::path::{Path, PathBuf};

use oci_spec::distribution::Reference;

use super::engine::{EngineKind, is_name};
use super::error::ImageError;
use super::registry::RegistryAccess;
use super::store::Store;

/// Where an image is, and which one is meant when there are several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageReference {
    text: String,
    pub(super) transport: Transport,
    pub(super) access: RegistryAccess,
}

/// How an image is packed or kept, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// A file, and a `name:tag` in it.
    DockerArchive(PathBuf, Option<String>),
    /// A file, and a tag in it.
    OciArchive(PathBuf, Option<String>),
    /// A directory, and a tag in it.
    OciLayout(PathBuf, Option<String>),
    SkopeoDir(PathBuf),
    Rootfs(PathBuf),
    /// The store of an engine, and what the image is called there.
    Engine(EngineKind, String),
    Registry(Reference),
    /// An engine that has it, else the registry.
    Name(Reference),
}

/// Transports skopeo and others know, which cannot be read.
const FOREIGN: [&str; 5] = ["containers-storage:", "ostree:", "sif:", "http://", "https://"];

/// Endings of the names of files. Nobody means an image in a registry by them.
const FILES: [&str; 6] = [".tar", ".tar.gz", ".tgz", ".tar.zst", ".oci", ".img"];

impl ImageReference {
    /// Reads `docker-archive:FILE[:NAME:TAG]`, `oci-archive:FILE[:TAG]`, `oci:DIRECTORY[:TAG]`, `dir:DIRECTORY`,
    /// `rootfs:DIRECTORY`, `docker-daemon:NAME[:TAG]`, `podman:NAME[:TAG]`, `registry:HOST/NAME[:TAG|@DIGEST]` or
    /// `docker://…`; the path of an archive or directory, optionally with `:NAME`, whose kind is told by what it holds; or
    /// a name, which is looked for in the engines and then in its registry. Nothing but the path is looked at here.
    pub fn parse(reference: &str) -> Result<Self, ImageError> {
        let shown = shown(reference);
        let of = |transport| Ok(Self { text: shown.clone(), transport, access: RegistryAccess::default() });
        let filled = |rest: &str| match rest {
            "" => Err(ImageError::EmptyPath { reference: shown.clone() }),
            rest => Ok(PathBuf::from(rest)),
        };
        type Named = fn(PathBuf, Option<String>) -> Transport;
        let named: [(&str, Named); 3] = [
            ("docker-archive:", Transport::DockerArchive),
            ("oci-archive:", Transport::OciArchive),
            ("oci:", Transport::OciLayout),
        ];
        for (prefix, transport) in named {
            if let Some(rest) = reference.strip_prefix(prefix) {
                let (path, name) = split(rest);
                return of(transport(filled(&path.to_string_lossy()).map(|_| path)?, name));
            }
        }
        if let Some(rest) = reference.strip_prefix("dir:") {
            return of(Transport::SkopeoDir(filled(rest)?));
        }
        if let Some(rest) = reference.strip_prefix("rootfs:") {
            return of(Transport::Rootfs(filled(rest)?));
        }
        for prefix in ["registry:", "docker://"] {
            if let Some(rest) = reference.strip_prefix(prefix) {
                return of(Transport::Registry(name(rest, &shown)?));
            }
        }
        for (prefix, kind) in [("docker-daemon:", EngineKind::Docker), ("podman:", EngineKind::Podman)] {
            if let Some(rest) = reference.strip_prefix(prefix) {
                if !is_name(rest) {
                    return Err(ImageError::Name { reference: shown });
                }
                return of(Transport::Engine(kind, rest.to_owned()));
            }
        }
        if let Some(transport) = FOREIGN.iter().find(|transport| reference.starts_with(**transport)) {
            return Err(ImageError::Transport { reference: shown, transport: (*transport).to_owned() });
        }
        let (path, inner) = split(reference);
        if path.exists() {
            match Transport::at(&path, inner) {
                Ok(transport) => return of(transport),
                // `debian:12` beside a directory `debian`.
                Err(error) if Path::new(reference).exists() || looks_like_path(reference) => return Err(error),
                Err(_) => {}
            }
        }
        if looks_like_path(reference) {
            return Err(ImageError::NoSuchPath { reference: shown });
        }
        match Reference::try_from(reference) {
            Ok(name) => of(Transport::Name(name)),
            Err(_) => Err(ImageError::NoSuchPath { reference: shown }),
        }
    }

    /// The same, with what was said of how registries are spoken to.
    pub fn with_access(self, access: RegistryAccess) -> Self {
        Self { access, ..self }
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn name(text: &str, shown: &str) -> Result<Reference, ImageError> {
    Reference::try_from(text).map_err(|_| ImageError::Name { reference: shown.to_owned() })
}

/// A reference as it may be shown: people write passwords in front of hosts, as in addresses.
fn shown(reference: &str) -> String {
    let at = reference.find('@').filter(|at| !reference[at + 1..].starts_with("sha"));
    let Some(at) = at else { return reference.to_owned() };
    let transport = ["registry:", "docker://", "https://", "http://"].iter().find(|t| reference.starts_with(**t));
    match transport {
        Some(transport) => format!("{transport}********{}", &reference[at..]),
        None => reference.to_owned(),
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

fn looks_like_path(text: &str) -> bool {
    let path = text.split(':').next().unwrap_or(text);
    text.starts_with(['/', '.', '~']) || FILES.iter().any(|ending| path.ends_with(ending))
}

impl Transport {
    /// Tells what is at a path by what it holds.
    fn at(path: &Path, name: Option<String>) -> Result<Self, ImageError> {
        let is_directory = path.is_dir();
        let store = if is_directory { Store::directory(path) } else { Store::archive(path)? };
        let is_layout = store.holds("index.json") || store.holds("oci-layout");
        let path = path.to_owned();
        let reason = match (is_directory, is_layout) {
            (true, true) => return Ok(Self::OciLayout(path, name)),
            (false, _) if store.holds("manifest.json") => return Ok(Self::DockerArchive(path, name)),
            (false, true) => return Ok(Self::OciArchive(path, name)),
            (true, false) if store.holds("manifest.json") => return Ok(Self::SkopeoDir(path)),
            (true, false) => {
                "the directory has no index.json, as OCI layouts have, and no manifest.json of skopeo; if it is a root \
                 directory, write rootfs: in front of it"
            }
            (false, false) if store.holds("repositories") => {
                "it was saved by a Docker older than 1.10; load it and save it again with a newer one"
            }
            (false, false) => "the archive has neither manifest.json nor index.json",
        };
        Err(ImageError::NotAnImage { path, reason: reason.to_owned() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn transport(reference: &str) -> Transport {
        let parsed = ImageReference::parse(reference).unwrap();
        assert_eq!(parsed.to_string(), reference);
        parsed.transport
    }

    fn registry(name: &str) -> Reference {
        Reference::try_from(name).unwrap()
    }

    #[test]
    fn transports_are_spelled_as_skopeo_spells_them() {
        let owned = |text: &str| Some(text.to_owned());
        assert_eq!(transport("docker-archive:x.tar"), Transport::DockerArchive("x.tar".into(), None));
        assert_eq!(
            transport("docker-archive:a/x.tar:host:5000/app:1"),
            Transport::DockerArchive("a/x.tar".into(), owned("host:5000/app:1"))
        );
        assert_eq!(transport("oci-archive:x.tar:v1"), Transport::OciArchive("x.tar".into(), owned("v1")));
        assert_eq!(transport("oci:dir"), Transport::OciLayout("dir".into(), None));
        assert_eq!(transport("dir:d"), Transport::SkopeoDir("d".into()));
        assert_eq!(transport("rootfs:/mnt/r"), Transport::Rootfs("/mnt/r".into()));
        assert_eq!(transport("docker-daemon:a:1"), Transport::Engine(EngineKind::Docker, "a:1".to_owned()));
        assert_eq!(transport("podman:a"), Transport::Engine(EngineKind::Podman, "a".to_owned()));
        assert_eq!(transport("docker://alpine"), Transport::Registry(registry("docker.io/library/alpine:latest")));
        assert_eq!(transport("registry:h:5000/a/b:1"), Transport::Registry(registry("h:5000/a/b:1")));
    }

    #[test]
    fn a_bare_word_is_a_name_unless_it_looks_like_a_file() {
        assert_eq!(transport("alpine:3"), Transport::Name(registry("docker.io/library/alpine:3")));
        assert_eq!(transport("quay.io/a/b"), Transport::Name(registry("quay.io/a/b:latest")));
        // There is such a directory here, and it is no image.
        assert_eq!(transport("src:1"), Transport::Name(registry("docker.io/library/src:1")));
        let error = ImageReference::parse("src").unwrap_err().to_string();
        assert!(error.contains("no index.json") && error.contains("rootfs:"), "{error}");
        for path in ["./app", "/srv/app", "image.tar", "out/image.tar:app:1", "Capital"] {
            let error = ImageReference::parse(path).unwrap_err();
            assert!(matches!(error, ImageError::NoSuchPath { .. }), "{path}: {error}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_what_can() {
        for reference in ["containers-storage:a", "https://host/a", "oci:", "rootfs:", "Image", ""] {
            let error = ImageReference::parse(reference).unwrap_err().to_string();
            let is_told =
                ["docker-archive:FILE", "oci:DIRECTORY", "registry:HOST/NAME"].iter().all(|t| error.contains(t));
            assert!(is_told, "{reference}: {error}");
        }
        assert!(matches!(ImageReference::parse("ostree:a"), Err(ImageError::Transport { .. })));
        assert!(matches!(ImageReference::parse("registry:Host/../a"), Err(ImageError::Name { .. })));
        assert!(matches!(ImageReference::parse("docker-daemon:../json"), Err(ImageError::Name { .. })));
    }

    #[test]
    fn no_password_in_a_reference_is_shown() {
        for reference in ["registry:me:hunter2@host/a:1", "docker://me:hunter2@host/a", "https://me:hunter2@host/a"] {
            let error = ImageReference::parse(reference).unwrap_err().to_string();
            assert!(!error.contains("hunter2") && error.contains("host/a"), "{error}");
        }
        let digest = format!("registry:host/a@sha256:{}", "0".repeat(64));
        assert_eq!(ImageReference::parse(&digest).unwrap().to_string(), digest);
    }
}
