use super::*;

/// Each Dockerfile of a file: its text, and for each of its words starting with an upper-case letter `line:column`.
fn read(kind: HostKind, file: &str) -> Vec<(String, String)> {
    let read = embedded(&SourceText::new("host", file), kind).unwrap();
    assert_eq!(read.notes, Vec::<String>::new());
    let shown = |source: &Arc<SourceText>| {
        let text = source.text();
        let starts =
            text.char_indices().filter(|(i, c)| c.is_ascii_uppercase() && !text[..*i].ends_with(char::is_alphanumeric));
        let places: Vec<String> = starts
            .map(|(i, _)| {
                let position = source.position(i);
                format!("{}:{}", position.line, position.column)
            })
            .collect();
        (text.to_owned(), places.join(" "))
    };
    read.dockerfiles.iter().map(shown).collect()
}

fn one(kind: HostKind, file: &str) -> (String, String) {
    let mut all = read(kind, file);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn yaml(value: &str) -> (String, String) {
    one(
        HostKind::Compose,
        &format!("services:\n  web:\n    build:\n      dockerfile_inline: {value}\n      target: x\n"),
    )
}

fn pair(text: &str, places: &str) -> (String, String) {
    (text.to_owned(), places.to_owned())
}

#[test]
fn names_tell_the_kind() {
    for name in
        ["compose.yaml", "compose.yml", "compose.override.yaml", "docker-compose.yml", "docker-compose-dev.yaml"]
    {
        assert_eq!(HostKind::of_name(name), Some(HostKind::Compose), "{name}");
    }
    for name in ["composed.yaml", "my-compose.yaml", "docker-bake.yaml", "bake.hcl", "compose"] {
        assert_eq!(HostKind::of_name(name), None, "{name}");
    }
    assert_eq!(HostKind::of_name("docker-bake.override.hcl"), Some(HostKind::BakeHcl));
    assert_eq!(HostKind::of_name("docker-bake.json"), Some(HostKind::BakeJson));
    assert_eq!(HostKind::of_extension("bake.hcl"), Some(HostKind::BakeHcl));
}

#[test]
fn block_scalars_keep_their_places() {
    let literal = "|-\n\n        FROM a\n        RUN x \\\n          && Y\n\n        COPY b c";
    assert_eq!(yaml(literal), pair("\nFROM a\nRUN x \\\n  && Y\n\nCOPY b c", "6:9 7:9 8:14 10:9"));
    assert_eq!(yaml("|2 # note\n         FROM a\n        RUN b").0, " FROM a\nRUN b\n");
    assert_eq!(yaml("|\r\n        FROM a\r\n        RUN b\r\n"), pair("FROM a\nRUN b\n", "5:9 6:9"));
    assert_eq!(yaml("&x !!str |\n        FROM ä Ö\n"), pair("FROM ä Ö\n", "5:9"));
    let folded = ">\n        FROM a\n\n        RUN b\n        && C\n\n\n        USER d\n";
    assert_eq!(yaml(folded), pair("FROM a\nRUN b && C\n\nUSER d\n", "5:9 7:9 8:12 11:9"));
}

#[test]
fn other_scalars_keep_their_places() {
    assert_eq!(yaml("FROM a"), pair("FROM a", "4:26"));
    assert_eq!(yaml("FROM a\n\n        RUN b\n         USER c"), pair("FROM a\nRUN b USER c", "4:26 6:9 7:10"));
    assert_eq!(yaml("'FROM a\n\n\n       RUN it''s B'"), pair("FROM a\n\nRUN it's B", "4:27 7:8 7:18"));
    let double = r#""FROM \u00e4\nRUN \x41\t\"B\" \
         C\ud83d\ude00D \/E
         F""#;
    assert_eq!(yaml(double), pair("FROM ä\nRUN A\t\"B\" C😀D /E F", "4:27 4:40 4:44 4:52 5:10 5:23 5:27 6:10"));
}

#[test]
fn a_dollar_sign_of_compose_is_two() {
    let (text, places) = yaml("|\n        FROM a\n        RUN $$B && $C && $$$$D");
    assert_eq!(text, "FROM a\nRUN $B && $C && $$D\n");
    assert_eq!(places, "5:9 6:9 6:15 6:21 6:30");
}

#[test]
fn fragments_and_aliases_are_read_once() {
    let file = "x-a: &a\n  dockerfile_inline: FROM a\nx-b: &b FROM b\nservices:\n  c: {build: {<<: *a}}\n  \
                d: {build: {dockerfile_inline: *b}}\n  e: {build: {dockerfile_inline: *b}}\n  f: {build: {dockerfile_inline: }}\n";
    let texts: Vec<_> = read(HostKind::Compose, file);
    assert_eq!(texts, [pair("FROM a", "2:22"), pair("FROM b", "3:9")]);
}

#[test]
fn bake_in_hcl() {
    let file = r#"
# target "no" { dockerfile-inline = "FROM no" }
variable "TAG" { default = "1.2" }
group "default" { targets = ["a", "b"] }
target "a" {
  args = { dockerfile-inline = "FROM no", X = "${upper("}")}" }
  dockerfile-inline = <<-EOT
    FROM base:${TAG}

      RUN echo $${HOME} $HOME
    USER x
    EOT
  tags = ["x"] /* } */
}
target "b" { dockerfile-inline = "FROM a\nRUN \"B\"" }
target "c" {
  dockerfile-inline = <<EOT
  FROM c
EOT
}
"#;
    assert_eq!(
        read(HostKind::BakeHcl, file),
        [
            pair("FROM base:1.2\n\n  RUN echo ${HOME} $HOME\nUSER x\n", "8:5 10:7 10:19 10:26 11:5"),
            pair("FROM a\nRUN \"B\"", "15:35 15:43 15:49"),
            pair("  FROM c\n", "18:3"),
        ]
    );
}

#[test]
fn bake_in_json() {
    let file = "{\n\t\"variable\": {\"V\": {\"default\": \"3\"}},\n\t\"target\": {\n\t\t\"a\": {\t\"dockerfile-inline\": \"FROM a:${V}\\nRUN \\\"B\\\" $${C}\"}}}";
    assert_eq!(one(HostKind::BakeJson, file), pair("FROM a:3\nRUN \"B\" ${C}", "4:32 4:45 4:51 4:58"));
}

#[test]
fn what_cannot_be_known_is_said() {
    let notes = |file: &str| {
        let read = embedded(&SourceText::new("f.hcl", file), HostKind::BakeHcl).unwrap();
        assert!(read.dockerfiles.is_empty());
        read.notes
    };
    for file in [
        "target \"a\" {\n  dockerfile-inline = \"FROM ${BASE}\"\n}",
        "target \"a\" {\n  dockerfile-inline = join(\"\\n\", [\"FROM a\"])\n}",
        "target \"a\" {\n  dockerfile-inline = X ? \"FROM a\" : \"FROM b\"\n}",
        "target \"a\" {\n  dockerfile-inline = <<A\n%{ if X }FROM a%{ endif }\nA\n}",
    ] {
        let notes = notes(file);
        assert!(notes.len() == 1 && notes[0].starts_with("f.hcl:2: this Dockerfile was not checked: "), "{notes:?}");
    }
}

#[test]
fn a_broken_file_is_an_error_with_its_line() {
    let error = |kind, text: &str| embedded(&SourceText::new("f", text), kind).unwrap_err().to_string();
    let yaml = error(HostKind::Compose, "a: |\n  x\nb: \"dockerfile_inline\nc: ]\n");
    assert!(yaml.starts_with("f:") && yaml.contains("not YAML"), "{yaml}");
    let hcl = error(HostKind::BakeHcl, "target \"a\" {\n  dockerfile-inline = <<E\nFROM x\n");
    assert_eq!(hcl, "f:2: not HCL: this here-document has no line `E` to end it");
    assert_eq!(error(HostKind::BakeHcl, "dockerfile-inline\n\"${\"x"), "f:2: not HCL: this string has no end");
}

proptest::proptest! {
    #[test]
    fn nothing_panics(text in "(?s)(dockerfile_inline: |dockerfile-inline = |target a \\{|[|>'\"$\\\\{}<\\-EOT\n %&*a-c:]){0,40}") {
        for kind in [HostKind::Compose, HostKind::BakeHcl, HostKind::BakeJson] {
            for read in embedded(&SourceText::new("f", text.as_str()), kind).into_iter() {
                for source in read.dockerfiles {
                    source.region(Span::new(0, source.text().len()));
                    assert!(text.get(source.whole_in_file().unwrap().range()).is_some());
                }
            }
        }
    }
}
