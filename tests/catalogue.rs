//! What `build.rs` refuses: each mistake in `rules/` is told with its file and line.

use std::fs;
use std::path::Path;

#[path = "../build/catalogue.rs"]
#[allow(dead_code)]
mod generator;

const PAGE: &str = r#"```toml
severity = "warning"
confidence = "high"
summary = "Something bad"
aliases = ["XX1"]
fix = "none"
since = "2026.1"
```

# bad-thing

## Examples

```dockerfile bad
FROM a # <-
```

```dockerfile good
FROM b
```
"#;

const CODE: &str = "pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {}\n";

fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    generator::generate(folder.path()).err().unwrap_or_default()
}

fn one_page(from: &str, to: &str) -> Vec<String> {
    assert!(PAGE.contains(from));
    problems(&[("rules/lint/bad-thing.md", &PAGE.replace(from, to)), ("src/lint/bad_thing.rs", CODE)])
}

#[test]
fn a_sound_page_with_its_code_is_taken() {
    let none: [&str; 0] = [];
    assert_eq!(one_page("XX1", "XX1"), none);
    assert!(generator::generate(Path::new(env!("CARGO_MANIFEST_DIR"))).is_ok());
}

#[test]
fn mistakes_are_told_with_file_and_line() {
    let page = "rules/lint/bad-thing.md";
    let told = |problems: Vec<String>, start: &str, word: &str| {
        assert!(problems.iter().any(|p| p.starts_with(start) && p.contains(word)), "{start} {word}: {problems:?}");
    };
    told(one_page("severity =", "severty ="), &format!("{page}:2:"), "unknown field");
    told(one_page("\"warning\"", "\"bad\""), &format!("{page}:2:"), "unknown variant");
    told(one_page("Something bad", "Something bad."), &format!("{page}:4:"), "full stop");
    told(one_page("2026.1", "now"), &format!("{page}:7:"), "edition");
    told(one_page("# bad-thing", "# other"), &format!("{page}:9:"), "heading");
    told(one_page(" # <-", ""), &format!("{page}:14:"), "marks");
    told(one_page("dockerfile good", "dockerfile nice"), &format!("{page}:18:"), "example");
    told(one_page("fix = \"none\"", "fix = \"safe\""), &format!("{page}:9:"), "fixed");
}

#[test]
fn names_are_unique_whatever_their_case() {
    let second = PAGE.replace("# bad-thing", "# other-thing").replace("XX1", "xx1");
    let found = problems(&[
        ("rules/lint/bad-thing.md", PAGE),
        ("rules/lint/other-thing.md", &second),
        ("src/lint/bad_thing.rs", CODE),
        ("src/lint/other_thing.rs", CODE),
    ]);
    assert_eq!(found, ["rules/lint/other-thing.md:5: `xx1` is already the name of a rule in rules/lint/bad-thing.md"]);
}

#[test]
fn a_page_without_code_and_code_without_a_page_are_refused() {
    let found = problems(&[("rules/lint/bad-thing.md", PAGE)]);
    assert_eq!(found, ["rules/lint/bad-thing.md:1: no code: src/lint has no `pub fn` for `bad_thing::check`"]);
    let found = problems(&[("src/gate/some.rs", &format!("\n{CODE}"))]);
    assert_eq!(found, ["src/gate/some.rs:2: no page: nothing in rules/ names `some::check`"]);
    let run = PAGE.replace("bad-thing", "run-thing");
    let found = problems(&[("rules/run/run-thing.md", &run), ("src/check/mod.rs", "")]);
    assert_eq!(found, ["rules/run/run-thing.md:1: no code: src/check does not use `catalogue::RUN_THING`"]);
}

#[test]
fn detectors_and_key_files_are_held_to_their_shape() {
    let detector = "[[detector]]\nid = \"a-b\"\nname = \"x\"\nkeywords = [\"xyz\"]\nregex = 'x'\nconfidence = \"high\"\nmatch = [\"x\"]\nno-match = [\"y\"]\n";
    assert!(problems(&[("rules/detectors/a.toml", detector)]).is_empty());
    let twice = format!("{detector}{detector}");
    assert_eq!(
        problems(&[("rules/detectors/a.toml", &twice)]),
        ["rules/detectors/a.toml:10: `a-b` already stands in rules/detectors/a.toml"]
    );
    let short = detector.replace("xyz", "xY");
    let shortness = "a keyword is three characters or more, in ASCII without capitals: `xY`";
    assert_eq!(
        problems(&[("rules/detectors/a.toml", &short)]),
        [format!("rules/detectors/a.toml:2: detector `a-b`: {shortness}")]
    );
    let aimless = detector.replace("[\"xyz\"]", "[]");
    assert_eq!(
        problems(&[("rules/detectors/a.toml", &aimless)]),
        ["rules/detectors/a.toml:2: detector `a-b` needs a match, a no-match, and either keywords or paths"]
    );
    let unknown = detector.replace("name", "nmae");
    assert!(
        problems(&[("rules/detectors/a.toml", &unknown)])[0].starts_with("rules/detectors/a.toml:3: unknown field")
    );
}
