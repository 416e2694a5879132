use super::{Facts, Reporter};
use crate::dockerfile::{CopySource, Keyword};

/// Names of archives that ADD unpacks, or would when they hold a tar archive.
const ARCHIVES: [&str; 17] = [
    ".tar", ".gz", ".tgz", ".tpz", ".bz2", ".tbz", ".tbz2", ".tb2", ".xz", ".txz", ".zst", ".tzst", ".lz", ".tlz",
    ".lzma", ".Z", ".tZ",
];
/// How a URL or a Git repository starts.
const REMOTE: [&str; 6] = ["https://", "http://", "git://", "git@", "ssh://", "github.com/"];

/// Reports every ADD of something that COPY would take just the same.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let takes_variables = report.params().bool("variables");
    for (index, add) in facts.instructions_of(Keyword::Add) {
        let Some(copying) = add.copy_sources_and_dest() else { continue };
        let plain = copying.sources.iter().find_map(|source| match source {
            CopySource::Heredoc(word, _) => Some(*word),
            CopySource::Path(word) => {
                let path = match takes_variables {
                    true => word.text.trim_matches(['"', '\'']).to_owned(),
                    false => facts.text_of(index, word),
                };
                let is_special = (path.contains('$') && !takes_variables)
                    || REMOTE.iter().any(|start| path.starts_with(start))
                    || ARCHIVES.iter().any(|end| path.ends_with(end));
                (!is_special).then_some(*word)
            }
        });
        if let Some(word) = plain {
            let message =
                "ADD takes a plain file or folder here, and may do more than that: it unpacks archives and loads URLs";
            report.push(report.at(word.span, message).help("use COPY, which only copies"));
        }
    }
}
