use super::{Facts, Reporter, edits};
use crate::dockerfile::{Base, Keyword};
use crate::finding::Fix;

/// Reports every WORKDIR whose path is relative.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (index, workdir) in facts.instructions_of(Keyword::Workdir) {
        let Some(word) = workdir.args.text() else { continue };
        let path = facts.text_of(index, word);
        if is_absolute(&path) || path.starts_with('$') {
            continue;
        }
        let message = format!("`{path}` is relative to a folder that is set elsewhere, maybe in the base image");
        let mut finding = report.at(word.span, message).help("write the whole path, from `/` on");
        let front = folder_before(facts, index).map(|folder| format!("{}/", folder.trim_end_matches('/')));
        let edit = front.and_then(|front| edits::in_front(facts, word, &front));
        finding.fix = edit.map(|edit| Fix::safe("write the whole path", vec![edit]));
        report.push(finding);
    }
}

/// The working directory before an instruction, when the file tells.
pub(super) fn folder_before(facts: &Facts<'_>, instruction: usize) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut stage = facts.dockerfile.stage_of(instruction)?;
    let mut end = instruction;
    let top = 'stages: loop {
        for index in (stage.from..end).rev() {
            let before = facts.dockerfile.instructions.get(index)?;
            if before.keyword != Keyword::Workdir {
                continue;
            }
            let path = facts.expanded(index, before.args.text()?)?;
            // Windows has other roots, and a build may fill an argument with anything.
            if facts.is_left_open(index, &path) || path.text.contains(['\\', ':']) {
                return None;
            }
            if path.text.starts_with('/') {
                break 'stages path.text;
            }
            parts.push(path.text);
        }
        match facts.bases.get(stage.index)? {
            Base::Scratch => break String::new(),
            Base::Image(image) if begins_at_root(image) => break String::new(),
            Base::Stage(base) if *base < stage.index => stage = facts.dockerfile.stages.get(*base)?,
            _ => return None,
        }
        end = stage.instructions.end;
    };
    let below = parts.iter().rev().map(|part| part.trim_start_matches("./").trim_end_matches('/'));
    Some([top.trim_end_matches('/')].into_iter().chain(below).collect::<Vec<_>>().join("/"))
}

/// Official images of distributions and languages, which set no working directory.
const AT_ROOT: [&str; 14] = [
    "almalinux",
    "alpine",
    "amazonlinux",
    "busybox",
    "centos",
    "debian",
    "fedora",
    "node",
    "nginx",
    "oraclelinux",
    "python",
    "rockylinux",
    "ruby",
    "ubuntu",
];

/// Whether an image is known to begin at `/`.
fn begins_at_root(image: &str) -> bool {
    let name = image.split(['@', ':']).next().unwrap_or_default();
    AT_ROOT.contains(&name.strip_prefix("docker.io/").unwrap_or(name).trim_start_matches("library/"))
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
