use super::{Facts, Reporter, edits};
use crate::dockerfile::{CopySource, Copying, Instruction, Keyword};
use crate::finding::Fix;
use crate::text::Edit;

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
                let is_special = (path.contains('$') && !takes_variables) || does_more(&path);
                (!is_special).then_some(*word)
            }
        });
        if let Some(word) = plain {
            let message =
                "ADD takes a plain file or folder here, and may do more than that: it unpacks archives and loads URLs";
            let mut finding = report.at(word.span, message).help("use COPY, which only copies");
            finding.fix = copy(facts, index, add, &copying).map(|edit| Fix::safe("copy it", vec![edit]));
            report.push(finding);
        }
    }
}

/// Whether ADD does more with a source of that name than COPY would.
fn does_more(path: &str) -> bool {
    REMOTE.iter().any(|start| path.starts_with(start)) || ARCHIVES.iter().any(|end| path.ends_with(end))
}

/// COPY in place of ADD, where it does the same for every source and has all the flags.
fn copy(facts: &Facts<'_>, index: usize, add: &Instruction, copying: &Copying<'_>) -> Option<Edit> {
    let has_flags = add.flags.iter().all(|f| matches!(f.name.as_str(), "chown" | "chmod" | "link" | "exclude"));
    let is_plain = |source: &CopySource<'_>| match source {
        CopySource::Heredoc(..) => true,
        CopySource::Path(word) => {
            let path = facts.text_of(index, word);
            // What a pattern ends in is what the files end in; one that ends in `*` may take archives.
            !path.contains('$') && !path.ends_with(['*', '?', ']']) && !does_more(&path)
        }
    };
    let keyword = edits::in_case_of(&add.keyword_word, "COPY");
    (has_flags && copying.sources.iter().all(is_plain)).then(|| edits::replace(add.keyword_word.span, keyword))
}
