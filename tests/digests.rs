//! Base images pinned to their digests: from a real registry, and from the image that was built.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::images::{Step, digest, docker_archive};
use super::sources::{is_installed, registry, run, skip};

/// Exit status, standard output and standard error of the command, in a folder and a clean environment.
fn dockgate(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockgate"));
    let output = command.env_clear().env("HOME", folder).current_dir(folder).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn write(folder: &Path, dockerfile: &str) {
    fs::write(folder.join("Dockerfile"), dockerfile).unwrap();
}

fn read(folder: &Path) -> String {
    fs::read_to_string(folder.join("Dockerfile")).unwrap()
}

/// Puts an image for two platforms into a registry, as `multi:1`; gives the digest of its index.
fn push(folder: &Path, host: &str) -> String {
    let layout = folder.join("layout");
    let copy = |from: &str, to: &str, more: &[&str]| {
        let mut command = Command::new("skopeo");
        command.args(["--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"]).args(more).args([from, to]);
        run(&mut command).unwrap();
    };
    let archive = "docker-archive:fixtures/aic-secret/image.tar";
    copy(archive, &format!("oci:{}:one", layout.display()), &[]);
    let index: Value = serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
    let of = |architecture: &str| {
        let mut one = index["manifests"][0].clone();
        one.as_object_mut().unwrap().remove("annotations");
        one["platform"] = json!({"os": "linux", "architecture": architecture});
        one
    };
    let media_type = "application/vnd.oci.image.index.v1+json";
    let multi = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": [of("amd64"), of("arm64")]});
    let multi = serde_json::to_vec(&multi).unwrap();
    fs::write(layout.join("blobs/sha256").join(digest(&multi)), &multi).unwrap();
    let entry = json!({
        "mediaType": media_type, "digest": format!("sha256:{}", digest(&multi)), "size": multi.len(),
        "annotations": {"org.opencontainers.image.ref.name": "multi"},
    });
    let top = json!({"schemaVersion": 2, "manifests": [entry]});
    fs::write(layout.join("index.json"), top.to_string()).unwrap();
    copy(&format!("oci:{}:multi", layout.display()), &format!("docker://{host}/multi:1"), &["--all"]);
    format!("sha256:{}", digest(&multi))
}

#[test]
fn a_registry_gives_the_digest_of_the_index() {
    for program in ["docker-registry", "skopeo"] {
        if !is_installed(program) {
            return skip(&format!("{program} is not installed"));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (_server, host) = match registry(folder, json!({})) {
        Ok(started) => started,
        Err(why) => return skip(&why),
    };
    let digest = push(folder, &host);
    let port = host.rsplit(':').next().unwrap();
    // The log of the registry has a line for each request.
    let asked = || {
        let log = fs::read_to_string(folder.join(format!("{port}.log"))).unwrap_or_default();
        log.lines().filter(|line| line.contains("\"GET /v2/multi/manifests/1 ")).count()
    };
    let dockerfile = format!(
        "ARG REGISTRY={host}\nFROM \"{host}/multi:1\" AS build\nFROM $REGISTRY/multi:1\nFROM {host}/no/such:2 AS absent\n\
         FROM 127.0.0.1:1/x AS nowhere\nFROM {host}/multi:1\nCOPY --from=build /a /a\nCOPY --from={host}/multi:1 /b /b\n\
         RUN --mount=from={host}/multi:1,target=/c true\nCOPY --from=nowhere /d /d\n"
    );
    write(folder, &dockerfile);
    let pinned = dockerfile
        .replace("multi:1\"", &format!("multi:1@{digest}\""))
        .replace(&format!("FROM {host}/multi:1\n"), &format!("FROM {host}/multi:1@{digest}\n"))
        .replace("multi:1 /b", &format!("multi:1@{digest} /b"))
        .replace("multi:1,target", &format!("multi:1@{digest},target"));
    let before = asked();
    let args = ["fix", "--online", "--unsafe", "--select", "unpinned-base"];
    let (code, out, errors) = dockgate(folder, &args);
    assert_eq!((code, read(folder)), (Some(0), pinned.clone()), "{out}{errors}");
    assert_eq!(asked(), before + 1, "each name is asked for once");
    assert!(errors.contains(&format!("not checked: the digest of {host}/no/such:2")), "{errors}");
    assert!(errors.contains("not checked: the digest of 127.0.0.1:1/x:latest"), "{errors}");
    // The reports have the same fix, and a registry that does not answer fails no run.
    write(folder, &dockerfile);
    for command in ["lint", "check"] {
        let args = [command, "--online", "--policy", "strict", "--select", "unpinned-base", "--format", "json"];
        let (code, out, errors) = dockgate(folder, &args);
        assert_eq!(code, Some(0), "{errors}");
        let report: Value = serde_json::from_str(&out).unwrap();
        let fixed: Vec<bool> = report["findings"].as_array().unwrap().iter().map(|f| f["fix"].is_object()).collect();
        assert_eq!(fixed, [true, false, false, false, true, true, true], "{out}");
        assert!(report["notes"].to_string().contains("127.0.0.1:1"), "{}", report["notes"]);
    }
    let shown = ["lint", "--online", "--policy", "strict", "--select", "unpinned-base", "--fix-suggestions"];
    let (_, out, _) = dockgate(folder, &shown);
    let command = "`dockgate fix --policy strict --select unpinned-base --online . --unsafe` makes the 4 fixes";
    assert!(out.contains(command), "{out}");
    // Without the option nobody is asked, and the help says how.
    let before = asked();
    let (_, out, _) = dockgate(folder, &["lint", "--policy", "strict", "--select", "unpinned-base"]);
    assert!(out.contains("--online") && asked() == before, "{out}");
    // An option that has nothing to do is told.
    let (_, out, _) = dockgate(folder, &["lint", "--online"]);
    assert!(out.contains("no registry was asked"), "{out}");
    // The base that the image is compared with says which digest it has, at the place it is read from.
    let steps =
        [step("ADD rootfs.tar / # buildkit", Some(vec![("bin/sh", 0o755, Some("sh"))])), step("USER app", None)];
    docker_archive(&folder.join("image.tar"), &steps, &json!({}));
    write(folder, &format!("FROM {host}/multi:1\nUSER app\n"));
    let base = format!("registry:{host}/multi:1");
    let args = ["fix", "--image", "image.tar", "--base", &base, "--select", "unpinned-base", "--unsafe", "--no-cache"];
    let (code, out, errors) = dockgate(folder, &args);
    assert_eq!((code, read(folder)), (Some(0), format!("FROM {host}/multi:1@{digest}\nUSER app\n")), "{out}{errors}");
}

fn step(created_by: &'static str, layer: Option<Vec<super::images::Entry>>) -> Step {
    Step { created_by, layer }
}

#[test]
fn the_image_that_was_built_knows_its_base_and_its_user() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let passwd = "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/sh\napp:x:1001:1002::/:/bin/sh\n";
    let steps = [
        step("ADD rootfs.tar / # buildkit", Some(vec![("etc/passwd", 0o644, Some(passwd))])),
        step("RUN /bin/sh -c make # buildkit", Some(vec![("app", 0o755, Some("x"))])),
        step("CMD [\"/app\"]", None),
    ];
    let digest = format!("sha256:{}", "0a".repeat(32));
    let labels = json!({
        "org.opencontainers.image.base.name": "docker.io/library/debian:12", "org.opencontainers.image.base.digest": digest,
    });
    docker_archive(&folder.join("image.tar"), &steps, &json!({"Labels": labels, "Cmd": ["/app"]}));
    let dockerfile = "FROM debian:12\nRUN make\nCMD [\"/app\"]\n";
    write(folder, dockerfile);
    let args = ["check", "--image", "image.tar", "--policy", "strict", "--fix-suggestions", "--no-cache"];
    let (_, out, errors) = dockgate(folder, &args);
    assert!(out.contains(&format!("+FROM debian:12@{digest}")), "{out}{errors}");
    assert!(out.contains("+USER 1001:1002"), "{out}");
    assert!(out.contains("`dockgate fix --policy strict --image image.tar"), "{out}");
    let args = ["fix", "--image", "image.tar", "--policy", "strict", "--unsafe", "--no-cache"];
    let (code, out, errors) = dockgate(folder, &args);
    let fixed = format!("FROM debian:12@{digest}\nRUN make\nUSER 1001:1002\nCMD [\"/app\"]\n");
    assert_eq!(read(folder), fixed, "{code:?}{out}{errors}");
    // What the file says now the image does not know, and nothing is made twice.
    dockgate(folder, &args);
    assert_eq!(read(folder), fixed);
    // Another base is not meant.
    write(folder, "FROM debian:11\nRUN make\nCMD [\"/app\"]\n");
    dockgate(folder, &["fix", "--image", "image.tar", "--select", "unpinned-base", "--unsafe", "--no-cache"]);
    assert!(read(folder).starts_with("FROM debian:11\n"));
    fs::create_dir(folder.join("other")).unwrap();
    fs::write(folder.join("other/Dockerfile"), "FROM debian:12\n").unwrap();
    let (code, _, errors) = dockgate(folder, &["fix", "--image", "image.tar"]);
    assert!(code == Some(2) && errors.contains("2 Dockerfiles"), "{errors}");
}
