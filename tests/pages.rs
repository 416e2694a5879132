//! The examples on the rule pages, run: `bad` is reported on the marked lines and no others, `good` is not reported,
//! `fixed` is what the fix makes of the `bad` block before it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use dockgate::check::{Build, ContextRequest, ContextSource, Judged, Report, Request, run};
use dockgate::context::{IgnoreFile, Outside, definitions};
use dockgate::dockerfile::{BuildOptions, HostKind};
use dockgate::finding::Fix;
use dockgate::fix;
use dockgate::image::{Digests, whole_name};
use dockgate::policy::{Action, Actions, Check, Date, OutputWishes, Policy};
use dockgate::rule::{self, Default, Edition, Example, ExampleKind, FixKind, Params, Phase, Rule, Value};
use dockgate::text::SourceText;

/// Runs one rule over an example.
fn report(rule: &'static Rule, example: &Example) -> Report {
    let given = example.params.iter().map(|(name, value)| {
        let spec = rule.params.iter().find(|spec| spec.name == *name);
        let value = match spec.map(|spec| spec.default) {
            Some(Default::Bool(_)) => Value::Bool(value.parse().unwrap()),
            Some(Default::Int(_)) => Value::Int(value.parse().unwrap()),
            Some(Default::Str(_)) => Value::Str((*value).to_owned()),
            _ => Value::List(value.split(',').map(str::to_owned).collect()),
        };
        ((*name).to_owned(), value)
    });
    let check = Check {
        rule,
        code: None,
        params: Params::new(rule, given).unwrap(),
        severity: None,
        action: Action::Stop,
        is_by_severity: false,
        trigger: None,
        line: None,
    };
    let leave_out = Actions { error: None, warning: None, info: None, style: None };
    let policy = Policy {
        name: "the page".into(),
        ruleset: Edition::CURRENT,
        actions: leave_out,
        until_build_fails: false,
        base_limit: Action::Stop,
        checks: vec![check],
        left_out: Vec::new(),
        named: Vec::new(),
        waivers: Vec::new(),
        honours_comments: true,
        notes: Vec::new(),
        wishes: OutputWishes::default(),
    };
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in example.context {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content.text()).unwrap();
    }
    let dockerfile = folder.path().join("Dockerfile");
    fs::write(&dockerfile, example.text.text()).unwrap();
    let ignore_file =
        IgnoreFile::beside(&dockerfile).transpose().map(|file| ("Dockerfile".to_owned(), file.map(Arc::new)));
    let source = ContextSource::Folder(folder.path().into());
    let context =
        ContextRequest { source, shown: String::new(), dockerfile: Some(dockerfile), ignore_texts: BTreeMap::new() };
    let text = SourceText::new("Dockerfile", example.text.text());
    let alone = Build::alone(text, BuildOptions::default());
    let mut build = Build { context: (rule.phase == Phase::Context).then_some(context), ..alone };
    if let Some((path, text)) = example.context.iter().find(|(path, _)| HostKind::of_name(path).is_some()) {
        let (file, kind) = (SourceText::new(*path, text.text()), HostKind::of_name(path).unwrap());
        let defined = definitions(&file, kind, folder.path(), &[], nothing()).unwrap();
        let args = defined.list.into_iter().flat_map(|definition| definition.args);
        build.options.build_args.extend(args.map(|(name, argument)| (name, argument.value)));
    }
    let known = example.digests.iter().map(|(name, digest)| (whole_name(name).unwrap(), (*digest).to_owned()));
    let digests = Digests::known(known);
    run(&Request {
        ignore_files: ignore_file.into_iter().collect(),
        digests: Some(&digests),
        ..Request::new(vec![build], &policy, Date::parse("2026-01-01").unwrap())
    })
    .unwrap()
}

/// An empty environment, and no other files.
fn nothing() -> Outside<'static> {
    Outside { environment: &|_| None, read: &|_| Err("not here".into()), settings: &|_| BTreeMap::new() }
}

fn lines(report: &Report) -> BTreeSet<usize> {
    report.findings.iter().map(|j: &Judged| j.finding.place().region().unwrap().start.line).collect()
}

#[test]
fn every_example_does_what_its_page_says() {
    let mut wrong = Vec::new();
    let mut examples = 0;
    for rule in rule::all() {
        let mut last_bad = None;
        for example in rule.examples {
            examples += 1;
            let at = format!("{} line {}", rule.id, example.page_line);
            let found = report(rule, example);
            match example.kind {
                ExampleKind::Bad => {
                    let marked: BTreeSet<usize> = example.marked.iter().copied().collect();
                    if lines(&found) != marked {
                        wrong.push(format!("{at}: reported on {:?}, marked are {marked:?}", lines(&found)));
                    }
                    last_bad = Some((example.text.text(), found));
                }
                ExampleKind::Good => {
                    if !found.findings.is_empty() {
                        wrong.push(format!("{at}: reported on {:?}, and it is a good example", lines(&found)));
                    }
                }
                ExampleKind::Fixed => {
                    let (text, bad) = last_bad.take().unwrap_or_else(|| panic!("{at}: no bad block before it"));
                    let source = SourceText::new("Dockerfile", text.as_str());
                    let fixes: Vec<&Fix> = bad.findings.iter().filter_map(|j| j.finding.fix.as_ref()).collect();
                    let is_safe = rule.fix == FixKind::Safe && !example.is_unsafe;
                    if fixes.iter().any(|f| f.is_safe() != is_safe) {
                        wrong.push(format!("{at}: the fix is not as safe as the page says"));
                    }
                    let (own, others): (Vec<&Fix>, Vec<&Fix>) = fixes.into_iter().partition(|f| f.other().is_none());
                    let fixed = fix::apply(&source, &own).map(|f| f.text.text().to_owned());
                    if fixed.as_deref().unwrap_or(&text) != example.text.text() || (own.is_empty() && others.is_empty())
                    {
                        wrong.push(format!("{at}: the fix gives {fixed:?}"));
                    }
                    let fixed = others.first().and_then(|fix| fix.other()).and_then(|other| {
                        let name = other.source.path().rsplit('/').next().unwrap().to_owned();
                        Some((name, fix::apply(&other.source, &others)?.text.text().to_owned()))
                    });
                    let expected: Vec<_> = example.context.iter().map(|(p, t)| ((*p).to_owned(), t.text())).collect();
                    if fixed.iter().cloned().collect::<Vec<_>>() != expected {
                        wrong.push(format!("{at}: the fix makes {fixed:?}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(examples > 20, "only {examples} examples were run");
}

#[test]
fn no_name_of_a_rule_is_lost_unseen() {
    let names: Vec<String> = rule::all()
        .iter()
        .map(|r| format!("{} {}", r.id, r.other_names().collect::<Vec<_>>().join(" ")).trim().to_owned())
        .collect();
    insta::assert_snapshot!(names.join("\n"));
}
