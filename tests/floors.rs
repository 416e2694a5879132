//! The rooms and their floors: a room imports only rooms above it, and some things are allowed in some rooms only.

use std::fs;
use std::path::{Path, PathBuf};

/// Ground floor first.
const ROOMS: [&str; 20] = [
    "text",
    "rule",
    "finding",
    "http",
    "dockerfile",
    "shell",
    "context",
    "secrets",
    "image",
    "packages",
    "feeds",
    "trace",
    "policy",
    "lint",
    "gate",
    "check",
    "fix",
    "output",
    "github",
    "cli",
];

/// What may stand only in some rooms.
const ONLY_IN: [(&str, &[&str]); 9] = [
    ("clap", &["cli"]),
    ("std::fs", &["context", "image", "feeds", "policy", "fix", "cli"]),
    ("fs::File", &["context", "image", "feeds", "policy", "fix", "cli"]),
    ("unsafe {", &["feeds"]),
    ("tokio::", &["http", "image", "feeds", "github"]),
    ("reqwest::", &["http", "image", "feeds", "github"]),
    ("std::process", &["cli"]),
    ("println!", &["cli"]),
    ("io::stdout", &["cli"]),
];

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The code of a file with its line numbers: no comments, no test module.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).unwrap();
    let body = text.split("#[cfg(test)]").next().unwrap_or_default();
    body.lines().enumerate().map(|(i, line)| (i + 1, line.split("//").next().unwrap_or_default().to_owned())).collect()
}

/// Rooms named as `crate::room` or inside `crate::{…}` on one line.
fn imports(line: &str) -> Vec<String> {
    let word = |s: &str| s.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    line.match_indices("crate::")
        .flat_map(|(at, found)| {
            let rest = &line[at + found.len()..];
            match rest.strip_prefix('{') {
                Some(list) => list.split(',').map(|item| word(item.trim())).collect(),
                None => vec![word(rest)],
            }
        })
        .collect()
}

#[test]
fn rooms_import_only_rooms_above_them() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (floor, room) in ROOMS.iter().enumerate() {
        for file in rust_files(&src.join(room)) {
            for (number, line) in code(&file) {
                for import in imports(&line) {
                    let allowed = import == *room || ROOMS[..floor].contains(&import.as_str());
                    if ROOMS.contains(&import.as_str()) && !allowed {
                        wrong
                            .push(format!("{}:{number}: {room} imports {import}, which lies below it", file.display()));
                    }
                }
                for (what, rooms) in ONLY_IN {
                    if line.contains(what) && !rooms.contains(room) {
                        wrong.push(format!("{}:{number}: `{what}` belongs in {}", file.display(), rooms.join(", ")));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_is_on_the_list_and_in_its_order() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders: Vec<String> = fs::read_dir(&src)
        .unwrap()
        .map(|e| e.unwrap())
        .filter(|e| e.path().is_dir())
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    folders.sort();
    let mut rooms: Vec<String> = ROOMS.iter().map(|r| (*r).to_owned()).collect();
    rooms.sort();
    assert_eq!(folders, rooms);
    let lib = fs::read_to_string(src.join("lib.rs")).unwrap();
    let declared: Vec<&str> = lib.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(declared, ROOMS, "src/lib.rs lists the rooms in the order of their floors");
}

#[test]
fn the_check_sees_an_import_from_below() {
    assert_eq!(imports("use crate::lint::Facts;"), ["lint"]);
    assert_eq!(imports("use crate::{text::Span, gate};"), ["text", "gate"]);
    assert_eq!(imports("let x = crate::check::run(a, crate::fix::b);"), ["check", "fix"]);
}
