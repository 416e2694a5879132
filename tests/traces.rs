//! Findings of images whose layers do not tell which instruction made them: squashed, flattened, from stages, or made without any
//! Dockerfile.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::images::{Entry, docker_archive_of};

const DOCKERFILE: &str = "\
FROM example.test/base:1
RUN cp /bin/sh /usr/bin/rootsh && chmod 4755 /usr/bin/rootsh
COPY conf /etc/app
ADD keys/id_rsa .ssh/
COPY <<'EOF' /opt/deploy.pem
made here
EOF
CMD [\"sh\"]
";

const POLICY: &str = "\
FILECHECK:FILENAMEMATCH:STOP:FILECHECK_NAMEREGEXP=.*\\.(pem|key)$|.*/id_rsa$|.*/rootsh$
";

/// What looks like a key to us and, in two pieces, to no scanner of this repository.
const KEY: &str = concat!("-----BEGIN ", "RSA PRIVATE KEY-----\nnone\n");

/// What the steps of `DOCKERFILE` write.
const WRITTEN: [Entry; 5] = [
    ("usr/bin/rootsh", 0o4755, Some("sh")),
    ("etc/app/tls/server.key", 0o600, Some("server")),
    ("etc/app/changed.key", 0o600, Some("changed by the RUN")),
    ("srv/.ssh/id_rsa", 0o600, Some(KEY)),
    ("opt/deploy.pem", 0o644, Some("made here\n")),
];
const BASE: [Entry; 2] = [("usr/share/base.pem", 0o644, Some("base")), ("bin/su", 0o4755, Some("su"))];

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("app/Dockerfile", DOCKERFILE);
    write("app/conf/tls/server.key", "server");
    write("app/conf/changed.key", "not yet changed");
    write("app/keys/id_rsa", KEY);
    write("policy", POLICY);
    let path = folder.path().to_owned();
    (folder, path)
}

fn report(folder: &Path, args: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockgate"));
    command.env_clear().env("HOME", folder).current_dir(folder).args(args);
    let output = command.args(["--policy", "policy", "--no-cache", "--format", "json"]).output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// Subject, line (or `-`), origin, and the message of the second place of every finding about a file.
fn found(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter().filter(|f| f["rule"] == "file-name-matched");
    let mut found: Vec<String> = findings
        .map(|f| {
            let line = f["place"]["line"].as_u64().map_or("-".to_owned(), |line| line.to_string());
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let related = &f["related"][0];
            let second = format!("{} {}", text(&related["place"]["path"]), text(&related["message"]));
            format!("{} {line} {} {second}", text(&f["subject"]), text(&f["origin"])).trim_end().to_owned()
        })
        .collect();
    found.sort();
    found
}

fn notes(report: &Value) -> String {
    report["notes"].to_string()
}

/// An image whose base and steps are one layer.
fn flattened(path: &Path, history: &Value) {
    let all: Vec<Entry> = BASE.into_iter().chain(WRITTEN).collect();
    docker_archive_of(path, &[&all], history, &json!({ "WorkingDir": "/srv" }));
}

#[test]
fn files_of_a_flattened_image_point_at_the_copy_that_brings_them() {
    let (_keep, folder) = folder();
    flattened(&folder.join("flat.tar"), &json!([{ "comment": "Imported from -" }]));
    let report = report(&folder, &["check", "app", "--image", "flat.tar"]);
    assert_eq!(
        found(&report),
        [
            "/etc/app/changed.key - yours",
            "/etc/app/tls/server.key 3 yours app/conf/tls/server.key the file of the build context with this path and size",
            "/opt/deploy.pem 5 yours",
            "/srv/.ssh/id_rsa 4 yours app/keys/id_rsa the file of the build context with this path and content",
            "/usr/bin/rootsh - yours",
            "/usr/share/base.pem - yours",
        ]
    );
    let notes = notes(&report);
    assert!(notes.contains("holds the work of several instructions, its base among them,"), "{notes}");
    assert!(notes.contains("its history tells of no instruction"), "{notes}");
}

#[test]
fn a_base_that_is_named_has_its_files_in_a_flattened_image_too() {
    let (_keep, folder) = folder();
    flattened(&folder.join("flat.tar"), &json!([{ "comment": "Imported from -" }]));
    docker_archive_of(&folder.join("base.tar"), &[&BASE], &json!([{ "created_by": "base" }]), &json!({}));
    let gate = ["gate", "flat.tar", "--dockerfile", "app/Dockerfile", "--base", "base.tar"];
    let found = found(&report(&folder, &gate));
    assert!(found.contains(&"/usr/share/base.pem 1 base".to_owned()), "{found:#?}");
    assert!(found.contains(&"/usr/bin/rootsh - yours".to_owned()), "{found:#?}");
}

#[test]
fn above_a_base_the_only_line_that_could_have_made_a_file_is_named() {
    let (_keep, folder) = folder();
    let history = json!([
        { "created_by": "/bin/sh -c #(nop) ADD file:0123 in / " },
        { "created_by": "RUN /bin/sh -c cp /bin/sh /usr/bin/rootsh && chmod 4755 /usr/bin/rootsh # buildkit", "empty_layer": true },
        { "created_by": "COPY conf /etc/app # buildkit", "empty_layer": true },
        { "created_by": "ADD keys/id_rsa .ssh/ # buildkit", "empty_layer": true },
        { "created_by": "COPY <<EOF /opt/deploy.pem # buildkit", "empty_layer": true },
        { "created_by": "CMD [\"sh\"]", "empty_layer": true },
        { "created_by": "", "comment": "merge sha256:1 to sha256:2" },
    ]);
    docker_archive_of(&folder.join("squashed.tar"), &[&BASE, &WRITTEN], &history, &json!({ "WorkingDir": "/srv" }));
    let report = report(&folder, &["check", "app", "--image", "squashed.tar"]);
    let found = found(&report);
    let lines: Vec<&str> = found.iter().map(|line| line.split(" app/").next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            // The RUN or the COPY.
            "/etc/app/changed.key - yours",
            "/etc/app/tls/server.key 3 yours",
            "/opt/deploy.pem 5 yours",
            "/srv/.ssh/id_rsa 4 yours",
            "/usr/bin/rootsh 2 yours",
            "/usr/share/base.pem 1 base",
        ]
    );
    assert_eq!(report["image"]["base_layers"], 1);
    // Without the RUN, a file in the place of the COPY is the COPY's, changed since or not.
    let dockerfile: String = DOCKERFILE.split_inclusive('\n').filter(|line| !line.starts_with("RUN")).collect();
    fs::write(folder.join("app/Dockerfile"), dockerfile).unwrap();
    let mut history = history;
    history.as_array_mut().unwrap().remove(1);
    docker_archive_of(&folder.join("copies.tar"), &[&BASE, &WRITTEN], &history, &json!({ "WorkingDir": "/srv" }));
    let found = self::found(&self::report(&folder, &["check", "app", "--image", "copies.tar"]));
    assert!(found.contains(&"/etc/app/changed.key 2 yours".to_owned()), "{found:#?}");
}

const STAGES: &str = "\
FROM scratch AS keys
COPY keys /made
FROM golang:1 AS build
WORKDIR /src
COPY conf .
RUN make
FROM keys
COPY --from=build /src/out /opt/
COPY --from=keys /made/id_rsa /root/id_rsa
COPY --from=build /src/tls/server.key /etc/server.key
";

#[test]
fn what_was_copied_from_a_stage_names_it_and_the_line_that_made_it() {
    let (_keep, folder) = folder();
    fs::write(folder.join("app/Dockerfile"), STAGES).unwrap();
    let step = |created_by: &str| json!({ "created_by": created_by, "comment": "buildkit.dockerfile.v0" });
    let history = json!([
        step("COPY keys /made # buildkit"),
        step("COPY /src/out /opt/ # buildkit"),
        step("COPY /made/id_rsa /root/id_rsa # buildkit"),
        step("COPY /src/tls/server.key /etc/server.key # buildkit"),
    ]);
    let layers: [&[Entry]; 4] = [
        &[("made/id_rsa", 0o600, Some(KEY))],
        &[("opt/out.pem", 0o600, Some("out"))],
        &[("root/id_rsa", 0o600, Some(KEY))],
        &[("etc/server.key", 0o600, Some("server"))],
    ];
    docker_archive_of(&folder.join("stages.tar"), &layers, &history, &json!({}));
    assert_eq!(
        found(&report(&folder, &["check", "app", "--image", "stages.tar"])),
        [
            "/etc/server.key 10 yours app/Dockerfile made here, in stage `build`",
            "/made/id_rsa 2 yours",
            "/opt/out.pem 8 yours app/Dockerfile made here in stage `build`, unless its base image brought it",
            "/root/id_rsa 9 yours app/Dockerfile made here, in stage `keys`",
        ]
    );
}

#[test]
fn an_image_that_no_dockerfile_made_says_so() {
    let (_keep, folder) = folder();
    let own = |comment: &str| json!({ "author": "Jib", "created_by": "jib-maven-plugin:3.4.0", "comment": comment });
    let history = json!([{ "created_by": "# debian.sh" }, own("dependencies"), own("classes")]);
    let layers: [&[Entry]; 3] = [&BASE, &[("app/lib.key", 0o644, Some("x"))], &[("app/my.key", 0o644, Some("y"))]];
    docker_archive_of(&folder.join("jib.tar"), &layers, &history, &json!({}));
    let report = report(&folder, &["check", "app", "--image", "jib.tar"]);
    assert_eq!(found(&report), ["/app/lib.key - yours", "/app/my.key - yours", "/usr/share/base.pem - base"]);
    let notes = notes(&report);
    assert!(notes.contains("no Dockerfile made this image: Jib did"), "{notes}");
    assert!(!notes.contains("does not come from") && !notes.contains("does not follow"), "{notes}");
    assert_eq!(report["image"]["base_layers"], 1);
    let alone = self::report(&folder, &["gate", "jib.tar"]);
    assert!(self::notes(&alone).contains("no Dockerfile made this image: Jib did"));
}

#[test]
fn a_dockerfile_that_is_not_the_images_is_told_with_its_first_line() {
    let (_keep, folder) = folder();
    let history = json!([
        { "created_by": "base" },
        { "created_by": "RUN /bin/sh -c other # buildkit" },
        { "created_by": "COPY conf /etc/app # buildkit" },
    ]);
    docker_archive_of(&folder.join("other.tar"), &[&BASE, &WRITTEN, &[]], &history, &json!({}));
    let report = report(&folder, &["check", "app", "--image", "other.tar"]);
    let notes = notes(&report);
    let told = "does not come from this Dockerfile as it is: line 2 (`RUN cp /bin/sh /usr/bin/rootsh && chmod 4755";
    assert!(notes.contains(told) && notes.contains("which has `RUN /bin/sh -c other` there"), "{notes}");
    assert!(found(&report).iter().all(|line| line.contains(" - ")), "{:#?}", found(&report));
}

/// A real one, built here: its layers, history and files are what buildah makes of them.
#[test]
fn an_image_that_podman_squashed_points_at_its_copies() {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&paths).any(|folder| folder.join("podman").is_file()) {
        assert!(std::env::var_os("DOCKGATE_REQUIRE_SERVERS").is_none(), "podman is not installed");
        eprintln!("skipped: podman is not installed");
        return;
    }
    let (_keep, folder) = folder();
    let dockerfile = "FROM scratch AS keys\nCOPY keys /k\nFROM scratch\nCOPY conf /etc/app\nWORKDIR /srv\nCOPY keys/id_rsa .ssh/\n\
                      COPY --from=keys /k/id_rsa /opt/id_rsa\nUSER 10\n";
    fs::write(folder.join("app/Dockerfile"), dockerfile).unwrap();
    let podman = |args: &[&str]| {
        let (root, run) = (folder.join("root"), folder.join("run"));
        let mut command = Command::new("podman");
        command.arg("--root").arg(root).arg("--runroot").arg(run).args(["--storage-driver", "vfs"]);
        command
            .args(["--cgroup-manager", "cgroupfs"])
            .env("XDG_RUNTIME_DIR", &folder)
            .env("BUILDAH_ISOLATION", "chroot");
        let output = command.current_dir(&folder).args(args).output().unwrap();
        output.status.success().then_some(()).ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (kind, option) in [("squashed", "--squash-all"), ("flat", "--layers=false"), ("layered", "--layers")] {
        let archive = format!("{kind}.tar");
        let built =
            podman(&["build", "-q", option, "-t", kind, "app"]).and_then(|()| podman(&["save", "-o", &archive, kind]));
        if let Err(why) = built {
            assert!(std::env::var_os("DOCKGATE_REQUIRE_SERVERS").is_none(), "{why}");
            eprintln!("skipped: podman cannot build here: {why}");
            return;
        }
        let report = report(&folder, &["check", "app", "--image", &archive]);
        let found = found(&report);
        let lines: Vec<String> =
            found.iter().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
        let expected = ["/etc/app/changed.key 4", "/etc/app/tls/server.key 4", "/opt/id_rsa 7", "/srv/.ssh/id_rsa 6"];
        assert_eq!(lines, expected, "{kind}: {report:#}");
        assert!(found[2].ends_with("app/Dockerfile made here, in stage `keys`"), "{kind}: {found:#?}");
    }
}
