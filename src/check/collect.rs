//! The models a run is made on, computed once before the first rule runs.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;

use rayon::prelude::*;

use super::buildkit::Reach;
use super::report::ImageSummary;
use super::request::{CheckError, ImageRequest, Request};
use super::suppress::{self, Suppression};
use crate::context::{self, Context, ContextFileKind, Copied, IgnoreFile};
use crate::dockerfile::{self, Base, BuildFailure, BuildOptions, CheckOptions, Dockerfile, Env, Step, SyntaxError};
use crate::feeds::{self, Registries, ScanReport, Scanned, Store, Vulnerabilities};
use crate::finding::Finding;
use crate::image::{self, Image, ReadOptions, Tree, Wants};
use crate::packages::{self, PackageHistory, Packages};
use crate::policy::Date;
use crate::rule::{Confidence, Rule, catalogue};
use crate::secrets::{self, CommandSecret, KeyHit, TextSecret};
use crate::shell::{self, Diagnosis, Linter, PackageCall, Script};
use crate::text::{SourceText, Span};
use crate::trace::{self, Trace};
use crate::{gate, lint};

/// What is known of one Dockerfile and its context.
pub(super) struct LintModels {
    pub(super) dockerfile: Dockerfile,
    pub(super) environments: Vec<Env>,
    bases: Vec<Base>,
    lowest_stages: Vec<usize>,
    scripts: Vec<Script>,
    package_calls: Vec<Vec<PackageCall>>,
    diagnosis: Diagnosis,
    pub(super) secrets: Vec<TextSecret>,
    pub(super) command_secrets: Vec<CommandSecret>,
    pub(super) target: Option<usize>,
    final_stages: Vec<usize>,
    built_stages: Vec<usize>,
    steps: Vec<Step>,
    default_environments: Vec<Env>,
    build: BuildOptions,
    ignore_file: Option<Arc<IgnoreFile>>,
    notes: Vec<String>,
    pub(super) context: Option<ContextModels>,
    /// What the file asks of BuildKit's checks, or why BuildKit would refuse to read that.
    pub(super) check_options: Result<CheckOptions, SyntaxError>,
    suppressions: Vec<Suppression>,
    failures: Vec<BuildFailure>,
    /// How far BuildKit's own checks come.
    pub(super) reach: Reach,
}

/// What is known of a build context.
pub(super) struct ContextModels {
    pub(super) context: Context,
    folder: String,
    pub(super) copied: Vec<Copied>,
    keys: Vec<(usize, KeyHit)>,
}

impl ContextModels {
    /// Regular files of the context.
    pub(super) fn file_count(&self) -> usize {
        self.context.files.iter().filter(|f| f.kind == ContextFileKind::File).count()
    }
}

impl LintModels {
    /// What is known of a Dockerfile. `linter` reads its shell code; without one nobody asks for that.
    pub(super) fn collect(
        source: &Arc<SourceText>,
        request: &Request<'_>,
        linter: Option<&Linter<'_>>,
    ) -> Result<Self, CheckError> {
        let dockerfile = dockerfile::parse(source);
        let environments = dockerfile::environments(&dockerfile, &request.build);
        let target = dockerfile.target_stage(request.build.target.as_deref()).map(|stage| stage.index);
        if let (None, Some(target)) = (target, &request.build.target) {
            return Err(CheckError::NoStage { path: source.path().to_owned(), target: target.clone() });
        }
        let mut final_stages = target.map(|stage| dockerfile.stage_chain(stage)).unwrap_or_default();
        final_stages.sort_unstable();
        let bases = dockerfile::bases(&dockerfile, &request.build);
        let scripts = shell::scripts(&dockerfile);
        let package_calls = shell::package_calls(&scripts, &environments);
        let diagnosis = linter.map(|linter| linter.diagnose(&dockerfile, &scripts, &environments)).unwrap_or_default();
        let secrets = secrets::in_dockerfile(&dockerfile);
        let command_secrets = secrets::in_commands(&scripts);
        let context = match &request.context {
            Some(wanted) => {
                let context = Context::open(&wanted.root, Some(&wanted.dockerfile))?;
                let copied = context::copied(&dockerfile, &environments, &context);
                let keys = key_files(&context, &copied);
                Some(ContextModels { context, folder: wanted.shown.clone(), copied, keys })
            }
            None => None,
        };
        let build = request.build.clone();
        let built_stages = match &build.target {
            Some(target) => dockerfile.reachable_stages(Some(target)),
            None => (0..dockerfile.stages.len()).collect(),
        };
        let mut steps = dockerfile::steps(&dockerfile, &build);
        steps.retain(|step| built_stages.binary_search(&step.stage).is_ok());
        let default_environments = match build.build_args.is_empty() {
            true => environments.clone(),
            false => {
                let defaults = BuildOptions { build_args: BTreeMap::new(), ..build.clone() };
                dockerfile::environments(&dockerfile, &defaults)
            }
        };
        let (mut ignore_file, mut notes) = (None, Vec::new());
        match request.ignore_files.get(source.path()) {
            Some(Ok(file)) => ignore_file = Some(Arc::clone(file)),
            Some(Err(error)) => {
                notes.push(format!("{error}; whether {} copies ignored files was not checked", source.path()))
            }
            None => {}
        }
        notes.extend(context.iter().flat_map(|c| c.context.problems.clone()));
        notes.extend(diagnosis.problems.iter().cloned());
        let check_options = dockerfile.check_options(&request.build);
        let suppressions =
            suppress::suppressions(&dockerfile, check_options.as_ref().unwrap_or(&CheckOptions::default()));
        let mut lowest_stages: Vec<usize> = Vec::with_capacity(bases.len());
        for (stage, base) in bases.iter().enumerate() {
            let below = match base {
                Base::Stage(base) => lowest_stages.get(*base).copied(),
                _ => None,
            };
            lowest_stages.push(below.unwrap_or(stage));
        }
        let failures = dockerfile::failures(&dockerfile, &environments, &bases, &steps);
        let reach = Reach::of(&dockerfile, &failures, check_options.is_ok());
        Ok(Self {
            dockerfile,
            environments,
            bases,
            lowest_stages,
            scripts,
            package_calls,
            diagnosis,
            secrets,
            command_secrets,
            target,
            final_stages,
            built_stages,
            steps,
            default_environments,
            build,
            ignore_file,
            notes,
            context,
            check_options,
            suppressions,
            failures,
            reach,
        })
    }

    pub(super) fn facts(&self) -> lint::Facts<'_> {
        lint::Facts {
            dockerfile: &self.dockerfile,
            environments: &self.environments,
            bases: &self.bases,
            lowest_stages: &self.lowest_stages,
            check_options: self.check_options.as_ref(),
            failures: &self.failures,
            secrets: &self.secrets,
            command_secrets: &self.command_secrets,
            target: self.target,
            final_stages: &self.final_stages,
            built_stages: &self.built_stages,
            steps: &self.steps,
            default_environments: &self.default_environments,
            build: &self.build,
            ignore_file: self.context.as_ref().map_or(self.ignore_file.as_deref(), |c| c.context.ignore_file.as_ref()),
            scripts: &self.scripts,
            package_calls: &self.package_calls,
            shell_diagnostics: &self.diagnosis.diagnostics,
            context: self.context.as_ref().map(|c| lint::ContextFacts {
                context: &c.context,
                folder: &c.folder,
                copied: &c.copied,
                keys: &c.keys,
            }),
        }
    }

    /// What comments of the file ask to leave out.
    pub(super) fn suppressions(&self) -> &[Suppression] {
        &self.suppressions
    }

    /// Whether the file asks BuildKit to fail on its checks (`# check=error=true`), and this is surely a finding of one.
    pub(super) fn fails_build(&self, finding: &Finding) -> bool {
        self.check_options.as_ref().is_ok_and(|options| options.is_error)
            && finding.rule().buildkit_name().is_some()
            && finding.confidence > Confidence::Low
    }

    /// Every secret in the Dockerfile's text, to be masked wherever the text is shown.
    pub(super) fn secret_spans(&self) -> Vec<Span> {
        let in_commands = self.command_secrets.iter().map(|secret| secret.value);
        self.secrets.iter().map(|secret| secret.value).chain(in_commands).collect()
    }

    /// Scripts that were read for shell pitfalls.
    pub(super) fn shell_scripts(&self) -> usize {
        self.diagnosis.scripts
    }

    /// What of it was not looked at.
    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }
}

/// A file that cannot be opened, and is judged by its name alone.
struct Unreadable;

impl Read for Unreadable {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

/// Key files among everything that is copied, each looked at once.
fn key_files(context: &Context, copied: &[Copied]) -> Vec<(usize, KeyHit)> {
    let mut indexes: Vec<usize> =
        copied.iter().flat_map(|c| &c.sources).flat_map(|s| s.files.iter().copied()).collect();
    indexes.sort_unstable();
    indexes.dedup();
    let hit = |index: usize| {
        let path = &context.files.get(index)?.path;
        secrets::key_file(path)?;
        let hit = match context.open_file(index) {
            Ok(mut file) => secrets::classify(path, &mut file)?,
            Err(_) => secrets::classify(path, &mut Unreadable)?,
        };
        Some((index, hit))
    };
    indexes.into_par_iter().filter_map(hit).collect()
}

/// What is known of an image.
pub(super) struct ImageModels {
    pub(super) image: Image,
    pub(super) tree: Tree,
    pub(super) packages: Packages,
    history: PackageHistory,
    pub(super) trace: Option<Trace>,
    base: Option<BaseModels>,
    /// Name and size of the image before.
    previous: Option<(String, u64)>,
    content_patterns: Vec<String>,
    vulnerabilities: Option<Vulnerabilities>,
    registries: Registries,
    notes: Vec<String>,
}

struct BaseModels {
    name: String,
    tree: Tree,
    packages: Packages,
    layers: usize,
    current_layers: Option<usize>,
    platform: Option<String>,
}

/// Files whose content the gates or the readers of packages look at.
fn is_captured(path: &str) -> bool {
    packages::is_wanted(path) || gate::is_looked_at(path)
}

impl ImageModels {
    pub(super) fn collect(
        wanted: &ImageRequest,
        lint: Option<&LintModels>,
        request: &Request<'_>,
    ) -> Result<Self, CheckError> {
        let content_patterns = request.policy.content_patterns();
        let databases = || Wants { capture_if: Some(is_captured), purpose: "gates", ..packages::wants() };
        let wants = Wants {
            content: content_patterns.clone(),
            keys: true,
            secrets: true,
            digests: request.policy.compares_digests(),
            ..databases()
        };
        let options =
            ReadOptions { platform: request.build.platform.clone(), progress: request.progress, cache: request.cache };
        let image = image::read(&wanted.reference, &wants, &options)?;
        let tree = Tree::merge(&image.layers);
        let mut packages = packages::inventory(&tree);
        let history = PackageHistory::of(&image);
        history.place(&mut packages);
        let trace = lint
            .map(|l| trace::trace(&l.dockerfile, request.build.target.as_deref(), &image.config, image.layers.len()));
        let boundary = trace.as_ref().and_then(|t| t.base_layers);
        let base = match &wanted.base {
            Some(reference) => {
                let other = image::read(reference, &packages::wants(), &options)?;
                let same = image.layers.iter().zip(&other.layers).take_while(|(a, b)| a.diff_id == b.diff_id).count();
                let tree = Tree::merge(&other.layers);
                let packages = packages::inventory(&tree);
                Some(BaseModels {
                    name: other.reference,
                    tree,
                    packages,
                    layers: same,
                    current_layers: Some(other.layers.len()),
                    platform: other.config.platform(),
                })
            }
            None => boundary.map(|layers| {
                let tree = Tree::merge(image.layers.get(..layers).unwrap_or_default());
                let packages = packages::inventory(&tree);
                BaseModels { name: base_name(layers), tree, packages, layers, current_layers: None, platform: None }
            }),
        };
        let size = |reference| -> Result<(String, u64), CheckError> {
            let other = image::read(reference, &Wants::default(), &options)?;
            Ok((other.reference, other.layers.iter().map(|layer| layer.size).sum()))
        };
        let previous = wanted.previous.as_ref().map(size).transpose()?;
        let (vulnerabilities, notes) = look_up(&image, &packages, request)?;
        let registries = request.feeds.map(|store| store.registries.clone()).unwrap_or_default();
        Ok(Self {
            image,
            tree,
            packages,
            history,
            trace,
            base,
            previous,
            content_patterns,
            vulnerabilities,
            registries,
            notes,
        })
    }

    pub(super) fn facts<'a>(&'a self, dockerfile: Option<&'a Dockerfile>, today: Date) -> gate::Facts<'a> {
        gate::Facts {
            image: &self.image,
            tree: &self.tree,
            packages: &self.packages,
            package_history: &self.history,
            base: self.base.as_ref().map(|b| gate::BaseFacts {
                name: b.name.clone(),
                tree: &b.tree,
                packages: &b.packages,
                layers: b.layers,
                current_layers: b.current_layers,
                platform: b.platform.clone(),
            }),
            previous: self
                .previous
                .as_ref()
                .map(|(name, size)| gate::PreviousFacts { name: name.clone(), size: *size }),
            dockerfile,
            trace: self.trace.as_ref(),
            content_patterns: &self.content_patterns,
            vulnerabilities: self.vulnerabilities.as_ref(),
            registries: &self.registries,
            today,
        }
    }

    pub(super) fn summary(&self) -> ImageSummary {
        ImageSummary {
            reference: self.image.reference.clone(),
            id: self.image.id.clone(),
            tags: self.image.tags.clone(),
            layers: self.image.layers.len(),
            base_layers: self.base.as_ref().map(|b| b.layers),
            base: self.base.as_ref().map(|b| b.name.clone()),
        }
    }

    /// Whether there is what a rule looks at: without vulnerability data, rules about vulnerabilities look at nothing.
    pub(super) fn has_data_for(&self, rule: &Rule) -> bool {
        let is_about_them = [catalogue::VULNERABLE_PACKAGE, catalogue::DENIED_VULNERABILITY].contains(&rule);
        self.vulnerabilities.is_some() || !is_about_them
    }

    /// What of it was not looked at.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        if let Some(mismatch) = self.trace.as_ref().and_then(|t| t.mismatch.as_ref()) {
            notes.push(format!("the image's history does not follow the Dockerfile whole: {mismatch}"));
        }
        notes
    }
}

/// The known vulnerabilities of an image's packages, where the policy asks for them and there is data, and what of it was not
/// looked up and no rule tells.
fn look_up(
    image: &Image,
    packages: &Packages,
    request: &Request<'_>,
) -> Result<(Option<Vulnerabilities>, Vec<String>), CheckError> {
    let has = |rule| request.policy.checks.iter().any(|c| c.rule == rule && request.selection.takes(rule));
    let is_asked = request
        .policy
        .checks
        .iter()
        .any(|c| c.rule.tags.contains(&"vulnerabilities") && request.selection.takes(c.rule));
    if !is_asked {
        let unused = request.scan_reports.iter();
        let note =
            |r: &ScanReport| format!("the policy asks for no vulnerabilities, so the report of {} is not used", r.name);
        return Ok((None, unused.map(note).collect()));
    }
    let empty = Store::default();
    let store = request.feeds.unwrap_or(&empty);
    let is_told = has(catalogue::VULNERABILITY_DATA_MISSING);
    if store.is_empty() && request.scan_reports.is_empty() {
        let note =
            "packages were not checked for vulnerabilities: there is no vulnerability data; run `dockgate feeds sync`";
        return Ok((None, if is_told { Vec::new() } else { vec![note.to_owned()] }));
    }
    let diff_ids: Vec<String> = image.layers.iter().map(|layer| layer.diff_id.clone()).collect();
    let scanned = Scanned { id: &image.id, diff_ids: &diff_ids };
    let known = feeds::match_packages(store, packages, request.scan_reports, scanned)?;
    let mut notes = known.notes.clone();
    if !is_told {
        notes.extend(known.unmatched.iter().map(|unmatched| {
            let (count, kind) = (unmatched.packages, unmatched.kind.as_str());
            format!("{count} {kind} packages were not checked for vulnerabilities: {}", unmatched.reason)
        }));
    }
    Ok((Some(known), notes))
}

/// What the base found in the image is called.
pub(super) fn base_name(layers: usize) -> String {
    match layers {
        0 => "an empty base".into(),
        1 => "the base (layer 1)".into(),
        n => format!("the base (layers 1 to {n})"),
    }
}
