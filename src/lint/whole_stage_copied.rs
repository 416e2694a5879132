use super::{Facts, Reporter};
use crate::dockerfile::{CopySource, Keyword};

/// Reports every COPY --from of `/` to `/`.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (index, copy) in facts.instructions_of(Keyword::Copy) {
        let (Some(_), Some(copying)) = (copy.flag("from"), copy.copy_sources_and_dest()) else { continue };
        let is_root = |path: &str| path.starts_with('/') && path.bytes().all(|b| matches!(b, b'/' | b'.'));
        if !is_root(&facts.text_of(index, copying.destination)) {
            continue;
        }
        for source in &copying.sources {
            let CopySource::Path(word) = source else { continue };
            if is_root(&facts.text_of(index, word)) {
                let message = "this takes the whole file system of the other stage, with everything that was only needed to build";
                report.push(report.at(word.span, message).help("copy the paths that the image needs"));
            }
        }
    }
}
