//! Images that no Dockerfile made: what other builders write into the history, and where their base ends.

use serde::Deserialize;

use crate::image::{History, ImageConfig, Layer};

/// An image made by a builder that reads no Dockerfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// The builder.
    pub builder: &'static str,
    /// Number of leading layers that came with the base image; `None` when that is not known.
    pub base_layers: Option<usize>,
}

/// How a builder signs the steps of its history.
struct Signature {
    builder: &'static str,
    author: Option<&'static str>,
    /// What `created_by` begins with.
    created_by: &'static [&'static str],
    /// What the comment begins with.
    comment: Option<&'static str>,
}

const SIGNATURES: [Signature; 6] = [
    Signature { builder: "Bazel", author: Some("Bazel"), created_by: &["bazel build "], comment: None },
    Signature { builder: "ko", author: Some("ko"), created_by: &["ko build ", "ko publish "], comment: None },
    Signature {
        builder: "Jib",
        author: Some("Jib"),
        created_by: &["jib-maven-plugin:", "jib-gradle-plugin:", "jib-core:", "jib-cli:"],
        comment: None,
    },
    Signature { builder: "apko", author: Some("apko"), created_by: &["apko"], comment: None },
    Signature { builder: "Nix", author: None, created_by: &[], comment: Some("store paths:") },
    Signature {
        builder: BUILDPACKS,
        author: None,
        created_by: &[
            "Buildpacks ",
            "Application Layer",
            "Application Slice: ",
            "Software Bill-of-Materials",
            "Layer: '",
        ],
        comment: None,
    },
];

/// What puts layers on an image and tells nothing of them: `rules_oci` of Bazel's does, and tools that append layers.
const UNTOLD: &str = "a tool that keeps no history, as Bazel's rules_oci,";
const BUILDPACKS: &str = "Cloud Native Buildpacks";
/// Where buildpacks say which layers are whose.
const BUILDPACKS_LABEL: &str = "io.buildpacks.lifecycle.metadata";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lifecycle {
    run_image: RunImage,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RunImage {
    /// Diff id of the base's highest layer.
    top_layer: String,
}

/// The builder of an image that no Dockerfile made, by who signed the last step of its history: a base that such a builder
/// made is one to build on like any other.
pub fn foreign(config: &ImageConfig, layers: &[Layer]) -> Option<Foreign> {
    let last = config.history.last().and_then(signed_by);
    // Buildpacks of older platforms write no history, but always this label. Who builds on their image inherits it.
    let label = config.config.labels.get(BUILDPACKS_LABEL);
    let is_told = config.history.last().is_some_and(|entry| !entry.created_by.trim().is_empty());
    if let Some(label) = label.filter(|_| last == Some(BUILDPACKS) || !is_told) {
        let lifecycle: Option<Lifecycle> = serde_json::from_str(label).ok();
        let top = lifecycle.and_then(|told| layers.iter().position(|layer| layer.diff_id == told.run_image.top_layer));
        return Some(Foreign { builder: BUILDPACKS, base_layers: top.map(|top| top + 1) });
    }
    let made = |history: &[History]| history.iter().filter(|entry| !entry.empty_layer).count();
    let told = made(&config.history);
    let Some(builder) = last else {
        // Who builds from a Dockerfile tells of every layer.
        let is_untold = told > 0 && told < layers.len();
        return is_untold.then_some(Foreign { builder: UNTOLD, base_layers: None });
    };
    let own = config.history.iter().rev().take_while(|entry| signed_by(entry) == Some(builder)).count();
    let below = config.history.get(..config.history.len().saturating_sub(own)).unwrap_or_default();
    // Where all is signed alike, the base may be the same builder's.
    let is_known = !below.is_empty() && told == layers.len();
    Some(Foreign { builder, base_layers: is_known.then(|| made(below)) })
}

fn signed_by(entry: &History) -> Option<&'static str> {
    let created_by = entry.created_by.trim_start();
    let is_its = |signature: &&Signature| {
        let is_author = signature.author.is_some_and(|author| entry.author == author);
        let is_written = signature.created_by.iter().any(|start| created_by.starts_with(start));
        is_author || is_written || signature.comment.is_some_and(|start| entry.comment.starts_with(start))
    };
    SIGNATURES.iter().find(is_its).map(|signature| signature.builder)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries as `author|created_by|comment`; layers by their diff ids. The builder and its base's layers.
    fn found(history: &[&str], labels: &[(&str, &str)], layers: &[&str]) -> Option<(&'static str, Option<usize>)> {
        let entry = |text: &&str| {
            let mut parts = text.splitn(3, '|').map(str::to_owned);
            let mut next = || parts.next().unwrap_or_default();
            let author = next();
            let (empty_layer, author) = match author.strip_prefix('-') {
                Some(author) => (true, author.to_owned()),
                None => (false, author),
            };
            History { author, created_by: next(), comment: next(), empty_layer, created: None }
        };
        let mut config = ImageConfig { history: history.iter().map(entry).collect(), ..ImageConfig::default() };
        config.config.labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let layer = |id: &&str| Layer { diff_id: (*id).to_owned(), ..Layer::default() };
        let layers: Vec<Layer> = layers.iter().map(layer).collect();
        foreign(&config, &layers).map(|foreign| (foreign.builder, foreign.base_layers))
    }

    #[test]
    fn builders_sign_their_layers() {
        let debian = ["|# debian.sh --arch 'amd64'|", "-|CMD [\"bash\"]|"];
        let on_debian = |own: &[&str]| {
            let history = [&debian[..], own].concat();
            let layers = history.iter().filter(|entry| !entry.starts_with('-')).count();
            found(&history, &[], &vec!["sha256:x"; layers])
        };
        let jib = ["Jib|jib-maven-plugin:3.4.0|dependencies", "Jib|jib-maven-plugin:3.4.0|classes"];
        assert_eq!(on_debian(&jib), Some(("Jib", Some(1))));
        let ko = [
            "ko|ko build ko://example.test/cmd/a|kodata contents, at $KO_DATA_PATH",
            "ko|ko build ko://example.test/cmd/a|go build output",
        ];
        assert_eq!(on_debian(&ko), Some(("ko", Some(1))));
        assert_eq!(on_debian(&["Bazel|bazel build ...|", "-Bazel|bazel build ...|"]), Some(("Bazel", Some(1))));
        assert_eq!(on_debian(&["apko|apko|This is an apko single-layer image"]), Some(("apko", Some(1))));
        assert_eq!(found(&["||store paths: ['/nix/store/x']"], &[], &["a"]), Some(("Nix", None)));
    }

    #[test]
    fn a_base_by_another_builder_is_only_a_base() {
        let distroless = "Bazel|bazel build ...|";
        assert_eq!(found(&[distroless, "|COPY a /b # buildkit|buildkit.dockerfile.v0"], &[], &["a", "b"]), None);
        assert_eq!(found(&[distroless, "ko|ko build ko://x|"], &[], &["a", "b"]), Some(("ko", Some(1))));
        // Where the base ends in one builder's work, its history does not say.
        assert_eq!(found(&[distroless, distroless], &[], &["a", "b"]), Some(("Bazel", None)));
        assert_eq!(found(&["x|y|z", "ko|ko build ko://x|"], &[], &["a"]), Some(("ko", None)), "a layer is missing");
        assert_eq!(found(&[], &[], &["a"]), None);
        // Layers on a base that no history tells of.
        assert_eq!(found(&[distroless, "||"], &[], &["a", "b", "c"]), Some((UNTOLD, None)));
    }

    #[test]
    fn buildpacks_tell_the_top_of_their_base() {
        let label = [("io.buildpacks.lifecycle.metadata", r#"{"runImage":{"topLayer":"b","reference":"x"}}"#)];
        assert_eq!(found(&["||", "||", "||"], &label, &["a", "b", "c"]), Some(("Cloud Native Buildpacks", Some(2))));
        let own = "|Layer: 'jdk', Created by buildpack: java@1|";
        assert_eq!(found(&["||", "||", own], &label, &["a", "x", "c"]), Some(("Cloud Native Buildpacks", None)));
        assert_eq!(found(&["||", "||", "|RUN /bin/sh -c a # buildkit|"], &label, &["a", "b", "c"]), None);
        assert_eq!(found(&["||"], &[(BUILDPACKS_LABEL, "{")], &["a"]), Some(("Cloud Native Buildpacks", None)));
    }
}
