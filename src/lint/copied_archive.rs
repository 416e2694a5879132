use super::{Facts, Reporter};
use crate::dockerfile::{CopySource, Keyword, Word};
use crate::shell::{Command, base_name};
use crate::text::Span;

/// Names of tar archives that ADD unpacks.
const TARS: [&str; 12] =
    [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tb2", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".tpz"];
/// Compressed files that may be tar archives: ADD unpacks them if they are.
const COMPRESSED: [&str; 4] = [".gz", ".bz2", ".xz", ".zst"];
/// Programs that unpack whatever they are given.
const UNPACKERS: [&str; 9] = ["unzip", "gunzip", "bunzip2", "unlzma", "unxz", "zgz", "uncompress", "zcat", "gzcat"];

/// Reports every COPY of an archive from the context that a later RUN of the stage unpacks.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let mut archives: Vec<(String, Span)> = Vec::new();
    for (index, instruction) in facts.dockerfile.instructions.iter().enumerate() {
        match instruction.keyword {
            Keyword::From => archives.clear(),
            Keyword::Copy if instruction.flag("from").is_none() => {
                let Some(copying) = instruction.copy_sources_and_dest() else { continue };
                let named = |word: &Word| (file_name(&facts.text_of(index, word)).to_owned(), word.span);
                let target = named(copying.destination);
                if is_archive(&target.0) {
                    archives.push(target);
                } else {
                    let paths = copying.sources.iter().filter_map(|source| match source {
                        CopySource::Path(word) => Some(named(word)),
                        CopySource::Heredoc(..) => None,
                    });
                    archives.extend(paths.filter(|(name, _)| is_archive(name)));
                }
            }
            Keyword::Run => {
                let script = facts.scripts.binary_search_by_key(&index, |script| script.instruction);
                let commands = script.ok().and_then(|i| facts.scripts.get(i)).map_or(&[][..], |s| &s.commands);
                let taken: Vec<_> = archives
                    .extract_if(.., |(name, _)| commands.iter().any(|command| unpacks(command, name)))
                    .collect();
                for (name, span) in taken {
                    let message = format!(
                        "`{name}` is copied and then unpacked, so the image holds it twice: packed in this layer, \
                         unpacked in the other"
                    );
                    let help = "let ADD unpack it: ADD takes a tar archive of the context apart by itself";
                    report.push(report.at(span, message).help(help));
                }
            }
            _ => {}
        }
    }
}

fn is_archive(name: &str) -> bool {
    TARS.iter().chain(&COMPRESSED).any(|suffix| name.ends_with(suffix))
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Whether a command takes the archive apart in a way that ADD would have done.
fn unpacks(command: &Command, archive: &str) -> bool {
    let is_tar = TARS.iter().any(|suffix| archive.ends_with(suffix));
    let extracts = match command.name() {
        Some("tar" | "bsdtar") => is_extracting(command),
        Some(name) => is_tar && UNPACKERS.contains(&base_name(name)),
        None => false,
    };
    extracts && command.args().iter().any(|word| file_name(word.literal.as_deref().unwrap_or(&word.text)) == archive)
}

/// `tar -xf`, `tar --extract`, and the old style `tar xf`.
fn is_extracting(tar: &Command) -> bool {
    let old = tar.literals().next().is_some_and(|first| !first.starts_with('-') && is_old_style(first));
    old || tar.has_flag(&["-x", "--extract", "--get"])
}

fn is_old_style(word: &str) -> bool {
    word.contains('x') && word.bytes().all(|b| b.is_ascii_alphabetic())
}
