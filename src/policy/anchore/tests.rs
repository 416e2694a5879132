use super::super::Policy;
use super::*;

fn policy(text: &str) -> Policy {
    Policy::parse(&SourceText::new("gate.policy", text)).unwrap()
}

fn error(text: &str) -> String {
    Policy::parse(&SourceText::new("gate.policy", text)).unwrap_err().to_string()
}

/// Rule, action, trigger and line of each check.
fn checks(policy: &Policy) -> Vec<String> {
    let line = |c: &crate::policy::Check| c.line.as_ref().map_or(0, |l| l.source.line(l.span.start));
    let trigger = |c: &crate::policy::Check| c.trigger.clone().unwrap_or_default();
    policy.checks.iter().map(|c| format!("{} {} {} {}", c.rule.id, c.action, trigger(c), line(c))).collect()
}

#[test]
fn lines_become_checks_in_order_and_nothing_else_is_checked() {
    let text = "\u{feff}# a comment\r\n\r\n  SUIDDIFF:SUIDFILEADD:STOP\r\n\tPKGDIFF:PKGADD:WARN \r\nsuiddiff:suidmodediff:go:\r\n";
    assert_eq!(
        checks(&policy(text)),
        [
            "base-unknown STOP SUIDDIFF:SUIDFILEADD 3",
            "image-part-unchecked STOP  0",
            "package-added WARN PKGDIFF:PKGADD 4",
            "packages-unread WARN PKGDIFF:PKGADD 4",
            "setuid-added STOP SUIDDIFF:SUIDFILEADD 3",
            "setuid-mode-changed GO SUIDDIFF:SUIDMODEDIFF 5",
        ]
    );
}

#[test]
fn parameters_may_hold_colons_equal_signs_and_blanks() {
    let text = "FILECHECK:FILENAMEMATCH:STOP:FILECHECK_NAMEREGEXP=/a:b=c|/d$\n\
                FILECHECK:CONTENTMATCH:WARN:FILECHECK_CONTENTREGEXP=BEGIN  RSA key=x\\Z\n\
                FILECHECK:FILENAMEMATCH:GO:  FILECHECK_NAMEREGEXP=/x{\n";
    let policy = policy(text);
    let given: Vec<_> = policy.checks.iter().flat_map(|c| c.params.iter().map(|(_, v)| v.clone())).collect();
    assert_eq!(given, ["^BEGIN  RSA key=x\\z", "/a:b=c|/d$", "/x\\{"].map(|s| Value::Str(s.into())));
    assert_eq!(policy.content_patterns(), ["^BEGIN  RSA key=x\\z"]);
}

#[test]
fn a_trigger_runs_every_rule_that_answers_to_it_and_lists_split_at_commas() {
    let policy = policy("DOCKERFILECHECK:NOTAG:STOP\nDOCKERFILECHECK:EXPOSE:STOP:ALLOWEDPORTS=80,443 DENIEDPORTS=22\n");
    assert_eq!(
        checks(&policy),
        [
            "dockerfile-missing STOP DOCKERFILECHECK:NOTAG 1",
            "exposed-port STOP DOCKERFILECHECK:EXPOSE 2",
            "image-part-unchecked STOP  0",
            "latest-base STOP DOCKERFILECHECK:NOTAG 1",
            "parse-error WARN  0",
            "untagged-base STOP DOCKERFILECHECK:NOTAG 1",
        ]
    );
    assert_eq!(policy.checks[1].params.list("allowed-ports"), ["80", "443"]);
    assert_eq!(policy.checks[1].params.list("denied-ports"), ["22"]);
}

#[test]
fn vulnerability_lines_become_one_warning() {
    let lines =
        ["ANCHORESEC:VULNHIGH:STOP", "ANCHORESEC:VULNLOW:GO", "ANCHORESEC:FEEDOUTOFDATE:STOP:MAXAGE=2"].join("\n");
    let mut expected = vec![
        "image-part-unchecked STOP  0",
        "packages-unread STOP ANCHORESEC:VULNHIGH 1",
        "vulnerability-data-missing WARN ANCHORESEC:VULNHIGH 1",
        "vulnerability-data-stale STOP ANCHORESEC:FEEDOUTOFDATE 3",
        "vulnerable-package STOP ANCHORESEC:VULNHIGH 1",
        "vulnerable-package GO ANCHORESEC:VULNLOW 2",
    ];
    assert_eq!(checks(&policy(&lines)), expected);
    let with = lines + "\nANCHORESEC:UNSUPPORTEDDISTRO:GO\n";
    expected.insert(2, "unsupported-distro GO ANCHORESEC:UNSUPPORTEDDISTRO 4");
    assert_eq!(checks(&policy(&with)), expected);
    // It says itself what was not looked up.
    assert!(!checks(&policy("ANCHORESEC:UNSUPPORTEDDISTRO:GO")).iter().any(|c| c.contains("data-missing")));
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_the_nearest_name() {
    let cases = [
        ("\nSUIDDIF:SUIDFILEADD:STOP", "gate.policy:2: unknown gate `SUIDDIF`; did you mean `SUIDDIFF`?"),
        (
            "SUIDDIFF:SUIDFILEADDED:STOP",
            "gate.policy:1: gate `SUIDDIFF` has no trigger `SUIDFILEADDED`; did you mean `SUIDFILEADD`?",
        ),
        ("SUIDDIFF:SUIDFILEADD:STOPP", "gate.policy:1: `STOPP` is not an action; did you mean `STOP`?"),
        ("SUIDDIFF:SUIDFILEADD:FAIL", "gate.policy:1: `FAIL` is not an action; known are GO, STOP, WARN"),
        (
            "SUIDDIFF:SUIDFILEADD",
            "gate.policy:1: `SUIDDIFF:SUIDFILEADD` is not GATE:TRIGGER:ACTION[:PARAMS]; such as DOCKERFILECHECK:NOTAG:STOP",
        ),
        (
            "DOCKERFILECHECK:EXPOSE:STOP:DENIEDPORT=22",
            "gate.policy:1: `DOCKERFILECHECK:EXPOSE` has no parameter `DENIEDPORT`; did you mean `DENIEDPORTS`?",
        ),
        (
            "DOCKERFILECHECK:EXPOSE:STOP:DENIEDPORTS=22 80",
            "gate.policy:1: `80` is not PARAM=VALUE; items of one value are separated by commas, without blanks",
        ),
        (
            "FILECHECK:FILENAMEMATCH:STOP",
            "gate.policy:1: `file-name-matched` needs parameter `name-regexp`: A regular expression over absolute paths, matched from the start of the path",
        ),
        (
            "FILECHECK:FILENAMEMATCH:STOP:FILECHECK_NAMEREGEXP=",
            "gate.policy:1: `name-regexp` is not a regular expression that can be run: it is empty, and would match everything",
        ),
        (
            "FILECHECK:FILENAMEMATCH:STOP:FILECHECK_NAMEREGEXP=(a",
            "gate.policy:1: `name-regexp` is not a regular expression that can be run: unclosed group",
        ),
        (
            "PKGBLACKLIST:PKGFULLMATCH:STOP:BLACKLIST_FULLMATCH=a|1,telnet",
            "gate.policy:1: `telnet` in `versions` is not a package and a version; write it as `name|version`",
        ),
        (
            "PKGCHECK:PKGNOTPRESENT:STOP",
            "gate.policy:1: `required-package-missing` has nothing to look for; give it exact-versions or names or minimum-versions",
        ),
        ("# nothing\n", "gate.policy:1: the policy asks for nothing, so nothing would be checked"),
    ];
    for (text, expected) in cases {
        assert_eq!(error(text), expected, "{text}");
    }
}

#[test]
fn an_error_points_at_the_word_that_is_wrong() {
    let text = SourceText::new("gate.policy", "\u{feff}SUIDDIFF: SUIDFILEAD :STOP\r\n");
    let error = Policy::parse(&text).unwrap_err();
    let (source, span) = error.place().unwrap();
    assert_eq!(source.slice(span), "SUIDFILEAD");
    assert_eq!(error.help().as_deref(), Some("did you mean `SUIDFILEADD`?"));
}

#[test]
fn a_list_keeps_its_pairs() {
    let policy = policy("PKGCHECK:PKGNOTPRESENT:STOP:PKGFULLMATCH=a|1,b|2:3 PKGNAMEMATCH=c PKGVERSMATCH=d|4\n");
    let params = &policy.checks.iter().find(|c| c.rule.id == "required-package-missing").unwrap().params;
    assert_eq!(params.list("exact-versions"), ["a|1", "b|2:3"]);
    assert_eq!((params.list("names"), params.list("minimum-versions")), (&["c".into()][..], &["d|4".into()][..]));
}

#[test]
fn secrets_have_expressions_of_their_own_and_defaults() {
    let policy =
        policy("SECRETCHECK:CONTENTMATCH:STOP\nSECRETCHECK:FILENAMEMATCH:WARN:SECRETCHECK_NAMEREGEXP=.*/a|.*/b c\n");
    let params = |id: &str| &policy.checks.iter().find(|c| c.rule.id == id).unwrap().params;
    assert!(params("secret-content-matched").list("content-regexp").contains(&"PRIV_KEY".to_owned()));
    assert_eq!(params("secret-name-matched").list("name-regexp"), [".*/a|.*/b c"]);
    assert!(policy.content_patterns().iter().any(|p| p.contains("PRIVATE KEY")));
}

#[test]
fn severities_are_what_triggers_are_called_for() {
    for (trigger, severity, comparison) in [
        ("VULNLOW", "low", "="),
        ("VULNMEDIUM", "medium", "="),
        ("VULNHIGH", "high", "="),
        ("VULNCRITICAL", "critical", "="),
        ("VULNUNKNOWN", "negligible", "<="),
        ("vulnhigh", "high", "="),
    ] {
        let policy = policy(&format!("ANCHORESEC:{trigger}:STOP"));
        let check = policy.checks.iter().find(|c| c.rule == catalogue::VULNERABLE_PACKAGE).unwrap();
        assert_eq!((check.params.str("level"), check.params.str("level-comparison")), (severity, comparison));
    }
}

#[test]
fn lines_of_a_gate_share_their_parameters() {
    let text = "PKGBLACKLIST:PKGNAMEMATCH:STOP\n\
                PKGBLACKLIST:PKGFULLMATCH:WARN:BLACKLIST_FULLMATCH=a|1 BLACKLIST_NAMEMATCH=b BLACKLIST_FULLMATCH=c|2\n\
                FILECHECK:CONTENTMATCH:STOP:FILECHECK_NAMEREGEXP=/a FILECHECK_NAMEREGEXP=/b c\n\
                FILECHECK:FILENAMEMATCH:STOP:FILECHECK_CONTENTREGEXP=x\n";
    let policy = policy(text);
    let params = |id: &str| &policy.checks.iter().find(|c| c.rule.id == id).unwrap().params;
    assert_eq!(params("denied-package").list("names"), ["b"]);
    assert_eq!(params("denied-package-version").list("versions"), ["a|1", "c|2"]);
    assert_eq!(params("file-name-matched").str("name-regexp"), "/a|/b c");
    assert_eq!(params("file-content-matched").str("content-regexp"), "^x");
    assert_eq!(
        error("PKGBLACKLIST:PKGFULLMATCH:WARN:BLACKLIST_FULLMATCH=a|1 BLACKLIST_NAMEMATCH=b\n"),
        "gate.policy:1: `PKGBLACKLIST:PKGFULLMATCH` has no parameter `BLACKLIST_NAMEMATCH`; it is of \
         PKGBLACKLIST:PKGNAMEMATCH, which no line asks for"
    );
    assert_eq!(
        error("LICBLACKLIST:LICSUBMATCH:STOP:LICBLACKLIST_SUBMATCH=,\n"),
        "gate.policy:1: `denied-licence-part` needs parameter `licences`: Texts in licences"
    );
}

#[test]
fn of_two_lines_that_ask_for_the_same_the_later_counts() {
    let policy = policy(
        "SUIDDIFF:SUIDFILEADD:STOP\nPKGBLACKLIST:PKGNAMEMATCH:STOP:BLACKLIST_NAMEMATCH=a\nsuiddiff:suidfileadd:go\n\
         PKGBLACKLIST:PKGNAMEMATCH:WARN:BLACKLIST_NAMEMATCH=b\n",
    );
    assert_eq!(
        checks(&policy),
        [
            "base-unknown GO SUIDDIFF:SUIDFILEADD 3",
            "denied-package STOP PKGBLACKLIST:PKGNAMEMATCH 2",
            "denied-package WARN PKGBLACKLIST:PKGNAMEMATCH 4",
            "image-part-unchecked STOP  0",
            "packages-unread STOP PKGBLACKLIST:PKGNAMEMATCH 2",
            "setuid-added GO SUIDDIFF:SUIDFILEADD 3",
        ]
    );
    assert_eq!(
        policy.notes,
        ["gate.policy:1: not in force: line 3 asks for SUIDDIFF:SUIDFILEADD with another action, and the later counts"]
    );
}

#[test]
fn who_allows_ports_denies_no_other() {
    let ports = |line: &str| {
        let policy = policy(line);
        let params = &policy.checks.iter().find(|c| c.rule == catalogue::EXPOSED_PORT).unwrap().params;
        (params.list("allowed-ports").join(","), params.list("denied-ports").join(","))
    };
    let of = |allowed: &str, denied: &str| (allowed.to_owned(), denied.to_owned());
    assert_eq!(ports("DOCKERFILECHECK:EXPOSE:STOP"), of("", "22"));
    assert_eq!(ports("DOCKERFILECHECK:EXPOSE:STOP:ALLOWEDPORTS=22"), of("22", ""));
    assert_eq!(ports("DOCKERFILECHECK:EXPOSE:STOP:ALLOWEDPORTS="), of("NONE", ""));
    assert_eq!(ports("DOCKERFILECHECK:EXPOSE:STOP:ALLOWEDPORTS=22 DENIEDPORTS=22"), of("22", "22"));
}
