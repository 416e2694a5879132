//! Lexical paths as Go's `path/filepath` has them on Unix: BuildKit's patterns and COPY sources are cleaned this way.

/// The shortest equivalent path: no empty, `.` or inner `..` components, no trailing slash; `.` for nothing.
pub(super) fn clean(path: &str) -> String {
    let is_rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            ".." if is_rooted => {}
            part => kept.push(part),
        }
    }
    match (is_rooted, kept.is_empty()) {
        (true, _) => format!("/{}", kept.join("/")),
        (false, true) => String::from("."),
        (false, false) => kept.join("/"),
    }
}

/// All but the last component, cleaned: `.` for a bare name, `/` for the root.
pub(super) fn parent(path: &str) -> String {
    path.rfind('/').map_or_else(|| String::from("."), |slash| clean(&path[..=slash]))
}

/// A path inside the context: cleaned as if the context were the root of the file system, without its leading slash.
/// Empty for the context itself.
pub(super) fn inside(path: &str) -> String {
    clean(&format!("/{path}")).split_off(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_lexically() {
        let cases =
            [("", "."), ("a//b/", "a/b"), ("./a/../..", ".."), ("/..", "/"), ("/a/./b/..", "/a"), ("a/..", ".")];
        for (path, cleaned) in cases {
            assert_eq!(clean(path), cleaned, "{path}");
        }
        assert_eq!(inside("../../etc/./passwd"), "etc/passwd");
        assert_eq!(inside("."), "");
        assert_eq!(parent("a/b/c"), "a/b");
        assert_eq!(parent("a"), ".");
        assert_eq!(parent("/"), "/");
    }
}
