//! Histories in the spelling of each builder against Dockerfiles.

use std::fmt::Write as _;

use super::*;
use crate::dockerfile::parse;
use crate::image::History;
use crate::text::SourceText;

/// An entry of a history; those that start with `-` made no layer.
fn config(history: &[&str]) -> ImageConfig {
    let entry = |text: &&str| History {
        created_by: text.trim_start_matches('-').into(),
        empty_layer: text.starts_with('-'),
        ..History::default()
    };
    ImageConfig { history: history.iter().map(entry).collect(), ..ImageConfig::default() }
}

/// The trace as text: makers of the layers (`base`, `?` or the line), the number of base layers, what does not match.
fn traced(dockerfile: &str, target: Option<&str>, history: &[&str], layers: usize) -> String {
    let dockerfile = parse(&SourceText::new("Dockerfile", dockerfile));
    let trace = trace(&dockerfile, target, &config(history), layers);
    assert_eq!((trace.layers.len(), trace.history.len()), (layers, history.len()));
    let mut out = String::new();
    for maker in &trace.layers {
        match maker {
            Maker::Base => out.push_str("base "),
            Maker::Unknown => out.push_str("? "),
            Maker::Instruction(index) => write!(out, "{} ", dockerfile.instructions[*index].lines.0).unwrap(),
        }
    }
    match trace.base_layers {
        Some(count) => write!(out, "| {count}").unwrap(),
        None => out.push_str("| none"),
    }
    if let Some(mismatch) = trace.mismatch {
        write!(out, " | {mismatch}").unwrap();
    }
    out
}

fn layers_of(history: &[&str]) -> usize {
    history.iter().filter(|entry| !entry.starts_with('-')).count()
}

fn whole(dockerfile: &str, history: &[&str]) -> String {
    traced(dockerfile, None, history, layers_of(history))
}

const APP: &str = "\
ARG BASE=debian
FROM $BASE
ARG TOKEN=none
ENV MODE=prod \\
    PORT=80
RUN apt-get update && \\
    # note
    apt-get install -y \"curl\"
WORKDIR srv
COPY --chown=app $SRC a.txt /srv/
ADD x.tar /opt
RUN [\"touch\", \"/x y\"]
LABEL a=\"b c\" d=e
EXPOSE 80 53/udp
VOLUME /data
USER app
HEALTHCHECK --interval=5s CMD curl -f \"http://localhost\" || exit 1
ENTRYPOINT [\"/run.sh\", \"-v\"]
CMD serve --port 80
";

#[test]
fn buildkit() {
    let history = [
        "# debian.sh --arch 'amd64' out/ 'bookworm' '@1700000000'",
        "-CMD [\"bash\"]",
        "-ARG TOKEN=s3cret value",
        "-ENV MODE=prod PORT=80",
        "RUN |1 TOKEN=s3cret value /bin/sh -c apt-get update &&     apt-get install -y \"curl\" # buildkit",
        "WORKDIR /home/srv",
        "COPY --chown=app build/out a.txt /srv/ # buildkit",
        "ADD x.tar /opt # buildkit",
        "RUN |1 TOKEN=s3cret touch /x y # buildkit",
        "-LABEL a=b c d=e",
        "-EXPOSE map[53/udp:{} 80/tcp:{}]",
        "-VOLUME [/data]",
        "-USER app",
        "-HEALTHCHECK &{[\"CMD-SHELL\" \"curl -f \\\"http://localhost\\\" || exit 1\"] \"5s\" \"0s\" \"0s\" '\\x00'}",
        "-ENTRYPOINT [\"/run.sh\" \"-v\"]",
        "-CMD [\"/bin/sh\" \"-c\" \"serve --port 80\"]",
    ];
    assert_eq!(whole(APP, &history), "base 6 9 10 11 12 | 1");
}

#[test]
fn classic_builder() {
    let digest = "5b13ab59110688314cbf86ffe499bc4853e3c7f92467c7b4462dccdf2764364a";
    let copy = format!("/bin/sh -c #(nop) COPY --chown=app multi:{digest} in /srv/ ");
    let add = format!("/bin/sh -c #(nop) ADD file:{digest} in /opt ");
    let history = [
        "/bin/sh -c #(nop) ADD file:5b13ab59110688314cbf86ffe499bc48 in / ",
        "-/bin/sh -c #(nop)  CMD [\"bash\"]",
        "-/bin/sh -c #(nop)  ARG TOKEN=none",
        "-/bin/sh -c #(nop)  ENV MODE=prod PORT=80",
        "|1 TOKEN=none /bin/sh -c apt-get update &&     apt-get install -y \"curl\"",
        "/bin/sh -c #(nop) WORKDIR /srv",
        &copy,
        &add,
        "-|1 TOKEN=none touch /x y",
        "-/bin/sh -c #(nop)  LABEL a=b c d=e",
        "-/bin/sh -c #(nop)  EXPOSE 53/udp 80",
        "-/bin/sh -c #(nop)  VOLUME [/data]",
        "-/bin/sh -c #(nop)  USER app",
        "-/bin/sh -c #(nop)  HEALTHCHECK &{[\"CMD-SHELL\" \"curl -f \\\"http://localhost\\\" || exit 1\"] \"5s\" \"0s\"}",
        "-/bin/sh -c #(nop)  ENTRYPOINT [\"/run.sh\" \"-v\"]",
        "-/bin/sh -c #(nop)  CMD [\"/bin/sh\" \"-c\" \"serve --port 80\"]",
        "-/bin/sh -c #(nop)  LABEL given=on-the-command-line",
    ];
    assert_eq!(whole(APP, &history), "base 6 9 10 11 | 1");
}

const SMALL: &str =
    "FROM scratch\nCOPY tool /bin/tool\nRUN [\"/bin/tool\",\"init\"]\nARG KEY=1\nENV P $KEY/x\nRUN make\nUSER 10\n";

#[test]
fn buildah() {
    let copy =
        "/bin/sh -c #(nop) COPY file:01b0553b128d4b3874da2687f49510d7a1f9882a69db52690c33df2a986d2d7f in /bin/tool ";
    let run = "/bin/sh -c [\"/bin/tool\",\"init\"]";
    let settings = ["-/bin/sh -c #(nop) ARG KEY", "-/bin/sh -c #(nop) ENV P $KEY/x"];
    let layered = [copy, run, settings[0], settings[1], "|1 KEY=1 /bin/sh -c make", "-/bin/sh -c #(nop) USER 10"];
    assert_eq!(whole(SMALL, &layered), "2 3 6 | 0");
    // --layers=false records every step as empty but the last, whose layer is that of all.
    let (copy, run) = (format!("-{copy}"), format!("-{run}"));
    let flat = [&copy, &run, settings[0], settings[1], "-|1 KEY=1 /bin/sh -c make", "/bin/sh -c #(nop) USER 10"];
    assert_eq!(whole(SMALL, &flat), "? | 0");
    let on_base = ["from elsewhere", "-/bin/sh -c a", "-/bin/sh -c b", "/bin/sh -c --mount=type=cache,target=/c c"];
    assert_eq!(whole("FROM x\nRUN a\nRUN b\nRUN --mount=type=cache,target=/c c\n", &on_base), "base ? | 1");
    assert_eq!(whole("FROM x\nRUN a\nCMD b\n", &["x", "-/bin/sh -c a", "/bin/sh -c #(nop) CMD b"]), "base 2 | 1");
}

#[test]
fn kaniko_and_squash() {
    let dockerfile = "FROM x\nENV A=1\nRUN --mount=type=ssh make\nCOPY --from=y a /b\nCMD z\n";
    assert_eq!(whole(dockerfile, &["base", "RUN --mount=type=ssh make", "COPY --from=y a /b"]), "base 3 4 | 1");
    let mut squashed = config(&[
        "base",
        "-ENV A=1",
        "-RUN /bin/sh -c make # buildkit",
        "-COPY a /b",
        "-CMD [\"/bin/sh\" \"-c\" \"z\"]",
        "",
    ]);
    squashed.history[5].comment = "merge sha256:1 to sha256:2".into();
    let parsed = parse(&SourceText::new("Dockerfile", dockerfile));
    let squashed = trace(&parsed, None, &squashed, 2);
    assert_eq!((squashed.layers, squashed.base_layers), (vec![Maker::Base, Maker::Unknown], Some(1)));
    assert_eq!(squashed.mismatch, None);
}

#[test]
fn here_documents_and_shells() {
    let dockerfile = "\
FROM x
SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]
RUN <<EOF
set -e
make \"all\"
EOF
RUN cat <<-EOF > /f
\ta
\tEOF
COPY <<one /etc/one
text
one
CMD [\"a\"]
";
    let history = [
        "base",
        "-SHELL [/bin/bash -o pipefail -c]",
        "RUN /bin/bash -o pipefail -c set -e\nmake \"all\"\n # buildkit",
        "RUN /bin/bash -o pipefail -c cat <<-EOF > /f\n\ta\nEOF # buildkit",
        "COPY <<one /etc/one # buildkit",
        "-CMD [\"a\"]",
    ];
    assert_eq!(whole(dockerfile, &history), "base 3 7 10 | 1");
    assert_eq!(whole("FROM x\nRUN <<S\n#!/bin/perl\n1\nS\n", &["x", "RUN /dev/pipes/S # buildkit"]), "base 2 | 1");
}

#[test]
fn stages_stand_on_stages() {
    let dockerfile = "\
FROM golang AS build
RUN go build
FROM debian AS common
RUN a
ONBUILD COPY . /app
FROM common AS test
RUN b
FROM common
RUN c
";
    let common = ["debian", "RUN /bin/sh -c a # buildkit", "-ONBUILD COPY . /app", "COPY . /app # buildkit"];
    let last = [&common[..], &["RUN /bin/sh -c c # buildkit"]].concat();
    assert_eq!(whole(dockerfile, &last), "base 4 5 9 | 1");
    let test = [&common[..], &["RUN /bin/sh -c b # buildkit"]].concat();
    assert_eq!(traced(dockerfile, Some("TEST"), &test, 4), "base 4 5 7 | 1");
    assert_eq!(traced(dockerfile, Some("none"), &test, 4), "? ? ? ? | none | the Dockerfile has no stage 'none'");
    let trace = trace(&parse(&SourceText::new("Dockerfile", dockerfile)), None, &config(&last), 4);
    assert_eq!(trace.base_from, Some(2));
}

#[test]
fn triggers_of_the_base_are_made_by_from() {
    let history = [
        "ADD rootfs.tar / # buildkit",
        "-ONBUILD ARG V=1",
        "-ONBUILD COPY . /app",
        "-ONBUILD RUN npm ci",
        "-CMD [\"node\"]",
        "-ARG V=2",
        "COPY . /app # buildkit",
        "RUN |1 V=2 /bin/sh -c npm ci # buildkit",
        "RUN |1 V=2 /bin/sh -c make # buildkit",
    ];
    assert_eq!(whole("FROM node-onbuild\nRUN make\n", &history), "base 1 1 2 | 1");
}

#[test]
fn equal_lines_are_told_apart_by_their_order() {
    let update = "RUN /bin/sh -c apt-get update # buildkit";
    let history = ["base", update, "COPY a / # buildkit", update, "COPY a / # buildkit", update];
    assert_eq!(
        whole("FROM x\nRUN apt-get update\nCOPY a /\nRUN apt-get update\n", &history),
        "base base base 2 3 4 | 3"
    );
}

#[test]
fn a_dockerfile_of_another_image_does_not_match() {
    let history = ["base", "RUN /bin/sh -c a # buildkit", "RUN /bin/sh -c b # buildkit", "-CMD [\"x\"]"];
    assert_eq!(
        whole("FROM x\nRUN other\nRUN things\nCMD [\"x\"]\n", &history),
        "? ? ? | none | line 2 (`RUN other`) is not in the image's history, which has `RUN /bin/sh -c a` there"
    );
    // What still fits is attributed.
    assert_eq!(
        whole("FROM x\nRUN a\nRUN changed\nRUN b\nCMD [\"x\"]\n", &history),
        "? 2 4 | none | line 3 (`RUN changed`) is not in the image's history, which has nothing there"
    );
    assert_eq!(
        whole("FROM x\nRUN a\nCMD [\"x\"]\n", &history),
        "? 2 ? | none | step 3 of the image's history (`RUN /bin/sh -c b`) comes from no line of the Dockerfile"
    );
    // A changed setting does not move the base.
    assert_eq!(
        whole("FROM x\nRUN a\nRUN b\nCMD [\"y\"]\n", &history),
        "base 2 3 | 1 | line 4 (`CMD [\"y\"]`) is not in the image's history, which has `CMD [\"x\"]` there"
    );
    assert_eq!(
        whole("FROM scratch\nRUN a\nRUN b\nCMD [\"x\"]\n", &history),
        "? 2 3 | none | step 1 of the image's history (`base`) comes from no line of the Dockerfile"
    );
    assert_eq!(whole("FROM x\n", &history), "base base base | 3");
}

#[test]
fn the_first_line_that_does_not_match_is_told_with_what_is_there() {
    let history = [
        "base",
        "COPY a /a # buildkit",
        "RUN |1 TOKEN=q7Zt9LmX2vKd /bin/sh -c curl https://example.test/v1 # buildkit",
        "COPY b /b # buildkit",
        "RUN /bin/sh -c last # buildkit",
        "-USER app",
    ];
    let told = |dockerfile: &str| whole(dockerfile, &history);
    let there = told("FROM x\nCOPY a /a\nRUN curl https://example.test/v2\nCOPY b /b\nRUN last\nUSER app\n");
    assert!(there.contains("| none | line 3 (`RUN curl https://example.test/v2`) is not in"), "{there}");
    assert!(there.contains("which has `RUN |1 TOKEN=") && !there.contains("q7Zt9LmX"), "{there}");
    // Of several, the first; and of the first ones, the entry that stands as far before the first pair.
    assert!(told("FROM x\nCOPY z /z\nRUN y\nCOPY b /b\nRUN last\nUSER app\n").contains("has `COPY a /a` there"));
    assert!(told("FROM x\nCOPY a /a\nRUN y\nCOPY z /z\nRUN last\nUSER app\n").contains("line 3 (`RUN y`)"));
}

/// The same with builders' names, as `author|created_by|comment`, and whether layers were merged.
fn signed(dockerfile: &str, history: &[&str]) -> String {
    let mut signed = config(&[]);
    for text in history {
        let (is_empty, text) = text.strip_prefix('-').map_or((false, *text), |text| (true, text));
        let mut parts = text.splitn(3, '|').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        let (author, created_by, comment) = (next(), next(), next());
        signed.history.push(History { author, created_by, comment, empty_layer: is_empty, created: None });
    }
    let layers = layers_of(history);
    let dockerfile = parse(&SourceText::new("Dockerfile", dockerfile));
    let trace = trace(&dockerfile, None, &signed, layers);
    let makers: Vec<String> = trace
        .layers
        .iter()
        .map(|maker| match maker {
            Maker::Base => "base".into(),
            Maker::Unknown => "?".into(),
            Maker::Instruction(index) => dockerfile.instructions[*index].lines.0.to_string(),
        })
        .collect();
    let merged = if trace.is_merged { " merged" } else { "" };
    let mismatch = trace.mismatch.as_deref().map_or(String::new(), |text| format!(" | {text}"));
    format!("{} | {:?}{merged}{mismatch}", makers.join(" "), trace.base_layers)
}

#[test]
fn a_single_snapshot_of_kaniko_is_all_of_the_build() {
    let dockerfile = "FROM x\nRUN a\nCOPY b /b\nENV C=d\nCMD [\"e\"]\n";
    let history = ["|base|", "-|CMD [\"bash\"]|", "kaniko|CMD [\"e\"]|"];
    assert_eq!(signed(dockerfile, &history), "base ? | Some(1) merged");
    assert_eq!(signed("FROM x\nCOPY b /b\nCMD [\"e\"]\n", &history), "base 2 | Some(1)");
    // Of another Dockerfile's last step nothing is believed.
    let other = signed("FROM x\nRUN a\nCOPY b /b\nCMD [\"f\"]\n", &history);
    assert!(other.starts_with("? ? | None | line 2 (`RUN a`)"), "{other}");
    // Step by step it is an image like any other, without settings.
    let steps = ["|base|", "kaniko|RUN a|", "kaniko|COPY b /b|"];
    assert_eq!(signed(dockerfile, &steps), "base 2 3 | Some(1)");
}

#[test]
fn buildah_squashes_the_base_with_the_steps() {
    let dockerfile = "FROM x\nRUN a\nCOPY b /b\nUSER c\n";
    let digest = "5b13ab59110688314cbf86ffe499bc4853e3c7f92467c7b4462dccdf2764364a";
    let copy = format!("-|/bin/sh -c #(nop) COPY file:{digest} in /b |");
    let history = ["-|/bin/sh -c a|", &copy, "|/bin/sh -c #(nop) USER c|FROM 6299bf792549"];
    assert_eq!(signed(dockerfile, &history), "? | None merged");
    assert_eq!(signed(&dockerfile.replace("FROM x", "FROM scratch"), &history), "? | Some(0) merged");
    // The stages below are squashed without a history of theirs.
    let staged = format!("FROM scratch AS s\nADD y /\nRUN z\n{}", dockerfile.replace("FROM x", "FROM s"));
    assert_eq!(signed(&staged, &history), "? | Some(0) merged");
    // What the image has and the Dockerfile has not is of another build.
    let other = signed("FROM x\nCOPY b /b\nUSER c\n", &["-|/bin/sh -c a|", &copy, "-|/bin/sh -c d|", history[2]]);
    assert!(other.starts_with("? | None | ") && other.contains("`/bin/sh -c d`"), "{other}");
}

#[test]
fn an_image_without_a_history_of_steps_is_merged_and_proves_nothing() {
    let dockerfile = "FROM x\nCOPY b /b\n";
    let told = signed(dockerfile, &["||Imported from -"]);
    assert!(told.starts_with("? | None merged | its history tells of no instruction"), "{told}");
    let told = signed(dockerfile, &["|# debian.sh|", "-|CMD [\"bash\"]|"]);
    assert!(told.starts_with("? | None | line 2 (`COPY b /b`)"), "{told}");
    let none = trace(&parse(&SourceText::new("Dockerfile", dockerfile)), None, &config(&[]), 1);
    assert!(none.is_merged && none.mismatch.is_some());
}

#[test]
fn a_suffix_is_not_a_command() {
    let history = ["base", "RUN |1 A=b /bin/sh -c cd /x && make # buildkit"];
    assert!(whole("FROM x\nRUN make\n", &history).contains("none"));
    assert!(whole("FROM x\nRUN [\"make\"]\n", &history).contains("none"));
}

#[test]
fn hostile_histories_are_not_believed() {
    let dockerfile = "FROM x\nRUN a\n";
    assert_eq!(traced(dockerfile, None, &[], 2), "? ? | none | the image has no history");
    assert_eq!(
        traced(dockerfile, None, &[], 0),
        "| none | line 2 (`RUN a`) is not in the image's history, which has nothing there"
    );
    let history = ["base", "RUN /bin/sh -c a # buildkit"];
    for layers in [0, 1, 3] {
        let told = format!("the history tells of 2 layers, the image has {layers}");
        assert!(traced(dockerfile, None, &history, layers).ends_with(&format!("| none | {told}")));
    }
    assert_eq!(traced("RUN a\n", None, &history, 2), "? ? | none | the Dockerfile has no FROM");
    let long = format!("FROM x\n{}", "RUN a\n".repeat(align::MAX_STEPS + 1));
    assert!(traced(&long, None, &history, 2).contains("more than 1000 instructions"));
    let many = vec!["RUN /bin/sh -c a # buildkit"; 20_000];
    assert!(whole(&format!("FROM x\n{}", "RUN a\n".repeat(900)), &many).ends_with("| 19100"));
    let odd = [
        "-ONBUILD",
        "|",
        "|1",
        "/bin/sh -c #(nop) ",
        "COPY",
        "-\u{0}\u{1b}",
        "#(nop) #(nop) ONBUILD ONBUILD",
        "|99999999999999999999 a",
    ];
    assert!(whole("FROM x\nRUN\nCOPY\nONBUILD\nENV\nCOPY $\nENV ${a\n", &odd).contains("| "));
}

#[test]
fn a_trace_is_shown_with_lines() {
    let dockerfile = parse(&SourceText::new("Dockerfile", "# base\nFROM x\nRUN a\n"));
    let trace = trace(&dockerfile, None, &config(&["base", "RUN /bin/sh -c a # buildkit"]), 2);
    let run = serde_json::json!({ "instruction": 1, "line": 3, "text": "RUN a" });
    assert_eq!(
        trace_json(&trace, &dockerfile),
        serde_json::json!({
            "base_from": { "instruction": 0, "line": 2, "text": "FROM x" },
            "base_layers": 1,
            "layers": ["base", run],
            "history": ["base", run],
            "mismatch": null,
            "merged": false,
        })
    );
}
