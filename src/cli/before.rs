//! What was there before a change: the Dockerfiles and their contexts as the commit has them that the change is made to, and the
//! image that the new one takes the place of. Both are judged by the policy in force now, so that a rule that is new is no
//! finding of the change.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::git::Commit;
use super::{CliError, gate};
use crate::check::{self, Build, CheckError, ContextRequest, ContextSource, ImageRequest, Request};
use crate::policy::Baseline;
use crate::text::SourceText;

/// What the commit `base`, and the image before the one of `request`, are told for; `None` when there is neither. Findings of
/// the image before count with the Dockerfile it was built from, the one of `base`, else with that of the work tree.
///
/// # Errors
/// When the image cannot be read.
pub(super) fn known(
    base: Option<&Commit>,
    request: &Request<'_>,
    platforms: Option<&[String]>,
) -> Result<Option<Baseline>, CliError> {
    let previous = request.image.as_ref().and_then(|wanted| {
        let reference = wanted.previous.clone()?;
        Some(ImageRequest { reference, base: wanted.base.clone(), previous: None })
    });
    if base.is_none() && previous.is_none() {
        return Ok(None);
    }
    let builds: Vec<Build> = match base {
        Some(commit) => builds_at(commit, &request.builds),
        None => request.builds.iter().map(|b| Build::alone(Arc::clone(&b.dockerfile), b.options.clone())).collect(),
    };
    if builds.is_empty() && previous.is_none() {
        return Ok(Some(Baseline::of(std::iter::empty())));
    }
    let has_image = previous.is_some();
    let before = Request {
        ignore_files: gate::ignore_files(&builds),
        builds,
        image: previous,
        policy: request.policy,
        notes: Vec::new(),
        selection: request.selection.clone(),
        build: request.build.clone(),
        linter: request.linter,
        feeds: request.feeds,
        // They are on the image at hand.
        scan_reports: &[],
        digests: None,
        today: request.today,
        progress: request.progress,
        watch: &|_| {},
        cache: request.cache,
    };
    let report = match platforms.filter(|_| has_image) {
        Some(platforms) => check::run_on(before, platforms),
        None => check::run(&before),
    };
    let report = match report {
        // Of a stage that is new everything is.
        Err(CheckError::NoStage { .. }) => return Ok(Some(Baseline::of(std::iter::empty()))),
        report => report?,
    };
    Ok(Some(if base.is_some() { report.baseline() } else { report.image_baseline() }))
}

/// The same builds from the commit's files. A Dockerfile that the commit does not have is new, with all that is in it, and so is
/// one inside another file.
fn builds_at<'b>(commit: &Commit, builds: &'b [Build]) -> Vec<Build> {
    let mut texts: BTreeMap<&str, Option<Arc<SourceText>>> = BTreeMap::new();
    let at = |build: &'b Build| {
        let path = build.dockerfile.path();
        if build.dockerfile.whole_in_file().is_some() {
            return None;
        }
        // A Dockerfile that is built in several ways is one text.
        let text = texts.entry(path).or_insert_with(|| {
            let bytes = commit.read(path).ok()?;
            Some(SourceText::from_bytes(path, bytes))
        });
        let context = |wanted: &ContextRequest| context_at(commit, wanted);
        let named = build.named_contexts.iter().filter_map(|(name, wanted)| Some((name.clone(), context(wanted)?)));
        Some(Build {
            context: build.context.as_ref().and_then(context),
            named_contexts: named.collect(),
            ..Build::alone(text.clone()?, build.options.clone())
        })
    };
    builds.iter().filter_map(at).collect()
}

/// A folder as the commit has it. One that it does not have is new, with all that is in it; an archive is none of its files.
fn context_at(commit: &Commit, wanted: &ContextRequest) -> Option<ContextRequest> {
    let ContextSource::Folder(folder) = &wanted.source else { return None };
    let archive = commit.folder(folder).ok()?;
    let inside = |path: &Path| path.strip_prefix(folder).ok().map(Path::to_owned);
    Some(ContextRequest {
        source: ContextSource::Archive(Arc::new(archive)),
        shown: wanted.shown.clone(),
        dockerfile: wanted.dockerfile.as_deref().and_then(inside),
        ignore_texts: Default::default(),
    })
}
