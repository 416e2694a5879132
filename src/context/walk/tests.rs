use super::*;
use std::fs;

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn paths(context: &Context) -> Vec<&str> {
    context.files.iter().map(|f| f.path.as_str()).collect()
}

#[test]
fn hidden_files_are_sent_and_gitignore_means_nothing() {
    let dir =
        tree(&[(".env", "A=1"), (".gitignore", "*"), ("a/b", ""), ("Dockerfile", ""), (".dockerignore", "a/*\n")]);
    let context = Context::open(dir.path(), None).unwrap();
    assert_eq!(paths(&context), [".dockerignore", ".env", ".gitignore", "Dockerfile", "a"]);
    assert_eq!((context.ignored, context.left_out.as_slice()), (1, &["a/b".to_owned()][..]));
    assert_eq!(context.files[1].size, 3);
    assert!(context.problems.is_empty());
}

#[test]
fn the_ignore_file_beside_the_dockerfile_wins() {
    let dir = tree(&[("x", ""), ("y", ""), (".dockerignore", "x"), ("d/D", ""), ("d/D.dockerignore", "y\nd\n")]);
    let context = Context::open(dir.path(), Some(&dir.path().join("d/D"))).unwrap();
    assert_eq!(paths(&context), [".dockerignore", "x"]);
    assert_eq!(context.left_out, ["d", "y"]);
    let context = Context::open(dir.path(), Some(&dir.path().join("d/Other"))).unwrap();
    assert!(!paths(&context).contains(&"x"));
}

#[test]
fn exceptions_bring_their_directories_back_and_pruning_is_safe() {
    let dir = tree(&[("a/b/keep", ""), ("a/b/no", ""), ("a/c", ""), ("z/q", ""), (".dockerignore", "*\n!a/b/keep\n")]);
    let context = Context::open(dir.path(), None).unwrap();
    assert_eq!(paths(&context), ["a", "a/b", "a/b/keep"]);
    assert_eq!(context.left_out, [".dockerignore", "a/b/no", "a/c", "z"]);
    let listed = Context::of_paths(["a/b/keep", "a/b/no", "a/c", "z/q"], Some("*\n!a/b/keep\n")).unwrap();
    assert_eq!(paths(&listed), paths(&context));
}

#[cfg(unix)]
#[test]
fn links_are_listed_and_not_followed() {
    let outside = tree(&[("secret", "")]);
    let dir = tree(&[("a/b", "")]);
    std::os::unix::fs::symlink(outside.path(), dir.path().join("out")).unwrap();
    std::os::unix::fs::symlink("a", dir.path().join("in")).unwrap();
    let context = Context::open(dir.path(), None).unwrap();
    assert_eq!(paths(&context), ["a", "a/b", "in", "out"]);
    assert_eq!(context.files[3].kind, ContextFileKind::Symlink);
    assert!(context.read_head(3, 10).is_err());
}

#[cfg(unix)]
#[test]
fn names_that_are_not_utf8_can_be_opened() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tree(&[]);
    fs::write(dir.path().join(std::ffi::OsStr::from_bytes(b"k\xff.pem")), "hello").unwrap();
    let context = Context::open(dir.path(), None).unwrap();
    assert_eq!(context.read_head(0, 4).unwrap(), b"hell");
}

#[test]
fn what_is_no_directory_is_an_error() {
    let dir = tree(&[("f", "")]);
    assert!(matches!(Context::open(&dir.path().join("f"), None), Err(ContextError::Root { .. })));
    assert!(matches!(Context::open(&dir.path().join("nope"), None), Err(ContextError::Root { .. })));
}
