//! `docker dockgate`, with the docker command itself.

#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn docker_finds_the_plugin_and_runs_it() {
    let config = tempfile::tempdir().unwrap();
    let plugins = config.path().join("cli-plugins");
    fs::create_dir(&plugins).unwrap();
    let plugin = plugins.join("docker-dockgate");
    std::os::unix::fs::symlink(assert_cmd::cargo::cargo_bin("dockgate"), &plugin).unwrap();
    let metadata = Command::new(&plugin).arg("docker-cli-plugin-metadata").output().unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    assert_eq!(metadata["SchemaVersion"], "0.1.0");
    let run = |command: &mut Command| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        command
            .args(["dockgate", "check", "fixtures/aic-secret"])
            .env("DOCKER_CONFIG", config.path())
            .current_dir(folder);
        command.output()
    };
    let direct = run(&mut Command::new(&plugin)).unwrap();
    assert_eq!(direct.status.code(), Some(1));
    let Ok(docker) = run(&mut Command::new("docker")) else {
        eprintln!("skipped: there is no docker command");
        return;
    };
    assert_eq!(docker.status.code(), Some(1), "{}", String::from_utf8_lossy(&docker.stderr));
    assert_eq!(String::from_utf8_lossy(&docker.stdout), String::from_utf8_lossy(&direct.stdout));
}
