//! Secrets inside base64: a key in a Kubernetes Secret, a token in a data URI.

use std::ops::Range;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Characters of base64 that are decoded.
const MAX_RUN: usize = 24 << 10;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
/// Base64 as programs write it and people copy it, padded or not.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
/// Likewise with the letters that are safe in a URL.
pub(super) const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Whether a byte is one of base64's.
pub(super) fn is_letter(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// The run of base64 around `known`, and what it decodes to. A key's run may be broken into lines, and `known` may stand
/// anywhere in it; a token's starts with `known`.
pub(super) fn around(text: &[u8], known: Range<usize>, is_key: bool) -> Option<(Range<usize>, Vec<u8>)> {
    let before = text.get(known.start.saturating_sub(MAX_RUN)..known.start)?;
    let length = before.iter().rev().take_while(|byte| is_letter(byte)).count();
    if length > 0 && !is_key {
        return None;
    }
    let start = known.start - length;
    let after = text.get(known.end..text.len().min(known.end + MAX_RUN))?;
    let is_part = |byte: &&u8| is_letter(byte) || (is_key && byte.is_ascii_whitespace());
    let end = known.end + after.iter().take_while(is_part).count();
    let letters: Vec<u8> = text.get(start..end)?.iter().filter(|byte| is_letter(byte)).copied().collect();
    // A last letter alone says nothing.
    let whole = if letters.len() % 4 == 1 { letters.len() - 1 } else { letters.len() };
    let decoded = BASE64.decode(letters.get(..whole)?).ok()?;
    Some((start..end, decoded))
}

#[cfg(test)]
pub(super) fn encode(text: &str) -> String {
    BASE64.encode(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_decoded_whole() {
        let encoded = BASE64.encode("ab-----BEGIN X-----\nabc");
        let text = format!("key: \"{encoded}\"\nnext: 1");
        let known = text.find("LS0t").unwrap();
        let (run, decoded) = around(text.as_bytes(), known..known + 4, true).unwrap();
        assert_eq!(&text[run.start..run.end], encoded.trim_end_matches('='));
        assert_eq!(decoded, b"ab-----BEGIN X-----\nabc");
        let broken = format!("{}\n  {}", &encoded[..16], &encoded[16..]);
        assert_eq!(around(broken.as_bytes(), 4..8, true).unwrap().1, b"ab-----BEGIN X-----\nabc");
        assert_eq!(around(text.as_bytes(), known..known + 4, false), None);
    }
}
