//! The pull against a server that does what registries do on their bad days.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use oci_spec::distribution::Reference;
use serde_json::json;

use super::super::environment::Environment;
use super::super::error::ImageError;
use super::super::fixture::{File, config, digest, gzip, tar};
use super::super::reference::ImageReference;
use super::super::{ReadOptions, Wants, read};
use super::{Registry, RegistryAccess};

/// What a server saw: method and path, and the headers in small letters.
#[derive(Clone, Debug)]
struct Asked {
    path: String,
    headers: String,
}

/// Answers one request, by what was asked and how often something was asked before.
type Answer = dyn Fn(&Asked, usize, &mut TcpStream) + Send + Sync;

/// A server on loopback that gives each connection one answer; `host:port`, and what was asked so far.
fn server(answer: impl Fn(&Asked, usize, &mut TcpStream) + Send + Sync + 'static) -> (String, Arc<Mutex<Vec<Asked>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let log: Arc<Mutex<Vec<Asked>>> = Arc::default();
    let (asked, answer): (_, Arc<Answer>) = (Arc::clone(&log), Arc::new(answer));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
            std::thread::spawn(move || {
                let Some(request) = request(&stream) else { return };
                let before = {
                    let mut asked = asked.lock().unwrap();
                    let before = asked.iter().filter(|a| a.path == request.path).count();
                    asked.push(request.clone());
                    before
                };
                answer(&request, before, &mut stream);
            });
        }
    });
    (address, log)
}

/// Reads the head of a request; none is there when the client tries TLS.
fn request(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = String::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            return Some(Asked { path, headers });
        }
        headers.push_str(&header.to_ascii_lowercase());
    }
}

fn send(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}

/// Half of a body, and the end of the connection.
fn send_half(stream: &mut TcpStream, body: &[u8]) {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body[..body.len() / 2]));
}

/// An image: manifest, config, the layer as stored, and its digest.
struct Made {
    manifest: Vec<u8>,
    config: Vec<u8>,
    layer: Vec<u8>,
}

fn made() -> Made {
    // Random bytes do not shrink, so that the layer takes several runs to send.
    let mut noise = String::new();
    for i in 0..20_000_u32 {
        noise.push_str(&format!("{:08x}", i.wrapping_mul(2_654_435_761)));
    }
    let plain = tar(&[("noise", File(&noise)), ("end", File("1"))]);
    let (layer, config) = (gzip(&plain), config(&[digest(&plain)]).to_string().into_bytes());
    let descriptor = |bytes: &[u8]| json!({"mediaType": "x/y", "digest": digest(bytes), "size": bytes.len()});
    let manifest = json!({"schemaVersion": 2, "config": descriptor(&config), "layers": [descriptor(&layer)]});
    Made { manifest: manifest.to_string().into_bytes(), config, layer }
}

impl Made {
    fn document(&self, path: &str) -> Option<&[u8]> {
        match path.rsplit('/').next()? {
            "1" => Some(&self.manifest),
            name if name == digest(&self.config) => Some(&self.config),
            name if name == digest(&self.layer) => Some(&self.layer),
            _ => None,
        }
    }
}

fn gate(host: &str) -> Result<super::super::Image, ImageError> {
    let reference = ImageReference::parse(&format!("registry:{host}/team/app:1")).unwrap();
    read(&reference, &Wants::default(), &ReadOptions::default())
}

#[test]
fn what_breaks_off_goes_on_where_it_broke_off() {
    let made = made();
    let layer = digest(&made.layer);
    let (host, log) = server(move |asked, before, stream| {
        let Some(body) = made.document(&asked.path) else { return send(stream, "404 Not Found", "", b"") };
        let from: Option<usize> =
            asked.headers.split("range: bytes=").nth(1).and_then(|r| r.split('-').next()?.parse().ok());
        match (before, from) {
            (0, _) if asked.path.contains("/manifests/") => {
                send(stream, "503 Service Unavailable", "Retry-After: 0\r\n", b"");
            }
            (0, _) => send_half(stream, body),
            // Not every server knows ranges: this one gives all of it again.
            (1, Some(_)) => send_half(stream, body),
            (_, Some(from)) => {
                let range = format!("Content-Range: bytes {from}-{}/{}\r\n", body.len() - 1, body.len());
                send(stream, "206 Partial Content", &range, &body[from..]);
            }
            (_, None) => send(stream, "200 OK", "", body),
        }
    });
    let image = gate(&host).unwrap();
    assert_eq!((image.problems, image.layers[0].changes.len()), (vec![], 2));
    assert_eq!(image.tags, [format!("{host}/team/app:1")]);
    let log = log.lock().unwrap();
    let ranges = log.iter().filter(|a| a.path.ends_with(&layer) && a.headers.contains("range: bytes="));
    assert!(ranges.count() >= 2, "{log:#?}");
}

#[test]
fn a_registry_that_lies_is_told() {
    let made = made();
    let mut other = made.layer.clone();
    let last = other.len() - 20;
    other[last] ^= 1;
    let longer = [made.layer.as_slice(), b"more"].concat();
    for (body, told) in
        [(other, "the blob's digest is"), (longer, "sends more than the"), (Vec::new(), "ends it after 0 of")]
    {
        let layer = digest(&made.layer);
        let (manifest, config) = (made.manifest.clone(), made.config.clone());
        let (host, _) = server(move |asked, _, stream| match asked.path.rsplit('/').next() {
            Some("1") => send(stream, "200 OK", "", &manifest),
            Some(name) if name == layer => send(stream, "200 OK", "", &body),
            _ => send(stream, "200 OK", "", &config),
        });
        let problems = gate(&host).unwrap().problems;
        let text: Vec<&str> = problems.iter().map(|p| p.message.as_str()).collect();
        assert!(
            text.iter().any(|t| t.contains(told) || t.contains("damaged") && told.contains("digest")),
            "{told}: {text:?}"
        );
    }
}

#[test]
fn a_document_without_an_end_is_cut_off() {
    let (host, _) = server(|asked, _, stream| {
        if asked.path == "/v2/" {
            return send(stream, "200 OK", "", b"{}");
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while stream.write_all(&[b' '; 65_536]).is_ok() {}
    });
    let error = gate(&host).unwrap_err().to_string();
    assert!(error.contains("longer than"), "{error}");
}

#[test]
fn a_token_is_fetched_with_the_password_and_never_told() {
    let dir = tempfile::tempdir().unwrap();
    let auths = dir.path().join("auth.json");
    let made = made();
    let (host, log) = server(move |asked, _, stream| {
        let host = asked.headers.split("host: ").nth(1).and_then(|h| h.lines().next()).unwrap_or_default().to_owned();
        if asked.path.starts_with("/token?") {
            let is_user = asked.headers.contains("authorization: basic bwu6ahvudgvymg==");
            return match is_user {
                true => send(stream, "200 OK", "", br#"{"access_token": "t0ken"}"#),
                false => send(stream, "401 Unauthorized", "", b"hunter2 is wrong"),
            };
        }
        if !asked.headers.contains("authorization: bearer t0ken") {
            let challenge = format!(
                "WWW-Authenticate: Bearer realm=\"http://{host}/token\",service=\"here\",scope=\"repository:team/app:pull\"\r\n"
            );
            return send(stream, "401 Unauthorized", &challenge, b"");
        }
        match made.document(&asked.path) {
            Some(body) => send(stream, "200 OK", "", body),
            None => send(stream, "404 Not Found", "", b""),
        }
    });
    let open = |auth: &str| {
        std::fs::write(&auths, json!({"auths": {&host: {"auth": auth}}}).to_string()).unwrap();
        let environment = Environment::of([("REGISTRY_AUTH_FILE", auths.to_str().unwrap())]);
        let reference = Reference::try_from(format!("{host}/team/app:1")).unwrap();
        Registry::open(&reference, &RegistryAccess::default(), &environment)
    };
    // me:hunter2 without and with a slip of the finger.
    open("bWU6aHVudGVyMg==").unwrap().variants().unwrap();
    let asked = log.lock().unwrap().iter().filter(|a| a.path.starts_with("/token?")).map(|a| a.path.clone()).next();
    assert_eq!(asked.as_deref(), Some("/token?service=here&scope=repository%3Ateam%2Fapp%3Apull"));
    let error = open("bWU6aHVudGVyMw==").unwrap_err();
    let text = format!("{error} {:?} {error:?}", error.help());
    assert!(text.contains("refuses the credentials") && text.contains("docker login"), "{text}");
    assert!(!text.contains("hunter") && !text.contains("aHVudGVy"), "{text}");
    std::fs::write(&auths, "{}").unwrap();
    let environment = Environment::of([("REGISTRY_AUTH_FILE", auths.to_str().unwrap())]);
    let reference = Reference::try_from(format!("{host}/team/app:1")).unwrap();
    let error = Registry::open(&reference, &RegistryAccess::default(), &environment).unwrap_err().to_string();
    assert!(error.contains("refuses") || error.contains("there are no credentials"), "{error}");
}

#[test]
fn what_is_not_there_is_told_with_what_the_registry_says() {
    let (host, _) = server(|_, _, stream| {
        let body = br#"{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}"#;
        send(stream, "404 Not Found", "", body);
    });
    let error = gate(&host).unwrap_err();
    assert!(matches!(error, ImageError::Absent { .. }));
    assert!(error.to_string().ends_with("the registry has no such image: manifest unknown"), "{error}");
}
