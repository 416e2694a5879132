//! Keystores told by what is in them: Java's JKS and JCEKS, Bouncy Castle's BKS, and PKCS #12 (RFC 7292). What holds
//! certificates alone is no secret.

/// The kinds of `rules/files/keys.toml` that are keystores.
pub(super) const KINDS: [&str; 2] = [PKCS12, JAVA];
const PKCS12: &str = "pkcs12-bundle";
const JAVA: &str = "java-keystore";

const JKS: u32 = 0xFEED_FEED;
const JCEKS: u32 = 0xCECE_CECE;
/// A certificate among the entries of a Java keystore; the others are keys.
const CERTIFICATE: u32 = 2;
/// Entries that are looked at.
const MAX_ENTRIES: u32 = 10_000;
/// Of a PKCS #12 bundle: what it holds is data, or signed.
const CONTENTS: [&[u8]; 2] =
    [b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01", b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02"];
/// A bag with a private key, as it is or under a password; its last byte is 1 or 2.
const KEY_BAG: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x0C\x0A\x01";

/// The kind of keystore that begins so.
pub(super) fn kind(start: &[u8]) -> Option<&'static str> {
    if java(start).is_some() || is_bouncy_castle(start) {
        return Some(JAVA);
    }
    pkcs12(start).map(|_| PKCS12)
}

/// Whether a keystore, of which these are the first bytes, holds certificates alone, as far as they tell.
pub(super) fn has_only_certificates(bytes: &[u8]) -> bool {
    if let Some((version, entries, rest)) = java(bytes) {
        return entries > 0 && are_certificates(version, entries, rest) == Some(true);
    }
    match pkcs12(bytes) {
        // Keys lie in bags of their own, outside of what is encrypted.
        Some(content) => {
            let is_key = |bag: &[u8]| bag.starts_with(KEY_BAG) && matches!(bag.get(KEY_BAG.len()), Some(1 | 2));
            content.is_whole && !bytes.windows(KEY_BAG.len() + 1).any(is_key)
        }
        None => false,
    }
}

/// Version, number of entries and the entries of a Java keystore.
fn java(bytes: &[u8]) -> Option<(u32, u32, &[u8])> {
    let (magic, rest) = number(bytes)?;
    let (version, rest) = number(rest)?;
    let (entries, rest) = number(rest)?;
    (matches!(magic, JKS | JCEKS) && matches!(version, 1 | 2)).then_some((version, entries, rest))
}

/// Whether all entries are certificates; `None` when the bytes end before that is known.
fn are_certificates(version: u32, entries: u32, mut rest: &[u8]) -> Option<bool> {
    for _ in 0..entries.min(MAX_ENTRIES) {
        let (tag, behind) = number(rest)?;
        if tag != CERTIFICATE {
            return Some(false);
        }
        // Its alias, when it was made, what kind of certificate it is, and the certificate.
        let (_, behind) = text(behind)?;
        let behind = behind.get(8..)?;
        let behind = if version == 2 { text(behind)?.1 } else { behind };
        let (length, behind) = number(behind)?;
        rest = behind.get(usize::try_from(length).ok()?..)?;
    }
    Some(entries <= MAX_ENTRIES)
}

/// Version, a salt of twenty bytes, how often it is stirred, and an entry with its name.
fn is_bouncy_castle(bytes: &[u8]) -> bool {
    let parts = || {
        let (version, rest) = number(bytes)?;
        let (salt, rest) = number(rest)?;
        let (rounds, rest) = number(rest.get(20..)?)?;
        let (kind, rest) = rest.split_first()?;
        let (length, _) = rest.split_first_chunk::<2>()?;
        Some((version, salt, rounds, *kind, u16::from_be_bytes(*length)))
    };
    matches!(parts(), Some((1 | 2, 20, 1..=10_000_000, 1..=4, 1..=1024)))
}

struct Bundle {
    /// All of it is there.
    is_whole: bool,
}

/// A PKCS #12 bundle: a sequence of the version, 3, and of what it holds.
fn pkcs12(bytes: &[u8]) -> Option<Bundle> {
    let (length, content) = sequence(bytes)?;
    let rest = content.strip_prefix(b"\x02\x01\x03")?;
    let (_, inner) = sequence(rest)?;
    let is_one = CONTENTS.iter().any(|kind| inner.starts_with(kind));
    is_one.then(|| Bundle { is_whole: length.is_some_and(|length| length <= content.len()) })
}

/// The length of a DER or BER sequence, where it is told before, and its content, as far as it is there.
fn sequence(bytes: &[u8]) -> Option<(Option<usize>, &[u8])> {
    let rest = bytes.strip_prefix(b"\x30")?;
    let (first, rest) = rest.split_first()?;
    match first {
        0..=0x7F => Some((Some(usize::from(*first)), rest)),
        0x80 => Some((None, rest)),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            Some((Some(digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit))), rest))
        }
        _ => None,
    }
}

/// A number of four bytes.
fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    bytes.split_first_chunk::<4>().map(|(number, rest)| (u32::from_be_bytes(*number), rest))
}

/// A text with its length in two bytes before it.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jks(magic: u32, tags: &[u32]) -> Vec<u8> {
        let mut bytes = magic.to_be_bytes().to_vec();
        bytes.extend(2_u32.to_be_bytes());
        bytes.extend(u32::try_from(tags.len()).unwrap_or_default().to_be_bytes());
        for tag in tags {
            bytes.extend(tag.to_be_bytes());
            bytes.extend(b"\0\x05alias\0\0\0\0\0\0\0\0\0\x05X.509\0\0\0\x03DER");
        }
        bytes
    }

    fn bundle(bags: &[u8]) -> Vec<u8> {
        let data = [CONTENTS[0], bags].concat();
        let inner = [&b"\x30\x82"[..], &u16::try_from(data.len()).unwrap_or_default().to_be_bytes(), &data].concat();
        let all = [&b"\x02\x01\x03"[..], &inner].concat();
        [&b"\x30\x82"[..], &u16::try_from(all.len()).unwrap_or_default().to_be_bytes(), &all].concat()
    }

    #[test]
    fn a_keystore_with_a_key_is_told_from_one_with_certificates() {
        for magic in [JKS, JCEKS] {
            let (trusted, mixed) = (jks(magic, &[2, 2]), jks(magic, &[2, 1]));
            assert_eq!((kind(&trusted), kind(&mixed)), (Some(JAVA), Some(JAVA)));
            assert!(has_only_certificates(&trusted) && !has_only_certificates(&mixed));
            assert!(!has_only_certificates(&trusted[..30]), "what is not there is not known");
            assert!(!has_only_certificates(&jks(magic, &[])));
        }
    }

    #[test]
    fn a_bundle_with_a_key_is_told_from_one_with_certificates() {
        let key = bundle(&[&[0; 9][..], KEY_BAG, &[2], &[0; 9]].concat());
        let certificates = bundle(&[&[0; 9][..], KEY_BAG, &[3], &[0; 9]].concat());
        assert_eq!((kind(&key), kind(&certificates)), (Some(PKCS12), Some(PKCS12)));
        assert!(!has_only_certificates(&key) && has_only_certificates(&certificates));
        assert!(!has_only_certificates(&certificates[..30]), "what is not there is not known");
    }

    #[test]
    fn what_only_begins_alike_is_none() {
        let bks = [&b"\0\0\0\x02\0\0\0\x14"[..], &[7; 20], b"\0\0\x04\0\x04\0\x03key"].concat();
        assert_eq!(kind(&bks), Some(JAVA));
        let sequence = b"\x30\x82\x04\xa4\x02\x01\x03\x30\x82\x01\x00\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01";
        for bytes in [&b"\xFE\xED\xFE\xEDtext and more"[..], &[0; 64], b"\0\0\0\x02\0\0\0\x14", b"", b"\x30", sequence]
        {
            assert_eq!(kind(bytes), None, "{bytes:?}");
            assert!(!has_only_certificates(bytes), "{bytes:?}");
        }
    }
}
