//! Single files that a policy names: by attributes, by being there, by a line.

use super::{Facts, Reporter};
use crate::image::EntryKind;
use crate::policy::line_regex;

const SETUID: u32 = 0o4000;
const SETGID: u32 = 0o2000;

/// A mode as a policy writes it; `None` for none, or one that is no octal number.
pub(super) fn octal(text: &str) -> Option<u32> {
    let digits = text.trim().trim_start_matches("0o");
    u32::from_str_radix(digits, 8).ok()
}

/// A file with the digest and mode the policy names, or with others where it says so.
pub fn file_attribute_matched(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let params = report.params();
    let path = params.str("path");
    let Some(node) = facts.tree.resolve(path) else {
        if params.bool("or-missing") {
            report.push(report.on_image(format!("{path} is not in the image")).subject(path));
        }
        return;
    };
    let mut why = Vec::new();
    if !params.str("sha256").is_empty() {
        let wanted = params.str("sha256").trim_start_matches("sha256:");
        let is_same = node.entry.sha256.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(wanted));
        if is_same == params.bool("other-sha256") {
            return;
        }
        why.push(
            if is_same { "has the digest the policy names" } else { "does not have the digest the policy names" }
                .to_owned(),
        );
    }
    if !params.str("mode").is_empty() {
        let Some(wanted) = octal(params.str("mode")) else {
            let message = format!("the mode of {path} was not compared: `{}` is no octal number", params.str("mode"));
            return report.push(report.on_image(message).subject(path));
        };
        let is_same = node.entry.mode == wanted;
        if is_same == params.bool("other-mode") {
            return;
        }
        let own = node.entry.mode;
        why.push(if is_same {
            format!("has the mode {own:04o}")
        } else {
            format!("has the mode {own:04o}, not {wanted:04o}")
        });
    }
    let why = if why.is_empty() { "is in the image".to_owned() } else { why.join(" and ") };
    report.push(report.in_layer(node.layer, Some(path), format!("{path} {why}")).subject(path));
}

/// Regular files with the setuid or setgid bit, and where the policy asks for them directories.
pub fn setuid_file_present(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let with_directories = report.params().bool("directories");
    let is_meant = |kind| kind == EntryKind::File || with_directories && kind == EntryKind::Directory;
    for (path, node) in facts.tree.nodes.iter().filter(|(_, node)| is_meant(node.entry.kind)) {
        let bit = match (node.entry.mode & SETUID != 0, node.entry.mode & SETGID != 0) {
            (false, false) => continue,
            (true, false) => "setuid",
            (false, true) => "setgid",
            (true, true) => "setuid and setgid",
        };
        let message =
            format!("{path} is {bit} (mode {:04o}), owned by {}:{}", node.entry.mode, node.entry.uid, node.entry.gid);
        report.push(report.in_layer(node.layer, Some(path), message).subject(path).help(format!("chmod a-s {path}")));
    }
}

/// Files that must be there and are not.
pub fn required_file_missing(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for path in report.params().list("paths") {
        if facts.tree.resolve(path).is_none() {
            let message = format!("{path} is not in the image, and the policy requires it");
            report.push(report.on_image(message).subject(path));
        }
    }
}

/// One file's line that the policy does not want, or the lack of one it wants.
pub fn file_line_mismatch(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let params = report.params();
    let (path, expression) = (params.str("path"), params.str("content-regexp"));
    let Some(pattern) = facts.content_patterns.iter().position(|p| p == line_regex(expression)) else {
        let message = format!("`{expression}` was not searched for: the image was read without it");
        return report.push(report.on_image(message));
    };
    let node = facts.tree.resolve(path);
    let hit = node.and_then(|n| n.entry.matches.iter().filter(|m| m.pattern == pattern).map(|m| m.line).min());
    let finding = match (hit, params.bool("absent")) {
        (Some(line), false) => {
            let message = format!("line {line} of {path} matches `{expression}`, and the policy does not want that");
            node.map(|node| report.in_layer(node.layer, Some(path), message))
        }
        (None, true) => {
            let message = format!("no line of {path} matches `{expression}`, and the policy wants one");
            Some(
                node.map_or_else(
                    || report.on_image(&message),
                    |node| report.in_layer(node.layer, Some(path), &message),
                ),
            )
        }
        _ => None,
    };
    if let Some(finding) = finding {
        report.push(finding.subject(path));
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Case, file, messages};
    use crate::image::{ContentMatch, Entry};

    fn case() -> Case {
        let matched = vec![ContentMatch { pattern: 0, line: 4 }];
        let sudo = Entry { mode: 0o4755, sha256: Some("ab".into()), matches: matched, ..file("/usr/bin/sudo") };
        let wall = Entry { mode: 0o2755, gid: 5, ..file("/usr/bin/wall") };
        let mut case = Case::new(1).layer([wall], []).layer([sudo], []);
        case.content_patterns = vec!["x".into()];
        case
    }

    #[test]
    fn attributes_are_compared_together() {
        let run = |params: &[(&str, &str)]| {
            let params: Vec<_> = params.iter().copied().chain([("path", "/usr/bin/sudo")]).collect();
            messages(&case().run("file-attribute-matched", &params))
        };
        assert_eq!(run(&[]), ["1 /usr/bin/sudo is in the image"]);
        assert_eq!(run(&[("sha256", "sha256:AB")]), ["1 /usr/bin/sudo has the digest the policy names"]);
        assert!(run(&[("sha256", "ab"), ("other-sha256", "true")]).is_empty());
        assert_eq!(
            run(&[("sha256", "cd"), ("other-sha256", "true"), ("mode", "0755"), ("other-mode", "true")]),
            ["1 /usr/bin/sudo does not have the digest the policy names and has the mode 4755, not 0755"]
        );
        assert!(run(&[("sha256", "ab"), ("mode", "0755")]).is_empty());
        assert_eq!(run(&[("mode", "rwx")]), ["- the mode of /usr/bin/sudo was not compared: `rwx` is no octal number"]);
        let missing =
            |or: &str| messages(&case().run("file-attribute-matched", &[("path", "/no"), ("or-missing", or)]));
        assert_eq!(missing("true"), ["- /no is not in the image"]);
        assert!(missing("false").is_empty());
    }

    #[test]
    fn setuid_and_setgid_files_are_told_whoever_brought_them() {
        assert_eq!(
            messages(&case().run("setuid-file-present", &[])),
            [
                "1 /usr/bin/sudo is setuid (mode 4755), owned by 0:0",
                "0 /usr/bin/wall is setgid (mode 2755), owned by 0:5"
            ]
        );
    }

    #[test]
    fn files_are_required_and_lines_are_looked_for() {
        let told = case().run_with("required-file-missing", &[("paths", &["/usr/bin/sudo", "/no"])]);
        assert_eq!(messages(&told), ["- /no is not in the image, and the policy requires it"]);
        let run = |path: &str, absent: &str| {
            messages(&case().run("file-line-mismatch", &[("path", path), ("content-regexp", "x"), ("absent", absent)]))
        };
        assert_eq!(
            run("/usr/bin/sudo", "false"),
            ["1 line 4 of /usr/bin/sudo matches `x`, and the policy does not want that"]
        );
        assert!(run("/usr/bin/sudo", "true").is_empty() && run("/usr/bin/wall", "false").is_empty());
        assert_eq!(run("/usr/bin/wall", "true"), ["0 no line of /usr/bin/wall matches `x`, and the policy wants one"]);
        assert_eq!(run("/no", "true"), ["- no line of /no matches `x`, and the policy wants one"]);
    }
}
