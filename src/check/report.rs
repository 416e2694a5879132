//! What a run came to: the one thing every output reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::attested::SbomSummary;
use super::layers::LayerFacts;
use super::suppress::Suppressed;
use crate::finding::Finding;
use crate::image::BaseIdentity;
use crate::policy::{Action, Baseline, Known, PolicyLine};
use crate::rule::{self, Edition, Phase, Target, catalogue};
use crate::text::{SourceText, Span};

/// A whole run.
#[derive(Debug)]
pub struct Report {
    /// Findings with what the policy says of them, sorted by file, place and rule.
    pub findings: Vec<Judged>,
    /// Findings that a comment in the Dockerfile asks to leave out, sorted likewise; they count for nothing.
    pub suppressed: Vec<Suppressed>,
    /// Findings that a baseline hides, sorted likewise; they count for nothing.
    pub baselined: Vec<Judged>,
    /// What the run was held against, when it was.
    pub compared: Option<Compared>,
    /// The highest action among the findings that are not waived; GO when there is none.
    pub verdict: Action,
    /// The policy in force.
    pub policy: PolicySummary,
    /// What the run was about, as it stays from one commit to the next.
    pub scope: Scope,
    /// The image, when one was gated.
    pub image: Option<ImageSummary>,
    /// Its layers, lowest first; none without an image.
    pub layers: Vec<LayerFacts>,
    /// The Dockerfiles read, sorted by path.
    pub dockerfiles: Vec<Arc<SourceText>>,
    /// What was looked at.
    pub coverage: Coverage,
    /// What was not looked at, in words; never empty in silence.
    pub notes: Vec<String>,
    /// Secrets in the files, so that no excerpt shows one: spans by path.
    pub redactions: BTreeMap<String, Vec<Span>>,
}

/// A finding and the decision on it.
#[derive(Debug)]
pub struct Judged {
    /// What was found.
    pub finding: Finding,
    /// What the policy does about it.
    pub action: Action,
    /// The policy line that asked for it, when one did by name.
    pub decided_by: Option<PolicyLine>,
    /// `GATE:TRIGGER`, when the policy is Anchore's.
    pub trigger: Option<String>,
    /// Why it does not count, when it is waived.
    pub waived: Option<Waived>,
    /// [`Finding::fingerprint`], with `:N` behind it for the N-th equal one of the run.
    pub fingerprint: String,
}

impl Judged {
    /// What the finding counts for in the verdict.
    pub fn counted_action(&self) -> Action {
        if self.waived.is_some() { Action::Go } else { self.action }
    }
}

/// Why a finding does not count.
#[derive(Clone, Debug, Serialize)]
pub struct Waived {
    /// The reason given.
    pub reason: String,
    /// Where the waiver stands: a policy's path and line.
    pub by: String,
}

/// What came of holding a run against what was known before.
#[derive(Clone, Debug)]
pub struct Compared {
    /// What it was held against.
    pub with: Comparison,
    /// What was known, was looked for, and is not there any more.
    pub gone: Vec<Known>,
}

/// What a run is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// A list of what a project lives with.
    Accepted,
    /// The state before a change, where what is hidden has been told.
    Before,
}

/// Whether a baseline may hide a finding. What says that a part could not be looked at, and what a policy says of itself,
/// is told every time.
fn can_be_hidden(judged: &Judged) -> bool {
    let never = [
        catalogue::IMAGE_PART_UNCHECKED,
        catalogue::PACKAGES_UNREAD,
        catalogue::UNSUPPORTED_DISTRO,
        catalogue::VULNERABILITY_DATA_MISSING,
        catalogue::VULNERABILITY_DATA_STALE,
        catalogue::NPM_REGISTRY_DATA_MISSING,
        catalogue::GEM_REGISTRY_DATA_MISSING,
        catalogue::EXPIRED_WAIVER,
        catalogue::UNUSED_WAIVER,
        catalogue::DENIED_IMAGE,
        catalogue::ALLOWED_IMAGE,
    ];
    !never.iter().any(|rule| judged.finding.rule() == *rule)
}

/// The policy of a run.
#[derive(Clone, Debug)]
pub struct PolicySummary {
    /// Its name or path.
    pub name: String,
    /// The edition it is written for.
    pub ruleset: Edition,
}

/// What a run was about.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The Dockerfile, when there is just one.
    pub dockerfile: Option<String>,
    /// The stage that is built, when one was named.
    pub target: Option<String>,
    /// The platform, when one was named.
    pub platform: Option<String>,
    /// What the user calls this run, to tell its results from those of another, when they gave it a name.
    pub category: Option<String>,
    /// The repository the files are of, when it is known.
    pub repository: Option<Repository>,
}

/// The repository and commit that a run looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    /// Where it is, as an absolute URL without credentials.
    pub url: String,
    /// The commit.
    pub revision: Option<String>,
    /// The branch, when there is one.
    pub branch: Option<String>,
}

/// The image of a run.
#[derive(Clone, Debug, Serialize)]
pub struct ImageSummary {
    /// As the user named it.
    pub reference: String,
    /// Digest of its config.
    pub id: String,
    /// Its `name:tag`s.
    pub tags: Vec<String>,
    /// Number of layers.
    pub layers: usize,
    /// Leading layers that are the base's, when known.
    pub base_layers: Option<usize>,
    /// What it was compared with, when it was.
    pub base: Option<String>,
    /// The base by what the image's makers say of it.
    pub base_identity: Option<BaseIdentity>,
    /// Whether its provenance is attested beside it.
    pub provenance: bool,
    /// The lists of packages attested beside it, held against what was found.
    pub sboms: Vec<SbomSummary>,
}

/// What a run looked at.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Coverage {
    /// Dockerfiles read.
    pub dockerfiles: usize,
    /// Files of build contexts that the ignore files let through.
    pub context_files: usize,
    /// Image layers read.
    pub layers: usize,
    /// Entries of the image's merged tree.
    pub image_entries: usize,
    /// Packages of the image.
    pub packages: usize,
    /// Scripts of RUN instructions that were read for shell pitfalls.
    pub shell_scripts: usize,
    /// What read them: `built-in`, or `shellcheck` with its version; `None` when no rule asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell_engine: Option<String>,
    /// Bytes read of Dockerfiles, of what they take from their contexts, and of (uncompressed) layers.
    pub bytes: u64,
    /// Rules that ran at least once, by id.
    pub rules: BTreeSet<&'static str>,
}

impl Report {
    /// The baseline that hides what this report tells, and goes on hiding what is hidden. What is waived is not in it.
    pub fn baseline(&self) -> Baseline {
        let told = self.findings.iter().filter(|judged| judged.waived.is_none() && can_be_hidden(judged));
        Baseline::of(told.chain(&self.baselined).map(|judged| &judged.finding))
    }

    /// The same of the findings about the image alone.
    pub fn image_baseline(&self) -> Baseline {
        let told = self.findings.iter().filter(|judged| judged.waived.is_none() && can_be_hidden(judged));
        Baseline::of(told.map(|judged| &judged.finding).filter(|finding| finding.rule().phase == Phase::Image))
    }

    /// Hides what a baseline lists, and decides again. Entries of a list of what is lived with that hide nothing any more are
    /// told.
    pub fn hide(&mut self, baseline: &Baseline, with: Comparison) {
        let mut hider = baseline.hider();
        let mut hides =
            |judged: &Judged| judged.waived.is_none() && can_be_hidden(judged) && hider.hides(&judged.finding);
        let (hidden, told): (Vec<_>, Vec<_>) = std::mem::take(&mut self.findings).into_iter().partition(|j| hides(j));
        (self.findings, self.baselined) = (told, hidden);
        self.verdict = self.findings.iter().map(Judged::counted_action).max().unwrap_or(Action::Go);
        let left = hider.left();
        match left.iter().map(|known| known.count).sum::<usize>() {
            n if n == 0 || with == Comparison::Before => {}
            1 => self
                .notes
                .push("the baseline lists 1 finding that is not there; `--write-baseline` takes it out".into()),
            n => self
                .notes
                .push(format!("the baseline lists {n} findings that are not there; `--write-baseline` takes them out")),
        }
        self.notes.sort();
        let gone = left.into_iter().filter(|known| self.looked_for(known)).collect();
        self.compared = Some(Compared { with, gone });
    }

    /// Whether the run would have found it: its rule ran, on its file.
    fn looked_for(&self, known: &Known) -> bool {
        let Some(Target { rule, .. }) = rule::reported(&known.rule) else { return false };
        let has_file = self.dockerfiles.iter().any(|dockerfile| dockerfile.path() == known.path);
        self.coverage.rules.contains(rule.id) && (has_file || (rule.phase == Phase::Image && self.image.is_some()))
    }

    /// Findings that are not waived, by action: STOP, WARN, GO.
    pub fn counts(&self) -> (usize, usize, usize) {
        let count = |action| self.findings.iter().filter(|f| f.waived.is_none() && f.action == action).count();
        (count(Action::Stop), count(Action::Warn), count(Action::Go))
    }

    /// A file as it may be shown: every secret found in it is replaced by as many `*` as it has bytes, so that spans
    /// still fit. Line breaks stay.
    pub fn shown(&self, source: &Arc<SourceText>) -> Arc<SourceText> {
        let spans = self.redactions.get(source.path()).map_or(&[][..], Vec::as_slice);
        if spans.is_empty() {
            return Arc::clone(source);
        }
        let mut text = source.text().to_owned();
        for span in spans {
            let Some(secret) = text.get(span.range()) else { continue };
            let stars: String =
                secret.bytes().map(|b| if matches!(b, b'\n' | b'\r') { b as char } else { '*' }).collect();
            text.replace_range(span.range(), &stars);
        }
        SourceText::new(source.path(), text)
    }
}
