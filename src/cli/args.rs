//! The arguments as clap reads them. They never leave this room: `ready` turns them into what the run needs.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::output::{Format, Profile};
use crate::{github, policy};

/// One gate from Dockerfile to image: lints the Dockerfile and its build context, then judges the image by a policy.
#[derive(Debug, Parser)]
#[command(name = "dockgate", version, max_term_width = 100, propagate_version = true)]
#[command(
    after_help = "Exit status: 0 passed, 1 the verdict is STOP (or WARN with --fail-on warn), 2 it could not do what was asked."
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    /// Colours and source excerpts for terminals.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(super) color: Color,
    /// Show only findings that are WARN or STOP, and no progress.
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check a Dockerfile and its build context, and with --image the image built from them.
    Check(CheckArgs),
    /// Check Dockerfiles alone: any number, folders searched recursively.
    Lint(LintArgs),
    /// Judge an image by a policy.
    Gate(GateArgs),
    /// Mend Dockerfiles: make the fixes of findings that cannot change what the image does but for the better. Exit status: 0
    /// nothing is left that is WARN or STOP, 1 something is, 2 it could not do what was asked.
    Fix(FixArgs),
    /// Look at what an image holds: packages (also as a bill of materials), files, layers, history, config, and what it adds
    /// to its base.
    Inspect(InspectArgs),
    /// Vulnerability data: download it, show its age, take it from files.
    #[command(subcommand)]
    Feeds(FeedsCommand),
    /// Send SARIF reports of this or an earlier run to GitHub: code scanning, a check run, review comments with suggestions, a
    /// summary comment; where a right is missing, workflow annotations and the page of the job.
    Publish(PublishArgs),
    /// Look at policies.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Check, put together and compare SARIF reports.
    #[command(subcommand)]
    Sarif(SarifCommand),
    /// Look after the cache of layers that were read.
    #[command(subcommand)]
    Cache(CacheCommand),
    /// List the rules.
    Rules(RulesArgs),
    /// Show a rule's page.
    Explain {
        /// Rule id, or the name another tool gave it: `untagged-base`, `DL3006`.
        rule: String,
    },
    /// Show what the models see: JSON lines on standard input, JSON lines on standard output.
    #[command(subcommand)]
    Debug(DebugCommand),
    /// The manual as an mdBook: the pages in `docs/`, and those of the rules and commands.
    #[command(hide = true)]
    Book {
        /// The folder with the pages by hand.
        from: PathBuf,
        /// Where to make it.
        to: PathBuf,
    },
    /// Print a completion script for a shell.
    Completions { shell: clap_complete::Shell },
    /// Print the manual page, or that of a command.
    Man {
        /// The command: `check`, `policy`.
        command: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Build contexts: folders, tar archives (`-` for one on standard input), or compose and Bake files, which say what is
    /// built.
    #[arg(default_value = ".", value_name = "CONTEXT", value_hint = ValueHint::AnyPath)]
    pub(super) contexts: Vec<PathBuf>,
    /// The Dockerfile [default: CONTEXT/Dockerfile]; of an archive, its path in there.
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) file: Option<PathBuf>,
    /// Another context, which the Dockerfile names with `--from=NAME` (repeatable).
    #[arg(long = "build-context", value_name = "NAME=PATH")]
    pub(super) build_contexts: Vec<String>,
    /// Of a compose or Bake file, only this service, target or group (repeatable).
    #[arg(long = "service", visible_alias = "bake-target", value_name = "NAME")]
    pub(super) services: Vec<String>,
    /// The image built from them: a name, which is looked for in the engines and then in its registry, the path of an
    /// archive, or either with where it is: `docker-daemon:`, `podman:`, `registry:`, `docker-archive:`, `oci-archive:`,
    /// `oci:`, `dir:`, `rootfs:`.
    #[arg(long, value_name = "IMAGE")]
    pub(super) image: Option<String>,
    #[command(flatten)]
    pub(super) gate: GateOptions,
    /// Show under each finding that has one how to fix it.
    #[arg(long)]
    pub(super) fix_suggestions: bool,
    /// Ask the registries for the digests of the images that the Dockerfile names, to suggest them.
    #[arg(long)]
    pub(super) online: bool,
    #[command(flatten)]
    pub(super) vulnerabilities: VulnerabilityArgs,
    #[command(flatten)]
    pub(super) build: BuildArgs,
    #[command(flatten)]
    pub(super) common: CommonArgs,
}

#[derive(Debug, Args)]
pub(super) struct LintArgs {
    /// Dockerfiles, folders to search for them, or `-` for standard input [default: .].
    #[arg(value_name = "PATHS", value_hint = ValueHint::AnyPath)]
    pub(super) paths: Vec<PathBuf>,
    /// Show under each finding that has one how to fix it.
    #[arg(long)]
    pub(super) fix_suggestions: bool,
    /// Ask the registries for the digests of the images that the Dockerfiles name, to suggest them.
    #[arg(long)]
    pub(super) online: bool,
    #[command(flatten)]
    pub(super) registries: RegistryArgs,
    #[command(flatten)]
    pub(super) build: BuildArgs,
    #[command(flatten)]
    pub(super) common: CommonArgs,
}

#[derive(Debug, Args)]
pub(super) struct GateArgs {
    /// The image: a name, which is looked for in the engines and then in its registry, the path of an archive, or either
    /// with where it is: `docker-daemon:app:1`, `podman:app:1`, `registry:host/app:1`, `docker-archive:x.tar`,
    /// `oci-archive:x.tar`, `oci:dir[:tag]`, `dir:dir` (skopeo's), `rootfs:dir`.
    pub(super) image: String,
    /// The Dockerfile it was built from, so that findings point at its lines.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) dockerfile: Option<PathBuf>,
    #[command(flatten)]
    pub(super) gate: GateOptions,
    #[command(flatten)]
    pub(super) vulnerabilities: VulnerabilityArgs,
    #[command(flatten)]
    pub(super) build: BuildArgs,
    #[command(flatten)]
    pub(super) common: CommonArgs,
}

#[derive(Debug, Args)]
pub(super) struct FixArgs {
    /// Dockerfiles, folders to search for them, or `-` to mend standard input to standard output [default: .].
    #[arg(value_name = "PATHS", value_hint = ValueHint::AnyPath)]
    pub(super) paths: Vec<PathBuf>,
    /// The build context, as `check` takes it: a folder, whose Dockerfile PATHS may name, or a compose or Bake file
    /// (repeatable). What should not get into the image is kept out with lines in its .dockerignore.
    #[arg(long = "context", value_name = "CONTEXT", value_hint = ValueHint::AnyPath)]
    pub(super) contexts: Vec<PathBuf>,
    /// Another context, which the Dockerfile names with `--from=NAME` (repeatable).
    #[arg(long = "build-context", value_name = "NAME=PATH", requires = "contexts")]
    pub(super) build_contexts: Vec<String>,
    /// Of a compose or Bake file, only this service, target or group (repeatable).
    #[arg(long = "service", visible_alias = "bake-target", value_name = "NAME", requires = "contexts")]
    pub(super) services: Vec<String>,
    /// Also make fixes that a person should look at.
    #[arg(long = "unsafe")]
    pub(super) takes_unsafe: bool,
    /// Show what would change, and change nothing; exit status 1 when there is something to change.
    #[arg(long)]
    pub(super) diff: bool,
    /// Ask the registries for the digests of the images that the Dockerfiles name, to pin them with --unsafe.
    #[arg(long)]
    pub(super) online: bool,
    /// The image built from the Dockerfile: also make the fixes that it makes known, such as the user it has.
    #[arg(long, value_name = "IMAGE")]
    pub(super) image: Option<String>,
    /// The base of that image, to pin the Dockerfile to.
    #[arg(long, value_name = "IMAGE", requires = "image")]
    pub(super) base: Option<String>,
    #[command(flatten)]
    pub(super) registries: RegistryArgs,
    #[command(flatten)]
    pub(super) cache: CacheArgs,
    /// Fix only what these rules find, those too that the policy leaves out (repeatable, ids or aliases, comma-separated).
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(super) select: Vec<String>,
    /// Leave what these rules find as it is (repeatable, ids or aliases, comma-separated).
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(super) ignore: Vec<String>,
    #[command(flatten)]
    pub(super) build: BuildArgs,
    #[command(flatten)]
    pub(super) policies: PolicyArgs,
}

#[derive(Debug, Args)]
pub(super) struct GateOptions {
    /// Compare with this image rather than with the base found inside the image itself.
    #[arg(long, value_name = "IMAGE")]
    pub(super) base: Option<String>,
    /// The image that this one takes the place of, to tell how much it grew, and with --new-only what is new in it.
    #[arg(long, value_name = "IMAGE")]
    pub(super) previous: Option<String>,
    #[command(flatten)]
    pub(super) registries: RegistryArgs,
    #[command(flatten)]
    pub(super) cache: CacheArgs,
}

#[derive(Debug, Args)]
pub(super) struct RegistryArgs {
    /// Speak plain http to this registry where it does not speak https (repeatable); this machine's may always.
    #[arg(long = "insecure-registry", value_name = "HOST[:PORT]")]
    pub(super) insecure: Vec<String>,
    /// Trust the authority in this file (PEM) too when a registry shows its certificate (repeatable). Those in
    /// /etc/docker/certs.d/HOST[:PORT]/ and /etc/containers/certs.d/ are trusted as they are.
    #[arg(long = "registry-ca", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) authorities: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct CacheArgs {
    /// Where what was read of layers is kept for the next run [default: dockgate in the user's cache folder].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) cache_dir: Option<PathBuf>,
    /// Read every layer anew, and keep nothing.
    #[arg(long, conflicts_with = "cache_dir")]
    pub(super) no_cache: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum CacheCommand {
    /// Show where the cache is and how much it holds.
    Info(CacheDir),
    /// Remove everything from it.
    Clear(CacheDir),
}

#[derive(Debug, Args)]
pub(super) struct CacheDir {
    /// The cache's folder [default: dockgate in the user's cache folder].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) cache_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct VulnerabilityArgs {
    /// Take the vulnerabilities that a JSON report of grype or trivy on the image names (repeatable).
    #[arg(long = "vulns", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) reports: Vec<PathBuf>,
    /// The oldest that vulnerability data may be, in days; older data is an error.
    #[arg(long, value_name = "DAYS")]
    pub(super) max_feed_age: Option<u64>,
    #[command(flatten)]
    pub(super) store: StoreArgs,
}

#[derive(Debug, Args)]
pub(super) struct StoreArgs {
    /// The folder of the vulnerability data [default: $DOCKGATE_FEEDS, or dockgate/feeds in the user's cache].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) feeds: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum FeedsCommand {
    /// Download vulnerability data, or bring it up to date.
    Sync {
        /// Ecosystems: Debian, 'Red Hat', npm … [default: those that are here, or the common ones].
        #[arg(value_name = "ECOSYSTEM")]
        ecosystems: Vec<String>,
        /// Where the archives are, `<MIRROR>/<ECOSYSTEM>/all.zip`: an address or a folder.
        #[arg(long, value_name = "MIRROR", default_value = crate::feeds::OSV)]
        mirror: String,
        /// Ask the registries of npm and RubyGems about the packages of an image, and nothing else unless it is named (repeatable).
        #[arg(long = "packages-of", value_name = "IMAGE")]
        packages_of: Vec<String>,
        /// npm's registry: an address or a folder.
        #[arg(long, value_name = "MIRROR", default_value = crate::feeds::NPM)]
        npm_registry: String,
        /// RubyGems' registry: an address or a folder.
        #[arg(long, value_name = "MIRROR", default_value = crate::feeds::RUBYGEMS)]
        gem_registry: String,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Show what vulnerability data is here, how much, and how old.
    Status {
        /// As a table or as JSON.
        #[arg(long, value_enum, default_value_t = ListFormat::Table)]
        format: ListFormat,
        /// Fail when data is older than this many days.
        #[arg(long, value_name = "DAYS")]
        max_feed_age: Option<u64>,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Take vulnerability data from a file or folder: records in JSON, or archives of them.
    Import {
        /// The file or folder.
        #[arg(value_hint = ValueHint::AnyPath)]
        path: PathBuf,
        /// What it is called; it takes the place of what was called so [default: its own name, that of the folder for `all.zip`].
        #[arg(long = "as", value_name = "NAME")]
        name: Option<String>,
        #[command(flatten)]
        store: StoreArgs,
    },
}

#[derive(Clone, Debug, Args)]
pub(super) struct BuildArgs {
    /// The build argument the image is built with (repeatable).
    #[arg(long = "build-arg", value_name = "NAME=VALUE")]
    pub(super) build_args: Vec<String>,
    /// The stage that is built.
    #[arg(long, value_name = "STAGE")]
    pub(super) target: Option<String>,
    /// The platform built for, and chosen from an image index: `linux/arm64`; `all` judges an image for each that it has.
    #[arg(long, value_name = "PLATFORM")]
    pub(super) platform: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct PolicyArgs {
    /// The policy: `default`, `strict`, `cis`, `hadolint` (with its own configuration), `buildkit`, `anchore-2017`, or a file
    /// (dockgate TOML, Anchore text or JSON).
    #[arg(long, value_name = "POLICY", default_value = "default")]
    pub(super) policy: String,
    /// The policy bundle: another name for --policy.
    #[arg(long, value_name = "FILE", conflicts_with = "policy", value_hint = ValueHint::FilePath)]
    pub(super) bundle: Option<String>,
    /// Let pass what an Anchore whitelist names by gate and trigger id (repeatable).
    #[arg(long = "whitelist", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) whitelists: Vec<String>,
    /// The same for a whitelist that serves all images (repeatable).
    #[arg(long = "global-whitelist", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) global_whitelists: Vec<String>,
    /// Read the policy, what it extends and the whitelists from a git ref, so that a change cannot switch off its own
    /// gate: `origin/main`. What the work tree would change is told.
    #[arg(long, value_name = "REF")]
    pub(super) policy_from: Option<String>,
    /// Waive what an OpenVEX document calls not affected or fixed (repeatable).
    #[arg(long = "vex", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) vex: Vec<String>,
    /// What the image is called, for policies that depend on it (repeatable) [default: its own tags].
    #[arg(long = "image-name", value_name = "NAME")]
    pub(super) image_names: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct CommonArgs {
    #[command(flatten)]
    pub(super) policies: PolicyArgs,
    /// Hide the findings that this file lists, one of --write-baseline or a SARIF report of an earlier run; those that are new
    /// are told. With --policy-from a file that the repository holds is read from there too.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) baseline: Option<String>,
    /// Tell only what is new, and count nothing else for the verdict: not what the image of --previous has as well, what the
    /// Dockerfiles and contexts had at --base-ref, or what --baseline lists.
    #[arg(long, conflicts_with = "write_baseline")]
    pub(super) new_only: bool,
    /// The commit that the change is made to, for --new-only.
    #[arg(long, value_name = "REF", requires = "new_only")]
    pub(super) base_ref: Option<String>,
    /// Write the findings of this run, but for waived ones, to a file that --baseline takes, and pass.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) write_baseline: Option<PathBuf>,
    /// The lowest action that fails the run.
    #[arg(long, value_enum, default_value_t = FailOn::Stop, value_name = "ACTION")]
    pub(super) fail_on: FailOn,
    /// How the report on standard output looks [default: text, or what hadolint's configuration asks for].
    #[arg(long, value_name = "FORMAT", value_parser = format_parser())]
    pub(super) format: Option<Format>,
    /// Show Anchore's trigger ids, which whitelists name, in the table.
    #[arg(long = "show-triggerids")]
    pub(super) show_trigger_ids: bool,
    /// Write a report to a file as well (repeatable): `sarif:report.sarif`.
    #[arg(long = "output", short, value_name = "FORMAT:FILE")]
    pub(super) outputs: Vec<String>,
    /// Who a SARIF report is for.
    #[arg(long, value_enum, default_value_t = SarifProfile::Github, value_name = "SERVICE")]
    pub(super) sarif_profile: SarifProfile,
    /// What tells this run's SARIF results from those of another; the same on every commit [default: from Dockerfile, target and
    /// platform].
    #[arg(long, value_name = "NAME")]
    pub(super) category: Option<String>,
    /// Whether shell code is read by the `shellcheck` on the PATH, which is slower, or by the linter that is built in.
    #[arg(long, value_enum, default_value_t = ShellCheck::Never, value_name = "WHEN")]
    pub(super) shellcheck: ShellCheck,
    /// Run only these rules, those too that the policy leaves out: what they find is told, and fails nothing (repeatable, ids or aliases, comma-separated).
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(super) select: Vec<String>,
    /// Do not run these rules (repeatable, ids or aliases, comma-separated).
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(super) ignore: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    Stop,
    Warn,
    Never,
}

impl From<FailOn> for policy::FailOn {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Stop => Self::Stop,
            FailOn::Warn => Self::Warn,
            FailOn::Never => Self::Never,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ShellCheck {
    /// When it is there.
    Auto,
    /// And it is an error when it is not there.
    Always,
    /// The built-in linter.
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SarifProfile {
    /// GitHub code scanning: the 5,000 worst results, without what is waived.
    Github,
    /// GitLab: with ranks and suppressions.
    Gitlab,
    /// SonarQube: no range it would refuse.
    Sonar,
    /// Everything.
    Generic,
}

impl SarifProfile {
    pub(super) fn profile(self) -> Profile {
        match self {
            Self::Github => Profile::Github,
            Self::Gitlab => Profile::Gitlab,
            Self::Sonar => Profile::Sonar,
            Self::Generic => Profile::Generic,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum SarifCommand {
    /// Say what a service would refuse or misread. Exit status 1 when there is an error.
    Validate {
        /// SARIF files, of any tool.
        #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
        /// The service that is to read them.
        #[arg(long = "sarif-profile", value_enum, default_value_t = SarifProfile::Github, value_name = "SERVICE")]
        profile: SarifProfile,
    },
    /// Put several reports into one; runs of one tool and category become one run.
    Merge {
        /// SARIF files.
        #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
        /// Where to write it [default: standard output].
        #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: Option<PathBuf>,
    },
    /// Say what is new in a report and what is gone. Exit status 1 when something is new.
    Diff {
        /// The earlier report.
        #[arg(value_name = "OLD", value_hint = ValueHint::FilePath)]
        old: PathBuf,
        /// The later one.
        #[arg(value_name = "NEW", value_hint = ValueHint::FilePath)]
        new: PathBuf,
        /// Write the later one here as well, each result with its `baselineState`.
        #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: Option<PathBuf>,
    },
}

/// The names of the report formats, with what they are for.
fn format_parser() -> impl TypedValueParser<Value = Format> {
    let name = |format: Format| PossibleValue::new(format.name).aliases(format.aliases).help(format.about);
    PossibleValuesParser::new(Format::ALL.map(name))
        .try_map(|name| Format::named(&name).ok_or("there is no such format"))
}

#[derive(Debug, Args)]
pub(super) struct PublishArgs {
    /// SARIF reports, as `--output sarif:FILE` writes them.
    #[arg(required = true, value_name = "REPORT", value_hint = ValueHint::FilePath)]
    pub(super) reports: Vec<PathBuf>,
    /// Upload to code scanning.
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub(super) upload_sarif: When,
    /// Make a check run with annotations.
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub(super) annotations: When,
    /// Comment on the lines of a pull request, with suggestions where there is a fix; `auto` comments on findings without a
    /// fix only where nothing else shows them.
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub(super) review: When,
    /// Keep one summary comment in a pull request up to date; `auto` begins none where there is nothing to say.
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub(super) comment: When,
    /// Write a summary to the page of the job; `auto` does so when something above was not possible.
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub(super) summary: When,
    /// Tells these reports from others of the same workflow, in a matrix for example, where what they are about does not.
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,
    /// The lowest action among what is published that gives exit status 1.
    #[arg(long, value_enum, default_value_t = FailOn::Never, value_name = "ACTION")]
    pub(super) fail_on: FailOn,
    /// The repository [default: GITHUB_REPOSITORY].
    #[arg(long, value_name = "OWNER/NAME")]
    pub(super) repo: Option<String>,
    /// The commit that was checked [default: GITHUB_SHA].
    #[arg(long, value_name = "COMMIT")]
    pub(super) commit: Option<String>,
    /// The ref it is the head of, for code scanning [default: GITHUB_REF].
    #[arg(long = "ref", value_name = "REF")]
    pub(super) reference: Option<String>,
    /// The pull request [default: that of the event].
    #[arg(long, value_name = "NUMBER")]
    pub(super) pull_request: Option<u64>,
    /// How long to wait for GitHub in all, for its rate limits as for code scanning.
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    pub(super) max_wait: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// When it is possible and of use.
    Auto,
    /// And it is an error when it is not possible.
    Always,
    /// Not at all.
    Never,
}

impl From<When> for github::When {
    fn from(when: When) -> Self {
        match when {
            When::Auto => Self::Auto,
            When::Always => Self::Always,
            When::Never => Self::Never,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// The image: a name, the path of an archive, or either with where it is, as for `gate`.
    pub(super) image: String,
    /// What to look at.
    #[arg(value_enum, default_value_t = Inspected::Packages, value_name = "VIEW")]
    pub(super) view: Inspected,
    /// As a table, as JSON, or (packages) as a bill of materials.
    #[arg(long, value_enum, default_value_t = InspectAs::Table)]
    pub(super) format: InspectAs,
    /// The Dockerfile it was built from, which tells where its base ends.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) dockerfile: Option<PathBuf>,
    /// Compare with this image rather than with the base found inside the image itself.
    #[arg(long, value_name = "IMAGE")]
    pub(super) base: Option<String>,
    #[command(flatten)]
    pub(super) registries: RegistryArgs,
    #[command(flatten)]
    pub(super) cache: CacheArgs,
    #[command(flatten)]
    pub(super) build: BuildArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Inspected {
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
pub(super) enum InspectAs {
    Table,
    Json,
    /// CycloneDX 1.5 JSON.
    Cyclonedx,
    /// SPDX 2.3 JSON.
    Spdx,
}

#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    /// As a table or as JSON.
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub(super) format: ListFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    Table,
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
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
pub(super) enum DebugCommand {
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
