//! The arguments of the commands that check and mend.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{BuildArgs, CacheArgs, CommonArgs, PolicyArgs, RegistryArgs, VulnerabilityArgs};

#[derive(Debug, Args)]
pub(in crate::cli) struct CheckArgs {
    /// Build contexts: folders, tar archives (`-` for one on standard input), or compose and Bake files, which say what is
    /// built.
    #[arg(default_value = ".", value_name = "CONTEXT", value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) contexts: Vec<PathBuf>,
    /// The Dockerfile [default: CONTEXT/Dockerfile]; of an archive, its path in there.
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) file: Option<PathBuf>,
    /// Another context, which the Dockerfile names with `--from=NAME` (repeatable).
    #[arg(long = "build-context", value_name = "NAME=PATH")]
    pub(in crate::cli) build_contexts: Vec<String>,
    /// Of a compose or Bake file, only this service, target or group (repeatable).
    #[arg(long = "service", visible_alias = "bake-target", value_name = "NAME")]
    pub(in crate::cli) services: Vec<String>,
    /// The image built from them: a name, which is looked for in the engines and then in its registry, the path of an
    /// archive, or either with where it is: `docker-daemon:`, `podman:`, `registry:`, `docker-archive:`, `oci-archive:`,
    /// `oci:`, `dir:`, `rootfs:`.
    #[arg(long, value_name = "IMAGE")]
    pub(in crate::cli) image: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) gate: GateOptions,
    /// Show under each finding that has one how to fix it.
    #[arg(long)]
    pub(in crate::cli) fix_suggestions: bool,
    /// Ask the registries for the digests of the images that the Dockerfile names, to suggest them.
    #[arg(long)]
    pub(in crate::cli) online: bool,
    #[command(flatten)]
    pub(in crate::cli) vulnerabilities: VulnerabilityArgs,
    #[command(flatten)]
    pub(in crate::cli) build: BuildArgs,
    #[command(flatten)]
    pub(in crate::cli) common: CommonArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct LintArgs {
    /// Dockerfiles, folders to search for them, or `-` for standard input [default: .].
    #[arg(value_name = "PATHS", value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) paths: Vec<PathBuf>,
    /// Show under each finding that has one how to fix it.
    #[arg(long)]
    pub(in crate::cli) fix_suggestions: bool,
    /// Ask the registries for the digests of the images that the Dockerfiles name, to suggest them.
    #[arg(long)]
    pub(in crate::cli) online: bool,
    #[command(flatten)]
    pub(in crate::cli) registries: RegistryArgs,
    #[command(flatten)]
    pub(in crate::cli) build: BuildArgs,
    #[command(flatten)]
    pub(in crate::cli) common: CommonArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct GateArgs {
    /// The image: a name, which is looked for in the engines and then in its registry, the path of an archive, or either
    /// with where it is: `docker-daemon:app:1`, `podman:app:1`, `registry:host/app:1`, `docker-archive:x.tar`,
    /// `oci-archive:x.tar`, `oci:dir[:tag]`, `dir:dir` (skopeo's), `rootfs:dir`.
    pub(in crate::cli) image: String,
    /// The Dockerfile it was built from, so that findings point at its lines.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) dockerfile: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) gate: GateOptions,
    #[command(flatten)]
    pub(in crate::cli) vulnerabilities: VulnerabilityArgs,
    #[command(flatten)]
    pub(in crate::cli) build: BuildArgs,
    #[command(flatten)]
    pub(in crate::cli) common: CommonArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct FixArgs {
    /// Dockerfiles, folders to search for them, or `-` to mend standard input to standard output [default: .].
    #[arg(value_name = "PATHS", value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) paths: Vec<PathBuf>,
    /// The build context, as `check` takes it: a folder, whose Dockerfile PATHS may name, or a compose or Bake file
    /// (repeatable). What should not get into the image is kept out with lines in its .dockerignore.
    #[arg(long = "context", value_name = "CONTEXT", value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) contexts: Vec<PathBuf>,
    /// Another context, which the Dockerfile names with `--from=NAME` (repeatable).
    #[arg(long = "build-context", value_name = "NAME=PATH", requires = "contexts")]
    pub(in crate::cli) build_contexts: Vec<String>,
    /// Of a compose or Bake file, only this service, target or group (repeatable).
    #[arg(long = "service", visible_alias = "bake-target", value_name = "NAME", requires = "contexts")]
    pub(in crate::cli) services: Vec<String>,
    /// Also make fixes that a person should look at.
    #[arg(long = "unsafe")]
    pub(in crate::cli) takes_unsafe: bool,
    /// Show what would change, and change nothing; exit status 1 when there is something to change.
    #[arg(long)]
    pub(in crate::cli) diff: bool,
    /// Ask the registries for the digests of the images that the Dockerfiles name, to pin them with --unsafe.
    #[arg(long)]
    pub(in crate::cli) online: bool,
    /// The image built from the Dockerfile: also make the fixes that it makes known, such as the user it has.
    #[arg(long, value_name = "IMAGE")]
    pub(in crate::cli) image: Option<String>,
    /// The base of that image, to pin the Dockerfile to.
    #[arg(long, value_name = "IMAGE", requires = "image")]
    pub(in crate::cli) base: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) registries: RegistryArgs,
    #[command(flatten)]
    pub(in crate::cli) cache: CacheArgs,
    /// Fix only what these rules find, those too that the policy leaves out (repeatable, ids or aliases, comma-separated).
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(in crate::cli) select: Vec<String>,
    /// Leave what these rules find as it is (repeatable, ids or aliases, comma-separated).
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(in crate::cli) ignore: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) build: BuildArgs,
    #[command(flatten)]
    pub(in crate::cli) policies: PolicyArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct GateOptions {
    /// Compare with this image rather than with the base found inside the image itself.
    #[arg(long, value_name = "IMAGE")]
    pub(in crate::cli) base: Option<String>,
    /// The image that this one takes the place of, to tell how much it grew, and with --new-only what is new in it.
    #[arg(long, value_name = "IMAGE")]
    pub(in crate::cli) previous: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) registries: RegistryArgs,
    #[command(flatten)]
    pub(in crate::cli) cache: CacheArgs,
}
