//! What is attested of an image beside it: its packages, held against those that are there, and its base.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::images::{archive, digest, layer_tar};

const STATUS: &str = "\
Package: zlib1g
Status: install ok installed
Architecture: amd64
Version: 1:1.2.13

Package: curl
Status: install ok installed
Architecture: amd64
Version: 7.88

";

/// An OCI archive of one layer with a package database, and BuildKit's attestations about it.
fn attested(path: &Path, statements: &[(&str, Value)]) {
    let mut files: Vec<(String, Vec<u8>)> = vec![("oci-layout".into(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec())];
    let mut blob = |bytes: Vec<u8>| {
        let digest = digest(&bytes);
        let descriptor = json!({ "mediaType": "application/vnd.oci.image.layer.v1.tar",
            "digest": format!("sha256:{digest}"), "size": bytes.len() });
        files.push((format!("blobs/sha256/{digest}"), bytes));
        descriptor
    };
    let bytes = |value: &Value| serde_json::to_vec(value).unwrap();
    let layer = layer_tar(&[("var/lib/dpkg/status", 0o644, Some(STATUS))]);
    let diff_id = format!("sha256:{}", digest(&layer));
    let layer = blob(layer);
    let config = json!({ "architecture": "amd64", "os": "linux", "config": {},
        "history": [{ "created_by": "# debian.sh" }, { "created_by": "CMD [\"sh\"]", "empty_layer": true }],
        "rootfs": { "type": "layers", "diff_ids": [diff_id] } });
    let config = blob(bytes(&config));
    let manifest = json!({ "schemaVersion": 2, "config": config, "layers": [layer] });
    let manifest = blob(bytes(&manifest));
    let mut claims = Vec::new();
    for (kind, predicate) in statements {
        let mut claim = blob(bytes(&json!({ "predicateType": kind, "predicate": predicate })));
        claim["annotations"] = json!({ "in-toto.io/predicate-type": kind });
        claims.push(claim);
    }
    let empty = blob(b"{}".to_vec());
    let mut attestation = blob(bytes(&json!({ "schemaVersion": 2, "config": empty, "layers": claims })));
    attestation["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
    attestation["annotations"] = json!({ "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": manifest["digest"] });
    let index = json!({ "schemaVersion": 2, "manifests": [manifest, attestation] });
    files.push(("index.json".into(), bytes(&index)));
    archive(path, &files);
}

fn spdx() -> (&'static str, Value) {
    let package = |name: &str, version: &str, purl: &str| {
        json!({ "name": name, "versionInfo": version,
            "externalRefs": [{ "referenceType": "purl", "referenceLocator": purl }] })
    };
    let packages = [
        package("zlib1g", "1:1.2.13", "pkg:deb/debian/zlib1g@1%3A1.2.13?arch=amd64&distro=debian-12"),
        package("ghost\u{1b}[31m", "9", "pkg:npm/ghost@9"),
        json!({ "name": "app", "primaryPackagePurpose": "CONTAINER" }),
    ];
    ("https://spdx.dev/Document", json!({ "spdxVersion": "SPDX-2.3", "packages": packages }))
}

fn run(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockgate"));
    let output =
        command.env_clear().env("HOME", folder).current_dir(folder).args(args).arg("--no-cache").output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_only_the_sbom_lists_is_told_and_never_counted_as_found() {
    let folder = tempfile::tempdir().unwrap();
    attested(&folder.path().join("image.tar"), &[spdx()]);
    let table = run(folder.path(), &["inspect", "image.tar", "packages"]);
    let rows: Vec<&str> = table.lines().map(|line| line.split("  ").next().unwrap()).collect();
    assert_eq!(
        rows,
        [
            "name",
            "curl",
            "zlib1g",
            "note: of the 2 packages that the attested SBOM (SPDX-2.3) lists, 1 were found in the image",
            "only attested: ghost\\x1b[31m 9 pkg:npm/ghost@9",
            "not attested: curl 7.88 pkg:deb/debian/curl@7.88?arch=amd64",
        ],
        "{table}"
    );
    let json: Value =
        serde_json::from_str(&run(folder.path(), &["inspect", "image.tar", "packages", "--format", "json"])).unwrap();
    assert_eq!(json["packages"].as_array().unwrap().len(), 2);
    let sbom = &json["sboms"][0];
    assert_eq!((&sbom["format"], &sbom["packages"]), (&json!("SPDX-2.3"), &json!(2)));
    assert_eq!(sbom["only_attested"][0]["purl"], "pkg:npm/ghost@9");
    assert_eq!(sbom["only_found"], json!(["pkg:deb/debian/curl@7.88?arch=amd64"]));
}

#[test]
fn a_report_says_what_is_attested_and_the_base_that_from_names() {
    let folder = tempfile::tempdir().unwrap();
    let material = |name: &str, digit: &str| json!({ "uri": format!("pkg:docker/{name}?platform=linux%2Famd64"), "digest": { "sha256": digit.repeat(64) } });
    let materials = [material("golang@1.22", "1"), material("debian@12", "2")];
    let provenance = ("https://slsa.dev/provenance/v0.2", json!({ "materials": materials }));
    attested(&folder.path().join("image.tar"), &[spdx(), provenance]);
    std::fs::write(
        folder.path().join("Dockerfile"),
        "FROM golang:1.22 AS build\nFROM docker.io/library/debian:12\nCMD [\"sh\"]\n",
    )
    .unwrap();
    let gate = ["gate", "image.tar", "--dockerfile", "Dockerfile", "--format", "json"];
    let report: Value = serde_json::from_str(&run(folder.path(), &gate)).unwrap();
    let image = &report["image"];
    assert_eq!(image["base"], "debian:12 (layer 1)");
    assert_eq!(image["base_identity"], json!({ "name": "debian:12", "digest": format!("sha256:{}", "2".repeat(64)) }));
    assert_eq!(image["provenance"], true);
    assert_eq!(image["sboms"], json!([{ "format": "SPDX-2.3", "packages": 2, "only_attested": 1, "only_found": 1 }]));
    let notes = report["notes"].to_string();
    assert!(notes.contains("an SBOM of 2 packages (SPDX-2.3), provenance"), "{notes}");
    assert!(notes.contains("lists 1 packages that were not found in the image, and not 1 that were"), "{notes}");
    // Without attestations that is in the report as well.
    attested(&folder.path().join("bare.tar"), &[]);
    let report: Value = serde_json::from_str(&run(folder.path(), &["gate", "bare.tar", "--format", "json"])).unwrap();
    assert_eq!((&report["image"]["provenance"], &report["image"]["sboms"]), (&json!(false), &json!([])));
}
