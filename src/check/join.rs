//! Lint findings and the image they became: what the image confirms stays, what it refutes stops nothing.

use std::collections::HashMap;

use super::collect::{ImageModels, LintModels};
use super::request::Decided;
use crate::context::{ContextFile, ContextFileKind};
use crate::finding::{Finding, ImageWord, Place};
use crate::gate;
use crate::image::{Change, EntryKind};
use crate::policy::{Action, Decision};
use crate::rule::{self, Rule, catalogue};
use crate::text::Span;
use crate::trace::Maker;

/// A rule about images, and the rules about Dockerfiles that see the same thing coming, by id or by the name another tool
/// gave them.
struct Pair {
    image: &'static Rule,
    lint: &'static [&'static str],
    /// They mean the same only where they are about the same thing (subject), not merely on the same line.
    by_subject: bool,
}

/// Rules about files with secrets in them that a COPY takes. What a file is called in the image may make another kind of it.
const COPIED: &[&str] = &["key-file-copied", "dotenv-copied", "secret-in-context"];

static PAIRS: [Pair; 7] = [
    Pair { image: catalogue::RUNS_AS_ROOT, lint: &["last-user-root"], by_subject: false },
    Pair { image: catalogue::KEY_FILE_IN_IMAGE, lint: COPIED, by_subject: false },
    Pair { image: catalogue::SECRET_IN_DELETED_FILE, lint: COPIED, by_subject: false },
    Pair { image: catalogue::SECRET_IN_LAYER, lint: COPIED, by_subject: false },
    Pair { image: catalogue::SECRET_IN_IMAGE_CONFIG, lint: &["secret-in-env", "secret-in-run"], by_subject: true },
    Pair { image: catalogue::WORLD_WRITABLE_PATH, lint: &["chmod-777", "world-writable-copy"], by_subject: false },
    Pair {
        image: catalogue::PACKAGE_CACHE_LEFT,
        lint: &["DL3009", "DL3019", "DL3032", "DL3036", "DL3040", "DL3042", "DL3060"],
        by_subject: false,
    },
];

/// Leaves out findings of the image that a finding of the Dockerfile has told already, and gives that one the image's word.
/// The stricter decision of the two counts. What a line of an Anchore policy asked for stays: its gate is answered by name.
pub(super) fn merge(lint: &mut [Decided], image: Vec<Decided>, models: Option<&LintModels>) -> Vec<Decided> {
    let Some(dockerfile) = models.map(|m| &m.dockerfile) else { return image };
    let line = |finding: &Finding| match finding.place() {
        Place::Source { source, span } if source.path() == dockerfile.source.path() => {
            dockerfile.instruction_at(span.start)
        }
        _ => None,
    };
    let is_told = |found: &Decided, lint: &mut [Decided]| {
        let rule = found.finding.rule();
        let Some(pair) = PAIRS.iter().find(|pair| pair.image == rule && found.decision.trigger.is_none()) else {
            return false;
        };
        let at = line(&found.finding);
        let is_same = |told: &&mut Decided| {
            let (finding, known) = (&told.finding, told.finding.rule());
            let is_paired = pair.lint.iter().any(|name| rule::find(name) == Some(known));
            let is_refuted = matches!(finding.verdict_of_image, Some(ImageWord::Refuted(_)));
            // The user of an image is told on the USER line, and found on no line at all.
            let is_placed = rule == catalogue::RUNS_AS_ROOT || (at.is_some() && line(finding) == at);
            let is_subject = pair.by_subject && finding.subject == found.finding.subject;
            is_paired && !is_refuted && (is_placed && is_about(finding, &found.finding) || is_subject)
        };
        let Some(told) = lint.iter_mut().find(is_same) else { return false };
        // That a later layer takes a key away is news: it looks gone, and is not.
        if told.finding.verdict_of_image.is_none() || rule == catalogue::SECRET_IN_DELETED_FILE {
            told.finding.verdict_of_image = Some(ImageWord::Confirmed(found.finding.message().to_owned()));
            told.finding.related.extend(found.finding.related.iter().cloned());
        }
        // What the image has, the Dockerfile alone does not tell.
        told.finding.fix = told.finding.fix.take().or_else(|| found.finding.fix.clone());
        if found.decision.action > told.decision.action && told.decision.waived.is_none() {
            told.decision = found.decision.clone();
        }
        true
    };
    image.into_iter().filter(|found| !is_told(found, lint)).collect()
}

/// Whether a finding about files of the context is about the file that was found in the image: one of the same name, or its only
/// one, which may have another there.
fn is_about(told: &Finding, found: &Finding) -> bool {
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    match found.in_image.as_ref().and_then(|place| place.path.as_deref()) {
        Some(path) if told.files.len() > 1 => told.files.iter().any(|file| name(file) == name(path)),
        _ => true,
    }
}

/// Asks the image about each finding it can speak on. A refuted finding is told and counts as GO.
pub(super) fn confirm<'d>(
    findings: impl Iterator<Item = (&'d mut Finding, &'d mut Decision)>,
    image: &ImageModels,
    models: Option<&LintModels>,
) {
    // An image that another Dockerfile made, or an older state of this one, has no say.
    if image.trace.as_ref().is_none_or(|trace| trace.base_layers.is_none() || trace.mismatch.is_some()) {
        return;
    }
    for (finding, decision) in findings {
        let word = if finding.rule() == catalogue::LAST_USER_ROOT {
            Some(user(image))
        } else if finding.rule() == catalogue::MISSING_HEALTHCHECK {
            Some(healthcheck(image))
        } else if finding.rule() == catalogue::EXPOSED_PORT {
            Some(port(image, &finding.subject))
        } else if OF_FILES.iter().any(|rule| finding.rule() == *rule) {
            models.and_then(|m| copied(finding, image, m))
        } else {
            None
        };
        // A line of an Anchore policy asks about the Dockerfile, and is answered by it.
        if matches!(word, Some(ImageWord::Refuted(_))) && decision.trigger.is_none() {
            decision.action = Action::Go;
        }
        finding.verdict_of_image = word;
    }
}

fn user(image: &ImageModels) -> ImageWord {
    let user = gate::effective_user(&image.image, &image.tree);
    match (user.uid, user.name.as_str()) {
        (Some(0), "" | "root" | "0") => ImageWord::Confirmed("its config runs it as root".into()),
        (Some(0), name) => ImageWord::Confirmed(format!("its config runs it as {name}, who has the id 0")),
        (_, name) => ImageWord::Refuted(format!("its config runs it as {name}")),
    }
}

fn healthcheck(image: &ImageModels) -> ImageWord {
    match &image.image.config.config.healthcheck {
        Some(check) if !check.test.is_empty() => ImageWord::Refuted("its config has a health check".into()),
        _ => ImageWord::Confirmed("its config has no health check".into()),
    }
}

fn port(image: &ImageModels, port: &str) -> ImageWord {
    let with_protocol = if port.contains('/') { port.to_owned() } else { format!("{port}/tcp") };
    match image.image.config.config.exposed_ports.contains_key(&with_protocol) || port.contains('-') {
        true => ImageWord::Confirmed(format!("its config exposes {with_protocol}")),
        false => ImageWord::Refuted(format!("its config does not expose {with_protocol}")),
    }
}

/// Rules whose findings name files that a COPY takes, one a line of the subject.
static OF_FILES: [&Rule; 5] = [
    catalogue::KEY_FILE_COPIED,
    catalogue::DOTENV_COPIED,
    catalogue::SECRET_IN_CONTEXT,
    catalogue::GIT_DIRECTORY_COPIED,
    catalogue::IGNORED_BY_GIT_BUT_COPIED,
];

/// Whether the layer that the COPY made holds the files it is said to take: files of the same name and size, or of the same
/// size where it is one file that the COPY may name anew. A folder is there when a folder of its name is.
fn copied(finding: &Finding, image: &ImageModels, models: &LintModels) -> Option<ImageWord> {
    let trace = image.trace.as_ref()?;
    let span: Span = finding.place().span();
    let instruction = models.dockerfile.instructions.iter().position(|i| i.span.contains(span))?;
    let sources = models
        .contexts()
        .flat_map(|c| c.copied.iter().flat_map(move |copied| copied.sources.iter().map(move |s| (c, s))));
    let (context, source) = sources.into_iter().find(|(_, source)| source.span == span)?;
    let layer = trace.layers.iter().position(|maker| *maker == Maker::Instruction(instruction))?;
    let layer = image.image.layers.get(layer)?;
    let paths = finding.subject.lines().map(|line| line.split('\t').next().unwrap_or(line));
    let wanted: Vec<&ContextFile> =
        paths.filter_map(|path| context.context.files.get(context.context.find(path)?)).collect();
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let mut known: HashMap<String, &ContextFile> = HashMap::new();
    for file in &wanted {
        known.insert(name(&file.path), file);
    }
    let is_single = source.files.len() == 1 && wanted.len() == 1;
    let mut found: Vec<&str> = Vec::new();
    for change in &layer.changes {
        let Change::Add(entry) = change else { continue };
        let is_it = |file: &ContextFile| match (file.kind, &entry.kind) {
            (ContextFileKind::File, EntryKind::File) => file.size == entry.size,
            (ContextFileKind::Directory, EntryKind::Directory) => true,
            _ => false,
        };
        let is_named = known.get(&name(&entry.path)).is_some_and(|file| is_it(file));
        if is_named || is_single && wanted.first().is_some_and(|file| is_it(file)) {
            found.push(&entry.path);
        }
    }
    let number = layer.index + 1;
    Some(match found.as_slice() {
        [] => ImageWord::Refuted(format!("layer {number}, which this line made, holds no such file")),
        [path] => ImageWord::Confirmed(format!("{path} is in layer {number}")),
        [path, rest @ ..] => ImageWord::Confirmed(format!("{path} and {} more are in layer {number}", rest.len())),
    })
}
