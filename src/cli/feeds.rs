//! `feeds`: vulnerability data on this machine.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::args::{FeedsCommand, ListFormat, StoreArgs};
use super::sink::Terminal;
use super::{CliError, FAILED};
use crate::check::CheckError;
use crate::feeds::{COMMON, FeedError, Mirror, Patience, ScanReport, Step, Store, SyncStep, Synced, WriteLock};
use crate::image::{self, ImageReference, ReadOptions, Tree};
use crate::packages::{self, PackageKind};
use crate::policy::Date;
use crate::text::escape;

/// Bytes of another scanner's report.
const MAX_REPORT: u64 = 1 << 30;
/// Seconds in a day.
const DAY: u64 = 86_400;

/// Runs `feeds`.
pub(super) fn run(command: FeedsCommand, terminal: &Terminal, out: &mut dyn Write) -> Result<u8, CliError> {
    match command {
        FeedsCommand::Sync { ecosystems, mirror, packages_of, npm_registry, gem_registry, store } => {
            let lock = WriteLock::take(&needed(&store)?)?;
            let mut run = Run { lock, terminal, out, failed: 0, all: 0 };
            if packages_of.is_empty() || !ecosystems.is_empty() {
                run.sync(ecosystems, &Mirror::parse(&mirror)?, &needed(&store)?)?;
            }
            if !packages_of.is_empty() {
                let registries = [
                    (PackageKind::Npm, Mirror::parse(&npm_registry)?),
                    (PackageKind::Gem, Mirror::parse(&gem_registry)?),
                ];
                run.ask_registries(&packages_of, &registries)?;
            }
            match run.failed {
                0 => Ok(0),
                failed => Err(CliError::NotSynced { failed, all: run.all }),
            }
        }
        FeedsCommand::Status { format, max_feed_age, store } => status(&needed(&store)?, format, max_feed_age, out),
        FeedsCommand::Import { path, name, store } => {
            let lock = WriteLock::take(&needed(&store)?)?;
            let bar = Bar::new(terminal);
            let description = lock.import(&path, name.as_deref(), &|step| bar.tell(step))?;
            drop(bar);
            writeln!(out, "{}: {}", escape::line(&description.name), counted(&description)).map_err(CliError::Write)?;
            Ok(0)
        }
    }
}

/// The folder of the vulnerability data, when there is a place for one.
pub(super) fn folder(args: &StoreArgs) -> Option<PathBuf> {
    let named = || std::env::var_os("DOCKGATE_FEEDS").filter(|value| !value.is_empty()).map(PathBuf::from);
    args.feeds.clone().or_else(named).or_else(|| Some(super::cache::user_folder()?.join("dockgate/feeds")))
}

fn needed(args: &StoreArgs) -> Result<PathBuf, CliError> {
    folder(args).ok_or(CliError::NoFeedsFolder)
}

/// Reads the report of another scanner.
pub(super) fn report(path: &Path) -> Result<ScanReport, CliError> {
    let mut content = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_REPORT + 1).read_to_end(&mut content));
    read.map_err(|e| CliError::read(path, &e))?;
    if content.len() as u64 > MAX_REPORT {
        return Err(FeedError::TooLarge { what: path.display().to_string(), limit: MAX_REPORT }.into());
    }
    Ok(ScanReport::parse(&path.display().to_string(), &content)?)
}

/// Refuses data that is older than so many days, and none, unless something else stands for it.
pub(super) fn require_fresh(
    store: Option<&Store>,
    args: &StoreArgs,
    days: u64,
    has_reports: bool,
) -> Result<(), CliError> {
    let Some(store) = store.filter(|store| !store.is_empty()) else {
        let path = || folder(args).map(|f| f.display().to_string()).unwrap_or_default();
        return if has_reports { Ok(()) } else { Err(FeedError::Missing { path: path() }.into()) };
    };
    let old = old(store, days);
    if old.is_empty() { Ok(()) } else { Err(FeedError::Stale { names: old.join(", "), days }.into()) }
}

/// Names of the sources that are older than so many days.
fn old(store: &Store, days: u64) -> Vec<String> {
    let is_old = |checked: u64| now().saturating_sub(checked) > days.saturating_mul(DAY);
    store.sources.iter().filter(|s| is_old(s.checked)).map(|s| s.description().name.clone()).collect()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

struct Run<'a> {
    lock: WriteLock,
    terminal: &'a Terminal,
    out: &'a mut dyn Write,
    failed: usize,
    all: usize,
}

impl Run<'_> {
    fn sync(&mut self, ecosystems: Vec<String>, mirror: &Mirror, folder: &Path) -> Result<(), CliError> {
        let ecosystems = match ecosystems.is_empty() {
            false => ecosystems,
            true => {
                let store = Store::open(folder)?;
                let here = store.sources.iter().map(|source| source.description().name.clone());
                let here: Vec<String> = here.filter(|name| crate::feeds::named(name).is_some()).collect();
                if here.is_empty() { COMMON.iter().map(|name| (*name).to_owned()).collect() } else { here }
            }
        };
        for ecosystem in ecosystems {
            self.all += 1;
            let bar = Bar::new(self.terminal);
            let synced = self.lock.sync(&ecosystem, mirror, Patience::default(), &|step| bar.tell(step));
            drop(bar);
            let line = match synced {
                Ok(Synced::New(description)) => counted(&description),
                Ok(Synced::Unchanged) => String::from("up to date"),
                Err(error) => {
                    // The others may go better.
                    self.failed += 1;
                    CliError::from(error).report(self.terminal);
                    continue;
                }
            };
            writeln!(self.out, "{}: {line}", escape::line(&ecosystem)).map_err(CliError::Write)?;
            self.out.flush().map_err(CliError::Write)?;
        }
        Ok(())
    }

    fn ask_registries(&mut self, images: &[String], registries: &[(PackageKind, Mirror)]) -> Result<(), CliError> {
        let mut found = Vec::new();
        for image in images {
            let reference = ImageReference::parse(image).map_err(CheckError::Image)?;
            let options = ReadOptions { platform: None, progress: &|_| {}, cache: None };
            let image = image::read(&reference, &packages::wants(), &options).map_err(CheckError::Image)?;
            found.extend(packages::inventory(&Tree::merge(&image.layers)).list);
        }
        for (kind, registry) in registries {
            let mut names: Vec<String> = found.iter().filter(|p| p.kind == *kind).map(|p| p.name.clone()).collect();
            names.sort();
            names.dedup();
            if names.is_empty() {
                continue;
            }
            self.all += 1;
            let bar = Bar::new(self.terminal);
            let asked = self.lock.sync_registry(*kind, &names, registry, Patience::default(), &|step| bar.tell(step));
            drop(bar);
            match asked {
                Ok((present, absent)) => {
                    let line =
                        format!("{} packages: the registry has {present}, and does not have {absent}", kind.as_str());
                    writeln!(self.out, "{line}").map_err(CliError::Write)?;
                }
                Err(error) => {
                    self.failed += 1;
                    CliError::from(error).report(self.terminal);
                }
            }
        }
        Ok(())
    }
}

fn counted(description: &crate::feeds::Description) -> String {
    let others = [(description.withdrawn, "withdrawn"), (description.unused, "about nothing images have")];
    let others: Vec<String> = others.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let others = if others.is_empty() { String::new() } else { format!(" ({} left out)", others.join(", ")) };
    let releases = match description.ecosystems.len() {
        0 | 1 => String::new(),
        many => format!(" of {many} releases"),
    };
    let noun = if description.records == 1 { "record" } else { "records" };
    format!("{} {noun}{releases}{others}", description.records)
}

fn status(folder: &Path, format: ListFormat, max_age: Option<u64>, out: &mut dyn Write) -> Result<u8, CliError> {
    let store = Store::open(folder)?;
    let old = max_age.map(|days| old(&store, days)).unwrap_or_default();
    let registries = [PackageKind::Npm, PackageKind::Gem];
    let registries = registries.iter().filter_map(|kind| Some((*kind, store.registries.extent(*kind)?)));
    let written = match format {
        ListFormat::Json => {
            let sources: Vec<_> = store
                .sources
                .iter()
                .map(|source| {
                    let d = source.description();
                    json!({
                        "name": d.name, "origin": d.origin, "checked": source.checked, "age_days": days(source.checked), "records": d.records,
                        "withdrawn": d.withdrawn, "unused": d.unused, "newest": d.newest, "ecosystems": d.ecosystems,
                        "is_stale": old.contains(&d.name),
                    })
                })
                .collect();
            let registries: Vec<_> = registries
                .map(|(kind, (packages, checked))| json!({ "kind": kind.as_str(), "packages": packages, "checked": checked }))
                .collect();
            let status =
                json!({ "folder": folder.display().to_string(), "sources": sources, "registries": registries });
            writeln!(out, "{status:#}")
        }
        ListFormat::Table if store.is_empty() => {
            writeln!(out, "there is no vulnerability data in {}; run `dockgate feeds sync`", folder.display())
        }
        ListFormat::Table => {
            let mut table = Table::new();
            table.load_style(presets::NOTHING).set_header([
                "SOURCE",
                "RECORDS",
                "RELEASES",
                "CHECKED",
                "AGE",
                "NEWEST RECORD",
                "FROM",
            ]);
            for source in &store.sources {
                let d = source.description();
                let newest: String = d.newest.chars().take(10).collect();
                table.add_row([
                    escape::line(&d.name).into_owned(),
                    d.records.to_string(),
                    d.ecosystems.len().to_string(),
                    Date::from_unix(source.checked).to_string(),
                    age(source.checked, old.contains(&d.name)),
                    escape::line(&newest).into_owned(),
                    escape::line(&d.origin).into_owned(),
                ]);
            }
            for (kind, (packages, checked)) in registries {
                let name = format!("registry of {}", kind.as_str());
                let day = Date::from_unix(checked).to_string();
                table.add_row([
                    name,
                    packages.to_string(),
                    String::new(),
                    day,
                    age(checked, false),
                    String::new(),
                    String::new(),
                ]);
            }
            writeln!(out, "{}", table.trim_fmt())
        }
    };
    written.map_err(CliError::Write)?;
    let is_unfit = !old.is_empty() || (max_age.is_some() && store.is_empty());
    Ok(if is_unfit { FAILED } else { 0 })
}

fn days(checked: u64) -> u64 {
    now().saturating_sub(checked) / DAY
}

fn age(checked: u64, is_old: bool) -> String {
    let mark = if is_old { ", too old" } else { "" };
    match days(checked) {
        0 => format!("today{mark}"),
        1 => format!("1 day{mark}"),
        days => format!("{days} days{mark}"),
    }
}

/// A bar on standard error: bytes of a download, then records.
struct Bar(ProgressBar);

impl Bar {
    fn new(terminal: &Terminal) -> Self {
        let is_shown = io::stderr().is_terminal() && !terminal.quiet;
        let target = if is_shown { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if is_shown {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self(bar)
    }

    fn tell(&self, step: SyncStep<'_>) {
        let style = |template: &str| {
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.0.set_style(style);
            }
        };
        match step {
            SyncStep::Begin(name) => {
                style("{spinner} {msg}");
                self.0.set_message(escape::line(name).into_owned());
            }
            SyncStep::Download(Step::Bytes(got, whole)) => {
                style("{spinner} {msg} {binary_bytes}/{binary_total_bytes} [{bar:30}] {binary_bytes_per_sec} {eta}");
                if let Some(whole) = whole {
                    self.0.set_length(whole);
                }
                self.0.set_position(got);
            }
            SyncStep::Download(Step::Waiting(wait)) => {
                style("{spinner} {msg}");
                self.0.println(format!("trying again in {} seconds", wait.as_secs().max(1)));
            }
            SyncStep::Records(taken, whole) => {
                style("{spinner} {msg} {pos}/{len} records [{bar:30}]");
                if let Some(whole) = whole {
                    self.0.set_length(whole);
                }
                self.0.set_position(taken);
            }
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
