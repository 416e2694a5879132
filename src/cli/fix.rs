//! `fix`: finds Dockerfiles, mends them and writes them back, or shows what it would do.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::args::FixArgs;
use super::gate::{build_options, ignore_files, image_request, named_rules, registry_access, today};
use super::sink::Terminal;
use super::{CliError, FAILED, UNABLE, cache, discover, policies};
use crate::check::{self, Build, CheckError, Request, Selection};
use crate::fix::{self, Mended};
use crate::image::Digests;
use crate::output;
use crate::policy::Action;
use crate::text::{SourceText, escape};

/// Exit status: 0 nothing is left that is WARN or STOP, 1 something is (with `--diff` also when something would change),
/// 2 a file could not be read, fixed or written.
pub(super) fn run(args: FixArgs, terminal: &Terminal, out: &mut dyn Write) -> Result<u8, CliError> {
    let selection = Selection { select: named_rules(&args.select)?, ignore: named_rules(&args.ignore)? };
    let image = image_request(args.image.as_deref(), args.base.as_deref(), None, &args.registries)?;
    let mut policy = policies::in_force(&args.policies, image.as_ref(), args.build.platform.as_deref())?;
    policy.take_in(&selection.select);
    let build = build_options(&args.build)?;
    let digests = args.online.then(|| Digests::new(registry_access(&args.registries)));
    let cache = image.as_ref().map_or(Ok(None), |_| cache::open(&args.cache, terminal))?;
    let paths = if args.paths.is_empty() { vec![PathBuf::from(".")] } else { args.paths };
    let discovered = discover::dockerfiles_or_error(&paths)?;
    let mut errors = discovered.errors;
    let mut notes = discovered.notes;
    let (sources, embedded): (Vec<_>, Vec<_>) =
        discovered.dockerfiles.into_iter().partition(|source| source.whole_in_file().is_none());
    notes.extend(
        embedded
            .iter()
            .map(|source| format!("{}: not fixed: the Dockerfile is a text inside another file", source.path())),
    );
    if let (Some(named), true) = (&args.image, sources.len() != 1) {
        let wanted = format!("of use with {} Dockerfiles, since it is made from one; name that one", sources.len());
        return Err(CliError::Argument { what: "--image", value: named.clone(), wanted });
    }
    // The image was made from the file as it is now, and says nothing of what becomes of it.
    let image = Cell::new(image);
    let seen = RefCell::new(BTreeSet::new());
    let alone = |source: Arc<SourceText>| Build::alone(source, build.clone());
    let ignore_files = ignore_files(&sources.iter().cloned().map(alone).collect::<Vec<_>>());
    let check = |dockerfiles: Vec<Arc<SourceText>>| {
        let ignored = |source: &Arc<SourceText>| {
            let file = ignore_files.get(source.path())?.as_ref().ok()?;
            Some((source.path().to_owned(), Ok(Arc::clone(file))))
        };
        let report = check::run(&Request {
            ignore_files: dockerfiles.iter().filter_map(ignored).collect(),
            builds: dockerfiles.into_iter().map(alone).collect(),
            image: image.take(),
            notes: Vec::new(),
            policy: &policy,
            selection: selection.clone(),
            build: build.clone(),
            shellcheck: None,
            today: today(),
            progress: &|_| {},
            watch: &|_| {},
            feeds: None,
            scan_reports: &[],
            digests: digests.as_ref(),
            cache: cache.as_ref(),
        })?;
        seen.borrow_mut().extend(report.notes.iter().cloned());
        Ok::<_, CheckError>(report)
    };
    let files = fix::mend(sources, args.takes_unsafe, check)?;
    cache::close(cache.as_ref(), terminal);
    notes.extend(seen.take());
    for file in files.iter().filter(|file| file.is_stuck) {
        notes.push(format!(
            "{}: some fixes were not made: the file would not parse, or fixes undo each other",
            file.before.path()
        ));
    }
    if args.diff {
        for file in files.iter().filter(|file| file.is_changed()) {
            let (before, after) = (file.shown.0.text(), file.shown.1.text());
            let text = output::diff(file.before.path(), before, after, terminal.color);
            out.write_all(text.as_bytes()).map_err(CliError::Write)?;
        }
    } else {
        let results: Vec<(&Mended, Result<(), CliError>)> =
            files.par_iter().filter(|file| file.before.path() != "-").map(|file| (file, written(file))).collect();
        for (file, result) in results {
            match result {
                Ok(()) if file.is_changed() && !terminal.quiet => {
                    let text = format!("fixed {}: {}\n", escape::line(file.before.path()), counted(&file.applied));
                    out.write_all(text.as_bytes()).map_err(CliError::Write)?;
                }
                Ok(()) => {}
                Err(error) => errors.push(error),
            }
        }
        // What came from standard input goes on to standard output, mended or not.
        for file in files.iter().filter(|file| file.before.path() == "-") {
            out.write_all(&file.after.to_bytes()).map_err(CliError::Write)?;
        }
    }
    let is_filter = files.iter().any(|file| file.before.path() == "-");
    let summary = summary(&files, args.diff);
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

fn written(file: &Mended) -> Result<(), CliError> {
    if !file.is_changed() {
        return Ok(());
    }
    let path = Path::new(file.before.path());
    fix::write(path, &file.before.to_bytes(), &file.after.to_bytes())
        .map_err(|error| CliError::WriteFile { path: path.display().to_string(), reason: error.to_string() })
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

fn summary(files: &[Mended], is_shown_only: bool) -> String {
    let sum = |of: &dyn Fn(&Mended) -> usize| files.iter().map(of).sum::<usize>();
    let fixes = sum(&|file| file.applied.values().sum());
    let changed = files.iter().filter(|file| file.is_changed()).count();
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
    let unsafe_left = sum(&|file| file.unsafe_left);
    if unsafe_left > 0 {
        text += &format!("; `--unsafe` also makes {unsafe_left} that you should look at");
    }
    text
}
