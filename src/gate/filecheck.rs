//! FILECHECK and SECRETCHECK: files by name and by content.

use super::{Facts, Reporter};
use crate::finding::Finding;
use crate::image::Node;
use crate::policy::{line_regex, path_regex};

/// Entries whose path matches the policy's expression.
pub fn file_name_matched(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    name_matched(facts, report, report.params().str("name-regexp"), "no such file");
}

/// Entries whose path matches one of the policy's expressions for files with secrets.
pub fn secret_name_matched(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for expression in report.params().list("name-regexp") {
        name_matched(facts, report, expression, "no such secret");
    }
}

fn name_matched(facts: &Facts<'_>, report: &mut Reporter<'_>, expression: &str, thing: &str) {
    let regex = match path_regex(expression) {
        Ok(regex) => regex,
        Err(error) => return report.push(report.on_image(format!("file names were not checked: {error}"))),
    };
    for (path, node) in &facts.tree.nodes {
        if regex.is_match(path) {
            let message = format!("{path} matches `{expression}`, and the policy wants {thing} in an image");
            report.push(report.in_layer(node.layer, Some(path), message).subject(path));
        }
    }
}

/// Regular files with a line that matches the policy's expression. The line is not shown: it may be a secret.
pub fn file_content_matched(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    content_matched(facts, report, report.params().str("content-regexp"), "no such text");
}

/// Regular files with a line that matches one of the policy's expressions for secrets, or the lack of any such file.
pub fn secret_content_matched(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let params = report.params();
    let (expressions, paths) = (params.list("content-regexp"), params.str("path-regexp"));
    let is_meant = match path_regex(paths) {
        Ok(regex) => move |path: &str| paths.is_empty() || regex.is_match(path),
        Err(error) => return report.push(report.on_image(format!("file contents were not checked: {error}"))),
    };
    let mut is_found = false;
    for expression in expressions {
        let Some(hits) = content_hits(facts, report, expression) else { return };
        for (path, layer, line) in hits.into_iter().filter(|(path, ..)| is_meant(path)) {
            is_found = true;
            if !params.bool("absent") {
                report.push(hit(report, expression, "no such secret", path, layer, line));
            }
        }
    }
    if params.bool("absent") && !is_found {
        let files =
            if paths.is_empty() { "no file".to_owned() } else { format!("no file whose path matches `{paths}`") };
        let message =
            format!("{files} has a line that matches `{}`, and the policy wants one", expressions.join("` or `"));
        report.push(report.on_image(message));
    }
}

fn content_matched(facts: &Facts<'_>, report: &mut Reporter<'_>, expression: &str, thing: &str) {
    for (path, layer, line) in content_hits(facts, report, expression).unwrap_or_default() {
        report.push(hit(report, expression, thing, path, layer, line));
    }
}

fn hit(report: &Reporter<'_>, expression: &str, thing: &str, path: &str, layer: usize, line: u64) -> Finding {
    let message = format!("line {line} of {path} matches `{expression}`, and the policy wants {thing} in an image");
    report.in_layer(layer, Some(path), message).subject(path)
}

/// Path, layer and first such line of every file that has one; `None`, which is told, when nobody has looked for it.
fn content_hits<'a>(
    facts: &Facts<'a>,
    report: &mut Reporter<'_>,
    expression: &str,
) -> Option<Vec<(&'a str, usize, u64)>> {
    let Some(pattern) = facts.content_patterns.iter().position(|p| p == line_regex(expression)) else {
        let message = format!("`{expression}` was not searched for: the image was read without it");
        report.push(report.on_image(message));
        return None;
    };
    let first = |node: &Node| node.entry.matches.iter().filter(|m| m.pattern == pattern).map(|m| m.line).min();
    let hits = facts.tree.nodes.iter().filter_map(|(path, node)| Some((path.as_str(), node.layer, first(node)?)));
    Some(hits.collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fixtures::{Case, file, messages};
    use crate::finding::Origin;
    use crate::image::{ContentMatch, Entry};

    #[test]
    fn names_are_matched_from_the_start_of_the_path() {
        let case = Case::new(1)
            .layer([file("/root/.ssh/id_rsa")], [])
            .layer([file("/home/a/.ssh/id_rsa"), file("/home/a/.ssh/id_rsa.pub"), file("/home/b/.ssh/id_rsa")], []);
        let case = case.layer([], ["/home/b/.ssh/id_rsa"]);
        let findings = case.run("file-name-matched", &[("name-regexp", r".*/.ssh/id_rsa$")]);
        assert_eq!(
            messages(&findings),
            [
                "1 /home/a/.ssh/id_rsa matches `.*/.ssh/id_rsa$`, and the policy wants no such file in an image",
                "0 /root/.ssh/id_rsa matches `.*/.ssh/id_rsa$`, and the policy wants no such file in an image",
            ]
        );
        assert_eq!([findings[0].origin, findings[1].origin], [Origin::Yours, Origin::Base]);
        assert!(case.run("file-name-matched", &[("name-regexp", "id_rsa")]).is_empty());
    }

    #[test]
    fn content_is_told_by_line_and_never_shown() {
        let hit = |pattern, line| ContentMatch { pattern, line };
        let with = Entry { matches: vec![hit(0, 1), hit(1, 7), hit(1, 3)], ..file("/app/.env") };
        let mut case = Case::new(0).layer([with, file("/app/other")], []);
        case.content_patterns = vec!["a".into(), "password=".into()];
        assert_eq!(
            messages(&case.run("file-content-matched", &[("content-regexp", "password=")])),
            ["0 line 3 of /app/.env matches `password=`, and the policy wants no such text in an image"]
        );
        assert_eq!(
            messages(&case.run("file-content-matched", &[("content-regexp", "b")])),
            ["- `b` was not searched for: the image was read without it"]
        );
    }

    #[test]
    fn secrets_are_looked_for_by_several_expressions_and_by_their_old_names() {
        let hit = |pattern, line| ContentMatch { pattern, line };
        let with = Entry { matches: vec![hit(0, 4), hit(1, 2)], ..file("/app/.env") };
        let mut case = Case::new(0).layer([with, file("/root/.netrc")], []);
        case.content_patterns = vec!["token=".into(), crate::policy::line_regex("PRIV_KEY").into()];
        assert_eq!(
            messages(&case.run_with("secret-content-matched", &[("content-regexp", &["PRIV_KEY", "token="])])),
            [
                "0 line 2 of /app/.env matches `PRIV_KEY`, and the policy wants no such secret in an image",
                "0 line 4 of /app/.env matches `token=`, and the policy wants no such secret in an image",
            ]
        );
        let only = |path: &str, absent: &str| {
            messages(&case.run(
                "secret-content-matched",
                &[("content-regexp", "token="), ("path-regexp", path), ("absent", absent)],
            ))
        };
        assert_eq!(
            (only("/app/.*", "false").len(), only("/etc/.*", "false").len(), only("/app/.*", "true").len()),
            (1, 0, 0)
        );
        assert_eq!(
            only("/etc/.*", "true"),
            ["- no file whose path matches `/etc/.*` has a line that matches `token=`, and the policy wants one"]
        );
        assert_eq!(
            messages(&case.run_with("secret-name-matched", &[("name-regexp", &[".*/x", ".*/[.]netrc$"])])),
            ["0 /root/.netrc matches `.*/[.]netrc$`, and the policy wants no such secret in an image"]
        );
    }
}
