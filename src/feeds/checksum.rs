//! Checksums that servers send beside a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use reqwest::header::{self, HeaderMap};
use sha2::Sha256;

/// Checksums a server sends of what it sends.
#[derive(Default)]
pub(super) struct Announced {
    md5: Option<Vec<u8>>,
    sha256: Option<Vec<u8>>,
}

impl Announced {
    /// `x-goog-hash: md5=…`, `content-md5`, and `sha-256` of `digest` and `repr-digest`; all of the whole file in base 64.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut announced = Self::default();
        let texts = |name: &'static str| {
            headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','))
        };
        let decode = |text: &str| STANDARD.decode(text.trim().trim_matches(':')).ok();
        for item in texts("x-goog-hash").chain(texts("digest")).chain(texts("repr-digest")) {
            let Some((kind, value)) = item.trim().split_once('=') else { continue };
            match kind.to_ascii_lowercase().as_str() {
                "md5" => announced.md5 = decode(value).filter(|d| d.len() == 16).or(announced.md5),
                "sha-256" => announced.sha256 = decode(value).filter(|d| d.len() == 32).or(announced.sha256),
                _ => {}
            }
        }
        // Of the whole file only when the whole file is sent.
        if !headers.contains_key(header::CONTENT_RANGE) {
            announced.md5 = texts("content-md5").next().and_then(decode).filter(|d| d.len() == 16).or(announced.md5);
        }
        announced
    }

    /// The checksum that is another than announced: its kind, what it is and what it should be.
    pub(super) fn differs(&self, path: &Path) -> io::Result<Option<(&'static str, String, String)>> {
        if self.md5.is_none() && self.sha256.is_none() {
            return Ok(None);
        }
        let mut file = File::open(path)?;
        let (mut md5, mut sha256) = (Md5::new(), Sha256::new());
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = file.read(&mut buffer)?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            if self.md5.is_some() {
                md5.update(bytes);
            }
            if self.sha256.is_some() {
                sha256.update(bytes);
            }
        }
        let (md5, sha256) = (md5.finalize().to_vec(), sha256.finalize().to_vec());
        let mut sums = [("SHA-256", &self.sha256, sha256), ("MD5", &self.md5, md5)].into_iter();
        Ok(sums.find_map(|(kind, wanted, got)| {
            let wanted = wanted.as_ref().filter(|wanted| **wanted != got)?;
            Some((kind, hex(&got), hex(wanted)))
        }))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
