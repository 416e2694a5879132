//! Private keys told from what only looks like one, and those under a passphrase from those that lie open: by parsing.
//!
//! PEM is RFC 7468 and RFC 1421, the keys inside are PKCS #1, SEC 1 and PKCS #8 (RFC 5958), OpenSSH's `PROTOCOL.key`, and OpenPGP
//! packets (RFC 9580).

use base64::Engine as _;
use sha2::{Digest, Sha256};

use crate::rule::Confidence;

use super::check::{Candidate, Verdict};
use super::encoded::BASE64;
use super::known_keys::KNOWN_KEYS;

/// Bytes of text a key has at most.
const MAX_TEXT: usize = 32 << 10;
/// A key has at least so many bytes; a short one is 48 of PKCS #8 for Ed25519.
const MIN_KEY: usize = 32;

/// What a key turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Open,
    Encrypted,
    /// Its start is right, and its end is missing.
    CutOff,
}

/// Judges the key whose armour begins in a match. Keys everybody has are none.
pub(super) fn judge(candidate: &Candidate<'_>, sure: Confidence) -> Option<Verdict> {
    let start = candidate.matched.whole.start;
    let text = candidate.text.get(start..candidate.text.len().min(start + MAX_TEXT))?;
    let (kind, length, identity) = match text.starts_with(b"PuTTY") {
        true => putty(text)?,
        false => pem(text)?,
    };
    if is_known(&identity) {
        return None;
    }
    let confidence = match kind {
        Kind::Open => sure,
        Kind::CutOff => sure.min(Confidence::Medium),
        Kind::Encrypted => Confidence::Low,
    };
    Some(Verdict {
        confidence,
        secret: start..start + length,
        is_encrypted: kind == Kind::Encrypted,
        identity: Some(identity),
    })
}

/// Whether a key is one that everybody has.
fn is_known(key: &[u8]) -> bool {
    let digest = Sha256::digest(key);
    digest.first_chunk().is_some_and(|prefix| KNOWN_KEYS.binary_search(&u64::from_be_bytes(*prefix)).is_ok())
}

/// Whether a text has private keys in it, and each is one that everybody has.
pub(super) fn are_all_known(text: &[u8]) -> bool {
    let (mut at, mut is_one) = (0, false);
    while let Some(rest) = text.get(at..).and_then(|rest| rest.get(find(rest, b"-----BEGIN ")?..)) {
        at = text.len() - rest.len() + 1;
        if label(rest).is_some_and(|(label, _)| label.contains("PRIVATE KEY")) {
            match pem(rest.get(..MAX_TEXT).unwrap_or(rest)) {
                Some((_, _, key)) if is_known(&key) => is_one = true,
                _ => return false,
            }
        }
    }
    is_one
}

/// What a PEM block is, how long its text is, and the bytes of the key.
fn pem(text: &[u8]) -> Option<(Kind, usize, Vec<u8>)> {
    let (label, body_start) = label(text)?;
    let body = text.get(body_start..)?;
    let end = find(body, b"-----END ").or_else(|| find(body, b"---- END "));
    let length = end.map_or(text.len().min(body_start + body.len()), |end| {
        let rest = body.get(end..).unwrap_or_default();
        let tail = find(rest.get(8..).unwrap_or_default(), b"-----").map_or(rest.len(), |at| at + 13);
        body_start + end + tail
    });
    let body = body.get(..end.unwrap_or(body.len()))?;
    let (headers, letters, broken) = split(body);
    if broken && end.is_some() {
        return None;
    }
    let is_armoured = contains(&headers, b"ENCRYPTED") || label.contains("ENCRYPTED");
    let key = decode(&letters);
    if key.len() < MIN_KEY {
        return None;
    }
    let is_whole = end.is_some();
    let kind = match label {
        _ if is_armoured => Kind::Encrypted,
        label if label.contains("OPENSSH") => openssh(&key, is_whole)?,
        label if label.contains("PGP") => pgp(&key)?,
        label if label.contains("SSH2") => ssh2(&key)?,
        _ => der(&key, is_whole)?,
    };
    Some((kind, length, key))
}

/// The label of `-----BEGIN label-----`, and where what follows starts.
fn label(text: &[u8]) -> Option<(&str, usize)> {
    let rest = text.strip_prefix(b"-----BEGIN ").or_else(|| text.strip_prefix(b"---- BEGIN "))?;
    let end = find(rest.get(..rest.len().min(64))?, b"----")?;
    let label = std::str::from_utf8(rest.get(..end)?).ok()?.trim_end();
    let dashes = rest.get(end..)?.iter().take_while(|byte| **byte == b'-').count();
    Some((label, 11 + end + dashes))
}

/// Headers and letters of a body. Escapes (`\n`), quotes and whatever joins the lines of a source file are passed over; other text in between
/// (`...`) breaks it.
fn split(body: &[u8]) -> (Vec<u8>, Vec<u8>, bool) {
    let (mut headers, mut letters) = (Vec::new(), Vec::new());
    let text = unescaped(body);
    for line in text.split(|byte| matches!(byte, b'\n' | b'\r')) {
        let line = line.trim_ascii_start();
        let name = line.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
        if name > 2 && line.get(name) == Some(&b':') {
            headers.extend_from_slice(line);
            headers.push(b'\n');
            continue;
        }
        // A checksum line of OpenPGP ends the body.
        if line.starts_with(b"=") && !letters.is_empty() {
            return (headers, letters, false);
        }
        for byte in line {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'=' => letters.push(*byte),
                // In source, `"…" +` joins lines; inside a line it is a letter.
                b'+' if !line.ends_with(b"+")
                    || line.len() > 4 && !matches!(line, [.., b'"' | b'\'', b'+'] | [.., b' ', b'+']) =>
                {
                    letters.push(*byte)
                }
                b' ' | b'\t' | b'"' | b'\'' | b',' | b'+' | b'>' | b'|' | b'#' | b'*' | b';' | b'`' | b'(' | b')'
                | b'\\' | b'[' | b']' | b'-' => {}
                _ => return (headers, letters, true),
            }
        }
    }
    (headers, letters, false)
}

/// With `\n` and `\r` as they are written in strings made line breaks, and `\/` a slash.
fn unescaped(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut bytes = body.iter().peekable();
    while let Some(byte) = bytes.next() {
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        while bytes.next_if(|next| **next == b'\\').is_some() {}
        match bytes.next_if(|next| matches!(next, b'n' | b'r' | b't' | b'/')) {
            Some(b'/') => out.push(b'/'),
            Some(_) => out.push(b'\n'),
            None => {}
        }
    }
    out
}

/// What the letters decode to, as far as they do.
fn decode(letters: &[u8]) -> Vec<u8> {
    let end = letters.iter().position(|byte| *byte == b'=').unwrap_or(letters.len());
    let end = if end % 4 == 1 { end - 1 } else { end };
    BASE64.decode(letters.get(..end).unwrap_or_default()).unwrap_or_default()
}

/// A DER element: its tag, its content as far as it is there, and what follows it. The flag says that all of the content is there.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8], bool)> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(*first), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    match rest.split_at_checked(length) {
        Some((content, rest)) => Some((*tag, content, rest, true)),
        None => Some((*tag, rest, &[], false)),
    }
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;

/// A key of PKCS #1, SEC 1, DSA or PKCS #8, encrypted or not.
fn der(key: &[u8], is_whole: bool) -> Option<Kind> {
    let (SEQUENCE, content, _, is_complete) = element(key)? else { return None };
    // A block that is closed and yet not whole was shortened for show.
    if is_whole && !is_complete {
        return None;
    }
    let (tag, first, rest, _) = element(content)?;
    let kind = match (tag, first) {
        (INTEGER, [0..=3]) => {
            let (next, _, _, _) = element(rest)?;
            matches!(next, INTEGER | OCTETS | SEQUENCE).then_some(Kind::Open)?
        }
        // An algorithm, then what it encrypted.
        (SEQUENCE, _) => matches!(element(rest), Some((OCTETS, _, _, _))).then_some(Kind::Encrypted)?,
        _ => return None,
    };
    Some(if is_complete { kind } else { Kind::CutOff })
}

/// `openssh-key-v1`, a zero byte, then the name of the cipher.
fn openssh(key: &[u8], is_whole: bool) -> Option<Kind> {
    let rest = key.strip_prefix(b"openssh-key-v1\0")?;
    let (cipher, _) = string(rest)?;
    match cipher {
        b"none" if is_whole && key.len() < 100 => None,
        b"none" => Some(if is_whole { Kind::Open } else { Kind::CutOff }),
        _ => Some(Kind::Encrypted),
    }
}

/// The key format of ssh.com: a magic number, a length, the kind of key, the cipher.
fn ssh2(key: &[u8]) -> Option<Kind> {
    let rest = key.strip_prefix(&[0x3f, 0x6f, 0xf9, 0xeb])?.get(4..)?;
    let (_, rest) = string(rest)?;
    let (cipher, _) = string(rest)?;
    Some(if cipher == b"none" { Kind::Open } else { Kind::Encrypted })
}

/// A string with its length, in four bytes, before it.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// A secret-key packet of OpenPGP: after the public part, one byte says whether the secret part is encrypted.
fn pgp(key: &[u8]) -> Option<Kind> {
    let (first, rest) = key.split_first()?;
    let (tag, body) = match first {
        0xC0.. => {
            let (length, rest) = rest.split_first()?;
            let skip = match length {
                0..192 => 0,
                192..224 => 1,
                255 => 4,
                _ => return None,
            };
            (first & 0x3F, rest.get(skip..)?)
        }
        0x80..0xC0 => (first >> 2 & 0x0F, rest.get(1 << (first & 3)..)?),
        _ => return None,
    };
    // Secret key and secret subkey.
    if !matches!(tag, 5 | 7) {
        return None;
    }
    let version = *body.first()?;
    let (algorithm, mut rest) = body.get(5..)?.split_first()?;
    let integers = match (version, algorithm) {
        (4, 1..=3) => 2,
        (4, 17) => 4,
        (4, 16) => 3,
        // An elliptic curve: the name of the curve, then a point, and for key exchange some parameters.
        (4, 18 | 19 | 22) => {
            let (length, after) = rest.split_first()?;
            rest = after.get(usize::from(*length)..)?;
            1
        }
        // Keys of a later version are not told apart.
        _ => return Some(Kind::Open),
    };
    for _ in 0..integers {
        let (bits, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_be_bytes(*bits)).div_ceil(8)..)?;
    }
    if *algorithm == 18 {
        let (length, after) = rest.split_first()?;
        rest = after.get(usize::from(*length)..)?;
    }
    Some(if *rest.first()? == 0 { Kind::Open } else { Kind::Encrypted })
}

/// A PuTTY key says how it is encrypted, and has a private part.
fn putty(text: &[u8]) -> Option<(Kind, usize, Vec<u8>)> {
    let mut lines = text.split_inclusive(|byte| *byte == b'\n');
    let mut length = 0;
    let (mut is_encrypted, mut key, mut in_private) = (None, Vec::new(), false);
    for line in lines.by_ref() {
        let trimmed = line.trim_ascii();
        length += line.len();
        if let Some(cipher) = trimmed.strip_prefix(b"Encryption:") {
            is_encrypted = Some(cipher.trim_ascii() != b"none");
        } else if trimmed.starts_with(b"Private-Lines:") {
            in_private = true;
        } else if trimmed.starts_with(b"Private-MAC:") || trimmed.starts_with(b"Private-Hash:") {
            break;
        } else if in_private {
            key.extend_from_slice(trimmed);
        }
    }
    let key = decode(&key);
    if key.len() < 20 {
        return None;
    }
    Some((if is_encrypted? { Kind::Encrypted } else { Kind::Open }, length, key))
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, needle)
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    find(text, needle).is_some()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::Scanner;
    use super::*;

    /// The block of a detector's first example whose label is this; a key nobody uses.
    fn example(label: &str) -> String {
        let detectors = crate::rule::detectors().iter().filter(|d| d.check == Some("private-key"));
        let mut all = detectors.flat_map(|d| d.matches).map(crate::rule::Veiled::text);
        all.find(|text| text.contains(&format!("BEGIN {label}PRIVATE KEY"))).unwrap()
    }

    fn kinds(text: &str) -> Vec<(Confidence, bool)> {
        let hits = Scanner::shared().search().scan("a/key", text.as_bytes()).hits;
        hits.iter().map(|hit| (hit.confidence, hit.is_encrypted)).collect()
    }

    #[test]
    fn encrypted_keys_are_told_by_parsing() {
        assert_eq!(kinds(&example("EC ")), [(Confidence::High, false)]);
        assert_eq!(kinds(&example("OPENSSH ")), [(Confidence::High, false)]);
        assert_eq!(kinds(&example("ENCRYPTED ")), [(Confidence::Low, true)]);
        // The label alone does not make it so.
        assert_eq!(kinds(&example("ENCRYPTED ").replace("ENCRYPTED ", "")), [(Confidence::Low, true)]);
        let legacy =
            example("EC ").replacen("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1);
        assert_eq!(kinds(&legacy), [(Confidence::Low, true)]);
    }

    #[test]
    fn a_key_is_the_same_however_it_is_written() {
        let key = example("EC ");
        let written = [
            key.to_owned(),
            key.replace('\n', "\r\n"),
            format!("k = \"{}\"", key.replace('\n', "\\n")),
            key.lines().map(|line| format!("    \"{line}\\n\"\n")).collect(),
            key.lines().map(|line| format!("  \"{line}\\n\" +\n")).collect(),
            key.lines().map(|line| format!("# {line}\n")).collect(),
            format!("data: {}\n", BASE64.encode(key)),
        ];
        let prints = written.iter().map(|text| {
            let hits = Scanner::shared().search().scan("a/b.txt", text.as_bytes()).hits;
            assert_eq!(hits.len(), 1, "{text}");
            hits[0].fingerprint
        });
        let prints: Vec<u64> = prints.collect();
        assert!(prints.iter().all(|print| *print == prints[0]), "{prints:?}");
    }

    #[test]
    fn what_is_no_key_is_not_taken_for_one() {
        let key = example("EC ");
        let public = key.replace("PRIVATE", "PUBLIC");
        let shown = format!("{}\n...\n-----END EC PRIVATE KEY-----\n", &key[..80]);
        let random = "-----BEGIN RSA PRIVATE KEY-----\nvAju6okVzf3QRakmS5UL1/zZHcdtmaJLOraNpWdYgsDG2M4ymYNrHMh35lt5d+gl\n-----END RSA PRIVATE KEY-----\n";
        for text in [
            &public,
            &shown,
            random,
            "-----BEGIN PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----",
        ] {
            assert_eq!(kinds(text), [], "{text}");
        }
        // A file that ends in the middle of a key still gives most of it away.
        assert_eq!(kinds(&key[..150]), [(Confidence::Medium, false)]);
    }
}
