//! The models a run is made on, computed once before the first rule runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::attested::SbomSummary;
use super::base::{self, BaseModels};
use super::buildkit::Reach;
use super::contexts::{Asks, ContextModels, Contexts};
use super::digests::GivenBase;
use super::report::ImageSummary;
use super::request::{Build, CheckError, ContextRequest, ImageRequest, Request};
use super::suppress::{self, Suppression};
use crate::context::{self, IgnoreFile, NamedPaths};
use crate::dockerfile::{self, Base, BuildFailure, BuildOptions, CheckOptions, Dockerfile, Env, Step, SyntaxError};
use crate::feeds::{self, Registries, ScanReport, Scanned, Store, Vulnerabilities};
use crate::finding::{Finding, Place};
use crate::image::{self, BaseIdentity, Image, ReadOptions, Tree, Wants};
use crate::lint::KnownDigest;
use crate::packages::{self, PackageHistory, Packages, Recorded};
use crate::policy::Date;
use crate::rule::{Confidence, Rule, catalogue};
use crate::secrets::{self, CommandSecret, GivenSecret, TextSecret};
use crate::shell::{self, Diagnosis, Linter, PackageCall, Script};
use crate::text::Span;
use crate::trace::{self, Copies, Foreign, Trace};
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
    /// The main context.
    pub(super) context: Option<ContextModels>,
    /// Those the Dockerfile names, by name.
    named_contexts: Vec<ContextModels>,
    /// Names that the build has for contexts, whatever they are.
    context_names: BTreeSet<String>,
    argument_places: BTreeMap<String, Place>,
    /// Build arguments that are given secrets.
    given_secrets: Vec<GivenSecret>,
    /// Digests of images, by the image's whole name.
    pub(super) digests: BTreeMap<String, KnownDigest>,
    /// What the file asks of BuildKit's checks, or why BuildKit would refuse to read that.
    pub(super) check_options: Result<CheckOptions, SyntaxError>,
    suppressions: Vec<Suppression>,
    failures: Vec<BuildFailure>,
    /// How far BuildKit's own checks come.
    pub(super) reach: Reach,
}

impl LintModels {
    /// What is known of a Dockerfile. `linter` reads its shell code; without one nobody asks for that. What the contexts
    /// hold is not searched yet.
    pub(super) fn collect(
        wanted: &Build,
        request: &Request<'_>,
        contexts: &Contexts,
        linter: Option<&Linter<'_>>,
        asks: Asks<'_>,
    ) -> Result<Self, CheckError> {
        let (source, options) = (&wanted.dockerfile, &wanted.options);
        let dockerfile = dockerfile::parse(source);
        let environments = dockerfile::environments(&dockerfile, options);
        let target = dockerfile.target_stage(options.target.as_deref()).map(|stage| stage.index);
        if let (None, Some(target)) = (target, &options.target) {
            return Err(CheckError::NoStage { path: source.path().to_owned(), target: target.clone() });
        }
        let mut final_stages = target.map(|stage| dockerfile.stage_chain(stage)).unwrap_or_default();
        final_stages.sort_unstable();
        let bases = dockerfile::bases(&dockerfile, options);
        let scripts = shell::scripts(&dockerfile);
        let package_calls = shell::package_calls(&scripts, &environments);
        let diagnosis = linter.map(|linter| linter.diagnose(&dockerfile, &scripts, &environments)).unwrap_or_default();
        let secrets = secrets::in_dockerfile(&dockerfile);
        let command_secrets = secrets::in_commands(&scripts);
        let models = |wanted: &ContextRequest, name: Option<&str>| {
            contexts.models(wanted, name, |context| {
                let copied = context::copied_from(&dockerfile, &environments, context, name);
                let named = NamedPaths::of(&dockerfile, &environments, &copied, name);
                (copied, named)
            })
        };
        let context = wanted.context.as_ref().and_then(|wanted| models(wanted, None));
        let named_contexts = wanted.named_contexts.iter();
        let named_contexts = named_contexts.filter_map(|(name, wanted)| models(wanted, Some(name))).collect();
        let build = options.clone();
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
        notes.extend(diagnosis.problems.iter().cloned());
        let check_options = dockerfile.check_options(options);
        let no_options = CheckOptions::default();
        let suppressions =
            suppress::suppressions(&dockerfile, check_options.as_ref().unwrap_or(&no_options), request.policy);
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
            named_contexts,
            context_names: wanted.named_contexts.keys().chain(&wanted.foreign_contexts).cloned().collect(),
            argument_places: wanted.argument_places.clone(),
            given_secrets: match asks(catalogue::BUILD_ARG_SECRET) {
                true => secrets::in_arguments(&options.build_args),
                false => Vec::new(),
            },
            digests: BTreeMap::new(),
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
            context: self.context.as_ref().map(ContextModels::facts),
            named_contexts: self.named_contexts.iter().map(ContextModels::facts).collect(),
            context_names: &self.context_names,
            argument_places: &self.argument_places,
            given_secrets: &self.given_secrets,
            digests: &self.digests,
        }
    }

    /// The main context and those the Dockerfile names.
    pub(super) fn contexts(&self) -> impl Iterator<Item = &ContextModels> {
        self.context.iter().chain(&self.named_contexts)
    }

    /// The same, to put into them what was found.
    pub(super) fn contexts_mut(&mut self) -> impl Iterator<Item = &mut ContextModels> {
        self.context.iter_mut().chain(&mut self.named_contexts)
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
        self.notes.iter().cloned().chain(self.contexts().flat_map(ContextModels::notes)).collect()
    }
}

/// What is known of an image.
pub(super) struct ImageModels {
    pub(super) image: Image,
    pub(super) tree: Tree,
    pub(super) packages: Packages,
    history: PackageHistory,
    /// What is recorded of the files of packages, when a rule asks for it.
    recorded: Option<Recorded>,
    pub(super) trace: Option<Trace>,
    /// The builder, where it is one that reads no Dockerfile.
    foreign: Option<Foreign>,
    /// Whether the build context is at hand.
    has_context: bool,
    base: Option<BaseModels>,
    /// The base, by what is said of it.
    identity: Option<BaseIdentity>,
    /// Name and size of the image before.
    previous: Option<(String, u64)>,
    content_patterns: Vec<String>,
    vulnerabilities: Option<Vulnerabilities>,
    registries: Registries,
    notes: Vec<String>,
}

/// Files whose content the gates or the readers of packages look at.
fn is_captured(path: &str) -> bool {
    packages::is_wanted(path) || gate::is_looked_at(path)
}

/// The same, and what is recorded of the files of packages.
fn is_captured_for_records(path: &str) -> bool {
    is_captured(path) || packages::is_record(path)
}

impl ImageModels {
    pub(super) fn collect(
        wanted: &ImageRequest,
        lint: Option<&LintModels>,
        request: &Request<'_>,
    ) -> Result<Self, CheckError> {
        let content_patterns = request.policy.content_patterns();
        let databases =
            || Wants { capture_if: Some(is_captured), purpose: "gates, accounts behind links", ..packages::wants() };
        let with_records = || Wants {
            capture_if: Some(is_captured_for_records),
            purpose: "gates, accounts behind links, records",
            checksums: true,
            ..databases()
        };
        let is_verified = request.asks_for(catalogue::PACKAGE_FILE_ALTERED);
        let wants = Wants {
            content: content_patterns.clone(),
            keys: true,
            secrets: true,
            digests: is_verified || request.policy.compares_digests(),
            ..if is_verified { with_records() } else { databases() }
        };
        let options =
            ReadOptions { platform: request.build.platform.clone(), progress: request.progress, cache: request.cache };
        let image = image::read(&wanted.reference, &wants, &options)?;
        let (history, tree) = PackageHistory::of(&image);
        let mut packages = packages::inventory(&tree);
        history.place(&mut packages);
        let recorded = is_verified.then(|| packages::recorded(&tree, &packages));
        let foreign = trace::foreign(&image.config, &image.layers);
        // An image that no Dockerfile made has nothing to do with the one at hand.
        let trace = lint
            .filter(|_| foreign.is_none())
            .map(|l| trace::trace(&l.dockerfile, request.build.target.as_deref(), &image.config, image.layers.len()));
        let boundary = trace.as_ref().map_or(foreign.and_then(|f| f.base_layers), |t| t.base_layers);
        let identity = base::identity(&image, lint.map(|l| &l.dockerfile), trace.as_ref()).cloned();
        let base = BaseModels::find(wanted, &image, boundary, identity.as_ref(), &options)?;
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
            recorded,
            trace,
            foreign,
            has_context: lint.is_some_and(|lint| lint.contexts().next().is_some()),
            base,
            identity,
            previous,
            content_patterns,
            vulnerabilities,
            registries,
            notes,
        })
    }

    /// The Dockerfile among `lint` that the image may have been built from.
    pub(super) fn dockerfile<'a>(&self, lint: Option<&'a LintModels>) -> Option<&'a Dockerfile> {
        lint.filter(|_| self.foreign.is_none()).map(|lint| &lint.dockerfile)
    }

    /// What the COPYs of that Dockerfile put where.
    pub(super) fn copies<'a>(&'a self, lint: Option<&'a LintModels>, build: &BuildOptions) -> Option<Copies<'a>> {
        let (lint, _) = lint.zip(self.trace.as_ref())?;
        let sources = lint.contexts().map(ContextModels::sources).collect();
        let working_dir = &self.image.config.config.working_dir;
        let target = build.target.as_deref();
        Some(Copies::new(&lint.dockerfile, target, &lint.environments, sources, &self.tree, working_dir))
    }

    pub(super) fn facts<'a>(
        &'a self,
        dockerfile: Option<&'a Dockerfile>,
        copies: Option<&'a Copies<'a>>,
        today: Date,
    ) -> gate::Facts<'a> {
        gate::Facts {
            image: &self.image,
            tree: &self.tree,
            packages: &self.packages,
            package_history: &self.history,
            recorded: self.recorded.as_ref(),
            base: self.base.as_ref().map(BaseModels::facts),
            previous: self
                .previous
                .as_ref()
                .map(|(name, size)| gate::PreviousFacts { name: name.clone(), size: *size }),
            dockerfile,
            trace: self.trace.as_ref(),
            copies,
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
            base_layers: self.base_layers(),
            base: self.base.as_ref().map(|b| b.name.clone()),
            base_identity: self.identity.clone(),
            provenance: self.image.attestations.has_provenance,
            sboms: SbomSummary::all(&self.image, &self.packages),
        }
    }

    /// The base that was named, as it is called.
    pub(super) fn given_base(&self) -> Option<&GivenBase> {
        self.base.as_ref()?.given.as_ref()
    }

    /// Leading layers that are the base's, when known.
    pub(super) fn base_layers(&self) -> Option<usize> {
        self.base.as_ref().map(|b| b.layers)
    }

    /// Whether there is what a rule looks at: without vulnerability data, rules about vulnerabilities look at nothing.
    pub(super) fn has_data_for(&self, rule: &Rule) -> bool {
        let is_about_them = [catalogue::VULNERABLE_PACKAGE, catalogue::DENIED_VULNERABILITY].contains(&rule);
        self.vulnerabilities.is_some() || !is_about_them
    }

    /// What of it was not looked at.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.image.notes.iter().chain(&self.notes).cloned().collect();
        if let Some(foreign) = self.foreign {
            let builder = foreign.builder;
            notes.push(format!(
                "no Dockerfile made this image: {builder} did, so what is found in it stands at its layers and at no line"
            ));
        }
        notes.extend(SbomSummary::all(&self.image, &self.packages).iter().filter_map(SbomSummary::note));
        notes.extend(self.recorded.iter().flat_map(Recorded::notes));
        let Some(trace) = &self.trace else { return notes };
        match (&trace.mismatch, trace.base_layers) {
            (Some(mismatch), Some(_)) => {
                notes.push(format!("the image's history does not follow the Dockerfile whole: {mismatch}"));
            }
            (Some(mismatch), None) => {
                notes.push(format!("the image does not come from this Dockerfile as it is: {mismatch}"))
            }
            (None, _) => {}
        }
        if trace.is_merged {
            let whole = if trace.base_layers.is_none() { ", its base among them," } else { "" };
            let without = match self.has_context {
                true => "",
                false => "; `dockgate check CONTEXT --image IMAGE` finds more lines, because it knows what they copy",
            };
            notes.push(format!(
                "a layer of the image holds the work of several instructions{whole} so its files are traced one by one to the \
                 COPY and ADD lines that bring them; what no line is found for stands at the layer{without}"
            ));
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
    let is_told = request.asks_for(catalogue::VULNERABILITY_DATA_MISSING);
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
