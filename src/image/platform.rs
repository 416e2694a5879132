//! Platforms: which of an image's variants is meant.

use std::fmt;

use super::error::ImageError;

/// `os/architecture[/variant]`, in Go's names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Platform {
    pub(super) os: String,
    pub(super) architecture: String,
    pub(super) variant: Option<String>,
}

impl Platform {
    /// Reads `linux/arm64/v8`.
    pub(super) fn parse(text: &str) -> Result<Self, ImageError> {
        let mut parts = text.split('/').map(str::to_owned);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(os), Some(architecture), variant, None) if !os.is_empty() && !architecture.is_empty() => {
                Ok(Self { os, architecture, variant: variant.filter(|v| !v.is_empty()) })
            }
            _ => Err(ImageError::Platform { platform: text.to_owned() }),
        }
    }

    /// What an engine on this machine would run.
    pub(super) fn host() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            "powerpc64" => "ppc64le",
            "loongarch64" => "loong64",
            other => other,
        };
        Self { os: "linux".to_owned(), architecture: architecture.to_owned(), variant: None }
    }

    /// Whether an image for this platform is one for `wanted`. What either leaves open fits.
    pub(super) fn fits(&self, wanted: &Self) -> bool {
        let fits = |mine: &str, wanted: &str| mine.is_empty() || mine == wanted;
        let variant = match (&self.variant, &wanted.variant) {
            (Some(mine), Some(wanted)) => mine == wanted,
            _ => true,
        };
        fits(&self.os, &wanted.os) && fits(&self.architecture, &wanted.architecture) && variant
    }

    /// What attestations carry instead of a platform.
    pub(super) fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.iter().try_for_each(|variant| write!(f, "/{variant}"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn platforms_fit_what_they_do_not_contradict() {
        let platform = |text| Platform::parse(text).unwrap();
        assert!(platform("linux/arm64/v8").fits(&platform("linux/arm64")));
        assert!(platform("linux/arm64").fits(&platform("linux/arm64/v8")));
        assert!(!platform("linux/arm/v6").fits(&platform("linux/arm/v7")));
        assert!(!platform("linux/amd64").fits(&platform("linux/arm64")));
        assert_eq!(platform("linux/arm/v7").to_string(), "linux/arm/v7");
        for bad in ["", "linux", "linux/", "/amd64", "a/b/c/d"] {
            assert!(matches!(Platform::parse(bad), Err(ImageError::Platform { .. })), "{bad:?}");
        }
    }
}
