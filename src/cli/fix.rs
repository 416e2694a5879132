//! `fix`: finds Dockerfiles, mends them and what keeps files out of their contexts, and writes them back, or shows what it
//! would do.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::args::FixArgs;
use super::builds::{self, Found, Wanted};
use super::gate::{ignore_files, today};
use super::options::{build_options, image_request, registry_access, selection};
use super::sink::Terminal;
use super::{CliError, FAILED, UNABLE, cache, discover, policies};
use crate::check::{self, Build, CheckError, ContextSource, Request};
use crate::dockerfile::BuildOptions;
use crate::fix::{self, Mended, OtherTexts, Wishes};
use crate::image::Digests;
use crate::output;
use crate::policy::Action;
use crate::shell::Linter;
use crate::text::{SourceText, escape};

/// Exit status: 0 nothing is left that is WARN or STOP, 1 something is (with `--diff` also when something would change),
/// 2 a file could not be read, fixed or written.
pub(super) fn run(args: FixArgs, terminal: &Terminal, out: &mut dyn Write) -> Result<u8, CliError> {
    let image = image_request(args.image.as_deref(), args.base.as_deref(), None, &args.registries)?;
    let mut policy = policies::in_force(&args.policies, image.as_ref(), args.build.platform.as_deref())?;
    let selection = selection(&policy, &args.select, &args.ignore)?;
    policy.take_in(&selection.select);
    let build = build_options(&args.build)?;
    let digests = args.online.then(|| Digests::new(registry_access(&args.registries)));
    let cache = image.as_ref().map_or(Ok(None), |_| cache::open(&args.cache, terminal))?;
    let Found { mut builds, mut notes, mut errors } = found(&args, &build)?;
    errors.extend(builds::set_aside_stageless(&mut builds));
    if builds.is_empty() && !errors.is_empty() {
        return Err(errors.swap_remove(0));
    }
    let mut sources: Vec<Arc<SourceText>> = builds.iter().map(|build| Arc::clone(&build.dockerfile)).collect();
    // One Dockerfile may be built in several ways.
    sources.dedup_by(|a, b| Arc::ptr_eq(a, b));
    let (sources, embedded): (Vec<_>, Vec<_>) =
        sources.into_iter().partition(|source| source.whole_in_file().is_none());
    notes.extend(
        embedded
            .iter()
            .map(|source| format!("{}: not fixed: the Dockerfile is a text inside another file", source.path())),
    );
    if let (Some(named), true) = (&args.image, builds.len() != 1) {
        let wanted = format!("of use with {} Dockerfiles, since it is made from one; name that one", builds.len());
        return Err(CliError::Argument { what: "--image", value: named.clone(), wanted });
    }
    // The image was made from the file as it is now, and says nothing of what becomes of it.
    let image = Mutex::new(image);
    let seen = Mutex::new(BTreeSet::new());
    let ignore_files = ignore_files(&builds);
    let mut by_path: HashMap<&str, Vec<&Build>> = HashMap::new();
    for build in builds.iter().filter(|build| build.dockerfile.whole_in_file().is_none()) {
        by_path.entry(build.dockerfile.path()).or_default().push(build);
    }
    // Most code stays as it is from pass to pass.
    let linter = Linter::default();
    let check = |dockerfiles: Vec<Arc<SourceText>>, others: &OtherTexts| {
        let ignored = |source: &Arc<SourceText>| {
            let file = ignore_files.get(source.path())?.as_ref().ok()?;
            Some((source.path().to_owned(), Ok(Arc::clone(file))))
        };
        let of_now = |text: &Arc<SourceText>, build: &Build| {
            let mut build = Build { dockerfile: Arc::clone(text), ..build.clone() };
            for context in build.context.iter_mut().chain(build.named_contexts.values_mut()) {
                context.ignore_texts.clone_from(others);
            }
            build
        };
        let builds = dockerfiles.iter().flat_map(|text| {
            let own = by_path.get(text.path()).map_or(&[][..], Vec::as_slice);
            own.iter().map(|build| of_now(text, build))
        });
        let image = image.lock().unwrap_or_else(PoisonError::into_inner).take();
        let report = check::run(&Request {
            ignore_files: dockerfiles.iter().filter_map(ignored).collect(),
            builds: builds.collect(),
            image,
            notes: Vec::new(),
            policy: &policy,
            selection: selection.clone(),
            build: build.clone(),
            linter: Some(&linter),
            today: today(),
            progress: &|_| {},
            watch: &|_| {},
            feeds: None,
            scan_reports: &[],
            digests: digests.as_ref(),
            cache: cache.as_ref(),
        })?;
        seen.lock().unwrap_or_else(PoisonError::into_inner).extend(report.notes.iter().cloned());
        Ok::<_, CheckError>(report)
    };
    // A registry is asked for each name once, in whichever of the files it stands.
    let are_apart = args.contexts.is_empty() && !args.online;
    let wishes = Wishes { takes_all: args.takes_unsafe, are_apart };
    let files = fix::mend(sources, wishes, check)?;
    cache::close(cache.as_ref(), terminal);
    notes.extend(seen.into_inner().unwrap_or_else(PoisonError::into_inner));
    for file in files.iter().filter(|file| file.is_stuck) {
        notes.push(format!(
            "{}: some fixes were not made: the file would not parse, or fixes undo each other",
            file.before.path()
        ));
    }
    let mut unwritten = BTreeSet::new();
    if args.diff {
        for file in files.iter().filter(|file| file.is_changed()) {
            let (before, after) = (file.shown.0.text(), file.shown.1.text());
            let text = output::diff(file.before.path(), (!file.is_new).then_some(before), after, terminal.color);
            out.write_all(text.as_bytes()).map_err(CliError::Write)?;
        }
    } else {
        let results: Vec<(&Mended, Result<(), CliError>)> =
            files.par_iter().filter(|file| file.before.path() != "-").map(|file| (file, written(file))).collect();
        for (file, result) in results {
            match result {
                Ok(()) if file.is_changed() && !terminal.quiet => {
                    let verb = if file.is_new { "made" } else { "fixed" };
                    let text = format!("{verb} {}: {}\n", escape::line(file.before.path()), counted(&file.applied));
                    out.write_all(text.as_bytes()).map_err(CliError::Write)?;
                }
                Ok(()) => {}
                Err(error) => {
                    unwritten.insert(file.before.path());
                    errors.push(error);
                }
            }
        }
        // What came from standard input goes on to standard output, mended or not.
        for file in files.iter().filter(|file| file.before.path() == "-") {
            out.write_all(&file.after.to_bytes()).map_err(CliError::Write)?;
        }
    }
    let is_filter = files.iter().any(|file| file.before.path() == "-");
    let summary = summary(&files, &unwritten, args.diff);
    if args.diff || is_filter {
        terminal.warn(&summary);
    } else {
        writeln!(out, "{summary}").map_err(CliError::Write)?;
    }
    notes.iter().for_each(|note| terminal.warn(&format!("note: {}", escape::line(note))));
    errors.iter().for_each(|error| error.report(terminal));
    let is_left = files.iter().any(|file| left(file, Action::Warn) + left(file, Action::Stop) > 0);
    let would_change = args.diff && files.iter().any(Mended::is_changed);
    Ok(match () {
        () if !errors.is_empty() => UNABLE,
        () if is_left || would_change => FAILED,
        () => 0,
    })
}

/// What there is to fix: Dockerfiles alone, or with the contexts they are built from.
fn found(args: &FixArgs, options: &BuildOptions) -> Result<Found, CliError> {
    if args.contexts.is_empty() {
        let here = [PathBuf::from(".")];
        let discovered = discover::dockerfiles_or_error(if args.paths.is_empty() { &here } else { &args.paths })?;
        let builds = discovered.dockerfiles.into_iter().map(|source| Build::alone(source, options.clone())).collect();
        return Ok(Found { builds, notes: discovered.notes, errors: discovered.errors });
    }
    let file = match args.paths.as_slice() {
        [] => None,
        [file] => Some(file.as_path()),
        [_, second, ..] => {
            return Err(CliError::Argument {
                what: "PATHS",
                value: second.display().to_string(),
                wanted: "one Dockerfile with --context".to_owned(),
            });
        }
    };
    let wanted =
        Wanted { contexts: &args.contexts, file, build_contexts: &args.build_contexts, services: &args.services };
    let found = builds::find(wanted, options)?;
    let archive = found.builds.iter().filter_map(|build| build.context.as_ref()).find_map(|c| match c.source {
        ContextSource::Archive(_) => Some(&c.shown),
        ContextSource::Folder(_) => None,
    });
    match archive {
        Some(archive) => Err(CliError::Argument {
            what: "--context",
            value: archive.clone(),
            wanted: "a folder; an archive is made again from one that is fixed".to_owned(),
        }),
        None => Ok(found),
    }
}

fn written(file: &Mended) -> Result<(), CliError> {
    if !file.is_changed() {
        return Ok(());
    }
    let path = Path::new(file.before.path());
    let written = match file.is_new {
        true => fix::create(path, &file.after.to_bytes()),
        false => fix::write(path, &file.before.to_bytes(), &file.after.to_bytes()),
    };
    written.map_err(|error| CliError::WriteFile { path: path.display().to_string(), reason: error.to_string() })
}

fn left(file: &Mended, action: Action) -> usize {
    file.left.get(&action).copied().unwrap_or(0)
}

/// `apt-used (2), maintainer-used`.
fn counted(applied: &BTreeMap<&'static str, usize>) -> String {
    let one = |(rule, count): (&&str, &usize)| match count {
        1 => (*rule).to_owned(),
        count => format!("{rule} ({count})"),
    };
    applied.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// `unwritten` are the paths of files that are as they were.
fn summary(files: &[Mended], unwritten: &BTreeSet<&str>, is_shown_only: bool) -> String {
    let is_done = |file: &&Mended| !unwritten.contains(file.before.path());
    let sum = |of: &dyn Fn(&Mended) -> usize| files.iter().filter(is_done).map(of).sum::<usize>();
    let fixes = sum(&|file| file.applied.values().sum());
    let changed = files.iter().filter(is_done).filter(|file| file.is_changed()).count();
    let number = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let verb = if is_shown_only { "would make" } else { "made" };
    let mut text = format!(
        "{verb} {} in {} of {}; left: {} STOP, {} WARN, {} GO",
        if fixes == 1 { "1 fix".into() } else { format!("{fixes} fixes") },
        changed,
        number(files.len(), "file"),
        sum(&|file| left(file, Action::Stop)),
        sum(&|file| left(file, Action::Warn)),
        sum(&|file| left(file, Action::Go)),
    );
    if !unwritten.is_empty() {
        text += &format!("; not written: {}", number(unwritten.len(), "file"));
    }
    let unsafe_left = sum(&|file| file.unsafe_left);
    if unsafe_left > 0 {
        text += &format!("; `--unsafe` also makes {unsafe_left} that you should look at");
    }
    text
}
