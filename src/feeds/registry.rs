//! What the registries of npm and RubyGems know of packages by name: which versions there are, and which is the latest.
//!
//! Both have far more packages than anybody uses, so only those that are asked for are downloaded, and what the registry does
//! not have is remembered as well.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::request::{Patience, document};
use super::store;
use super::sync::{Mirror, WriteLock, now, shown};
use super::{FeedError, SyncStep};
use crate::http;
use crate::packages::PackageKind;

/// npm's registry.
pub const NPM: &str = "https://registry.npmjs.org";
/// RubyGems' registry.
pub const RUBYGEMS: &str = "https://rubygems.org";

/// Bytes of one package's document.
const MAX_DOCUMENT: u64 = 64 << 20;
/// Bytes of what is remembered of a registry.
const MAX_FILE: u64 = 512 << 20;
/// Packages of one registry.
const MAX_PACKAGES: usize = 100_000;
/// Versions of one package.
const MAX_VERSIONS: usize = 50_000;

/// A package, as its registry has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The version that is installed when none is asked for; `None` when the registry does not have the package.
    pub latest: Option<String>,
    /// Versions that can be installed, sorted as text.
    pub versions: Vec<String>,
    /// When the registry was asked, in seconds since 1970.
    pub checked: u64,
}

impl Registered {
    /// Whether the registry has the package at all.
    pub fn is_known(&self) -> bool {
        !self.versions.is_empty()
    }

    /// Whether a version can be installed from the registry.
    pub fn has(&self, version: &str) -> bool {
        self.versions.iter().any(|v| v == version)
    }
}

/// What the registries know.
#[derive(Clone, Debug, Default)]
pub struct Registries {
    npm: BTreeMap<String, Registered>,
    gem: BTreeMap<String, Registered>,
}

impl Registries {
    /// Opens what is remembered in a store's folder.
    pub(super) fn open(folder: &Path) -> Result<Self, FeedError> {
        Ok(Self { npm: read(folder, PackageKind::Npm)?, gem: read(folder, PackageKind::Gem)? })
    }

    /// A package, when its registry was asked about it.
    pub fn get(&self, kind: PackageKind, name: &str) -> Option<&Registered> {
        self.of(kind)?.get(name)
    }

    /// How many packages are known, and when the one that was asked for longest ago was, in seconds since 1970.
    pub fn extent(&self, kind: PackageKind) -> Option<(usize, u64)> {
        let known = self.of(kind)?;
        Some((known.len(), known.values().map(|r| r.checked).min()?))
    }

    fn of(&self, kind: PackageKind) -> Option<&BTreeMap<String, Registered>> {
        match kind {
            PackageKind::Npm => Some(&self.npm),
            PackageKind::Gem => Some(&self.gem),
            _ => None,
        }
    }
}

fn path(folder: &Path, kind: PackageKind) -> PathBuf {
    folder.join(format!("registry-{}.json", kind.as_str()))
}

fn read(folder: &Path, kind: PackageKind) -> Result<BTreeMap<String, Registered>, FeedError> {
    let path = path(folder, kind);
    let shown = || path.display().to_string();
    match fs::metadata(&path) {
        Ok(meta) if meta.len() > MAX_FILE => return Err(FeedError::TooLarge { what: shown(), limit: MAX_FILE }),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(FeedError::Open { path: shown(), reason: error.to_string() }),
    }
    let bytes = fs::read(&path).map_err(|e| FeedError::Open { path: shown(), reason: e.to_string() })?;
    serde_json::from_slice(&bytes).map_err(|_| FeedError::Damaged { path: shown() })
}

impl WriteLock {
    /// Asks a registry about packages, and remembers what it says. Returns how many it has, and how many it does not.
    ///
    /// # Errors
    /// When the registry cannot be asked about one of them; what it said of the others before is remembered.
    pub fn sync_registry(
        &self,
        kind: PackageKind,
        names: &[String],
        registry: &Mirror,
        patience: Patience,
        told: &dyn Fn(SyncStep<'_>),
    ) -> Result<(usize, usize), FeedError> {
        let mut known = read(self.folder(), kind)?;
        let (mut present, mut absent) = (0, 0);
        let http_failed =
            |e: http::HttpError| FeedError::Download { url: String::from("the registry"), reason: e.to_string() };
        let client = match registry {
            Mirror::Http(_) => Some(http::client().map_err(http_failed)?),
            Mirror::Folder(_) => None,
        };
        told(SyncStep::Begin(kind.as_str()));
        let ask = async {
            for (index, name) in names.iter().take(MAX_PACKAGES).enumerate() {
                let found = match (registry, &client) {
                    (Mirror::Http(base), Some(client)) => {
                        let url = format!("{base}/{}", address(kind, name));
                        document(client, &url, accepted(kind), MAX_DOCUMENT, patience).await?.map(|d| (d, shown(&url)))
                    }
                    (Mirror::Folder(folder), _) => from_folder(folder, kind, name)?,
                    (Mirror::Http(_), None) => None,
                };
                let registered = match found {
                    None => {
                        absent += 1;
                        Registered { checked: now(), ..Registered::default() }
                    }
                    Some((document, origin)) => {
                        present += 1;
                        parse(kind, &document, &origin)?
                    }
                };
                known.insert(name.clone(), registered);
                told(SyncStep::Records(index as u64 + 1, Some(names.len() as u64)));
            }
            Ok::<(), FeedError>(())
        };
        let asked = http::block_on(ask).map_err(http_failed)?;
        let path = path(self.folder(), kind);
        let failed = |e: io::Error| FeedError::Write { path: path.display().to_string(), reason: e.to_string() };
        let bytes = serde_json::to_vec(&known).map_err(io::Error::other).map_err(failed)?;
        store::write_whole(&path, |file| file.write_all(&bytes)).map_err(failed)?;
        asked?;
        Ok((present, absent))
    }
}

/// Where a registry has a package's document: npm's own, the compact index of RubyGems.
fn address(kind: PackageKind, name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'@' => {
                encoded.push(char::from(byte))
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    if kind == PackageKind::Gem { format!("info/{encoded}") } else { encoded }
}

fn accepted(kind: PackageKind) -> &'static str {
    if kind == PackageKind::Gem {
        "text/plain, */*"
    } else {
        "application/vnd.npm.install-v1+json, application/json;q=0.8"
    }
}

/// A document of a folder that mirrors a registry: `lodash` or `lodash.json`, `@babel/core` or `@babel%2Fcore`, `info/rake`.
fn from_folder(folder: &Path, kind: PackageKind, name: &str) -> Result<Option<(Vec<u8>, String)>, FeedError> {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', '\0']);
    let mut names = vec![address(kind, name)];
    if name.split('/').all(is_plain) && kind == PackageKind::Npm {
        names.push(name.to_owned());
    }
    for name in names.iter().flat_map(|name| [name.clone(), format!("{name}.json")]) {
        let path = folder.join(&name);
        let shown = path.display().to_string();
        match fs::metadata(&path) {
            Ok(meta) if meta.is_file() && meta.len() > MAX_DOCUMENT => {
                return Err(FeedError::TooLarge { what: shown, limit: MAX_DOCUMENT });
            }
            Ok(meta) if meta.is_file() => {
                let document =
                    fs::read(&path).map_err(|e| FeedError::Read { path: shown.clone(), reason: e.to_string() })?;
                return Ok(Some((document, shown)));
            }
            _ => {}
        }
    }
    Ok(None)
}

fn parse(kind: PackageKind, document: &[u8], origin: &str) -> Result<Registered, FeedError> {
    let foreign = |reason: &str| FeedError::Foreign {
        path: origin.to_owned(),
        wanted: "document of a registry",
        reason: reason.to_owned(),
    };
    let (latest, mut versions) = if kind == PackageKind::Gem {
        gem(&String::from_utf8_lossy(document)).ok_or_else(|| foreign("it does not begin with `---`"))?
    } else {
        let document: Value = serde_json::from_slice(document).map_err(|_| foreign("it is not JSON"))?;
        let versions =
            document.get("versions").and_then(Value::as_object).ok_or_else(|| foreign("it has no `versions`"))?;
        let latest = document.pointer("/dist-tags/latest").and_then(Value::as_str).map(str::to_owned);
        (latest, versions.keys().take(MAX_VERSIONS).cloned().collect())
    };
    let highest = || versions.iter().max_by(|a, b| kind.compare_versions(a, b).unwrap_or(Ordering::Equal)).cloned();
    let latest = latest.or_else(highest);
    versions.sort();
    versions.dedup();
    Ok(Registered { latest, versions, checked: now() })
}

/// A gem of the compact index: behind `---`, lines that begin with a version, and its platform behind a hyphen.
fn gem(text: &str) -> Option<(Option<String>, Vec<String>)> {
    let (_, lines) = text.split_once("---\n")?;
    let version = |line: &str| {
        let word = line.split(' ').next()?;
        Some(word.split('-').next()?.to_owned()).filter(|v| v.starts_with(|c: char| c.is_ascii_digit()))
    };
    let versions: Vec<String> = lines.lines().take(MAX_VERSIONS).filter_map(version).collect();
    // A letter makes it a pre-release, which is not installed unasked.
    let released = versions.iter().filter(|v| !v.contains(|c: char| c.is_ascii_alphabetic()));
    let latest = released.max_by(|a, b| PackageKind::Gem.compare_versions(a, b).unwrap_or(Ordering::Equal)).cloned();
    Some((latest, versions))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_both_registries_are_read() {
        let npm = br#"{"name": "left-pad", "dist-tags": {"latest": "1.3.0"}, "versions": {"1.2.0": {}, "1.3.0": {}, "2.0.0-rc.1": {}}}"#;
        let found = parse(PackageKind::Npm, npm, "x").unwrap();
        assert_eq!(
            (found.latest.as_deref(), found.versions.join(" ").as_str()),
            (Some("1.3.0"), "1.2.0 1.3.0 2.0.0-rc.1")
        );
        let gem = "created_at: x\n---\n13.0.6 |checksum:ab\n13.1.0 a:>= 1|checksum:cd\n13.2.0.rc1 |checksum:ef\n13.0.6-java |checksum:01\n";
        let found = parse(PackageKind::Gem, gem.as_bytes(), "x").unwrap();
        assert_eq!(
            (found.latest.as_deref(), found.versions.join(" ").as_str()),
            (Some("13.1.0"), "13.0.6 13.1.0 13.2.0.rc1")
        );
        assert!(found.has("13.0.6") && !found.has("13.0.7"));
        for (kind, wrong) in [(PackageKind::Npm, "{}"), (PackageKind::Npm, "<html>"), (PackageKind::Gem, "<html>")] {
            assert!(parse(kind, wrong.as_bytes(), "x").unwrap_err().to_string().contains("no document of a registry"));
        }
    }

    #[test]
    fn a_name_cannot_lead_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("mirror")).unwrap();
        fs::write(folder.path().join("secret.json"), "{}").unwrap();
        fs::write(folder.path().join("mirror/@babel%2Fcore"), "{}").unwrap();
        let found = |name: &str| from_folder(&folder.path().join("mirror"), PackageKind::Npm, name).unwrap().is_some();
        assert!(!found("../secret") && !found("..") && !found("/etc/passwd"));
        assert!(found("@babel/core"));
        assert_eq!(address(PackageKind::Gem, "a/../b"), "info/a%2F..%2Fb");
    }
}
