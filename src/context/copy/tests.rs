use super::*;
use crate::dockerfile::{BuildOptions, environments, parse};
use crate::text::SourceText;

const TREE: [&str; 14] = [
    ".env",
    "Dockerfile",
    "[b]/c",
    "a.pem",
    "a.txt",
    "src-old/f.go",
    "src/.git/x",
    "src/a.go",
    "src/b.txt",
    "src/sub/c.go",
    "src/sub/d/e.go",
    "x/y/a.txt",
    "x/y/b.pem",
    "x/z/a.txt",
];

/// What the COPYs of a stage take, by source: the paths, with `!` for a source that only ignored files answer to
/// and `?` for one that cannot be known.
fn take_from(context: &Context, instructions: &str) -> Vec<String> {
    let dockerfile = parse(&SourceText::new("Dockerfile", format!("FROM a\n{instructions}\n")));
    let environments = environments(&dockerfile, &BuildOptions::default());
    let shown = |source: CopiedSource| {
        let paths: Vec<&str> = source.files.iter().map(|i| context.files[*i].path.as_str()).collect();
        match source.pattern {
            None => String::from("?"),
            Some(_) if source.only_ignored => format!("!{}", paths.join(" ")),
            Some(_) => paths.join(" "),
        }
    };
    copied(&dockerfile, &environments, context).into_iter().flat_map(|c| c.sources).map(shown).collect()
}

fn taken(instructions: &str) -> Vec<String> {
    take_from(&Context::of_paths(TREE, None).unwrap(), instructions)
}

#[test]
fn paths_are_normalised_to_the_context() {
    let src = "src/.git/x src/a.go src/b.txt src/sub/c.go src/sub/d/e.go";
    for source in ["src", "src/", "/src", "./src", "../../src", "x/../src/."] {
        assert_eq!(taken(&format!("COPY {source} /d")), [src], "{source}");
    }
    assert_eq!(taken("COPY . /d"), [TREE.join(" ")]);
    assert_eq!(taken("ADD / /d")[0], TREE.join(" "));
    assert_eq!(taken("COPY a.txt nothing /d/"), ["a.txt", ""]);
    assert_eq!(taken(r#"COPY ["a.txt", ".env", "/d/"]"#), ["a.txt", ".env"]);
}

#[test]
fn wildcards_are_those_of_go() {
    assert_eq!(taken("COPY *.txt /d/"), ["a.txt"]);
    assert_eq!(taken("COPY * /d/"), [TREE.join(" ")]);
    assert_eq!(taken("COPY **/*.txt /d/"), ["src/b.txt"]);
    assert_eq!(taken("COPY x/*/a.txt /d/"), ["x/y/a.txt x/z/a.txt"]);
    assert_eq!(taken("COPY sr? /d/")[0].split(' ').count(), 5);
    assert_eq!(taken("COPY src/s* /d/"), ["src/sub/c.go src/sub/d/e.go"]);
    assert_eq!(taken(r"COPY [[]b] /d/"), ["[b]/c"]);
}

#[test]
fn variables_come_from_the_stage() {
    assert_eq!(taken("ARG F=a\nENV E=pem\nCOPY $F.${E} /d/"), ["a.pem"]);
    assert_eq!(taken("ARG F\nCOPY $F /d/"), ["?"]);
    assert_eq!(taken("COPY ${F:-a.txt} /d/"), ["a.txt"]);
}

#[test]
fn what_is_not_from_the_context_is_left_out() {
    for instruction in [
        "COPY --from=b a.txt /d",
        "ADD https://h.test/a.txt /d",
        "ADD git@h.test:a/b.git /d",
        "ONBUILD COPY a.txt /d",
        "COPY <<E /d\nx\nE",
        "ADD https://h.test/a.git#v1 /d",
    ] {
        assert_eq!(taken(instruction), Vec::<String>::new(), "{instruction}");
    }
    assert_eq!(taken("ADD https://h.test/x a.txt /d/"), ["a.txt"]);
}

#[test]
fn excludes_hold_inside_a_directory() {
    assert_eq!(taken("COPY --exclude=*.txt --exclude=.git --exclude=**/*.go src /d"), [""]);
    assert_eq!(taken("COPY --exclude=sub --exclude=.git src /d"), ["src/a.go src/b.txt"]);
    assert_eq!(taken("COPY --exclude=** --exclude=!sub/d src /d"), ["src/sub/d/e.go"]);
    assert_eq!(taken("COPY --exclude=*.txt a.txt /d"), ["a.txt"]);
}

#[test]
fn parents_keep_directories_and_know_two_stars() {
    assert_eq!(taken("COPY --parents **/*.txt /d/"), ["a.txt src/b.txt x/y/a.txt x/z/a.txt"]);
    assert_eq!(taken("COPY --parents x/./*/a.txt /d/"), ["x/y/a.txt x/z/a.txt"]);
    assert_eq!(taken("COPY --parents ./x/y/ /d/"), ["x/y/a.txt x/y/b.pem"]);
}

#[test]
fn sources_with_only_ignored_files_are_told() {
    let context = Context::of_paths(TREE, Some("*.pem\nsrc\nx/y\n!x/y/a.txt\n")).unwrap();
    let sources = ["a.pem", "*.pem", "src/a.go", "src", "x/y/b.pem", "b.pem", "src/*.go"];
    for source in sources {
        assert_eq!(take_from(&context, &format!("COPY {source} /d/")), ["!"], "{source}");
    }
    assert_eq!(take_from(&context, "COPY x/y nothing src-old /d/"), ["x/y/a.txt", "", "src-old/f.go"]);
    let excepted = Context::of_paths(["a"], Some("src\n!src/keep\n")).unwrap();
    assert_eq!(take_from(&excepted, "COPY src src/keep /d/"), ["", ""]);
}

#[cfg(unix)]
#[test]
fn links_that_are_sources_are_followed_inside_the_context() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("real/in")).unwrap();
    std::fs::write(dir.path().join("real/in/key"), "").unwrap();
    symlink("/real", dir.path().join("abs")).unwrap();
    symlink("../real/in/key", dir.path().join("real/up")).unwrap();
    symlink("loop", dir.path().join("loop")).unwrap();
    symlink("/etc/passwd", dir.path().join("out")).unwrap();
    let context = Context::open(dir.path(), None).unwrap();
    let taken = take_from(&context, "COPY abs/in real/up abs/*n loop out real /d/");
    assert_eq!(taken, ["real/in/key", "real/in/key", "real/in/key", "", "", "real/in/key"]);
}
