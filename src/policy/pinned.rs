//! Policies on a server, pinned by their digest: `https://example.org/base.toml#sha256=…`. Whoever can write to the server,
//! or stands in between, can break a run and cannot change what it asks for.

use std::net::IpAddr;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::ReadFile;
use crate::text::SourceText;

/// What to do about one that cannot be used.
pub(super) const HELP: &str =
    "write `https://HOST/PATH#sha256=DIGEST`, with the digest that `sha256sum` prints for the file";

/// A policy's address and digest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pinned {
    url: String,
    sha256: String,
}

/// Whether a policy's name is an address.
pub fn is_url(name: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| name.starts_with(scheme))
}

impl Pinned {
    /// The address in a policy's `extends`; `None` for a built-in policy and a path. An error says what is wrong with it.
    pub(super) fn parse(name: &str) -> Option<Result<Self, String>> {
        is_url(name).then(|| Self::read(name))
    }

    fn read(name: &str) -> Result<Self, String> {
        let Some((url, pin)) = name.split_once('#') else {
            return Err("what is fetched has to be pinned by its digest".to_owned());
        };
        let sha256 = pin.strip_prefix("sha256=").unwrap_or_default().to_ascii_lowercase();
        if sha256.len() != 64 || !sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err("the pin is no SHA-256 digest".to_owned());
        }
        if url.strip_prefix("http://").is_some_and(|rest| !is_loopback(rest)) {
            return Err("it is not fetched over plain http".to_owned());
        }
        Ok(Self { url: url.to_owned(), sha256 })
    }

    /// Gets it with `read`, and holds it against its digest.
    pub(super) fn get(&self, read: &ReadFile<'_>) -> Result<Arc<SourceText>, String> {
        let bytes = read(&self.url).map_err(|error| error.to_string())?;
        let digest: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        if digest != self.sha256 {
            return Err(format!("what the server has is another file, with the digest {digest}"));
        }
        Ok(SourceText::from_bytes(&self.url, bytes))
    }
}

/// Whether the host of an address without its scheme is this machine.
fn is_loopback(rest: &str) -> bool {
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host).trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;
    use crate::policy::{Policies, Policy, from_disk};

    /// A server that has `body` for as many requests; its address.
    fn server(body: &'static str, requests: usize) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming().take(requests) {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]).unwrap();
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(body.as_bytes()).unwrap();
            }
        });
        format!("http://{address}/team.toml")
    }

    fn load(extends: &str) -> Result<Policy, String> {
        let text = SourceText::new("own.toml", format!("extends = \"{extends}\"\n[rules]\nsudo-used = \"stop\"\n"));
        Policy::parse(&text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_policy_is_extended_by_address_and_digest() {
        let body = "extends = \"default\"\n[rules]\nuntagged-base = \"stop\"\n";
        let digest: String = Sha256::digest(body).iter().map(|b| format!("{b:02x}")).collect();
        let url = server(body, 3);
        let policy = load(&format!("{url}#sha256={digest}")).unwrap();
        let line = policy.checks.iter().find(|c| c.rule.id == "untagged-base").unwrap().line.clone().unwrap();
        assert_eq!((line.source.path(), line.source.line(line.span.start)), (url.as_str(), 3));
        assert_eq!(load(&format!("{url}#sha256={}", digest.to_uppercase())).unwrap().checks.len(), policy.checks.len());
        let other = load(&format!("{url}#sha256={}", "0".repeat(64))).unwrap_err();
        assert!(other.contains("another file") && other.contains(&digest), "{other}");
    }

    #[test]
    fn an_address_that_nothing_pins_is_not_asked() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}/team.toml", listener.local_addr().unwrap());
        let load = |name: &str, whitelists: &[String]| Policies::load(name, whitelists, &from_disk).map(drop);
        let pinned = format!("{url}#sha256={}", "0".repeat(64));
        let asked = [
            load(&url, &[]),
            load(&pinned, &[]),
            load("default", std::slice::from_ref(&url)),
            Policies::load("default", &[], &from_disk)
                .unwrap()
                .with_vex(std::slice::from_ref(&url), &from_disk)
                .map(drop),
        ];
        for told in asked.map(|asked| asked.unwrap_err().to_string()) {
            assert!(told.contains("is read only where a policy's `extends` pins it"), "{told}");
        }
        assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    }

    #[test]
    fn what_is_fetched_has_no_files_beside_it() {
        let body = "extends = \"/etc/passwd\"\n";
        let digest: String = Sha256::digest(body).iter().map(|b| format!("{b:02x}")).collect();
        let error = load(&format!("{}#sha256={digest}", server(body, 1))).unwrap_err();
        assert!(error.contains("has no files beside it"), "{error}");
    }

    #[test]
    fn an_address_without_a_digest_is_refused() {
        let told = |name: &str| Pinned::parse(name).map(|pinned| pinned.err());
        assert_eq!(told("base.toml"), None);
        for (name, why) in [
            ("https://example.org/x.toml", "pinned"),
            ("https://example.org/x.toml#sha256=abc", "no SHA-256"),
            (&format!("http://example.org/x.toml#sha256={}", "a".repeat(64)), "plain http"),
        ] {
            assert!(told(name).unwrap().unwrap().contains(why), "{name}");
        }
    }
}
