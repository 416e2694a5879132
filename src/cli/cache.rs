//! Where the cache is, and `cache`: what is in it.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::CliError;
use super::args::{CacheArgs, CacheCommand};
use super::sink::Terminal;
use crate::check::CheckError;
use crate::image::Cache;

/// The cache of a run. One that nobody asked for by name is done without where it cannot be had, and that is told.
///
/// # Errors
/// When the folder asked for cannot be used.
pub(super) fn open(args: &CacheArgs, terminal: &Terminal) -> Result<Option<Cache>, CliError> {
    if args.no_cache {
        return Ok(None);
    }
    if let Some(dir) = &args.cache_dir {
        return at(dir).map(Some);
    }
    let Some(dir) = default_dir() else { return Ok(None) };
    match Cache::open(&dir) {
        Ok(cache) => Ok(Some(cache)),
        Err(error) => {
            terminal.warn(&format!("note: {error}; layers are read anew (--cache-dir names another folder)"));
            Ok(None)
        }
    }
}

/// Tells when something could not be kept.
pub(super) fn close(cache: Option<&Cache>, terminal: &Terminal) {
    if cache.is_some_and(Cache::has_failed) {
        terminal.warn("note: not everything could be written to the cache, so the next run reads it again");
    }
}

/// Shows or clears the cache.
///
/// # Errors
/// When there is no folder to look at, or it cannot be used.
pub(super) fn run(command: &CacheCommand, out: &mut dyn Write) -> Result<u8, CliError> {
    let (CacheCommand::Info(given) | CacheCommand::Clear(given)) = command;
    let dir = given.cache_dir.clone().or_else(default_dir).ok_or_else(|| CliError::Argument {
        what: "--cache-dir",
        value: String::new(),
        wanted:
            "given, and no variable (XDG_CACHE_HOME, HOME, on Windows LOCALAPPDATA) tells where the user's cache is"
                .into(),
    })?;
    let cache = at(&dir)?;
    let failed = |e| CliError::Check(CheckError::Image(e));
    match command {
        CacheCommand::Info(_) => {
            let info = cache.info().map_err(failed)?;
            let (used, bound) = (mib(info.bytes), mib(info.bound));
            let text = format!("{}\n{} layers, {used} of at most {bound} MiB", info.dir.display(), info.layers);
            writeln!(out, "{text}").map_err(CliError::Write)?;
        }
        CacheCommand::Clear(_) => {
            let info = cache.clear().map_err(failed)?;
            let text = format!("removed {} layers, {} MiB, from {}", info.layers, mib(info.bytes), info.dir.display());
            writeln!(out, "{text}").map_err(CliError::Write)?;
        }
    }
    Ok(0)
}

fn at(dir: &Path) -> Result<Cache, CliError> {
    Cache::open(dir).map_err(|e| CliError::Check(CheckError::Image(e)))
}

fn mib(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

fn default_dir() -> Option<PathBuf> {
    Some(user_folder()?.join("dockgate"))
}

/// The user's folder for caches, as the XDG base directory specification has it, where a relative path is to be ignored; on
/// Windows that of local data.
pub(super) fn user_folder() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let usual = || if cfg!(windows) { absolute("LOCALAPPDATA") } else { Some(absolute("HOME")?.join(".cache")) };
    absolute("XDG_CACHE_HOME").or_else(usual)
}
