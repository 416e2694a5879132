//! Docker archives: what `docker save` writes, in its classic form (a directory for each layer) and in the newer one
//! (blobs by digest), described by `manifest.json` in both.

use serde::Deserialize;

use super::attestation::Attestations;
use super::error::ImageError;
use super::holder::Blob;
use super::limits::MAX_MANIFESTS;
use super::model::Problem;
use super::source::{Plan, digest_problem};

const MANIFEST: &str = "manifest.json";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Option<Vec<String>>,
}

/// Gives the document of a name; `None` when the archive has none.
pub(super) type Document<'a> = dyn Fn(&str) -> Result<Option<Vec<u8>>, ImageError> + 'a;

/// Finds the image `wanted`, or the only one, in the Docker archive at `place`, with what is to be remarked on the archive.
pub(super) fn plan(
    place: &str,
    document: &Document<'_>,
    remarks: &[String],
    wanted: Option<&str>,
) -> Result<Plan, ImageError> {
    let missing = |what: String| ImageError::Missing { place: place.to_owned(), what };
    let manifest = document(MANIFEST)?.ok_or_else(|| missing(MANIFEST.to_owned()))?;
    let items: Vec<Item> = serde_json::from_slice(&manifest).map_err(|e| ImageError::malformed(place, MANIFEST, e))?;
    if items.len() > MAX_MANIFESTS {
        let what = format!("{MANIFEST} lists more than {MAX_MANIFESTS} images");
        return Err(ImageError::Limit { place: place.to_owned(), what });
    }
    let item = choose(place, items, wanted)?;
    let config = document(&item.config)?.ok_or_else(|| missing(format!("the image config {}", item.config)))?;
    let mut problems = Vec::new();
    if let Some(promised) = digest_in_name(&item.config) {
        problems.extend(digest_problem("the image config", &config, &promised));
    }
    // What describes the image must be itself: nothing else vouches for manifest.json.
    let remarks = remarks.iter().map(|message| Problem { layer: None, message: message.clone() });
    problems.extend(remarks);
    let layers = item.layers.unwrap_or_default().into_iter().map(|name| {
        let digest = name.strip_prefix("blobs/").and_then(|_| digest_in_name(&name));
        Blob { name, digest, size: None, is_foreign: false }
    });
    let (tags, layers) = (item.repo_tags.unwrap_or_default(), layers.collect());
    Ok(Plan {
        config: Some(config),
        tags,
        digest: None,
        top: None,
        base: None,
        attestations: Attestations::default(),
        layers,
        problems,
        notes: Vec::new(),
    })
}

fn choose(place: &str, items: Vec<Item>, wanted: Option<&str>) -> Result<Item, ImageError> {
    let name_of = |item: &Item| match item.repo_tags.as_deref() {
        None | Some([]) => format!("{} (no name)", item.config),
        Some(tags) => tags.join(", "),
    };
    let names: Vec<String> = items.iter().map(name_of).collect();
    let choices = if names.is_empty() { "none".to_owned() } else { names.join("; ") };
    let mut fitting = items.into_iter().filter(|item| match wanted {
        None => true,
        Some(wanted) => {
            let tags = item.repo_tags.iter().flatten();
            tags.map(|tag| familiar(tag)).any(|tag| tag == familiar(wanted))
        }
    });
    match (fitting.next(), fitting.next()) {
        (Some(item), None) => Ok(item),
        (Some(_), Some(_)) => Err(ImageError::Several { place: place.to_owned(), choices }),
        (None, _) => {
            let wanted = wanted.map_or_else(|| "at all".to_owned(), |wanted| format!("named `{wanted}`"));
            Err(ImageError::NoSuchImage { place: place.to_owned(), wanted, choices })
        }
    }
}

/// A name as people write it: without Docker Hub's host and namespace, with a tag.
pub(super) fn familiar(name: &str) -> String {
    let short = name.strip_prefix("docker.io/").or_else(|| name.strip_prefix("index.docker.io/")).unwrap_or(name);
    let short = short.strip_prefix("library/").unwrap_or(short);
    let last = short.rsplit('/').next().unwrap_or(short);
    if last.contains(':') || last.contains('@') { short.to_owned() } else { format!("{short}:latest") }
}

/// The digest a member is named by: `blobs/sha256/HEX`, `HEX.json`, `sha256:HEX`.
fn digest_in_name(name: &str) -> Option<String> {
    let base = name.rsplit('/').next()?;
    let stem = base.strip_suffix(".json").unwrap_or(base);
    let hex = stem.strip_prefix("sha256:").unwrap_or(stem);
    let is_digest = hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    is_digest.then(|| format!("sha256:{hex}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_as_people_write_them() {
        assert_eq!(familiar("docker.io/library/alpine"), "alpine:latest");
        assert_eq!(familiar("alpine:3"), "alpine:3");
        assert_eq!(familiar("localhost:5000/app"), "localhost:5000/app:latest");
        assert_eq!(familiar("docker.io/me/app:1"), "me/app:1");
    }

    #[test]
    fn digests_are_read_from_names_that_have_them() {
        let hex = "0123456789abcdef".repeat(4);
        for name in [format!("{hex}.json"), format!("sha256:{hex}"), format!("blobs/sha256/{hex}")] {
            assert_eq!(digest_in_name(&name), Some(format!("sha256:{hex}")));
        }
        assert_eq!(digest_in_name("config.json"), None);
        assert_eq!(digest_in_name(&format!("{hex}0.json")), None);
    }
}
