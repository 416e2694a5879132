//! The packages of a small root, beside what this machine's own package managers list in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn is_installed(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

/// Copies the files below a folder that `is_wanted`, links left out.
fn copy(from: &Path, to: &Path, is_wanted: &dyn Fn(&Path) -> bool) {
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            copy(&path, &to.join(entry.file_name()), is_wanted);
        } else if kind.is_file() && is_wanted(&path) {
            fs::create_dir_all(to).unwrap();
            fs::copy(&path, to.join(entry.file_name())).unwrap();
        }
    }
}

/// A root with this machine's databases, and the metadata of what is installed beside them.
fn root(folder: &Path) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    let has_name = |name: &'static str| move |path: &Path| path.file_name().is_some_and(|own| own == name);
    if is_installed("dpkg-query") {
        copy(Path::new("/var/lib/dpkg"), &folder.join("var/lib/dpkg"), &has_name("status"));
        kinds.push("deb");
    }
    let in_metadata = |path: &Path| {
        path.parent().is_some_and(|dir| dir.extension().is_some_and(|e| e == "dist-info" || e == "egg-info"))
    };
    copy(Path::new("/usr/lib/python3/dist-packages"), &folder.join("usr/lib/python3/dist-packages"), &in_metadata);
    if is_installed("npm") {
        for modules in ["/usr/lib/node_modules", "/usr/local/lib/node_modules"].map(PathBuf::from) {
            copy(&modules, &folder.join(modules.strip_prefix("/").unwrap()), &has_name("package.json"));
        }
    }
    if is_installed("rpmbuild") && rpms(folder).is_some() {
        kinds.push("rpm");
    }
    kinds
}

/// An rpm database of two small packages, made here.
fn rpms(folder: &Path) -> Option<()> {
    let build = tempfile::tempdir().unwrap();
    let at = |name: &str| build.path().join(name).display().to_string();
    let spec = "Name: first\nEpoch: 2\nVersion: 1.2~rc1\nRelease: 4\nSummary: first\nLicense: MIT\nBuildArch: noarch\n%description\nfirst\n\
                %files\n%package -n second\nSummary: second\nLicense: GPLv2+\nVersion: 7\n%description -n second\nsecond\n%files -n second\n";
    fs::write(at("first.spec"), spec).unwrap();
    let run = |command: &mut Command| command.output().is_ok_and(|output| output.status.success()).then_some(());
    run(Command::new("rpmbuild").args([
        "-bb",
        "--quiet",
        "--define",
        &format!("_topdir {}", at("top")),
        &at("first.spec"),
    ]))?;
    let built = fs::read_dir(at("top/RPMS/noarch")).ok()?.flatten().map(|entry| entry.path());
    let rpm = || {
        let mut command = Command::new("rpm");
        command.arg("--root").arg(folder).args(["--dbpath", "/var/lib/rpm"]);
        command
    };
    run(rpm().arg("--initdb"))?;
    run(rpm().args(["-i", "--nodeps", "--ignorearch", "--ignoreos"]).args(built))
}

#[test]
fn lists_are_those_of_the_package_managers() {
    if !is_installed("python3") {
        eprintln!("skipped: python3 is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let kinds = root(folder.path());
    if kinds.is_empty() {
        eprintln!("skipped: neither dpkg nor rpm is installed");
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages/compare.py");
    let compared = Command::new("python3")
        .arg(script)
        .args(["--dockgate", env!("CARGO_BIN_EXE_dockgate")])
        .arg(folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&compared.stdout);
    assert!(compared.status.success(), "{told}\n{}", String::from_utf8_lossy(&compared.stderr));
    for kind in kinds {
        let row = told.lines().find(|line| line.trim_start().starts_with(kind)).unwrap_or_default();
        assert!(
            !row.contains("not compared") && row.contains(" 0 only theirs") && row.contains(" 0 only ours"),
            "{told}"
        );
    }
}
