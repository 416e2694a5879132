//! Telling secrets apart without keeping them.

use sha2::{Digest, Sha256};

/// So often the hash is taken, so that trying out likely passwords against a fingerprint has its price.
const ROUNDS: usize = 1000;

/// Made of the detector and the secret alone: the same wherever and on whatever line the secret stands.
pub(super) fn fingerprint(detector: &str, secret: &[u8]) -> u64 {
    let first = Sha256::new().chain_update(detector).chain_update([0]).chain_update(secret).finalize();
    let hash = (1..ROUNDS).fold(first, |hash, _| Sha256::digest(hash));
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_detectors_and_secrets_apart() {
        let all = [fingerprint("a", b"x"), fingerprint("a", b"y"), fingerprint("b", b"x"), fingerprint("", b"a\0x")];
        assert!(all.iter().enumerate().all(|(i, one)| !all[..i].contains(one)));
        assert_eq!(fingerprint("a", b"x"), all[0]);
    }
}
