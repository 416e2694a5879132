//! What compose and Bake files say is read as compose and Bake read it.

use super::*;

fn environment(name: &str) -> Option<String> {
    [("TAG", "v2"), ("EMPTY", ""), ("TOKEN", "t")].iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
}

/// A file called `name` among others, by path.
fn read_among(name: &str, text: &str, only: &[&str], others: &[(&str, &str)]) -> Result<Definitions, DefinitionError> {
    let file = SourceText::new(name, text);
    let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
    let open = |path: &Path| {
        // As a file system would.
        let mut parts: Vec<&str> = Vec::new();
        let path = path.to_string_lossy().into_owned();
        for part in path.split('/') {
            match part {
                "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        let path = parts.join("/");
        let found = others
            .iter()
            .find(|(name, _)| *name == path)
            .ok_or_else(|| format!("cannot read {path}: there is no such file"))?;
        Ok(SourceText::new(found.0, found.1))
    };
    let settings = |folder: &Path| match folder.ends_with("web") {
        true => BTreeMap::from([("FOLDER".to_owned(), "site".to_owned()), ("TAG".to_owned(), "never".to_owned())]),
        false => BTreeMap::new(),
    };
    let outside = Outside { environment: &environment, read: &open, settings: &settings };
    definitions(&file, HostKind::of_name(name).unwrap(), Path::new("p"), &only, outside)
}

fn read(name: &str, text: &str, only: &[&str]) -> Result<Definitions, DefinitionError> {
    read_among(name, text, only, &[])
}

/// `name context dockerfile target arg=value… context:name=…`
fn shown(name: &str, text: &str, only: &[&str]) -> Vec<String> {
    shown_of(read(name, text, only).unwrap())
}

fn shown_of(defined: Definitions) -> Vec<String> {
    let location = |location: &Location| match location {
        Location::Local(path) => path.display().to_string(),
        Location::Remote(url) => format!("remote {url}"),
        Location::Image(name) => name.clone(),
        Location::Unknown(why) => format!("? {why}"),
    };
    let one = |d: Definition| {
        let mut words = vec![d.name.clone(), location(&d.context)];
        words.extend(d.dockerfile.iter().chain(&d.target).chain(&d.platform).cloned());
        words.extend(d.args.iter().map(|(name, argument)| format!("{name}={}", argument.value)));
        words.extend(d.contexts.iter().map(|(name, at)| format!("{name}:{}", location(at))));
        words.join(" ")
    };
    defined.list.into_iter().map(one).collect()
}

const COMPOSE: &str = "\
x-args: &args {A: '1', B: '2'}
services:
  web:
    build: ./web
  api:
    build:
      context: ${DIR:-api}
      dockerfile: docker/Dockerfile.$TAG
      target: prod
      platforms: [linux/arm64]
      args:
        <<: *args
        B: $$x
        TOKEN:
        NONE:
      additional_contexts:
        - assets=../assets
        - base=docker-image://alpine:3
  list:
    build: {context: ., args: [TOKEN, C=3]}
  far:
    build: https://github.com/a/b.git
  lost:
    build: {context: $NOWHERE/x}
  plain:
    image: nginx
";

#[test]
fn compose_files() {
    let expected = [
        "web p/./web",
        "api p/api docker/Dockerfile.v2 prod linux/arm64 A=1 B=$x TOKEN=t assets:p/../assets base:docker-image://alpine:3",
        "list p/. C=3 TOKEN=t",
        "far remote https://github.com/a/b.git",
        "lost ? the variable `NOWHERE` has no value here",
    ];
    assert_eq!(shown("compose.yaml", COMPOSE, &[]), expected);
    assert_eq!(shown("compose.yaml", COMPOSE, &["web"]), ["web p/./web"]);
    let none = read("compose.yaml", COMPOSE, &["wbe"]).unwrap_err().to_string();
    assert_eq!(none, "compose.yaml builds no `wbe`; it builds web, api, list, far, lost");
    let api = &read("compose.yaml", COMPOSE, &["api"]).unwrap().list[0];
    assert_eq!((api.args["B"].path.as_str(), api.args["B"].line), ("compose.yaml", 13));
}

#[test]
fn variables_of_compose() {
    for (text, expected) in [
        ("${TAG}-$TAG", "v2-v2"),
        ("${EMPTY:-d}${EMPTY-e}", "d"),
        ("${NO:-${TAG:-x}}", "v2"),
        ("${TAG:+yes}${NO:+no}", "yes"),
        ("$${TAG}", "${TAG}"),
        ("a$", "a$"),
    ] {
        let compose = format!("services: {{a: {{build: {{context: '{text}'}}}}}}");
        assert_eq!(shown("compose.yaml", &compose, &[]), [format!("a p/{expected}")], "{text}");
    }
}

#[test]
fn what_a_compose_file_takes_in_is_read_where_it_lies() {
    let text = "include:\n- web/compose.yaml\n- {path: [x/c.yaml, y.yaml], project_directory: lib}\n- oci://r.test/x\n\
                services:\n  a: {build: .}\n  b:\n    extends: {file: base/b.yaml, service: base}\n    build: {args: {V: '2', W: $TAG}}\n  \
                c: {extends: a}\n  d: {image: x}\n";
    let others = [
        ("p/web/compose.yaml", "services:\n  w: {build: {context: './$FOLDER', dockerfile: D.$TAG}}\n"),
        ("p/x/c.yaml", "services:\n  x: {build: sub}\n"),
        (
            "p/base/b.yaml",
            "services:\n  base:\n    extends: lowest\n    build: {context: ctx, target: t, args: {V: '1', U: u}}\n  \
                          lowest: {build: {dockerfile: L}}\n",
        ),
    ];
    let defined = read_among("compose.yaml", text, &[], &others).unwrap();
    assert_eq!(defined.notes.len(), 2, "{:?}", defined.notes);
    assert!(defined.notes[0].contains("compose.yaml:3: not checked: what y.yaml changes"), "{:?}", defined.notes);
    assert!(defined.notes[1].contains("oci://r.test/x, which is remote"), "{:?}", defined.notes);
    let files: Vec<&str> = defined.list.iter().map(|definition| definition.file.path()).collect();
    assert_eq!(files, ["compose.yaml", "compose.yaml", "compose.yaml", "p/web/compose.yaml", "p/x/c.yaml"]);
    assert_eq!(defined.list[1].args["U"].path, "p/base/b.yaml");
    let expected = ["a p/.", "b p/base/ctx L t U=u V=2 W=v2", "c p/.", "w p/web/./site D.v2", "x p/lib/sub"];
    assert_eq!(shown_of(defined), expected);
    assert_eq!(shown_of(read_among("compose.yaml", text, &["w"], &others).unwrap()), expected[3..4]);
}

#[test]
fn an_included_file_for_a_folder_nobody_knows_is_not_checked() {
    let others = [("p/x/c.yaml", "services:\n  x: {build: sub}\n")];
    let text = "\ninclude:\n  - {path: x/c.yaml, project_directory: '${NOBODY_SETS_THIS:?no}'}\n";
    let defined = read_among("compose.yaml", text, &[], &others).unwrap();
    assert!(defined.list.is_empty());
    let [note] = defined.notes.as_slice() else { panic!("{:?}", defined.notes) };
    assert!(note.starts_with("compose.yaml:3: not checked: what `include` brings in for a folder"), "{note}");
}

#[test]
fn circles_of_compose_files_and_what_is_missing_are_errors() {
    let includes = |path: &str| format!("include: [{path}]\n");
    let (first, second) = (includes("b.yaml"), includes("a.yaml"));
    let others = [("p/b.yaml", second.as_str()), ("p/a.yaml", first.as_str())];
    let error = |text: &str| read_among("compose.yaml", text, &[], &others).unwrap_err().to_string();
    let circle = error(&first);
    assert!(circle.ends_with("files include each other: compose.yaml → p/b.yaml → p/a.yaml → p/b.yaml"), "{circle}");
    let text = "services:\n  a: {extends: b}\n  b: {extends: {service: a}}\n";
    assert_eq!(error(text), "compose.yaml:3: services extend each other: a → b → a");
    assert_eq!(
        error("services: {a: {extends: z}}"),
        "compose.yaml:1: `z` is to be extended, and compose.yaml has no such service"
    );
    assert_eq!(error("\ninclude: z.yaml"), "compose.yaml:2: cannot read p/z.yaml: there is no such file");
}

const BAKE: &str = r#"
variable "TAG" { default = "v1" } # of the environment
variable "NAME" { default = "app" }
variable "SUM" { default = 1 + 2 }
group "default" { targets = ["app", "tools"] }
group "tools" { targets = ["tool"] }
target "_common" {
  args = { GO = "1.25", TAG = TAG, X = null, Y = max(1, 2) }
  platforms = ["linux/amd64", "linux/arm64"]
}
target "app" {
  inherits = ["_common"]
  context = "./${NAME}"
  dockerfile = "Dockerfile"
  target = "prod"
  args = {
    GO = "1.26"
  }
  contexts = {
    assets = "cwd://assets"
    base = "target:tool"
    site = "https://example.test/site.git"
  }
  tags = ["x:${TAG}", notequal("", TAG) ? "y" : "z"]
}
target "tool" { platforms = ["linux/arm64"] }
target "lone" { context = "lone" }
target "odd" { dockerfile = "D.${SUM}" }
function "up" { params = [s] result = "${upper(s)}" }
"#;

#[test]
fn bake_files() {
    let expected = [
        "app p/./app Dockerfile prod GO=1.26 TAG=v2 assets:assets base:target:tool site:remote https://example.test/site.git",
        "tool p/. linux/arm64",
        "lone p/lone",
    ];
    assert_eq!(shown("docker-bake.hcl", BAKE, &[]), expected);
    let notes = read("docker-bake.hcl", BAKE, &[]).unwrap().notes;
    assert_eq!(notes.len(), 1);
    assert!(notes[0].contains(":28: not checked: target `odd`: its dockerfile"), "{}", notes[0]);
    assert_eq!(shown("docker-bake.hcl", BAKE, &["tools"]), ["tool p/. linux/arm64"]);
    assert!(read("docker-bake.hcl", BAKE, &["tolo"]).is_err());
}

#[test]
fn bake_files_in_json() {
    let text = r#"{
      "variable": {"DIR": {"default": "x"}},
      "target": {
        "base": {"args": {"A": "1"}},
        "app": {"inherits": ["base"], "context": "${DIR}/y", "args": {"B": "2"}}
      }
    }"#;
    assert_eq!(shown("docker-bake.json", text, &[]), ["app p/x/y A=1 B=2"]);
}

#[test]
fn broken_files_are_told_with_their_line() {
    for (name, text) in [
        ("compose.yaml", "services:\n  a: [\n"),
        ("docker-bake.hcl", "\ntarget \"a\" {\n"),
        ("docker-bake.hcl", "\ntarget \"a\n"),
        ("docker-bake.hcl", "\na = [1"),
        ("docker-bake.hcl", "\n/* "),
        ("docker-bake.hcl", "\n}"),
        ("docker-bake.json", "{\n"),
    ] {
        let error = read(name, text, &[]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name}:")), "{error}");
    }
}

#[test]
fn deep_and_odd_files_are_survived() {
    let deep = [format!("a = {}", "[".repeat(9000)), format!("a = {}", "\"${".repeat(9000)), "a {".repeat(9000)];
    for text in deep {
        assert!(read("docker-bake.hcl", &text, &[]).is_err());
    }
    let circle = "target \"a\" { inherits = [\"b\"] }\ntarget \"b\" { inherits = [\"a\"] }\ngroup \"g\" { targets = [\"g\", \"a\"] }\n\
                  variable \"v\" { default = v }\n";
    assert_eq!(shown("docker-bake.hcl", circle, &[]), ["a p/."]);
}
