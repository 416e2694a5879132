//! Which repository and commit the files are of, for reports that have to say so: as the CI says, else as git does.

use std::env;
use std::process::{Command, Stdio};

use crate::check::Repository;

/// The repository of the current folder; `None` when nobody tells.
pub(super) fn current() -> Option<Repository> {
    let var = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    if let (Some(server), Some(name)) = (var("GITHUB_SERVER_URL"), var("GITHUB_REPOSITORY")) {
        let url = public_url(&format!("{server}/{name}"))?;
        let branch = var("GITHUB_HEAD_REF").or_else(|| var("GITHUB_REF_NAME"));
        return Some(Repository { url, revision: var("GITHUB_SHA"), branch });
    }
    if let Some(url) = var("CI_PROJECT_URL").and_then(|url| public_url(&url)) {
        return Some(Repository { url, revision: var("CI_COMMIT_SHA"), branch: var("CI_COMMIT_REF_NAME") });
    }
    let url = public_url(&git(&["remote", "get-url", "origin"])?)?;
    let branch = git(&["symbolic-ref", "--quiet", "--short", "HEAD"]);
    Some(Repository { url, revision: git(&["rev-parse", "--verify", "--quiet", "HEAD"]), branch })
}

/// The first line of what git answers.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    text.lines().next().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned)
}

/// The address of a remote as an absolute URL without user, password and query; `None` for a folder.
fn public_url(remote: &str) -> Option<String> {
    let remote = remote.trim();
    let (scheme, rest) = match remote.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => (scheme, rest),
        Some(("ssh" | "git", rest)) => ("https", rest),
        Some(_) => return None,
        // `user@host:path`, as ssh has it.
        None => {
            let (host, path) = remote.split_once(':')?;
            let is_host = host.contains('@') && !host.contains('/') && !path.starts_with('\\');
            return is_host.then(|| public_url(&format!("ssh://{host}/{path}")))?;
        }
    };
    let (authority, path) = rest.split_once('/')?;
    let mut host = authority.rsplit('@').next().unwrap_or_default();
    if scheme != "http" && !remote.starts_with("https") {
        host = host.split(':').next().unwrap_or_default();
    }
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'@'));
    (!host.is_empty() && !path.is_empty() && is_plain(host) && is_plain(path))
        .then(|| format!("{scheme}://{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_is_told_without_its_credentials() {
        for (remote, url) in [
            ("https://user:secret@git.test/a/b.git", Some("https://git.test/a/b")),
            ("https://git.test:8443/a/b?token=x", Some("https://git.test:8443/a/b")),
            ("git@git.test:a/b.git\n", Some("https://git.test/a/b")),
            ("ssh://git@git.test:2222/a/b.git", Some("https://git.test/a/b")),
            ("/srv/git/b.git", None),
            ("../b", None),
            ("file:///srv/b", None),
            ("C:\\b", None),
        ] {
            assert_eq!(public_url(remote).as_deref(), url, "{remote}");
        }
    }
}
