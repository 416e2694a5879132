//! Build contexts through the command: compose and Bake files, archives, named contexts, baselines, waivers, and one finding
//! for one mistake.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A value in the form of a token, that is none. In pieces, so that no scanner of this repository takes it for one.
fn token() -> String {
    ["ghp_", "q3TxWz9kLmN4bV7cX2sD", "5fG8hJ1pR64fDpPu"].concat()
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    folder
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn dockgate(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("dockgate").unwrap();
    command.env_clear().env("NO_COLOR", "1").current_dir(folder);
    command
}

struct Run {
    code: i32,
    report: Value,
    errors: String,
}

/// Runs `check` with JSON as its report.
fn check(folder: &Path, args: &[&str]) -> Run {
    let output = dockgate(folder).arg("check").args(args).args(["--format", "json"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!text.contains(&token()) && !errors.contains(&token()), "a secret is shown");
    let report = serde_json::from_str(&text).unwrap_or(Value::Null);
    Run { code: output.status.code().unwrap(), report, errors }
}

impl Run {
    /// `rule path:line subject`, of rules about contexts.
    fn told(&self) -> Vec<String> {
        let rules = [
            "build-arg-secret",
            "copied-file-missing",
            "dockerignore-missing",
            "dockerignore-unused-pattern",
            "dotenv-copied",
            "expired-waiver",
            "git-directory-copied",
            "ignored-by-git-but-copied",
            "key-file-copied",
            "oversized-context",
            "secret-in-context",
            "unused-waiver",
            "whole-context-copied",
        ];
        let findings = self.report["findings"].as_array().unwrap_or_else(|| panic!("{}", self.errors));
        let told = findings.iter().filter(|f| rules.contains(&f["rule"].as_str().unwrap()));
        let told = told.map(|f| {
            let place = &f["place"];
            let waived = if f["waived"].is_null() { "" } else { " waived" };
            format!("{} {}:{}{waived}", f["rule"].as_str().unwrap(), place["path"].as_str().unwrap(), place["line"])
        });
        told.collect()
    }

    fn finding(&self, rule: &str) -> &Value {
        let findings = self.report["findings"].as_array().unwrap();
        findings.iter().find(|f| f["rule"] == rule).unwrap_or_else(|| panic!("no {rule}: {:?}", self.told()))
    }

    fn message(&self, rule: &str) -> &str {
        self.finding(rule)["message"].as_str().unwrap()
    }

    fn notes(&self) -> String {
        self.report["notes"].to_string()
    }
}

#[test]
fn a_secret_is_told_on_the_copy_that_takes_it() {
    let source = format!("import os\nTOKEN = \"{}\"\n", token());
    let files = [("Dockerfile", "FROM python:3.13\nCOPY lib src /srv/\n"), ("src/app.py", &source), ("lib/a.py", "")];
    let folder = folder(&files);
    let run = check(folder.path(), &["."]);
    assert_eq!((run.code, run.told()), (1, vec!["secret-in-context Dockerfile:2".to_owned()]));
    let finding = run.finding("secret-in-context");
    assert_eq!((&finding["place"]["column"], &finding["severity"]), (&10.into(), &"error".into()));
    assert!(run.message("secret-in-context").contains("src/app.py (GitHub personal access token)"));
    let related = &finding["related"][0]["place"];
    assert_eq!((&related["path"], &related["line"]), (&"src/app.py".into(), &2.into()));
    let help = finding["help"].as_str().unwrap();
    assert!(help.contains("`src/app.py` in .dockerignore") && help.contains("RUN --mount=type=secret"), "{help}");
    write(folder.path(), ".dockerignore", "src/app.py\n");
    assert_eq!(check(folder.path(), &["."]).told(), Vec::<String>::new());
}

#[test]
fn many_files_are_named_up_to_ten_and_the_rest_is_counted() {
    let folder = folder(&[("Dockerfile", "FROM a:1\nCOPY src /srv/\n")]);
    for number in 10..25 {
        write(folder.path(), &format!("src/{number}.py"), &token());
    }
    let run = check(folder.path(), &["."]);
    let message = run.message("secret-in-context");
    assert!(message.contains("src/19.py") && !message.contains("src/20.py"), "{message}");
    assert!(message.ends_with("and 5 more"), "{message}");
}

#[test]
fn one_mistake_is_told_once() {
    let key = ["-----BEGIN OPENSSH PRIVATE ", "KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n"].concat();
    let secret = format!("TOKEN = \"{}\"\n", token());
    // What is broken off here is a key by its name and its head; a token in it is one by its content.
    let key = format!("{key}{secret}");
    let files = [
        ("Dockerfile", "FROM a:1\nCOPY . /srv/\n"),
        (".gitignore", "id_rsa\n.env\nlocal.py\nnode_modules\n"),
        (".git/HEAD", "ref: refs/heads/main\n"),
        ("id_rsa", &key),
        (".env", "DB_PASSWORD=q3TxWz9k\n"),
        ("local.py", &secret),
        ("node_modules/a/index.js", ""),
        ("src/main.py", ""),
    ];
    let folder = folder(&files);
    let run = check(folder.path(), &["."]);
    let expected = ["dotenv-copied", "key-file-copied", "secret-in-context", "whole-context-copied"]
        .map(|r| format!("{r} Dockerfile:2"));
    assert_eq!(run.told(), expected);
    let whole = run.message("whole-context-copied");
    assert!(
        whole.contains(".git,") && whole.contains("node_modules/ (1 file)") && !whole.contains("local.py"),
        "{whole}"
    );
    let help = run.finding("whole-context-copied")["help"].as_str().unwrap();
    assert!(help.contains("`.git`, `node_modules`"), "{help}");

    // Without the rule that tells all, each tells its own.
    let run = check(folder.path(), &[".", "--ignore", "whole-context-copied,key-file-copied"]);
    let expected = ["dotenv-copied", "git-directory-copied", "ignored-by-git-but-copied", "secret-in-context"];
    assert_eq!(run.told(), expected.map(|r| format!("{r} Dockerfile:2")));
    assert!(run.message("secret-in-context").contains("id_rsa"), "{}", run.message("secret-in-context"));
}

#[test]
fn what_git_has_is_not_ignored() {
    let folder = folder(&[
        ("Dockerfile", "FROM a:1\nCOPY dist/kept lib /srv/\n"),
        (".gitignore", "/lib/*.o\n"),
        ("dist/kept", ""),
        ("lib/kept.o", ""),
        ("lib/made.o", ""),
    ]);
    let git = |args: &[&str]| {
        let git = std::process::Command::new("git").args(args).current_dir(folder.path()).output();
        git.is_ok_and(|output| output.status.success())
    };
    if !git(&["init", "-q"]) || !git(&["add", "-f", "lib/kept.o"]) {
        eprintln!("skipped: git is not there");
        return;
    }
    let run = check(folder.path(), &["."]);
    let message = run.message("ignored-by-git-but-copied");
    assert!(message.contains("lib/made.o") && !message.contains("lib/kept.o"), "{message}");
}

#[test]
fn compose_files_say_what_is_built() {
    let files = [
        (
            "compose.yaml",
            "services:\n  web:\n    build:\n      context: web\n      args:\n        NPM_TOKEN: q3TxWz9kLmN4\n      additional_contexts:\n        \
             shared: ./shared\n  api:\n    build: {context: api, target: prod}\n  far:\n    build: https://git.test/a.git\n  gone:\n    build: nowhere\n",
        ),
        ("web/Dockerfile", "FROM a:1\nARG NPM_TOKEN\nCOPY --from=shared keys /k/\nCOPY missing /srv/\n"),
        ("shared/keys/.env", "DB_PASSWORD=q3TxWz9k\n"),
        ("api/Dockerfile", "FROM a:1 AS prod\nCOPY nothing /srv/\nFROM a:1 AS other\nCOPY unbuilt /srv/\n"),
    ];
    let folder = folder(&files);
    let run = check(folder.path(), &["compose.yaml"]);
    let expected = [
        "copied-file-missing api/Dockerfile:2",
        "build-arg-secret web/Dockerfile:2",
        "dotenv-copied web/Dockerfile:3",
        "copied-file-missing web/Dockerfile:4",
    ];
    assert_eq!((run.code, run.told()), (2, expected.map(str::to_owned).to_vec()), "{}", run.errors);
    assert!(run.notes().contains("`far` is built from https://git.test/a.git, which is remote"), "{}", run.notes());
    assert!(run.errors.contains("nowhere") && run.errors.contains("`gone`"), "{}", run.errors);
    let given = &run.finding("build-arg-secret")["related"][0]["place"];
    assert_eq!((&given["path"], &given["line"]), (&"compose.yaml".into(), &6.into()));
    assert!(!run.report.to_string().contains("q3TxWz9kLmN4"));
    let dotenv = &run.finding("dotenv-copied")["related"][0]["place"]["path"];
    assert_eq!(dotenv, "shared/keys/.env");

    let run = check(folder.path(), &["compose.yaml", "--service", "api"]);
    assert_eq!((run.code, run.told()), (1, vec![expected[0].to_owned()]));
    let run = check(folder.path(), &["compose.yaml", "--service", "apy"]);
    assert_eq!(run.code, 2);
    assert!(run.errors.contains("web, api, far, gone"), "{}", run.errors);
    // Paths count from the compose file, and reports from the current folder.
    let run = check(
        folder.path().parent().unwrap(),
        &[&format!("{}/compose.yaml", folder.path().display()), "--service=api"],
    );
    assert!(run.told()[0].ends_with("/api/Dockerfile:2"), "{:?}", run.told());
}

#[test]
fn bake_files_say_what_is_built() {
    let bake = "target \"_base\" { args = { TOKEN = \"q3TxWz9kLmN4\" } }\n\
                target \"app\" {\n  inherits = [\"_base\"]\n  context = \"app\"\n  dockerfile = \"D\"\n}\n";
    let folder =
        folder(&[("docker-bake.hcl", bake), ("app/D", "FROM a:1\nARG TOKEN\nCOPY x y /srv/\n"), ("app/x", "")]);
    let run = check(folder.path(), &["docker-bake.hcl"]);
    assert_eq!(run.told(), ["build-arg-secret app/D:2", "copied-file-missing app/D:3"]);
    assert_eq!(run.code, 1);
}

#[test]
fn dockerfiles_inside_compose_files_have_their_context() {
    let compose = "services:\n  a:\n    build:\n      context: .\n      dockerfile_inline: |\n        FROM a:1\n        COPY gone /x\n";
    let folder = folder(&[("compose.yaml", compose)]);
    assert_eq!(check(folder.path(), &["compose.yaml"]).told(), ["copied-file-missing compose.yaml:7"]);
}

#[test]
fn several_contexts_are_one_run() {
    let files = [("a/Dockerfile", "FROM a:1\nCOPY x /x\n"), ("b/Dockerfile", "FROM a:1\nCOPY y /y\n")];
    let folder = folder(&files);
    let run = check(folder.path(), &["b", "a"]);
    assert_eq!(run.told(), ["copied-file-missing a/Dockerfile:2", "copied-file-missing b/Dockerfile:2"]);
    assert_eq!(run.report["coverage"]["dockerfiles"], 2);
    assert_eq!(check(folder.path(), &["a", "b", "-f", "a/Dockerfile"]).code, 2);
}

#[test]
fn a_dockerfile_that_is_built_twice_has_its_findings_and_comments_once() {
    let files = [
        (
            "compose.yaml",
            "services:\n  a:\n    build: {context: ., target: one}\n  b:\n    build: {context: ., target: two}\n",
        ),
        (
            "Dockerfile",
            "FROM a:1 AS one\nCOPY x /x\nFROM a:1 AS two\n# dockgate: ignore[copied-file-missing] made by hand\nCOPY y /y\n",
        ),
    ];
    let folder = folder(&files);
    let run = check(folder.path(), &["compose.yaml"]);
    assert_eq!(run.told(), ["copied-file-missing Dockerfile:2"]);
    assert!(!run.report.to_string().contains("unused-ignore"), "{}", run.report);
}

#[test]
fn an_archive_is_a_context() {
    let folder = folder(&[]);
    let mut builder = tar::Builder::new(Vec::new());
    let mut add = |path: &str, text: &str| {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, text.as_bytes()).unwrap();
    };
    add("Dockerfile", "FROM a:1\nCOPY src gone /srv/\n");
    add("src/app.py", &format!("TOKEN = \"{}\"\n", token()));
    add("src/left.py", &token());
    add(".dockerignore", "src/left.py\n");
    let plain = builder.into_inner().unwrap();
    let zstd = zstd::encode_all(plain.as_slice(), 1).unwrap();
    let expected = ["secret-in-context ctx.tar/Dockerfile:2", "copied-file-missing ctx.tar/Dockerfile:2"];
    for bytes in [&plain, &zstd] {
        fs::write(folder.path().join("ctx.tar"), bytes).unwrap();
        let run = check(folder.path(), &["ctx.tar"]);
        assert_eq!((run.code, run.told()), (1, expected.map(str::to_owned).to_vec()));
        assert_eq!(run.finding("secret-in-context")["related"][0]["place"]["path"], "ctx.tar/src/app.py");
    }
    let output = dockgate(folder.path()).args(["check", "-"]).write_stdin(plain).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("src/app.py"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is unpacked");
    let run = check(folder.path(), &["ctx.tar", "-f", "Other"]);
    assert_eq!(run.code, 2);
}

#[test]
fn named_contexts_are_looked_at_and_remote_ones_are_named() {
    let folder = folder(&[
        ("app/Dockerfile", "FROM a:1\nCOPY --from=assets logo.svg gone.svg /srv/\nCOPY --from=far x /x\n"),
        ("assets/logo.svg", ""),
    ]);
    let far = "far=https://user:hunter2@example.test/a.git";
    let run = check(folder.path(), &["app", "--build-context", "assets=assets", "--build-context", far]);
    assert_eq!(run.told(), ["copied-file-missing app/Dockerfile:2"]);
    assert!(run.message("copied-file-missing").contains("the context `assets`"));
    assert!(!run.report["findings"].to_string().contains("unknown-copy-source"), "a context is no image");
    assert!(run.notes().contains("`far` is remote") && !run.notes().contains("hunter2"), "{}", run.notes());
    let run = check(folder.path(), &["https://example.test/a.git"]);
    assert!(run.code == 2 && run.errors.contains("is not fetched"), "{}", run.errors);
    assert_eq!(check(folder.path(), &["app", "--build-context", "assets=nowhere"]).code, 2);
}

#[test]
fn a_baseline_hides_what_it_lists_and_no_copies() {
    let dockerfile = "FROM debian:12\nEXPOSE 22\nCOPY src /srv/\n";
    let folder = folder(&[("Dockerfile", dockerfile), ("src/app.py", &token())]);
    let path = folder.path();
    assert_eq!(check(path, &["."]).code, 1);
    let run = check(path, &[".", "--write-baseline", "baseline.json"]);
    assert_eq!((run.code, run.report["findings"].as_array().unwrap().len()), (0, 0), "{}", run.report);
    let baseline = fs::read_to_string(path.join("baseline.json")).unwrap();
    assert!(baseline.contains("secret-in-context") && !baseline.contains(&token()));

    let run = check(path, &[".", "--baseline", "baseline.json"]);
    assert_eq!((run.code, run.report["verdict"].as_str()), (0, Some("GO")));
    assert!(run.report["baselined"].as_u64().unwrap() >= 2);
    write(path, "Dockerfile", "# moved\n\nFROM debian:12\n\nCOPY src /srv/\nEXPOSE 22\n");
    write(path, "src/app.py", &format!("\n\n{}", token()));
    assert_eq!(check(path, &[".", "--baseline", "baseline.json"]).code, 0, "moved lines stay hidden");
    write(path, "Dockerfile", "FROM debian:12\nEXPOSE 22\nEXPOSE 22\nCOPY src /srv/\n");
    let run = check(path, &[".", "--baseline", "baseline.json"]);
    assert_eq!(run.code, 1, "a copy is told: {}", run.report);
    write(path, "Dockerfile", dockerfile);
    write(path, "src/more.py", &token());
    let run = check(path, &[".", "--baseline", "baseline.json"]);
    assert_eq!((run.code, run.told()), (1, vec!["secret-in-context Dockerfile:3".to_owned()]));
    fs::remove_dir_all(path.join("src")).unwrap();
    let run = check(path, &[".", "--baseline", "baseline.json"]);
    assert!(run.notes().contains("the baseline lists 1 finding that is not there"), "{}", run.notes());

    let text = dockgate(path).args(["check", ".", "--baseline", "baseline.json"]).output().unwrap().stdout;
    assert!(String::from_utf8(text).unwrap().contains("hidden by the baseline"));
    assert_eq!(check(path, &[".", "--baseline", "none.json"]).code, 2);
    fs::write(path.join("broken.json"), "{}").unwrap();
    assert_eq!(check(path, &[".", "--baseline", "broken.json"]).code, 2);
}

#[test]
fn a_waiver_for_one_file_leaves_the_others() {
    let policy = "ruleset = \"2026.1\"\nextends = \"default\"\n[[waiver]]\nrule = \"secret-in-context\"\npath = \"src/test/**\"\n\
                  reason = \"opens nothing\"\nowner = \"team-web\"\n[[waiver]]\nrule = \"key-file-copied\"\npath = \"old/*\"\nreason = \"gone\"\n\
                  owner = \"team-web\"\n[[waiver]]\nrule = \"exposed-ssh-port\"\nreason = \"soon\"\nexpires = \"2020-01-01\"\n";
    let policy = policy.replace("exposed-ssh-port", "exposed-port");
    let folder = folder(&[
        ("Dockerfile", "FROM debian:12\nCOPY src /srv/\n"),
        ("src/app.py", &token()),
        ("src/test/a.py", &token()),
        ("dockgate.toml", &policy),
    ]);
    let run = check(folder.path(), &[".", "--policy", "dockgate.toml"]);
    let expected = [
        "secret-in-context Dockerfile:2",
        "secret-in-context Dockerfile:2 waived",
        "unused-waiver dockgate.toml:8",
        "expired-waiver dockgate.toml:13",
    ];
    let mut told = run.told();
    told.sort();
    let mut wanted = expected.map(str::to_owned).to_vec();
    wanted.sort();
    assert_eq!((run.code, told), (1, wanted));
    assert!(run.message("unused-waiver").contains("(of team-web)"), "{}", run.message("unused-waiver"));
    fs::remove_file(folder.path().join("src/app.py")).unwrap();
    let run = check(folder.path(), &[".", "--policy", "dockgate.toml"]);
    assert_eq!(run.code, 0);
    fs::write(folder.path().join("bad.toml"), "ruleset = \"2026.1\"\n[[waiver]]\nrule = \"exposed-port\"\n").unwrap();
    let run = check(folder.path(), &[".", "--policy", "bad.toml"]);
    assert!(run.code == 2 && run.errors.contains("a waiver says why"), "{}", run.errors);
}

/// What a run writes on a terminal of its own; `None` where there is no `script` to make one.
fn on_a_terminal(folder: &Path, environment: &[(&str, &str)], files: usize) -> Option<String> {
    for number in 0..files {
        write(folder, &format!("src/{}/{number}.txt", number / 500), "some words, and nothing else\n");
    }
    let dockgate = assert_cmd::cargo::cargo_bin("dockgate");
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &format!("{} check . --policy default", dockgate.display()), "/dev/null"]);
    command.current_dir(folder).env_remove("CI").env("TERM", "xterm").stdin(std::process::Stdio::null());
    command.envs(environment.iter().copied());
    match command.output() {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(_) => {
            eprintln!("skipped: there is no `script` to make a terminal");
            None
        }
    }
}

#[test]
fn a_bar_is_shown_on_a_terminal_and_nowhere_else() {
    let folder = folder(&[("Dockerfile", "FROM debian:12\nCOPY src /srv/\n")]);
    // What is done in half a second has no bar, and how many files that is depends on the machine.
    let mut shown = String::new();
    for files in [12_000, 24_000, 48_000, 96_000] {
        let Some(text) = on_a_terminal(folder.path(), &[], files) else { return };
        shown = text;
        if shown.contains("the build context ") {
            break;
        }
    }
    assert!(shown.contains("the build context "), "{shown}");
    let in_ci = on_a_terminal(folder.path(), &[("CI", "true")], 0).unwrap_or_default();
    assert!(in_ci.contains("FINAL") && !in_ci.contains("the build context "), "{in_ci}");
    let piped = dockgate(folder.path()).args(["check", "."]).output().unwrap();
    assert!(piped.stderr.is_empty(), "{}", String::from_utf8_lossy(&piped.stderr));
}

#[test]
fn compose_files_are_followed_to_the_files_they_take_in() {
    let folder = folder(&[
        (
            "compose.yaml",
            "include: [web/compose.yaml]\nservices:\n  a:\n    extends: {file: base.yaml, service: base}\n",
        ),
        ("base.yaml", "services:\n  base: {build: {context: api, args: {API_TOKEN: q3TxWz9kLmN4}}}\n"),
        ("web/compose.yaml", "services:\n  w: {build: {context: $FOLDER}}\n"),
        ("web/.env", "FOLDER=site\n"),
        ("web/site/Dockerfile", "FROM node:24.1.0\nCOPY .env /srv/\n"),
        ("web/site/.env", "DB_PASSWORD=q3TxWz9kLmN4\n"),
        ("api/Dockerfile", "FROM node:24.1.0\nARG API_TOKEN\n"),
    ]);
    let run = check(folder.path(), &["compose.yaml"]);
    let told = run.told();
    assert!(told.iter().any(|told| told.starts_with("dotenv-copied web/site/Dockerfile:2")), "{told:?} {}", run.errors);
    assert!(told.iter().any(|told| told.starts_with("build-arg-secret api/Dockerfile:2")), "{told:?}");
    write(folder.path(), "web/compose.yaml", "include: [../compose.yaml]\n");
    let run = check(folder.path(), &["compose.yaml"]);
    assert!(run.code == 2 && run.errors.contains("files include each other"), "{}", run.errors);
}

#[test]
fn keystores_are_found_whatever_they_are_called() {
    let folder = folder(&[("Dockerfile", "FROM eclipse-temurin:21\nCOPY conf /srv/\n")]);
    // A Java keystore with a key, and one with a certificate alone.
    let store =
        |tag: u8| [&[0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, tag][..], b"\0\x01a", &[0; 8]].concat();
    let certificate = [store(2), b"\0\x05X.509\0\0\0\x03DER".to_vec()].concat();
    fs::create_dir(folder.path().join("conf")).unwrap();
    fs::write(folder.path().join("conf/identity.dat"), [store(1), vec![7; 100]].concat()).unwrap();
    fs::write(folder.path().join("conf/trust.jks"), certificate).unwrap();
    let run = check(folder.path(), &["."]);
    let message = run.message("key-file-copied");
    assert!(message.contains("conf/identity.dat (Java keystore)") && !message.contains("trust.jks"), "{message}");
}

#[test]
fn a_file_that_gets_another_name_in_the_image_is_told_once() {
    let secrets = "URL=postgres://app:q3TxWz9kLmN4@db.internal:5432/app\nDB_PASSWORD=q3TxWz9kLmN4\n";
    let dockerfile = "FROM scratch\nCOPY settings.txt /srv/.env\nUSER 1000\n";
    let folder = folder(&[("Dockerfile", dockerfile), ("settings.txt", secrets)]);
    let archive = |files: &[(&str, &[u8])]| {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, bytes) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, path, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    };
    let layer = archive(&[("srv/.env", secrets.as_bytes())]);
    let diff_id: String = Sha256::digest(&layer).iter().map(|byte| format!("{byte:02x}")).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": { "User": "1000" },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{diff_id}")] },
        "history": [
            { "created_by": "COPY settings.txt /srv/.env # buildkit" },
            { "created_by": "USER 1000", "empty_layer": true },
        ],
    });
    let manifest = json!([{ "Config": "c.json", "RepoTags": ["x:1"], "Layers": ["l.tar"] }]);
    let (config, manifest) = (config.to_string(), manifest.to_string());
    let image =
        archive(&[("manifest.json", manifest.as_bytes()), ("c.json", config.as_bytes()), ("l.tar", layer.as_slice())]);
    fs::write(folder.path().join("image.tar"), image).unwrap();
    let run = check(folder.path(), &[".", "--image", "docker-archive:image.tar", "--no-cache"]);
    let found = run.finding("secret-in-context");
    assert_eq!(found["image_says"]["status"], "confirmed", "{found}");
    let text = run.report["findings"].to_string();
    assert!(!text.contains("key-file-in-image") && !text.contains("secret-in-layer"), "{text}");
}
