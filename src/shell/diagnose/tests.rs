//! What is found, and where.

use super::*;
use crate::dockerfile::{BuildOptions, environments, parse};
use crate::shell::scripts;
use crate::text::SourceText;

fn diagnosis(text: &str, shellcheck: Option<&ShellCheck<'_>>) -> (Dockerfile, Diagnosis) {
    let dockerfile = parse(&SourceText::new("Dockerfile", text));
    let environments = environments(&dockerfile, &BuildOptions::default());
    let diagnosis = Linter::new(shellcheck).diagnose(&dockerfile, &scripts(&dockerfile), &environments);
    (dockerfile, diagnosis)
}

/// `line:column code text` of each.
fn found(text: &str) -> Vec<String> {
    let (dockerfile, diagnosis) = diagnosis(text, None);
    assert_eq!(diagnosis.problems, Vec::<String>::new(), "{text}");
    let shown = |d: &Diagnostic| {
        let at = dockerfile.source.position(d.span.start);
        format!("{}:{} {} {}", at.line, at.column, d.code, dockerfile.source.slice(d.span))
    };
    diagnosis.diagnostics.iter().map(shown).collect()
}

#[test]
fn every_fault_is_found_where_it_was_written() {
    assert_eq!(
        found(
            "FROM x\nARG A\nRUN --mount=type=cache,target=/c cp $A /d && \\\n  # a note\n\n    rm -r $A \\\n $(ls)\n"
        ),
        ["7:2 2046 $(ls)"]
    );
    assert_eq!(
        found("FROM x\nRUN for f in *; do \\\n  rm $f; \\\n  cat $f >$f.x; done\n"),
        ["3:6 2086 $f", "4:7 2086 $f", "4:11 2086 $f"]
    );
    assert_eq!(found("FROM x\r\nRUN for f in *; do \\\r\n  rm $f; done\r\n"), ["3:6 2086 $f"]);
    assert_eq!(
        found("# escape=`\nFROM x\nSHELL [\"sh\", \"-c\"]\nRUN for f in *; do `\n  rm $f; done\n"),
        ["5:6 2086 $f"]
    );
    assert_eq!(found("FROM x\nRUN for f in *; do echo 'größer → ä' \\\n 'ö' $f; done\n"), ["3:6 2086 $f"]);
    assert_eq!(found("FROM x\nRUN for f in *; do rm ${\\\nf}; done\n"), ["2:23 2086 ${\\\nf}"]);
    assert_eq!(found("FROM x\nONBUILD RUN for f in *; do rm $f; done\n"), ["2:31 2086 $f"]);
}

#[test]
fn here_documents_are_read_when_they_are_code() {
    assert_eq!(found("FROM x\nRUN <<EOF\ncd /srv\nset -- $(ls)\nEOF\n"), ["3:1 2164 cd /srv", "4:8 2046 $(ls)"]);
    assert_eq!(found("FROM x\nRUN <<-EOF\n\t\tcd /srv\n\tEOF\n"), ["3:3 2164 cd /srv"]);
    assert_eq!(found("FROM x\nRUN <<EOF\r\ncd /srv\r\nEOF\r\n"), ["3:1 2164 cd /srv"]);
    assert_eq!(found("FROM x\nRUN cat <<EOF >/f\n$(ls) cd /srv\nEOF\nRUN cd /srv\n"), ["5:5 2164 cd /srv"]);
    assert_eq!(found("FROM x\nRUN <<EOF\n#!/bin/bash\n[[ -e /x ]]\nEOF\n"), Vec::<String>::new());
    assert_eq!(found("FROM x\nRUN <<EOF\n#!/usr/bin/env python3\nfor x in y: print(x)\nEOF\n"), Vec::<String>::new());
    assert_eq!(
        found("FROM x\nRUN <<EOF\ncd /a\n# shellcheck disable=SC2164\ncd /b\ncd /c\nEOF\n"),
        ["3:1 2164 cd /a", "6:1 2164 cd /c"]
    );
    assert_eq!(
        found("FROM x\nENV a=1\nRUN <<EOF\n#!/bin/sh\n# shellcheck disable=SC2164\ncd $a\nls $(ls)\ncd /b\nEOF\n"),
        ["7:4 2046 $(ls)"]
    );
}

#[test]
fn code_is_read_as_the_shell_in_force_reads_it() {
    let with = |shell: &str| {
        found(&format!("FROM x\nSHELL [{shell}]\nRUN f() {{ local a=1; echo \"$a\"; }}; f; [[ -e /x ]]\n"))
    };
    assert_eq!(with("\"/bin/sh\", \"-c\""), ["3:11 3043 local a", "3:39 3010 [[ -e /x ]]"]);
    assert_eq!(
        found("FROM x\nENV UID=1\nRUN echo \"$RANDOM $UID ${EUID}\" \\$UID\n"),
        ["3:11 3028 $RANDOM", "3:24 3028 ${EUID}"]
    );
    assert_eq!(found("FROM x\nSHELL [\"dash\", \"-c\"]\nRUN echo -e a\n"), ["3:10 3036 -e"]);
    assert_eq!(with("\"/bin/ash\", \"-eo\", \"pipefail\", \"-c\""), ["3:39 3010 [[ -e /x ]]"]);
    assert_eq!(with("\"/bin/bash\", \"-c\""), Vec::<String>::new());
    assert_eq!(with("\"pwsh\", \"-Command\""), Vec::<String>::new());
    assert_eq!(found("FROM x\nRUN [\"sh\", \"-c\", \"cd /srv\"]\nCMD cd /srv\n"), Vec::<String>::new());
}

#[test]
fn variables_of_the_dockerfile_are_set() {
    assert_eq!(
        found("ARG all\nFROM x\nARG a=1\nENV b=2 PATH=/x:$PATH\nRUN echo \"$a$b$PATH$http_proxy\"\n"),
        Vec::<String>::new()
    );
    assert_eq!(found("ARG all\nFROM x\nRUN echo \"$all\"\n"), ["3:11 2154 $all"]);
    assert_eq!(
        found("FROM x\nARG a=1\nENV b=2\nONBUILD ARG c\nONBUILD RUN echo \"$a$b$c$d\"\nONBUILD ARG d\n"),
        ["5:19 2154 $a", "5:25 2154 $d"]
    );
    assert_eq!(found("FROM x\nENV build_dir=/b\nRUN echo \"$build_dirs\"\n"), ["3:11 2154 $build_dirs"]);
    assert_eq!(found("FROM x\nENV BUILD_DIR=/b\nRUN echo \"$BUILD_DIRS\"\n"), ["3:11 2153 $BUILD_DIRS"]);
}

#[test]
fn code_that_is_no_shell_is_told() {
    assert_eq!(found("FROM x\nRUN if a; then b\n"), ["2:5 1046 i", "2:16 1047 b"]);
    assert_eq!(found("FROM x\nRUN a | | b\n"), ["2:9 1072 |"]);
    assert_eq!(found("FROM x\nRUN echo \"a\n"), ["2:10 1072 \""]);
}

#[test]
fn code_that_cannot_be_read_is_a_problem() {
    let long = format!("FROM x\nRUN true\nRUN echo {}\n", "a".repeat(40_000));
    assert_eq!(
        diagnosis(&long, None).1.problems,
        ["Dockerfile:3: the code was not read for shell pitfalls: 40005 bytes, more than the 32768 that are read"]
    );
    let (_, deep) = diagnosis(&format!("FROM x\nRUN {}a{}\n", "{ ".repeat(100), "; }".repeat(100)), None);
    assert_eq!(
        deep.problems,
        ["Dockerfile:2: the code was not read for shell pitfalls: it is nested too deep, or the linter failed on it"]
    );
    assert_eq!((deep.scripts, deep.diagnostics.len()), (0, 0));
}

#[test]
fn the_command_is_heard_where_it_knows_the_language() {
    let run = |arguments: &[&str], input: &str| match arguments {
        [.., "--shell=sh", "-"] => {
            assert_eq!(input, "export a=1\nécho   $a");
            Ok(String::from(
                r#"{"comments":[{"file":"-","line":2,"endLine":2,"column":8,"endColumn":10,"level":"info","code":2086,"message":"quote"},
                {"file":"-","line":1,"endLine":1,"column":1,"endColumn":2,"level":"error","code":1000,"message":"ours"}]}"#,
            ))
        }
        _ => Err(String::from("it is not there")),
    };
    let command = ShellCheck { version: String::from("1"), run: &run };
    let (dockerfile, heard) = diagnosis("FROM x\nARG a\nRUN écho \\\n  $a\n", Some(&command));
    assert_eq!(heard.problems, Vec::<String>::new());
    let [only] = heard.diagnostics.as_slice() else { panic!("one") };
    assert_eq!((only.code, only.severity, only.message.as_str()), (2086, Severity::Info, "quote"));
    assert_eq!((dockerfile.source.line(only.span.start), dockerfile.source.slice(only.span)), (4, "$a"));

    let (_, other) = diagnosis("FROM x\nSHELL [\"bash\", \"-c\"]\nRUN cd /srv\n", Some(&command));
    assert_eq!(other.problems, ["Dockerfile:3: it is not there; the built-in linter read the code instead"]);
    assert_eq!(other.diagnostics.len(), 1);
    let (_, zsh) = diagnosis("FROM x\nSHELL [\"zsh\", \"-c\"]\nRUN cd /srv\n", Some(&command));
    assert_eq!(zsh.problems, Vec::<String>::new());
}

#[test]
fn hostile_code_is_bounded() {
    let codes = [
        "$(".repeat(50) + &")".repeat(50),
        "(".repeat(58) + &")".repeat(58),
        "{ ".repeat(58) + "a" + &"; }".repeat(58),
        "if a; then ".repeat(58) + "b" + &"; fi".repeat(58),
        "\"${x:-".repeat(50) + &"}\"".repeat(50),
        "a && ".repeat(5_000) + "a",
        "a | ".repeat(299) + "a",
        "$x ".repeat(5_000),
        "x=$y;printf $x;".repeat(150),
        "f() { f; }; ".repeat(50),
        "cat <<A\n".repeat(2_000),
        "[ $x = y ] || ".repeat(150) + "a",
        "case x in ".repeat(500),
        "`".repeat(5_001),
        "\0\u{1b}\u{feff}'\"\\".repeat(3_000),
    ];
    for code in codes {
        let text = format!("FROM x\nRUN <<E\n{code}\nE\n");
        diagnosis(&text, None);
    }
}

#[test]
fn the_same_code_is_read_once_and_told_everywhere() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let run = |_: &[&str], _: &str| {
        asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Ok(String::from(
            r#"{"comments":[{"line":1,"endLine":1,"column":1,"endColumn":3,"level":"warning","code":2164,"message":"m"}]}"#,
        ))
    };
    let command = ShellCheck { version: String::from("1"), run: &run };
    let linter = Linter::new(Some(&command));
    for _ in 0..2 {
        let dockerfile =
            parse(&SourceText::new("Dockerfile", "FROM x\nRUN cd /a\nSHELL [\"bash\", \"-c\"]\nRUN cd /a\n"));
        let environments = environments(&dockerfile, &BuildOptions::default());
        let found = linter.diagnose(&dockerfile, &scripts(&dockerfile), &environments).diagnostics;
        let lines: Vec<usize> = found.iter().map(|d| dockerfile.source.line(d.span.start)).collect();
        assert_eq!(lines, [2, 4]);
    }
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 2, "once for sh, once for bash");
}
