//! The arguments of the commands that show something: images, rules, policies, models.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::{BuildArgs, CacheArgs, RegistryArgs};

#[derive(Debug, Args)]
pub(in crate::cli) struct InspectArgs {
    /// The image: a name, the path of an archive, or either with where it is, as for `gate`.
    pub(in crate::cli) image: String,
    /// What to look at.
    #[arg(value_enum, default_value_t = Inspected::Packages, value_name = "VIEW")]
    pub(in crate::cli) view: Inspected,
    /// As a table, as JSON, or (packages) as a bill of materials.
    #[arg(long, value_enum, default_value_t = InspectAs::Table)]
    pub(in crate::cli) format: InspectAs,
    /// The Dockerfile it was built from, which tells where its base ends.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) dockerfile: Option<PathBuf>,
    /// Compare with this image rather than with the base found inside the image itself.
    #[arg(long, value_name = "IMAGE")]
    pub(in crate::cli) base: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) registries: RegistryArgs,
    #[command(flatten)]
    pub(in crate::cli) cache: CacheArgs,
    #[command(flatten)]
    pub(in crate::cli) build: BuildArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Inspected {
    /// Packages of the distribution and of languages.
    Packages,
    /// The files of all layers merged.
    Files,
    /// The layers, and what made them.
    Layers,
    /// How the image was made.
    History,
    /// How containers run.
    Config,
    /// What differs from the base.
    Diff,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum InspectAs {
    Table,
    Json,
    /// CycloneDX 1.5 JSON.
    Cyclonedx,
    /// SPDX 2.3 JSON.
    Spdx,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RulesArgs {
    /// As a table or as JSON.
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub(in crate::cli) format: ListFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ListFormat {
    Table,
    Json,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PolicyCommand {
    /// Show what a policy asks for, resolved: every rule, its action and the line that says so.
    Show {
        /// Built-in name or file.
        #[arg(default_value = "default")]
        policy: String,
        /// The image it is for, where the policy depends on it (repeatable).
        #[arg(long = "image-name", value_name = "NAME")]
        image_names: Vec<String>,
    },
    /// Read a policy and say whether it is sound.
    Check {
        /// Built-in name or file.
        policy: String,
    },
    /// Write an Anchore policy, text or JSON, as a dockgate policy that decides the same.
    Convert {
        /// The file.
        policy: String,
        /// The image it is for, where a bundle has policies for several (repeatable).
        #[arg(long = "image-name", value_name = "NAME")]
        image_names: Vec<String>,
    },
    /// Write a policy to begin with: `dockgate policy init > dockgate.toml`.
    Init,
    /// Write a policy that lists every rule, with its other names and its parameters, behind comments.
    Template,
    /// Write the JSON schema of dockgate policies, for editors.
    Schema,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DebugCommand {
    /// `{id, dockerfile}` to its instructions.
    Ast,
    /// `{id, input, env, escape}` to the expanded word and words.
    Words,
    /// `{id, patterns, path}` to `{id, ignored}`; `{id, files, dockerignore}` to `{id, kept}`.
    Ignore,
    /// `{id, dockerfile}` to the commands of its RUN instructions.
    Shell,
    /// `{id, folder}` to the secrets in the files of that build context, masked, and how many were searched.
    Secrets,
    /// `{id, dockerfile, config}` to what made each layer of an image with that config.
    Trace,
}
