use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::inventory;
use super::*;
use crate::image::{Entry, EntryKind};

/// A value of a header.
enum Value<'v> {
    Text(&'v str),
    Number(u32),
    Texts(&'v [&'v str]),
    Numbers(&'v [u32]),
    Shorts(&'v [u16]),
    Bytes(&'v [u8]),
}
use Value::{Bytes, Number, Numbers, Shorts, Text, Texts};

/// A header as the databases hold it.
fn header(tags: &[(u32, Value<'_>)]) -> Vec<u8> {
    let (mut index, mut data) = (Vec::new(), Vec::new());
    for (tag, value) in tags {
        let (kind, count) = match value {
            Text(_) => (6, 1),
            Number(_) => (4, 1),
            Texts(texts) => (8, texts.len()),
            Numbers(numbers) => (4, numbers.len()),
            Shorts(numbers) => (3, numbers.len()),
            Bytes(bytes) => (1, bytes.len()),
        };
        for number in [*tag, kind, u32::try_from(data.len()).unwrap(), u32::try_from(count).unwrap()] {
            index.extend(number.to_be_bytes());
        }
        match value {
            Text(text) => data.extend(text.bytes().chain([0])),
            Number(number) => data.extend(number.to_be_bytes()),
            Texts(texts) => data.extend(texts.iter().flat_map(|text| text.bytes().chain([0]))),
            Numbers(numbers) => data.extend(numbers.iter().flat_map(|number| number.to_be_bytes())),
            Shorts(numbers) => data.extend(numbers.iter().flat_map(|number| number.to_be_bytes())),
            Bytes(bytes) => data.extend(*bytes),
        }
    }
    let lengths = [tags.len(), data.len()].map(|n| u32::try_from(n).unwrap().to_be_bytes());
    [lengths.concat(), index, data].concat()
}

fn bash() -> Vec<u8> {
    let tags = [
        (1003, Number(2)),
        (1000, Text("bash")),
        (1001, Text("5.1.8")),
        (1002, Text("6.el9")),
        (1014, Text("GPLv3+")),
        (1022, Text("x86_64")),
        (1116, Numbers(&[0, 1, 1, 9])),
        (1117, Texts(&["bash", "skel.key", "sample.pem", "nowhere"])),
        (1118, Texts(&["/usr/bin/", "/usr/share/bash/"])),
        (1044, Text("bash-5.1.8-6.el9.src.rpm")),
    ];
    header(&tags)
}

/// A header longer than a page of the databases below.
fn vim() -> Vec<u8> {
    let summary = "long ".repeat(300);
    let tags = [
        (1005, Text(&summary)),
        (1000, Text("vim-common")),
        (1001, Text("9.0")),
        (1002, Text("1")),
        (1044, Text("vim-9.0-2.src.rpm")),
        (1027, Texts(&["/usr/share/vim/key.pem"])),
    ];
    header(&tags)
}

/// An SQLite file of pages of 512 bytes: the schema, an inner page, and a leaf for each row.
fn sqlite(blobs: &[Vec<u8>]) -> Vec<u8> {
    fn varint(number: usize) -> Vec<u8> {
        if number < 128 {
            vec![u8::try_from(number).unwrap()]
        } else {
            vec![u8::try_from(number >> 7).unwrap() | 0x80, u8::try_from(number & 0x7f).unwrap()]
        }
    }
    fn page(head: &[u8], kind: u8, cell: &[u8], right: Option<u32>) -> Vec<u8> {
        let mut page = head.to_vec();
        let start = u16::try_from(512 - cell.len()).unwrap();
        page.extend([&[kind, 0, 0, 0, 1][..], &start.to_be_bytes(), &[0]].concat());
        page.extend(right.iter().flat_map(|right| right.to_be_bytes()));
        page.extend(start.to_be_bytes());
        page.resize(usize::from(start), 0);
        page.extend(cell);
        page
    }
    let mut head = b"SQLite format 3\0\x02\0\x01\x01\0".to_vec();
    head.resize(100, 0);
    let schema = b"\x06\x17\x1d\x1d\x01\x0dtablePackagesPackages\x02-";
    let schema = [&[u8::try_from(schema.len()).unwrap(), 1][..], schema].concat();
    let mut file = page(&head, 0x0d, &schema, None);
    // Two rows: the first below the inner page's cell, the second to its right.
    file.extend(page(&[], 0x05, &[0, 0, 0, 3, 1], Some(4)));
    let mut overflow = Vec::new();
    for (row, blob) in blobs.iter().enumerate() {
        let kind = varint(blob.len() * 2 + 12);
        let record = [&[u8::try_from(kind.len() + 2).unwrap(), 0][..], &kind, blob].concat();
        let (most, least) = (512 - 35, (512 - 12) * 32 / 255 - 23);
        let fitting = least + (record.len().max(least) - least) % (512 - 4);
        let local = if record.len() <= most {
            record.len()
        } else if fitting <= most {
            fitting
        } else {
            least
        };
        let mut cell = [varint(record.len()), varint(row + 1), record[..local].to_vec()].concat();
        let mut rest = &record[local..];
        let mut next = u32::try_from(5 + overflow.len() / 512).unwrap();
        if !rest.is_empty() {
            cell.extend(next.to_be_bytes());
        }
        while !rest.is_empty() {
            let (part, more) = rest.split_at(rest.len().min(508));
            next += 1;
            overflow.extend(if more.is_empty() { 0 } else { next }.to_be_bytes());
            overflow.extend(part);
            overflow.resize(overflow.len().next_multiple_of(512), 0);
            rest = more;
        }
        file.extend(page(&[], 0x0d, &cell, None));
    }
    file.extend(overflow);
    file
}

/// An ndb file: one page of slots, then the blobs.
fn ndb(blobs: &[Vec<u8>]) -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let mut slots = [b"RpmP".to_vec(), words(&[0, 7, 1, 3, 0, 0, 0])].concat();
    let mut data = Vec::new();
    for (blob, package) in blobs.iter().zip(1..) {
        let offset = u32::try_from((4096 + data.len()) / 16).unwrap();
        slots.extend([b"Slot".to_vec(), words(&[package, offset, 9])].concat());
        data.extend([b"BlbS".to_vec(), words(&[package, 7, u32::try_from(blob.len()).unwrap()])].concat());
        data.extend(blob);
        data.resize(data.len().next_multiple_of(16), 0);
    }
    while slots.len() < 4096 {
        slots.extend(b"Slot\0\0\0\0\0\0\0\0\0\0\0\0");
    }
    [slots, data].concat()
}

/// A Berkeley DB hash file of pages of 512 bytes: its head, a page of keys, and overflow pages.
fn bdb(blobs: &[Vec<u8>]) -> Vec<u8> {
    fn put(page: &mut [u8], at: usize, bytes: &[u8]) {
        page[at..at + bytes.len()].copy_from_slice(bytes);
    }
    let mut overflow: Vec<Vec<u8>> = Vec::new();
    let mut items: Vec<Vec<u8>> = vec![vec![1, 0, 0, 0, 0], vec![1, 9, 0, 0, 0]];
    for (blob, key) in blobs.iter().zip(1_u32..) {
        items.push([&[1][..], &key.to_le_bytes()].concat());
        let first = u32::try_from(2 + overflow.len()).unwrap();
        let length = u32::try_from(blob.len()).unwrap();
        items.push([&[3, 0, 0, 0][..], &first.to_le_bytes(), &length.to_le_bytes()].concat());
        let parts: Vec<&[u8]> = blob.chunks(512 - 26).collect();
        for (index, part) in parts.iter().enumerate() {
            let next = if index + 1 < parts.len() { first + u32::try_from(index).unwrap() + 1 } else { 0 };
            let mut page = vec![0; 512];
            put(&mut page, 16, &next.to_le_bytes());
            put(&mut page, 22, &u16::try_from(part.len()).unwrap().to_le_bytes());
            page[25] = 7;
            put(&mut page, 26, part);
            overflow.push(page);
        }
    }
    let mut head = vec![0; 512];
    put(&mut head, 12, &0x0006_1561_u32.to_le_bytes());
    put(&mut head, 20, &512_u32.to_le_bytes());
    put(&mut head, 32, &u32::try_from(1 + overflow.len()).unwrap().to_le_bytes());
    let mut keys = vec![0; 512];
    put(&mut keys, 20, &u16::try_from(items.len()).unwrap().to_le_bytes());
    keys[25] = 13;
    let mut end = 512;
    for (index, item) in items.iter().enumerate() {
        end -= item.len();
        put(&mut keys, end, item);
        put(&mut keys, 26 + 2 * index, &u16::try_from(end).unwrap().to_le_bytes());
    }
    [vec![head, keys], overflow].concat().concat()
}

fn tree(files: &[(&str, Option<Vec<u8>>)]) -> Tree {
    let nodes = files.iter().map(|(path, content)| {
        let entry = Entry {
            path: (*path).to_owned(),
            kind: EntryKind::File,
            mode: 0o644,
            uid: 0,
            gid: 0,
            size: 1,
            sha256: None,
            checksums: None,
            link: None,
            capability: None,
            content: content.clone().map(Arc::from),
            matches: Vec::new(),
            probed: None,
        };
        ((*path).to_owned(), Node { entry: Arc::new(entry), layer: 2 })
    });
    Tree { nodes: nodes.collect::<BTreeMap<_, _>>() }
}

#[test]
fn every_format_gives_the_same_packages() {
    let blobs = [bash(), vim()];
    for (path, content) in [
        ("/var/lib/rpm/rpmdb.sqlite", sqlite(&blobs)),
        ("/usr/lib/sysimage/rpm/Packages.db", ndb(&blobs)),
        ("/var/lib/rpm/Packages", bdb(&blobs)),
    ] {
        assert!(is_database(path));
        let packages = inventory(&tree(&[(path, Some(content))]));
        assert_eq!(packages.problems, [], "{path}");
        let purls: Vec<&str> = packages.list.iter().map(|p| p.purl.as_str()).collect();
        assert_eq!(
            purls,
            ["pkg:rpm/bash@5.1.8-6.el9?arch=x86_64&epoch=2", "pkg:rpm/vim-common@9.0-1?upstream=vim%409.0-2"],
            "{path}"
        );
        assert_eq!(packages.list[0].version, "2:5.1.8-6.el9");
        assert_eq!(packages.list[0].licences, ["GPL-3.0-or-later"]);
        assert_eq!((packages.list[0].database.as_str(), packages.list[0].layer), (path, 2));
    }
}

#[test]
fn damage_is_told_and_what_was_read_before_it_stays() {
    let blobs = [bash(), vim()];
    for (path, mut content, kept) in [
        ("/var/lib/rpm/rpmdb.sqlite", sqlite(&blobs), 1),
        ("/var/lib/rpm/Packages.db", ndb(&blobs), 1),
        ("/var/lib/rpm/Packages", bdb(&blobs), 1),
    ] {
        content.truncate(content.len() - 600);
        let packages = inventory(&tree(&[(path, Some(content))]));
        assert_eq!((packages.list.len(), packages.problems.len()), (kept, 1), "{path}: {:?}", packages.problems);
        assert!(packages.problems[0].message.contains(path));
        for content in [None, Some(Vec::new()), Some(b"SQLite format 3\0RpmP".to_vec())] {
            assert_eq!(inventory(&tree(&[(path, content)])).problems.len(), 1, "{path}");
        }
    }
    let headless = inventory(&tree(&[("/var/lib/rpm/Packages.db", Some(ndb(&[header(&[(1000, Text("x"))])])))]));
    assert!(headless.problems[0].message.contains("1 headers without"), "{headless:?}");
}

#[test]
fn a_log_beside_the_database_is_told() {
    let log = ("/var/lib/rpm/rpmdb.sqlite-wal", None);
    let packages = inventory(&tree(&[("/var/lib/rpm/rpmdb.sqlite", Some(sqlite(&[bash(), vim()]))), log]));
    assert_eq!((packages.list.len(), packages.problems.len()), (2, 1));
    assert!(packages.problems[0].message.contains("rpmdb.sqlite-wal"));
}

#[test]
fn a_loop_of_pages_ends() {
    let mut looped = sqlite(&[bash(), vim()]);
    // The inner page's right child is the inner page itself.
    looped[512 + 8..512 + 12].copy_from_slice(&2_u32.to_be_bytes());
    let packages = inventory(&tree(&[("/var/lib/rpm/rpmdb.sqlite", Some(looped))]));
    assert_eq!((packages.list.len(), packages.problems.len()), (1, 1));
}

#[test]
fn files_are_held_against_headers() {
    use crate::packages::recorded::tests::{differing, file, link};

    let same = "0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5";
    let names = ["same", "other", "moded", "conf", "conf-gone", "ghost", "doc", "lax", "link", "folder", "optional"];
    let count = names.len();
    let mut modes = vec![0o100_755_u16; count];
    (modes[8], modes[9]) = (0o120_777, 0o040_755);
    let mut digests = vec![same; count];
    (digests[8], digests[9]) = ("", "");
    let mut links = vec![""; count];
    links[8] = "same";
    let mut flags = vec![0_u32; count];
    (flags[3], flags[4], flags[5], flags[10]) = (1, 1 | 16, 64, 8);
    let mut states = vec![0_u8; count];
    states[6] = 2;
    let mut verify = vec![u32::MAX; count];
    verify[7] = !0b100_0011;
    let header = header(&[
        (1000, Text("tool")),
        (1001, Text("1")),
        (1002, Text("1")),
        (1028, Numbers(&vec![4; count])),
        (1029, Bytes(&states)),
        (1030, Shorts(&modes)),
        (1035, Texts(&digests)),
        (1036, Texts(&links)),
        (1037, Numbers(&flags)),
        (1045, Numbers(&verify)),
        (5011, Numbers(&[8])),
        (1116, Numbers(&vec![0; count])),
        (1117, Texts(&names)),
        (1118, Texts(&["/opt/"])),
    ]);
    let database = Entry {
        content: Some(Arc::from(ndb(&[header]))),
        ..Entry::new("/usr/lib/sysimage/rpm/Packages.db", EntryKind::File)
    };
    let (told, notes) = differing(vec![
        database,
        file("/opt/same", 0o755, "same"),
        file("/opt/other", 0o755, "else"),
        file("/opt/moded", 0o4755, "same"),
        file("/opt/conf", 0o644, "changed"),
        file("/opt/lax", 0o600, "changed"),
        link("/opt/link", "other"),
        Entry { mode: 0o777, ..Entry::new("/opt/folder", EntryKind::Directory) },
    ]);
    assert_eq!(
        told,
        [
            "tool /opt/conf-gone: missing",
            "tool /opt/folder: its mode is 0777 in place of 0755",
            "tool /opt/link: it leads to other in place of same",
            "tool /opt/moded: its mode is 4755 in place of 0755",
            "tool /opt/other: its content differs",
        ]
    );
    assert_eq!(
        notes,
        [
            "1 file of a package was not held against what is recorded: rpm was told not to install them (documentation, other languages or architectures)"
        ]
    );
}

#[test]
fn every_format_names_the_owners_of_files() {
    let blobs = [bash(), vim()];
    let paths = ["/usr/bin/bash", "/usr/share/bash/sample.pem", "/usr/share/vim/key.pem", "/usr/share/bash/nowhere"];
    for (path, content) in [
        ("/var/lib/rpm/rpmdb.sqlite", sqlite(&blobs)),
        ("/usr/lib/sysimage/rpm/Packages.db", ndb(&blobs)),
        ("/var/lib/rpm/Packages", bdb(&blobs)),
    ] {
        let owners = super::super::owners(&tree(&[(path, Some(content))]), paths);
        let owner = |path| owners.get(path).map(String::as_str);
        assert_eq!(paths.map(owner), [Some("bash"), Some("bash"), Some("vim-common"), None], "{path}");
    }
}
