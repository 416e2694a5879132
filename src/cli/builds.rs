//! What `check` looks at: folders, archives, and compose and Bake files come to Dockerfiles with their contexts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{CliError, discover};
use crate::check::{Build, CheckError, ContextRequest, ContextSource};
use crate::context::{Archive, Definition, Location, Outside, definitions};
use crate::dockerfile::{self, BuildOptions, HostKind};
use crate::finding::Place;
use crate::text::SourceText;

/// Bytes of a Dockerfile, or of a file that says what is built.
const MAX_FILE: u64 = 16 << 20;
/// The names that builders look for.
const NAMES: [&str; 3] = ["Dockerfile", "dockerfile", "Containerfile"];

/// What there is to check.
#[derive(Default)]
pub(super) struct Found {
    /// Sorted by the Dockerfile's path, then by what is built.
    pub(super) builds: Vec<Build>,
    /// What is there and is not checked, in words.
    pub(super) notes: Vec<String>,
    /// What should be there and cannot be read.
    pub(super) errors: Vec<CliError>,
}

/// What a command is given to look at.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Folders, archives, compose and Bake files.
    pub(super) contexts: &'a [PathBuf],
    /// The Dockerfile, of the only context.
    pub(super) file: Option<&'a Path>,
    /// `NAME=PATH`.
    pub(super) build_contexts: &'a [String],
    /// Of a compose or Bake file.
    pub(super) services: &'a [String],
}

/// What it comes to. `options` are those of the command line.
///
/// # Errors
/// When a context that is named is none, or its Dockerfile cannot be read. What a compose or Bake file names and is not
/// there does not keep the rest from being checked.
pub(super) fn find(wanted: Wanted<'_>, options: &BuildOptions) -> Result<Found, CliError> {
    let mut finder = Finder {
        options,
        named: BTreeMap::new(),
        foreign: BTreeSet::new(),
        texts: HashMap::new(),
        found: Found::default(),
        services: wanted.services,
    };
    for given in wanted.build_contexts {
        finder.named_context(given)?;
    }
    if let (Some(file), [_, _, ..]) = (wanted.file, wanted.contexts) {
        return Err(CliError::Argument {
            what: "--file",
            value: file.display().to_string(),
            wanted: "of use with several contexts; check them one by one".to_owned(),
        });
    }
    for context in wanted.contexts {
        finder.context(context, wanted.file)?;
    }
    let mut found = finder.found;
    let key = |build: &Build| (build.dockerfile.path().to_owned(), build.options.target.clone());
    found.builds.sort_by_cached_key(key);
    if found.builds.is_empty() && found.errors.is_empty() {
        let paths: Vec<String> = wanted.contexts.iter().map(|path| path.display().to_string()).collect();
        return Err(CliError::NoDockerfile { paths: paths.join(", "), notes: found.notes });
    }
    Ok(found)
}

/// Sets those of several builds aside whose Dockerfile has no stage of the name that is to be built: they do not keep the rest from
/// being checked. Of a build alone the run says so.
pub(super) fn set_aside_stageless(builds: &mut Vec<Build>) -> Vec<CliError> {
    if builds.len() < 2 {
        return Vec::new();
    }
    let mut errors = Vec::new();
    builds.retain(|build| {
        let Some(target) = &build.options.target else { return true };
        let has_stage = dockerfile::parse(&build.dockerfile).target_stage(Some(target)).is_some();
        if !has_stage {
            let path = build.dockerfile.path().to_owned();
            errors.push(CliError::Check(CheckError::NoStage { path, target: target.clone() }));
        }
        has_stage
    });
    errors
}

struct Finder<'a> {
    options: &'a BuildOptions,
    /// Contexts of the command line, by name.
    named: BTreeMap<String, ContextRequest>,
    /// The names of those that are somewhere else.
    foreign: BTreeSet<String>,
    /// Each Dockerfile is one text, however often it is built.
    texts: HashMap<PathBuf, Arc<SourceText>>,
    found: Found,
    services: &'a [String],
}

impl Finder<'_> {
    /// Takes in a `NAME=PATH` of `--build-context`.
    fn named_context(&mut self, given: &str) -> Result<(), CliError> {
        let wrong = |wanted: &str| CliError::Argument {
            what: "--build-context",
            value: given.to_owned(),
            wanted: wanted.to_owned(),
        };
        let named = given.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty());
        let (name, value) = named.ok_or_else(|| wrong("NAME=PATH"))?;
        match Location::parse(value, Path::new("")) {
            Location::Local(path) if path.is_dir() => {
                self.named.insert(name.to_owned(), folder(&path, None));
            }
            Location::Local(_) => return Err(wrong("a folder that is there")),
            Location::Remote(url) => {
                let note = format!("not checked: the context `{name}` is remote ({url}), and is not fetched");
                self.found.notes.push(note);
                self.foreign.insert(name.to_owned());
            }
            Location::Image(_) => drop(self.foreign.insert(name.to_owned())),
            Location::Unknown(why) => return Err(wrong(&format!("known: {why}"))),
        }
        Ok(())
    }

    fn context(&mut self, context: &Path, file: Option<&Path>) -> Result<(), CliError> {
        if let Location::Remote(url) = Location::parse(&context.to_string_lossy(), Path::new("")) {
            return Err(CliError::Read {
                path: url,
                reason: "a remote context is not fetched; get it, and check the folder".to_owned(),
            });
        }
        if context.as_os_str() == "-" {
            let archive = Archive::read(std::io::stdin().lock()).map_err(|error| CliError::Check(error.into()))?;
            return self.archive(archive, context, file);
        }
        if context.is_dir() {
            let path = file.map_or_else(|| default_dockerfile(context), Path::to_owned);
            let text = self.text(&path)?;
            let build = Build {
                context: Some(folder(context, Some(path))),
                named_contexts: self.named.clone(),
                foreign_contexts: self.foreign.clone(),
                ..Build::alone(text, self.options.clone())
            };
            self.found.builds.push(build);
            return Ok(());
        }
        let mut head = Vec::new();
        let read = File::open(context).and_then(|file| file.take(512).read_to_end(&mut head));
        read.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => CliError::Read {
                path: context.display().to_string(),
                reason: "there is no such folder to take as the build context".to_owned(),
            },
            _ => CliError::read(context, &error),
        })?;
        if Archive::is_one(&head) {
            let archive = Archive::open(context).map_err(|error| CliError::Check(error.into()))?;
            return self.archive(archive, context, file);
        }
        let name = context.file_name().unwrap_or_default().to_string_lossy();
        match HostKind::of_name(&name).or_else(|| HostKind::of_extension(&name)) {
            Some(kind) => self.definitions(context, kind),
            None => Err(CliError::Read {
                path: context.display().to_string(),
                reason: "it is no folder or archive to take as the build context, and no compose or Bake file; a \
                         Dockerfile is named with --file"
                    .to_owned(),
            }),
        }
    }

    /// An archive, with the Dockerfile in it, or else the one on the disk that is named.
    fn archive(&mut self, archive: Archive, path: &Path, file: Option<&Path>) -> Result<(), CliError> {
        let archive = Arc::new(archive);
        let shown = discover::report_path(path);
        let inside = |name: &Path| Some((name.to_owned(), archive.read_file(&name.to_string_lossy(), MAX_FILE)?));
        let found = match file {
            Some(file) => inside(file),
            None => NAMES.iter().find_map(|name| inside(Path::new(name))),
        };
        let (text, dockerfile) = match (found, file) {
            (Some((name, bytes)), _) => {
                let shown = format!("{shown}/{}", name.to_string_lossy());
                let bytes = bytes.map_err(|error| CliError::Read { path: shown.clone(), reason: error.to_string() })?;
                (SourceText::from_bytes(shown, bytes), Some(name))
            }
            (None, Some(file)) => (self.text(file)?, None),
            (None, None) => {
                return Err(CliError::Read {
                    path: shown,
                    reason: "it has no Dockerfile; name one with --file".to_owned(),
                });
            }
        };
        let context = ContextRequest {
            source: ContextSource::Archive(archive),
            shown,
            dockerfile,
            ignore_texts: BTreeMap::new(),
        };
        self.found.builds.push(Build {
            context: Some(context),
            named_contexts: self.named.clone(),
            foreign_contexts: self.foreign.clone(),
            ..Build::alone(text, self.options.clone())
        });
        Ok(())
    }

    /// Everything a compose or Bake file builds.
    fn definitions(&mut self, path: &Path, kind: HostKind) -> Result<(), CliError> {
        let file = discover::read(path)?;
        let base = match kind {
            HostKind::Compose => path.parent().unwrap_or(Path::new("")),
            HostKind::BakeHcl | HostKind::BakeJson => Path::new(""),
        };
        let own = settings(base, kind);
        let environment = |name: &str| std::env::var(name).ok().or_else(|| own.get(name).cloned());
        let read = |path: &Path| discover::read(path).map_err(|error| error.to_string());
        let settings_of = |folder: &Path| settings(folder, kind);
        let outside = Outside { environment: &environment, read: &read, settings: &settings_of };
        let defined = definitions(&file, kind, base, self.services, outside)?;
        self.found.notes.extend(defined.notes);
        let mut inline: BTreeMap<String, Vec<Arc<SourceText>>> = BTreeMap::new();
        for (file, _) in defined.list.iter().filter_map(|definition| definition.inline.as_ref()) {
            if !inline.contains_key(file.path()) {
                let embedded = dockerfile::embedded(file, kind)?;
                self.found.notes.extend(embedded.notes);
                inline.insert(file.path().to_owned(), embedded.dockerfiles);
            }
        }
        for definition in defined.list {
            if let Err(error) = self.definition(&definition, &inline) {
                self.found.errors.push(error);
            }
        }
        Ok(())
    }

    fn definition(
        &mut self,
        definition: &Definition,
        inline: &BTreeMap<String, Vec<Arc<SourceText>>>,
    ) -> Result<(), CliError> {
        let (name, file) = (&definition.name, &definition.file);
        let at = format!("{}:{}", file.path(), file.line(definition.span.start));
        let root = match &definition.context {
            Location::Local(path) => path,
            Location::Remote(url) => {
                let note =
                    format!("{at}: not checked: `{name}` is built from {url}, which is remote and is not fetched");
                self.found.notes.push(note);
                return Ok(());
            }
            Location::Image(image) => {
                self.found.notes.push(format!("{at}: not checked: `{name}` is built from {image}"));
                return Ok(());
            }
            Location::Unknown(why) => {
                self.found.notes.push(format!("{at}: not checked: `{name}`: its context is not known: {why}"));
                return Ok(());
            }
        };
        if !root.is_dir() {
            let reason = format!("there is no such folder, and `{name}` has it as its build context ({at})");
            return Err(CliError::Read { path: root.display().to_string(), reason });
        }
        let (text, path) = match &definition.inline {
            Some((file, span)) => {
                let of = |text: &&Arc<SourceText>| {
                    text.whole_in_file().is_some_and(|whole| whole.start < span.end && span.start < whole.end)
                };
                // One that is not among them is noted by its reader.
                let Some(text) = inline.get(file.path()).and_then(|texts| texts.iter().find(of)) else { return Ok(()) };
                (Arc::clone(text), None)
            }
            None => {
                let named = definition.dockerfile.as_ref().map(|name| root.join(name));
                let path = named.unwrap_or_else(|| default_dockerfile(root));
                let text = self.text(&path).map_err(|error| CliError::Defined {
                    at: at.clone(),
                    name: name.clone(),
                    error: Box::new(error),
                })?;
                (text, Some(path))
            }
        };
        let mut options = self.options.clone();
        options.target = options.target.or_else(|| definition.target.clone());
        options.platform = options.platform.or_else(|| definition.platform.clone());
        let mut argument_places = BTreeMap::new();
        for (name, argument) in &definition.args {
            if !options.build_args.contains_key(name) {
                options.build_args.insert(name.clone(), argument.value.clone());
                let place = Place::File { path: argument.path.clone(), line: Some(argument.line) };
                argument_places.insert(name.clone(), place);
            }
        }
        let (mut named_contexts, mut foreign_contexts) = (self.named.clone(), self.foreign.clone());
        for (context, location) in &definition.contexts {
            let not_checked = match location {
                Location::Local(path) if path.is_dir() => {
                    named_contexts.entry(context.clone()).or_insert_with(|| folder(path, None));
                    continue;
                }
                Location::Image(_) => {
                    foreign_contexts.insert(context.clone());
                    continue;
                }
                Location::Local(path) => format!("there is no folder {}", path.display()),
                Location::Remote(url) => format!("{url} is remote and is not fetched"),
                Location::Unknown(why) => why.clone(),
            };
            foreign_contexts.insert(context.clone());
            self.found.notes.push(format!("{at}: not checked: the context `{context}` of `{name}`: {not_checked}"));
        }
        self.found.builds.push(Build {
            dockerfile: text,
            options,
            context: Some(folder(root, path)),
            named_contexts,
            foreign_contexts,
            argument_places,
        });
        Ok(())
    }

    /// A Dockerfile on the disk.
    fn text(&mut self, path: &Path) -> Result<Arc<SourceText>, CliError> {
        let key = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if let Some(text) = self.texts.get(&key) {
            return Ok(Arc::clone(text));
        }
        let text = discover::read(path)?;
        self.texts.insert(key, Arc::clone(&text));
        Ok(text)
    }
}

fn folder(root: &Path, dockerfile: Option<PathBuf>) -> ContextRequest {
    // From here on, so that reports name the ignore files in them so too.
    let source = ContextSource::Folder(discover::from_here(root).to_owned());
    let dockerfile = dockerfile.map(|path| discover::from_here(&path).to_owned());
    ContextRequest { source, shown: discover::report_path(root), dockerfile, ignore_texts: BTreeMap::new() }
}

/// `Dockerfile` in the context, or `Containerfile` where only that is there.
fn default_dockerfile(context: &Path) -> PathBuf {
    let there = NAMES.iter().map(|name| context.join(name)).find(|path| path.is_file());
    there.unwrap_or_else(|| context.join("Dockerfile"))
}

/// The variables that compose finds in the `.env` beside its file.
fn settings(base: &Path, kind: HostKind) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    let mut text = String::new();
    let file = File::open(base.join(".env")).ok().filter(|_| kind == HostKind::Compose);
    if file.is_none_or(|file| file.take(MAX_FILE).read_to_string(&mut text).is_err()) {
        return settings;
    }
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let line = line.strip_prefix("export ").unwrap_or(line);
        if let Some((name, value)) = line.split_once('=') {
            let value = value.trim();
            let quoted = ['"', '\''].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q));
            let plain = || value.split_once(" #").map_or(value, |(value, _)| value.trim_end());
            settings.insert(name.trim().to_owned(), quoted.unwrap_or_else(plain).to_owned());
        }
    }
    settings
}
