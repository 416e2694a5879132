use std::fs;

use super::*;
use crate::policy::Action;

fn action(policy: &Policy, rule: &str) -> Option<Action> {
    policy.checks.iter().find(|c| c.rule.id == rule).map(|c| c.action)
}

#[test]
fn every_built_in_policy_resolves() {
    let names: Vec<&str> = rule::builtin_policies().collect();
    assert_eq!(names, ["anchore-2017", "buildkit", "cis", "default", "hadolint", "strict"]);
    for name in names {
        let policy = Policy::load(name).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(policy.name, name);
        assert!(!policy.checks.is_empty(), "{name}");
    }
}

#[test]
fn the_default_policy_does_not_flood() {
    let policy = Policy::default_policy().unwrap();
    assert_eq!(action(&policy, "setuid-added"), Some(Action::Stop));
    assert_eq!(action(&policy, "image-part-unchecked"), Some(Action::Stop));
    assert_eq!(action(&policy, "base-unknown"), Some(Action::Warn));
    assert_eq!(action(&policy, "package-added"), None);
    assert_eq!(action(&policy, "dockerfile-missing"), Some(Action::Go));
    assert_eq!(policy.base_limit, Action::Warn);
}

#[test]
fn the_policy_of_2017_runs_as_it_is() {
    let policy = Policy::load("anchore-2017").unwrap();
    let expected = [
        ("base-unknown", Action::Stop),
        ("dockerfile-missing", Action::Stop),
        ("exposed-port", Action::Stop),
        ("file-name-matched", Action::Stop),
        ("image-part-unchecked", Action::Stop),
        ("latest-base", Action::Stop),
        ("missing-from", Action::Stop),
        ("package-added", Action::Warn),
        ("package-removed", Action::Warn),
        ("package-version-changed", Action::Stop),
        ("packages-unread", Action::Stop),
        ("parse-error", Action::Warn),
        ("scratch-base", Action::Warn),
        ("setuid-added", Action::Stop),
        ("setuid-mode-changed", Action::Stop),
        ("setuid-removed", Action::Go),
        ("sudo-used", Action::Go),
        ("unsupported-distro", Action::Warn),
        ("untagged-base", Action::Stop),
        ("vulnerability-data-missing", Action::Warn),
        ("vulnerable-package", Action::Go),
        ("vulnerable-package", Action::Stop),
        ("vulnerable-package", Action::Warn),
        ("vulnerable-package", Action::Go),
        ("vulnerable-package", Action::Stop),
    ];
    assert_eq!(policy.checks.iter().map(|c| (c.rule.id, c.action)).collect::<Vec<_>>(), expected);
    assert_eq!(policy.base_limit, Action::Stop);
}

#[test]
fn policies_stand_on_one_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    fs::create_dir(folder.path().join("team")).unwrap();
    fs::write(path("base.policy"), "SUIDDIFF:SUIDFILEADD:STOP\nPKGDIFF:PKGADD:WARN\n").unwrap();
    fs::write(
        path("team/own.toml"),
        "extends = \"../base.policy\"\n[rules]\npackage-added = \"off\"\npackage-removed = \"go\"\n",
    )
    .unwrap();
    let policy = Policy::load(&path("team/own.toml")).unwrap();
    let ids: Vec<_> = policy.checks.iter().map(|c| (c.rule.id, c.action)).collect();
    let expected = [
        ("base-unknown", Action::Stop),
        ("image-part-unchecked", Action::Stop),
        ("package-removed", Action::Go),
        ("packages-unread", Action::Go),
        ("setuid-added", Action::Stop),
    ];
    assert_eq!(ids, expected);

    fs::write(path("a.toml"), "extends = \"b.toml\"\n").unwrap();
    fs::write(path("b.toml"), "\nextends = \"./team/../a.toml\"\n").unwrap();
    let error = Policy::load(&path("a.toml")).unwrap_err().to_string();
    assert_eq!(error, format!("{}:2: `./team/../a.toml` leads back to itself", path("b.toml")));
    for n in 0..10 {
        fs::write(path(&format!("{n}.toml")), format!("extends = \"{}.toml\"\n", n + 1)).unwrap();
    }
    assert!(Policy::load(&path("0.toml")).unwrap_err().to_string().contains("more than 8 policies"));
    fs::write(path("net.toml"), "extends = \"https://example.org/p.toml\"\n").unwrap();
    let error = Policy::load(&path("net.toml")).unwrap_err().to_string();
    assert!(
        error.contains(
            "net.toml:1: cannot extend `https://example.org/p.toml`: what is fetched has to be pinned by its digest"
        ),
        "{error}"
    );
    fs::write(path("several.json"), "{\"policies\": [{\"id\": \"p\", \"rules\": []}], \"whitelisted_images\": [{\"registry\": \"*\", \"repository\": \"*\", \"image\": {\"type\": \"tag\", \"value\": \"1\"}}]}").unwrap();
    fs::write(path("d.toml"), "extends = \"several.json\"\n").unwrap();
    assert!(Policy::load(&path("d.toml")).unwrap_err().to_string().contains("is a bundle for several images"));
    fs::write(path("c.toml"), "extends = \"defalt\"\n").unwrap();
    let error = Policy::load(&path("c.toml")).unwrap_err();
    assert_eq!(error.help().as_deref(), Some("did you mean `default`?"));
    assert!(error.place().is_some());
}

#[test]
fn the_form_is_told_by_suffix_then_by_content() {
    let form = |path: &str, text: &str| is_anchore(&SourceText::new(path, text));
    assert!(form("gate", "# x\n\nSUIDDIFF:SUIDFILEADD:STOP\n"));
    assert!(form("gate.txt", "FILECHECK:FILENAMEMATCH:STOP:FILECHECK_NAMEREGEXP=/a\n"));
    assert!(form("x.policy", "ruleset = \"2026.1\"\n"));
    assert!(!form("gate", "ruleset = \"2026.1\"\n"));
    assert!(!form("gate", "[rules]\n\"a:b\" = \"stop\"\n"));
    assert!(!form("gate", "extends = \"a:b\"\n"));
    assert!(!form("x.toml", "A:B:STOP\n"));
    assert!(is_json(&SourceText::new("bundle", "\u{feff} { \"id\": \"x\" }")));
    assert!(is_json(&SourceText::new("bundle.json", "")) && !is_json(&SourceText::new("x.toml", "{")));
}

#[test]
fn what_is_not_there_or_not_a_policy_is_an_error() {
    let error = Policy::load("strickt").unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no policy `strickt`: no built-in policy has this name, and no file is there"
    );
    assert_eq!(error.help().as_deref(), Some("did you mean `strict`?"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_string_lossy().into_owned();
    assert!(matches!(Policy::load(&path).unwrap_err(), PolicyError::Read { .. }));
    let large = folder.path().join("large.toml");
    fs::write(&large, vec![b'\n'; 1 + (1 << 20)]).unwrap();
    assert!(matches!(Policy::load(&large.to_string_lossy()).unwrap_err(), PolicyError::TooLarge { .. }));
}

#[test]
fn hostile_text_gets_an_answer() {
    let nested = format!("a = {}", "[".repeat(100_000));
    let long = format!("[rules]\n{} = \"stop\"\n", "x".repeat(500_000));
    let line = format!("A:{}:STOP\n", "B".repeat(500_000));
    for text in [nested, long, line, String::from("\u{feff}"), String::from("a\0:b:c")] {
        let told = Policy::parse(&SourceText::new("gate", text)).unwrap_err().to_string();
        assert!(told.len() < 1000, "{} bytes", told.len());
    }
    assert!(Policy::parse(&SourceText::from_bytes("gate", b"SUIDDIFF:\xff:STOP".to_vec())).is_err());
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "SUIDDIFF", "SUIDFILEADD", "FILECHECK", "FILENAMEMATCH", "FILECHECK_NAMEREGEXP=", ":", "STOP", "GO", " ", "\n", "\r\n", "#",
            "=", "[", "]", "[[", "]]", "{", "}", "\"", "'", "rules", "waiver", "rule", "reason", "setuid-added", "action", "actions", "ä", ",", "\\", "(", "\u{feff}",
        ]), 0..24),
        suffix in proptest::sample::select(vec!["gate", "gate.toml", "gate.policy"]),
    ) {
        let text = SourceText::new(suffix, words.concat());
        if let Err(error) = Policy::parse(&text) {
            let (source, span) = error.place().unwrap();
            proptest::prop_assert!(source.text().get(span.range()).is_some());
            proptest::prop_assert!(error.to_string().starts_with(suffix));
        }
    }
}
