//! Dockerfiles made up from a grammar: instructions as people write them, in many layouts, and commands that rules look at.

use proptest::prelude::*;
use proptest::sample::select;

const BASES: [&str; 9] = [
    "debian:12",
    "ubuntu",
    "node:22-alpine",
    "python:3.12",
    "golang:1.23",
    "ruby:3",
    "--platform=linux/amd64 rust:1",
    "${BASE:-alpine:3.20}",
    "\"nginx:1\"",
];

const COMMANDS: [&str; 44] = [
    "apt-get update",
    "apt-get install -y curl git=1.2",
    "apt-get install -y --no-install-recommends \\\n        curl \\\n        git",
    "apt install -y a",
    "apt-get -qq install b",
    "apt-get upgrade -y",
    "rm -rf /var/lib/apt/lists/*",
    "rm -rf /var/lib/apt/lists/* /tmp/*",
    "apt-get clean",
    "apk add curl",
    "apk add --no-cache --virtual .build gcc",
    "yum install git",
    "dnf -y install 'a b'",
    "zypper install -y x",
    "pip install flask",
    "pip3 install --no-cache-dir -r requirements.txt",
    "python -m pip install .",
    "npm ci",
    "npm install -g yarn",
    "yarn install --frozen-lockfile",
    "go mod download",
    "go build -o /app ./...",
    "cargo build --release",
    "gem install rails",
    "bundle install",
    "cd /src",
    "cd $HOME",
    "make -j$(nproc)",
    "wget http://example.com/a.tar.gz",
    "curl -fsSL https://example.com/x.sh | sh",
    "wget -qO- https://example.com/x | tar xz",
    "chmod 777 /app",
    "chmod -R 4755 /app/bin",
    "useradd -u 1234567 app",
    "echo $PATH \"$A\" 'b' `date`",
    "cp $a $(ls *.txt) /x",
    "rm *.o",
    "export A=1",
    "set -eux",
    "test -f /x || exit 1",
    "if [ -f /a ]; then apt-get update; fi",
    "for i in a b; do echo $i; done",
    "( cd /y && make )",
    "true > /dev/null 2>&1",
];

const OTHERS: [&str; 38] = [
    "MAINTAINER Jo <jo@example.com>",
    "ENV A b c",
    "ENV A=/a B=\"c d\" \\\n    C=$A",
    "ENV PIP_NO_CACHE_DIR=1",
    "LABEL a b",
    "LABEL version=\"1\" \\\n      author='x y'",
    "ARG V=1",
    "ADD src /app",
    "ADD --chown=app a b /app/",
    "ADD https://example.com/a.tar.gz /x",
    "COPY . .",
    "COPY a b app",
    "COPY --chmod=777 a /b",
    "COPY --from=build /a /b",
    "COPY --from=busybox:1 /bin/sh /bin/",
    "COPY [\"a b\", \"/c\"]",
    "COPY <<EOF /etc/motd\nhello $A\nEOF",
    "WORKDIR /srv",
    "WORKDIR app",
    "WORKDIR ./app/",
    "USER root",
    "USER app",
    "EXPOSE 80 8080:22/TCP",
    "EXPOSE 53/UDP",
    "VOLUME /data",
    "VOLUME [\"/a\"]",
    "CMD node server.js",
    "CMD [\"a\"]",
    "CMD exec a \"$B\" && c",
    "ENTRYPOINT ./start.sh",
    "ENTRYPOINT [\"./a\", \"b\"]",
    "HEALTHCHECK CMD curl -f http://localhost/",
    "HEALTHCHECK NONE",
    "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]",
    "STOPSIGNAL SIGTERM",
    "ONBUILD RUN apt-get update",
    "ONBUILD COPY . /app",
    "# a remark",
];

const JOINTS: [&str; 9] = [
    " && ",
    "; ",
    " && \\\n    ",
    " \\\n && ",
    " \\\n    && ",
    " ; \\\n    ",
    " \\\n# why\n && ",
    " && \\\n\n    ",
    " || ",
];

const FLAGS: [&str; 6] = [
    "",
    "",
    "",
    "--mount=type=cache,target=/root/.cache/pip ",
    "--mount=type=cache,target=/var/cache/apt --mount=type=cache,target=/var/lib/apt ",
    "--network=none ",
];

/// The code of a RUN.
fn code() -> impl Strategy<Value = String> {
    let more = prop::collection::vec((select(&JOINTS[..]), select(&COMMANDS[..])), 0..4);
    let start = select(&["", "", "", "sudo ", "A=1 ", "set -e; "][..]);
    let end = select(&["", "", "", ";", " ", " # done"][..]);
    (start, select(&COMMANDS[..]), more, end).prop_map(|(start, first, more, end)| {
        let rest: String = more.iter().map(|(joint, command)| format!("{joint}{command}")).collect();
        format!("{start}{first}{rest}{end}")
    })
}

fn run() -> impl Strategy<Value = String> {
    let document = prop::collection::vec(select(&COMMANDS[..]), 1..4);
    prop_oneof![
        6 => (select(&FLAGS[..]), code()).prop_map(|(flags, code)| format!("RUN {flags}{code}")),
        1 => document.prop_map(|lines| format!("RUN <<EOF\n{}\nEOF", lines.join("\n"))),
        1 => document_in_json(),
    ]
}

fn document_in_json() -> impl Strategy<Value = String> {
    select(&["RUN [\"apt-get\", \"install\", \"curl\"]", "RUN [\"sh\", \"-c\", \"cd /x && make\"]"][..])
        .prop_map(str::to_owned)
}

fn instruction() -> impl Strategy<Value = String> {
    let plain = prop_oneof![
        3 => run(),
        3 => select(&OTHERS[..]).prop_map(str::to_owned),
    ];
    (plain, 0..12_u8).prop_map(|(text, layout)| match layout {
        0 => text.to_lowercase(),
        1 => format!("  {text}"),
        2 => format!("{text}\n"),
        3 => format!("# about it\n{text}"),
        4 => text.replacen(' ', "   ", 1),
        5 => format!("{text}\n\n# apart\n"),
        _ => text,
    })
}

fn stage() -> impl Strategy<Value = String> {
    let name = select(&["", "", " as build", " AS Build", " As scratch"][..]);
    (select(&BASES[..]), name, prop::collection::vec(instruction(), 0..7)).prop_map(|(base, name, body)| {
        let mut lines = vec![format!("FROM {base}{name}")];
        lines.extend(body);
        lines.join("\n")
    })
}

/// A whole Dockerfile.
pub(crate) fn dockerfile() -> impl Strategy<Value = String> {
    let stages = prop::collection::vec(stage(), 1..3);
    let head = select(&["", "", "# syntax=docker/dockerfile:1\n", "ARG BASE=debian:12\n", "\u{feff}"][..]);
    (head, stages, any::<bool>(), any::<bool>()).prop_map(|(head, stages, ends, is_of_windows)| {
        let text = format!("{head}{}{}", stages.join("\n"), if ends { "\n" } else { "" });
        if is_of_windows { text.replace('\n', "\r\n") } else { text }
    })
}
