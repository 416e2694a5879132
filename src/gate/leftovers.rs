//! What came into an image with the source tree, and is of no use in it.

use std::collections::BTreeMap;

use super::{Facts, Reporter};

/// Names of files that only building or developing needs.
const FILES: [&str; 24] = [
    ".DS_Store",
    ".bash_history",
    ".dockerignore",
    ".gitlab-ci.yml",
    ".mysql_history",
    ".node_repl_history",
    ".psql_history",
    ".python_history",
    ".travis.yml",
    ".viminfo",
    ".zsh_history",
    "Containerfile",
    "Dockerfile",
    "Jenkinsfile",
    "Vagrantfile",
    "compose.yaml",
    "compose.yml",
    "docker-bake.hcl",
    "docker-bake.json",
    "docker-compose.override.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
    "npm-debug.log",
    "yarn-error.log",
];
/// Names of folders, told once for all that is in them.
const FOLDERS: [&str; 8] = [".git", ".hg", ".idea", ".svn", ".vagrant", ".vscode", "CVS", "__MACOSX"];
/// Folders whose content packages bring.
const OF_PACKAGES: [&str; 6] = ["node_modules", "site-packages", "dist-packages", "gems", "vendor", "registry"];
/// Paths named in a message; the rest is counted.
const NAMED: usize = 10;

/// Tells, once for each layer, which of its files belong to the source tree alone.
pub fn build_file_in_image(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let base = facts.base.as_ref().map_or(0, |base| base.layers);
    let mut by_layer: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (path, node) in facts.tree.nodes.iter().filter(|(_, node)| node.layer >= base) {
        let Some(found) = leftover(path) else { continue };
        let paths = by_layer.entry(node.layer).or_default();
        if paths.last() != Some(&found) {
            paths.push(found);
        }
    }
    for (layer, mut paths) in by_layer {
        paths.sort_unstable();
        paths.dedup();
        let named = paths.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = match paths.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message =
            format!("nothing in a container needs {named}{more}, and who reads it learns how the image is made");
        let first = paths.first().copied();
        let finding = report.in_layer(layer, first, message).subject(paths.join("\n"));
        report.push(finding.help("name it in .dockerignore, or copy only what the program needs"));
    }
}

/// The part of a path that is of no use: the file, or the folder around it.
fn leftover(path: &str) -> Option<&str> {
    if path.starts_with("/usr/share/") || path.starts_with("/usr/lib/") {
        return None;
    }
    let mut end = 0;
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        end += part.len();
        if OF_PACKAGES.contains(&part) {
            return None;
        }
        let is_last = parts.peek().is_none();
        if FOLDERS.contains(&part) || is_last && FILES.contains(&part) {
            return path.get(..end);
        }
        end += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Case, file, messages};
    use super::leftover;

    #[test]
    fn what_belongs_to_the_source_tree_is_told_once_a_layer() {
        let case = Case::new(1)
            .layer([file("/Dockerfile")], [])
            .layer(
                [file("/app/.git/HEAD"), file("/app/.git/objects/ab/c"), file("/app/Dockerfile"), file("/app/main")],
                [],
            )
            .layer([file("/root/.bash_history")], []);
        let told = messages(&case.run("build-file-in-image", &[]));
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("needs /app/.git, /app/Dockerfile, and"), "{told:?}");
        assert!(told[1].contains("/root/.bash_history"), "{told:?}");
    }

    #[test]
    fn what_packages_bring_is_theirs() {
        for path in
            ["/app/node_modules/x/Dockerfile", "/usr/share/doc/x/Dockerfile", "/app/Dockerfile.md", "/app/git/x"]
        {
            assert_eq!(leftover(path), None, "{path}");
        }
        assert_eq!(leftover("/srv/.vscode/settings.json"), Some("/srv/.vscode"));
    }
}
