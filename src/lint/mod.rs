//! One file per Dockerfile or context rule: pure functions from models to findings.
//!
//! To add a rule: a page in `rules/lint` or `rules/context`, a file here with the page's name (`_` for `-`) and a
//! function `check`, and its `mod` line.

use std::sync::Arc;

use crate::context::{Context, Copied, IgnoreFile};
use crate::dockerfile::{
    Base, BuildFailure, BuildOptions, CheckOptions, Dockerfile, Env, ImageName, Instruction, Keyword, Platform, Stage,
    Step, SyntaxError, expand_word,
};
use crate::finding::{Finding, Place};
use crate::rule::{Params, Rule};
use crate::secrets::{KeyHit, TextSecret};
use crate::shell::{Command, Script};
use crate::text::{SourceText, Span};

/// What a rule can look at. Everything is computed before the first rule runs.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The Dockerfile.
    pub dockerfile: &'a Dockerfile,
    /// The variables in force before each instruction.
    pub environments: &'a [Env],
    /// What each stage stands on, its variables expanded.
    pub bases: &'a [Base],
    /// What the file asks of BuildKit's checks, or why BuildKit would refuse to read that.
    pub check_options: Result<&'a CheckOptions, &'a SyntaxError>,
    /// Why the build would fail where the file can be read.
    pub failures: &'a [BuildFailure],
    /// Secrets in the Dockerfile's own text.
    pub secrets: &'a [TextSecret],
    /// The stage that is built: the `--target`, else the last one.
    pub target: Option<usize>,
    /// The stages that are looked at, sorted: those the `--target` needs, every one without a target.
    pub built_stages: &'a [usize],
    /// What the build of these does, in order.
    pub steps: &'a [Step],
    /// As [`Facts::environments`], had the build no arguments.
    pub default_environments: &'a [Env],
    /// How the file is built.
    pub build: &'a BuildOptions,
    /// The ignore file in force.
    pub ignore_file: Option<&'a IgnoreFile>,
    /// The commands of each RUN instruction (and shell-form CMD, ENTRYPOINT, HEALTHCHECK), by instruction index.
    pub scripts: &'a [Script],
    /// The build context, when the run has one.
    pub context: Option<ContextFacts<'a>>,
}

/// What a context rule can look at.
#[derive(Debug)]
pub struct ContextFacts<'a> {
    /// The context.
    pub context: &'a Context,
    /// The context's folder as reports print it; empty when it is the folder paths are relative to.
    pub folder: &'a str,
    /// What each COPY and ADD takes.
    pub copied: &'a [Copied],
    /// Key files among what is copied, by index into [`Context::files`], sorted.
    pub keys: &'a [(usize, KeyHit)],
}

impl ContextFacts<'_> {
    /// A file of the context as reports print it.
    pub fn report_path(&self, path: &str) -> String {
        match self.folder {
            "" | "." => path.to_owned(),
            folder => format!("{folder}/{path}"),
        }
    }
}

/// Where a rule reports to.
#[derive(Debug)]
pub struct Reporter<'a> {
    rule: &'static Rule,
    params: &'a Params,
    source: &'a Arc<SourceText>,
    findings: Vec<Finding>,
}

impl<'a> Reporter<'a> {
    /// A reporter for one run of one rule over one Dockerfile.
    pub fn new(rule: &'static Rule, params: &'a Params, source: &'a Arc<SourceText>) -> Self {
        Self { rule, params, source, findings: Vec::new() }
    }

    /// The rule's parameters.
    pub fn params(&self) -> &'a Params {
        self.params
    }

    /// Starts a finding at a span of the Dockerfile; give it to [`Reporter::push`].
    pub fn at(&self, span: Span, message: impl Into<String>) -> Finding {
        Finding::new(self.rule, self.place(span), message)
    }

    /// Starts a finding at a span of what a step runs. Of what an ONBUILD holds, it is at the FROM of the stage it happens
    /// in: whoever writes that line gets it.
    pub fn at_step(&self, step: &StepNode<'_>, span: Span, message: impl Into<String>) -> Finding {
        match step.trigger_of {
            Some(stage) => {
                self.at(stage.base.span, message).related(self.place(span), "an ONBUILD of the base asks for it")
            }
            None => self.at(span, message),
        }
    }

    /// A place in the Dockerfile.
    pub fn place(&self, span: Span) -> Place {
        Place::source(self.source, span)
    }

    /// Reports a finding.
    pub fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// What was reported, in the order it was.
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}

/// A step with the instruction it runs.
#[derive(Clone, Copy, Debug)]
pub struct StepNode<'a> {
    /// The step.
    pub step: &'a Step,
    /// The instruction.
    pub node: &'a Instruction,
    /// For what an ONBUILD holds: the stage it happens in.
    pub trigger_of: Option<&'a Stage>,
}

impl<'a> Facts<'a> {
    /// The steps, with their instructions.
    pub fn step_nodes(&self) -> impl Iterator<Item = StepNode<'a>> + use<'a> {
        let dockerfile = self.dockerfile;
        self.steps.iter().filter_map(move |step| {
            let trigger_of = dockerfile.stages.get(step.stage).filter(|_| step.is_trigger);
            Some(StepNode { step, node: step.node(dockerfile)?, trigger_of })
        })
    }

    /// Whether the build makes a stage.
    pub fn is_built(&self, stage: usize) -> bool {
        self.built_stages.binary_search(&stage).is_ok()
    }

    /// The word's value before an instruction; `None` when it cannot be expanded.
    pub fn expanded(&self, text: &str, env: &Env) -> Option<String> {
        expand_word(text, env, self.dockerfile.escape).ok().map(|expanded| expanded.text)
    }

    /// Whether everything a stage stands on is in this file: it comes from scratch, so that its environment is known.
    pub fn is_from_scratch(&self, stage: usize) -> bool {
        let chain = self.dockerfile.stage_chain(stage);
        chain.last().is_some_and(|first| self.bases.get(*first) == Some(&Base::Scratch))
    }

    /// The platform a stage's image is asked for with `--platform`, and where it is written; `None` for the default.
    pub fn platform_of(&self, stage: &Stage) -> Option<Platform> {
        let flag = self.dockerfile.instructions.get(stage.from)?.flag_value("platform")?;
        Platform::parse(&self.expanded(&flag.text, self.environments.get(stage.from)?)?)
    }

    /// Instructions of the final image, oldest first, with their indexes: those of the stage that is built and of the
    /// earlier stages it stands on.
    pub fn final_instructions(&self) -> impl Iterator<Item = (usize, &'a Instruction)> {
        let chain = self.target.map(|stage| self.dockerfile.stage_chain(stage)).unwrap_or_default();
        let dockerfile = self.dockerfile;
        chain.into_iter().rev().filter_map(|stage| dockerfile.stages.get(stage)).flat_map(move |stage| {
            stage.instructions.clone().filter_map(move |i| Some((i, dockerfile.instructions.get(i)?)))
        })
    }

    /// The commands of every RUN, in the order of the file.
    pub fn run_commands(&self) -> impl Iterator<Item = &'a Command> {
        let dockerfile = self.dockerfile;
        let is_run =
            move |s: &&Script| dockerfile.instructions.get(s.instruction).is_some_and(|i| i.keyword == Keyword::Run);
        self.scripts.iter().filter(is_run).flat_map(|s| &s.commands)
    }

    /// The stages that name an image outside the file, with the image, its variables expanded.
    pub fn base_images(&self) -> impl Iterator<Item = (&'a Stage, ImageName)> {
        self.dockerfile.stages.iter().zip(self.bases).filter(|(_, base)| matches!(base, Base::Image(_))).filter_map(
            |(stage, _)| Some((stage, self.dockerfile.base_image(stage, self.environments.get(stage.from)?)?)),
        )
    }
}

mod constant_platform;
mod duplicate_instruction;
mod duplicate_stage_name;
mod empty_continuation;
mod exposed_port;
mod exposed_spec;
mod ignored_file_copied;
mod invalid_default_base;
mod key_file_copied;
mod last_user_root;
mod latest_base;
mod legacy_key_value;
mod maintainer_used;
mod misleading_description;
mod missing_from;
mod missing_healthcheck;
mod mixed_from_casing;
mod mixed_instruction_casing;
mod parse_error;
mod redundant_target_platform;
mod references;
mod reserved_stage_name;
mod scratch_base;
mod secret_in_env;
mod shell_form_command;
mod sudo_used;
mod undefined_arg_in_from;
mod undefined_variable;
mod untagged_base;
mod uppercase_stage_name;
mod volume_declared;
mod workdir_relative_to_base;

include!(concat!(env!("OUT_DIR"), "/lint_dispatch.rs"));
