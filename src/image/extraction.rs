//! How a file gets out of a layer: the command that anybody with the image can run.

use std::path::Path;

use super::model::Image;
use super::reference::split;

/// Transports of archives; what follows is a file.
const ARCHIVES: [&str; 2] = ["docker-archive:", "oci-archive:"];
/// Transports of folders of blobs.
const FOLDERS: [&str; 2] = ["oci:", "dir:"];
/// Transports of engines, with the command that saves an image of theirs.
const ENGINES: [(&str, &str); 2] = [("docker-daemon:", "docker save"), ("podman:", "podman save")];

impl Image {
    /// The shell command that shows the file at an absolute path as a layer has it. `None` where no command is known: of a
    /// path whose bytes are not text, of a layer without a blob, of an image in a registry.
    pub fn extraction(&self, layer: usize, path: &str) -> Option<String> {
        let layer = self.layers.get(layer).filter(|layer| !layer.blob.is_empty())?;
        let member = format!("{}{}", if layer.is_dotted { "./" } else { "" }, path.trim_start_matches('/'));
        // Bytes that are not UTF-8 are shown so, and a tar has no such name.
        if path.contains("\\x") {
            return None;
        }
        let (blob, member) = (quoted(&layer.blob), quoted(&member));
        let after =
            |transports: &[&str]| transports.iter().find_map(|transport| self.reference.strip_prefix(transport));
        let saved = ENGINES.iter().find_map(|(transport, save)| Some((save, self.reference.strip_prefix(transport)?)));
        if let Some((save, name)) = saved {
            return Some(format!("{save} {} | tar x -C /tmp {blob} && tar xOf /tmp/{blob} {member}", quoted(name)));
        }
        let (archive, folder) = (after(&ARCHIVES), after(&FOLDERS));
        let (place, _) = split(archive.or(folder).unwrap_or(&self.reference));
        let shown = quoted(&place.to_string_lossy());
        if archive.is_some() || (folder.is_none() && Path::new(&place).is_file()) {
            return Some(format!("tar xf {shown} -C /tmp {blob} && tar xOf /tmp/{blob} {member}"));
        }
        let is_folder = folder.is_some() || Path::new(&place).is_dir();
        is_folder.then(|| format!("tar xOf {} {member}", quoted(&place.join(&layer.blob).to_string_lossy())))
    }
}

/// A word for the shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._:@%+=,-".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fixture::{File, docker, open, tar};
    use super::super::{ImageConfig, Layer, Wants};
    use super::*;

    fn image(reference: &str, is_dotted: bool) -> Image {
        let layer = Layer { blob: "blobs/sha256/ab".to_owned(), is_dotted, ..Layer::default() };
        Image {
            reference: reference.to_owned(),
            id: String::new(),
            tags: Vec::new(),
            digests: Vec::new(),
            config: ImageConfig::default(),
            has_config: true,
            base: None,
            attestations: crate::image::Attestations::default(),
            layers: vec![layer],
            problems: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn the_command_fits_where_the_image_is() {
        let command = |reference, path| image(reference, false).extraction(0, path);
        assert_eq!(
            command("docker-archive:a b.tar:x:1", "/etc/it's").as_deref(),
            Some(r"tar xf 'a b.tar' -C /tmp blobs/sha256/ab && tar xOf /tmp/blobs/sha256/ab 'etc/it'\''s'")
        );
        assert_eq!(command("oci:dir:tag", "/k").as_deref(), Some("tar xOf dir/blobs/sha256/ab k"));
        assert_eq!(
            command("docker-daemon:app:1", "/k").as_deref(),
            Some("docker save app:1 | tar x -C /tmp blobs/sha256/ab && tar xOf /tmp/blobs/sha256/ab k")
        );
        assert_eq!(command("docker://r.test/app:1", "/k"), None);
        assert_eq!(command("oci:dir", "/\\xff"), None);
        assert_eq!(image("oci:dir", true).extraction(0, "/k").as_deref(), Some("tar xOf dir/blobs/sha256/ab ./k"));
    }

    #[test]
    fn the_command_brings_the_file_back() {
        let (_dir, path) = docker(&[tar(&[("./srv/it's", File("content"))])]);
        let image = open(&path.display().to_string(), &Wants::default(), None).unwrap();
        let place = path.parent().unwrap().to_string_lossy().into_owned();
        let command = image.extraction(0, "/srv/it's").unwrap();
        let command = command.replace("-C /tmp", &format!("-C {place}")).replace("Of /tmp", &format!("Of {place}"));
        let output = std::process::Command::new("sh").arg("-c").arg(command).output().unwrap();
        assert_eq!(output.stdout, b"content", "{}", String::from_utf8_lossy(&output.stderr));
    }
}
