//! One file per Dockerfile or context rule: pure functions from models to findings.
//!
//! To add a rule: a page in `rules/lint` or `rules/context`, a file here with the page's name (`_` for `-`) and a
//! function `check`, and its `mod` line.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::context::IgnoreFile;
use crate::dockerfile::{
    Base, BuildFailure, BuildOptions, CheckOptions, Dockerfile, Env, Expanded, Expander, ImageName, Instruction,
    Keyword, Platform, Setter, Stage, Step, SyntaxError, Word, expand_word,
};
use crate::finding::{Finding, Place};
use crate::rule::{Params, Rule, Severity};
use crate::secrets::{CommandSecret, GivenSecret, TextSecret};
use crate::shell::{self, Command, CommandWord, PackageCall, Script};
use crate::text::{SourceText, Span};

pub use files::{ContextFacts, NotableFile, report_path};
pub use images::{KnownDigest, OutsideImage};
pub use run::Run;

/// What a rule can look at. Everything is computed before the first rule runs.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The Dockerfile.
    pub dockerfile: &'a Dockerfile,
    /// The variables in force before each instruction.
    pub environments: &'a [Env],
    /// What each stage stands on, its variables expanded.
    pub bases: &'a [Base],
    /// For each stage, the one its chain of stages begins with.
    pub lowest_stages: &'a [usize],
    /// What the file asks of BuildKit's checks, or why BuildKit would refuse to read that.
    pub check_options: Result<&'a CheckOptions, &'a SyntaxError>,
    /// Why the build would fail where the file can be read.
    pub failures: &'a [BuildFailure],
    /// Secrets in the Dockerfile's own text.
    pub secrets: &'a [TextSecret],
    /// Passwords that commands are given in so many words.
    pub command_secrets: &'a [CommandSecret],
    /// The stage that is built: the `--target`, else the last one.
    pub target: Option<usize>,
    /// That stage and those it stands on, sorted: what the final image is made of.
    pub final_stages: &'a [usize],
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
    /// What package managers are asked to do in each of the scripts.
    pub package_calls: &'a [Vec<PackageCall>],
    /// What is wrong with the code of RUN, sorted by place; empty when no rule of the run asks for it.
    pub shell_diagnostics: &'a [shell::Diagnostic],
    /// The build context, when the run has one.
    pub context: Option<ContextFacts<'a>>,
    /// Other contexts that the Dockerfile names, by name.
    pub named_contexts: Vec<ContextFacts<'a>>,
    /// Every name that the build has for a context: an image, another target or a folder stands for it, be it read or not.
    pub context_names: &'a BTreeSet<String>,
    /// Where a file gives the build its arguments, by name.
    pub argument_places: &'a BTreeMap<String, Place>,
    /// Arguments of the build that are given secrets.
    pub given_secrets: &'a [GivenSecret],
    /// Digests of images, by the name that [`crate::image::whole_name`] gives.
    pub digests: &'a BTreeMap<String, KnownDigest>,
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

    /// The rule that is run.
    pub fn rule(&self) -> &'static Rule {
        self.rule
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

    /// A text's value in an environment; `None` when it cannot be expanded.
    pub fn expanded_in(&self, text: &str, env: &Env) -> Option<String> {
        expand_word(text, env, self.dockerfile.escape).ok().map(|expanded| expanded.text)
    }

    /// The stage that a stage's chain of stages begins with: the one that stands on no other.
    pub fn lowest(&self, stage: usize) -> Option<&'a Stage> {
        self.dockerfile.stages.get(*self.lowest_stages.get(stage)?)
    }

    /// The stage that a stage is FROM.
    pub fn base_stage(&self, stage: usize) -> Option<usize> {
        match self.bases.get(stage)? {
            Base::Stage(base) if *base < stage => Some(*base),
            _ => None,
        }
    }

    /// Whether everything a stage stands on is in this file: it comes from scratch, so that its environment is known.
    pub fn is_from_scratch(&self, stage: usize) -> bool {
        self.lowest(stage).is_some_and(|lowest| self.bases.get(lowest.index) == Some(&Base::Scratch))
    }

    /// The platform a stage's image is asked for with `--platform`, and where it is written; `None` for the default.
    pub fn platform_of(&self, stage: &Stage) -> Option<Platform> {
        let flag = self.dockerfile.instructions.get(stage.from)?.flag_value("platform")?;
        Platform::parse(&self.expanded_in(&flag.text, self.environments.get(stage.from)?)?)
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

    /// The instructions with this keyword and their indexes, in the order of the file. What an ONBUILD holds is not
    /// among them.
    pub fn instructions_of(&self, keyword: Keyword) -> impl Iterator<Item = (usize, &'a Instruction)> + use<'a> {
        self.dockerfile.instructions.iter().enumerate().filter(move |(_, i)| i.keyword == keyword)
    }

    /// A word of an instruction as BuildKit expands it; a reference to a variable without a value stays as it is
    /// written, and the variable is among [`Expanded::missing`]. `None` for a malformed word.
    pub fn expanded(&self, instruction: usize, word: &Word) -> Option<Expanded> {
        let env = self.environments.get(instruction)?;
        Expander::new(env, self.dockerfile.escape).keep_missing().word(&word.text).ok()
    }

    /// Whether an expanded word of an instruction depends on the build: on an ARG, whose value a build may set, or on a
    /// variable that has no value in the file.
    pub fn is_left_open(&self, instruction: usize, expanded: &Expanded) -> bool {
        let is_argument = |name: &String| {
            let variable = self.environments.get(instruction).and_then(|env| env.variable(name));
            variable.is_some_and(|variable| matches!(variable.setter, Setter::Arg(_)))
        };
        !expanded.missing.is_empty() || expanded.matched.iter().chain(&expanded.unmatched).any(is_argument)
    }

    /// The text of [`Facts::expanded`]; of a malformed word what is left without its outer quotes.
    pub fn text_of(&self, instruction: usize, word: &Word) -> String {
        match self.expanded(instruction, word) {
            Some(expanded) => expanded.text,
            None => word.text.trim_matches(['"', '\'']).to_owned(),
        }
    }

    /// Every RUN, those that ONBUILD leaves to a child build included, in the order of the file.
    pub fn runs(&self) -> impl Iterator<Item = Run<'a>> + use<'a> {
        let (dockerfile, environments) = (self.dockerfile, self.environments);
        self.scripts
            .iter()
            .zip(self.package_calls)
            .filter_map(move |(script, calls)| run::of(dockerfile, environments, script, calls))
    }

    /// The RUN that an instruction is, or that an ONBUILD holds.
    pub fn run_of(&self, instruction: usize) -> Option<Run<'a>> {
        let at = self.scripts.binary_search_by_key(&instruction, |script| script.instruction).ok()?;
        run::of(self.dockerfile, self.environments, self.scripts.get(at)?, self.package_calls.get(at)?)
    }

    /// The commands of every RUN, those inside ONBUILD included, in the order of the file.
    pub fn run_commands(&self) -> impl Iterator<Item = &'a Command> {
        self.runs().flat_map(|run| &run.script.commands)
    }

    /// The RUNs whose files stay in an image: in the stage that is built and those below it, and from ONBUILD in that of a
    /// child build. Files in other stages are dropped with them; `takes_all` takes those as well.
    pub fn kept_runs(&self, takes_all: bool) -> impl Iterator<Item = Run<'a>> {
        let final_stages = self.final_stages;
        let is_final = move |stage: usize| final_stages.binary_search(&stage).is_ok();
        self.runs().filter(move |run| takes_all || run.is_trigger || run.instruction.stage.is_none_or(is_final))
    }

    /// The scripts of every RUN, those of ONBUILD included, in the order of the file.
    pub fn run_scripts(&self) -> impl Iterator<Item = &'a Script> {
        let dockerfile = self.dockerfile;
        let is_run = move |script: &&Script| {
            dockerfile.instructions.get(script.instruction).is_some_and(|i| i.innermost().keyword == Keyword::Run)
        };
        self.scripts.iter().filter(is_run)
    }

    /// Where `part` stands in a word; the whole word when it is not written there in one piece.
    pub fn part_of(&self, word: &CommandWord, part: &str) -> Span {
        let written = self.dockerfile.source.slice(word.span);
        let found = written.find(part).map(|at| word.span.start + at);
        found.map_or(word.span, |start| Span::new(start, start + part.len()))
    }

    /// The finding as it is where its place belongs to the final image, else as information: what another stage does to
    /// itself ships only as far as its files are copied.
    pub fn if_shipped(&self, finding: Finding) -> Finding {
        let instruction = self.dockerfile.instruction_at(finding.place().span().start);
        let stage = instruction.and_then(|index| self.dockerfile.instructions.get(index)?.stage);
        match stage.is_some_and(|stage| self.final_stages.binary_search(&stage).is_ok()) {
            true => finding,
            false => finding.severity(Severity::Info),
        }
    }

    /// The stages that name an image outside the file, with the image, its variables expanded. A variable without a
    /// value stays as it is written: see [`ImageName::missing`].
    pub fn base_images(&self) -> impl Iterator<Item = (&'a Stage, ImageName)> {
        let is_image = |base: &Base| matches!(base, Base::Image(_) | Base::Unknown);
        self.dockerfile.stages.iter().zip(self.bases).filter(move |(_, base)| is_image(base)).filter_map(
            |(stage, _)| Some((stage, self.dockerfile.base_image(stage, self.environments.get(stage.from)?)?)),
        )
    }
}

mod add_remote_without_checksum;
mod apk_no_cache_missing;
mod apk_version_unpinned;
mod apt_key_used;
mod apt_lists_left;
mod apt_recommends_installed;
mod apt_used;
mod apt_version_unpinned;
mod apt_yes_missing;
mod build_arg_secret;
mod cache_mount_possible;
mod cd_used;
mod chain;
mod chmod_777;
mod consecutive_runs;
mod constant_platform;
mod copied_archive;
mod copied_file_missing;
mod copy_from_own_stage;
mod copy_target_not_folder;
mod curl_pipe_shell;
mod custom_instruction;
mod dnf_cache_left;
mod dnf_version_unpinned;
mod dnf_yes_missing;
mod dockerignore_missing;
mod dockerignore_unused_pattern;
mod dotenv_copied;
mod duplicate_instruction;
mod duplicate_stage_name;
pub(crate) mod edits;
mod empty_continuation;
mod empty_label;
mod engine_compat;
mod env_used_where_defined;
mod exposed_port;
mod exposed_spec;
mod fetch;
mod file_mode;
mod files;
mod fixed_user_password;
mod forbidden_onbuild;
mod gem_version_unpinned;
mod git_clone_unpinned;
mod git_directory_copied;
mod go_version_unpinned;
mod host_command;
mod ignored_by_git_but_copied;
mod ignored_file_copied;
mod images;
mod inline_ignore_used;
mod insecure_download;
mod invalid_default_base;
mod invalid_label_key;
mod invalid_port;
mod keep_out;
mod key_file_copied;
mod label_not_email;
mod label_not_git_hash;
mod label_not_rfc3339;
mod label_not_semver;
mod label_not_spdx;
mod label_not_url;
mod labels;
mod last_user_root;
mod latest_base;
mod legacy_key_value;
mod maintainer_used;
mod misleading_description;
mod missing_from;
mod missing_healthcheck;
mod missing_label;
mod mixed_from_casing;
mod mixed_instruction_casing;
mod needless_add;
mod non_numeric_user;
mod npm_version_unpinned;
mod oversized_context;
mod package_manager;
mod package_upgrade;
mod parse_error;
mod passwordless_sudo;
mod pip_cache_left;
mod pip_version_unpinned;
mod pipefail_missing;
mod redundant_target_platform;
mod references;
mod relative_copy_without_workdir;
mod relative_workdir;
mod reserved_stage_name;
mod rpm;
mod run;
mod scratch_base;
mod secret_in_context;
mod secret_in_env;
mod secret_in_run;
mod secret_mount;
mod setuid_bit_set;
mod sh_replaced;
mod shell_form_command;
mod shell_pitfall;
mod ssh_host_key_checking_off;
mod ssh_root_login;
mod ssh_server_installed;
mod stages;
mod sudo_used;
mod through_shell;
mod undefined_arg_in_from;
mod undefined_variable;
mod unknown_copy_source;
mod unknown_label;
mod unpinned_base;
mod untagged_base;
mod untrusted_registry;
mod update_without_install;
mod uppercase_stage_name;
mod useradd_high_uid;
mod volume_declared;
mod wget_and_curl;
mod wget_progress_shown;
mod whole_context_copied;
mod whole_stage_copied;
mod workdir_relative_to_base;
mod world_writable_copy;
mod written;
mod yarn_cache_left;
mod yum_cache_left;
mod yum_version_unpinned;
mod yum_yes_missing;
mod zypper_cache_left;
mod zypper_dist_upgrade;
mod zypper_version_unpinned;
mod zypper_yes_missing;

include!(concat!(env!("OUT_DIR"), "/lint_dispatch.rs"));
