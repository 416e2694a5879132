//! Images gated end to end: made here layer by layer with the history a builder would write, in every container format, and
//! judged against the Dockerfile they come from.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// One entry of a layer: path, mode, content (`None` for a directory).
pub(crate) type Entry = (&'static str, u32, Option<&'static str>);

/// A step of a build: what the history says, and the layer it made, if it made one.
pub(crate) struct Step {
    pub(crate) created_by: &'static str,
    pub(crate) layer: Option<Vec<Entry>>,
}

pub(crate) fn layer_tar(entries: &[Entry]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, mode, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_mode(*mode);
        header.set_entry_type(if content.is_some() { tar::EntryType::Regular } else { tar::EntryType::Directory });
        let data = content.unwrap_or_default().as_bytes();
        header.set_size(data.len() as u64);
        tar.append_data(&mut header, path, data).unwrap();
    }
    tar.into_inner().unwrap()
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

pub(crate) fn archive(path: &Path, files: &[(String, Vec<u8>)]) {
    let mut tar = tar::Builder::new(fs::File::create(path).unwrap());
    for (name, data) in files {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(data.len() as u64);
        tar.append_data(&mut header, name, data.as_slice()).unwrap();
    }
    tar.into_inner().unwrap();
}

#[derive(Clone, Copy, PartialEq)]
enum Compression {
    None,
    Gzip,
    Zstd,
}

fn compress(bytes: &[u8], compression: Compression) -> Vec<u8> {
    match compression {
        Compression::None => bytes.to_vec(),
        Compression::Gzip => {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(bytes).unwrap();
            gzip.finish().unwrap()
        }
        Compression::Zstd => zstd::encode_all(bytes, 1).unwrap(),
    }
}

fn config(steps: &[Step], layers: &[Vec<u8>], run: &Value) -> Vec<u8> {
    let history: Vec<Value> = steps
        .iter()
        .map(|s| match s.layer {
            Some(_) => json!({ "created_by": s.created_by }),
            None => json!({ "created_by": s.created_by, "empty_layer": true }),
        })
        .collect();
    let diff_ids: Vec<String> = layers.iter().map(|l| format!("sha256:{}", digest(l))).collect();
    let document = json!({
        "architecture": "amd64", "os": "linux", "config": run, "history": history,
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    serde_json::to_vec(&document).unwrap()
}

pub(crate) fn docker_archive(path: &Path, steps: &[Step], run: &Value) {
    let layers: Vec<Vec<u8>> = steps.iter().filter_map(|s| s.layer.as_deref()).map(layer_tar).collect();
    write_docker(path, config(steps, &layers, run), layers);
}

/// A Docker archive of these layers, with this history.
pub(crate) fn docker_archive_of(path: &Path, layers: &[&[Entry]], history: &Value, run: &Value) {
    let layers: Vec<Vec<u8>> = layers.iter().map(|layer| layer_tar(layer)).collect();
    let diff_ids: Vec<String> = layers.iter().map(|l| format!("sha256:{}", digest(l))).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": run, "history": history,
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    write_docker(path, serde_json::to_vec(&config).unwrap(), layers);
}

fn write_docker(path: &Path, config: Vec<u8>, layers: Vec<Vec<u8>>) {
    let config_name = format!("{}.json", digest(&config));
    let names: Vec<String> = (0..layers.len()).map(|i| format!("layer{i}/layer.tar")).collect();
    let manifest = json!([{ "Config": config_name, "RepoTags": ["test/image:1"], "Layers": names }]);
    let mut files = vec![(config_name, config)];
    files.extend(names.into_iter().zip(layers));
    files.push(("manifest.json".into(), serde_json::to_vec(&manifest).unwrap()));
    archive(path, &files);
}

fn oci_archive(path: &Path, steps: &[Step], run: &Value, compression: Compression) {
    let layers: Vec<Vec<u8>> = steps.iter().filter_map(|s| s.layer.as_deref()).map(layer_tar).collect();
    let config = config(steps, &layers, run);
    let mut blobs: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut add = |media_type: &str, bytes: Vec<u8>| {
        let descriptor =
            json!({ "mediaType": media_type, "digest": format!("sha256:{}", digest(&bytes)), "size": bytes.len() });
        blobs.insert(format!("blobs/sha256/{}", digest(&bytes)), bytes);
        descriptor
    };
    // Media types that lie are what the wild has; the reader must look at the bytes.
    let stored: Vec<Value> =
        layers.iter().map(|l| add("application/vnd.oci.image.layer.v1.tar", compress(l, compression))).collect();
    let config = add("application/vnd.oci.image.config.v1+json", config);
    let manifest = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": stored });
    let manifest = add("application/vnd.oci.image.manifest.v1+json", serde_json::to_vec(&manifest).unwrap());
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    let mut files: Vec<(String, Vec<u8>)> = blobs.into_iter().collect();
    files.push(("index.json".into(), serde_json::to_vec(&index).unwrap()));
    files.push(("oci-layout".into(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()));
    archive(path, &files);
}

const DOCKERFILE: &str = "\
FROM example.test/base:1
RUN cp /bin/sh /usr/local/bin/rootsh && chmod 4755 /usr/local/bin/rootsh
RUN chmod 2755 /usr/bin/find
RUN apt-get install -y new && apt-get remove -y old
COPY id_rsa /root/.ssh/id_rsa
RUN chmod 0755 /bin/su
EXPOSE 22
CMD [\"sh\"]
";

const BASE_STATUS: &str = "\
Package: old
Status: install ok installed
Version: 1

Package: kept
Status: install ok installed
Version: 1

";
const STATUS: &str = "\
Package: kept
Status: install ok installed
Version: 2

Package: new
Status: install ok installed
Version: 1

";

/// The image of `DOCKERFILE`: a base of two layers with a setuid file and packages, and what each line does to it.
fn steps() -> Vec<Step> {
    let step = |created_by, layer| Step { created_by, layer };
    vec![
        step(
            "/bin/sh -c #(nop) ADD file:0123 in / ",
            Some(vec![("bin/sh", 0o755, Some("sh")), ("bin/su", 0o4755, Some("su"))]),
        ),
        step("/bin/sh -c #(nop)  CMD [\"sh\"]", None),
        step(
            "RUN /bin/sh -c apt-get update # buildkit",
            Some(vec![("usr/bin/find", 0o755, Some("find")), ("var/lib/dpkg/status", 0o644, Some(BASE_STATUS))]),
        ),
        step(
            "RUN /bin/sh -c cp /bin/sh /usr/local/bin/rootsh && chmod 4755 /usr/local/bin/rootsh # buildkit",
            Some(vec![("usr/local/bin/rootsh", 0o4755, Some("sh"))]),
        ),
        step("RUN /bin/sh -c chmod 2755 /usr/bin/find # buildkit", Some(vec![("usr/bin/find", 0o2755, Some("find"))])),
        step(
            "RUN /bin/sh -c apt-get install -y new && apt-get remove -y old # buildkit",
            Some(vec![("var/lib/dpkg/status", 0o644, Some(STATUS))]),
        ),
        step("COPY id_rsa /root/.ssh/id_rsa # buildkit", Some(vec![("root/.ssh/id_rsa", 0o600, Some("not a key"))])),
        step("RUN /bin/sh -c chmod 0755 /bin/su # buildkit", Some(vec![("bin/su", 0o755, Some("su"))])),
        step("EXPOSE map[22/tcp:{}]", None),
        step("CMD [\"sh\"]", None),
    ]
}

const POLICY: &str = "\
SUIDDIFF:SUIDFILEADD:STOP:SETGID=true
SUIDDIFF:SUIDFILEDEL:WARN
SUIDDIFF:SUIDMODEDIFF:STOP
PKGDIFF:PKGADD:WARN
PKGDIFF:PKGDEL:WARN
PKGDIFF:PKGVERSIONDIFF:STOP
FILECHECK:FILENAMEMATCH:STOP:FILECHECK_NAMEREGEXP=.*/.ssh/id_rsa$
FILECHECK:CONTENTMATCH:WARN:FILECHECK_CONTENTREGEXP=not a k
DOCKERFILECHECK:EXPOSE:STOP:DENIEDPORTS=22
";

/// Rule, subject, line of the Dockerfile, origin and action of every finding.
fn gate(folder: &Path, image: &Path, dockerfile: bool) -> Vec<(String, String, Option<u64>, String, String)> {
    let mut command = assert_cmd::Command::cargo_bin("dockgate").unwrap();
    command.env_clear().current_dir(folder).args(["gate", "--format", "json", "--policy", "policy"]).arg(image);
    if dockerfile {
        command.args(["--dockerfile", "Dockerfile"]);
    }
    let output = command.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .map(|f| {
            (text(&f["rule"]), text(&f["subject"]), f["place"]["line"].as_u64(), text(&f["origin"]), text(&f["action"]))
        })
        .collect()
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Dockerfile"), DOCKERFILE).unwrap();
    fs::write(folder.path().join("policy"), POLICY).unwrap();
    let path = folder.path().to_owned();
    (folder, path)
}

#[test]
fn every_change_is_found_on_the_line_that_made_it() {
    let (_keep, folder) = folder();
    let image = folder.join("image.tar");
    docker_archive(&image, &steps(), &json!({ "ExposedPorts": { "22/tcp": {} } }));
    let found = gate(&folder, Path::new("image.tar"), true);
    let expected = [
        ("setuid-added", "/usr/local/bin/rootsh", 2, "STOP"),
        ("setuid-added", "/usr/bin/find", 3, "STOP"),
        ("package-added", "new", 4, "WARN"),
        ("package-removed", "old", 4, "WARN"),
        ("package-version-changed", "kept", 4, "STOP"),
        ("file-content-matched", "/root/.ssh/id_rsa", 5, "WARN"),
        ("file-name-matched", "/root/.ssh/id_rsa", 5, "STOP"),
        ("setuid-removed", "/bin/su", 6, "WARN"),
        ("exposed-port", "22", 7, "STOP"),
    ];
    for (rule, subject, line, action) in expected {
        let wanted = (rule.into(), subject.into(), Some(line), "yours".into(), action.into());
        assert!(found.contains(&wanted), "{wanted:?} is not in {found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

#[test]
fn the_verdict_does_not_depend_on_the_container_format() {
    let (_keep, folder) = folder();
    let run = json!({ "ExposedPorts": { "22/tcp": {} } });
    docker_archive(&folder.join("docker.tar"), &steps(), &run);
    let docker = gate(&folder, Path::new("docker.tar"), true);
    for (name, compression) in
        [("plain.tar", Compression::None), ("gzip.tar", Compression::Gzip), ("zstd.tar", Compression::Zstd)]
    {
        oci_archive(&folder.join(name), &steps(), &run, compression);
        assert_eq!(gate(&folder, Path::new(name), true), docker, "{name}");
    }
}

#[test]
fn without_a_dockerfile_the_image_is_the_place_and_nothing_is_compared_in_silence() {
    let (_keep, folder) = folder();
    docker_archive(&folder.join("image.tar"), &steps(), &json!({}));
    let found = gate(&folder, Path::new("image.tar"), false);
    assert!(
        found.contains(&("file-name-matched".into(), "/root/.ssh/id_rsa".into(), None, "yours".into(), "STOP".into())),
        "{found:#?}"
    );
    assert!(
        !found.iter().any(|f| f.0 == "setuid-added" && f.1 == "/bin/su"),
        "nothing is known of the base: {found:#?}"
    );
    assert!(found.iter().any(|f| f.0.starts_with("base-")), "that nothing could be compared is told: {found:#?}");
}

#[test]
fn a_broken_layer_is_an_answer_of_its_own() {
    let (_keep, folder) = folder();
    let whole = folder.join("whole.tar");
    docker_archive(&whole, &steps(), &json!({}));
    // The last layer's bytes are not those its diff id names.
    let mut bytes = fs::read(&whole).unwrap();
    let at = bytes.windows(9).position(|w| w == b"not a key").unwrap();
    bytes[at] = b'N';
    fs::write(folder.join("changed.tar"), &bytes).unwrap();
    let mut command = assert_cmd::Command::cargo_bin("dockgate").unwrap();
    let output = command.env_clear().current_dir(&folder).args(["gate", "changed.tar"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("layer 6") && text.contains("image-part-unchecked"), "{text}");
}

/// The smallest setuid file there can be, in an image whose Dockerfile is another's.
#[test]
fn a_dockerfile_of_another_image_is_not_blamed() {
    let (_keep, folder) = folder();
    docker_archive(&folder.join("image.tar"), &steps(), &json!({}));
    fs::write(folder.join("Dockerfile"), "FROM other:1\nRUN make\nCOPY a b\nRUN install\n").unwrap();
    let found = gate(&folder, Path::new("image.tar"), true);
    assert!(found.iter().all(|f| f.2.is_none() || f.0.starts_with("base-")), "{found:#?}");
}

/// A view of an image, as JSON.
fn inspected(image: &Path, view: &str) -> (String, Value) {
    let output = assert_cmd::Command::cargo_bin("dockgate")
        .unwrap()
        .env_clear()
        .args(["inspect", &image.display().to_string(), view, "--format", "json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    (text.clone(), serde_json::from_str(&text).unwrap())
}

#[test]
fn each_package_is_told_with_the_layer_that_installed_it() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image.tar");
    let mut steps = steps();
    let module =
        ("app/node_modules/@s/a/package.json", 0o644, Some(r#"{"name":"@s/a","version":"1.0.0","license":"mit"}"#));
    let broken = ("app/node_modules/b/package.json", 0o644, Some("{"));
    steps.push(Step { created_by: "COPY . /app # buildkit", layer: Some(vec![module, broken]) });
    docker_archive(&image, &steps, &json!({}));
    let (_, packages) = inspected(&image, "packages");
    let list = packages["packages"].as_array().unwrap().iter();
    let told: Vec<String> =
        list.map(|p| format!("{} {} {} {}", p["name"], p["version"], p["kind"], p["layer"]).replace('"', "")).collect();
    assert_eq!(told, ["@s/a 1.0.0 npm 7", "kept 2 deb 4", "new 1 deb 4"]);
    assert_eq!(packages["packages"][0]["licences"], json!(["MIT"]));
    let problems = packages["problems"].as_array().unwrap();
    assert!(
        problems.len() == 1 && problems[0].as_str().unwrap().contains("/app/node_modules/b/package.json is no JSON")
    );
}

#[test]
fn secrets_of_the_image_are_masked_when_it_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image.tar");
    let step = |created_by, layer| Step { created_by, layer };
    let steps = [
        step("ENV DB_PASSWORD=hunter2-do-not-print", None),
        step("RUN |1 API_TOKEN=hunter2-do-not-print /bin/sh -c make # buildkit", Some(vec![("a", 0o644, Some("a"))])),
    ];
    let run = json!({ "Env": ["PATH=/bin", "DB_PASSWORD=hunter2-do-not-print"], "Labels": { "token": "hunter2-do-not-print" } });
    docker_archive(&image, &steps, &run);
    for view in ["history", "config", "layers"] {
        let (text, _) = inspected(&image, view);
        assert!(text.contains("********") && !text.contains("hunter2"), "{view}: {text}");
    }
}

/// What the Dockerfile shows and the image confirms is one finding, told on the line.
#[test]
fn a_finding_of_both_phases_is_one() {
    let folder = tempfile::tempdir().unwrap();
    // In pieces, so that no scanner of this repository takes it for a key.
    let key: &'static str = concat!("-----BEGIN OPENSSH ", "PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n");
    fs::write(folder.path().join("id_rsa"), key).unwrap();
    let dockerfile = "FROM example.test/base:1\nCOPY id_rsa /srv/id_rsa\nRUN rm /srv/id_rsa\nUSER root\n";
    fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
    let step = |created_by, layer| Step { created_by, layer };
    let steps = [
        step("/bin/sh -c #(nop) ADD file:0123 in / ", Some(vec![("bin/sh", 0o755, Some("sh"))])),
        step("COPY id_rsa /srv/id_rsa # buildkit", Some(vec![("srv/id_rsa", 0o600, Some(key))])),
        step("RUN /bin/sh -c rm /srv/id_rsa # buildkit", Some(vec![("srv/.wh.id_rsa", 0o600, Some(""))])),
        step("USER root", None),
    ];
    docker_archive(&folder.path().join("image.tar"), &steps, &json!({ "User": "root" }));
    let report = |args: &[&str]| -> Value {
        let mut command = assert_cmd::Command::cargo_bin("dockgate").unwrap();
        let select = "runs-as-root,last-user-root,key-file-copied,key-file-in-image,secret-in-deleted-file";
        command.env_clear().current_dir(folder.path()).args(args).args(["--format", "json", "--select", select]);
        serde_json::from_slice(&command.output().unwrap().stdout).unwrap()
    };
    let told = |report: &Value| -> Vec<(String, u64)> {
        let findings = report["findings"].as_array().unwrap().iter();
        findings.map(|f| (f["rule"].as_str().unwrap().to_owned(), f["place"]["line"].as_u64().unwrap())).collect()
    };
    let whole = report(&["check", ".", "--image", "image.tar"]);
    assert_eq!(told(&whole), [("key-file-copied".into(), 2), ("last-user-root".into(), 4)]);
    let said = whole["findings"][0]["image_says"]["because"].as_str().unwrap();
    assert!(said.contains("is removed by layer 3 and still in layer 2"), "{said}");
    // Without the context nobody knows what is copied, and the image tells it.
    let gated = report(&["gate", "image.tar", "--dockerfile", "Dockerfile"]);
    assert_eq!(told(&gated), [("secret-in-deleted-file".into(), 2), ("last-user-root".into(), 4)]);
    assert_eq!(gated["findings"][0]["related"][0]["place"]["line"], 3);
}

/// Action of the finding of `exposed-port`, and whether the image had a word on it.
fn exposed(folder: &Path, policy: &str) -> (String, bool) {
    let mut command = assert_cmd::Command::cargo_bin("dockgate").unwrap();
    command.env_clear().current_dir(folder).args([
        "gate",
        "image.tar",
        "--dockerfile",
        "Dockerfile",
        "--format",
        "json",
    ]);
    let output = command.args(["--policy", policy]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding = report["findings"].as_array().unwrap().iter().find(|f| f["rule"] == "exposed-port").unwrap();
    (finding["action"].as_str().unwrap().to_owned(), finding["image_says"].is_object())
}

#[test]
fn only_the_image_of_this_dockerfile_can_take_a_finding_back() {
    let (_keep, folder) = folder();
    // Built from this Dockerfile, and its config exposes nothing all the same.
    docker_archive(&folder.join("image.tar"), &steps(), &json!({}));
    assert_eq!(exposed(&folder, "default"), ("GO".into(), true));
    assert_eq!(exposed(&folder, "policy"), ("STOP".into(), true), "a line of 2017 judges the Dockerfile");
    // The Dockerfile has changed since.
    fs::write(folder.join("Dockerfile"), DOCKERFILE.replace("chmod 2755", "chmod 2711")).unwrap();
    assert_eq!(exposed(&folder, "default"), ("STOP".into(), false));
}
