//! The arguments of the commands that look after what is kept between runs.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::{ListFormat, StoreArgs};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CacheCommand {
    /// Show where the cache is and how much it holds.
    Info(CacheDir),
    /// Remove everything from it.
    Clear(CacheDir),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CacheDir {
    /// The cache's folder [default: dockgate in the user's cache folder].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(in crate::cli) cache_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum FeedsCommand {
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
