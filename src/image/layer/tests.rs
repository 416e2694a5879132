use std::io::Write as _;

use tar::{Builder, EntryType};

use super::super::fixture::{
    Dir, File, Hardlink, Symlink, config, digest, docker_of, gzip, header, image_of, open, tar,
};
use super::super::limits::{MAX_CAPTURED_FILE, MAX_LAYER_PROBLEMS, MAX_LINE};
use super::super::{Change, ChooseProbe, ContentMatch, Entry, EntryKind, Image, Part, Probe, Probed, Wants};

fn all_digests() -> Wants {
    Wants { digests: true, ..Wants::default() }
}

fn entries(image: &Image, layer: usize) -> Vec<&Entry> {
    let added = image.layers[layer].changes.iter().filter_map(|change| match change {
        Change::Add(entry) => Some(&**entry),
        _ => None,
    });
    added.collect()
}

fn messages(image: &Image) -> Vec<&str> {
    image.problems.iter().map(|problem| problem.message.as_str()).collect()
}

/// Reads one layer as stored, whose diff id is that of `plain`.
fn stored(stored: Vec<u8>, plain: &[u8]) -> Image {
    let (_dir, path) = docker_of(&[stored], &[digest(plain)]);
    open(&path.display().to_string(), &all_digests(), None).unwrap()
}

#[test]
fn headers_become_entries() {
    let mut builder = Builder::new(Vec::new());
    let mut odd = header("./usr/bin/su", EntryType::Regular, 2);
    odd.set_mode(0o100_4755);
    odd.set_uid(1000);
    odd.set_cksum();
    builder.append(&odd, &b"su"[..]).unwrap();
    let long = format!("{}/end", "long".repeat(60));
    builder.append_data(&mut header("", EntryType::Regular, 1), &long, &b"x"[..]).unwrap();
    let layer = builder.into_inner().unwrap();
    let image = image_of(&[layer], &all_digests());
    let found = entries(&image, 0);
    assert_eq!(found[0].path, "/usr/bin/su");
    assert_eq!((found[0].mode, found[0].uid, found[0].size), (0o4755, 1000, 2));
    assert_eq!(found[0].sha256.as_deref(), digest(b"su").strip_prefix("sha256:"));
    assert_eq!(found[1].path, format!("/{long}"));
    assert_eq!(image.problems, []);
}

#[test]
fn extended_headers_win_over_the_header() {
    let mut builder = Builder::new(Vec::new());
    let long = "p".repeat(300);
    let records = [
        ("path", long.as_bytes()),
        ("linkpath", b"/some/target"),
        ("uid", b"3000000000"),
        ("SCHILY.xattr.security.capability", b"\x01\n\0\x02"),
    ];
    builder.append_pax_extensions(records).unwrap();
    builder.append(&header("short", EntryType::Symlink, 0), &b""[..]).unwrap();
    builder.append_pax_extensions([("size", &b"3"[..])]).unwrap();
    let sized = header("sized", EntryType::Regular, 0);
    let mut layer = Vec::new();
    builder.get_mut().write_all(sized.as_bytes()).unwrap();
    builder.get_mut().write_all(b"abc").unwrap();
    builder.get_mut().write_all(&[0; 509]).unwrap();
    builder.append(&header("after", EntryType::Regular, 0), &b""[..]).unwrap();
    layer.extend(builder.into_inner().unwrap());
    let image = image_of(&[layer], &all_digests());
    let found = entries(&image, 0);
    assert_eq!(found[0].path, format!("/{long}"));
    assert_eq!(
        (found[0].kind, found[0].link.as_deref(), found[0].uid),
        (EntryKind::Symlink, Some("/some/target"), 3_000_000_000)
    );
    assert_eq!(found[0].capability.as_deref(), Some(&b"\x01\n\0\x02"[..]));
    assert_eq!((found[1].size, found[1].sha256.as_deref()), (3, digest(b"abc").strip_prefix("sha256:")));
    assert_eq!(found[2].path, "/after");
    assert_eq!(image.problems, []);
}

#[test]
fn links_have_no_data_whatever_their_size_says() {
    let mut builder = Builder::new(Vec::new());
    let lying = header("link", EntryType::Symlink, 512);
    builder.get_mut().write_all(lying.as_bytes()).unwrap();
    builder.append(&header("after", EntryType::Regular, 1), &b"x"[..]).unwrap();
    let image = image_of(&[builder.into_inner().unwrap()], &all_digests());
    assert_eq!(entries(&image, 0).iter().map(|e| e.path.as_str()).collect::<Vec<_>>(), ["/link", "/after"]);
    assert_eq!(image.problems, []);
}

#[test]
fn a_name_given_before_global_records_is_not_the_next_members() {
    let mut builder = Builder::new(Vec::new());
    builder.append_pax_extensions([("path", &b"harmless"[..])]).unwrap();
    let records = b"19 path=global-one\n";
    builder.append(&header("global", EntryType::XGlobalHeader, records.len()), &records[..]).unwrap();
    builder.append(&header("real", EntryType::Regular, 0), &b""[..]).unwrap();
    let image = image_of(&[builder.into_inner().unwrap()], &all_digests());
    assert_eq!(entries(&image, 0).iter().map(|e| e.path.as_str()).collect::<Vec<_>>(), ["/real"]);
}

#[test]
fn sparse_files_of_pax_carry_their_map_and_name() {
    let mut builder = Builder::new(Vec::new());
    let records = [
        ("GNU.sparse.major", &b"1"[..]),
        ("GNU.sparse.minor", b"0"),
        ("GNU.sparse.name", b"var/sparse"),
        ("GNU.sparse.realsize", b"8"),
    ];
    builder.append_pax_extensions(records).unwrap();
    let mut data = b"1\n4\n3\n".to_vec();
    data.resize(512, 0);
    data.extend(b"abc");
    builder.append(&header("GNUSparseFile.0/sparse", EntryType::Regular, data.len()), &data[..]).unwrap();
    builder.append(&header("after", EntryType::Regular, 0), &b""[..]).unwrap();
    let image = image_of(&[builder.into_inner().unwrap()], &all_digests());
    let found = entries(&image, 0);
    assert_eq!((found[0].path.as_str(), found[0].size), ("/var/sparse", 8));
    assert_eq!(found[0].sha256.as_deref(), digest(b"\0\0\0\0abc\0").strip_prefix("sha256:"));
    assert_eq!((found[1].path.as_str(), image.problems.len()), ("/after", 0));
}

#[test]
fn a_line_too_long_to_search_is_told() {
    let wants = Wants { content: vec!["needle".to_owned()], ..all_digests() };
    let long = format!("needle\n{}", "x".repeat(MAX_LINE + 1));
    let image = image_of(&[tar(&[("early", File(&long)), ("late", File(&long[7..]))])], &wants);
    let found = entries(&image, 0);
    assert_eq!((found[0].matches.len(), found[1].matches.len()), (1, 0));
    assert!(found.iter().all(|entry| entry.sha256.is_some()));
    assert_eq!(messages(&image).len(), 1);
    assert!(messages(&image)[0].ends_with("/late"), "{:?}", messages(&image));
}

#[test]
fn sparse_files_are_hashed_with_their_holes() {
    let mut sparse = header("sparse", EntryType::GNUSparse, 3);
    let gnu = sparse.as_gnu_mut().unwrap();
    gnu.set_real_size(10);
    gnu.sparse[0].set_offset(5);
    gnu.sparse[0].set_length(3);
    sparse.set_cksum();
    let mut lying = header("lying", EntryType::GNUSparse, 0);
    lying.as_gnu_mut().unwrap().set_real_size(1 << 40);
    lying.set_cksum();
    let mut builder = Builder::new(Vec::new());
    builder.append(&sparse, &b"abc"[..]).unwrap();
    builder.append(&lying, &b""[..]).unwrap();
    builder.append(&header("after", EntryType::Regular, 0), &b""[..]).unwrap();
    let image = image_of(&[builder.into_inner().unwrap()], &all_digests());
    let found = entries(&image, 0);
    assert_eq!((found[0].size, found[0].sha256.as_deref()), (10, digest(b"\0\0\0\0\0abc\0\0").strip_prefix("sha256:")));
    assert_eq!((found[1].size, &found[1].sha256), (1 << 40, &None));
    assert_eq!(found[2].path, "/after");
    assert_eq!(messages(&image).len(), 1);
    assert!(messages(&image)[0].contains("/lying"), "{:?}", messages(&image));
}

#[test]
fn hostile_names_are_left_out_and_told() {
    let layer = tar(&[
        ("../../etc/shadow", File("x")),
        ("/abs", File("x")),
        ("a/../../b", File("x")),
        (".wh...", File("")),
        (".wh.", File("")),
        ("h", Hardlink("../../etc/passwd")),
        (".", Symlink("/etc")),
        (".wh..wh.plnk/1", File("x")),
    ]);
    let image = image_of(&[tar(&[("ok", Dir)]), layer], &all_digests());
    assert_eq!(entries(&image, 1).iter().map(|e| e.path.as_str()).collect::<Vec<_>>(), ["/abs"]);
    assert_eq!(image.layers[1].changes.len(), 1);
    assert_eq!(image.problems.len(), 6);
    assert!(image.problems.iter().all(|p| p.layer == Some(1) && p.message.starts_with("layer 2 ")));
    assert!(messages(&image)[0].ends_with("leads out of the image: ../../etc/shadow"));
}

#[test]
fn many_problems_are_counted() {
    let items: Vec<_> = (0..MAX_LAYER_PROBLEMS + 5).map(|_| ("../x", File("1"))).collect();
    let image = image_of(&[tar(&items)], &all_digests());
    assert_eq!(image.problems.len(), MAX_LAYER_PROBLEMS + 1);
    assert_eq!(messages(&image)[MAX_LAYER_PROBLEMS], "layer 1 has 5 more problems");
}

#[test]
fn one_pass_hashes_captures_and_searches() {
    let wants = Wants {
        content: vec!["^key=".to_owned(), "absent".to_owned(), "end$".to_owned()],
        capture: vec!["/etc/passwd".to_owned()],
        capture_if: Some(|path| path.starts_with("/db/")),
        ..all_digests()
    };
    let big = format!("{}\nkey=1\nthe end", "filler line\n".repeat(20_000));
    let layer = tar(&[
        ("etc/passwd", File("root:x\n")),
        ("db/1", File("")),
        ("big", File(&big)),
        ("db-2", File("key=2\nkey=")),
    ]);
    let image = image_of(&[layer], &wants);
    let found = entries(&image, 0);
    assert_eq!(found[0].content.as_deref(), Some(&b"root:x\n"[..]));
    assert_eq!(found[1].content.as_deref(), Some(&b""[..]));
    assert_eq!((&found[2].content, &found[3].content), (&None, &None));
    assert_eq!(found[2].sha256.as_deref(), digest(big.as_bytes()).strip_prefix("sha256:"));
    let matched = |pattern, line| ContentMatch { pattern, line };
    assert_eq!(found[2].matches, [matched(0, 20_002), matched(2, 20_003)]);
    assert_eq!(found[3].matches, [matched(0, 1)]);
}

/// Counts the bytes of a file, and gives back so many as the count says.
struct Counter(u64);

impl Probe for Counter {
    fn feed(&mut self, bytes: &[u8]) {
        self.0 += bytes.len() as u64;
    }

    fn finish(self: Box<Self>) -> Option<Probed> {
        let content = vec![b'x'; usize::try_from(self.0).ok()?];
        (self.0 > 0).then(|| Probed { parts: vec![Part { name: "count".to_owned(), content }], problem: None })
    }
}

#[test]
fn a_probe_sees_every_byte_and_is_bounded() {
    let probe: ChooseProbe = |entry| (entry.size != 3).then(|| -> Box<dyn Probe> { Box::new(Counter(0)) });
    let wants = Wants { content: vec!["a".to_owned()], probe: Some(probe), ..all_digests() };
    let big = "a".repeat(300_000);
    let image = image_of(&[tar(&[("a", File(&big)), ("b", File("")), ("c", File("abc"))])], &wants);
    let found = entries(&image, 0);
    assert_eq!(found[0].probed.as_ref().unwrap().parts[0].content.len(), 300_000);
    assert_eq!((&found[1].probed, &found[2].probed), (&None, &None));
    let mut builder = Builder::new(Vec::new());
    let size = usize::try_from(MAX_CAPTURED_FILE).unwrap() + 1;
    builder.append(&header("big", EntryType::Regular, size), vec![0; size].as_slice()).unwrap();
    let layer = builder.into_inner().unwrap();
    let probed = entries(&image_of(&[layer], &wants), 0)[0].probed.clone().unwrap();
    assert!(probed.parts.is_empty() && probed.problem.as_ref().unwrap().contains("more than"));
}

#[test]
fn compression_is_told_by_content() {
    let plain = tar(&[("a", File("content")), ("b", File("more"))]);
    let (first, second) = plain.split_at(700);
    let members = [gzip(first), gzip(b""), gzip(second)].concat();
    let frame = |bytes| zstd::encode_all(bytes, 1).unwrap();
    let skippable = [0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    let frames = [&skippable[..], &frame(first), &skippable, &frame(second), &skippable].concat();
    for bytes in [plain.clone(), members, frames] {
        let image = stored(bytes, &plain);
        assert_eq!(image.problems, []);
        assert_eq!(image.layers[0].diff_id, digest(&plain));
        assert_eq!(image.layers[0].size, plain.len() as u64);
        assert_eq!(entries(&image, 0).len(), 2);
    }
    let image = stored(b"\xfd7zXZ\0rest".to_vec(), &plain);
    assert!(messages(&image)[0].contains("compressed with xz"));
}

#[test]
fn a_layer_that_is_not_what_was_promised_is_told_with_both_digests() {
    let (good, bad) = (tar(&[("a", File("1"))]), tar(&[("b", File("1"))]));
    let (_dir, path) = docker_of(&[good.clone(), bad.clone()], &[digest(&good), digest(b"other")]);
    let image = open(&path.display().to_string(), &all_digests(), None).unwrap();
    assert_eq!(entries(&image, 1).len(), 1);
    assert_eq!(image.problems.len(), 1);
    assert_eq!(image.problems[0].layer, Some(1));
    assert!(messages(&image)[0].starts_with("layer 2 "));
    assert!(messages(&image)[0].contains(&digest(&bad)) && messages(&image)[0].contains(&digest(b"other")));
}

#[test]
fn what_precedes_the_damage_is_reported() {
    let plain = tar(&[("a", File("whole")), ("b", File(&"part".repeat(5000)))]);
    let zipped = gzip(&plain);
    let frame = zstd::encode_all(&plain[..], 1).unwrap();
    let mut spoilt = plain.clone();
    spoilt[1024] = b'!';
    let cut = |bytes: &[u8], end: usize| bytes[..end].to_vec();
    for (bytes, found) in [
        (cut(&plain, 3000), 2),
        (cut(&zipped, zipped.len() - 12), 2),
        // A block comes out whole or not at all.
        (cut(&frame, frame.len() - 2), 0),
        (spoilt, 1),
        (b"no tar at all".repeat(100), 0),
    ] {
        let image = stored(bytes, &plain);
        assert_eq!(entries(&image, 0).len(), found, "{:?}", messages(&image));
        assert!(messages(&image)[0].starts_with("layer 1 "), "{:?}", messages(&image));
        if let Some(first) = entries(&image, 0).first() {
            assert_eq!(first.sha256.as_deref(), digest(b"whole").strip_prefix("sha256:"));
        }
    }
}

#[test]
fn a_bomb_is_stopped_by_what_its_size_can_hold() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let first = tar(&[("a", File("1"))]);
    encoder.write_all(&first[..1024]).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..100 {
        encoder.write_all(&zeros).unwrap();
    }
    let image = stored(encoder.finish().unwrap(), b"");
    assert_eq!(entries(&image, 0).len(), 1);
    assert_eq!(image.problems.len(), 1);
    assert!(messages(&image)[0].contains("unpacks to more than"), "{:?}", messages(&image));
    assert!(image.layers[0].size < 80 << 20);
    assert_eq!(image.layers[0].diff_id, digest(b""));
}

#[test]
fn a_config_with_nulls_is_read() {
    let mut value = config(&[]);
    value["config"] = serde_json::json!({"User": null, "Env": null, "ExposedPorts": null, "WorkingDir": null});
    value["history"] = serde_json::Value::Null;
    let parsed: super::super::ImageConfig = serde_json::from_value(value).unwrap();
    assert_eq!((parsed.config.user.as_str(), parsed.config.env.len(), parsed.history.len()), ("", 0, 0));
}
