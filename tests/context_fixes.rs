//! Fixes that edit what keeps files out of a build context, and those that turn a copied secret into a mounted one.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use assert_cmd::Command;
use dockgate::check::{Build, CheckError, ContextRequest, ContextSource, Report, Request, run};
use dockgate::dockerfile::BuildOptions;
use dockgate::fix::{self, Mended, OtherTexts, Wishes};
use dockgate::policy::{Date, Policy};
use dockgate::text::SourceText;
use proptest::prelude::*;
use serde_json::Value;

const KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
const DOTENV: &str = "DB_PASSWORD=q3TxWz9kLmN4\n";
const NPMRC: &str = "//registry.npmjs.org/:_authToken=00000000-0000-4000-8000-0000000000ab\n";

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

fn read(folder: &tempfile::TempDir, path: &str) -> String {
    fs::read_to_string(folder.path().join(path)).unwrap()
}

/// Standard output and standard error of a command that ends with `code`.
fn said(folder: &tempfile::TempDir, args: &[&str], code: i32) -> (String, String) {
    let mut command = Command::cargo_bin("dockgate").unwrap();
    let output = command.env_clear().env("NO_COLOR", "1").current_dir(folder).args(args).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "{args:?}: {out}\n{err}");
    (out, err)
}

#[test]
fn what_comes_along_with_a_folder_is_kept_out_and_what_is_named_is_mounted() {
    let folder = folder(&[
        (
            "Dockerfile",
            "FROM node:24.1.0\nWORKDIR /srv\nCOPY package.json .npmrc ./\nRUN npm ci\nCOPY app app\nUSER 1000\n",
        ),
        (".git/HEAD", "ref: refs/heads/main\n"),
        (".npmrc", NPMRC),
        ("package.json", "{}"),
        ("app/.env", DOTENV),
        ("app/id_rsa", KEY),
        ("app/main.js", "1"),
    ]);
    let before = read(&folder, "Dockerfile");
    let (shown, _) = said(&folder, &["check", "--fix-suggestions"], 1);
    assert!(shown.contains("--- /dev/null\n    +++ b/.dockerignore\n    @@ -0,0 +1 @@\n    +app/.env\n"), "{shown}");
    assert!(shown.contains("`--secret id=npmrc,src=.npmrc`"), "{shown}");
    assert!(
        shown.contains("`dockgate fix --context .` makes the 3 safe fixes, with `--unsafe` also the other"),
        "{shown}"
    );
    let (diff, _) = said(&folder, &["fix", "--context", ".", "--diff"], 1);
    assert_eq!(diff, "--- /dev/null\n+++ b/.dockerignore\n@@ -0,0 +1,3 @@\n+.git\n+app/.env\n+app/id_rsa\n");
    assert!(!folder.path().join(".dockerignore").exists(), "--diff writes nothing");
    let (out, _) = said(&folder, &["fix", "--context", "."], 1);
    assert!(out.contains("made .dockerignore: dockerignore-missing, dotenv-copied, key-file-copied"), "{out}");
    assert_eq!(
        (read(&folder, "Dockerfile"), read(&folder, ".dockerignore")),
        (before, ".git\napp/.env\napp/id_rsa\n".into())
    );
    said(&folder, &["fix", "--context", ".", "--unsafe"], 0);
    let fixed = "FROM node:24.1.0\nWORKDIR /srv\nCOPY package.json ./\n\
                 RUN --mount=type=secret,id=npmrc,target=/srv/.npmrc npm ci\nCOPY app app\nUSER 1000\n";
    assert_eq!(read(&folder, "Dockerfile"), fixed);
    let (out, _) = said(&folder, &["fix", "--context", ".", "--unsafe"], 0);
    assert!(out.contains("made 0 fixes"), "once is enough: {out}");
}

#[test]
fn reports_say_which_file_a_fix_is_of() {
    let folder = folder(&[
        ("sub/Dockerfile", "FROM node:24.1.0\nCOPY app /srv\nUSER 1000\n"),
        ("sub/.dockerignore", ".git\r\n*.log\r\n"),
        ("sub/app/.env", DOTENV),
        ("sub/app/main.js", "1"),
    ]);
    let (json, _) = said(&folder, &["check", "sub", "--format", "json"], 1);
    let json: Value = serde_json::from_str(&json).unwrap();
    let of = |report: &Value, list: &str| report.pointer(list).unwrap().as_array().unwrap().clone();
    let found = of(&json, "/findings").into_iter().find(|finding| finding["rule"] == "dotenv-copied").unwrap();
    let edit = serde_json::json!({ "start": 13, "end": 13, "text": "app/.env\r\n" });
    assert_eq!((&found["fix"]["path"], &found["fix"]["edits"][0]), (&Value::from("sub/.dockerignore"), &edit));
    let (sarif, _) = said(&folder, &["check", folder.path().join("sub").to_str().unwrap(), "--format", "sarif"], 1);
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    let found = of(&sarif, "/runs/0/results").into_iter().find(|result| result["ruleId"] == "dotenv-copied").unwrap();
    let change = &found["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], "sub/.dockerignore");
    let replacement = &change["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "app/.env\r\n");
    assert_eq!(
        (&replacement["deletedRegion"]["startLine"], &replacement["deletedRegion"]["startColumn"]),
        (&3.into(), &1.into())
    );
    said(&folder, &["fix", "--context", "sub"], 0);
    assert_eq!(read(&folder, "sub/.dockerignore"), ".git\r\n*.log\r\napp/.env\r\n");
}

#[test]
fn a_dockerfiles_own_ignore_file_is_the_one_that_is_edited() {
    let folder = folder(&[
        ("docker/web.Dockerfile", "FROM node:24.1.0\nCOPY app /srv\nUSER 1000\n"),
        ("docker/web.Dockerfile.dockerignore", "*\n!app"),
        (".dockerignore", "app\n"),
        ("app/id_rsa", KEY),
        ("app/main.js", "1"),
    ]);
    said(&folder, &["fix", "--context", ".", "docker/web.Dockerfile"], 0);
    assert_eq!(read(&folder, "docker/web.Dockerfile.dockerignore"), "*\n!app\napp/id_rsa\n");
    assert_eq!(read(&folder, ".dockerignore"), "app\n");
}

#[test]
fn what_another_dockerfile_names_stays_in_the_context() {
    let compose = "services:\n  a: { build: { context: ., dockerfile: a.Dockerfile } }\n  b: { build: { context: ., dockerfile: b.Dockerfile } }\n";
    let folder = folder(&[
        ("compose.yaml", compose),
        ("a.Dockerfile", "FROM node:24.1.0\nRun true\nCOPY app /srv\nUSER 1000\n"),
        (
            "b.Dockerfile",
            "FROM node:24.1.0\nRUN --mount=type=bind,source=app/id_rsa,target=/key ssh-add /key\nUSER 1000\n",
        ),
        ("app/id_rsa", KEY),
        ("app/main.js", "1"),
    ]);
    let (out, _) = said(&folder, &["fix", "--context", "compose.yaml", "--unsafe"], 1);
    assert!(out.contains("fixed a.Dockerfile: mixed-instruction-casing") && !out.contains(".dockerignore"), "{out}");
    said(&folder, &["fix", "--context", "compose.yaml", "--service", "a"], 0);
    assert_eq!(read(&folder, ".dockerignore"), "app/id_rsa\n");
}

#[test]
fn what_may_be_needed_is_not_kept_out_unasked() {
    let made = |line: &str, files: &[(&str, &str)]| {
        let dockerfile = format!("FROM node:24.1.0\nWORKDIR /srv\n{line}\nUSER 1000\n");
        let folder = folder(files);
        write(folder.path(), "Dockerfile", &dockerfile);
        let rules = "key-file-copied,dotenv-copied,git-directory-copied";
        let unsafe_too = |args: &[&str]| {
            let mut command = Command::cargo_bin("dockgate").unwrap();
            command
                .env_clear()
                .current_dir(&folder)
                .args(["fix", "--context", ".", "--diff", "--select", rules])
                .args(args);
            String::from_utf8(command.output().unwrap().stdout).unwrap()
        };
        (unsafe_too(&[]), unsafe_too(&["--unsafe"]))
    };
    let files = [("app/.env", DOTENV), ("app/x.js", "1"), (".git/HEAD", "x"), (".dockerignore", "x\n"), ("y", "")];
    // Spoken of.
    for line in [
        "COPY app .\nRUN . ./.env",
        "COPY app .\nCMD [\"node\", \"--env-file=.env\"]",
        "RUN --mount=target=/c ls\nCOPY app .",
    ] {
        let (safe, all) = made(line, &files);
        assert!(safe.is_empty() && all.contains("+app/.env"), "{line}: {safe}{all}");
    }
    let (safe, all) = made("COPY . .\nRUN git describe > version", &files);
    assert!(safe.contains("+app/.env") && !safe.contains("+.git") && all.contains("+.git"), "{safe}{all}");
    assert!(made("COPY . .\nRUN git clone https://x.y/z.git", &files).0.contains("+.git"));
    // Not to do without.
    let copied_on = "COPY app .\nFROM scratch\nCOPY --from=0 /srv/.env /";
    for line in ["COPY app/.env app/x.js ./", "COPY app/.e* ./", copied_on] {
        let (safe, all) = made(line, &files);
        assert!(safe.is_empty() && all.is_empty(), "{line}: {safe}{all}");
    }
    // Without secrets it may be what the build is told by.
    let (safe, all) =
        made("COPY app .", &[("app/.env", "NODE_ENV=production\n"), ("app/x.js", "1"), (".dockerignore", "x\n")]);
    assert!(safe.is_empty() && all.contains("+app/.env"), "{safe}{all}");
}

#[test]
fn a_secret_is_mounted_where_it_is_used_and_only_where_that_can_be_told() {
    let made = |lines: &str| {
        let folder = folder(&[(".npmrc", NPMRC), ("key", ""), ("id_rsa", KEY), ("x", "1"), (".dockerignore", "z\n")]);
        let text = format!("FROM node:24.1.0\nWORKDIR /srv\n{lines}\n");
        write(folder.path(), "Dockerfile", &text);
        let args = ["fix", "--context", ".", "--unsafe", "--select", "key-file-copied"];
        Command::cargo_bin("dockgate").unwrap().env_clear().current_dir(&folder).args(args).output().unwrap();
        let after = read(&folder, "Dockerfile");
        (after != text).then(|| after.strip_prefix("FROM node:24.1.0\nWORKDIR /srv\n").unwrap().trim_end().to_owned())
    };
    let mount = "--mount=type=secret,id=id_rsa,target=/root/.ssh/id_rsa";
    for (lines, fixed) in [
        ("COPY id_rsa /root/.ssh/\nRUN ssh -i ~/.ssh/id_rsa host", format!("RUN {mount} ssh -i ~/.ssh/id_rsa host")),
        ("COPY [\"x\", \"id_rsa\", \"/root/.ssh/\"]\nRUN [\"ssh\", \"-i\", \"/root/.ssh/id_rsa\", \"h\"]",
         format!("COPY [\"x\", \"/root/.ssh/\"]\nRUN {mount} [\"ssh\", \"-i\", \"/root/.ssh/id_rsa\", \"h\"]")),
        ("COPY id_rsa .\nUSER app\nRUN ssh -i id_rsa host\nRUN --mount=type=cache,target=/c scp -i ./id_rsa a b",
         "USER app\nRUN --mount=type=secret,id=id_rsa,target=/srv/id_rsa,mode=0444 ssh -i id_rsa host\n\
          RUN --mount=type=secret,id=id_rsa,target=/srv/id_rsa,mode=0444 --mount=type=cache,target=/c scp -i ./id_rsa a b".into()),
        ("COPY .npmrc /root/\nRUN pnpm install", "RUN --mount=type=secret,id=npmrc,target=/root/.npmrc pnpm install".into()),
    ] {
        assert_eq!(made(lines).as_deref(), Some(fixed.as_str()), "{lines}");
    }
    for lines in [
        // Nothing uses it, the container does, or another stage.
        "COPY id_rsa /root/.ssh/\nRUN make",
        "COPY id_rsa /root/.ssh/\nRUN ssh -i ~/.ssh/id_rsa host\nCMD [\"ssh\", \"-i\", \"/root/.ssh/id_rsa\"]",
        "COPY id_rsa /k\nRUN cat /k\nFROM scratch\nCOPY --from=0 /k /",
        // A secret cannot be changed or taken away.
        "COPY id_rsa /root/.ssh/\nRUN chmod 600 ~/.ssh/id_rsa && ssh -i ~/.ssh/id_rsa host",
        "COPY .npmrc ./\nRUN npm ci && rm .npmrc",
        "COPY .npmrc ./\nRUN npm ci\nRUN rm -f .npmrc",
        "COPY .npmrc ./\nRUN echo x >> .npmrc && npm ci",
        // Where it is to lie is not known.
        "ARG WHERE\nCOPY .npmrc $WHERE/\nRUN npm ci",
        "COPY .npmrc /elsewhere/\nRUN npm ci",
    ] {
        assert_eq!(made(lines), None, "{lines}");
    }
}

#[test]
fn a_pattern_is_not_mended_where_a_copy_would_be_left_with_nothing() {
    for (line, fixed) in [("COPY web /srv/", "**/node_modules\n"), ("COPY web/node_modules/y /srv/", "node_modules\n")]
    {
        let folder =
            folder(&[("web/node_modules/y/index.js", "1"), ("web/x", "1"), (".dockerignore", "node_modules\n")]);
        write(folder.path(), "Dockerfile", &format!("FROM node:24.1.0\n{line}\n"));
        said(
            &folder,
            &["fix", "--context", ".", "--unsafe", "--select", "dockerignore-unused-pattern"],
            i32::from(fixed.starts_with('n')),
        );
        assert_eq!(read(&folder, ".dockerignore"), fixed, "{line}");
    }
    let folder = folder(&[("web/node_modules/y/index.js", "1"), (".dockerignore", "node_modules\n")]);
    write(folder.path(), "Dockerfile", "FROM node:24.1.0\nCOPY web /srv/\n");
    said(&folder, &["fix", "--context", ".", "--unsafe", "--select", "dockerignore-unused-pattern"], 1);
    assert_eq!(read(&folder, ".dockerignore"), "node_modules\n");
}

#[test]
fn an_archive_is_not_changed() {
    let folder = folder(&[("Dockerfile", "FROM node:24.1.0\n")]);
    let archive = folder.path().join("context.tar");
    let mut builder = tar::Builder::new(fs::File::create(&archive).unwrap());
    builder.append_path_with_name(folder.path().join("Dockerfile"), "Dockerfile").unwrap();
    builder.into_inner().unwrap();
    let (_, err) = said(&folder, &["fix", "--context", "context.tar"], 2);
    assert!(err.contains("an archive is made again from one that is fixed"), "{err}");
}

const LINES: [&str; 16] = [
    "COPY app /srv/",
    "COPY . /srv/",
    "COPY app/*.js app/.e* /srv/",
    "COPY app/.env /srv/",
    "COPY .npmrc /root/",
    "COPY app/id_rsa x /k/",
    "COPY web/ /web/",
    "ADD app/sub /s/",
    "RUN npm ci",
    "RUN cat /k/id_rsa",
    "RUN . /srv/.env",
    "RUN git describe",
    "RUN --mount=target=/c make",
    "FROM scratch",
    "FROM debian:12 AS two",
    "COPY --from=0 /srv/.env /",
];

const FILES: [(&str, &str); 12] = [
    ("app/.env", DOTENV),
    ("app/id_rsa", KEY),
    ("app/a.js", "1"),
    ("app/sub/.env.local", "A=1\n"),
    ("app/sub/key.pem", KEY),
    (".npmrc", NPMRC),
    ("x", "1"),
    ("web/node_modules/y/index.js", "1"),
    ("web/local.json", "{\"url\":\"postgres://app:q3TxWz9kLmN4@db.internal:5432/app\"}\n"),
    (".git/HEAD", "ref: refs/heads/main\n"),
    (".gitignore", "local.json\nnode_modules\n"),
    ("web/.git/HEAD", "x"),
];

const IGNORED: [&str; 6] = ["node_modules", "*.log", "*\n!app\n!web", "web", "# nothing", "**/*.pem"];

/// The report on a Dockerfile and its context, by every rule of the strict policy.
fn report(folder: &Path, dockerfiles: Vec<Arc<SourceText>>, others: &OtherTexts) -> Result<Report, CheckError> {
    let build = |text| Build {
        context: Some(ContextRequest {
            source: ContextSource::Folder(folder.into()),
            shown: folder.display().to_string(),
            dockerfile: None,
            ignore_texts: others.clone(),
        }),
        ..Build::alone(text, BuildOptions::default())
    };
    let builds = dockerfiles.into_iter().map(build).collect();
    run(&Request::new(builds, &Policy::load("strict").unwrap(), Date::parse("2026-01-01").unwrap()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_fixes_of_any_context_keep_their_promises(
        lines in prop::collection::vec(0..LINES.len(), 1..7),
        files in prop::collection::btree_set(0..FILES.len(), 3..FILES.len()),
        ignored in prop::option::of(0..IGNORED.len()),
        takes_all in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|index| write(folder.path(), FILES[*index].0, FILES[*index].1));
        if let Some(ignored) = ignored {
            write(folder.path(), ".dockerignore", IGNORED[ignored]);
        }
        let lines: Vec<&str> = lines.iter().map(|line| LINES[*line]).collect();
        let text = format!("FROM node:24.1.0\nWORKDIR /srv\n{}\n", lines.join("\n"));
        let source = SourceText::new("Dockerfile", text);
        let mend = |source: &Arc<SourceText>, known: &OtherTexts| -> Vec<Mended> {
            fix::mend(vec![Arc::clone(source)], Wishes { takes_all, are_apart: false }, |texts, others| {
                let mut all = known.clone();
                all.extend(others.clone());
                report(folder.path(), texts, &all)
            }).unwrap()
        };
        let once = mend(&source, &OtherTexts::new());
        prop_assert!(once.iter().all(|file| !file.is_stuck), "{once:?}");
        let others: OtherTexts =
            once.iter().skip(1).map(|file| (file.after.path().to_owned(), Arc::clone(&file.after))).collect();
        let after = Arc::clone(&once[0].after);
        let twice = mend(&after, &others);
        prop_assert!(twice.iter().all(|file| !file.is_changed()), "once is not enough: {twice:?}");
        // What a COPY names is there as before, and each takes something as before.
        let count = |report: &Report| {
            let rules = ["copied-file-missing", "ignored-file-copied"];
            report.findings.iter().filter(|judged| rules.contains(&judged.finding.rule().id)).count()
        };
        let (first, last) = (report(folder.path(), vec![Arc::clone(&source)], &OtherTexts::new()).unwrap(),
            report(folder.path(), vec![after], &others).unwrap());
        prop_assert!(count(&last) <= count(&first), "{:?}\n{others:?}", source.text());
        // A list only grows, but for patterns that are mended.
        if !takes_all {
            for file in once.iter().skip(1) {
                prop_assert!(file.after.text().starts_with(file.before.text()));
            }
        }
    }
}
