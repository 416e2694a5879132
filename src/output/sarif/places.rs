//! Places as SARIF's locations.

use serde_sarif::sarif::{ArtifactLocation, Location, LogicalLocation, PhysicalLocation, Region};

use super::Profile;
use crate::finding::{ImagePlace, Place};
use crate::text;

/// What relative URIs are relative to.
pub(super) const ROOT: &str = "%SRCROOT%";

/// A location with a file in it, whatever the place, since consumers drop results without one: what is only in an image is at
/// the start of a file that is named after the image and the path within.
pub(super) fn location(place: &Place, profile: Profile) -> Location {
    let start = || Region::builder().start_line(1).build();
    let (uri, region) = match place {
        Place::Source { source, .. } => {
            (relative_uri(source.path()), place.region().map_or_else(start, |r| region(r, profile)))
        }
        Place::File { path, line } => {
            let line = line.and_then(|l| i64::try_from(l).ok()).filter(|l| *l > 0);
            (relative_uri(path), line.map_or_else(start, |l| Region::builder().start_line(l).build()))
        }
        Place::Image(inside) => (image_uri(inside), start()),
    };
    let artifact = ArtifactLocation::builder().uri(uri).uri_base_id(ROOT).build();
    let physical = PhysicalLocation::builder().artifact_location(artifact).region(region).build();
    Location::builder().physical_location(physical).build()
}

/// A file of the work tree.
pub(super) fn artifact(path: &str) -> ArtifactLocation {
    ArtifactLocation::builder().uri(relative_uri(path)).uri_base_id(ROOT).build()
}

/// Lines and columns from 1, columns in characters, the end exclusive.
pub(super) fn region(region: text::Region, profile: Profile) -> Region {
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let (start, end) = (region.start, region.end);
    let start_line = Region::builder().start_line(number(start.line));
    if !profile.takes_empty_ranges() && (start >= end || end.column < 2) {
        return start_line.build();
    }
    start_line.start_column(number(start.column)).end_line(number(end.line)).end_column(number(end.column)).build()
}

/// Where in an image: the file, and the layer that has it.
pub(super) fn logical(place: &ImagePlace) -> Vec<LogicalLocation> {
    let file = place.path.as_ref().map(|path| {
        LogicalLocation::builder()
            .name(path)
            .fully_qualified_name(format!("{}!{path}", place.image))
            .kind("resource")
            .build()
    });
    let layer = place.layer.as_ref().map(|layer| {
        LogicalLocation::builder()
            .name(format!("layer {}", layer.index + 1))
            .fully_qualified_name(format!("{}@{}", place.image, layer.diff_id))
            .kind("module")
            .build()
    });
    let image = || LogicalLocation::builder().fully_qualified_name(&place.image).kind("module").build();
    let inside: Vec<LogicalLocation> = file.into_iter().chain(layer).collect();
    if inside.is_empty() { vec![image()] } else { inside }
}

/// An image and a path in it as one path. The tag or digest of an image in a registry goes, so that the place is the same
/// when the image is built again.
fn image_uri(place: &ImagePlace) -> String {
    let (transport, name) = place.image.split_once(':').unwrap_or(("", &place.image));
    let is_file = transport.is_empty() || transport.ends_with("-archive") || matches!(transport, "oci" | "rootfs");
    let name = if is_file {
        name
    } else {
        let name = name.split('@').next().unwrap_or_default().trim_start_matches('/');
        let tag = name.rfind(':').filter(|at| !name.get(*at..).unwrap_or_default().contains('/'));
        tag.and_then(|at| name.get(..at)).unwrap_or(name)
    };
    relative_uri(&format!("{name}{}", place.path.as_deref().unwrap_or("")))
}

/// A path as a relative URI reference: what is not allowed in one is percent-encoded, and nothing of it leads out of the root.
fn relative_uri(path: &str) -> String {
    let path = path.trim_start_matches('/');
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'@' | b'+' | b'=' | b',' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    // Standard input, and an image whose name is all transport, have no path.
    if uri.is_empty() { String::from("-") } else { uri }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_an_image_is_the_same_for_the_next_build() {
        let uri = |image: &str, path: Option<&str>| {
            image_uri(&ImagePlace { image: image.into(), path: path.map(str::to_owned), layer: None })
        };
        assert_eq!(uri("docker-archive:out/x.tar", Some("/k")), "out/x.tar/k");
        assert_eq!(uri("docker-archive:/tmp/x.tar", None), "tmp/x.tar");
        assert_eq!(uri("registry:h.test:5000/a/b:1.4", Some("/k y")), "h.test%3A5000/a/b/k%20y");
        assert_eq!(uri("docker://h.test/a@sha256:00", None), "h.test/a");
        assert_eq!(uri("docker-daemon:app:1", None), "app");
    }
}
