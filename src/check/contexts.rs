//! Build contexts: each is walked and searched once, however many Dockerfiles are built from it.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

use super::collect::LintModels;
use super::request::{CheckError, ContextProgress, ContextRequest, ContextSource, Request};
use crate::context::{
    self, Context, ContextFileKind, ContextReader, Copied, GitIgnores, NamedPaths, UnusedPattern, own_ignore_file,
    unused_patterns,
};
use crate::lint::{self, NotableFile};
use crate::rule::{Confidence, Rule, catalogue};
use crate::secrets::{self, KeyHit, Scanner, SecretHit};
use crate::trace::CopySources;

/// Files that could not be read and are told one by one.
const MAX_UNREAD: usize = 10;

/// What tells two contexts apart: the folder or archive, and the ignore file in force where it is a Dockerfile's own.
type Key = (String, Option<PathBuf>);

/// Whether a rule runs.
pub(super) type Asks<'a> = &'a (dyn Fn(&Rule) -> bool + Sync);

/// The contexts of a run, walked.
pub(super) struct Contexts(BTreeMap<Key, Arc<Context>>);

/// What is known of a context as one Dockerfile uses it.
pub(super) struct ContextModels {
    pub(super) context: Arc<Context>,
    key: Key,
    name: Option<String>,
    folder: String,
    pub(super) copied: Vec<Copied>,
    named: NamedPaths,
    searched: Arc<Searched>,
}

/// What was found in a context, for all Dockerfiles that use it.
#[derive(Default)]
struct Searched {
    notable: Vec<NotableFile>,
    unused: Vec<UnusedPattern>,
    git: Option<GitIgnores>,
    /// What the Dockerfiles name in it, all of them.
    named: NamedPaths,
    tells_whole: bool,
    notes: Vec<String>,
}

fn key(wanted: &ContextRequest) -> Key {
    let own = match &wanted.source {
        ContextSource::Folder(_) => wanted.dockerfile.as_deref().and_then(own_ignore_file),
        // An archive is one Dockerfile's.
        ContextSource::Archive(_) => wanted.dockerfile.clone(),
    };
    (wanted.shown.clone(), own)
}

impl Contexts {
    /// Walks every context that is asked for.
    ///
    /// # Errors
    /// When one cannot be read at all.
    pub(super) fn open(request: &Request<'_>) -> Result<Self, CheckError> {
        let mut wanted: BTreeMap<Key, &ContextRequest> = BTreeMap::new();
        for build in &request.builds {
            wanted.extend(build.context.iter().chain(build.named_contexts.values()).map(|c| (key(c), c)));
        }
        let watch = |entries| (request.watch)(ContextProgress::Entries(entries));
        let open = |(key, wanted): (Key, &ContextRequest)| {
            let context = match &wanted.source {
                ContextSource::Folder(root) => {
                    Context::open_with(root, wanted.dockerfile.as_deref(), &wanted.ignore_texts, &watch)?
                }
                ContextSource::Archive(archive) => {
                    let dockerfile = wanted.dockerfile.as_ref().map(|path| path.to_string_lossy());
                    Context::of_archive(archive, dockerfile.as_deref())?
                }
            };
            Ok((key, Arc::new(context)))
        };
        Ok(Self(wanted.into_iter().map(open).collect::<Result<_, CheckError>>()?))
    }

    /// A context as a Dockerfile uses it, under a name or as the main one. What it holds is not searched yet.
    pub(super) fn models(
        &self,
        wanted: &ContextRequest,
        name: Option<&str>,
        copied: impl FnOnce(&Context) -> (Vec<Copied>, NamedPaths),
    ) -> Option<ContextModels> {
        let key = key(wanted);
        let context = Arc::clone(self.0.get(&key)?);
        let (copied, named) = copied(&context);
        let (name, folder) = (name.map(str::to_owned), wanted.shown.clone());
        Some(ContextModels { context, key, name, folder, copied, named, searched: Arc::default() })
    }

    /// Searches what the Dockerfiles take from the contexts. `asks` tells which rules run. Returns how many bytes that is.
    pub(super) fn search(&self, models: &mut [LintModels], asks: Asks<'_>, request: &Request<'_>) -> u64 {
        let mut searches: BTreeMap<&Key, Search<'_>> = BTreeMap::new();
        for (key, context) in &self.0 {
            searches.insert(key, Search { context, folder: &key.0, taken: Vec::new(), named: NamedPaths::default() });
        }
        for models in models.iter().flat_map(LintModels::contexts) {
            let taken = models.copied.iter().flat_map(|c| &c.sources).flat_map(|source| source.files.iter().copied());
            if let Some(search) = searches.get_mut(&models.key) {
                search.taken.extend(taken);
                search.named.extend(models.named.clone());
            }
        }
        for search in searches.values_mut() {
            search.taken.sort_unstable();
            search.taken.dedup();
        }
        let sizes = searches.values().map(|search| (search.taken.len() as u64, search.bytes()));
        let (files, bytes) = sizes.fold((0, 0), |(files, bytes), (f, b)| (files + f, bytes + b));
        (request.watch)(ContextProgress::Start { files, bytes });
        let searched: BTreeMap<Key, Arc<Searched>> =
            searches.into_iter().map(|(key, search)| (key.clone(), Arc::new(search.run(asks, request)))).collect();
        for models in models.iter_mut().flat_map(LintModels::contexts_mut) {
            if let Some(found) = searched.get(&models.key) {
                models.searched = Arc::clone(found);
            }
        }
        bytes
    }

    /// Regular files of all contexts.
    pub(super) fn file_count(&self) -> usize {
        let is_file = |file: &&context::ContextFile| file.kind == ContextFileKind::File;
        self.0.values().map(|context| context.files.iter().filter(is_file).count()).sum()
    }
}

impl ContextModels {
    pub(super) fn facts(&self) -> lint::ContextFacts<'_> {
        lint::ContextFacts {
            context: &self.context,
            name: self.name.as_deref(),
            folder: &self.folder,
            copied: &self.copied,
            notable: &self.searched.notable,
            unused_patterns: &self.searched.unused,
            git: self.searched.git.as_ref(),
            named: &self.searched.named,
            tells_whole: self.searched.tells_whole,
        }
    }

    /// What COPY and ADD take from it, to trace files of an image to.
    pub(super) fn sources(&self) -> CopySources<'_> {
        CopySources { context: &self.context, folder: &self.folder, copied: &self.copied }
    }

    /// What of it was not looked at.
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        let of_walk = self.context.problems.iter().map(|problem| match self.folder.as_str() {
            "" | "." => problem.clone(),
            folder => format!("in {folder}: {problem}"),
        });
        of_walk.chain(self.searched.notes.iter().cloned())
    }
}

/// One context and what is to be searched of it.
struct Search<'a> {
    context: &'a Context,
    folder: &'a str,
    /// By index into [`Context::files`], sorted.
    taken: Vec<usize>,
    named: NamedPaths,
}

/// What one file is found to be.
struct Look {
    key: Option<KeyHit>,
    secrets: Vec<SecretHit>,
    unread: Option<String>,
}

impl Search<'_> {
    fn bytes(&self) -> u64 {
        self.taken.iter().filter_map(|index| self.context.files.get(*index)).map(|file| file.size).sum()
    }

    fn run(self, asks: Asks<'_>, request: &Request<'_>) -> Searched {
        let wants_keys = asks(catalogue::KEY_FILE_COPIED) || asks(catalogue::DOTENV_COPIED);
        let wants_secrets = asks(catalogue::SECRET_IN_CONTEXT);
        let git = GitIgnores::of(self.context);
        let ignored = git.as_ref().map(|git| git.ignored_files(self.context)).unwrap_or_default();
        let look = |search: &mut secrets::Search<'_>, index: &usize| {
            let look = self.look(*index, wants_keys, wants_secrets.then_some(search));
            let size = self.context.files.get(*index).map_or(0, |file| file.size);
            (request.watch)(ContextProgress::Bytes(size));
            look
        };
        let unused = unused_patterns(self.context);
        let mut missed: Vec<(usize, usize)> = Vec::new();
        for (pattern, unused) in unused.iter().enumerate() {
            missed.extend(unused.missed.iter().map(|file| (*file, pattern)));
        }
        missed.sort_unstable();
        let looks: Vec<Option<Look>> = self.taken.par_iter().map_init(|| Scanner::shared().search(), look).collect();
        let (mut notable, mut unread) = (Vec::new(), Vec::new());
        for (index, look) in self.taken.iter().zip(looks) {
            let Some(file) = self.context.files.get(*index) else { continue };
            let ignored = ignored.binary_search_by_key(index, |(file, _)| *file).ok().and_then(|at| ignored.get(at));
            let (key, secrets) = match look {
                Some(look) => {
                    unread.extend(look.unread);
                    (look.key, look.secrets)
                }
                None => (None, Vec::new()),
            };
            let mut known = NotableFile {
                file: *index,
                key,
                secrets,
                is_git_own: is_git_own(&file.path),
                git_ignored: ignored.map(|(_, top)| *top),
                missed_by: missed
                    .get(missed.partition_point(|(file, _)| file < index))
                    .filter(|(file, _)| file == index)
                    .map(|(_, pattern)| *pattern),
                teller: None,
                waiver: None,
            };
            known.teller = teller(&known, asks);
            if let Some(rule) = known.teller {
                known.waiver = self.waiver(rule, &file.path, request);
                notable.push(known);
            }
        }
        let more = unread.len().saturating_sub(MAX_UNREAD);
        let mut notes: Vec<String> = unread.into_iter().take(MAX_UNREAD).collect();
        if more > 0 {
            notes.push(format!("{more} more files of {} could not be read and were not searched", self.folder));
        }
        Searched { notable, unused, git, named: self.named, tells_whole: asks(catalogue::WHOLE_CONTEXT_COPIED), notes }
    }

    /// `None` for a file there is nothing to say about.
    fn look(&self, index: usize, wants_keys: bool, search: Option<&mut secrets::Search<'_>>) -> Option<Look> {
        let path = &self.context.files.get(index)?.path;
        let mut look = Look { key: None, secrets: Vec::new(), unread: None };
        if wants_keys && secrets::key_file(path).is_some() {
            look.key = match self.context.open_file(index) {
                Ok(mut file) => secrets::classify(path, &mut file),
                Err(_) => secrets::classify(path, &mut Unreadable),
            };
        }
        if let Some(search) = search.filter(|_| !is_git_object(path)) {
            match self.context.open_file(index).map(|file| secrets_in(search, path, file)) {
                Ok((found, None)) => look.secrets = found,
                Ok((found, Some(error))) => {
                    look.secrets = found;
                    look.unread = Some(format!("{} was not searched to its end: {error}", self.report_path(path)));
                }
                Err(error) => look.unread = Some(format!("{error}; it was not searched for secrets")),
            }
        }
        (look.key.is_some() || !look.secrets.is_empty() || look.unread.is_some()).then_some(look)
    }

    fn report_path(&self, path: &str) -> String {
        lint::report_path(self.folder, path)
    }

    /// The first waiver of the policy that speaks of a file of the context: what it covers is told apart from the rest.
    fn waiver(&self, rule: &'static Rule, path: &str, request: &Request<'_>) -> Option<usize> {
        let path = self.report_path(path);
        request.policy.waivers.iter().position(|waiver| {
            let is_rule = waiver.rules.is_empty() || waiver.rules.iter().any(|target| target.rule == rule);
            is_rule && waiver.path.as_ref().is_some_and(|glob| glob.matches(&path))
        })
    }
}

/// Which of the rules that run tells of a file: a mistake is told once, by the rule that knows most of it.
fn teller(file: &NotableFile, asks: Asks<'_>) -> Option<&'static Rule> {
    let (is_key, is_dotenv) = (file.key.is_some(), file.is_dotenv());
    let order = [
        (catalogue::DOTENV_COPIED, is_dotenv),
        (catalogue::KEY_FILE_COPIED, is_key),
        (catalogue::SECRET_IN_CONTEXT, !file.secrets.is_empty()),
        (catalogue::GIT_DIRECTORY_COPIED, file.is_git_own),
        (catalogue::DOCKERIGNORE_UNUSED_PATTERN, file.missed_by.is_some()),
        (catalogue::IGNORED_BY_GIT_BUT_COPIED, file.git_ignored.is_some()),
    ];
    order.into_iter().find(|(rule, applies)| *applies && asks(rule)).map(|(rule, _)| rule)
}

/// The secrets in a file's content that are sure enough to tell, and why it was not read to its end, when it was not.
fn secrets_in(
    search: &mut secrets::Search<'_>,
    path: &str,
    file: ContextReader,
) -> (Vec<SecretHit>, Option<io::Error>) {
    let mut scan = search.scan(path, file);
    scan.hits.retain(|hit| hit.confidence > Confidence::Low);
    (scan.hits, scan.error)
}

/// Whether a path lies in a folder of git.
fn is_git_own(path: &str) -> bool {
    path.starts_with(".git/") || path.contains("/.git/")
}

/// Whether a path is one of git's objects, which are compressed.
fn is_git_object(path: &str) -> bool {
    path.starts_with(".git/objects/") || path.contains("/.git/objects/")
}

/// A file that cannot be opened, and is judged by its name alone.
struct Unreadable;

impl Read for Unreadable {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}
