use super::*;
use crate::dockerfile::parse;
use crate::text::SourceText;

fn read(text: &str) -> (Arc<SourceText>, Vec<Script>) {
    let dockerfile = parse(&SourceText::new("Dockerfile", text));
    (Arc::clone(&dockerfile.source), scripts(&dockerfile))
}

/// The source text of each command.
fn spans(text: &str) -> Vec<String> {
    let (source, scripts) = read(text);
    scripts
        .iter()
        .flat_map(|script| {
            assert_eq!(script.error, None, "{text}");
            script.commands.iter().map(|command| source.slice(command.span).to_owned())
        })
        .collect()
}

#[test]
fn commands_stand_where_they_were_written() {
    assert_eq!(
        spans("FROM x\r\nRUN --mount=type=cache,target=/c apt-get \\\r\n  # a note\r\n\r\n  update && ls\r\n"),
        ["apt-get \\\r\n  # a note\r\n\r\n  update", "ls"]
    );
    assert_eq!(spans("# escape=`\nFROM x\nSHELL [\"sh\", \"-c\"]\nRUN a b` \n  c & d\n"), ["a b` \n  c", "d"]);
    assert_eq!(spans("FROM x\nRUN [\"sh\", \"-c\", \"a \\\"b\\\" && c\"]\n")[1..], ["a \\\"b\\\"", "c"]);
    assert_eq!(
        spans("FROM x\nONBUILD RUN a | b\nHEALTHCHECK --interval=1s CMD c || exit 1\n"),
        ["a", "b", "c", "exit 1"]
    );
    assert_eq!(spans("FROM x\nCMD [\"a\", \"b\"]\nENTRYPOINT exec c\n"), ["\"a\", \"b\"", "exec c", "c"]);
}

#[test]
fn here_documents_are_code_when_a_shell_reads_them() {
    assert_eq!(spans("FROM x\nRUN <<EOF\na && \\\n  b\nEOF\nRUN c\n"), ["a", "b", "c"]);
    assert_eq!(spans("FROM x\nRUN <<-EOF bash -e\n\ta\n\tb\nEOF\n"), ["bash -e", "a", "b"]);
    assert_eq!(spans("FROM x\nRUN cat <<'EOF' > /x && a\n$(b)\nEOF\n"), ["cat", "a"]);
    let (_, scripts) = read("FROM x\nRUN <<EOF\n#!/usr/bin/env python3\nprint(1)\nEOF\n");
    assert_eq!((scripts[0].form, scripts[0].dialect(), scripts[0].commands.len()), (Form::Heredoc, Dialect::Other, 0));
    assert_eq!(scripts[0].error, None);
}

#[test]
fn the_shell_is_that_of_the_stage_and_of_what_it_stands_on() {
    let (_, scripts) = read(
        "FROM a AS base\nRUN x\nSHELL [\"/bin/bash\", \"-eo\", \"pipefail\", \"-c\"]\nRUN x\nFROM b\nRUN x\nFROM base\nRUN x\n\
         SHELL [\"pwsh\", \"-Command\"]\nRUN if (x) { y }\nFROM mcr.microsoft.com/windows/nanoserver:1809\nRUN dir\n",
    );
    let dialects: Vec<_> = scripts.iter().map(Script::dialect).collect();
    use Dialect::{Bash, Other, Posix};
    assert_eq!(dialects, [Posix, Bash, Posix, Bash, Other, Other]);
    assert!(scripts[3].shell.as_ref().unwrap().sets_pipefail() && !scripts[2].shell.as_ref().unwrap().sets_pipefail());
    assert!(scripts[4..].iter().all(|script| script.commands.is_empty() && script.error.is_none()));
}

#[test]
fn a_comment_says_which_shell_a_base_image_has() {
    let (_, scripts) = read(
        "# hadolint shell=pwsh\nARG A\nFROM a AS one\nRUN x\nFROM b\nRUN x\nSHELL [\"bash\", \"-c\"]\nRUN x\n\
         # hadolint shell=cmd\nRUN x\nFROM c\n# hadolint shell=bash\nRUN x\n# hadolint shell=zsh\nFROM one\nRUN x\n",
    );
    let dialects: Vec<_> = scripts.iter().map(Script::dialect).collect();
    use Dialect::{Bash, Other, Zsh};
    assert_eq!(dialects, [Other, Other, Bash, Other, Bash, Zsh]);
}

#[test]
fn pipefail_is_known_where_it_counts() {
    let is_set = |run: &str| {
        let (_, scripts) = read(&format!("FROM x\nRUN {run}\n"));
        let curl = scripts[0].commands.iter().find(|command| command.name() == Some("curl")).unwrap().clone();
        assert!(scripts[0].piped_into(&curl).any(|command| command.name() == Some("sh")));
        scripts[0].has_pipefail(&curl)
    };
    assert!(is_set("set -euxo pipefail; curl u | sh"));
    assert!(is_set("bash -o pipefail -c 'curl u | sh'"));
    assert!(is_set("bash -c 'set -o pipefail && curl u | sh'"));
    assert!(!is_set("curl u | sh && set -o pipefail"));
    assert!(!is_set("set -o pipefail && sh -c 'curl u | sh'"));
    assert!(!is_set("bash -c 'set -o pipefail'; curl u | sh"));
    assert!(!is_set("set -e; curl u | sh"));
}
