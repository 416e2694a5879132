//! Layers, archives and layouts for tests, built in memory.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use super::stream::digest_of;
use super::{Image, ImageError, ImageReference, ReadOptions, Wants, read};

/// An entry of a tar: its name, and what it is.
pub(super) enum Item<'a> {
    File(&'a str),
    Dir,
    Symlink(&'a str),
    Hardlink(&'a str),
}
pub(super) use Item::{Dir, File, Hardlink, Symlink};

/// A header with the name written as it is, however hostile.
pub(super) fn header(name: &str, kind: EntryType, size: usize) -> Header {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size as u64);
    header.set_mode(if kind.is_dir() { 0o755 } else { 0o644 });
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    header
}

/// A tar of entries.
pub(super) fn tar(items: &[(&str, Item<'_>)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, item) in items {
        let (kind, data, link) = match item {
            File(data) => (EntryType::Regular, *data, ""),
            Dir => (EntryType::Directory, "", ""),
            Symlink(link) => (EntryType::Symlink, "", *link),
            Hardlink(link) => (EntryType::Link, "", *link),
        };
        let mut header = header(name, kind, data.len());
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        builder.append(&header, data.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

/// `sha256:…` of bytes.
pub(super) fn digest(bytes: &[u8]) -> String {
    digest_of(Sha256::new().chain_update(bytes))
}

/// A gzip member.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An image config whose layers have these diff ids.
pub(super) fn config(diff_ids: &[String]) -> Value {
    json!({"architecture": "amd64", "os": "linux", "config": {"User": "app"}, "rootfs": {"type": "layers", "diff_ids": diff_ids}})
}

/// Writes a tar of files to `path`.
pub(super) fn write_tar(path: &Path, files: &[(String, Vec<u8>)]) {
    let mut builder = Builder::new(std::fs::File::create(path).unwrap());
    for (name, data) in files {
        builder.append(&header(name, EntryType::Regular, data.len()), data.as_slice()).unwrap();
    }
    builder.into_inner().unwrap();
}

/// A classic Docker archive of plain layers, named `app:1`.
pub(super) fn docker(layers: &[Vec<u8>]) -> (TempDir, PathBuf) {
    docker_of(layers, &layers.iter().map(|l| digest(l)).collect::<Vec<_>>())
}

/// A classic Docker archive of layers as stored, with the diff ids its config shall have.
pub(super) fn docker_of(layers: &[Vec<u8>], diff_ids: &[String]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.tar");
    let names: Vec<String> = (0..layers.len()).map(|i| format!("{i}/layer.tar")).collect();
    let manifest = json!([{"Config": "config.json", "RepoTags": ["app:1"], "Layers": names}]);
    let mut files: Vec<_> = names.into_iter().zip(layers.iter().cloned()).collect();
    files.push(("config.json".to_owned(), config(diff_ids).to_string().into_bytes()));
    files.push(("manifest.json".to_owned(), manifest.to_string().into_bytes()));
    write_tar(&path, &files);
    (dir, path)
}

/// An OCI layout being made.
pub(super) struct Layout {
    pub(super) dir: TempDir,
    pub(super) files: Vec<(String, Vec<u8>)>,
}

impl Layout {
    pub(super) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), files: Vec::new() }
    }

    /// Adds a blob; gives its descriptor, with a media type that is wrong.
    pub(super) fn blob(&mut self, bytes: &[u8]) -> Value {
        let digest = digest(bytes);
        self.files.push((format!("blobs/{}", digest.replace(':', "/")), bytes.to_vec()));
        json!({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest, "size": bytes.len()})
    }

    pub(super) fn json(&mut self, value: &Value) -> Value {
        self.blob(value.to_string().as_bytes())
    }

    /// Adds an image; gives the descriptor of its manifest.
    pub(super) fn image(&mut self, config: &Value, layers: &[Vec<u8>]) -> Value {
        let layers: Vec<Value> = layers.iter().map(|layer| self.blob(layer)).collect();
        let config = self.json(config);
        self.json(&json!({"schemaVersion": 2, "config": config, "layers": layers}))
    }

    /// Writes the layout as a directory and as an archive, with these entries in its index; gives both references.
    pub(super) fn write(&mut self, manifests: &[Value]) -> [String; 2] {
        let index = json!({"schemaVersion": 2, "manifests": manifests});
        self.files.push(("index.json".to_owned(), index.to_string().into_bytes()));
        self.files.push(("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()));
        let root = self.dir.path().join("layout");
        for (name, data) in &self.files {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, data).unwrap();
        }
        let archive = self.dir.path().join("layout.tar");
        write_tar(&archive, &self.files);
        [root, archive].map(|path| path.display().to_string())
    }
}

/// Opens an image and reads it.
pub(super) fn open(reference: &str, wants: &Wants, platform: Option<&str>) -> Result<Image, ImageError> {
    let options = ReadOptions { platform: platform.map(str::to_owned), ..ReadOptions::default() };
    read(&ImageReference::parse(reference)?, wants, &options)
}

/// Reads plain layers by way of a Docker archive.
pub(super) fn image_of(layers: &[Vec<u8>], wants: &Wants) -> Image {
    let (_dir, path) = docker(layers);
    open(&path.display().to_string(), wants, None).unwrap()
}
