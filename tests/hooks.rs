//! `.pre-commit-hooks.yaml`: what the hooks are given is what a search of a folder finds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use regex::Regex;

const NAMES: [&str; 28] = [
    "Dockerfile",
    "DOCKERFILE",
    "dockerfile",
    "Dockerfile.dev",
    "Dockerfile.py",
    "Dockerfile.sh",
    "dockerfile.app.py",
    "app.Dockerfile",
    "api.dockerfile",
    ".dockerfile",
    "with space.Dockerfile",
    "Containerfile",
    "Containerfile.prod",
    "containerfile",
    "app.containerfile",
    "a/b/Dockerfile",
    "Dockerfile.dockerignore",
    "Dockerfile.DockerIgnore",
    "app.Dockerfile.dockerignore",
    "Dockerfile.md",
    "Containerfile.5.gz",
    "dockerfile.py",
    "dockerfile.vim",
    "containerfile.rs",
    "src/dockerfile.go",
    "Dockerfiles",
    "mydockerfile",
    "Dockerfile.d/notes.txt",
];

#[test]
fn the_hooks_are_given_what_a_search_finds() {
    let hooks = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml")).unwrap();
    let hooks: Vec<BTreeMap<String, serde_json::Value>> = serde_saphyr::from_str(&hooks).unwrap();
    let ids: Vec<_> = hooks.iter().map(|hook| hook["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["dockgate", "dockgate-system", "dockgate-docker"]);

    let dir = tempfile::tempdir().unwrap();
    for name in NAMES {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "FROM debian\n").unwrap();
    }
    let args = ["lint", "--policy", "default", "--format", "gnu", "--fail-on", "never", "."];
    let output = Command::cargo_bin("dockgate").unwrap().args(args).current_dir(dir.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let found: BTreeSet<&str> = text.lines().filter_map(|line| line.split(':').nth(1)).collect();
    assert_eq!(found.len(), 16, "{text}");

    for hook in hooks {
        let pattern = |key: &str| Regex::new(hook[key].as_str().unwrap()).unwrap();
        let (files, exclude) = (pattern("files"), pattern("exclude"));
        let given: BTreeSet<&str> =
            NAMES.into_iter().filter(|name| files.is_match(name) && !exclude.is_match(name)).collect();
        assert_eq!(given, found, "{}", hook["id"]);
        assert_eq!(hook["require_serial"], true);
    }
}
