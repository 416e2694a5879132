//! Fixes: what each promises, over the examples on the rule pages and over made-up Dockerfiles, and the command that makes
//! them.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use assert_cmd::Command;
use dockgate::check::{Build, CheckError, Judged, Report, Request, run};
use dockgate::dockerfile::{self, Args, BuildOptions, Instruction, Word};
use dockgate::fix::{self, Mended, Wishes};
use dockgate::policy::{Action, Actions, Check, Date, OutputWishes, Policy};
use dockgate::rule::{self, Edition, ExampleKind, FixKind, Params, Phase};
use dockgate::shell::Linter;
use dockgate::text::{Edit, SourceText, Span};
use proptest::prelude::*;
use rayon::prelude::*;

use super::grammar;

/// A policy that asks for every rule of Dockerfiles that needs no parameters.
fn all_rules() -> Policy {
    let checks = rule::all().iter().filter(|rule| rule.phase == Phase::Lint).filter_map(|rule| {
        Some(Check {
            rule,
            code: None,
            params: Params::new(rule, []).ok()?,
            severity: None,
            action: Action::Warn,
            is_by_severity: false,
            trigger: None,
            line: None,
        })
    });
    Policy {
        name: "all".into(),
        ruleset: Edition::CURRENT,
        actions: Actions { error: None, warning: None, info: None, style: None },
        until_build_fails: false,
        base_limit: Action::Stop,
        checks: checks.collect(),
        left_out: Vec::new(),
        named: Vec::new(),
        waivers: Vec::new(),
        honours_comments: true,
        notes: Vec::new(),
        wishes: OutputWishes::default(),
    }
}

/// Everything that is asked of some texts that are much alike: their shell code is read once.
struct Checker<'a> {
    policy: &'a Policy,
    linter: Linter<'a>,
}

impl<'a> Checker<'a> {
    fn new(policy: &'a Policy) -> Self {
        Self { policy, linter: Linter::default() }
    }

    fn report(&self, dockerfiles: Vec<Arc<SourceText>>) -> Result<Report, CheckError> {
        let builds = dockerfiles.into_iter().map(|text| Build::alone(text, BuildOptions::default())).collect();
        let request = Request::new(builds, self.policy, Date::parse("2026-01-01").unwrap());
        run(&Request { linter: Some(&self.linter), ..request })
    }

    fn mended(&self, source: &Arc<SourceText>, takes_unsafe: bool) -> Mended {
        let wishes = Wishes { takes_all: takes_unsafe, are_apart: true };
        fix::mend(vec![Arc::clone(source)], wishes, |sources, _| self.report(sources)).unwrap().remove(0)
    }
}

fn errors(source: &Arc<SourceText>) -> usize {
    let parsed = dockerfile::parse(source);
    parsed.errors.len() + parsed.instructions.iter().filter(|i| i.error.is_some()).count()
}

/// What an instruction means: its keyword, flags, arguments and here-documents, without where they stand.
fn meaning(node: &Instruction) -> String {
    let words = |words: &[Word]| words.iter().map(|word| word.text.clone()).collect::<Vec<_>>();
    let args = match &node.args {
        Args::Json(list) => format!("json {:?}", words(list)),
        Args::Text(text) => format!("text {:?}", text.text),
        Args::Words(list) => format!("words {:?}", words(list)),
        Args::Pairs(pairs) => {
            let pair = |pair: &dockerfile::Pair| (pair.key.text.clone(), pair.value.as_ref().map(|v| v.text.clone()));
            format!("pairs {:?}", pairs.iter().map(pair).collect::<Vec<_>>())
        }
        Args::None => "none".to_owned(),
    };
    let flags: Vec<_> = node.flags.iter().map(|f| (&f.name, f.value.as_ref().map(|value| &value.text))).collect();
    let documents: Vec<_> = node.heredocs.iter().map(|d| (&d.name, d.expand, &d.content)).collect();
    let inner = node.trigger.as_ref().map(|inner| meaning(inner));
    let check = node.check_type.as_ref().map(|check| &check.text);
    format!("{:?} {:?} {flags:?} {args} {documents:?} {check:?} {inner:?}", node.stage, node.keyword)
}

/// The instructions that no edit touches: where each is once the edits are made, and what it means.
fn untouched(source: &Arc<SourceText>, edits: &[Edit]) -> Vec<(Span, String)> {
    let is_touched = |span: Span| {
        edits.iter().any(|Edit { span: edit, text }| match edit.is_empty() {
            // What is put in before or behind an instruction on lines of its own is none of it.
            true if edit.start == span.start => !text.ends_with('\n'),
            true if edit.start == span.end => !text.starts_with(['\n', '\r']),
            true => span.start < edit.start && edit.start < span.end,
            false => edit.start < span.end && span.start < edit.end,
        })
    };
    let moved = |span: Span| {
        let before = edits.iter().filter(|edit| edit.span.end <= span.start);
        let (gone, come) = before.fold((0, 0), |(gone, come), edit| (gone + edit.span.len(), come + edit.text.len()));
        Span::new(span.start + come - gone, span.end + come - gone)
    };
    let parsed = dockerfile::parse(source);
    let nodes = parsed.instructions.iter().filter(|node| !is_touched(node.span));
    nodes.map(|node| (moved(node.span), meaning(node))).collect()
}

/// A text with edits made by hand.
fn spliced(text: &str, edits: &[Edit]) -> String {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| edit.span);
    let (mut out, mut at) = (String::new(), 0);
    for edit in sorted {
        out += &text[at..edit.span.start];
        out += &edit.text;
        at = edit.span.end;
    }
    out + &text[at..]
}

/// What every fix of a text promises; the words say which promise is broken.
fn broken_promises(policy: &Policy, source: &Arc<SourceText>) -> Vec<String> {
    let mut wrong = Vec::new();
    let checker = Checker::new(policy);
    let found = checker.report(vec![Arc::clone(source)]).unwrap();
    let kind = |judged: &Judged| (judged.finding.rule().id, judged.finding.code);
    let count = |report: &Report, of: &Judged| report.findings.iter().filter(|j| kind(j) == kind(of)).count();
    for judged in &found.findings {
        let Some(fix) = &judged.finding.fix else { continue };
        let name = format!("{:?} of {:?}", kind(judged), source.text());
        let Some(fixed) = fix::apply(source, &[fix]) else {
            wrong.push(format!("{name}: the fix cannot be made"));
            continue;
        };
        if errors(&fixed.text) > errors(source) {
            wrong.push(format!("{name}: does not parse: {:?}", fixed.text.text()));
        }
        let after = checker.report(vec![Arc::clone(&fixed.text)]).unwrap();
        if count(&after, judged) >= count(&found, judged) {
            wrong.push(format!("{name}: the finding stays: {:?}", fixed.text.text()));
        }
        if spliced(source.text(), fix.edits()) != fixed.text.text() {
            wrong.push(format!("{name}: bytes outside the edits change"));
        }
        if fix.is_safe() {
            let kept = untouched(&fixed.text, &[]);
            for lost in untouched(source, fix.edits()).iter().filter(|(span, meaning)| {
                kept.binary_search_by_key(span, |(span, _)| *span).map(|at| &kept[at].1) != Ok(meaning)
            }) {
                wrong.push(format!("{name}: another instruction changes, {lost:?}: {:?}", fixed.text.text()));
            }
        }
    }
    for takes_unsafe in [false, true] {
        let once = checker.mended(source, takes_unsafe);
        if once.is_stuck {
            wrong.push(format!("{:?}: comes to no rest: {:?}", source.text(), once.after.text()));
        }
        if errors(&once.after) > errors(source) {
            wrong.push(format!("{:?}: does not parse in the end: {:?}", source.text(), once.after.text()));
        }
        let twice = checker.mended(&once.after, takes_unsafe);
        if twice.is_changed() {
            wrong.push(format!("{:?}: once is not enough: {:?}", source.text(), twice.after.text()));
        }
    }
    wrong
}

#[test]
fn the_fixes_of_every_example_keep_their_promises() {
    let policy = all_rules();
    let mut wrong = Vec::new();
    for rule in rule::all() {
        for example in rule.examples.iter().filter(|example| example.kind != ExampleKind::Fixed) {
            let text = example.text.text();
            wrong.extend(broken_promises(&policy, &SourceText::new("Dockerfile", text.as_str())));
            if rule.fix != FixKind::None {
                let others = [
                    text.replace('\n', "\r\n"),
                    format!("\u{feff}{text}"),
                    text.trim_end().to_owned(),
                    format!("# escape=`\n{}", text.replace("\\\n", "`\n")),
                ];
                let others = others.into_iter().map(|text| SourceText::new("Dockerfile", text));
                wrong.extend(others.flat_map(|source| broken_promises(&policy, &source)));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn code_that_ends_within_a_list_gets_nothing_put_behind_it() {
    let text = "FROM debian:12\nRUN apt-get update; apt-get install -y curl \\\n{{ if env.codename | IN(\n";
    let wrong = broken_promises(&all_rules(), &SourceText::new("Dockerfile", text));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn many_rules_have_a_fix() {
    let with_fix = rule::all().iter().filter(|rule| rule.fix != FixKind::None).count();
    assert!(with_fix >= 35, "{with_fix}");
}

/// Lines that rules find something in, alone and beside each other.
const LINES: [&str; 44] = [
    "FROM debian:12 as Build",
    "from --platform=$TARGETPLATFORM alpine:3.20 AS build",
    "FROM --platform=linux/amd64 Build AS context",
    "FROM debian:12",
    "maintainer \"Jo $ <jo@example.com>\"",
    "MAINTAINER jo \"x\" <jo@example.com>",
    "ENV A b c",
    "Env A \"b c\" d\\ e",
    "LABEL a it's",
    "ENV A=/a \\\n    B=${A}/b C=$A",
    "ADD src /app",
    "ADD a.tar.gz b.zip /app",
    "add --chown=app [\"a b\", \"/app\"]",
    "COPY a b app",
    "COPY --from=BUILD --chmod=777 a .",
    "RUN --mount=type=bind,from=Build,target=/x apt install curl",
    "RUN apt-get update \\\n && apt-get install -y curl",
    "RUN apt-get update && \\\n\n    apt-get install \\\n      curl \\\n      git",
    "RUN apt-get update;",
    "RUN if true; then apt-get update; fi",
    "RUN [\"apt-get\", \"install\", \"curl\"]",
    "RUN sudo yum install a && sudo sh -c 'yum update'",
    "RUN dnf group install \"Development Tools\"",
    "RUN <<EOF\napt-get update\napt full-upgrade\nEOF",
    "RUN zypper install a || true",
    "RUN pip install a && python3 -m pip install b # pip",
    "RUN yarn && yarn global add x",
    "RUN apk update && apk add curl",
    "RUN cd /src && wget http://example.com/$file | sh",
    "RUN make",
    "RUN ! make",
    "# a remark",
    "",
    "RUN cd src; cp $a $(cat b) `c`",
    "RUN useradd -u 1234567 app && chmod -R 0777 /app && chmod 4755 /app/x",
    "WORKDIR /srv",
    "WORKDIR ./app",
    "WORKDIR \".\"",
    "EXPOSE 80 8080:22/TCP 53/UDP",
    "VOLUME /data",
    "CMD node 'a b' \\\n  server.js",
    "ENTRYPOINT ./start.sh",
    "CMD [\"a\"]",
    "HEALTHCHECK CMD curl -f localhost",
];

/// As many cases as `PROPTEST_CASES` says, else few, since each makes many reports.
fn cases() -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { 48 };
    ProptestConfig { cases, failure_persistence: None, ..default }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_fixes_of_any_dockerfile_keep_their_promises(
        picks in prop::collection::vec(0..LINES.len(), 1..9),
        is_of_windows in any::<bool>(),
        ends in any::<bool>(),
    ) {
        let lines: Vec<&str> = picks.iter().map(|pick| LINES[*pick]).collect();
        let mut text = format!("FROM debian:12\n{}", lines.join("\n"));
        if ends {
            text.push('\n');
        }
        if is_of_windows {
            text = text.replace('\n', "\r\n");
        }
        let wrong = broken_promises(&all_rules(), &SourceText::new("Dockerfile", text));
        prop_assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn the_fixes_of_what_a_grammar_makes_keep_their_promises(text in grammar::dockerfile()) {
        let source = SourceText::from_bytes("Dockerfile", text.into_bytes());
        let wrong = broken_promises(&all_rules(), &source);
        prop_assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// `DOCKGATE_CORPUS` names a folder of Dockerfiles, as many as you like.
#[test]
fn the_fixes_of_real_dockerfiles_keep_their_promises() {
    let Some(folder) = std::env::var_os("DOCKGATE_CORPUS") else {
        eprintln!("skipped: DOCKGATE_CORPUS names no folder of Dockerfiles");
        return;
    };
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with("Dockerfile"));
    paths.sort();
    assert!(!paths.is_empty(), "there is no Dockerfile in it");
    let policy = all_rules();
    let (fixes, unparsed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let of_file = |path: &std::path::PathBuf| {
        let bytes = fs::read(path).unwrap();
        let source = SourceText::from_bytes("Dockerfile", bytes);
        unparsed.fetch_add(usize::from(errors(&source) > 0), Ordering::Relaxed);
        let found = Checker::new(&policy).report(vec![Arc::clone(&source)]).unwrap();
        fixes.fetch_add(found.findings.iter().filter(|j| j.finding.fix.is_some()).count(), Ordering::Relaxed);
        let wrong = broken_promises(&policy, &source);
        wrong.into_iter().map(|wrong| format!("{}: {wrong}", path.display())).collect::<Vec<_>>()
    };
    let wrong: Vec<String> = paths.par_iter().flat_map_iter(of_file).collect();
    eprintln!("{} files ({unparsed:?} with errors), {fixes:?} fixes, {} promises broken", paths.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn dockgate() -> Command {
    let mut command = Command::cargo_bin("dockgate").unwrap();
    command.env_clear().env("NO_COLOR", "1");
    command
}

/// Standard output and standard error of a command that ends with `code`.
fn said(command: &mut Command, code: i32) -> (String, String) {
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "{out}\n{err}");
    (out, err)
}

#[test]
fn fix_writes_what_it_mends_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Dockerfile");
    let (good, bad) = (folder.path().join("good.Dockerfile"), "FROM debian:12\r\nRun sudo true\r\nEXPOSE 53/UDP\r\n");
    fs::write(&path, bad).unwrap();
    fs::write(&good, "FROM debian:12\n").unwrap();
    let time = fs::metadata(&good).unwrap().modified().unwrap();
    let (diff, _) = said(dockgate().current_dir(&folder).args(["fix", "--diff"]), 1);
    assert!(diff.contains("--- a/Dockerfile\n+++ b/Dockerfile\n"), "{diff}");
    assert!(diff.contains("-EXPOSE 53/UDP\r\n+RUN sudo true\r\n+EXPOSE 53/udp\r\n"), "{diff}");
    assert_eq!(fs::read_to_string(&path).unwrap(), bad, "--diff writes nothing");
    let (out, _) = said(dockgate().current_dir(&folder).args(["fix"]), 1);
    assert!(out.contains("fixed Dockerfile: mixed-instruction-casing, uppercase-expose-protocol"), "{out}");
    assert!(out.contains("made 2 fixes in 1 of 2 files"), "{out}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "FROM debian:12\r\nRUN sudo true\r\nEXPOSE 53/udp\r\n");
    said(dockgate().current_dir(&folder).args(["fix", "--unsafe", "."]), 0);
    assert_eq!(fs::read_to_string(&path).unwrap(), "FROM debian:12\r\nRUN true\r\nEXPOSE 53/udp\r\n");
    assert_eq!(fs::metadata(&good).unwrap().modified().unwrap(), time, "a file without fixes is not written");
}

#[test]
fn fix_takes_the_rules_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Dockerfile");
    let text = "\u{feff}FROM debian:12\nRun true\nEXPOSE 53/UDP\n";
    fs::write(&path, text).unwrap();
    said(dockgate().current_dir(&folder).args(["fix", "--select", "ConsistentInstructionCasing"]), 0);
    assert_eq!(fs::read_to_string(&path).unwrap(), text.replace("Run", "RUN"), "the byte order mark stays");
    let mut filter = assert_cmd::Command::cargo_bin("dockgate").unwrap();
    filter.env_clear().args(["fix", "-"]).write_stdin("FROM debian:12\nMAINTAINER jo\n");
    let (out, _) = said(&mut filter, 0);
    assert_eq!(out, "FROM debian:12\nLABEL org.opencontainers.image.authors=\"jo\"\n");
}

#[cfg(unix)]
#[test]
fn fix_writes_through_links_and_leaves_alone_what_it_may_not_write() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::process::CommandExt;

    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real"), folder.path().join("Dockerfile"));
    fs::create_dir(&real).unwrap();
    let file = real.join("app.Dockerfile");
    fs::write(&file, "FROM debian:12\nEXPOSE 53/UDP\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o604)).unwrap();
    symlink("real/app.Dockerfile", &link).unwrap();
    said(dockgate().current_dir(&folder).args(["fix", "Dockerfile"]), 0);
    assert_eq!(fs::read_to_string(&file).unwrap(), "FROM debian:12\nEXPOSE 53/udp\n");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o604);
    assert!(fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
    // A file that may not be written is not replaced either, though its folder could be written; the others are fixed.
    fs::write(&file, "FROM debian:12\nEXPOSE 53/UDP\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    let other = real.join("other.Dockerfile");
    fs::write(&other, "FROM debian:12\nEXPOSE 54/UDP\n").unwrap();
    for (path, mode) in [(folder.path(), 0o777), (real.as_path(), 0o777), (other.as_path(), 0o666)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let binary = assert_cmd::cargo::cargo_bin("dockgate");
    let mut command = std::process::Command::new(binary);
    command.env_clear().current_dir(&folder).args(["fix", "real"]);
    // Root may write everything.
    if fs::OpenOptions::new().write(true).open(&file).is_ok() {
        command.uid(65534).gid(65534);
    }
    let Ok(output) = command.output() else {
        eprintln!("skipped: the command cannot be run as somebody else here");
        return;
    };
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("made 1 fix in 1 of 2 files") && told.contains("; not written: 1 file"), "{told}");
    assert!(errors.contains("app.Dockerfile") && errors.to_lowercase().contains("permission denied"), "{errors}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "FROM debian:12\nEXPOSE 53/UDP\n");
    assert_eq!(fs::read_to_string(&other).unwrap(), "FROM debian:12\nEXPOSE 54/udp\n");
    let names: Vec<_> = fs::read_dir(&real).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "nothing is left lying about: {names:?}");
}

#[test]
fn fixes_that_never_come_to_rest_end() {
    let policy = all_rules();
    let checker = Checker::new(&policy);
    let text = "FROM debian:12\nRUN apt-get update\n";
    let source = SourceText::new("Dockerfile", text);
    // The same finding over and over, whatever became of the text.
    let same = |_: Vec<Arc<SourceText>>, _: &fix::OtherTexts| checker.report(vec![SourceText::new("Dockerfile", text)]);
    let wishes = Wishes { takes_all: false, are_apart: true };
    let mended = fix::mend(vec![source], wishes, same).unwrap().remove(0);
    assert!(mended.is_stuck);
    assert_eq!(mended.applied.get("apt-lists-left"), Some(&fix::MAX_PASSES));
    assert_eq!(mended.after.text().matches("rm -rf").count(), fix::MAX_PASSES);
}

#[test]
fn fixes_are_made_in_the_order_of_the_rules() {
    // Both rules rewrite the keyword's line: the first by name goes first, the other in the next pass.
    let policy = all_rules();
    let source = SourceText::new("Dockerfile", "FROM debian:12\nmaintainer jo\nRUN cd /x && sudo make\n");
    let mended = Checker::new(&policy).mended(&source, true);
    assert!(!mended.is_stuck, "{}", mended.after.text());
    let expected = "FROM debian:12\nLABEL org.opencontainers.image.authors=\"jo\"\nWORKDIR /x\nRUN make\n";
    assert_eq!(mended.after.text(), expected);
}

#[test]
fn fix_says_what_it_could_not_do() {
    let folder = tempfile::tempdir().unwrap();
    for (args, word) in [
        (vec!["fix", "missing"], "missing"),
        (vec!["fix", "--select", "no-such-rule"], "no-such-rule"),
        (vec!["fix"], "nothing to check"),
    ] {
        let (_, err) = said(dockgate().current_dir(&folder).args(&args), 2);
        assert!(err.contains(word), "{err}");
    }
    fs::write(folder.path().join("Dockerfile"), "FROM debian:12\nEXPOSE 53/UDP\n").unwrap();
    fs::write(folder.path().join("compose.yaml"), "services:\n  a:\n    build:\n      dockerfile_inline: FROM a:1\n")
        .unwrap();
    let (_, err) = said(dockgate().current_dir(&folder).args(["fix"]), 0);
    assert!(err.contains("compose.yaml: not fixed"), "{err}");
}

#[test]
fn suggestions_stand_under_their_findings_and_hide_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let token = format!("ghp_{}", ["Ab1".repeat(10), "33RMOS".into()].concat());
    let text = format!("FROM debian:12\nENV TOKEN {token}\nRUN sudo true\n");
    fs::write(folder.path().join("Dockerfile"), &text).unwrap();
    for command in ["lint", "check"] {
        let (out, _) = said(dockgate().current_dir(&folder).args([command, "--fix-suggestions"]), 1);
        assert!(out.contains("    -RUN sudo true\n    +RUN true\n"), "{out}");
        assert!(out.contains("fix to look at: run the command without sudo"), "{out}");
        assert!(out.contains("    +ENV TOKEN=****"), "{out}");
        assert!(out.contains("dockgate fix "), "{out}");
        assert!(!out.contains(&token), "{out}");
    }
    let (out, _) = said(dockgate().current_dir(&folder).args(["fix", "--diff"]), 1);
    assert!(out.contains("+ENV TOKEN=****") && !out.contains(&token), "{out}");
    said(dockgate().current_dir(&folder).args(["fix"]), 1);
    let fixed = fs::read_to_string(folder.path().join("Dockerfile")).unwrap();
    assert_eq!(fixed, text.replace("TOKEN ", "TOKEN="));
}
