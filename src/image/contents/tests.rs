use super::super::fixture::{File, image_of, tar};
use super::super::{FileSecret, Image, Wants};
use super::large::PIECE;
use super::*;

fn wants() -> Wants {
    Wants { secrets: true, keys: true, ..Wants::default() }
}

/// A token that exists nowhere, in pieces, so that no scanner of this repository takes it for one.
fn token() -> String {
    ["ghp_", "q3TxWz9kLmN4bV7cX2sD", "5fG8hJ1pR64fDpPu"].concat()
}

fn secrets<'i>(image: &'i Image, path: &str) -> &'i [FileSecret] {
    image.layers[0].secrets.get(path).map(Vec::as_slice).unwrap_or_default()
}

#[test]
fn secrets_of_small_and_large_files_have_their_lines() {
    let small = format!("a\nb = {}\n", token());
    let large = format!("{}x = {}\n{}", "filler line\n".repeat(500_000), token(), "more of it\n".repeat(200_000));
    let image = image_of(&[tar(&[("small", File(&small)), ("none", File("a\n")), ("large", File(&large))])], &wants());
    let places = |path| secrets(&image, path).iter().map(|s| (s.detector.id, s.line, s.column)).collect::<Vec<_>>();
    assert_eq!(places("/small"), [("github-pat", 2, 5)]);
    assert_eq!(places("/none"), []);
    assert_eq!(places("/large"), [("github-pat", 500_001, 5)]);
    assert_eq!(secrets(&image, "/small")[0].fingerprint, secrets(&image, "/large")[0].fingerprint);
    assert!(!format!("{image:?}").contains(&token()[8..]));
}

#[test]
fn a_secret_on_a_cut_is_found_once() {
    // One line, so that pieces are cut inside it; tokens wherever a cut may come.
    for before in [0, 1, 20, 44] {
        let filler = 4 * PIECE - before;
        let text = format!("{} {} {}", "x".repeat(filler), token(), "y".repeat(PIECE));
        assert!(text.len() > WHOLE);
        let image = image_of(&[tar(&[("one-line", File(&text))])], &wants());
        let found: Vec<_> = secrets(&image, "/one-line").iter().map(|s| (s.line, s.column)).collect();
        assert_eq!(found, [(1, filler + 2)], "{before}");
    }
}

#[test]
fn binaries_have_no_lines() {
    for lines in [10, WHOLE / 5 + 1] {
        let text = format!("\0{}\nkey {} \0", "line\n".repeat(lines), token());
        let image = image_of(&[tar(&[("bin", File(&text))])], &wants());
        assert_eq!(secrets(&image, "/bin").iter().map(|s| (s.line, s.column)).collect::<Vec<_>>(), [(0, 0)]);
    }
}

#[test]
fn patterns_are_found_in_any_piece_and_told_by_their_first_line() {
    let large = format!("{}needle\n{}needle\n", "x\n".repeat(WHOLE), "y\n".repeat(PIECE));
    let long = format!("{}needle", "z".repeat(6 * PIECE));
    let wants = Wants { content: vec!["^needle$".to_owned(), "^zz.*needle".to_owned()], ..Wants::default() };
    let image = image_of(&[tar(&[("large", File(&large)), ("long", File(&long))])], &wants);
    let matches = |index: usize| match &image.layers[0].changes[index] {
        super::super::Change::Add(entry) => entry.matches.clone(),
        _ => Vec::new(),
    };
    assert_eq!(matches(0), [ContentMatch { pattern: 0, line: WHOLE as u64 + 1 }]);
    assert_eq!(matches(1), [ContentMatch { pattern: 1, line: 1 }]);
    assert_eq!(image.problems, []);
}

#[test]
fn the_last_of_two_files_of_a_name_counts() {
    let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n";
    let with = format!("t = {}\n", token());
    let layer = tar(&[("a", File(&with)), ("id_rsa", File(key)), ("a", File("t\n")), ("id_rsa", File("none"))]);
    let image = image_of(&[layer], &wants());
    assert!(image.layers[0].secrets.is_empty() && image.layers[0].keys.is_empty());
}

#[test]
fn key_files_have_a_digest() {
    let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n";
    let dump = format!("-- MySQL dump 10.13\n{}", "INSERT\n".repeat(PIECE));
    let image = image_of(&[tar(&[("id_rsa", File(key)), ("dump.sql", File(&dump)), ("x", File("x"))])], &wants());
    let digest = |text: &str| Some(hex(&Sha256::digest(text)));
    let digests: Vec<_> = image.layers[0]
        .changes
        .iter()
        .map(|change| match change {
            super::super::Change::Add(entry) => entry.sha256.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(digests, [digest(key), digest(&dump), None]);
    assert_eq!(image.layers[0].keys.len(), 2);
}

#[test]
fn buffers_are_used_again_and_those_kept_are_bounded() {
    let mut spare = super::Spare::default();
    for bytes in [3000, 1000, 2000] {
        spare.keep(vec![1; bytes]);
    }
    assert_eq!(spare.take(3001), None);
    let taken = spare.take(1500).unwrap();
    assert!(taken.is_empty() && (2000..3000).contains(&taken.capacity()), "{}", taken.capacity());
    for _ in 0..3 {
        spare.keep(Vec::with_capacity(super::SPARE / 2 - 2000));
    }
    assert_eq!(spare.buffers.len(), 4);
    assert!(spare.bytes <= super::SPARE && spare.bytes == spare.buffers.iter().map(Vec::capacity).sum::<usize>());
}
