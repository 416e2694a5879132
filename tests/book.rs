//! The manual: every page is in it, every link leads somewhere, and mdBook takes it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn book() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut command = assert_cmd::Command::cargo_bin("dockgate").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_clear().args(["book", "docs"]).arg(folder.path());
    command.assert().success();
    folder
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|e| e == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The targets of the links of a page that lead to files beside it; what is code is no link.
fn links(text: &str) -> Vec<String> {
    let (mut is_code, mut found) = (false, Vec::new());
    for line in text.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
            continue;
        }
        if is_code || line.starts_with("    ") {
            continue;
        }
        let prose: String = line.split('`').enumerate().filter(|(i, _)| i % 2 == 0).map(|(_, text)| text).collect();
        let targets =
            prose.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned());
        found.extend(targets.filter(|target| !target.contains("://") && !target.starts_with('#')));
    }
    found
}

#[test]
fn every_page_is_listed_and_every_link_leads_somewhere() {
    let book = book();
    let src = book.path().join("src");
    let listed: BTreeSet<PathBuf> =
        links(&fs::read_to_string(src.join("SUMMARY.md")).unwrap()).into_iter().map(|link| src.join(link)).collect();
    let pages = pages(&src);
    assert!(pages.len() > dockgate::rule::all().len() + 10, "{}", pages.len());
    for page in pages.iter().filter(|page| !page.ends_with("SUMMARY.md")) {
        assert!(listed.contains(page), "{} is not in SUMMARY.md", page.display());
    }
    for page in &pages {
        for link in links(&fs::read_to_string(page).unwrap()) {
            let target = page.parent().unwrap().join(link.split('#').next().unwrap());
            assert!(target.is_file(), "{} links to {link}", page.display());
        }
    }
}

#[test]
fn mdbook_builds_it() {
    let Ok(version) = Command::new("mdbook").arg("--version").output() else {
        eprintln!("skipped: mdbook is not here");
        return;
    };
    let book = book();
    let output = Command::new("mdbook").arg("build").current_dir(book.path()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{} {told}", String::from_utf8_lossy(&version.stdout));
    assert!(!told.contains("WARN") && !told.contains("ERROR"), "{told}");
    assert!(book.path().join("book/rules/untagged-base.html").is_file());
}
