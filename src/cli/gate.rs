//! `check`, `lint` and `gate`: from arguments to a request, from a report to outputs and an exit code.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::args::{BuildArgs, CheckArgs, CommonArgs, GateArgs, LintArgs, VulnerabilityArgs};
use super::progress::Bar;
use super::sink::{FileOutput, Terminal};
use super::{CliError, FAILED, UNABLE, args, cache, discover, feeds, policies, shellcheck};
use crate::check::{self, CheckError, ContextRequest, ImageRequest, Report, Request, Selection};
use crate::context::{ContextError, IgnoreFile};
use crate::dockerfile::BuildOptions;
use crate::feeds::{ScanReport, Store};
use crate::finding::Fix;
use crate::image::{Cache, ImageReference};
use crate::output::{self, Style};
use crate::policy::{self, Date, Policy};
use crate::rule::{self, Target};
use crate::shell::ShellCheck;
use crate::text::{SourceText, escape};

/// What the common options come to.
struct Ready {
    policy: Policy,
    fail_on: policy::FailOn,
    format: output::Format,
    outputs: Vec<FileOutput>,
    trigger_ids: bool,
    selection: Selection,
    build: BuildOptions,
    /// The version of the `shellcheck` to run.
    shellcheck: Option<String>,
}

impl Ready {
    fn new(common: &CommonArgs, build: BuildArgs, image: Option<&ImageRequest>) -> Result<Self, CliError> {
        let outputs = common.outputs.iter().map(|o| FileOutput::parse(o)).collect::<Result<_, _>>()?;
        let selection = Selection { select: named_rules(&common.select)?, ignore: named_rules(&common.ignore)? };
        let mut policy = policies::in_force(&common.policies, image, build.platform.as_deref())?;
        let format = common.format.unwrap_or_else(|| wished_format(&mut policy));
        Ok(Self {
            policy,
            format,
            fail_on: common.fail_on.into(),
            outputs,
            trigger_ids: common.show_trigger_ids,
            selection,
            shellcheck: match common.shellcheck {
                args::ShellCheck::Never => None,
                args::ShellCheck::Auto => shellcheck::version().ok(),
                args::ShellCheck::Always => {
                    Some(shellcheck::version().map_err(|reason| CliError::NoShellCheck { reason })?)
                }
            },
            build: build_options(build)?,
        })
    }
}

/// The format a hadolint configuration asks for, else text. One that is not written here is told.
fn wished_format(policy: &mut Policy) -> output::Format {
    let Some(name) = &policy.wishes.format else { return output::Format::TEXT };
    output::Format::of_hadolint(name).unwrap_or_else(|| {
        policy.notes.push(format!("`{name}` is not a format of this version, so the report is text"));
        output::Format::TEXT
    })
}

/// The main job: Dockerfile, context and image in one report.
pub(super) fn check(args: CheckArgs, terminal: &Terminal, out: &mut dyn Write) -> Result<u8, CliError> {
    if !args.context.is_dir() {
        let reason = if args.context.exists() { "it is not a folder" } else { "there is no such folder" };
        return Err(CliError::Read {
            path: args.context.display().to_string(),
            reason: format!("{reason} to take as the build context"),
        });
    }
    let image = image_request(args.image.as_deref(), args.gate.base.as_deref(), args.gate.previous.as_deref())?;
    let ready = Ready::new(&args.common, args.build, image.as_ref())?;
    let file = args.file.unwrap_or_else(|| default_dockerfile(&args.context));
    let source = discover::read(&file)?;
    let cache = image.as_ref().map_or(Ok(None), |_| cache::open(&args.gate.cache, terminal))?;
    let context = ContextRequest { shown: discover::report_path(&args.context), root: args.context, dockerfile: file };
    let known = known(&args.vulnerabilities, image.as_ref(), &ready)?;
    let fix_paths = args.fix_suggestions.then_some(vec![context.dockerfile.clone()]);
    let (dockerfiles, context) = (vec![source], Some(context));
    run(&ready, Subject { dockerfiles, context, image, known, cache, fix_paths, ..Subject::default() }, terminal, out)
}

/// Dockerfiles alone.
pub(super) fn lint(args: LintArgs, terminal: &Terminal, out: &mut dyn Write) -> Result<u8, CliError> {
    let ready = Ready::new(&args.common, args.build, None)?;
    let paths = if args.paths.is_empty() { vec![PathBuf::from(".")] } else { args.paths };
    let discovered = discover::dockerfiles_or_error(&paths)?;
    let errors = discovered.errors;
    let unread = errors.iter().map(|error| format!("not checked: {error}"));
    let notes = discovered.notes.into_iter().chain(unread).collect();
    let fix_paths = args.fix_suggestions.then_some(paths);
    let subject = Subject { dockerfiles: discovered.dockerfiles, notes, fix_paths, ..Subject::default() };
    let code = run(&ready, subject, terminal, out)?;
    errors.iter().for_each(|error| error.report(terminal));
    Ok(if errors.is_empty() { code } else { UNABLE })
}

/// An image alone, with its Dockerfile when there is one.
pub(super) fn gate(args: GateArgs, terminal: &Terminal, out: &mut dyn Write) -> Result<u8, CliError> {
    let image = image_request(Some(&args.image), args.gate.base.as_deref(), args.gate.previous.as_deref())?;
    let ready = Ready::new(&args.common, args.build, image.as_ref())?;
    let sources = args.dockerfile.iter().map(|path| discover::read(path)).collect::<Result<_, _>>()?;
    let cache = cache::open(&args.gate.cache, terminal)?;
    let known = known(&args.vulnerabilities, image.as_ref(), &ready)?;
    run(&ready, Subject { dockerfiles: sources, image, known, cache, ..Subject::default() }, terminal, out)
}

/// What a run looks at.
#[derive(Default)]
struct Subject {
    dockerfiles: Vec<Arc<SourceText>>,
    context: Option<ContextRequest>,
    image: Option<ImageRequest>,
    /// What is known of vulnerabilities.
    known: Known,
    /// What is left out of it, in words.
    notes: Vec<String>,
    /// Fixes are shown; the paths to give to `fix`.
    fix_paths: Option<Vec<PathBuf>>,
    cache: Option<Cache>,
}

/// Vulnerability data, and reports of other scanners.
#[derive(Default)]
struct Known {
    store: Option<Store>,
    reports: Vec<ScanReport>,
}

/// Opens the vulnerability data for a run with an image.
fn known(args: &VulnerabilityArgs, image: Option<&ImageRequest>, ready: &Ready) -> Result<Known, CliError> {
    let is_of_feeds = |tags: &[&str]| tags.contains(&"vulnerabilities") || tags.contains(&"registry-data");
    let is_asked = ready.policy.checks.iter().any(|check| is_of_feeds(check.rule.tags));
    if let (None, Some(report)) = (image, args.reports.first()) {
        return Err(CliError::Argument {
            what: "--vulns",
            value: report.display().to_string(),
            wanted: "of use without --image, the image it is a report on".into(),
        });
    }
    let reports: Vec<ScanReport> = args.reports.iter().map(|path| feeds::report(path)).collect::<Result<_, _>>()?;
    if image.is_none() || !is_asked {
        return Ok(Known { store: None, reports });
    }
    let store = match feeds::folder(&args.store) {
        Some(folder) => Some(Store::open(&folder)?),
        None => None,
    };
    if let Some(days) = args.max_feed_age {
        feeds::require_fresh(store.as_ref(), &args.store, days, !reports.is_empty())?;
    }
    Ok(Known { store, reports })
}

fn run(ready: &Ready, subject: Subject, terminal: &Terminal, out: &mut dyn Write) -> Result<u8, CliError> {
    let ignore_files = match subject.context {
        Some(_) => BTreeMap::new(),
        None => ignore_files(&subject.dockerfiles),
    };
    let report = {
        let shellcheck = ready.shellcheck.clone().map(|version| ShellCheck { version, run: &shellcheck::run });
        let bar = subject.image.is_some().then(|| Bar::new(terminal));
        let request = Request {
            dockerfiles: subject.dockerfiles,
            ignore_files,
            context: subject.context,
            image: subject.image,
            notes: subject.notes,
            policy: &ready.policy,
            selection: ready.selection.clone(),
            build: ready.build.clone(),
            shellcheck: shellcheck.as_ref(),
            feeds: subject.known.store.as_ref(),
            scan_reports: &subject.known.reports,
            today: today(),
            progress: &|progress| {
                if let Some(bar) = &bar {
                    bar.advance(progress);
                }
            },
            cache: subject.cache.as_ref(),
        };
        check::run(&request)?
    };
    cache::close(subject.cache.as_ref(), terminal);
    for output in &ready.outputs {
        output.write(&report, ready.trigger_ids)?;
    }
    let color = terminal.color && !ready.policy.wishes.is_plain;
    let style = Style {
        color,
        width: terminal.width,
        quiet: terminal.quiet,
        trigger_ids: ready.trigger_ids,
        fixes: subject.fix_paths.is_some(),
    };
    output::write(&report, ready.format, style, out).map_err(CliError::Write)?;
    if let Some(paths) = subject.fix_paths.filter(|_| ready.format.is_for_people) {
        writeln!(out, "{}", how_to_fix(&report, &paths)).map_err(CliError::Write)?;
    }
    if !ready.format.has_notes {
        report.notes.iter().for_each(|note| terminal.warn(&format!("note: {}", escape::line(note))));
    }
    Ok(if ready.fail_on.fails(report.verdict) { FAILED } else { 0 })
}

/// The one command that makes the fixes that are shown.
fn how_to_fix(report: &Report, paths: &[PathBuf]) -> String {
    let fixes = report.findings.iter().filter(|judged| judged.waived.is_none()).filter_map(|j| j.finding.fix.as_ref());
    let (safe, others): (Vec<&Fix>, Vec<&Fix>) = fixes.partition(|fix| fix.is_safe());
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-+:@%".contains(&b));
    let quoted = |path: &PathBuf| {
        let text = escape::line(&path.to_string_lossy()).into_owned();
        if plain(&text) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
    };
    let command = format!("dockgate fix {}", paths.iter().map(quoted).collect::<Vec<_>>().join(" "));
    match (safe.len(), others.len()) {
        (0, 0) => "No finding has a fix".to_owned(),
        (0, n) => format!("`{command} --unsafe` makes the {n} fixes; look at what it changes"),
        (n, 0) => format!("`{command}` makes the {n} fixes"),
        (n, m) => format!("`{command}` makes the {n} safe fixes, with `--unsafe` also the {m} others"),
    }
}

/// The ignore files of Dockerfiles that are linted alone, each taken to lie in its context's root.
pub(super) fn ignore_files(dockerfiles: &[Arc<SourceText>]) -> BTreeMap<String, Result<Arc<IgnoreFile>, ContextError>> {
    let of = |dockerfile: &Arc<SourceText>| {
        let path = dockerfile.path();
        let found = IgnoreFile::beside(Path::new(path)).transpose()?;
        Some((path.to_owned(), found.map(Arc::new)))
    };
    dockerfiles.iter().filter(|dockerfile| dockerfile.path() != "-").filter_map(of).collect()
}

/// How the image is built.
pub(super) fn build_options(build: BuildArgs) -> Result<BuildOptions, CliError> {
    Ok(BuildOptions { build_args: build_args(build.build_args)?, target: build.target, platform: build.platform })
}

/// The image, and those to compare it with.
pub(super) fn image_request(
    image: Option<&str>,
    base: Option<&str>,
    previous: Option<&str>,
) -> Result<Option<ImageRequest>, CliError> {
    let parse = |text: &str| ImageReference::parse(text).map_err(|e| CliError::Check(CheckError::Image(e)));
    let Some(image) = image else {
        let lone =
            [("--base", base), ("--previous", previous)].into_iter().find_map(|(what, value)| Some((what, value?)));
        return lone.map_or(Ok(None), |(what, value)| {
            let wanted = "of use without --image, the image to compare with it".to_owned();
            Err(CliError::Argument { what, value: value.to_owned(), wanted })
        });
    };
    let (base, previous) = (base.map(parse).transpose()?, previous.map(parse).transpose()?);
    Ok(Some(ImageRequest { reference: parse(image)?, base, previous }))
}

/// `Dockerfile` in the context, or `Containerfile` where only that is there.
fn default_dockerfile(context: &Path) -> PathBuf {
    let names = ["Dockerfile", "dockerfile", "Containerfile"];
    let there = names.iter().map(|name| context.join(name)).find(|path| path.is_file());
    there.unwrap_or_else(|| context.join("Dockerfile"))
}

/// The rules that names mean.
pub(super) fn named_rules(names: &[String]) -> Result<Vec<Target>, CliError> {
    let mut found = Vec::new();
    for name in names {
        let named = rule::targets(name.trim());
        if named.is_empty() {
            return Err(CliError::UnknownRule { name: name.clone(), similar: rule::similar(name) });
        }
        found.extend(named);
    }
    Ok(found)
}

/// `NAME=VALUE`, or `NAME` alone for the value it has in this process's environment, as `docker build` takes them.
fn build_args(given: Vec<String>) -> Result<BTreeMap<String, String>, CliError> {
    let mut args = BTreeMap::new();
    for arg in given {
        let (name, value) = match arg.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (arg.clone(), std::env::var(&arg).ok()),
        };
        if name.is_empty() {
            return Err(CliError::Argument { what: "--build-arg", value: arg, wanted: "NAME=VALUE".into() });
        }
        args.extend(value.map(|value| (name, value)));
    }
    Ok(args)
}

/// The day it is, in UTC.
pub(super) fn today() -> Date {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    Date::from_unix(seconds)
}
