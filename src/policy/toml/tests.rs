use super::super::Policy;
use super::*;

fn policy(text: &str) -> Policy {
    Policy::parse(&SourceText::new("dockgate.toml", text)).unwrap_or_else(|e| panic!("{e}"))
}

fn error(text: &str) -> String {
    Policy::parse(&SourceText::new("dockgate.toml", text)).unwrap_err().to_string()
}

fn action(policy: &Policy, rule: &str) -> Option<Action> {
    policy.checks.iter().find(|c| c.rule.id == rule).map(|c| c.action)
}

#[test]
fn severities_decide_unless_a_rule_is_named() {
    let policy = policy(
        "\u{feff}ruleset = \"2026.1\"\n[actions]\nerror = \"warn\"\ninfo = \"off\"\n[rules]\nsetuid-removed = \"stop\"\nsetuid-mode-changed = \"off\"\n",
    );
    assert_eq!(action(&policy, "setuid-added"), Some(Action::Warn));
    assert_eq!(action(&policy, "base-unknown"), Some(Action::Warn));
    assert_eq!(action(&policy, "package-added"), None);
    assert_eq!(action(&policy, "setuid-removed"), Some(Action::Stop));
    assert_eq!(action(&policy, "setuid-mode-changed"), None);
    // It needs a parameter that only a policy can give.
    assert_eq!(action(&policy, "file-name-matched"), None);
    let lines: Vec<usize> =
        policy.checks.iter().filter_map(|c| c.line.as_ref()).map(|l| l.source.line(l.span.start)).collect();
    assert_eq!(lines, [6]);
}

#[test]
fn only_named_rules_run_when_the_policy_says_so_and_severities_can_be_set() {
    let policy = policy(
        "named-only = true\n[actions]\ninfo = \"warn\"\n[rules]\nsetuid-removed = { severity = \"info\" }\nDL3006 = {}\n",
    );
    let shown: Vec<_> = policy.checks.iter().map(|c| (c.rule.id, c.severity, c.action)).collect();
    // And what tells that they could not look.
    let expected = [
        ("base-unknown", None, Action::Warn),
        ("image-part-unchecked", None, Action::Warn),
        ("parse-error", None, Action::Warn),
        ("setuid-removed", Some(Severity::Info), Action::Warn),
        ("untagged-base", None, Action::Warn),
    ];
    assert_eq!(shown, expected);
    assert_eq!(
        error("[rules]\nDL3006 = { severity = \"bad\" }"),
        "dockgate.toml:2: `severity` takes \"error\", \"warning\", \"info\" or \"style\""
    );
}

#[test]
fn a_rule_goes_by_any_of_its_names_and_can_run_several_times() {
    let policy = policy(
        "[rules]\n\"SUIDDIFF:SUIDFILEDEL\" = \"stop\"\nCIS-DI-0008 = { action = \"go\", setgid = true }\n\
         [[rules.file-name-matched]]\naction = \"stop\"\nname-regexp = '.*/id_rsa$'\n\
         [[rules.file-name-matched]]\naction = \"go\"\nFILECHECK_NAMEREGEXP = '/tmp/'\n",
    );
    assert_eq!(action(&policy, "setuid-removed"), Some(Action::Stop));
    let setuid = policy.checks.iter().find(|c| c.rule.id == "setuid-added").unwrap();
    assert!(setuid.action == Action::Go && setuid.params.bool("setgid"));
    let names: Vec<_> = policy.checks.iter().filter(|c| c.rule.id == "file-name-matched").collect();
    let shown: Vec<_> = names.iter().map(|c| (c.action, c.params.str("name-regexp"))).collect();
    assert_eq!(shown, [(Action::Stop, ".*/id_rsa$"), (Action::Go, "/tmp/")]);
    let line = |check: &crate::policy::Check| check.line.as_ref().map(|l| l.source.line(l.span.start)).unwrap();
    assert_eq!([line(names[0]), line(names[1])], [4, 7]);
}

#[test]
fn a_policy_that_compares_nothing_need_not_know_the_base() {
    let off = ["setuid-added", "setuid-removed", "setuid-mode-changed", "setuid-changed", "file-capabilities-added"];
    let off = off.iter().chain(&["package-added", "package-removed", "package-version-changed", "packages-changed"]);
    let text = off.map(|rule| format!("{rule} = \"off\"\n")).collect::<String>();
    assert_eq!(action(&policy(&format!("[rules]\n{text}")), "base-unknown"), None);
    assert_eq!(action(&policy("[rules]\npackage-added = \"go\"\n"), "packages-unread"), Some(Action::Warn));
}

#[test]
fn waivers_are_read_whole() {
    let policy = policy(
        "[[waiver]]\nrules = [\"setuid-added\", \"SUIDDIFF:SUIDMODEDIFF\"]\npath = \"/usr/bin/*\"\nreason = \" meant \"\n\
         expires = \"2026-12-31\"\n[[waiver]]\nrule = \"package-added\"\nfingerprint = \"0123456789abcdef\"\nreason = \"x\"\nexpires = 2027-01-01\n",
    );
    let [first, second] = policy.waivers.as_slice() else { panic!("two waivers") };
    assert_eq!(first.rules.iter().map(|r| r.rule.id).collect::<Vec<_>>(), ["setuid-added", "setuid-mode-changed"]);
    assert_eq!((first.reason.as_str(), first.expires), ("meant", Date::parse("2026-12-31")));
    assert!(first.path.as_ref().unwrap().matches("/usr/bin/su"));
    assert_eq!((second.fingerprint.as_deref(), second.expires), (Some("0123456789abcdef"), Date::parse("2027-01-01")));
    assert_eq!(second.line.source.line(second.line.span.start), 6);
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_the_nearest_name() {
    let cases = [
        ("ruleset 1", "dockgate.toml:1: not TOML: "),
        ("rulset = \"2026.1\"", "dockgate.toml:1: unknown key `rulset` in the policy; did you mean `ruleset`?"),
        ("ruleset = \"2099.1\"", "dockgate.toml:1: this version knows rulesets up to 2026.1, not 2099.1"),
        ("ruleset = \"new\"", "dockgate.toml:1: `new` is not a ruleset; write \"2026.1\""),
        ("ruleset = 2026.1", "dockgate.toml:1: `ruleset` takes a string"),
        ("[actions]\nerrors = \"stop\"", "dockgate.toml:2: unknown key `errors` in [actions]; did you mean `error`?"),
        ("[actions]\nerror = \"stopp\"", "dockgate.toml:2: `stopp` is not an action; did you mean `stop`?"),
        (
            "[actions]\nbase = \"off\"",
            "dockgate.toml:2: `base` takes stop, warn or go: the most for what came with the base",
        ),
        (
            "[rules]\nsetuid-aded = \"stop\"",
            "dockgate.toml:2: unknown rule `setuid-aded`; did you mean `setuid-added`?",
        ),
        (
            "[rules]\nsetuid-added = 7",
            "dockgate.toml:2: `setuid-added` takes an action, or a table with `action`, `severity` and parameters",
        ),
        (
            "[rules]\nsetuid-added = { acton = \"stop\" }",
            "dockgate.toml:2: `setuid-added` has no parameter `acton`; did you mean `action`?",
        ),
        (
            "[rules]\nsetuid-added = { setgid = [1] }",
            "dockgate.toml:2: parameter `setgid` of `setuid-added` takes true or false",
        ),
        (
            "[rules]\nsetuid-added = \"go\"\n\"SUIDDIFF:SUIDFILEADD\" = \"stop\"",
            "dockgate.toml:3: `SUIDDIFF:SUIDFILEADD` sets `setuid-added`, which `setuid-added` has set already",
        ),
        (
            "[rules]\nfile-name-matched = \"stop\"",
            "dockgate.toml:2: `file-name-matched` needs parameter `name-regexp`: A regular expression over absolute paths, matched from the start of the path",
        ),
        (
            "[[rules.file-name-matched]]\naction = \"stop\"\nname-regexp = '*'",
            "dockgate.toml:3: `name-regexp` is not a regular expression that can be run: repetition operator missing expression",
        ),
        ("[waiver]\nrule = \"setuid-added\"", "dockgate.toml:1: `waiver` takes tables: write [[waiver]]"),
        ("\n[[waiver]]\nrule = \"setuid-added\"", "dockgate.toml:2: a waiver says why: reason = \"…\""),
        ("[[waiver]]\nrule = \"setuid-added\"\nreason = \" \"", "dockgate.toml:1: a waiver says why: reason = \"…\""),
        (
            "[[waiver]]\nreason = \"x\"",
            "dockgate.toml:1: a waiver names the rule it waives: rule = \"…\" or rules = […]",
        ),
        (
            "[[waiver]]\nrule = \"setuid-added\"\nreason = \"x\"\nexpires = \"31.12.2026\"",
            "dockgate.toml:4: `31.12.2026` is not a day; write it as 2026-12-31",
        ),
        (
            "[[waiver]]\nrule = \"setuid-added\"\nreason = \"x\"\npath = \"a[\"",
            "dockgate.toml:4: `a[` has a `[` that is not closed",
        ),
        (
            "[[waiver]]\nrule = \"setuid-added\"\nreason = \"x\"\nfingerprint = \"0123456789abcdef:2\"",
            "dockgate.toml:4: `0123456789abcdef:2` is one of several equal findings; a waiver covers all: `0123456789abcdef`",
        ),
        (
            "[[waiver]]\nrule = \"setuid-added\"\nreason = \"x\"\nfingerprint = \"abc\"",
            "dockgate.toml:4: `abc` is not a fingerprint; copy its 16 digits from a report",
        ),
        ("[[waiver]]\nrule = \"nope\"\nreason = \"x\"", "dockgate.toml:2: unknown rule `nope`"),
        (
            "[[waiver]]\nrule = \"setuid-added\"\nreasons = \"x\"",
            "dockgate.toml:3: unknown key `reasons` in [[waiver]]; did you mean `reason`?",
        ),
    ];
    for (text, expected) in cases {
        let told = error(text);
        assert!(
            told == expected || (expected.ends_with(": ") && told.starts_with(expected)),
            "{text}\n{told}\n{expected}"
        );
    }
}
