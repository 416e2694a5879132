//! One file per Dockerfile or context rule: pure functions from models to findings.
//!
//! To add a rule: a page in `rules/lint` or `rules/context`, a file here with the page's name (`_` for `-`) and a
//! function `check`, and its `mod` line.

use std::sync::Arc;

use crate::context::{Context, Copied};
use crate::dockerfile::{Base, Dockerfile, Env, ImageName, Instruction, Keyword, Stage};
use crate::finding::{Finding, Place};
use crate::rule::{Params, Rule};
use crate::secrets::{KeyHit, TextSecret};
use crate::shell::{self, Command, Script};
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
    /// Secrets in the Dockerfile's own text.
    pub secrets: &'a [TextSecret],
    /// The stage that is built: the `--target`, else the last one.
    pub target: Option<usize>,
    /// The commands of each RUN instruction (and shell-form CMD, ENTRYPOINT, HEALTHCHECK), by instruction index.
    pub scripts: &'a [Script],
    /// What is wrong with the code of RUN, sorted by place; empty when no rule of the run asks for it.
    pub shell_diagnostics: &'a [shell::Diagnostic],
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

impl<'a> Facts<'a> {
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

mod exposed_port;
mod key_file_copied;
mod last_user_root;
mod latest_base;
mod missing_from;
mod missing_healthcheck;
mod parse_error;
mod scratch_base;
mod secret_in_env;
mod shell_pitfall;
mod sudo_used;
mod untagged_base;
mod volume_declared;

include!(concat!(env!("OUT_DIR"), "/lint_dispatch.rs"));
