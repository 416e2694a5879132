//! One place says where the project lives: `repository` in `Cargo.toml`. What people copy out of the manual and the templates has to
//! lead there.

use std::fs;
use std::path::{Path, PathBuf};

/// `OWNER/NAME` at the end of the address.
fn home() -> (&'static str, &'static str) {
    let home = env!("CARGO_PKG_REPOSITORY");
    let name = home.strip_prefix("https://github.com/").expect("the action needs a repository on GitHub");
    (home, name)
}

/// All text that names the repository: what is at the root, and the folders that are for people.
fn texts() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["docs", "templates", "action", ".github"];
    let mut open: Vec<PathBuf> = folders.iter().map(|name| root.join(name)).collect();
    let mut files: Vec<PathBuf> = children(root).into_iter().filter(|path| path.is_file()).collect();
    while let Some(folder) = open.pop() {
        let (folders, found): (Vec<_>, Vec<_>) = children(&folder).into_iter().partition(|path| path.is_dir());
        open.extend(folders);
        files.extend(found);
    }
    files.retain(|path| {
        path.extension().is_some_and(|end| ["md", "yml", "yaml", "sh", "toml"].iter().any(|e| end == *e))
    });
    files
}

fn children(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// The names behind each `before` in the text, up to what cannot be part of a name.
fn names<'t>(text: &'t str, before: &str, after: &str) -> Vec<&'t str> {
    let starts = text.match_indices(before).map(|(at, found)| at + found.len());
    let name = |start: usize| {
        let rest = &text[start..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_./".contains(c))).unwrap_or(rest.len());
        rest[..end].strip_suffix(after).or_else(|| rest[..end].split_once(after).map(|(name, _)| name))
    };
    starts.filter_map(name).collect()
}

#[test]
fn everything_leads_to_the_repository_of_the_manifest() {
    let (home, name) = home();
    let owner = name.split_once('/').unwrap().0;
    let mut links = 0;
    for path in texts() {
        let text = fs::read_to_string(&path).unwrap();
        let shown = path.display();
        assert!(!text.contains("OWNER/dockgate"), "{shown} has a placeholder: write {name}");
        for before in ["uses: ", "https://github.com/", "ghcr.io/"] {
            for found in names(&text, before, "/dockgate") {
                assert_eq!(found, owner, "{shown}: `{before}{found}/dockgate`, and Cargo.toml says {home}");
                links += 1;
            }
        }
    }
    assert!(links >= 5, "only {links}");
}

#[test]
fn a_rule_leads_to_its_page() {
    let output = assert_cmd::Command::cargo_bin("dockgate")
        .unwrap()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .args(["check", "fixtures/aic-secret", "--image", "docker-archive:fixtures/aic-secret/image.tar"])
        .args(["--format", "sarif", "--sarif-profile", "generic"])
        .output()
        .unwrap();
    let sarif: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let driver = &sarif["runs"][0]["tool"]["driver"];
    let (home, _) = home();
    assert_eq!(driver["informationUri"], home);
    let rules = driver["rules"].as_array().unwrap();
    assert!(rules.len() > 3);
    for rule in rules {
        let uri = rule["helpUri"].as_str().unwrap();
        if let Some(page) = uri.strip_prefix(&format!("{home}/blob/main/")) {
            assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(page).is_file(), "{uri}");
        } else {
            assert!(uri.starts_with("https://www.shellcheck.net/wiki/SC"), "{uri}");
        }
    }
}
