//! The arguments as clap reads them. They never leave this room: `options` turns them into what the run needs.

mod checks;
mod groups;
mod reports;
mod stores;
mod views;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

pub(super) use checks::{CheckArgs, FixArgs, GateArgs, LintArgs};
pub(super) use groups::{
    BuildArgs, CacheArgs, CommonArgs, PolicyArgs, RegistryArgs, ShellCheck, StoreArgs, VulnerabilityArgs,
};
pub(super) use reports::{PublishArgs, SarifCommand};
pub(super) use stores::{CacheCommand, FeedsCommand};
pub(super) use views::{DebugCommand, InspectArgs, InspectAs, Inspected, ListFormat, PolicyCommand, RulesArgs};

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
        /// The policy whose own checks are meant as well: a built-in name or a file.
        #[arg(long, value_name = "POLICY", default_value = "default")]
        policy: String,
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
