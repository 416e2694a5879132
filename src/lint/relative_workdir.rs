use super::{Facts, Reporter};
use crate::dockerfile::Keyword;

/// Reports every WORKDIR whose path is relative.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (index, workdir) in facts.instructions_of(Keyword::Workdir) {
        let Some(word) = workdir.args.text() else { continue };
        let path = facts.text_of(index, word);
        if is_absolute(&path) || path.starts_with('$') {
            continue;
        }
        let message = format!("`{path}` is relative to a folder that is set elsewhere, maybe in the base image");
        report.push(report.at(word.span, message).help("write the whole path, from `/` on"));
    }
}

/// Whether a path starts at a root, as Linux or Windows images have it.
pub(super) fn is_absolute(path: &str) -> bool {
    let mut chars = path.chars();
    match (chars.next(), chars.next()) {
        (Some('/' | '\\'), _) => true,
        (Some(drive), Some(':')) => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_linux_and_windows() {
        for path in ["/", "/a", "C:\\a", "c:/a", "d:", "\\a"] {
            assert!(is_absolute(path), "{path}");
        }
        for path in ["", "a", "./a", "a/b:c", "1:/a", "ab:/c"] {
            assert!(!is_absolute(path), "{path}");
        }
    }
}
