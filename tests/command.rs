//! The command as its users run it: arguments, exit codes, formats, and no secret in any of them.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

/// The command in a clean environment, in the folder of the repository.
fn dockgate() -> Command {
    let mut command = Command::cargo_bin("dockgate").unwrap();
    command.env_clear().env("NO_COLOR", "1").current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn stdout(command: &mut Command, code: i32) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{text}\n{errors}");
    text
}

fn stderr(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.stdout.is_empty(), "an error leaves standard output empty");
    String::from_utf8(output.stderr).unwrap()
}

const IMAGE: &str = "docker-archive:fixtures/aic-secret/image.tar";

#[test]
fn the_main_job_finds_the_key_before_and_after_the_build() {
    let text = stdout(dockgate().args(["check", "fixtures/aic-secret", "--image", IMAGE, "--format", "json"]), 1);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["verdict"], "STOP");
    let findings = report["findings"].as_array().unwrap();
    let copied = findings.iter().find(|f| f["rule"] == "key-file-copied").unwrap();
    assert_eq!(
        (copied["place"]["path"].as_str(), copied["place"]["line"].as_u64()),
        (Some("fixtures/aic-secret/Dockerfile"), Some(5))
    );
    assert_eq!(copied["place"]["column"], 6, "the source token is marked, not the instruction");
    assert_eq!(copied["image_says"]["status"], "confirmed");
    assert_eq!(copied["image_says"]["because"], "/root/.ssh/id_rsa is in layer 3");
}

#[test]
fn the_policy_of_2017_decides_as_it_did() {
    let policy = "fixtures/aic-secret/mypolicy";
    let table = stdout(dockgate().args(["gate", IMAGE, "--policy", policy, "--format", "table"]), 1);
    let row = |words: &[&str]| table.lines().any(|line| words.iter().all(|word| line.contains(word)));
    assert!(row(&["FILECHECK", "FILENAMEMATCH", "/root/.ssh/id_rsa", "STOP"]), "{table}");
    assert!(row(&["FINAL", "STOP"]), "{table}");
    assert!(row(&["ANCHORESEC", "WARN"]), "no feed is there, and that is told: {table}");
    for column in ["Image Id", "Repo Tag", "Gate", "Trigger", "Check Output", "Gate Action"] {
        assert!(table.contains(column), "{column}");
    }
}

#[test]
fn exit_codes_are_what_they_are_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).display().to_string()
    };
    let good = file("good.Dockerfile", "FROM debian:12.8\nHEALTHCHECK NONE\nUSER app\n");
    let warned = file("warned.Dockerfile", "FROM debian\nHEALTHCHECK NONE\nUSER app\n");
    let stopped = file("stopped.Dockerfile", "FROM debian:12.8\nEXPOSE 22\n");
    stdout(dockgate().args(["lint", &good]), 0);
    stdout(dockgate().args(["lint", &warned]), 0);
    stdout(dockgate().args(["lint", "--fail-on", "warn", &warned]), 1);
    stdout(dockgate().args(["lint", &stopped]), 1);
    stdout(dockgate().args(["lint", "--fail-on", "never", &stopped]), 0);
    stdout(dockgate().args(["lint", "--ignore", "exposed-port", &stopped]), 0);
    for (args, word) in [
        (vec!["lint", "/nowhere/Dockerfile"], "/nowhere/Dockerfile"),
        (vec!["lint", "--policy", "/nowhere/policy", good.as_str()], "/nowhere/policy"),
        (vec!["lint", "--ignore", "untaged-base", good.as_str()], "untagged-base"),
        (vec!["lint", "--output", "xml:x", good.as_str()], "xml:x"),
        (vec!["check", "/nowhere"], "/nowhere"),
        (vec!["gate", "docker-archive:/nowhere.tar"], "/nowhere.tar"),
        (vec!["explain", "DL9999"], "DL9999"),
        (vec!["lint", "--no-such-option"], "--no-such-option"),
    ] {
        let told = stderr(dockgate().args(&args));
        assert!(told.replace(['\n', ' ', '│'], "").contains(word), "{args:?}: {told}");
    }
    let empty = tempfile::tempdir().unwrap();
    let told = stderr(dockgate().arg("lint").arg(empty.path()));
    assert!(told.contains("no Dockerfile"), "{told}");
}

#[test]
fn a_broken_policy_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("mypolicy");
    fs::write(&policy, "# ours\nDOCKERFILECHECK:NOTAG:STOP\nDOCKERFILECHECK:EXPOSED:STOP\n").unwrap();
    let told = stderr(dockgate().args(["gate", IMAGE, "--policy"]).arg(&policy));
    assert!(told.contains("EXPOSED") && told.contains(":3"), "{told}");
}

#[test]
fn one_run_writes_several_reports() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let output = |format: &str, name: &str| format!("{format}:{}", path(name).display());
    let args = ["check", "fixtures/aic-secret", "--image", IMAGE, "--format", "table"];
    stdout(
        dockgate().args(args).args(["--output", &output("sarif", "r.sarif"), "--output", &output("json", "r.json")]),
        1,
    );
    let read =
        |name: &str| -> serde_json::Value { serde_json::from_str(&fs::read_to_string(path(name)).unwrap()).unwrap() };
    let (sarif, json) = (read("r.sarif"), read("r.json"));
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), json["findings"].as_array().unwrap().len());
    let key = results.iter().find(|r| r["ruleId"] == "key-file-copied").unwrap();
    let location = &key["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "fixtures/aic-secret/Dockerfile");
    assert_eq!((&location["region"]["startLine"], &location["region"]["startColumn"]), (&5.into(), &6.into()));
    let hash = key["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap();
    assert!(hash.ends_with(":1") && key["partialFingerprints"]["dockgate/v1"].is_string(), "{hash}");
    assert_eq!(sarif["runs"][0]["automationDetails"]["id"], "dockgate/gate/fixtures/aic-secret/Dockerfile/");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no partial file is left");
}

#[test]
fn annotations_are_workflow_commands_the_worst_first() {
    let text = stdout(dockgate().args(["check", "fixtures/aic-secret", "--image", IMAGE, "--format", "github"]), 1);
    let first = text.lines().next().unwrap();
    assert!(first.starts_with("::error file=fixtures/aic-secret/Dockerfile,line=5,endLine=5,col="), "{first}");
    assert!(first.contains("title=STOP ") && !first.contains('\u{1b}'), "{first}");
    assert_eq!(text.lines().last(), Some("FINAL STOP: 2 STOP, 0 WARN, 2 GO"));
}

#[test]
fn the_summary_is_markdown_that_no_file_name_can_break() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a|b<i>@x.Dockerfile"), "FROM debian\nEXPOSE 22\n").unwrap();
    let text = stdout(dockgate().current_dir(folder.path()).args(["lint", "--format", "markdown"]), 1);
    assert!(text.starts_with("## dockgate: STOP\n"), "{text}");
    assert!(text.contains("| STOP | `exposed-port` | `a\\|b<i>@x.Dockerfile:2` |"), "{text}");
}

/// Values that must not be seen in any output. None is a working secret.
const PLANTED: [&str; 5] =
    ["hunter2-do-not-print", "correct-horse-battery", "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6", "staple-of-root", "staple-of-ci"];

#[test]
fn no_output_shows_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let dockerfile = format!(
        "FROM debian:12\nARG NPM_TOKEN={}\nENV DB_PASSWORD={} \\\n    HOME=/root\nENV API_KEY \"{}\"\nCOPY id_rsa /\nRUN sudo true\n\
         RUN echo 'root:{}' | chpasswd && curl -u ci:{} https://repo.test/app.jar\n",
        PLANTED[0], PLANTED[1], PLANTED[2], PLANTED[3], PLANTED[4]
    );
    fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
    let key = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n", PLANTED[2]);
    fs::write(folder.path().join("id_rsa"), key).unwrap();
    for policy in ["default", "strict"] {
        for format in dockgate::output::Format::ALL.map(|format| format.name) {
            let text = stdout(dockgate().args(["check", "--policy", policy, "--format", format]).arg(folder.path()), 1);
            assert!(text.contains("DB_PASSWORD"), "{format}: the finding is there");
            for secret in PLANTED {
                assert!(!text.contains(secret), "{policy} {format} shows {secret}: {text}");
            }
        }
    }
}

#[test]
fn no_output_shows_a_secret_of_any_detector() {
    let folder = tempfile::tempdir().unwrap();
    let mut search = dockgate::secrets::Scanner::shared().search();
    let mut comments = String::new();
    let mut secrets: Vec<String> = Vec::new();
    for (index, detector) in dockgate::rule::detectors().iter().enumerate() {
        let name = detector.paths.first().map_or(String::from("file"), |glob| glob.replace('*', "a"));
        for (example, text) in detector.matches.iter().map(dockgate::rule::Veiled::text).enumerate() {
            let path = folder.path().join(format!("conf/{index}-{example}/{name}"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &text).unwrap();
            let hits = search.scan(&format!("conf/{name}"), text.as_bytes()).hits;
            assert!(!hits.is_empty(), "{}: {text}", detector.id);
            let places = hits.iter().map(|hit| &text[hit.bytes.start as usize..hit.bytes.end as usize]);
            // Each line that is long enough to be nothing else.
            let lines = places.flat_map(|secret| secret.lines().map(str::to_owned).collect::<Vec<_>>());
            secrets.extend(lines.filter(|line| {
                line.len() >= 12 && !line.contains("BEGIN") && !line.contains("END") && !line.contains(": ")
            }));
            // What is a secret only in a file of a certain name, or at the start of a line, is none in a comment.
            let comment = format!("# {text}\n");
            if !text.contains('\n') && !dockgate::secrets::Scanner::shared().scan_text(&comment).is_empty() {
                comments.push_str(&comment);
            }
        }
    }
    assert!(secrets.len() > 200);
    fs::write(folder.path().join("Dockerfile"), format!("FROM debian:12\n{comments}COPY . /app\nRUN sudo true\n"))
        .unwrap();
    let shows = |text: &str| secrets.iter().find(|secret| text.contains(secret.as_str())).cloned();
    for format in dockgate::output::Format::ALL.map(|format| format.name) {
        let text = stdout(dockgate().args(["check", "--format", format]).arg(folder.path()), 1);
        assert_eq!(shows(&text), None, "{format}");
    }
    let request = serde_json::json!({ "folder": folder.path() }).to_string();
    let text = stdout(dockgate().args(["debug", "secrets"]).write_stdin(request), 0);
    assert!(text.contains("github-pat") && text.contains("private-key-block"), "{text}");
    assert_eq!(shows(&text), None, "debug");
}

#[test]
fn the_same_bytes_come_out_every_time() {
    let run = |threads: &str| {
        let mut command = dockgate();
        command.env("RAYON_NUM_THREADS", threads).args([
            "check",
            "fixtures/aic-secret",
            "--image",
            IMAGE,
            "--format",
            "json",
        ]);
        stdout(&mut command, 1)
    };
    let first = run("1");
    for threads in ["1", "2", "8"] {
        assert_eq!(run(threads), first, "{threads} threads");
    }
}

#[test]
fn rules_can_be_looked_up_by_any_name() {
    let by_id = stdout(dockgate().args(["explain", "untagged-base"]), 0);
    assert!(by_id.contains("DL3006") && by_id.contains("Base image without a tag or digest"));
    assert_eq!(stdout(dockgate().args(["explain", "dl3006"]), 0), by_id);
    let by_trigger = stdout(dockgate().args(["explain", "DOCKERFILECHECK:NOTAG"]), 0);
    assert!(by_trigger.contains("untagged-base:") && by_trigger.contains("latest-base:"));
    let rules: serde_json::Value =
        serde_json::from_str(&stdout(dockgate().args(["rules", "--format", "json"]), 0)).unwrap();
    let pages =
        ["lint", "context", "image", "run"].iter().map(|f| Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(f));
    let count: usize = pages.map(|p| fs::read_dir(p).unwrap().count()).sum();
    assert_eq!(rules["rules"].as_array().unwrap().len(), count);
}

#[test]
fn lint_finds_dockerfiles_as_git_sees_them() {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("Dockerfile", "FROM debian\n"),
        (".devcontainer/Dockerfile", "FROM debian\n"),
        ("sub/api.dockerfile", "FROM debian\n"),
        ("Containerfile.ci", "FROM debian\n"),
        ("ignored/Dockerfile", "FROM debian\n"),
        ("Dockerfile.dockerignore", "*\n"),
        (".gitignore", "ignored/\n"),
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut command = dockgate();
    command.current_dir(folder.path()).args(["lint", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout(&mut command, 0)).unwrap();
    let mut paths: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["rule"] == "untagged-base")
        .map(|f| f["place"]["path"].as_str().unwrap())
        .collect();
    paths.sort_unstable();
    assert_eq!(paths, [".devcontainer/Dockerfile", "Containerfile.ci", "Dockerfile", "sub/api.dockerfile"]);
    assert_eq!(report["coverage"]["dockerfiles"], 4);
}

/// Writes files below a new folder.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

const COMPOSE: &str = "services:
  web:
    build:
      dockerfile_inline: |
        FROM debian:12
        ENV DB_PASSWORD=hunter2-do-not-print
        RUN sudo true
      args:
        OTHER: not-of-the-dockerfile
  same: {build: {dockerfile_inline: \"FROM debian:12\\nRUN sudo true\"}}
";

#[test]
fn dockerfiles_inside_other_files_are_linted_where_they_stand() {
    let bake = "target \"a\" {\n  dockerfile-inline = <<-EOT\n    FROM debian:12\n    RUN sudo true\n  EOT\n}\n";
    let folder =
        folder(&[("compose.yaml", COMPOSE), ("docker-bake.hcl", bake), ("values.yaml", "dockerfile_inline: FROM x\n")]);
    let run = |args: &[&str]| {
        let mut command = dockgate();
        stdout(command.current_dir(folder.path()).args(["lint", "--select", "sudo-used,secret-in-env"]).args(args), 1)
    };
    let report: serde_json::Value = serde_json::from_str(&run(&["--format", "json"])).unwrap();
    let places: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            let place = &f["place"];
            format!("{} {}:{}-{}", place["path"].as_str().unwrap(), place["line"], place["column"], place["end_column"])
        })
        .collect();
    assert_eq!(
        places,
        ["compose.yaml 6:13-24", "compose.yaml 7:13-17", "compose.yaml 10:58-62", "docker-bake.hcl 4:9-13"]
    );
    assert_eq!(report["coverage"]["dockerfiles"], 3);
    let text = run(&["--format", "text"]);
    assert!(text.contains("compose.yaml:7:13") && text.contains("DB_PASSWORD=****"), "{text}");
    for hidden in ["hunter2-do-not-print", "not-of-the-dockerfile"] {
        assert!(!text.contains(hidden), "only the Dockerfile is shown, and no secret of it: {text}");
    }
}

#[test]
fn a_comment_in_one_dockerfile_of_a_file_says_nothing_to_the_others() {
    let compose = "a: {dockerfile_inline: \"FROM debian:12\\n# hadolint ignore=DL3004\\nRUN sudo true\"}\n\
                   b: {dockerfile_inline: \"FROM debian:12\\n# hadolint here is no pragma\\nRUN sudo true\"}\n";
    let folder = folder(&[("compose.yml", compose)]);
    let mut command = dockgate();
    let args = ["lint", "--select", "sudo-used", "--format", "tty", "compose.yml"];
    let text = stdout(command.current_dir(folder.path()).args(args), 1);
    assert!(text.starts_with("compose.yml:2 DL3004 error: ") && text.lines().count() == 1, "{text}");
}

#[test]
fn what_cannot_be_checked_does_not_hide_the_rest() {
    let folder = folder(&[
        ("Dockerfile", "FROM debian:12\nRUN sudo true\n"),
        ("a/Dockerfile", "FROM {{ base }}\n"),
        ("b/compose.yaml", "a: ]\n# dockerfile_inline\n"),
    ]);
    let run = |args: &[&str]| {
        let output = dockgate().current_dir(folder.path()).arg("lint").args(args).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, out, _) = run(&["Dockerfile", "a"]);
    assert!(out.contains("sudo-used") && out.contains("note: a/Dockerfile:1: not checked: it is a template"), "{out}");
    assert_eq!(code, Some(1), "a template is no error");
    for args in [&["Dockerfile", "nowhere"][..], &["Dockerfile", "b"]] {
        let (code, out, error) = run(args);
        assert_eq!(code, Some(2), "what was found and could not be read is one");
        assert!(out.contains("sudo-used") && out.contains("note: not checked: "), "{out}");
        assert!(error.contains(args[1]), "{error}");
    }
    let (code, out, error) = run(&["a/Dockerfile"]);
    assert!(code == Some(2) && out.is_empty() && error.contains("nothing to check"), "{error}");
}

#[test]
fn a_dockerfile_without_the_target_does_not_hide_the_rest() {
    let folder = folder(&[("a/Dockerfile", "FROM a AS prod\nRUN sudo make\n"), ("b/Dockerfile", "FROM b AS dev\n")]);
    let run = |args: &[&str]| {
        let output = dockgate().current_dir(folder.path()).args(args).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    for args in [&["lint", "a", "b", "--target", "prod"][..], &["check", "a", "b", "--target", "prod"]] {
        let (code, told, errors) = run(args);
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains("sudo-used") && !told.contains("b/Dockerfile:1:"), "{told}");
        assert!(errors.contains("b/Dockerfile has no stage `prod`"), "{errors}");
    }
    let (code, told, errors) = run(&["lint", "a", "b", "--target", "test"]);
    assert!(code == Some(2) && told.is_empty() && errors.contains("has no stage `test`"), "{told}{errors}");
}

#[test]
fn an_image_can_be_looked_at() {
    let base = ["inspect", IMAGE];
    let packages = stdout(dockgate().args(base), 0);
    let row = packages.lines().find(|line| line.starts_with("busybox-static")).unwrap();
    assert_eq!(
        row.split_whitespace().collect::<Vec<_>>(),
        ["busybox-static", "1:1.35.0-4", "deb", "amd64", "1", "/var/lib/dpkg/status"]
    );
    let files = stdout(dockgate().args(base).arg("files"), 0);
    assert!(files.lines().any(|line| line.starts_with("-rw-------") && line.ends_with("3      /root/.ssh/id_rsa")));
    let layers = stdout(dockgate().args(base).args(["layers", "--dockerfile", "fixtures/aic-secret/Dockerfile"]), 0);
    assert!(layers.lines().any(|line| line.ends_with(" base") && line.starts_with('1')), "{layers}");
    assert!(
        layers.lines().any(|line| line.contains("aic-secret/Dockerfile:5 ") && line.contains("COPY ssh/id_rsa")),
        "{layers}"
    );
    let history = stdout(dockgate().args(base).args(["history", "--format", "json"]), 0);
    let history: serde_json::Value = serde_json::from_str(&history).unwrap();
    assert_eq!((&history["schema"], history["history"].as_array().unwrap().len()), (&serde_json::json!(1), 6));
    let config = stdout(dockgate().args(base).arg("config"), 0);
    assert!(config.lines().any(|line| line.starts_with("Env ") && line.ends_with("PATH=/bin")), "{config}");
}

#[test]
fn what_an_image_adds_to_its_base_is_shown() {
    let diff = ["inspect", IMAGE, "diff"];
    let found = stdout(dockgate().args(diff).args(["--dockerfile", "fixtures/aic-secret/Dockerfile"]), 0);
    assert!(found.lines().any(|line| line.starts_with("added") && line.contains("/root/.ssh/id_rsa")), "{found}");
    assert!(!found.contains("busybox"), "{found}");
    let same = stdout(dockgate().args(diff).args(["--base", IMAGE, "--format", "json"]), 0);
    let same: serde_json::Value = serde_json::from_str(&same).unwrap();
    assert_eq!(
        (&same["base"], &same["files"], &same["packages"]),
        (&IMAGE.into(), &[(); 0][..].into(), &[(); 0][..].into())
    );
    assert!(stderr(dockgate().args(diff)).contains("--base IMAGE"));
}

#[test]
fn bills_of_materials_are_the_same_every_time() {
    let bill = |format: &str, epoch: Option<&str>| {
        let mut command = dockgate();
        command.args(["inspect", IMAGE, "packages", "--format", format]);
        epoch.map(|epoch| command.env("SOURCE_DATE_EPOCH", epoch));
        let text = stdout(&mut command, 0);
        assert_eq!(text, stdout(&mut command, 0));
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let purl = "pkg:deb/debian/busybox-static@1:1.35.0-4?arch=amd64";
    let bom = bill("cyclonedx", None);
    assert_eq!((bom["bomFormat"].as_str(), bom["specVersion"].as_str()), (Some("CycloneDX"), Some("1.5")));
    assert_eq!(bom["metadata"]["component"]["type"], "container");
    assert!(bom["metadata"].get("timestamp").is_none() && bom.get("serialNumber").is_none());
    let library = bom["components"].as_array().unwrap().iter().find(|c| c["type"] == "library").unwrap();
    assert_eq!(library["purl"].as_str().unwrap().split('&').next(), Some(purl));
    assert_eq!(bill("cyclonedx", Some("1700000000"))["metadata"]["timestamp"], "2023-11-14T22:13:20Z");
    let document = bill("spdx", None);
    assert_eq!(
        (document["spdxVersion"].as_str(), document["dataLicense"].as_str()),
        (Some("SPDX-2.3"), Some("CC0-1.0"))
    );
    assert_eq!(document["packages"][1]["externalRefs"][0]["referenceType"], "purl");
    assert_eq!(document["relationships"][0]["relationshipType"], "DESCRIBES");
    assert!(document["creationInfo"]["created"].as_str().unwrap().ends_with('Z'));
    assert!(stderr(dockgate().args(["inspect", IMAGE, "files", "--format", "spdx"])).contains("of packages"));
    assert!(
        stderr(dockgate().args(["inspect", IMAGE, "--format", "spdx"]).env("SOURCE_DATE_EPOCH", "now"))
            .contains("1970")
    );
}
