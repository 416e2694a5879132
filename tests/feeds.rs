//! Vulnerability data from servers that misbehave: nothing is lost, and a clear word each time.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dockgate::feeds::{FeedError, Mirror, Patience, Store, SyncStep, Synced, WriteLock};
use dockgate::packages::PackageKind;
use serde_json::{Value, json};

/// An archive of records, as a feed has it.
pub(crate) fn archive(records: &[Value]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for record in records {
        let name = format!("{}.json", record["id"].as_str().unwrap());
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(record.to_string().as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub(crate) fn record(id: &str, ecosystem: &str, package: &str, fixed: &str) -> Value {
    json!({
        "id": id, "modified": "2026-01-01T00:00:00Z", "summary": format!("a flaw of {package} whose text is long enough to fill some bytes {id}"),
        "affected": [{ "package": { "ecosystem": ecosystem, "name": package },
                       "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }, { "fixed": fixed }] }] }],
    })
}

/// Answers one request after another with what it is told, and remembers the requests.
struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for answer in answers {
                let Ok((mut connection, _)) = listener.accept() else { return };
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && connection.read(&mut byte).is_ok_and(|n| n == 1) {
                    request.push(byte[0]);
                }
                seen.lock().unwrap().push(String::from_utf8_lossy(&request).to_lowercase());
                let _ = connection.write_all(&answer);
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// An answer whose body may be shorter than it says.
fn answer(status: &str, headers: &[(&str, &str)], length: usize, body: &[u8]) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    [text.as_bytes(), b"\r\n", body].concat()
}

fn whole(body: &[u8], headers: &[(&str, &str)]) -> Vec<u8> {
    answer("200 OK", headers, body.len(), body)
}

pub(crate) const PATIENCE: Patience = Patience {
    tries: 3,
    pause: Duration::from_millis(1),
    longest: Duration::from_millis(1500),
    idle: Duration::from_millis(300),
};

/// Synchronises npm from a server.
fn sync(folder: &Path, server: &Server) -> Result<Synced, FeedError> {
    let lock = WriteLock::take(folder).unwrap();
    lock.sync("npm", &Mirror::parse(&server.url).unwrap(), PATIENCE, &|_: SyncStep<'_>| {})
}

fn records(folder: &Path) -> u64 {
    Store::open(folder).unwrap().sources.iter().map(|s| s.description().records).sum()
}

fn many(count: usize) -> Vec<Value> {
    (0..count).map(|i| record(&format!("GHSA-{i:04}"), "npm", &format!("package-{i}"), "1.0.0")).collect()
}

/// A folder with one record of an earlier sync.
fn with_old_data() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let old = archive(&many(1));
    sync(folder.path(), &Server::start(vec![whole(&old, &[("etag", "\"old\"")])])).unwrap();
    assert_eq!(records(folder.path()), 1);
    folder
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_stopped() {
    let folder = with_old_data();
    let body = archive(&many(50));
    let half = body.len() / 2;
    let range = format!("bytes {half}-{}/{}", body.len() - 1, body.len());
    let server = Server::start(vec![
        answer("200 OK", &[("etag", "\"new\"")], body.len(), &body[..half]),
        answer(
            "206 Partial Content",
            &[("etag", "\"new\""), ("content-range", &range)],
            body.len() - half,
            &body[half..],
        ),
    ]);
    assert!(matches!(sync(folder.path(), &server).unwrap(), Synced::New(_)));
    assert_eq!(records(folder.path()), 50);
    let requests = server.requests();
    assert!(
        requests[1].contains(&format!("range: bytes={half}-")) && requests[1].contains("if-range: \"new\""),
        "{}",
        requests[1]
    );
    assert!(fs::read_dir(folder.path()).unwrap().all(|e| !e.unwrap().file_name().to_string_lossy().contains(".part")));
}

#[test]
fn a_download_that_never_ends_leaves_the_old_data_and_its_part_for_the_next_run() {
    let folder = with_old_data();
    let body = archive(&many(50));
    let half = body.len() / 2;
    let broken = || answer("200 OK", &[("etag", "\"new\"")], body.len(), &body[..half]);
    // A server without ranges begins anew each time.
    let range = format!("bytes {half}-{}/{}", body.len() - 1, body.len());
    let part = [("etag", "\"new\""), ("content-range", range.as_str())];
    let rest = answer("206 Partial Content", &part, body.len() - half, &body[half..]);
    let server = Server::start(vec![broken(), broken(), broken(), rest]);
    let error = sync(folder.path(), &server).unwrap_err();
    assert!(matches!(&error, FeedError::Interrupted { got, .. } if *got == half as u64), "{error}");
    assert!(error.help().unwrap().contains("goes on where it stopped"));
    assert_eq!(records(folder.path()), 1);
    sync(folder.path(), &server).unwrap();
    assert!(server.requests()[3].contains(&format!("range: bytes={half}-")));
    assert_eq!(records(folder.path()), 50);
}

#[test]
fn a_part_of_something_else_is_thrown_away() {
    let folder = with_old_data();
    let (first, second) = (archive(&many(50)), archive(&many(20)));
    let half = first.len() / 2;
    let server = Server::start(vec![
        answer("200 OK", &[("etag", "\"a\"")], first.len(), &first[..half]),
        // It changed meanwhile: the server sends it whole.
        whole(&second, &[("etag", "\"b\"")]),
    ]);
    sync(folder.path(), &server).unwrap();
    assert_eq!(records(folder.path()), 20);
}

#[test]
fn a_wrong_checksum_is_told_and_the_old_data_stays() {
    for header in [
        ("x-goog-hash", "crc32c=AAAAAA==,md5=AAAAAAAAAAAAAAAAAAAAAA=="),
        ("content-md5", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ("repr-digest", "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"),
    ] {
        let folder = with_old_data();
        let body = archive(&many(5));
        let error = sync(folder.path(), &Server::start(vec![whole(&body, &[header])])).unwrap_err();
        assert!(matches!(&error, FeedError::Checksum { .. }), "{header:?} {error}");
        assert_eq!(records(folder.path()), 1);
        sync(folder.path(), &Server::start(vec![whole(&body, &[])])).unwrap();
        assert_eq!(records(folder.path()), 5, "nothing of the wrong file is used");
    }
    // The checksum of what is sent.
    let folder = tempfile::tempdir().unwrap();
    let body = archive(&many(5));
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&body);
    let right = format!("sha-256={}", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest));
    sync(folder.path(), &Server::start(vec![whole(&body, &[("digest", &right)])])).unwrap();
    assert_eq!(records(folder.path()), 5);
}

#[test]
fn a_truncated_archive_or_a_page_in_its_place_is_told() {
    let body = archive(&many(50));
    let mut flipped = body.clone();
    flipped[200] ^= 0xff;
    for wrong in [&body[..body.len() - 300], b"<html>sign in</html>", &flipped] {
        let folder = with_old_data();
        let error = sync(folder.path(), &Server::start(vec![whole(wrong, &[("etag", "\"w\"")])])).unwrap_err();
        assert!(error.to_string().contains("/npm/all.zip"), "{error}");
        assert_eq!(records(folder.path()), 1);
        let right = Server::start(vec![whole(&body, &[])]);
        sync(folder.path(), &right).unwrap();
        assert!(!right.requests()[0].contains("range:"), "what was whole and broken is not gone on with");
        assert_eq!(records(folder.path()), 50);
    }
}

#[test]
fn a_record_that_is_none_is_named_with_its_archive() {
    let folder = with_old_data();
    let server = Server::start(vec![whole(&archive(&[json!({ "id": "GHSA-x", "affected": 5 })]), &[])]);
    let told = sync(folder.path(), &server).unwrap_err().to_string();
    let expected = format!("cannot read GHSA-x.json in {}/npm/all.zip: it is no vulnerability record", server.url);
    assert!(told.starts_with(&expected), "{told}");
    assert_eq!(records(folder.path()), 1);
}

#[test]
fn nothing_new_costs_one_request() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(vec![
        whole(&archive(&many(2)), &[("etag", "\"v\""), ("last-modified", "Wed, 21 Oct 2015 07:28:00 GMT")]),
        answer("304 Not Modified", &[], 0, b""),
    ]);
    let checked = || Store::open(folder.path()).unwrap().sources[0].checked;
    sync(folder.path(), &server).unwrap();
    let before = checked();
    std::thread::sleep(Duration::from_millis(1100));
    assert!(matches!(sync(folder.path(), &server).unwrap(), Synced::Unchanged));
    let second = &server.requests()[1];
    assert!(second.contains("if-none-match: \"v\"") && second.contains("if-modified-since: wed, 21 oct"), "{second}");
    assert_eq!(records(folder.path()), 2);
    assert!(checked() > before, "it is known to be current since now");
}

#[test]
fn a_busy_server_is_waited_for_as_long_as_it_asks() {
    let folder = with_old_data();
    let body = archive(&many(3));
    let busy = |seconds: &str| answer("429 Too Many Requests", &[("retry-after", seconds)], 0, b"");
    let started = std::time::Instant::now();
    sync(folder.path(), &Server::start(vec![busy("1"), whole(&body, &[])])).unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(records(folder.path()), 3);
    // Longer than anybody waits: told at once.
    let error = sync(folder.path(), &Server::start(vec![busy("86400")])).unwrap_err();
    assert!(matches!(error, FeedError::TooBusy { seconds: Some(86400), .. }), "{error}");
    let gone = sync(folder.path(), &Server::start(vec![answer("404 Not Found", &[], 0, b"")])).unwrap_err();
    assert!(gone.to_string().contains("404"), "{gone}");
    assert_eq!(records(folder.path()), 3);
}

#[test]
fn a_password_in_an_address_is_not_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(vec![answer("403 Forbidden", &[], 0, b"")]);
    let url = server.url.replace("http://", "http://user:hunter2@");
    let lock = WriteLock::take(folder.path()).unwrap();
    let error = lock.sync("npm", &Mirror::parse(&url).unwrap(), PATIENCE, &|_| {}).unwrap_err();
    assert!(error.to_string().contains("403") && !error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn one_at_a_time_writes() {
    let folder = tempfile::tempdir().unwrap();
    let first = WriteLock::take(folder.path()).unwrap();
    assert!(matches!(WriteLock::take(folder.path()), Err(FeedError::Locked { .. })));
    drop(first);
    // What a process left that was killed in the middle is cleared away.
    let left = folder.path().join(".new-a1b2c3");
    fs::write(&left, "half").unwrap();
    WriteLock::take(folder.path()).unwrap();
    assert!(!left.exists());
}

#[cfg(unix)]
#[test]
fn one_user_synchronises_for_all() {
    use std::os::unix::fs::PermissionsExt;
    let folder = with_old_data();
    let usual = fs::metadata(folder.path().join("lock")).unwrap().permissions().mode();
    for name in ["npm.store", "npm.state.json"] {
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, usual & 0o777, "{name}");
    }
}

#[test]
fn registries_are_asked_about_names_and_what_they_lack_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let document = br#"{"dist-tags": {"latest": "1.3.0"}, "versions": {"1.2.0": {}, "1.3.0": {}}}"#;
    let server = Server::start(vec![whole(document, &[]), answer("404 Not Found", &[], 0, b"")]);
    let lock = WriteLock::take(folder.path()).unwrap();
    let names = ["@a/left-pad".to_owned(), "no-such".to_owned()];
    let asked =
        lock.sync_registry(PackageKind::Npm, &names, &Mirror::parse(&server.url).unwrap(), PATIENCE, &|_| {}).unwrap();
    assert_eq!(asked, (1, 1));
    assert!(server.requests()[0].starts_with("get /@a%2fleft-pad "), "{}", server.requests()[0]);
    let registries = Store::open(folder.path()).unwrap().registries;
    assert_eq!(registries.get(PackageKind::Npm, "@a/left-pad").unwrap().latest.as_deref(), Some("1.3.0"));
    assert!(!registries.get(PackageKind::Npm, "no-such").unwrap().is_known());
    assert!(registries.get(PackageKind::Npm, "other").is_none());
}

#[test]
fn an_archive_of_something_else_takes_no_ones_place() {
    let withdrawn = {
        let mut record = record("GHSA-1", "npm", "x", "1.0.0");
        record["withdrawn"] = json!("2026-01-02T00:00:00Z");
        record
    };
    for (records, word) in [
        (vec![], "no vulnerability records"),
        (vec![withdrawn], "no record of npm that counts"),
        (vec![record("PYSEC-1", "PyPI", "x", "1.0.0")], "no record of npm that counts"),
        (vec![record("HSEC-1", "Hackage", "x", "1.0.0")], "no record of npm that counts"),
    ] {
        let folder = with_old_data();
        let error = sync(folder.path(), &Server::start(vec![whole(&archive(&records), &[])])).unwrap_err();
        assert!(error.to_string().contains(word) && error.to_string().contains("/npm/all.zip"), "{error}");
        assert_eq!(records_of_npm(folder.path()), 1);
    }
    for body in [&b""[..], b"<html>sign in</html>", b"{\"id\": \"GHSA-1\"}"] {
        let folder = with_old_data();
        let error = sync(folder.path(), &Server::start(vec![whole(body, &[])])).unwrap_err();
        assert!(error.to_string().ends_with("it is no zip archive"), "{error}");
        assert_eq!(records_of_npm(folder.path()), 1);
    }
}

fn records_of_npm(folder: &Path) -> u64 {
    Store::open(folder).unwrap().sources[0].description().ecosystems["npm"]
}

#[test]
fn a_server_that_wastes_time_is_left() {
    // Round and round: told at once.
    let folder = with_old_data();
    let again = || answer("302 Found", &[("location", "/npm/all.zip")], 0, b"");
    let server = Server::start((0..10).map(|_| again()).collect());
    let error = sync(folder.path(), &server).unwrap_err();
    assert!(error.to_string().contains("too many redirects"), "{error}");
    assert_eq!(server.requests().len(), 6, "no use in trying again");
    // To a file of this machine.
    let away = answer("302 Found", &[("location", "file:///etc/passwd")], 0, b"");
    assert!(sync(folder.path(), &Server::start(vec![away])).unwrap_err().to_string().contains("302"));
    // Busy, and does not say how long.
    for when in ["soon", "-5"] {
        let busy = || answer("429 Too Many Requests", &[("retry-after", when)], 0, b"");
        let error = sync(folder.path(), &Server::start(vec![busy(), busy(), busy()])).unwrap_err();
        assert!(error.to_string().ends_with("asks to be left alone, and does not say for how long"), "{error}");
    }
    // A byte now and then.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut request = [0; 1024];
            let _ = connection.read(&mut request);
            let mut sent = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
            while sent.is_ok() {
                std::thread::sleep(Duration::from_millis(50));
                sent = connection.write_all(b"x");
            }
        }
    });
    let lock = WriteLock::take(folder.path()).unwrap();
    let error = lock.sync("npm", &Mirror::parse(&url).unwrap(), PATIENCE, &|_| {}).unwrap_err();
    assert!(error.to_string().contains("next to nothing arrived for too long"), "{error}");
    assert_eq!(records(folder.path()), 1);
}

#[test]
fn odd_records_are_taken_or_told() {
    let taken = |content: &[u8]| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, content) in [("../../evil.json", many(1)[0].to_string().as_bytes()), ("b.json", content)] {
            zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        let folder = with_old_data();
        let body = zip.finish().unwrap().into_inner();
        let synced = sync(folder.path(), &Server::start(vec![whole(&body, &[])])).map_err(|e| e.to_string());
        assert!(!folder.path().parent().unwrap().join("evil.json").exists());
        synced.map(|_| records(folder.path()))
    };
    let other = record("GHSA-9", "npm", "y", "1.0.0").to_string();
    assert_eq!(taken(format!("\u{feff}{other}").as_bytes()), Ok(2));
    let deep = format!("{{\"id\": \"X\", \"other\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(taken(deep.as_bytes()), Ok(1));
    for wrong in ["{\"id\": 5}", "{}", "null", "{\"id\": \"X\", \"affected\": \"y\"}", "\u{0}"] {
        let error = taken(wrong.as_bytes()).unwrap_err();
        assert!(error.contains("b.json") && error.contains("no vulnerability record"), "{error}");
    }
}

#[test]
fn mirrors_and_ecosystems_that_cannot_be_are_told() {
    for wrong in ["ftp://example.test/", "", "https://", "s3://bucket/feeds"] {
        assert!(matches!(Mirror::parse(wrong), Err(FeedError::Mirror { .. })), "{wrong}");
    }
    let folder = tempfile::tempdir().unwrap();
    let lock = WriteLock::take(folder.path()).unwrap();
    let mirror = Mirror::Folder(folder.path().to_owned());
    let told = |name: &str| {
        let error = lock.sync(name, &mirror, PATIENCE, &|_| {}).unwrap_err();
        format!("{error}: {}", error.help().unwrap())
    };
    assert_eq!(told("Debain"), "no ecosystem is called `Debain`: did you mean `Debian`?");
    assert_eq!(told("Ubuntu:22.04:LTS"), "no ecosystem is called `Ubuntu:22.04:LTS`: `Ubuntu` has all its releases");
    assert!(told("Hackage").starts_with("packages of Hackage are not read from images"));
    assert!(told("Fedora").starts_with("no ecosystem is called `Fedora`: it can be AlmaLinux, "));
}
