//! A closer look at what a pattern matched: by name, as detectors ask for it with `check`.

use std::ops::Range;

use base64::Engine as _;
use serde_json::Value;

use crate::rule::Confidence;

use super::encoded::{BASE64, BASE64_URL};
use super::file_kind::FileKind;
use super::pattern::{Matched, Pattern};
use super::{assigned, is_placeholder, private_key};

/// A match and what is around it.
pub(super) struct Candidate<'a> {
    /// The block the match is in, some bytes before and after it.
    pub(super) text: &'a [u8],
    pub(super) matched: Matched,
    pub(super) kind: &'a FileKind,
    pub(super) is_binary: bool,
}

/// A match that is a secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) confidence: Confidence,
    /// The secret, where that is not what the pattern says.
    pub(super) secret: Range<usize>,
    pub(super) is_encrypted: bool,
    /// What makes it the same secret however it is written; the secret as it is written when `None`.
    pub(super) identity: Option<Vec<u8>>,
}

impl Candidate<'_> {
    /// The secret as it stands there.
    pub(super) fn secret(&self) -> &[u8] {
        self.text.get(self.matched.secret.clone()).unwrap_or_default()
    }

    /// A secret just as it stands there.
    fn plain(&self, confidence: Confidence) -> Verdict {
        Verdict { confidence, secret: self.matched.secret.clone(), is_encrypted: false, identity: None }
    }
}

/// Names of checks.
#[cfg(test)]
const NAMES: [&str; 6] = ["assigned", "basic-auth", "github-checksum", "jwt", "npm-checksum", "private-key"];

/// Whether a match is a secret, and how surely. A private key, or what stands in a test, that came with a package is hardly
/// one: everybody has it.
pub(super) fn judge(pattern: &Pattern, candidate: &Candidate<'_>) -> Option<Verdict> {
    let detector = pattern.detector;
    // A private key is told by parsing it; words and repetition mean nothing in its letters.
    if detector.check != Some("private-key") && !pattern.is_real(candidate.secret()) {
        return None;
    }
    let sure = detector.confidence;
    let mut verdict = match detector.check {
        Some("github-checksum" | "npm-checksum") => candidate.plain(by_checksum(candidate.secret(), sure)),
        Some("jwt") => candidate.plain(jwt(candidate.secret(), sure)?),
        Some("basic-auth") => candidate.plain(basic_auth(candidate.secret(), sure)?),
        Some("private-key") => private_key::judge(candidate, sure)?,
        Some("assigned") => {
            let secret = assigned::judge(candidate)?;
            Verdict { secret, ..candidate.plain(sure) }
        }
        _ => candidate.plain(sure),
    };
    let FileKind { is_test, is_package, .. } = *candidate.kind;
    let is_published = is_package && (is_test || detector.check == Some("private-key"));
    if is_published || is_test && detector.check == Some("assigned") {
        verdict.confidence = Confidence::Low;
    }
    Some(verdict)
}

/// GitHub's and npm's tokens end in the CRC-32 of their letters, in six digits of base 62 with the order 0-9, A-Z, a-z. One without it
/// was made up or mistyped, or is of a kind that came later.
fn by_checksum(token: &[u8], sure: Confidence) -> Confidence {
    const LETTERS: usize = 30;
    const DIGITS: usize = 6;
    let body = token.iter().position(|byte| *byte == b'_').and_then(|at| token.get(at + 1..)).unwrap_or_default();
    match body.split_at_checked(LETTERS) {
        Some((letters, digits)) if digits.len() == DIGITS => {
            let value = digits.iter().try_fold(0_u64, |value, digit| {
                let digit = match digit {
                    b'0'..=b'9' => digit - b'0',
                    b'A'..=b'Z' => digit - b'A' + 10,
                    b'a'..=b'z' => digit - b'a' + 36,
                    _ => return None,
                };
                Some(value * 62 + u64::from(digit))
            });
            let mut crc = flate2::Crc::new();
            crc.update(letters);
            if value == Some(u64::from(crc.sum())) { Confidence::High } else { sure.min(Confidence::Medium) }
        }
        _ => sure,
    }
}

/// A JSON Web Token has a header that names an algorithm. One that is not signed, or that says it is an example, opens nothing.
fn jwt(token: &[u8], sure: Confidence) -> Option<Confidence> {
    let mut parts = token.split(|byte| *byte == b'.');
    let mut part = || serde_json::from_slice::<Value>(&BASE64_URL.decode(parts.next()?).ok()?).ok();
    let header = part()?;
    let algorithm = header.get("alg")?.as_str()?;
    // Encrypted ones have no payload to be read.
    let payload = part().unwrap_or_default();
    let is_example = payload.get("sub").and_then(Value::as_str) == Some("1234567890")
        || ["iss", "aud", "name"].iter().any(|key| payload.get(*key).and_then(Value::as_str).is_some_and(is_example));
    match algorithm {
        "none" => None,
        _ if is_example => None,
        _ => Some(sure),
    }
}

fn is_example(text: &str) -> bool {
    text == "John Doe" || is_placeholder(text)
}

/// `user:password` in base64.
fn basic_auth(encoded: &[u8], sure: Confidence) -> Option<Confidence> {
    let decoded = BASE64
        .decode(encoded.trim_ascii_end().strip_suffix(b"=").unwrap_or(encoded))
        .or_else(|_| BASE64.decode(encoded))
        .ok()?;
    let text = std::str::from_utf8(&decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    let is_stand_in =
        ["password", "pass", "secret", "token", "test"].iter().any(|word| password.eq_ignore_ascii_case(word));
    let is_text = !text.chars().any(char::is_control);
    (is_text && !user.is_empty() && password.len() >= 4 && !is_stand_in && !is_placeholder(password)).then_some(sure)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::rule;

    #[test]
    fn detectors_ask_for_checks_that_there_are() {
        for detector in rule::detectors() {
            assert!(detector.check.is_none_or(|name| NAMES.contains(&name)), "{}: {:?}", detector.id, detector.check);
        }
    }

    #[test]
    fn checksums_of_tokens() {
        // An example of how GitHub's tokens are made that has been published.
        let token = ["ghp_zQWBuTSOoRi4A9sp", "HcVY5ncnsDkxkJ0mLq17"].concat();
        assert_eq!(by_checksum(token.as_bytes(), Confidence::High), Confidence::High);
        assert_eq!(by_checksum(token.replace("0mLq17", "0mLq18").as_bytes(), Confidence::High), Confidence::Medium);
        assert_eq!(by_checksum(b"ghp_longerthanthat", Confidence::High), Confidence::High);
    }

    #[test]
    fn web_tokens_are_read() {
        let token =
            |header: &str, payload: &str| format!("{}.{}.c2ln", BASE64_URL.encode(header), BASE64_URL.encode(payload));
        let judge = |text: String| jwt(text.as_bytes(), Confidence::Medium);
        assert_eq!(judge(token(r#"{"alg":"HS256"}"#, r#"{"sub":"deploy"}"#)), Some(Confidence::Medium));
        assert_eq!(judge(token(r#"{"alg":"none"}"#, r#"{"sub":"deploy"}"#)), None);
        assert_eq!(judge(token(r#"{"alg":"HS256"}"#, r#"{"sub":"1234567890"}"#)), None);
        assert_eq!(judge(token(r#"{"typ":"x"}"#, r#"{"sub":"deploy"}"#)), None);
        assert_eq!(judge("eyJub3QganNvbg.x.y".to_owned()), None);
    }

    #[test]
    fn basic_authentication_has_a_user_and_a_password() {
        let judge = |text: &str| basic_auth(BASE64.encode(text).as_bytes(), Confidence::High).is_some();
        assert!(judge("deploy:q3TxWz9k") && judge("a:q3Tx"));
        assert!(
            !judge("deploy")
                && !judge(":q3TxWz9k")
                && !judge("user:password")
                && !judge("user:changeme")
                && !judge("a:\u{1}bcd")
        );
    }
}
