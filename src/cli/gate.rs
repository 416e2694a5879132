//! `check`, `lint` and `gate`: from arguments to a request, from a report to outputs and an exit code.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::args::{BuildArgs, CheckArgs, CommonArgs, FailOn, GateArgs, LintArgs};
use super::progress::Bar;
use super::sink::{FileOutput, Terminal};
use super::{CliError, FAILED, UNABLE, discover};
use crate::check::{self, CheckError, ContextRequest, ImageRequest, Request, Selection};
use crate::dockerfile::BuildOptions;
use crate::image::ImageReference;
use crate::output::{self, Style};
use crate::policy::{self, Date, Policy};
use crate::rule::{self, Rule};
use crate::text::{SourceText, escape};

/// What the common options come to.
struct Ready {
    policy: Policy,
    fail_on: policy::FailOn,
    format: output::Format,
    outputs: Vec<FileOutput>,
    selection: Selection,
    build: BuildOptions,
}

impl Ready {
    fn new(common: &CommonArgs, build: BuildArgs) -> Result<Self, CliError> {
        let outputs = common.outputs.iter().map(|o| FileOutput::parse(o)).collect::<Result<_, _>>()?;
        let selection = Selection { select: rules(&common.select)?, ignore: rules(&common.ignore)? };
        Ok(Self {
            policy: Policy::load(&common.policy)?,
            fail_on: match common.fail_on {
                FailOn::Stop => policy::FailOn::Stop,
                FailOn::Warn => policy::FailOn::Warn,
                FailOn::Never => policy::FailOn::Never,
            },
            format: common.format,
            outputs,
            selection,
            build: BuildOptions {
                build_args: build_args(build.build_args)?,
                target: build.target,
                platform: build.platform,
            },
        })
    }
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
    let ready = Ready::new(&args.common, args.build)?;
    let file = args.file.unwrap_or_else(|| default_dockerfile(&args.context));
    let source = discover::read(&file)?;
    let image = image_request(args.image.as_deref(), args.gate.base.as_deref())?;
    let context = ContextRequest { shown: discover::report_path(&args.context), root: args.context, dockerfile: file };
    run(
        &ready,
        Subject { dockerfiles: vec![source], context: Some(context), image, ..Subject::default() },
        terminal,
        out,
    )
}

/// Dockerfiles alone.
pub(super) fn lint(args: LintArgs, terminal: &Terminal, out: &mut dyn Write) -> Result<u8, CliError> {
    let ready = Ready::new(&args.common, args.build)?;
    let paths = if args.paths.is_empty() { vec![PathBuf::from(".")] } else { args.paths };
    let mut discovered = discover::dockerfiles(&paths);
    if discovered.dockerfiles.is_empty() {
        if !discovered.errors.is_empty() {
            return Err(discovered.errors.swap_remove(0));
        }
        let paths: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
        return Err(CliError::NoDockerfile { paths: paths.join(", "), notes: discovered.notes });
    }
    let errors = discovered.errors;
    let unread = errors.iter().map(|error| format!("not checked: {error}"));
    let notes = discovered.notes.into_iter().chain(unread).collect();
    let code =
        run(&ready, Subject { dockerfiles: discovered.dockerfiles, notes, ..Subject::default() }, terminal, out)?;
    errors.iter().for_each(|error| error.report(terminal));
    Ok(if errors.is_empty() { code } else { UNABLE })
}

/// An image alone, with its Dockerfile when there is one.
pub(super) fn gate(args: GateArgs, terminal: &Terminal, out: &mut dyn Write) -> Result<u8, CliError> {
    let ready = Ready::new(&args.common, args.build)?;
    let sources = args.dockerfile.iter().map(|path| discover::read(path)).collect::<Result<_, _>>()?;
    let image = image_request(Some(&args.image), args.gate.base.as_deref())?;
    run(&ready, Subject { dockerfiles: sources, image, ..Subject::default() }, terminal, out)
}

/// What a run looks at.
#[derive(Default)]
struct Subject {
    dockerfiles: Vec<Arc<SourceText>>,
    context: Option<ContextRequest>,
    image: Option<ImageRequest>,
    /// What is left out of it, in words.
    notes: Vec<String>,
}

fn run(ready: &Ready, subject: Subject, terminal: &Terminal, out: &mut dyn Write) -> Result<u8, CliError> {
    let report = {
        let bar = subject.image.is_some().then(|| Bar::new(terminal));
        let request = Request {
            dockerfiles: subject.dockerfiles,
            context: subject.context,
            image: subject.image,
            notes: subject.notes,
            policy: &ready.policy,
            selection: ready.selection.clone(),
            build: ready.build.clone(),
            today: today(),
            progress: &|progress| {
                if let Some(bar) = &bar {
                    bar.advance(progress);
                }
            },
        };
        check::run(&request)?
    };
    for output in &ready.outputs {
        output.write(&report)?;
    }
    let style = Style { color: terminal.color, width: terminal.width, quiet: terminal.quiet };
    output::write(&report, ready.format, style, out).map_err(CliError::Write)?;
    if !ready.format.has_notes {
        report.notes.iter().for_each(|note| terminal.warn(&format!("note: {}", escape::line(note))));
    }
    Ok(if ready.fail_on.fails(report.verdict) { FAILED } else { 0 })
}

fn image_request(image: Option<&str>, base: Option<&str>) -> Result<Option<ImageRequest>, CliError> {
    let parse = |text: &str| ImageReference::parse(text).map_err(|e| CliError::Check(CheckError::Image(e)));
    match (image, base) {
        (Some(image), base) => Ok(Some(ImageRequest { reference: parse(image)?, base: base.map(parse).transpose()? })),
        (None, None) => Ok(None),
        (None, Some(base)) => Err(CliError::Argument {
            what: "--base",
            value: base.to_owned(),
            wanted: "of use without --image, the image to compare with it".into(),
        }),
    }
}

/// `Dockerfile` in the context, or `Containerfile` where only that is there.
fn default_dockerfile(context: &Path) -> PathBuf {
    let names = ["Dockerfile", "dockerfile", "Containerfile"];
    let there = names.iter().map(|name| context.join(name)).find(|path| path.is_file());
    there.unwrap_or_else(|| context.join("Dockerfile"))
}

fn rules(names: &[String]) -> Result<Vec<&'static Rule>, CliError> {
    let mut found = Vec::new();
    for name in names {
        let named = rule::named(name.trim());
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
fn today() -> Date {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    Date::from_unix(seconds)
}
