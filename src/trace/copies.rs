//! Single files traced to the COPY or ADD that brings them, and through `COPY --from` to the stage that made them.
//!
//! A file is an instruction's when it lies where the instruction puts it and is what the instruction takes: by content where the
//! image's digest of it is known, by size elsewhere. Of instructions whose content is not known here (RUN, a copy from a
//! stage, an archive that is unpacked) one is named only when nothing else could have made the file.

use std::collections::BTreeMap;

use crate::context::{Context, Copied, CopiedSource};
use crate::dockerfile::{
    Args, Base, CopySource, Dockerfile, Env, Expander, Heredoc, Instruction, Keyword, Word, expand_word,
};
use crate::image::{Entry, EntryKind, Tree};

/// Bytes of a file of the context that are hashed to compare it.
const MAX_HASHED: u64 = 64 << 20;
/// Names ADD takes for archives it unpacks, as far as names tell.
const ARCHIVES: [&str; 9] = [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tar.lz"];

/// A build context, and what each COPY and ADD takes from it.
#[derive(Clone, Copy, Debug)]
pub struct CopySources<'a> {
    /// The context.
    pub context: &'a Context,
    /// Its folder or archive as reports print it.
    pub folder: &'a str,
    /// What is taken.
    pub copied: &'a [Copied],
}

/// What made a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileMaker {
    /// The instruction, as an index into `Dockerfile::instructions`.
    pub instruction: usize,
    /// The file of the context it is, as reports print it; `None` when the instruction is named because no other could
    /// have made the file.
    pub source: Option<String>,
    /// Whether contents were compared, and not only sizes.
    pub by_content: bool,
}

/// Where a file comes from that was copied from a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageFile {
    /// The stage's name, or its number.
    pub stage: String,
    /// The instruction of the stage (or of one below it) that made the file, when only one could; else the stage's FROM.
    pub instruction: usize,
    /// Whether it is the maker, and not the FROM.
    pub is_maker: bool,
    /// The stage's base image could have brought the file as well.
    pub may_be_base: bool,
}

/// Every COPY and ADD of a Dockerfile, with where it puts what.
#[derive(Debug)]
pub struct Copies<'a> {
    dockerfile: &'a Dockerfile,
    tree: &'a Tree,
    sources: Vec<CopySources<'a>>,
    /// The stages the image stands on, its own first.
    chain: Vec<usize>,
    copyings: BTreeMap<usize, Copying<'a>>,
}

#[derive(Debug)]
struct Copying<'a> {
    /// Absolute, normalised; `None` when a variable in it has no value here, or the directory it is relative to is not known.
    destination: Option<String>,
    /// It ends with a slash, or several things are put there.
    is_directory: bool,
    takes: Vec<Takes<'a>>,
}

#[derive(Debug)]
enum Takes<'a> {
    /// Files of a context, by index into [`Copies::sources`].
    Context(usize, &'a CopiedSource),
    /// A path of a stage; `None` when it has wildcards or a variable without a value.
    Stage(usize, Option<String>),
    /// A here-document; its text where it is known.
    Document(&'a str, Option<String>),
    /// What is not known here, of this name, or of any below the destination.
    Unknown(Option<String>),
}

/// How well a file fits an instruction.
#[derive(PartialEq, Eq)]
enum Match {
    None,
    /// It lies where the instruction puts something.
    Place,
    /// And it is what the instruction puts there.
    File {
        source: Option<String>,
        by_content: bool,
    },
}

impl<'a> Copies<'a> {
    /// What the instructions of a Dockerfile copy. `environments` holds the variables before each instruction, `tree` is the image
    /// it made and `working_dir` the image's own.
    pub fn new(
        dockerfile: &'a Dockerfile,
        target: Option<&str>,
        environments: &[Env],
        sources: Vec<CopySources<'a>>,
        tree: &'a Tree,
        working_dir: &str,
    ) -> Self {
        let chain =
            dockerfile.target_stage(target).map(|stage| dockerfile.stage_chain(stage.index)).unwrap_or_default();
        let mut copies = Self { dockerfile, tree, sources, chain, copyings: BTreeMap::new() };
        let is_own = |stage: usize| copies.chain.contains(&stage);
        let sets_directory = |(_, i): (usize, &Instruction)| i.keyword == Keyword::Workdir;
        let of_chain = copies.chain.iter().filter_map(|stage| dockerfile.stages.get(*stage));
        let has_own_directory = of_chain.flat_map(|stage| dockerfile.instructions_of(stage)).any(sets_directory);
        let mut directories: Vec<Option<String>> = Vec::with_capacity(dockerfile.stages.len());
        let mut copyings = BTreeMap::new();
        let no_variables = Env::default();
        for stage in &dockerfile.stages {
            let mut directory = match stage.base_kind {
                Base::Stage(below) => directories.get(below).cloned().flatten(),
                Base::Scratch => Some("/".to_owned()),
                // Without a WORKDIR of the build the image's is its base's.
                _ if is_own(stage.index) && !has_own_directory => Some(absolute("/", working_dir)),
                _ => None,
            };
            for (index, instruction) in dockerfile.instructions_of(stage) {
                let env = environments.get(index).unwrap_or(&no_variables);
                let expand = |word: &Word| {
                    let expanded = expand_word(&word.text, env, dockerfile.escape).ok()?;
                    expanded.missing.is_empty().then_some(expanded.text)
                };
                match (&instruction.args, instruction.keyword) {
                    (Args::Text(word), Keyword::Workdir) => {
                        directory = expand(word).and_then(|path| joined(directory.as_deref(), &path));
                    }
                    (_, Keyword::Copy | Keyword::Add) => {
                        let copying = copies.copying(index, instruction, env, directory.as_deref(), &expand);
                        copyings.extend(copying.map(|copying| (index, copying)));
                    }
                    _ => {}
                }
            }
            directories.push(directory);
        }
        copies.copyings = copyings;
        copies
    }

    fn copying(
        &self,
        index: usize,
        instruction: &'a Instruction,
        env: &Env,
        directory: Option<&str>,
        expand: &dyn Fn(&Word) -> Option<String>,
    ) -> Option<Copying<'a>> {
        let copying = instruction.copy_sources_and_dest()?;
        let written = expand(copying.destination);
        let ends_open = |path: &str| path.ends_with('/') || path == "." || path.ends_with("/.");
        let mut is_directory = copying.sources.len() > 1 || written.as_deref().is_some_and(ends_open);
        let from = instruction.flag_value("from");
        let from_stage = from.and_then(|from| {
            let stage = self.dockerfile.stage_named(&from.text)?;
            (Some(stage.index) < instruction.stage).then_some(stage.index)
        });
        let mut takes = Vec::new();
        for (number, sources) in self.sources.iter().enumerate() {
            for source in sources.copied.iter().filter(|c| c.instruction == index).flat_map(|c| &c.sources) {
                is_directory |= source.roots.len() > 1;
                let is_archive = |path: &str| ARCHIVES.iter().any(|end| path.to_ascii_lowercase().ends_with(end));
                let is_unpacked =
                    instruction.keyword == Keyword::Add && source.roots.iter().any(|r| is_archive(&r.name));
                takes.push(if is_unpacked { Takes::Unknown(None) } else { Takes::Context(number, source) });
            }
        }
        let is_of_context = !takes.is_empty();
        for source in &copying.sources {
            match source {
                CopySource::Heredoc(_, document) => {
                    let name = document.map_or("", |document| document.name.as_str());
                    takes.push(Takes::Document(name, document.and_then(|document| text_of(document, env))));
                }
                CopySource::Path(word) => match from_stage {
                    Some(stage) => {
                        let path = expand(word).filter(|path| !path.contains(['*', '?', '[']));
                        takes.push(Takes::Stage(stage, path.map(|path| absolute("/", &path))));
                    }
                    // URLs are left out of what the context gives.
                    None if from.is_none() && word.text.contains("://") => {
                        let name = word.text.rsplit('/').next().unwrap_or_default();
                        let is_file = !name.is_empty() && !name.contains('#') && !name.ends_with(".git");
                        takes.push(Takes::Unknown(is_file.then(|| name.to_owned())));
                    }
                    None if !is_of_context => takes.push(Takes::Unknown(None)),
                    None => {}
                },
            }
        }
        let destination = written.and_then(|path| joined(directory, &path));
        Some(Copying { destination, is_directory, takes })
    }

    /// What made a file of a layer that several instructions made. `is_above_base` says that the layer is not the base's too.
    pub fn maker(&self, entry: &Entry, is_above_base: bool) -> Option<FileMaker> {
        let is_scratch = self.lowest_base(&self.chain) == Some(&Base::Scratch);
        match self.made(&self.chain, entry.path.as_str(), Some(entry)) {
            Made::Surely(maker) => Some(maker),
            Made::Possibly(only) if is_above_base || is_scratch => {
                Some(FileMaker { instruction: only?, source: None, by_content: false })
            }
            Made::Possibly(_) => None,
        }
    }

    /// Where a file comes from that the instruction copied from a stage; `None` when it copies from none. Without a `path` only the
    /// stage is told.
    pub fn of_stage(&self, instruction: usize, path: Option<&str>) -> Option<StageFile> {
        let copying = self.copyings.get(&instruction)?;
        let stages = copying.takes.iter().filter_map(|takes| match takes {
            Takes::Stage(stage, path) => Some((*stage, path.as_deref())),
            _ => None,
        });
        let stages: Vec<(usize, Option<&str>)> = stages.collect();
        let number = stages.first()?.0;
        let stage = self.dockerfile.stages.get(number)?;
        let name = stage.name.as_ref().map_or_else(|| number.to_string(), |name| name.text.clone());
        let chain = self.dockerfile.stage_chain(number);
        let may_be_base = self.lowest_base(&chain) != Some(&Base::Scratch);
        let whole = StageFile { stage: name, instruction: stage.from, is_maker: false, may_be_base };
        let entry = path.and_then(|path| self.tree.landed(path)).map(|node| &*node.entry);
        // The same file, in the stage: itself, or below the directory that was copied.
        let destination = copying.destination.as_deref().zip(path);
        let below = destination.and_then(|(destination, path)| self.below(destination, path));
        let Some(below) = below else { return Some(whole) };
        let mut makers = Vec::new();
        for (_, source) in stages {
            let Some(source) = source else { return Some(whole) };
            let name = source.rsplit('/').next().unwrap_or_default();
            let mut paths = vec![];
            if below.is_empty() || below == name {
                paths.push(source.to_owned());
            }
            if !below.is_empty() {
                paths.push(absolute(source, below));
            }
            makers.extend(paths.iter().map(|path| self.made(&chain, path, entry)));
        }
        if let Some(Made::Surely(maker)) = makers.iter().find(|made| matches!(made, Made::Surely(_))) {
            return Some(StageFile { instruction: maker.instruction, is_maker: true, may_be_base: false, ..whole });
        }
        let mut only: Vec<Option<usize>> = makers
            .iter()
            .map(|made| match made {
                Made::Possibly(only) => *only,
                Made::Surely(maker) => Some(maker.instruction),
            })
            .collect();
        only.dedup();
        match only.as_slice() {
            [Some(instruction)] => Some(StageFile { instruction: *instruction, is_maker: true, ..whole }),
            _ => Some(whole),
        }
    }

    /// What made the file at a path in the stages of a chain.
    fn made(&self, chain: &[usize], path: &str, entry: Option<&Entry>) -> Made {
        let stages = chain.iter().filter_map(|stage| self.dockerfile.stages.get(*stage));
        // The last instruction first: what it writes takes the place of what was there.
        let instructions = stages.flat_map(|stage| stage.instructions.clone().rev());
        let mut possible = Vec::new();
        for index in instructions {
            match self.dockerfile.instructions.get(index).map(|instruction| instruction.keyword) {
                Some(Keyword::Run) => possible.push(index),
                Some(Keyword::Copy | Keyword::Add) => match self.matched(index, path, entry) {
                    Match::File { source, by_content } => {
                        return Made::Surely(FileMaker { instruction: index, source, by_content });
                    }
                    Match::Place => possible.push(index),
                    Match::None => {}
                },
                _ => {}
            }
        }
        Made::Possibly(match possible.as_slice() {
            [only] => Some(*only),
            _ => None,
        })
    }

    fn matched(&self, instruction: usize, path: &str, entry: Option<&Entry>) -> Match {
        let Some(copying) = self.copyings.get(&instruction) else { return Match::None };
        // Where it puts things is not known, so that it may be anywhere.
        let Some(destination) = &copying.destination else { return Match::Place };
        let Some(below) = self.below(destination, path) else { return Match::None };
        let is_at = |name: &str| below == name || below.is_empty() && !copying.is_directory;
        let mut best = Match::None;
        for takes in &copying.takes {
            let found = match takes {
                Takes::Context(number, source) => self.of_context(*number, source, below, copying.is_directory, entry),
                Takes::Document(name, text) if is_at(name) => match (text, entry) {
                    (Some(text), Some(entry)) if entry.size == text.len() as u64 => {
                        Match::File { source: None, by_content: false }
                    }
                    _ => Match::Place,
                },
                Takes::Unknown(Some(name)) if !is_at(name) => Match::None,
                Takes::Document(..) => Match::None,
                Takes::Stage(..) | Takes::Unknown(_) if below.is_empty() && copying.is_directory => Match::None,
                Takes::Stage(..) | Takes::Unknown(_) => Match::Place,
            };
            match found {
                Match::File { .. } => return found,
                Match::Place => best = Match::Place,
                Match::None => {}
            }
        }
        best
    }

    fn of_context(
        &self,
        number: usize,
        source: &CopiedSource,
        below: &str,
        is_directory: bool,
        entry: Option<&Entry>,
    ) -> Match {
        if source.pattern.is_none() {
            return Match::Place;
        }
        let Some(sources) = self.sources.get(number) else { return Match::None };
        let context = sources.context;
        let found = source.file_at(context, below).filter(|_| !(below.is_empty() && is_directory));
        let Some((index, file)) = found.and_then(|index| Some((index, context.files.get(index)?))) else {
            return Match::None;
        };
        let Some(entry) = entry.filter(|entry| entry.kind == EntryKind::File && entry.size == file.size) else {
            return Match::Place;
        };
        // Bits that run a file as its owner are kept by a copy, and given by nothing but a command otherwise.
        let special = |mode: u32| mode & 0o6000;
        if special(entry.mode) != 0 && context.mode(index).is_some_and(|mode| special(mode) != special(entry.mode)) {
            return Match::Place;
        }
        let digests = entry.sha256.as_ref().and_then(|digest| Some((digest, context.sha256(index, MAX_HASHED)?)));
        if digests.as_ref().is_some_and(|(image, here)| **image != *here) {
            return Match::Place;
        }
        let shown = match sources.folder {
            "" | "." => file.path.clone(),
            folder => format!("{}/{}", folder.trim_end_matches('/'), file.path),
        };
        Match::File { source: Some(shown), by_content: digests.is_some() }
    }

    /// A path below a destination, as written or with the image's links followed; empty for the destination itself.
    fn below<'p>(&self, destination: &str, path: &'p str) -> Option<&'p str> {
        let inside = |dir: &str| match path.strip_prefix(dir.trim_end_matches('/'))? {
            "" => Some(""),
            rest => rest.strip_prefix('/'),
        };
        inside(destination).or_else(|| {
            let (parent, name) = destination.rsplit_once('/')?;
            let real = match self.tree.resolve(destination) {
                Some(node) => node.entry.path.clone(),
                None => format!("{}/{name}", self.tree.resolve(parent)?.entry.path.trim_end_matches('/')),
            };
            inside(&real)
        })
    }

    fn lowest_base(&self, chain: &[usize]) -> Option<&Base> {
        chain.last().and_then(|stage| self.dockerfile.stages.get(*stage)).map(|stage| &stage.base_kind)
    }
}

/// What made a file.
enum Made {
    /// This instruction: it puts this very file there.
    Surely(FileMaker),
    /// Only this instruction could, or it is not known which.
    Possibly(Option<usize>),
}

/// The text a here-document puts into its file, when it is known.
fn text_of(document: &Heredoc, env: &Env) -> Option<String> {
    if !document.expand {
        return Some(document.content.clone());
    }
    let expanded = Expander::for_heredoc(env).word(&document.content).ok()?;
    expanded.missing.is_empty().then_some(expanded.text)
}

/// A path below a directory that may not be known.
fn joined(directory: Option<&str>, path: &str) -> Option<String> {
    match path.starts_with('/') {
        true => Some(absolute("/", path)),
        false => directory.map(|directory| absolute(directory, path)),
    }
}

/// An absolute path without `.`, `..`, doubled or trailing slashes.
fn absolute(directory: &str, path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let start = if path.starts_with('/') { "" } else { directory };
    for part in start.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            part => kept.push(part),
        }
    }
    format!("/{}", kept.join("/"))
}
