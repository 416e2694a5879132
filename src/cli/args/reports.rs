//! The arguments of the commands that take the reports of earlier runs.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::groups::{FailOn, SarifProfile};
use crate::github;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SarifCommand {
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

#[derive(Debug, Args)]
pub(in crate::cli) struct PublishArgs {
    /// SARIF reports, as `--output sarif:FILE` writes them.
    #[arg(required = true, value_name = "REPORT", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) reports: Vec<PathBuf>,
    /// Upload to code scanning.
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub(in crate::cli) upload_sarif: When,
    /// Make a check run with annotations.
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub(in crate::cli) annotations: When,
    /// Comment on the lines of a pull request, with suggestions where there is a fix; `auto` comments on findings without a
    /// fix only where nothing else shows them.
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub(in crate::cli) review: When,
    /// Keep one summary comment in a pull request up to date; `auto` begins none where there is nothing to say.
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub(in crate::cli) comment: When,
    /// Write a summary to the page of the job; `auto` does so when something above was not possible.
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub(in crate::cli) summary: When,
    /// Tells these reports from others of the same workflow, in a matrix for example, where what they are about does not.
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) name: Option<String>,
    /// The lowest action among what is published that gives exit status 1 and a failed check run [default: STOP fails the
    /// check run, and nothing this command].
    #[arg(long, value_enum, value_name = "ACTION")]
    pub(in crate::cli) fail_on: Option<FailOn>,
    /// The repository [default: GITHUB_REPOSITORY].
    #[arg(long, value_name = "OWNER/NAME")]
    pub(in crate::cli) repo: Option<String>,
    /// The commit that was checked [default: GITHUB_SHA].
    #[arg(long, value_name = "COMMIT")]
    pub(in crate::cli) commit: Option<String>,
    /// The ref it is the head of, for code scanning [default: GITHUB_REF].
    #[arg(long = "ref", value_name = "REF")]
    pub(in crate::cli) reference: Option<String>,
    /// The pull request [default: that of the event].
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) pull_request: Option<u64>,
    /// How long to wait for GitHub in all, for its rate limits as for code scanning.
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    pub(in crate::cli) max_wait: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum When {
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
