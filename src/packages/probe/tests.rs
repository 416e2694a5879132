use std::io::Write;

use super::*;
use crate::image::{EntryKind, Probed};

fn probe(path: &str, mode: u32, size: u64) -> Option<Box<dyn Probe>> {
    choose(&Entry {
        path: path.to_owned(),
        kind: EntryKind::File,
        mode,
        uid: 0,
        gid: 0,
        size,
        sha256: None,
        checksums: None,
        link: None,
        capability: None,
        content: None,
        matches: Vec::new(),
        probed: None,
    })
}

/// Feeds a file to its probe in pieces of `step` bytes; `size` may say that it is larger than it is.
fn run(path: &str, bytes: &[u8], size: u64, step: usize) -> Option<Probed> {
    let mut probe = probe(path, 0o755, size)?;
    bytes.chunks(step).for_each(|piece| probe.feed(piece));
    probe.finish()
}

fn parts(probed: &Probed) -> Vec<(&str, String)> {
    probed.parts.iter().map(|p| (p.name.as_str(), String::from_utf8_lossy(&p.content).into_owned())).collect()
}

/// A 64-bit ELF file with sections of these names and contents, each at a multiple of sixteen, all of it loaded at
/// address 0x1000.
fn elf(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let words = |words: &[u64]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let mut data = vec![0; 64 + 56];
    let mut names = vec![0];
    let mut headers = vec![0; 64];
    let mut add = |name: &str, bytes: &[u8], names: &mut Vec<u8>| {
        data.resize(data.len().next_multiple_of(16), 0);
        let at = u32::try_from(names.len()).unwrap();
        names.extend(name.bytes().chain([0]));
        headers.extend(at.to_le_bytes());
        headers.extend([0; 20]);
        headers.extend(words(&[data.len() as u64, bytes.len() as u64]));
        headers.extend([0; 24]);
        data.extend_from_slice(bytes);
    };
    for (name, bytes) in sections {
        add(name, bytes, &mut names);
    }
    let list = [names.clone(), b".shstrtab\0".to_vec()].concat();
    add(".shstrtab", &list, &mut names);
    let (table, count) = (data.len() as u64, u16::try_from(sections.len() + 2).unwrap());
    let mut head = b"\x7fELF\x02\x01\x01".to_vec();
    head.resize(32, 0);
    head.extend(words(&[64, table]));
    head.extend([0; 6]);
    head.extend([56_u16, 1, 64, count, count - 1].iter().flat_map(|n| n.to_le_bytes()));
    head.extend([1, 0, 0, 0, 6, 0, 0, 0]);
    head.extend(words(&[0, 0x1000, 0x1000, table, table, 0x1000]));
    data[..head.len()].copy_from_slice(&head);
    [data, headers].concat()
}

/// Go's build information with both strings behind the magic.
fn go_inline(modules: &str) -> Vec<u8> {
    let modules = format!("0123456789abcdef{modules}0123456789abcdef");
    let mut bytes = [&go::magic()[..], &[8, 2]].concat();
    bytes.resize(32, 0);
    bytes.extend(b"\x08go1.22.1");
    bytes.extend([u8::try_from(modules.len() & 0x7f).unwrap() | 0x80, u8::try_from(modules.len() >> 7).unwrap()]);
    bytes.extend(modules.bytes());
    bytes
}

const MODULES: &str = "path\texample.com/x\nmod\texample.com/x\t(devel)\t\n";

#[test]
fn go_binaries_tell_their_modules() {
    let told = format!("go1.22.1\n{MODULES}");
    let file = elf(&[(".text", b"code"), (".go.buildinfo", &go_inline(MODULES))]);
    for step in [1, 7, 4096] {
        let probed = run("/bin/x", &file, file.len() as u64, step).unwrap();
        assert_eq!(parts(&probed), [("go.buildinfo", told.clone())]);
    }
    // Before Go 1.18: pointers to strings, which are a pointer and a length each.
    let at = |offset: u64| 0x1000 + offset;
    let modules = format!("0123456789abcdef{MODULES}0123456789abcdef");
    let strings = 128 + 64;
    let mut old = [&go::magic()[..], &[8, 0]].concat();
    for word in [at(128 + 32), at(128 + 48), at(strings), 6, at(strings + 6), modules.len() as u64] {
        old.extend(word.to_le_bytes());
    }
    old.extend([b"go1.17".to_vec(), modules.into_bytes()].concat());
    let probed = run("/bin/x", &elf(&[(".go.buildinfo", &old)]), 2000, 4096).unwrap();
    assert_eq!(parts(&probed), [("go.buildinfo", format!("go1.17\n{MODULES}"))]);
}

#[test]
fn large_binaries_are_searched() {
    let large = MAX_WHOLE + 1;
    let mut file = elf(&[(".text", &go::magic()), (".go.buildinfo", &go_inline(MODULES))]);
    file.extend(b"\0.text\0.dep-v0\0");
    for step in [1, 5, 13, 64, 4096] {
        let probed = run("/bin/x", &file, large, step).unwrap();
        assert_eq!(parts(&probed), [("go.buildinfo", format!("go1.22.1\n{MODULES}"))], "{step}");
        assert!(probed.problem.unwrap().contains("Rust crates"));
    }
    let old = elf(&[(".go.buildinfo", &[&go::magic()[..], &[8, 0]].concat())]);
    assert!(run("/bin/x", &old, large, 64).unwrap().problem.unwrap().contains("Go modules"));
    assert_eq!(run("/bin/x", &elf(&[(".text", b"code")]), large, 64), None);
}

#[test]
fn rust_binaries_tell_their_crates() {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(br#"{"packages":[]}"#).unwrap();
    let file = elf(&[(".dep-v0", &packed.finish().unwrap())]);
    assert_eq!(parts(&run("/bin/x", &file, 2000, 100).unwrap()), [(".dep-v0", r#"{"packages":[]}"#.to_owned())]);
    let broken = run("/bin/x", &elf(&[(".dep-v0", b"no zlib")]), 2000, 100).unwrap();
    assert!(broken.parts.is_empty() && broken.problem.unwrap().contains("unpacked"));
    assert_eq!(run("/bin/x", &elf(&[(".text", b"code")]), 2000, 100), None);
    assert_eq!(run("/bin/x", b"#!/bin/sh\necho it is a script, and long enough to be a binary", 2000, 100), None);
    assert!(probe("/lib/x.so", 0o644, 2000).is_none() && probe("/bin/x", 0o755, 10).is_none());
}

/// A ZIP archive of these members, every other one deflated, behind a script.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (b"#!/bin/sh\n".to_vec(), Vec::new());
    for (index, (name, content)) in members.iter().enumerate() {
        let (method, packed) = if index % 2 == 0 {
            (0_u16, content.to_vec())
        } else {
            let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
            packed.write_all(content).unwrap();
            (8, packed.finish().unwrap())
        };
        let long = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
        let name_length = u16::try_from(name.len()).unwrap().to_le_bytes();
        let sizes = [[0; 4], long(packed.len()), long(content.len())].concat();
        let header = long(file.len() - 10);
        let common = [&[20, 0, 0, 0][..], &method.to_le_bytes(), &[0; 4], &sizes, &name_length, &[0; 2]].concat();
        file.extend([b"PK\x03\x04", &common[..], name.as_bytes(), &packed].concat());
        directory.extend([b"PK\x01\x02\x14\0", &common[..], &[0; 10], &header, name.as_bytes()].concat());
    }
    let lengths = [directory.len(), file.len() - 10].map(|n| u32::try_from(n).unwrap().to_le_bytes()).concat();
    let end = [b"PK\x05\x06", &[0; 8][..], &lengths, &[5, 0], b"PK\x05\x06!"].concat();
    [file, directory, end].concat()
}

#[test]
fn archives_are_looked_into_to_any_depth_that_is_sane() {
    let properties = ("META-INF/maven/g/a/pom.properties", &b"version=1"[..]);
    let inner = zip(&[("a.class", b"x"), properties]);
    let outer = zip(&[("META-INF/MANIFEST.MF", b"Main"), ("lib/inner.jar", &inner), ("b.class", b"x")]);
    let probed = run("/app.war", &outer, outer.len() as u64, 100).unwrap();
    let expected = [
        ("META-INF/MANIFEST.MF", "Main".to_owned()),
        ("lib/inner.jar!/", String::new()),
        ("lib/inner.jar!/META-INF/maven/g/a/pom.properties", "version=1".to_owned()),
    ];
    assert_eq!((parts(&probed).as_slice(), &probed.problem), (&expected[..], &None));
    let mut deep = zip(&[properties]);
    for _ in 0..6 {
        deep = zip(&[("n.jar", &deep)]);
    }
    let problem = run("/deep.jar", &deep, 9, 100).unwrap().problem.unwrap();
    assert!(problem.ends_with("n.jar!/n.jar!/n.jar!/n.jar!/n.jar"), "{problem}");
}

#[test]
fn archives_that_cannot_be_read_are_told() {
    let whole = zip(&[("lib/inner.jar", &zip(&[]))]);
    for (bytes, size, said) in [
        (&whole[..whole.len() - 40], 9, "is damaged"),
        (b"text", 4, "is damaged"),
        (b"", MAX_WHOLE + 1, "larger than 64 MiB"),
        (&zip(&[("lib/inner.jar", b"text")]), 9, "lib/inner.jar"),
    ] {
        assert!(run("/a.jar", bytes, size, 64).unwrap().problem.unwrap().contains(said), "{said}");
    }
    assert_eq!(run("/a.jar", b"", 0, 64), None);
}
