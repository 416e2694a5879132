//! What a run is asked for, and why it could not be made.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use crate::context::{Archive, ContextError, IgnoreFile};
use crate::dockerfile::BuildOptions;
use crate::feeds::{FeedError, ScanReport, Store};
use crate::finding::{Finding, Place};
use crate::image::{Cache, Digests, ImageError, ImageReference, Progress};
use crate::policy::{Date, Decision, Policy};
use crate::rule::{Rule, Target};
use crate::shell::Linter;
use crate::text::SourceText;

/// What to look at, and by which rules.
pub struct Request<'a> {
    /// Dockerfiles and how they are built, sorted by the Dockerfile's path. With an image there is at most one. The same
    /// Dockerfile may be built in several ways; then all of them hold the same text.
    pub builds: Vec<Build>,
    /// For Dockerfiles without a context: the ignore file in force, or why it cannot be read, by the Dockerfile's path.
    pub ignore_files: BTreeMap<String, Result<Arc<IgnoreFile>, ContextError>>,
    /// The image to gate.
    pub image: Option<ImageRequest>,
    /// The policy in force.
    pub policy: &'a Policy,
    /// What is known before the run not to be looked at, in words.
    pub notes: Vec<String>,
    /// Rules chosen by hand.
    pub selection: Selection,
    /// The platform of the image and the stage it is.
    pub build: BuildOptions,
    /// Who reads shell code: runs that share one have the same code read once. `None` for one of this run's own, without
    /// the `shellcheck` command.
    pub linter: Option<&'a Linter<'a>>,
    /// Vulnerability data; `None` where nobody looks anything up.
    pub feeds: Option<&'a Store>,
    /// Reports of other scanners on the image.
    pub scan_reports: &'a [ScanReport],
    /// Whom to ask for the digests of the images that Dockerfiles name; `None` for nobody.
    pub digests: Option<&'a Digests>,
    /// The day waivers are held against.
    pub today: Date,
    /// Told while layers are read.
    pub progress: &'a (dyn Fn(Progress) + Sync),
    /// Told while contexts are looked at.
    pub watch: &'a (dyn Fn(ContextProgress) + Sync),
    /// Where layers that were read before are kept.
    pub cache: Option<&'a Cache>,
}

impl<'a> Request<'a> {
    /// Everything the policy has on these builds, and nothing else: no image, nobody asked, nobody told, nothing kept.
    pub fn new(builds: Vec<Build>, policy: &'a Policy, today: Date) -> Self {
        Self {
            builds,
            ignore_files: BTreeMap::new(),
            image: None,
            policy,
            notes: Vec::new(),
            selection: Selection::default(),
            build: BuildOptions::default(),
            linter: None,
            feeds: None,
            scan_reports: &[],
            digests: None,
            today,
            progress: &|_| {},
            watch: &|_| {},
            cache: None,
        }
    }

    /// Whether the policy asks for a rule, and nobody has left it out.
    pub(super) fn asks_for(&self, rule: &'static Rule) -> bool {
        self.policy.checks.iter().any(|check| check.rule == rule) && self.selection.takes(rule)
    }
}

/// A Dockerfile and how it is built.
#[derive(Clone)]
pub struct Build {
    /// The Dockerfile.
    pub dockerfile: Arc<SourceText>,
    /// Arguments, target and platform.
    pub options: BuildOptions,
    /// The build context, when the run has it.
    pub context: Option<ContextRequest>,
    /// Other contexts that the Dockerfile can name (`COPY --from=name`), by name.
    pub named_contexts: BTreeMap<String, ContextRequest>,
    /// The names of contexts that are somewhere else: images, other targets, remote ones.
    pub foreign_contexts: BTreeSet<String>,
    /// Where build arguments are given, by name, for those that a file gives.
    pub argument_places: BTreeMap<String, Place>,
}

impl Build {
    /// A Dockerfile alone.
    pub fn alone(dockerfile: Arc<SourceText>, options: BuildOptions) -> Self {
        Self {
            dockerfile,
            options,
            context: None,
            named_contexts: BTreeMap::new(),
            foreign_contexts: BTreeSet::new(),
            argument_places: BTreeMap::new(),
        }
    }
}

/// How far the reading of contexts has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextProgress {
    /// So many more entries were found.
    Entries(u64),
    /// So many files with so many bytes are to be searched.
    Start {
        /// Files.
        files: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// So many more bytes were searched.
    Bytes(u64),
}

/// A build context to walk.
#[derive(Clone, Debug)]
pub struct ContextRequest {
    /// What it is.
    pub source: ContextSource,
    /// The folder or archive as reports print it.
    pub shown: String,
    /// The Dockerfile's own path, for `<Dockerfile>.dockerignore`: on the disk, or in the archive. A named context has none.
    pub dockerfile: Option<PathBuf>,
    /// Ignore files as they are to be, by the path reports have for them, in the place of those on the disk.
    pub ignore_texts: BTreeMap<String, Arc<SourceText>>,
}

/// What a build context is.
#[derive(Clone, Debug)]
pub enum ContextSource {
    /// A folder.
    Folder(PathBuf),
    /// A tar archive.
    Archive(Arc<Archive>),
}

/// An image to read.
pub struct ImageRequest {
    /// Which.
    pub reference: ImageReference,
    /// The image to compare it with, instead of the base found in it.
    pub base: Option<ImageReference>,
    /// The image it takes the place of.
    pub previous: Option<ImageReference>,
}

/// Rules, and codes of rules, chosen by hand, on top of the policy.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only these, when there are any.
    pub select: Vec<Target>,
    /// Never these.
    pub ignore: Vec<Target>,
}

impl Selection {
    /// Whether findings of the rule are wanted, if only some.
    pub(super) fn takes(&self, rule: &'static Rule) -> bool {
        let is_selected = self.select.is_empty() || self.select.iter().any(|target| target.rule == rule);
        is_selected && !self.ignore.contains(&Target::from(rule))
    }

    /// Whether the finding is wanted.
    pub(super) fn takes_finding(&self, finding: &Finding) -> bool {
        let is_of = |targets: &[Target]| targets.iter().any(|target| finding.is_of(target));
        (self.select.is_empty() || is_of(&self.select)) && !is_of(&self.ignore)
    }
}

/// Why a run could not be made.
#[derive(Debug, Error)]
pub enum CheckError {
    /// There is nothing to look at.
    #[error("nothing to check: no Dockerfile was found and no image was named")]
    Nothing,
    /// No stage of that name.
    #[error("{path} has no stage `{target}`")]
    NoStage {
        /// The Dockerfile.
        path: String,
        /// The name or number asked for.
        target: String,
    },
    /// The context cannot be read.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The image cannot be read.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The vulnerability data cannot be read.
    #[error(transparent)]
    Feeds(#[from] FeedError),
}

/// A finding, the check that asked for it and the decision on it.
pub(super) struct Decided {
    pub(super) finding: Finding,
    pub(super) decision: Decision,
}
