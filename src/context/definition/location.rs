//! Where a build context is, as docker spells it.

use std::path::{Path, PathBuf};

/// Where a build context is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// On this machine.
    Local(PathBuf),
    /// Elsewhere: a git repository or an archive, by its URL.
    Remote(String),
    /// Not files but an image, or what another target builds.
    Image(String),
    /// It depends on what the file does not say; why.
    Unknown(String),
}

impl Location {
    /// Reads a context as options and files write it; local paths count from `base`.
    pub fn parse(text: &str, base: &Path) -> Self {
        let text = text.trim();
        let is_image = ["docker-image://", "oci-layout://", "target:", "service:"].iter().any(|p| text.starts_with(p));
        if is_image {
            return Self::Image(text.to_owned());
        }
        if is_remote(text) {
            return Self::Remote(without_credentials(text));
        }
        match text.strip_prefix("cwd://") {
            Some(path) => Self::Local(PathBuf::from(path)),
            None if text == "-" => Self::Unknown("it is read from standard input".to_owned()),
            None => Self::Local(base.join(text)),
        }
    }
}

/// Whether docker would fetch a context from elsewhere.
fn is_remote(text: &str) -> bool {
    let schemes = ["http://", "https://", "git://", "ssh://", "git@"];
    schemes.iter().any(|scheme| text.starts_with(scheme)) || text.starts_with("github.com/")
}

/// A URL without the user and password in it, to be shown.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest.get(..end).and_then(|host| host.rfind('@')) {
        Some(at) => format!("{scheme}://{}", rest.get(at + 1..).unwrap_or_default()),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_are_told_apart_as_docker_does() {
        let parse = |text: &str| Location::parse(text, Path::new("p"));
        assert_eq!(parse("./web"), Location::Local("p/./web".into()));
        assert_eq!(parse("/abs"), Location::Local("/abs".into()));
        assert_eq!(parse("cwd://web"), Location::Local("web".into()));
        assert_eq!(parse("https://u:hunter2@h.test/a.git#v1"), Location::Remote("https://h.test/a.git#v1".into()));
        assert_eq!(parse("git@h.test:a/b.git"), Location::Remote("git@h.test:a/b.git".into()));
        assert_eq!(parse("docker-image://alpine:3"), Location::Image("docker-image://alpine:3".into()));
        assert!(matches!(parse("-"), Location::Unknown(_)));
    }
}
