use std::sync::Arc;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::super::inventory;
use super::*;
use crate::image::{Change, Checksums, Entry, Layer};

/// A file with its digests, as the reader gives it.
pub(in crate::packages) fn file(path: &str, mode: u32, content: &str) -> Entry {
    let checksums = Checksums { md5: Md5::digest(content).into(), sha1: Sha1::digest(content).into() };
    Entry {
        mode,
        size: content.len() as u64,
        sha256: Some(Sha256::digest(content).iter().map(|b| format!("{b:02x}")).collect()),
        checksums: Some(Box::new(checksums)),
        content: Some(Arc::from(content.as_bytes())),
        ..Entry::new(path, EntryKind::File)
    }
}

pub(in crate::packages) fn link(path: &str, target: &str) -> Entry {
    Entry { link: Some(target.to_owned()), ..Entry::new(path, EntryKind::Symlink) }
}

/// Path and difference of every file that differs, and the notes.
pub(in crate::packages) fn differing(entries: Vec<Entry>) -> (Vec<String>, Vec<String>) {
    let changes = entries.into_iter().map(|entry| Change::Add(Arc::new(entry))).collect();
    let tree = Tree::merge(&[Layer { changes, ..Layer::default() }]);
    let recorded = recorded(&tree, &inventory(&tree));
    let told = |file: &RecordedFile| {
        let what = match file.difference(&tree)? {
            Difference::Missing => "missing".to_owned(),
            Difference::Changed(what) => what.join(", "),
        };
        Some(format!("{} {}: {what}", file.package, file.path))
    };
    (recorded.files.iter().filter_map(told).collect(), recorded.notes())
}

fn md5(content: &str) -> String {
    Md5::digest(content).iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn files_are_held_against_the_lists_of_dpkg() {
    let status = format!(
        "Package: one\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\nConffiles:\n /etc/one {0}\n /etc/gone {0}\n /etc/old {0} obsolete\n\n\
         Package: two\nStatus: install ok installed\nVersion: 1\n\nPackage: bare\nStatus: install ok installed\nVersion: 1\n\n\
         Package: removed\nStatus: deinstall ok config-files\nVersion: 1\nConffiles:\n /etc/removed {0}\n\n",
        md5("as it came")
    );
    let list = |files: &[(&str, &str)]| -> String {
        files.iter().map(|(path, content)| format!("{}  {path}\n", md5(content))).collect()
    };
    let one = list(&[
        ("usr/bin/same", "same"),
        ("usr/bin/other", "before"),
        ("usr/bin/with blank", "x"),
        ("bin/moved", "moved"),
        ("usr/share/doc/one/README", "x"),
        ("usr/share/doc/one/copyright", "c"),
        ("usr/bin/linked", "x"),
        ("usr/bin/never", "x"),
    ]);
    let (told, notes) = differing(vec![
        file("/var/lib/dpkg/status", 0o644, &status),
        file("/var/lib/dpkg/info/one:amd64.md5sums", 0o644, &one),
        file("/var/lib/dpkg/info/two.md5sums", 0o644, &list(&[("bin/moved", "of two")])),
        file("/var/lib/dpkg/info/removed.md5sums", 0o644, &list(&[("bin/removed", "x")])),
        file("/var/lib/dpkg/diversions", 0o644, "/bin/moved\n/bin/moved.real\ntwo\n"),
        file(
            "/etc/dpkg/dpkg.cfg.d/docs",
            0o644,
            "# slim\npath-exclude=/usr/share/doc/*\npath-include=/usr/share/doc/*/copyright\n",
        ),
        link("/bin", "usr/bin"),
        file("/usr/bin/same", 0o755, "same"),
        file("/usr/bin/other", 0o755, "after"),
        file("/usr/bin/with blank", 0o755, "x"),
        file("/usr/bin/moved", 0o755, "of two"),
        file("/usr/bin/moved.real", 0o755, "moved"),
        link("/usr/bin/linked", "same"),
        file("/etc/one", 0o644, "as the site wants it"),
    ]);
    assert_eq!(
        told,
        [
            "one /etc/gone: missing",
            "one /usr/bin/linked: it is a symbolic link now",
            "one /usr/bin/never: missing",
            "one /usr/bin/other: its content differs",
            "one /usr/share/doc/one/copyright: missing",
        ]
    );
    assert_eq!(
        notes,
        [
            "1 file of a package was not held against what is recorded: dpkg was told to leave them out (path-exclude in /etc/dpkg/dpkg.cfg.d)",
            "the database has no record of the files of bare, so they were held against nothing",
        ]
    );
}

#[test]
fn files_are_held_against_the_database_of_apk() {
    let (sha1, sha256) = (Sha1::digest("same"), Sha256::digest("new"));
    let q1 = format!("Q1{}", base64(&sha1));
    let q2 = format!("Q2{}", base64(&sha256[..20]));
    let database = format!(
        "P:one\nV:1\nF:bin\nR:same\na:0:0:755\nZ:{q1}\nR:other\nZ:{q1}\nR:link\na:0:0:777\nZ:{q1}\nR:new\nZ:{q2}\nR:later\nZ:{q2}\n\
         F:\nR:top\nZ:Q9x\nR:no-sum\nF:etc\nR:gone\nZ:{q1}\n\n"
    );
    let (told, notes) = differing(vec![
        file("/lib/apk/db/installed", 0o644, &database),
        file("/bin/same", 0o4755, "same"),
        file("/bin/other", 0o644, "changed"),
        link("/bin/link", "same"),
        file("/bin/new", 0o644, "new"),
        file("/bin/later", 0o644, "newer"),
    ]);
    assert_eq!(
        told,
        [
            "one /bin/later: its content differs",
            "one /bin/other: its content differs",
            "one /bin/same: its mode is 4755 in place of 0755",
            "one /etc/gone: missing",
            "one /top: missing",
        ]
    );
    assert_eq!(
        notes,
        [
            "1 file of a package was not held against what is recorded: their digests are of a kind that is not computed here"
        ]
    );
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn what_was_not_hashed_is_not_called_changed() {
    let record = RecordedFile {
        package: "one".to_owned(),
        path: "/bin/a".to_owned(),
        digest: Some(RecordedDigest::Md5([1; 16])),
        ..RecordedFile::default()
    };
    let changes = vec![Change::Add(Arc::new(Entry::new("/bin/a", EntryKind::File)))];
    let tree = Tree::merge(&[Layer { changes, ..Layer::default() }]);
    assert_eq!(record.difference(&tree), None);
    let (absent, optional) = (RecordedFile { path: "/bin/b".to_owned(), ..record.clone() }, true);
    assert_eq!(absent.difference(&tree), Some(Difference::Missing));
    assert_eq!(RecordedFile { is_optional: optional, ..absent }.difference(&tree), None);
}

#[test]
fn paths_are_bounded() {
    let mut recorded = Recorded { room: 10, ..Recorded::default() };
    for path in ["/a", "/123456789", "/b"] {
        recorded.push(RecordedFile { path: path.to_owned(), ..RecordedFile::default() });
    }
    recorded.push(RecordedFile { path: format!("/{}", "x".repeat(5000)), ..RecordedFile::default() });
    assert_eq!((recorded.files.len(), recorded.left_out.get(TOO_MANY)), (2, Some(&2)));
}
