//! What the options that several commands share come to.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::args::{self, BuildArgs, CommonArgs, RegistryArgs};
use super::git::Commit;
use super::sink::FileOutput;
use super::{CliError, policies, shellcheck};
use crate::check::{CheckError, ImageRequest, Selection};
use crate::dockerfile::BuildOptions;
use crate::image::{ImageReference, RegistryAccess};
use crate::output;
use crate::policy::{self, Baseline, Policy};
use crate::rule::{Rule, Target};

/// What `--platform` says when every platform of an image is to be judged.
pub(super) const ALL_PLATFORMS: &str = "all";

/// What the common options come to.
pub(super) struct Ready {
    pub(super) policy: Policy,
    pub(super) fail_on: policy::FailOn,
    pub(super) format: output::Format,
    pub(super) outputs: Vec<FileOutput>,
    pub(super) trigger_ids: bool,
    pub(super) baseline: Option<Baseline>,
    /// With what was there before a change the run is held against, in words; `None` where what is hidden is lived with.
    pub(super) new_only: Option<String>,
    /// The commit that the change is made to.
    pub(super) base: Option<Commit>,
    pub(super) write_baseline: Option<PathBuf>,
    pub(super) sarif: output::Profile,
    pub(super) category: Option<String>,
    pub(super) selection: Selection,
    pub(super) build: BuildOptions,
    /// The version of the `shellcheck` to run.
    pub(super) shellcheck: Option<String>,
}

impl Ready {
    pub(super) fn new(common: &CommonArgs, build: BuildArgs, image: Option<&ImageRequest>) -> Result<Self, CliError> {
        let outputs = common.outputs.iter().map(|o| FileOutput::parse(o)).collect::<Result<_, _>>()?;
        let is_all = build.platform.as_deref() == Some(ALL_PLATFORMS);
        if is_all && image.is_none() {
            let wanted = "of use without an image, which has platforms".to_owned();
            return Err(CliError::Argument { what: "--platform", value: ALL_PLATFORMS.to_owned(), wanted });
        }
        let previous = image.and_then(|image| image.previous.as_ref()).map(ToString::to_string);
        let before = [common.base_ref.as_ref(), previous.as_ref(), common.baseline.as_ref()];
        let before: Vec<&str> = before.into_iter().flatten().map(String::as_str).collect();
        if common.new_only && before.is_empty() {
            return Err(CliError::NothingBefore);
        }
        let platform = build.platform.as_deref().filter(|_| !is_all);
        let mut policy = policies::in_force(&common.policies, image, platform)?;
        let selection = selection(&policy, &common.select, &common.ignore)?;
        policy.take_in(&selection.select);
        let format = common.format.unwrap_or_else(|| wished_format(&mut policy));
        Ok(Self {
            policy,
            format,
            fail_on: common.fail_on.into(),
            outputs,
            trigger_ids: common.show_trigger_ids,
            baseline: common.baseline.as_ref().map(|path| policies::baseline(&common.policies, path)).transpose()?,
            new_only: common.new_only.then(|| before.join(", ")),
            base: common.base_ref.as_deref().map(|reference| Commit::find("--base-ref", reference)).transpose()?,
            write_baseline: common.write_baseline.clone(),
            sarif: common.sarif_profile.profile(),
            category: common.category.clone().filter(|category| !category.trim().is_empty()),
            selection,
            shellcheck: match common.shellcheck {
                args::ShellCheck::Never => None,
                args::ShellCheck::Auto => shellcheck::version().ok(),
                args::ShellCheck::Always => {
                    Some(shellcheck::version().map_err(|reason| CliError::NoShellCheck { reason })?)
                }
            },
            build: build_options(&build)?,
        })
    }
}

/// The format a hadolint configuration asks for, else text. One that is not written here is told.
fn wished_format(policy: &mut Policy) -> output::Format {
    let Some(name) = &policy.wishes.format else { return output::Format::TEXT };
    output::Format::of_hadolint(name).unwrap_or_else(|| {
        policy.notes.push(format!("`{name}` is not a format of this version, so the report is text"));
        output::Format::TEXT
    })
}

/// How the image is built.
pub(super) fn build_options(build: &BuildArgs) -> Result<BuildOptions, CliError> {
    let build_args = build_args(&build.build_args)?;
    Ok(BuildOptions { build_args, target: build.target.clone(), platform: build.platform.clone() })
}

/// The image, and those to compare it with.
pub(super) fn image_request(
    image: Option<&str>,
    base: Option<&str>,
    previous: Option<&str>,
    registries: &RegistryArgs,
) -> Result<Option<ImageRequest>, CliError> {
    let access = registry_access(registries);
    let parse = |text: &str| match ImageReference::parse(text) {
        Ok(reference) => Ok(reference.with_access(access.clone())),
        Err(error) => Err(CliError::Check(CheckError::Image(error))),
    };
    let Some(image) = image else {
        let lone =
            [("--base", base), ("--previous", previous)].into_iter().find_map(|(what, value)| Some((what, value?)));
        return lone.map_or(Ok(None), |(what, value)| {
            let wanted = "of use without --image, the image to compare with it".to_owned();
            Err(CliError::Argument { what, value: value.to_owned(), wanted })
        });
    };
    let (base, previous) = (base.map(parse).transpose()?, previous.map(parse).transpose()?);
    Ok(Some(ImageRequest { reference: parse(image)?, base, previous }))
}

/// How registries are spoken to.
pub(super) fn registry_access(registries: &RegistryArgs) -> RegistryAccess {
    RegistryAccess { insecure: registries.insecure.clone(), authorities: registries.authorities.clone() }
}

/// Rules chosen by hand; with those that are selected go the rules that tell what could not be looked at for them.
pub(super) fn selection(policy: &Policy, select: &[String], ignore: &[String]) -> Result<Selection, CliError> {
    let mut select = named_rules(policy, select)?;
    let tellers: Vec<&Rule> = select.iter().flat_map(|target| policy::tellers(target.rule)).collect();
    select.extend(tellers.into_iter().map(Target::from));
    Ok(Selection { select, ignore: named_rules(policy, ignore)? })
}

/// The rules that names mean under a policy.
fn named_rules(policy: &Policy, names: &[String]) -> Result<Vec<Target>, CliError> {
    let mut found = Vec::new();
    for name in names {
        let named = policy.targets(name.trim());
        if named.is_empty() {
            return Err(CliError::UnknownRule { name: name.clone(), similar: policy.similar(name) });
        }
        found.extend(named);
    }
    Ok(found)
}

/// `NAME=VALUE`, or `NAME` alone for the value it has in this process's environment, as `docker build` takes them.
fn build_args(given: &[String]) -> Result<BTreeMap<String, String>, CliError> {
    let mut args = BTreeMap::new();
    for arg in given {
        let (name, value) = match arg.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (arg.clone(), std::env::var(arg).ok()),
        };
        if name.is_empty() {
            return Err(CliError::Argument { what: "--build-arg", value: arg.clone(), wanted: "NAME=VALUE".into() });
        }
        args.extend(value.map(|value| (name, value)));
    }
    Ok(args)
}
