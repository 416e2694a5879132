//! Commands that fetch files, and the URLs they are given.

use crate::shell::{Command, CommandWord};

/// Commands that write what a URL holds to a file or to standard output.
const DOWNLOADERS: [&str; 5] = ["curl", "wget", "aria2c", "axel", "fetch"];

/// The parts of a URL that rules look at. Names and passwords in front of the host are in none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Url<'a> {
    /// Before the `://`.
    pub(super) scheme: &'a str,
    /// Without port; may hold a variable.
    pub(super) host: &'a str,
    /// From the `/` after the host on, with query and fragment.
    pub(super) path: &'a str,
}

impl<'a> Url<'a> {
    /// Reads a text that is a URL, quotes around it aside.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim_matches(['"', '\'']);
        let (scheme, rest) = text.split_once("://")?;
        if scheme.is_empty() || !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')) {
            return None;
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        let host_and_port = authority.rsplit('@').next().unwrap_or(authority);
        let host = match host_and_port.strip_prefix('[') {
            Some(address) => address.split(']').next().unwrap_or(address),
            None if host_and_port.contains("${") => host_and_port,
            None => host_and_port.split(':').next().unwrap_or(host_and_port),
        };
        (!host.is_empty()).then_some(Self { scheme, host, path })
    }

    /// The URL a word of a command is.
    pub(super) fn of(word: &'a CommandWord) -> Option<Self> {
        Self::parse(word.literal.as_deref().unwrap_or(&word.text))
    }

    /// Whether anybody on the way can change what comes back: the scheme has no protection of its own, and the host is
    /// not the machine itself or a name that only a local network gives.
    pub(super) fn is_unprotected(&self) -> bool {
        let scheme = self.scheme.strip_prefix("git+").unwrap_or(self.scheme);
        let is_plain = ["http", "ftp", "git"].iter().any(|plain| scheme.eq_ignore_ascii_case(plain));
        is_plain && !self.is_local()
    }

    /// Whether it names the machine itself, or a host without a domain.
    pub(super) fn is_local(&self) -> bool {
        let is_loopback = self.host == "::1" || self.host.starts_with("127.") || self.host.ends_with(".localhost");
        is_loopback || !self.host.contains(['.', '$', ':'])
    }

    /// The host, for a message; `None` when it is made by a variable.
    pub(super) fn named_host(&self) -> Option<&'a str> {
        (!self.host.contains(['$', '`', '{'])).then_some(self.host)
    }
}

/// Whether the command is one that downloads.
pub(super) fn is_download(command: &Command) -> bool {
    command.name().is_some_and(|name| DOWNLOADERS.contains(&name))
}

/// The first URL among a command's words.
pub(super) fn first_url(command: &Command) -> Option<Url<'_>> {
    command.args().iter().find_map(Url::of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_no_password_left() {
        let url = |text| Url::parse(text).map(|u| (u.scheme, u.host, u.path));
        assert_eq!(url("\"https://u:p@get.test:8443/i.sh?t=1\""), Some(("https", "get.test", "/i.sh?t=1")));
        assert_eq!(url("http://[::1]:80/x"), Some(("http", "::1", "/x")));
        assert_eq!(url("https://${HOST:-a.test}/x"), Some(("https", "${HOST:-a.test}", "/x")));
        assert_eq!(url("https:///x"), None);
        assert_eq!(url("deb [x] http://a.test y"), None);
        assert_eq!(url("get.test/x"), None);
    }

    #[test]
    fn plain_http_to_the_machine_itself_is_no_risk() {
        let is_unprotected = |text| Url::parse(text).is_some_and(|u| u.is_unprotected());
        for text in [
            "http://a.test/x",
            "HTTP://a.test",
            "git://a.test/x.git",
            "git+http://a.test/x",
            "http://$HOST/x",
            "ftp://10.0.0.1/x",
        ] {
            assert!(is_unprotected(text), "{text}");
        }
        for text in
            ["https://a.test", "http://localhost:80/x", "http://127.0.0.1/", "http://nexus:8081/", "http://[::1]/"]
        {
            assert!(!is_unprotected(text), "{text}");
        }
    }
}
