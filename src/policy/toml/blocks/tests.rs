use std::sync::Arc;

use crate::policy::{Action, ImageNames, Policies, Policy, from_disk};
use crate::text::SourceText;

fn policy(text: &str) -> Result<Policy, String> {
    Policy::parse(&SourceText::new("p.toml", text)).map_err(|e| e.to_string())
}

fn for_image(text: &str, name: &str) -> Policy {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.toml");
    std::fs::write(&path, text).unwrap();
    let policies = Policies::load(&path.to_string_lossy(), &[], &from_disk).unwrap();
    assert!(policies.depend_on_image());
    policies.for_image(&ImageNames { names: vec![name.to_owned()], ..ImageNames::default() }).unwrap()
}

/// The policy's own checks.
fn own(policy: &Policy) -> Vec<(&'static str, Action)> {
    policy.checks.iter().filter(|c| c.rule.is_own()).map(|c| (c.rule.id, c.action)).collect()
}

#[test]
fn a_block_holds_for_the_images_it_names() {
    let text = "[rules]\nuntagged-base = \"stop\"\nlatest-base = \"stop\"\n\
                [[image]]\nnames = [\"team/*\", \"tool:1.*\"]\ncategory = \"build images\"\nrules = { untagged-base = \"go\" }\n\
                [[image]]\nnames = \"team/app\"\nactions = { info = \"warn\" }\n[image.rules]\nuntagged-base = \"warn\"\n";
    let action = |name: &str, rule: &str| {
        let policy = for_image(text, name);
        policy.checks.iter().find(|c| c.rule.id == rule).map(|c| c.action)
    };
    for (name, expected) in
        [("x", Action::Stop), ("tool:1.2", Action::Go), ("tool:2", Action::Stop), ("team/app:9", Action::Warn)]
    {
        assert_eq!(action(name, "untagged-base"), Some(expected), "{name}");
        assert_eq!(action(name, "latest-base"), Some(Action::Stop));
    }
    let notes = for_image(text, "team/app").notes;
    assert!(notes[0].ends_with("p.toml:4 (build images) holds for this image"), "{notes:?}");
    assert_eq!(notes.len(), 2);
}

#[test]
fn checks_become_runs_of_the_rules_behind_them() {
    let text = "named-only = true\n[[check]]\nid = \"no-telnet\"\nmessage = \"no\"\naction = \"warn\"\npackage = \"telnet*\"\n\
                [[check]]\nid = \"no-ssh\"\nmessage = \"no\"\nport = 22\n\
                [[check]]\nid = \"quiet\"\nmessage = \"no\"\nseverity = \"info\"\ninstruction = { keyword = \"run\", argument-regexp = \"-q\" }\n\
                [[check]]\nid = \"suid\"\nmessage = \"no\"\nfile = { path = \"/opt/**\", mode = \"4000\" }\n\
                [[check]]\nid = \"not-now\"\nmessage = \"no\"\naction = \"off\"\nuser = \"root\"\n";
    let policy = policy(text).unwrap();
    let line = |c: &crate::policy::Check| c.line.as_ref().map(|l| l.source.line(l.span.start)).unwrap();
    let shown: Vec<String> = policy
        .checks
        .iter()
        .filter(|c| c.rule.is_own())
        .map(|c| format!("{} {} {} {}", c.rule.id, c.rule.of_catalogue().id, c.action, line(c)))
        .collect();
    assert_eq!(
        shown,
        [
            "no-ssh custom-setting STOP 7",
            "no-telnet custom-package WARN 2",
            "quiet custom-instruction GO 11",
            "suid custom-file STOP 16",
        ]
    );
    let port = policy.checks.iter().find(|c| c.rule.id == "no-ssh").unwrap();
    assert_eq!(port.params.str("kind"), "port");
}

#[test]
fn checks_of_a_stack_add_up_and_the_upper_of_one_id_counts() {
    let folder = tempfile::tempdir().unwrap();
    let check = |id: &str, action: &str| {
        format!("[[check]]\nid = \"{id}\"\nmessage = \"m\"\naction = \"{action}\"\nuser = \"{id}\"\n")
    };
    std::fs::write(
        folder.path().join("a.toml"),
        format!("named-only = true\n{}{}", check("one", "stop"), check("two", "stop")),
    )
    .unwrap();
    let text = format!("extends = \"a.toml\"\n{}{}", check("two", "go"), check("three", "warn"));
    let path = folder.path().join("b.toml").to_string_lossy().into_owned();
    let policy = Policy::parse(&Arc::clone(&SourceText::new(path, text))).unwrap();
    let shown = own(&policy);
    assert_eq!(shown, [("one", Action::Stop), ("three", Action::Warn), ("two", Action::Go)]);
}

#[test]
fn a_check_is_named_like_a_rule_above_and_below() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let below = "named-only = true\n[[check]]\nid = \"own\"\nmessage = \"m\"\nuser = \"root\"\n\
                 [[check]]\nid = \"other\"\nmessage = \"m\"\nport = 22\n";
    std::fs::write(at("a.toml"), below).unwrap();
    let text = "extends = \"a.toml\"\n[rules]\nown = \"warn\"\nother = \"off\"\n\
                [[image]]\nnames = \"team/*\"\nrules = { OWN = { severity = \"info\" } }\n\
                [[image.check]]\nid = \"new\"\nmessage = \"m\"\naction = \"go\"\nlabel = \"x\"\n\
                [[waiver]]\nrules = [\"own\", \"new\"]\nreason = \"r\"\n";
    std::fs::write(at("b.toml"), text).unwrap();
    let policies = Policies::load(&at("b.toml"), &[], &from_disk).unwrap();
    let policy = policies.for_image(&ImageNames::default()).unwrap();
    let shown = own(&policy);
    assert_eq!(shown, [("own", Action::Warn)]);
    let own_check = policy.checks.iter().find(|c| c.rule.id == "own").unwrap();
    assert_eq!(own_check.line.as_ref().map(|l| l.source.line(l.span.start)), Some(3));
    assert_eq!(policy.targets("Own").len(), 1);
    assert_eq!(policy.targets("other")[0].rule.id, "other");
    assert_eq!(policy.similar("owm"), Some("own"));
    let names = ImageNames { names: vec!["team/app".into()], ..ImageNames::default() };
    let policy = policies.for_image(&names).unwrap();
    let shown = own(&policy);
    assert_eq!(shown, [("new", Action::Go), ("own", Action::Go)]);
    let waived: Vec<&str> = policy.waivers[0].rules.iter().map(|target| target.rule.id).collect();
    assert_eq!(waived, ["new", "own"]);

    for (rest, expected) in [
        ("[rules]\nown = { port = 1 }", "b.toml:3: `own` has no parameter `port`"),
        ("[rules]\nowns = \"go\"", "b.toml:3: unknown rule `owns`; did you mean `own`?"),
        (
            "[rules]\nmine = \"go\"\n[[check]]\nid = \"mine\"\nmessage = \"m\"\nuser = \"x\"",
            "b.toml:3: `mine` is a check of this file, which says itself what is done: action = \"…\"",
        ),
    ] {
        std::fs::write(at("b.toml"), format!("extends = \"a.toml\"\n{rest}\n")).unwrap();
        let told = Policies::load(&at("b.toml"), &[], &from_disk).unwrap_err().to_string();
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let check = |rest: &str| format!("[[check]]\nid = \"own\"\nmessage = \"m\"\n{rest}\n");
    let cases = [
        (
            "[[image]]\nrules = { sudo-used = \"go\" }".to_owned(),
            "p.toml:1: an image block says for which images it is: names = [\"registry.example/team/*:1.*\"]",
        ),
        ("[[image]]\nname = \"x\"".to_owned(), "p.toml:2: unknown key `name` in [[image]]; did you mean `names`?"),
        ("[[check]]\nmessage = \"m\"\nuser = \"root\"".to_owned(), "p.toml:1: a check has an id: id = \"no-telnet\""),
        (
            "[[check]]\nid = \"own\"\nuser = \"root\"".to_owned(),
            "p.toml:1: a check says what is wrong: message = \"…\"",
        ),
        (
            check(""),
            "p.toml:1: a check says what it looks at: one of env, file, instruction, label, package, port, user",
        ),
        (check("user = \"a\"\nport = 1"), "p.toml:5: a check looks at one thing; write a second check"),
        (check("files = \"a\""), "p.toml:4: unknown key `files` in [[check]]; did you mean `file`?"),
        (check("file = { path = \"a\", mod = \"1\" }"), "p.toml:4: unknown key `mod` in file; did you mean `mode`?"),
        (check("file = { path = \"a\", mode = \"rwx\" }"), "p.toml:4: `rwx` is no mode; write it in octal: \"4000\""),
        (check("file = { path = \"a[\" }"), "p.toml:4: `a[` has a `[` that is not closed"),
        (
            check("file = { path = \"a\", sha256 = \"12\" }"),
            "p.toml:4: `12` is no SHA-256: it has 64 hexadecimal digits",
        ),
        (
            check("file = { mode = \"1\" }"),
            "p.toml:4: `custom-file` needs parameter `path`: Glob over absolute paths: `/etc/*.conf`, `**/id_rsa`",
        ),
        (check("instruction = { keyword = \"RAN\" }"), "p.toml:4: `RAN` is no instruction; did you mean `RUN`?"),
        (
            check("package = { name = \"a\", type = \"pithon\" }"),
            "p.toml:4: `pithon` is no type of packages; did you mean `python`?",
        ),
        (check("instruction = \"RUN\""), "p.toml:4: `instruction` takes a table that says which"),
        (
            check("env = { name = \"a\", value-regexp = \"(\" }"),
            "p.toml:4: `value-regexp` is not a regular expression that can be run: unclosed group",
        ),
        ("[[check]]\nid = \"Own\"".to_owned(), "p.toml:2: `Own` is no id; write it in lower case: no-telnet"),
        (
            "[[check]]\nid = \"sudo-used\"".to_owned(),
            "p.toml:2: `sudo-used` is the name of a rule; a check needs one of its own",
        ),
        (format!("{0}{0}", check("user = \"a\"")), "p.toml:5: a second check has the id `own`"),
    ];
    for (text, expected) in cases {
        assert_eq!(policy(&text).unwrap_err(), expected, "{text}");
    }
}
