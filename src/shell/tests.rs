//! Commands out of shell code.

use super::code::Code;
use super::collect::Collector;
use super::*;
use crate::text::Span;

/// Each command as its words, `name=value` assignments first and redirections last, and its wrapper's name behind `<`.
fn read(text: &str) -> Vec<String> {
    let (commands, error) = collect(text);
    assert_eq!(error, None, "{text}");
    let show = |command: &Command| {
        let mut parts: Vec<String> = command.assignments.iter().map(|a| format!("{}=", a.name)).collect();
        parts.extend(command.words.iter().map(|word| word.text.clone()));
        parts.extend(command.redirects.iter().map(|redirect| format!("{:?}:{}", redirect.kind, redirect.target.text)));
        let outer = command.wrapper.and_then(|index| commands.get(index)).and_then(Command::name);
        parts.extend(outer.map(|name| format!("< {name}")));
        parts.join(" ")
    };
    commands.iter().map(show).collect()
}

fn collect(text: &str) -> (Vec<Command>, Option<ScriptError>) {
    let mut code = Code::default();
    code.push_lines(text, Span::new(0, text.len()), false);
    let mut collector = Collector::default();
    collector.script(code, Dialect::Bash);
    let (commands, error) = collector.finish();
    for command in &commands {
        for word in &command.words {
            let written = text[word.span.range()].replace('\\', "");
            assert_eq!(written, word.text.replace('\\', ""), "{text}");
        }
    }
    (commands, error)
}

#[test]
fn commands_are_found_wherever_they_run() {
    assert_eq!(read("a && b x || ! c; d & (e; f) | g"), ["a", "b x", "c", "d", "e", "f", "g"]);
    assert_eq!(read("if a; then b; elif c; then d; else e; fi"), ["a", "b", "c", "d", "e"]);
    assert_eq!(read("for i in $(a) b; do c \"$i\"; done; until d; do e; done"), ["a", "c \"$i\"", "d", "e"]);
    assert_eq!(read("case `a` in x|$(b)) c;; *) exit 1;; esac"), ["a", "b", "c", "exit 1"]);
    assert_eq!(read("f() { a; }; function g { b; }; time c; [[ -n $(d) ]] && { e; }"), ["a", "b", "c", "d", "e"]);
    assert_eq!(
        read("a \"x $(b \"$(c)\") y\" ${z:-$(d)} <(e)"),
        ["a \"x $(b \"$(c)\") y\" ${z:-$(d)} <(e)", "b \"$(c)\"", "c", "d", "e"]
    );
    assert_eq!(read("X=$(a) export Y=`b` Z; V=1"), ["a", "X= export Y=`b` Z", "b", "V="]);
    assert_eq!(read("cat <<EOF >f && b\n$(c) $d\nEOF\ne"), ["cat HereDocument:EOF Output:f", "b", "c", "e"]);
    assert_eq!(read("cat <<'EOF'\n$(c)\nEOF\n"), ["cat HereDocument:'EOF'"]);
}

#[test]
fn wrappers_stand_before_what_they_run() {
    assert_eq!(
        read("sudo -E env A=1 apt-get update 2>&1"),
        [
            "sudo -E env A=1 apt-get update DuplicateOutput:1",
            "env A=1 apt-get update DuplicateOutput:1 < sudo",
            "A= apt-get update DuplicateOutput:1 < env",
        ]
    );
    assert_eq!(
        read("bash -c 'cd /x && make' && sh -ec \"echo \\\"$a\\\" | tee b\""),
        [
            "bash -c 'cd /x && make'",
            "cd /x < bash",
            "make < bash",
            "sh -ec \"echo \\\"$a\\\" | tee b\"",
            "echo \"$a\" < sh",
            "tee b < sh",
        ]
    );
    assert_eq!(
        read("bash <<EOF\na\nb $(c)\nEOF\n"),
        ["bash HereDocument:EOF", "a < bash", "b $(c) < bash", "c < bash"]
    );
    assert_eq!(read("sh -c \"$(curl -fsSL u)\""), ["sh -c \"$(curl -fsSL u)\"", "curl -fsSL u"]);
    assert_eq!(read("find . -exec rm -f {} \\; -print"), ["find . -exec rm -f {} \\; -print", "rm -f {} < find"]);
}

#[test]
fn a_pipeline_knows_its_elements() {
    let (commands, _) = collect("x; curl u | sudo tar xz | (a; b) && c | d");
    let at = |name: &str| {
        let command = commands.iter().find(|command| command.name() == Some(name)).unwrap();
        command.pipeline.map(|at| (at.pipeline, at.element, at.elements, at.is_piped()))
    };
    assert_eq!(at("x"), None);
    assert_eq!(at("curl"), Some((0, 0, 3, true)));
    assert_eq!(at("tar"), Some((0, 1, 3, true)));
    assert_eq!(at("b"), Some((0, 2, 3, false)));
    assert_eq!(at("d"), Some((1, 1, 2, false)));
}

#[test]
fn words_know_their_values() {
    let (commands, _) = collect("a 'b c' \"d$x\" e\\ f $'g\\n' /h/* --i=\"j\"");
    let literals: Vec<_> = commands[0].words.iter().map(|word| word.literal.as_deref()).collect();
    assert_eq!(literals, [Some("a"), Some("b c"), None, Some("e f"), Some("g\n"), Some("/h/*"), Some("--i=j")]);
}

#[test]
fn broken_code_gives_an_error_and_what_can_be_read() {
    let (commands, error) = collect("apt-get update && echo \"x");
    assert!(error.is_some());
    assert_eq!(commands[0].name(), Some("apt-get"));
}

#[test]
fn hostile_code_is_bounded() {
    let deep = [
        "$(".repeat(5_000),
        "(".repeat(5_000),
        "{ ".repeat(5_000),
        "a && ".repeat(20_000),
        "a | ".repeat(20_000) + "a",
        "sudo ".repeat(20_000),
        "sh -c '".repeat(1_000),
        "`".repeat(5_001),
        "\"${x:-".repeat(3_000),
        "if a; then ".repeat(3_000),
        "cat <<A\n".repeat(2_000),
        "x=".to_owned() + &"$((".repeat(3_000),
        "a".repeat(600_000),
        ("bash <<A\n".to_owned() + &"( ".repeat(55)).repeat(12),
        (0..12).map(|i| format!("{}bash <<E{i}\n", "( ".repeat(55))).collect::<String>()
            + &(0..12).rev().map(|i| format!("E{i}\n{}\n", ")".repeat(55))).collect::<String>(),
    ];
    for text in deep {
        let mut code = Code::default();
        code.push_lines(&text, Span::new(0, text.len()), false);
        let mut collector = Collector::default();
        collector.script(code, Dialect::Bash);
        let (commands, _) = collector.finish();
        assert!(commands.len() <= 20_010);
    }
}
