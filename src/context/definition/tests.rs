//! What compose and Bake files say is read as compose and Bake read it.

use super::*;

fn environment(name: &str) -> Option<String> {
    [("TAG", "v2"), ("EMPTY", ""), ("TOKEN", "t")].iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
}

fn read(name: &str, text: &str, only: &[&str]) -> Result<Definitions, DefinitionError> {
    let file = SourceText::new(name, text);
    let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
    definitions(&file, HostKind::of_name(name).unwrap(), Path::new("p"), &only, &environment)
}

/// `name context dockerfile target arg=value… context:name=…`
fn shown(name: &str, text: &str, only: &[&str]) -> Vec<String> {
    let location = |location: &Location| match location {
        Location::Local(path) => path.display().to_string(),
        Location::Remote(url) => format!("remote {url}"),
        Location::Image(name) => name.clone(),
        Location::Unknown(why) => format!("? {why}"),
    };
    let one = |d: Definition| {
        let mut words = vec![d.name.clone(), location(&d.context)];
        words.extend(d.dockerfile.iter().chain(&d.target).chain(&d.platform).cloned());
        words.extend(d.args.iter().map(|(name, (value, _))| format!("{name}={value}")));
        words.extend(d.contexts.iter().map(|(name, at)| format!("{name}:{}", location(at))));
        words.join(" ")
    };
    read(name, text, only).unwrap().list.into_iter().map(one).collect()
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
    assert_eq!(SourceText::new("c", COMPOSE).line(api.args["B"].1.start), 13);
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
fn what_compose_takes_from_elsewhere_is_told() {
    let text = "include: [other.yaml]\nservices:\n  a:\n    extends: {file: b.yaml, service: a}\n";
    let notes = read("compose.yaml", text, &[]).unwrap().notes;
    assert_eq!(notes.len(), 2);
    assert!(notes[1].starts_with("compose.yaml:3: not checked: `a` extends"), "{}", notes[1]);
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
