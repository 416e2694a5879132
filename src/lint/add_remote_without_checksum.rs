use super::fetch::Url;
use super::{Facts, Reporter};
use crate::dockerfile::{CopySource, Instruction, Keyword, Word};

/// The answers of this host are added so that the cache ends when a branch moves. A checksum would defeat that.
const CHANGES_ON_PURPOSE: &str = "api.github.com";

/// Reports every remote source of an ADD that nothing is compared with.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for instruction in facts.dockerfile.instructions.iter().map(Instruction::innermost) {
        if instruction.keyword != Keyword::Add || instruction.flag_value("checksum").is_some() {
            continue;
        }
        for source in instruction.copy_sources_and_dest().into_iter().flat_map(|copying| copying.sources) {
            let CopySource::Path(word) = source else { continue };
            let Some(source) = Remote::of(word) else { continue };
            let (message, help) = match source {
                Remote::File(host) => (
                    format!(
                        "ADD takes whatever {} gives under this name on the day, without a check",
                        host.unwrap_or("the server")
                    ),
                    "add `--checksum=sha256:…` of the file you tested",
                ),
                Remote::Git => (
                    "ADD takes the repository as its branch or tag is on the day".to_owned(),
                    "name the commit behind the `#`, all 40 digits of it",
                ),
            };
            report.push(report.at(word.span, message).help(help));
        }
    }
}

enum Remote<'w> {
    /// A file, with the host's name when it is known.
    File(Option<&'w str>),
    /// A Git repository that is not named by a commit.
    Git,
}

impl<'w> Remote<'w> {
    /// The remote source that needs a checksum and has none in its name.
    fn of(word: &'w Word) -> Option<Self> {
        let text = word.text.trim_matches(['"', '\'']);
        let (address, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (address, query) = address.split_once('?').unwrap_or((address, ""));
        let url = Url::parse(text);
        let is_git = address.starts_with("git@") || url.is_some_and(|url| matches!(url.scheme, "git" | "ssh"));
        if is_git || (url.is_some() && address.ends_with(".git")) {
            let revision = fragment.split(':').next().unwrap_or_default();
            let is_fixed = is_commit(revision) || revision.contains('$') || query.contains("commit=");
            return (!is_fixed).then_some(Self::Git);
        }
        // What comes over plain HTTP is reported as such, with the same advice.
        let is_checked_elsewhere = |url: &Url<'_>| url.is_unprotected() || url.host == CHANGES_ON_PURPOSE;
        let url = url.filter(|url| matches!(url.scheme, "http" | "https") && !is_checked_elsewhere(url))?;
        Some(Self::File(url.named_host()))
    }
}

fn is_commit(revision: &str) -> bool {
    matches!(revision.len(), 40 | 64) && revision.bytes().all(|b| b.is_ascii_hexdigit())
}
