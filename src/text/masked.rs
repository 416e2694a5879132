//! A secret that cannot be printed.

use std::fmt;

use serde::{Serialize, Serializer};

/// Text found to be a secret. Every way of showing it (`Display`, `Debug`, serialisation) gives the mask, so that no
/// report, log or panic message can carry the value. The value itself is dropped when the mask is made.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Masked {
    shown: String,
}

/// Characters of a long secret that stay readable, so that its owner can tell which one it is.
const SHOWN_PREFIX: usize = 4;
/// What stands for what is not shown.
const MASK: &str = "********";
/// Secrets shorter than this are masked whole.
const SHORT: usize = 24;

impl Masked {
    /// A mask that was written down. What is no mask is taken for a secret.
    pub fn from_mask(shown: &str) -> Self {
        match shown.strip_suffix(MASK) {
            Some(prefix) if prefix.chars().count() <= SHOWN_PREFIX => Self { shown: shown.to_owned() },
            _ => Self::new(shown),
        }
    }

    /// Masks `secret`: at most its first four characters survive, and none of a short one. The length is not told.
    pub fn new(secret: &str) -> Self {
        let printable = |c: &char| c.is_ascii_graphic();
        let shown = if secret.chars().count() < SHORT || secret.contains('\n') {
            String::from(MASK)
        } else {
            let prefix: String = secret.chars().take(SHOWN_PREFIX).take_while(printable).collect();
            format!("{prefix}{MASK}")
        };
        Self { shown }
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masked({})", self.shown)
    }
}

impl Serialize for Masked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_way_of_printing_shows_the_secret() {
        let secret = "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";
        let masked = Masked::new(secret);
        for shown in [masked.to_string(), format!("{masked:?}"), serde_json::to_string(&masked).unwrap_or_default()] {
            assert!(!shown.contains(&secret[4..]), "{shown}");
            assert!(shown.contains("npm_***"), "{shown}");
        }
        assert_eq!(Masked::new("hunter2").to_string(), "********");
        assert_eq!(Masked::new("-----BEGIN\nabcdefghijklmnop").to_string(), "********");
    }
}
