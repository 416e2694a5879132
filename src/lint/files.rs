//! What a context rule can look at, and what its findings about files have in common.

use crate::context::{Context, Copied, CopiedSource, GitIgnores, NamedPaths, UnusedPattern, ignore_line};
use crate::dockerfile::Instruction;
use crate::finding::{Finding, Place};
use crate::rule::Rule;
use crate::secrets::{KeyHit, SecretHit};

use super::{Facts, Reporter};

/// Files named in a message; the rest is counted.
pub(super) const NAMED: usize = 10;

/// A build context as the Dockerfile uses it.
#[derive(Debug)]
pub struct ContextFacts<'a> {
    /// The context.
    pub context: &'a Context,
    /// The name that `--from` has for it; `None` for the main one.
    pub name: Option<&'a str>,
    /// The context's folder as reports print it; empty when it is the folder paths are relative to.
    pub folder: &'a str,
    /// What each COPY and ADD takes.
    pub copied: &'a [Copied],
    /// Files among what is copied that there is something to say about, sorted.
    pub notable: &'a [NotableFile],
    /// Patterns of the ignore file that do not do what they look like.
    pub unused_patterns: &'a [UnusedPattern],
    /// What git ignores, for a context in a repository.
    pub git: Option<&'a GitIgnores>,
    /// What the Dockerfiles of the run that are built from it name in it.
    pub named: &'a NamedPaths,
    /// The rule that tells of a whole context without an ignore file runs, and says what is in it.
    pub tells_whole: bool,
}

/// A file of the context that some COPY or ADD takes and that there is something to say about.
#[derive(Debug)]
pub struct NotableFile {
    /// Index into [`Context::files`].
    pub file: usize,
    /// It is a key or credential file.
    pub key: Option<KeyHit>,
    /// Secrets in its content, in order; none that is a mere guess.
    pub secrets: Vec<SecretHit>,
    /// It is in a `.git` folder.
    pub is_git_own: bool,
    /// Git ignores it: the topmost folder that is ignored whole, or the file itself, by index into [`Context::files`].
    pub git_ignored: Option<usize>,
    /// The pattern of the ignore file that looks as if it left the file out, by index into
    /// [`ContextFacts::unused_patterns`].
    pub missed_by: Option<usize>,
    /// The one rule that tells of it, of those that run.
    pub teller: Option<&'static Rule>,
    /// A waiver of the policy, by index, that speaks of this very file: it is told apart from the others.
    pub waiver: Option<usize>,
}

impl NotableFile {
    /// Whether it is an environment file.
    pub fn is_dotenv(&self) -> bool {
        self.key.as_ref().is_some_and(|key| key.kind.id.starts_with("dotenv"))
    }

    /// What it holds, in words: the kind of key file, or the first secret and how many more.
    pub fn what(&self) -> String {
        match (&self.key, self.secrets.as_slice()) {
            (Some(key), _) => key.kind.name.to_owned(),
            (None, []) => String::new(),
            (None, [only]) => only.detector.name.to_owned(),
            (None, [first, rest @ ..]) => format!("{} and {} more", first.detector.name, rest.len()),
        }
    }

    /// The line of it to look at, from 1.
    pub fn line(&self) -> Option<usize> {
        let line = match &self.key {
            Some(key) => key.line.or_else(|| self.secrets.first().map(|hit| hit.line)),
            None => self.secrets.first().map(|hit| hit.line),
        };
        line.and_then(|line| usize::try_from(line).ok()).filter(|line| *line > 0)
    }
}

/// A file of a context as reports print it.
pub fn report_path(folder: &str, path: &str) -> String {
    match folder {
        "" | "." => path.to_owned(),
        folder => format!("{folder}/{path}"),
    }
}

/// One source of a COPY or ADD.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) facts: &'a ContextFacts<'a>,
    pub(super) node: &'a Instruction,
    pub(super) taken: &'a CopiedSource,
}

impl<'a> Facts<'a> {
    /// The main context and those the Dockerfile names.
    pub fn contexts(&self) -> impl Iterator<Item = &ContextFacts<'a>> {
        self.context.iter().chain(&self.named_contexts)
    }

    /// Every source that takes something from a context, of the stages that are built.
    pub(super) fn sources(&self) -> impl Iterator<Item = Source<'_>> {
        self.contexts().flat_map(move |facts| {
            facts
                .copied
                .iter()
                .filter_map(move |copied| {
                    let node = self.dockerfile.instructions.get(copied.instruction)?;
                    node.stage.is_none_or(|stage| self.is_built(stage)).then_some((copied, node))
                })
                .flat_map(move |(copied, node)| {
                    let source = move |taken| Source { facts, node, taken };
                    copied.sources.iter().map(source)
                })
        })
    }
}

impl ContextFacts<'_> {
    /// A file of the context as reports print it.
    pub fn report_path(&self, path: &str) -> String {
        report_path(self.folder, path)
    }

    /// The path of an entry in the context.
    pub(super) fn path(&self, index: usize) -> &str {
        self.context.files.get(index).map_or("", |file| file.path.as_str())
    }

    /// The ignore file, as people call it.
    pub(super) fn ignore_file(&self) -> &str {
        self.context.ignore_file.as_ref().map_or(".dockerignore", |file| file.source.path())
    }
}

impl<'a> Source<'a> {
    /// The files this rule tells of, by the waiver that speaks of them: those that no waiver speaks of first.
    pub(super) fn told_by(&self, rule: &Rule) -> Vec<Vec<&'a NotableFile>> {
        let mut groups: Vec<(Option<usize>, Vec<&NotableFile>)> = Vec::new();
        let told = self.facts.notable.iter().filter(|file| file.teller.is_some_and(|teller| teller == rule));
        for file in told.filter(|file| self.taken.files.binary_search(&file.file).is_ok()) {
            match groups.iter_mut().find(|(waiver, _)| *waiver == file.waiver) {
                Some((_, group)) => group.push(file),
                None => groups.push((file.waiver, vec![file])),
            }
        }
        groups.sort_by_key(|(waiver, _)| *waiver);
        groups.into_iter().map(|(_, group)| group).collect()
    }

    /// Whether one finding tells all there is to say of this source: it takes the whole of a context without an ignore
    /// file.
    pub(super) fn is_told_whole(&self) -> bool {
        self.facts.tells_whole && self.takes_all_unasked()
    }

    /// Whether it takes the whole of a context that has no ignore file.
    pub(super) fn takes_all_unasked(&self) -> bool {
        self.taken.is_whole() && self.facts.context.ignore_file.is_none()
    }

    /// Bytes and number of the files it takes.
    pub(super) fn size(&self) -> (u64, usize) {
        let sizes = self.taken.files.iter().filter_map(|index| self.facts.context.files.get(*index));
        (sizes.map(|file| file.size).sum(), self.taken.files.len())
    }

    /// A finding about files that this source takes: they are named in it, related to it, and what identifies it. `what` is
    /// said of a file in brackets, `related` at its place.
    pub(super) fn finding(
        &self,
        report: &Reporter<'_>,
        files: &[&NotableFile],
        message: impl FnOnce(&str) -> String,
    ) -> Finding {
        let path = |file: &NotableFile| self.facts.path(file.file);
        let name = |file: &NotableFile| match file.what() {
            what if what.is_empty() => path(file).to_owned(),
            what => format!("{} ({what})", path(file)),
        };
        let named = listed(files.iter().map(|file| name(file)));
        let told = |file: &&NotableFile| {
            let secrets = file.secrets.iter().map(|hit| format!("\t{}:{:016x}", hit.detector.id, hit.fingerprint));
            // Of a key file it is the file that counts, whatever is in it.
            let secrets: String = if file.key.is_some() { String::new() } else { secrets.collect() };
            format!("{}{secrets}", path(file))
        };
        let subject: Vec<String> = files.iter().map(told).collect();
        let mut finding = report
            .at(self.taken.span, message(&named))
            .subject(subject.join("\n"))
            .files(files.iter().map(|file| self.facts.report_path(path(file))).collect());
        for file in files.iter().take(NAMED) {
            let place = Place::File { path: self.facts.report_path(path(file)), line: file.line() };
            let what = match (&file.key, file.secrets.first()) {
                (None, Some(hit)) => format!("{} {}", hit.detector.name, hit.excerpt),
                _ => file.what(),
            };
            finding = finding.related(place, if what.is_empty() { "this file".to_owned() } else { what });
        }
        finding
    }

    /// The lines that keep files or folders out, and the file they belong in: `the line(s) … in .dockerignore`.
    pub(super) fn lines_for<'p>(&self, paths: impl IntoIterator<Item = &'p str>) -> String {
        let lines: Vec<String> = paths.into_iter().map(|path| format!("`{}`", ignore_line(path))).collect();
        let word = if lines.len() == 1 { "line" } else { "lines" };
        let file = match self.facts.name {
            Some(name) => format!("the .dockerignore of the context `{name}`"),
            None => self.facts.ignore_file().to_owned(),
        };
        format!("the {word} {} in {file}", listed(lines))
    }
}

/// The first of some names, and the number of the rest.
pub(super) fn listed(names: impl IntoIterator<Item = String>) -> String {
    let mut names = names.into_iter();
    let named: Vec<String> = names.by_ref().take(NAMED).collect();
    match names.count() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// So many bytes, for people.
pub(super) fn bytes(count: u64) -> String {
    match count {
        0..=1023 => format!("{count} bytes"),
        1024..=1_048_575 => format!("{} KiB", count >> 10),
        1_048_576..=1_073_741_823 => format!("{} MiB", count >> 20),
        _ => format!("{}.{} GiB", count >> 30, ((count & 0x3fff_ffff) * 10) >> 30),
    }
}

/// `1 file`, `3 files`.
pub(super) fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}
