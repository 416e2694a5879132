//! `check`, `lint` and `gate`: from arguments to a request, from a report to outputs and an exit code.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::args::{CheckArgs, GateArgs, LintArgs, VulnerabilityArgs};
use super::options::{ALL_PLATFORMS, Ready, build_options, image_request, registry_access};
use super::progress::Bar;
use super::sink::{FileOutput, Terminal};
use super::{
    CliError, FAILED, UNABLE, before, builds, cache, discover, feeds, fix_command, repository, shellcheck, sink,
};
use crate::check::{self, Build, CheckError, Comparison, ImageRequest, Request};
use crate::context::{ContextError, IgnoreFile};
use crate::feeds::{ScanReport, Store};
use crate::image::{self, Cache, Digests};
use crate::output::{self, Style};
use crate::policy::{Baseline, Date};
use crate::shell::{Linter, ShellCheck};
use crate::text::escape;

/// The main job: Dockerfile, context and image in one report.
pub(super) fn check(args: CheckArgs, terminal: &Terminal, out: &mut dyn Write) -> Result<u8, CliError> {
    let image = image_request(
        args.image.as_deref(),
        args.gate.base.as_deref(),
        args.gate.previous.as_deref(),
        &args.gate.registries,
    )?;
    let options = build_options(&args.build)?;
    let wanted = builds::Wanted {
        contexts: &args.contexts,
        file: args.file.as_deref(),
        build_contexts: &args.build_contexts,
        services: &args.services,
    };
    let mut found = builds::find(wanted, &options)?;
    let of_image = [("--image", args.image.as_deref()), ("--base", args.gate.base.as_deref())];
    let command =
        || fix_command::of(&args.common, &args.build, args.online, &of_image, fix_command::words_of_check(wanted));
    let fix_command = args.fix_suggestions.then(command);
    let ready = Ready::new(&args.common, args.build, image.as_ref())?;
    if let (Some(named), [_, _, ..]) = (&args.image, found.builds.as_slice()) {
        return Err(CliError::Argument {
            what: "--image",
            value: named.clone(),
            wanted: format!(
                "of use with {} Dockerfiles, since it is made from one; choose with --service",
                found.builds.len()
            ),
        });
    }
    found.errors.extend(builds::set_aside_stageless(&mut found.builds));
    if found.builds.is_empty() && !found.errors.is_empty() {
        return Err(found.errors.swap_remove(0));
    }
    let unread = found.errors.iter().map(|error| format!("not checked: {error}"));
    let notes = found.notes.into_iter().chain(unread).collect();
    let cache = image.as_ref().map_or(Ok(None), |_| cache::open(&args.gate.cache, terminal))?;
    let known = known(&args.vulnerabilities, image.as_ref(), &ready)?;
    let digests = args.online.then(|| Digests::new(registry_access(&args.gate.registries)));
    let subject = Subject { builds: found.builds, image, known, cache, notes, fix_command, digests };
    let code = run(&ready, subject, terminal, out)?;
    found.errors.iter().for_each(|error| error.report(terminal));
    Ok(if found.errors.is_empty() { code } else { UNABLE })
}

/// Dockerfiles alone.
pub(super) fn lint(args: LintArgs, terminal: &Terminal, out: &mut dyn Write) -> Result<u8, CliError> {
    let paths = if args.paths.is_empty() { vec![PathBuf::from(".")] } else { args.paths };
    let words = || paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let command = || fix_command::of(&args.common, &args.build, args.online, &[], words());
    let fix_command = args.fix_suggestions.then(command);
    let ready = Ready::new(&args.common, args.build, None)?;
    let discovered = discover::dockerfiles_or_error(&paths)?;
    let build = |text| Build::alone(text, ready.build.clone());
    let mut builds: Vec<Build> = discovered.dockerfiles.into_iter().map(build).collect();
    let mut errors = discovered.errors;
    errors.extend(builds::set_aside_stageless(&mut builds));
    if builds.is_empty() && !errors.is_empty() {
        return Err(errors.swap_remove(0));
    }
    let unread = errors.iter().map(|error| format!("not checked: {error}"));
    let notes = discovered.notes.into_iter().chain(unread).collect();
    let digests = args.online.then(|| Digests::new(registry_access(&args.registries)));
    let code = run(&ready, Subject { builds, notes, fix_command, digests, ..Subject::default() }, terminal, out)?;
    errors.iter().for_each(|error| error.report(terminal));
    Ok(if errors.is_empty() { code } else { UNABLE })
}

/// An image alone, with its Dockerfile when there is one.
pub(super) fn gate(args: GateArgs, terminal: &Terminal, out: &mut dyn Write) -> Result<u8, CliError> {
    let image = image_request(
        Some(&args.image),
        args.gate.base.as_deref(),
        args.gate.previous.as_deref(),
        &args.gate.registries,
    )?;
    let ready = Ready::new(&args.common, args.build, image.as_ref())?;
    let build = |path: &PathBuf| Ok(Build::alone(discover::read(path)?, ready.build.clone()));
    let builds = args.dockerfile.iter().map(build).collect::<Result<_, CliError>>()?;
    let cache = cache::open(&args.gate.cache, terminal)?;
    let known = known(&args.vulnerabilities, image.as_ref(), &ready)?;
    run(&ready, Subject { builds, image, known, cache, ..Subject::default() }, terminal, out)
}

/// What a run looks at.
#[derive(Default)]
struct Subject {
    builds: Vec<Build>,
    image: Option<ImageRequest>,
    /// What is known of vulnerabilities.
    known: Known,
    /// What is left out of it, in words.
    notes: Vec<String>,
    /// Fixes are shown; the command that makes them.
    fix_command: Option<String>,
    /// Whom to ask for digests.
    digests: Option<Digests>,
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
    let ignore_files = ignore_files(&subject.builds);
    let platforms = match &subject.image {
        Some(image) if ready.build.platform.as_deref() == Some(ALL_PLATFORMS) => {
            Some(image::platforms(&image.reference).map_err(CheckError::Image)?)
        }
        _ => None,
    };
    let now = seconds_since_1970();
    let (mut report, before) = {
        let shellcheck = ready.shellcheck.clone().map(|version| ShellCheck { version, run: &shellcheck::run });
        let linter = Linter::new(shellcheck.as_ref());
        let bar = Bar::new(terminal);
        let request = Request {
            builds: subject.builds,
            ignore_files,
            image: subject.image,
            notes: subject.notes,
            policy: &ready.policy,
            selection: ready.selection.clone(),
            build: ready.build.clone(),
            linter: Some(&linter),
            feeds: subject.known.store.as_ref(),
            scan_reports: &subject.known.reports,
            digests: subject.digests.as_ref(),
            today: Date::from_unix(now),
            progress: &|progress| bar.advance(progress),
            watch: &|progress| bar.watch(progress),
            cache: subject.cache.as_ref(),
        };
        let before = match &ready.new_only {
            Some(_) => before::known(ready.base.as_ref(), &request, platforms.as_deref())?,
            None => None,
        };
        let report = match &platforms {
            Some(platforms) => check::run_on(request, platforms)?,
            None => check::run(&request)?,
        };
        (report, before)
    };
    cache::close(subject.cache.as_ref(), terminal);
    if let Some(path) = &ready.write_baseline {
        let baseline = report.baseline();
        sink::write_whole(path, baseline.to_json().as_bytes())?;
        report.hide(&baseline, Comparison::Accepted);
    } else {
        let known = ready.baseline.clone().into_iter().chain(before).reduce(Baseline::or);
        let with = if ready.new_only.is_some() { Comparison::Before } else { Comparison::Accepted };
        known.iter().for_each(|known| report.hide(known, with));
        report.notes.extend(ready.new_only.iter().map(|with| format!("only what is new counts, held against {with}")));
    }
    if ready.outputs.iter().map(FileOutput::format).chain([ready.format]).any(|format| format.name == "sarif") {
        report.scope.repository = repository::current();
        if let Some(warning) = ready.category.as_deref().and_then(output::category_warning) {
            terminal.warn(&format!("warning: {}", escape::line(&warning)));
        }
        report.scope.category.clone_from(&ready.category);
    }
    let style = Style {
        color: terminal.color && !ready.policy.wishes.is_plain,
        width: terminal.width,
        quiet: terminal.quiet,
        trigger_ids: ready.trigger_ids,
        time: now,
        sarif: ready.sarif,
        fixes: subject.fix_command.is_some(),
    };
    for output in &ready.outputs {
        output.write(&report, style)?;
    }
    output::write(&report, ready.format, style, out).map_err(CliError::Write)?;
    if let Some(command) = subject.fix_command.filter(|_| ready.format.is_for_people) {
        writeln!(out, "{}", fix_command::how_to_fix(&report, &command)).map_err(CliError::Write)?;
    }
    if !ready.format.has_notes {
        report.notes.iter().for_each(|note| terminal.warn(&format!("note: {}", escape::line(note))));
    }
    Ok(if ready.fail_on.fails(report.verdict) { FAILED } else { 0 })
}

/// The ignore files of Dockerfiles that are linted alone, each taken to lie in its context's root.
pub(super) fn ignore_files(builds: &[Build]) -> BTreeMap<String, Result<Arc<IgnoreFile>, ContextError>> {
    let of = |build: &Build| {
        let path = build.dockerfile.path();
        let found = IgnoreFile::beside(Path::new(path)).transpose()?;
        Some((path.to_owned(), found.map(Arc::new)))
    };
    builds.iter().filter(|build| build.context.is_none() && build.dockerfile.path() != "-").filter_map(of).collect()
}

/// The time it is.
fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

/// The day it is, in UTC.
pub(super) fn today() -> Date {
    Date::from_unix(seconds_since_1970())
}
