//! Arguments that several commands share.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum, ValueHint};

use crate::output::{Format, Profile};
use crate::policy;

#[derive(Debug, Args)]
pub(in crate::cli) struct RegistryArgs {
    /// Speak plain http to this registry where it does not speak https (repeatable); this machine's may always.
    #[arg(long = "insecure-registry", value_name = "HOST[:PORT]")]
    pub(in crate::cli) insecure: Vec<String>,
    /// Trust the authority in this file (PEM) too when a registry shows its certificate (repeatable). Those in
    /// /etc/docker/certs.d/HOST[:PORT]/ and /etc/containers/certs.d/ are trusted as they are.
    #[arg(long = "registry-ca", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) authorities: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CacheArgs {
    /// Where what was read of layers is kept for the next run [default: dockgate in the user's cache folder].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(in crate::cli) cache_dir: Option<PathBuf>,
    /// Read every layer anew, and keep nothing.
    #[arg(long, conflicts_with = "cache_dir")]
    pub(in crate::cli) no_cache: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct VulnerabilityArgs {
    /// Take the vulnerabilities that a JSON report of grype or trivy on the image names (repeatable).
    #[arg(long = "vulns", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) reports: Vec<PathBuf>,
    /// The oldest that vulnerability data may be, in days; older data is an error.
    #[arg(long, value_name = "DAYS")]
    pub(in crate::cli) max_feed_age: Option<u64>,
    #[command(flatten)]
    pub(in crate::cli) store: StoreArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StoreArgs {
    /// The folder of the vulnerability data [default: $DOCKGATE_FEEDS, or dockgate/feeds in the user's cache].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(in crate::cli) feeds: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct BuildArgs {
    /// The build argument the image is built with (repeatable).
    #[arg(long = "build-arg", value_name = "NAME=VALUE")]
    pub(in crate::cli) build_args: Vec<String>,
    /// The stage that is built.
    #[arg(long, value_name = "STAGE")]
    pub(in crate::cli) target: Option<String>,
    /// The platform built for, and chosen from an image index: `linux/arm64`; `all` judges an image for each that it has.
    #[arg(long, value_name = "PLATFORM")]
    pub(in crate::cli) platform: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PolicyArgs {
    /// The policy: `default`, `strict`, `cis`, `hadolint` (with its own configuration), `buildkit`, `anchore-2017`, or a file
    /// (dockgate TOML, Anchore text or JSON).
    #[arg(long, value_name = "POLICY", default_value = "default")]
    pub(in crate::cli) policy: String,
    /// The policy bundle: another name for --policy.
    #[arg(long, value_name = "FILE", conflicts_with = "policy", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) bundle: Option<String>,
    /// Let pass what an Anchore whitelist names by gate and trigger id (repeatable).
    #[arg(long = "whitelist", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) whitelists: Vec<String>,
    /// The same for a whitelist that serves all images (repeatable).
    #[arg(long = "global-whitelist", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) global_whitelists: Vec<String>,
    /// Read the policy, what it extends and the whitelists from a git ref, so that a change cannot switch off its own
    /// gate: `origin/main`. What the work tree would change is told.
    #[arg(long, value_name = "REF")]
    pub(in crate::cli) policy_from: Option<String>,
    /// Waive what an OpenVEX document calls not affected or fixed (repeatable).
    #[arg(long = "vex", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) vex: Vec<String>,
    /// What the image is called, for policies that depend on it (repeatable) [default: its own tags].
    #[arg(long = "image-name", value_name = "NAME")]
    pub(in crate::cli) image_names: Vec<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CommonArgs {
    #[command(flatten)]
    pub(in crate::cli) policies: PolicyArgs,
    /// Hide the findings that this file lists, one of --write-baseline or a SARIF report of an earlier run; those that are new
    /// are told. With --policy-from a file that the repository holds is read from there too.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) baseline: Option<String>,
    /// Tell only what is new, and count nothing else for the verdict: not what the image of --previous has as well, what the
    /// Dockerfiles and contexts had at --base-ref, or what --baseline lists.
    #[arg(long, conflicts_with = "write_baseline")]
    pub(in crate::cli) new_only: bool,
    /// The commit that the change is made to, for --new-only.
    #[arg(long, value_name = "REF", requires = "new_only")]
    pub(in crate::cli) base_ref: Option<String>,
    /// Write the findings of this run, but for waived ones, to a file that --baseline takes, and pass.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) write_baseline: Option<PathBuf>,
    /// The lowest action that fails the run.
    #[arg(long, value_enum, default_value_t = FailOn::Stop, value_name = "ACTION")]
    pub(in crate::cli) fail_on: FailOn,
    /// How the report on standard output looks [default: text, or what hadolint's configuration asks for].
    #[arg(long, value_name = "FORMAT", value_parser = format_parser())]
    pub(in crate::cli) format: Option<Format>,
    /// Show Anchore's trigger ids, which whitelists name, in the table.
    #[arg(long = "show-triggerids")]
    pub(in crate::cli) show_trigger_ids: bool,
    /// Write a report to a file as well (repeatable): `sarif:report.sarif`.
    #[arg(long = "output", short, value_name = "FORMAT:FILE")]
    pub(in crate::cli) outputs: Vec<String>,
    /// Who a SARIF report is for.
    #[arg(long, value_enum, default_value_t = SarifProfile::Github, value_name = "SERVICE")]
    pub(in crate::cli) sarif_profile: SarifProfile,
    /// What tells this run's SARIF results from those of another; the same on every commit [default: from Dockerfile, target and
    /// platform].
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) category: Option<String>,
    /// Whether shell code is read by the `shellcheck` on the PATH, which is slower, or by the linter that is built in.
    #[arg(long, value_enum, default_value_t = ShellCheck::Never, value_name = "WHEN")]
    pub(in crate::cli) shellcheck: ShellCheck,
    /// Run only these rules, those too that the policy leaves out: what they find is told, and fails nothing (repeatable,
    /// ids or aliases, comma-separated).
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(in crate::cli) select: Vec<String>,
    /// Do not run these rules (repeatable, ids or aliases, comma-separated).
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(in crate::cli) ignore: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FailOn {
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
pub(in crate::cli) enum ShellCheck {
    /// When it is there.
    Auto,
    /// And it is an error when it is not there.
    Always,
    /// The built-in linter.
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SarifProfile {
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
    pub(in crate::cli) fn profile(self) -> Profile {
        match self {
            Self::Github => Profile::Github,
            Self::Gitlab => Profile::Gitlab,
            Self::Sonar => Profile::Sonar,
            Self::Generic => Profile::Generic,
        }
    }
}

/// The names of the report formats, with what they are for.
fn format_parser() -> impl TypedValueParser<Value = Format> {
    let name = |format: Format| PossibleValue::new(format.name).aliases(format.aliases).help(format.about);
    PossibleValuesParser::new(Format::ALL.map(name))
        .try_map(|name| Format::named(&name).ok_or("there is no such format"))
}
