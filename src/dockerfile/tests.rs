//! The parser as a whole: what is read, where it stands, and what holds for any text.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::text::{SourceText, Span};

fn read(text: &str) -> Dockerfile {
    parse(&SourceText::new("Dockerfile", text))
}

/// The words of an instruction's arguments as `text@source`, the source shown when it differs.
fn shown(dockerfile: &Dockerfile, instruction: &Instruction) -> Vec<String> {
    let show = |word: &Word| match dockerfile.source.slice(word.span) {
        same if same == word.text => word.text.clone(),
        other => format!("{}@{other}", word.text),
    };
    match &instruction.args {
        Args::Json(words) | Args::Words(words) => words.iter().map(show).collect(),
        Args::Text(text) => vec![show(text)],
        Args::Pairs(pairs) => {
            let value = |pair: &Pair| pair.value.as_ref().map_or("-".into(), show);
            pairs.iter().map(|pair| format!("{}={}", show(&pair.key), value(pair))).collect()
        }
        Args::None => Vec::new(),
    }
}

fn first(text: &str) -> (Dockerfile, Vec<String>) {
    let dockerfile = read(text);
    let words = shown(&dockerfile, &dockerfile.instructions[0]);
    (dockerfile, words)
}

fn refusals(text: &str) -> Vec<String> {
    let dockerfile = read(text);
    let of_instructions = dockerfile.instructions.iter().filter_map(|instruction| instruction.error.as_ref());
    let all = of_instructions.chain(&dockerfile.errors);
    all.map(|error| format!("{}@{}", error.message, dockerfile.source.slice(error.span))).collect()
}

#[test]
fn arguments_take_the_form_of_their_instruction() {
    for (text, expected) in [
        ("RUN  a  'b' ", vec!["a  'b'"]),
        ("RUN [\"a\", 'b']", vec!["[\"a\", 'b']"]),
        ("CMD [ \"a\\\"\", \"b\" ]", vec!["a\"@\"a\\\"\"", "b@\"b\""]),
        ("COPY a\tb  c", vec!["a", "b", "c"]),
        ("VOLUME [\"/x y\"]", vec!["/x y@\"/x y\""]),
        ("ENV A=1 B=\"x y\" C=", vec!["A=1", "B=\"x y\"", "C="]),
        ("ENV A b  c", vec!["A=b  c"]),
        ("LABEL \"a b\"=c\\ d", vec!["\"a b\"=c\\ d"]),
        ("ARG a b=1 c=", vec!["a=-", "b=1", "c="]),
        ("HEALTHCHECK --interval=1s CMD  curl x", vec!["curl x"]),
        ("HEALTHCHECK NONE", vec![]),
        ("WORKDIR /a b", vec!["/a b"]),
        ("ONBUILD COPY a b", vec!["COPY a b"]),
    ] {
        assert_eq!(first(text).1, expected, "{text}");
    }
}

#[test]
fn places_hold_over_continuations_comments_and_line_endings() {
    let text = "\u{FEFF}# escape=`\r\nfrom x\r\n  COPY --from=x `\r\n# no\r\n\r\n   a`\r\nb c\r\n";
    let dockerfile = read(text);
    let copy = &dockerfile.instructions[1];
    assert_eq!(shown(&dockerfile, copy), ["ab@a`\r\nb", "c"]);
    assert_eq!(copy.lines, (3, 7));
    assert_eq!(dockerfile.source.slice(copy.head_span), "COPY --from=x `\r\n# no\r\n\r\n   a`\r\nb c");
    let from = copy.flag_value("from").unwrap();
    assert_eq!((from.text.as_str(), dockerfile.source.slice(from.span)), ("x", "x"));
    assert!(dockerfile.comments[0].in_continuation);
    assert_eq!(dockerfile.empty_continuations.len(), 1);
    assert_eq!((dockerfile.escape, dockerfile.directives[0].value.as_str()), ('`', "`"));
}

#[test]
fn flags_lose_their_quotes_and_keep_their_places() {
    let text = "RUN --mount=type=cache,\"target=/a b\",ro --network=none -- --x";
    let (dockerfile, words) = first(text);
    let run = &dockerfile.instructions[0];
    assert_eq!(words, ["--x"]);
    let options: Vec<_> = run.flags[0].options().collect();
    assert_eq!(options, [("type", Some("cache")), ("target", Some("/a b")), ("ro", None)]);
    assert_eq!(dockerfile.source.slice(run.flags[0].span), "--mount=type=cache,\"target=/a b\",ro");
    assert_eq!(run.flag_value("network").unwrap().text, "none");
}

#[test]
fn heredocs_follow_their_instruction() {
    let text =
        "RUN cat <<A 3<<-'B' && x\na $1\nA\n\tb\n\tB\nUSER u\nONBUILD COPY <<C d /\n# c\nC\nRUN [\"<<D\"]\nCMD <<E\n";
    let dockerfile = read(text);
    let [a, b] = dockerfile.instructions[0].heredocs.as_slice() else { panic!("two") };
    assert_eq!(
        (a.content.as_str(), a.expand, a.fd, dockerfile.source.slice(a.marker_span)),
        ("a $1\n", true, 0, "<<A")
    );
    assert_eq!((b.content.as_str(), b.expand, b.fd, b.chomp), ("b\n", false, 3, true));
    assert_eq!(dockerfile.source.slice(b.body_span), "\tb\n");
    assert_eq!(dockerfile.instructions[0].lines, (1, 5));
    assert_eq!(dockerfile.instructions[1].keyword, Keyword::User);
    let copy = dockerfile.instructions[2].innermost().copy_sources_and_dest().unwrap();
    assert!(matches!(copy.sources[0], CopySource::Heredoc(_, Some(doc)) if doc.content == "# c\n"));
    assert!(matches!(copy.sources[1], CopySource::Path(word) if word.text == "d"));
    assert!(dockerfile.instructions[3].heredocs.is_empty() && dockerfile.instructions[4].heredocs.is_empty());
    assert!(dockerfile.comments.is_empty());
}

#[test]
fn empty_continuation_lines_belong_to_their_instruction() {
    let text = "FROM a\n\nRUN b \\\n\n  \n c\n\nRUN d \\\n\n";
    let dockerfile = read(text);
    let lines = |span: &Span| (dockerfile.source.line(span.start), dockerfile.instruction_at(span.start));
    assert_eq!(
        dockerfile.empty_continuations.iter().map(lines).collect::<Vec<_>>(),
        [(4, Some(1)), (5, Some(1)), (9, Some(2))]
    );
    assert_eq!(dockerfile.instruction_at("FROM a\n".len()), None);
    assert_eq!(dockerfile.source.line(dockerfile.instructions[1].head_span.end), 6);
}

#[test]
fn a_broken_instruction_does_not_stop_the_rest() {
    let text = "FROM a\nWORKDRI /w\nRUN sort <<EOF\nls\nENV X\nCOPY --form=x a b\nUSER u\n";
    let dockerfile = read(text);
    assert_eq!(dockerfile.instructions.len(), 7);
    assert_eq!(dockerfile.errors.len(), 1);
    assert_eq!(dockerfile.source.slice(dockerfile.errors[0].span), "<<EOF");
    let refused: Vec<_> =
        dockerfile.instructions.iter().filter_map(|i| Some((i.lines.0, i.error.as_ref()?.kind))).collect();
    let (parser, instruction) = (ErrorKind::Parser, ErrorKind::Instruction);
    assert_eq!(refused, [(2, instruction), (4, instruction), (5, parser), (6, instruction)]);
}

#[test]
fn refusals_say_what_and_where() {
    for (text, expected) in [
        ("WORKDRI /w", "unknown instruction `WORKDRI` (did you mean WORKDIR?)@WORKDRI"),
        ("FROM a b", "FROM needs one argument, or three: image AS name@FROM a b"),
        (
            "FROM a AS 1b",
            "`1b` is no name for a stage: it must start with a letter and hold letters, digits, `-`, `_`, `.`@1b",
        ),
        ("FROM --platfrom=x a", "FROM has no flag --platfrom (did you mean --platform?)@--platfrom=x"),
        ("FROM a\nCOPY a", "COPY needs at least two arguments, a source and a destination@COPY a"),
        ("FROM a\nCOPY a <<E\nE", "COPY cannot have a here-document as its destination@<<E"),
        ("FROM a\nCOPY --link=maybe a b", "the flag --link takes true or false, not `maybe`@--link=maybe"),
        ("FROM a\nRUN --network=lan x", "--network takes one of default, none, host, not `lan`@lan"),
        ("FROM a\nENV A=1 b", "`b` has no `=`: it must be of the form name=value@b"),
        ("FROM a\nENV =1", "a name in ENV is blank@"),
        ("FROM a\nCMD [true, \"x\"]", "a JSON array of arguments may hold strings only@[true, \"x\"]"),
        ("FROM a\nSHELL zsh -c", "SHELL needs its arguments in JSON form: [\"program\", \"argument\"]@zsh -c"),
        ("FROM a\nHEALTHCHECK --timeout=9q CMD t", "--timeout takes a duration such as 1m30s, not `9q`@9q"),
        ("FROM a\nHEALTHCHECK CURL a", "HEALTHCHECK takes CMD or NONE, not `CURL`@CURL"),
        ("FROM a\nONBUILD ONBUILD USER u", "ONBUILD cannot hold another ONBUILD@ONBUILD"),
        ("RUN x\nFROM a", "RUN stands before the first FROM, in no stage@RUN"),
        ("# nothing\n", "the file has no instructions@"),
        ("ARG a\n", "the file has no FROM, so there is no stage to build@"),
        ("# escape=x\nFROM a", "the escape character is `\\` or a backquote, not `x`@x"),
        ("# check=a\n# check=b\nFROM a", "the directive `check` is given twice@# check=b"),
    ] {
        assert_eq!(refusals(text), [expected], "{text}");
    }
    assert!(refusals("FROM a\nHEALTHCHECK --interval=0ms --retries=3 CMD x\nRUN\nCMD\nSTOPSIGNAL --x 9").is_empty());
}

#[test]
fn stages_know_what_they_stand_on_and_what_they_need() {
    let text = "ARG V=3\nARG NONE\nFROM alpine:${V} AS Base\nFROM base AS b\nFROM x:$NONE\nFROM scratch AS c\nCOPY --from=b /a /\n\
                FROM c\nRUN --mount=type=bind,from=2 ls\n";
    let dockerfile = read(text);
    let kinds: Vec<_> = dockerfile.stages.iter().map(|stage| stage.base_kind.clone()).collect();
    let alpine = Base::Image("alpine:3".into());
    assert_eq!(kinds, [alpine, Base::Stage(0), Base::Unknown, Base::Scratch, Base::Stage(3)]);
    assert_eq!(dockerfile.reachable_stages(None), [0, 1, 2, 3, 4]);
    assert_eq!(dockerfile.reachable_stages(Some("C")), [0, 1, 3]);
    assert_eq!(dockerfile.stage_chain(4), [4, 3]);
    assert_eq!(dockerfile.stage_of(6).map(|stage| stage.index), Some(3));
    assert_eq!(dockerfile.final_stage().map(|stage| stage.instructions.clone()), Some(7..9));
    let given = BuildOptions { build_args: [("NONE".into(), "9".into())].into(), ..BuildOptions::default() };
    assert_eq!(bases(&dockerfile, &given)[2], Base::Image("x:9".into()));
}

#[test]
fn variables_follow_the_scopes_of_a_build() {
    let text = "ARG G=1\nARG H=${G}2\nFROM a AS base\nARG G\nARG L=x M=$L\nENV E=$L F=$E\nENV E=y F=$E\nARG E=arg\nUSER u\n\
                ONBUILD ENV O=$F\nFROM base\nARG TARGETARCH\nUSER u\nFROM b\nUSER u\n";
    let dockerfile = read(text);
    let options = BuildOptions { platform: Some("linux/arm64/v8".into()), ..BuildOptions::default() };
    let environments = environments(&dockerfile, &options);
    let users: Vec<&Env> = (0..dockerfile.instructions.len())
        .filter(|i| dockerfile.instructions[*i].keyword == Keyword::User)
        .map(|i| &environments[i])
        .collect();
    let values = |env: &Env, names: &[&str]| {
        names.iter().map(|n| env.get(n).unwrap_or("-").to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(values(&environments[2], &["G", "H", "TARGETARCH", "TARGETVARIANT", "PATH"]), "1 12 arm64 v8 -");
    assert_eq!(values(users[0], &["G", "H", "L", "M", "E", "F", "TARGETARCH"]), "1 - x x arg x -");
    // The child has the arguments too, but ENV hides an argument of the same name again; and ONBUILD has run.
    assert_eq!(values(users[1], &["G", "L", "E", "O", "TARGETARCH"]), "1 x y x arm64");
    assert_eq!(users[2].variables().iter().map(|v| &*v.name).collect::<Vec<_>>(), ["PATH"]);
    assert_eq!(users[0].variable("E").map(|v| v.setter), Some(Setter::Arg(7)));
}

#[test]
fn a_piece_of_a_stage_has_variables_too() {
    let dockerfile = read("ARG A=1\nENV B=$A\nRUN x\n");
    let environments = environments(&dockerfile, &BuildOptions::default());
    assert_eq!((environments[2].get("A"), environments[2].get("B")), (Some("1"), Some("1")));
}

#[test]
fn comments_are_kept_with_what_they_describe() {
    let text = "# syntax=x\n# one\n\n# two\n# three\nFROM a\n#\n# four\nRUN x # five\n";
    let dockerfile = read(text);
    assert_eq!(dockerfile.directives.len(), 1);
    let texts = |indexes: &[usize]| indexes.iter().map(|i| dockerfile.comments[*i].text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&dockerfile.instructions[0].leading_comments), ["two", "three"]);
    assert_eq!(dockerfile.description_of(0).len(), 3);
    assert_eq!(dockerfile.description_of(1).iter().map(|c| c.text.as_str()).collect::<Vec<_>>(), ["four"]);
}

#[test]
fn hostile_sizes_stay_cheap() {
    let many = |piece: &str| piece.repeat(20_000);
    for text in [
        many("RUN <<EOF\n"),
        format!("RUN {}", many("<<E ")),
        format!("RUN {}", many("\\\n# c\n\n")),
        format!("FROM a\n{}", many("ENV A=$A$A\n")),
        format!("FROM a AS a\n{}", many("FROM a AS a\n")),
        many("ONBUILD "),
        format!("CMD {}", many("[")),
        format!("FROM a\nENV A=aaaaaaaaaaaaaaaaaaaaaaaa\n{}", many("ENV A=${A//a/$A$A}\n")),
    ] {
        let dockerfile = read(&text);
        assert_eq!(environments(&dockerfile, &BuildOptions::default()).len(), dockerfile.instructions.len());
        assert!(dockerfile.reachable_stages(None).len() <= dockerfile.stages.len());
    }
}

fn spans_of(instruction: &Instruction, spans: &mut Vec<Span>) {
    let words = |words: &[Word], spans: &mut Vec<Span>| spans.extend(words.iter().map(|word| word.span));
    spans.extend([instruction.span, instruction.head_span, instruction.keyword_word.span]);
    spans.extend(
        instruction.flags.iter().flat_map(|flag| [Some(flag.span), flag.value.as_ref().map(|v| v.span)]).flatten(),
    );
    words(instruction.args.words(), spans);
    spans.extend(instruction.args.text().map(|text| text.span));
    for pair in instruction.args.pairs() {
        spans.push(pair.key.span);
        spans.extend(pair.value.as_ref().map(|value| value.span));
    }
    spans.extend(instruction.heredocs.iter().flat_map(|doc| [doc.marker_span, doc.body_span]));
    spans.extend(instruction.error.as_ref().map(|error| error.span));
    if let Some(trigger) = &instruction.trigger {
        spans_of(trigger, spans);
    }
}

/// Text that looks enough like a Dockerfile to reach the corners.
fn dockerfile_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "FROM ",
        "RUN ",
        "COPY ",
        "ENV ",
        "ARG ",
        "ONBUILD ",
        "HEALTHCHECK ",
        "CMD ",
        "LABEL ",
        "a",
        "A=1",
        "=",
        "\"",
        "'",
        "$",
        "${A",
        "}",
        ":-",
        "<<",
        "EOF",
        "<<EOF",
        "-",
        "--x=",
        "--",
        "\\",
        "`",
        "\n",
        "\r\n",
        "\\\n",
        "`\n",
        " ",
        "\t",
        "#",
        "# escape=`",
        "[",
        "]",
        "[\"a\", \"b\"]",
        ",",
        "é",
        "\u{a0}",
        "\u{FEFF}",
        "/",
        "%",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_without_loss(text in prop_oneof![dockerfile_like(), any::<String>()]) {
        let source = SourceText::new("Dockerfile", text.clone());
        let dockerfile = parse(&source);
        prop_assert_eq!(dockerfile.print(), text.clone());
        let mut spans: Vec<Span> = dockerfile.errors.iter().map(|error| error.span).collect();
        spans.extend(dockerfile.comments.iter().map(|comment| comment.span));
        spans.extend(dockerfile.directives.iter().flat_map(|directive| [directive.span, directive.value_span]));
        dockerfile.instructions.iter().for_each(|instruction| spans_of(instruction, &mut spans));
        for span in spans {
            prop_assert!(text.get(span.range()).is_some(), "{:?}", span);
        }
        for instruction in &dockerfile.instructions {
            if let Some(word) = instruction.args.text() {
                let offsets = dockerfile.offsets_of(word);
                for (i, byte) in word.text.bytes().enumerate() {
                    prop_assert_eq!(text.as_bytes()[offsets.source_offset(i)], byte);
                }
            }
        }
        let environments = environments(&dockerfile, &BuildOptions::default());
        for stage in &dockerfile.stages {
            let _ = dockerfile.base_image(stage, &environments[stage.from]);
            let _ = dockerfile.stage_chain(stage.index);
        }
        let _ = (dockerfile.syntax(), ast_json(&dockerfile));
    }

    #[test]
    fn any_bytes_are_read_without_loss(bytes in any::<Vec<u8>>()) {
        let source = SourceText::from_bytes("Dockerfile", bytes.clone());
        prop_assert_eq!(source.restore(&parse(&Arc::clone(&source)).print()), bytes);
    }
}
