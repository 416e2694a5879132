//! Which packages of an image have known vulnerabilities.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::FeedError;
use super::ecosystem;
use super::range::Hit;
use super::record::{Advisory, Affected, is_malware};
use super::report::{Reported, ScanReport};
use super::severity::{Level, Scores, level_of_vector, scores};
use super::store::{Source, Store};
use crate::packages::{Package, PackageKind, Packages};

/// One vulnerability of one package.
#[derive(Clone, Debug)]
pub struct Vulnerability {
    /// The name it goes by: its CVE id when it has exactly one, else that of the advisory.
    pub id: String,
    /// All names, the id and the advisories' among them; sorted.
    pub names: Vec<String>,
    /// The package. Of one that a scanner reports and the inventory does not have, only name, version and kind are known.
    pub package: Package,
    /// Whether the inventory has the package, so that its layer is known.
    pub is_placed: bool,
    /// Every path it is at, sorted.
    pub paths: Vec<String>,
    /// How bad.
    pub level: Level,
    /// The CVSS scores, when there are any.
    pub scores: Option<Scores>,
    /// The lowest version that mends it, when one does.
    pub fixed: Option<String>,
    /// The distribution has said that it will not mend it.
    pub is_unattended: bool,
    /// The day it was published, `YYYY-MM-DD`; empty when nobody says.
    pub published: String,
    /// One line on what it is.
    pub summary: String,
    /// Who says so: the source's name, or the report's.
    pub source: String,
}

impl Vulnerability {
    /// Whether the package is itself what is bad: malware, by the list of the Open Source Security Foundation.
    pub fn is_malware(&self) -> bool {
        self.names.iter().any(|name| is_malware(name))
    }
}

/// Packages nobody has looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// Their kind.
    pub kind: PackageKind,
    /// How many there are.
    pub packages: usize,
    /// The feed's folder that has their data, when one does.
    pub feed: Option<String>,
    /// Why they were not looked up, as a clause: `there is no data for Debian:12`.
    pub reason: String,
}

/// What is known of the vulnerabilities of an image.
#[derive(Clone, Debug, Default)]
pub struct Vulnerabilities {
    /// Sorted by package, version and id.
    pub list: Vec<Vulnerability>,
    /// Packages that were not looked up, by kind.
    pub unmatched: Vec<Unmatched>,
    /// `name version` of packages whose version could not be compared; sorted.
    pub uncomparable: Vec<String>,
    /// Sources that were asked, and when they were last known to be current, in seconds since 1970.
    pub asked: Vec<(String, u64)>,
    /// What is odd about reports of scanners, in words.
    pub notes: Vec<String>,
}

/// An image as scanners name it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scanned<'a> {
    /// `sha256:…` of the config.
    pub id: &'a str,
    /// Diff ids of its layers, lowest first.
    pub diff_ids: &'a [String],
}

/// Looks up every package, and takes in what scanners report.
///
/// # Errors
/// When a file of the store is damaged.
pub fn match_packages(
    store: &Store,
    packages: &Packages,
    reports: &[ScanReport],
    image: Scanned<'_>,
) -> Result<Vulnerabilities, FeedError> {
    let mut found = Vulnerabilities::default();
    let mut groups: BTreeMap<(PackageKind, &str, &str, usize), Vec<&Package>> = BTreeMap::new();
    for package in &packages.list {
        groups.entry((package.kind, &package.name, &package.version, package.layer)).or_default().push(package);
    }
    let mut asked: BTreeMap<&str, u64> = BTreeMap::new();
    for kind in PackageKind::ALL {
        let count = packages.list.iter().filter(|p| p.kind == kind).count();
        if count == 0 {
            continue;
        }
        let ecosystems = ecosystem::of(kind, packages.distro.as_ref());
        let known: Vec<&String> = ecosystems.iter().filter(|e| store.has(e)).collect();
        if known.is_empty() {
            if reports.is_empty() {
                found.unmatched.push(unmatched(kind, count, &ecosystems, packages));
            }
            continue;
        }
        let sources: Vec<(&Source, &str)> = store
            .sources
            .iter()
            .flat_map(|source| known.iter().map(move |e| (source, e.as_str())))
            .filter(|(source, e)| source.description().ecosystems.contains_key(*e))
            .collect();
        asked.extend(sources.iter().map(|(source, _)| (source.description().name.as_str(), source.checked)));
        for (_, places) in groups.range((kind, "", "", 0)..).take_while(|((k, ..), _)| *k == kind) {
            look_up(&sources, places, &mut found)?;
        }
    }
    found.asked = asked.into_iter().map(|(name, checked)| (name.to_owned(), checked)).collect();
    for report in reports {
        take_in(report, packages, image, &mut found);
    }
    let key = |v: &Vulnerability| {
        (v.package.name.clone(), v.package.version.clone(), v.id.clone(), v.package.layer, v.package.kind)
    };
    found.list.sort_by_cached_key(key);
    found.uncomparable.sort();
    found.uncomparable.dedup();
    Ok(found)
}

fn unmatched(kind: PackageKind, packages: usize, ecosystems: &[String], inventory: &Packages) -> Unmatched {
    let feed = ecosystems.first().map(|e| ecosystem::root(e).to_owned());
    let reason = match (ecosystems.first(), &inventory.distro) {
        (Some(ecosystem), _) => format!("there is no data for {ecosystem}"),
        (None, Some(distro)) => {
            let version = distro.version_id.as_ref().map(|v| format!(" {v}")).unwrap_or_default();
            format!("no feed knows {}{version}", distro.id)
        }
        (None, None) => String::from("the image does not say which distribution it is of"),
    };
    Unmatched { kind, packages, feed, reason }
}

/// What one source says of a package.
struct Said<'s> {
    advisory: Advisory,
    affected: Affected,
    fixed: Option<String>,
    source: &'s str,
}

/// Looks up one package, which may be in several places of one layer.
fn look_up(sources: &[(&Source, &str)], places: &[&Package], found: &mut Vulnerabilities) -> Result<(), FeedError> {
    let Some(package) = places.first().copied() else { return Ok(()) };
    let mut said: BTreeMap<String, Said<'_>> = BTreeMap::new();
    for (source, ecosystem) in sources {
        let damaged = |()| FeedError::Damaged { path: source.description().name.clone() };
        for known in ecosystem::known_as(package) {
            let find = |ecosystem: &str| source.file().find(ecosystem, &known.name).map_err(damaged);
            // What a record says of builds with support that is bought apart counts for these in place of the rest.
            let bought = ecosystem::bought_apart(ecosystem, known.version).map_or(Ok(Vec::new()), |e| find(&e))?;
            let mut entries = find(ecosystem)?;
            entries.retain(|entry| bought.iter().all(|other| other.advisory != entry.advisory));
            for mut affected in bought.into_iter().chain(entries) {
                if known.lacks_epoch {
                    affected.forget_epochs();
                }
                let fixed = match affected.judge(package.kind, known.version) {
                    Hit::Clear => continue,
                    Hit::Uncomparable => {
                        found.uncomparable.push(format!("{} {}", package.name, package.version));
                        continue;
                    }
                    Hit::Affected { fixed } => fixed,
                };
                let advisory = source.file().advisory(&affected).map_err(damaged)?;
                let one = Said { advisory, affected, fixed, source: &source.description().name };
                match said.get_mut(&one.advisory.id) {
                    // The same record in two sources: the newer one counts.
                    Some(other) if other.advisory.modified >= one.advisory.modified && other.fixed.is_some() => {}
                    Some(other) => *other = one,
                    None => drop(said.insert(one.advisory.id.clone(), one)),
                }
            }
        }
    }
    let paths: BTreeSet<String> = places.iter().map(|p| p.database.clone()).filter(|p| !p.is_empty()).collect();
    let paths: Vec<String> = paths.into_iter().collect();
    for group in grouped(said.into_values().collect()) {
        found.list.push(vulnerability(package, &paths, &group));
    }
    Ok(())
}

/// Puts records of one vulnerability together. An advisory about several counts where one of them is told by nothing else.
fn grouped(said: Vec<Said<'_>>) -> Vec<Vec<Said<'_>>> {
    let (single, collective): (Vec<_>, Vec<_>) = said.into_iter().partition(|s| cves(&s.advisory).len() < 2);
    let mut groups: Vec<(BTreeSet<String>, Vec<Said<'_>>)> = Vec::new();
    for one in single {
        let mut names = names(&one.advisory);
        let mut members = vec![one];
        // Names may join groups that were apart.
        let (joined, apart): (Vec<_>, Vec<_>) = groups.into_iter().partition(|(known, _)| !known.is_disjoint(&names));
        groups = apart;
        for (known, others) in joined {
            names.extend(known);
            members.extend(others);
        }
        groups.push((names, members));
    }
    let told: BTreeSet<String> = groups.iter().flat_map(|(names, _)| names.iter().cloned()).collect();
    let collective = collective.into_iter().filter(|one| !cves(&one.advisory).is_subset(&told));
    let collective: Vec<Vec<Said<'_>>> = collective.map(|one| vec![one]).collect();
    groups.into_iter().map(|(_, members)| members).chain(collective).collect()
}

/// Every name of a record's vulnerability. Distributions put their name before a CVE id: `DEBIAN-CVE-2023-0464`.
fn names(advisory: &Advisory) -> BTreeSet<String> {
    let own = std::iter::once(&advisory.id).chain(&advisory.aliases);
    own.flat_map(|name| {
        let bare = name.find("-CVE-").and_then(|at| name.get(at + 1..));
        std::iter::once(name.as_str()).chain(bare).map(str::to_owned).collect::<Vec<_>>()
    })
    .collect()
}

fn cves(advisory: &Advisory) -> BTreeSet<String> {
    names(advisory).into_iter().filter(|name| name.starts_with("CVE-")).collect()
}

fn vulnerability(package: &Package, paths: &[String], group: &[Said<'_>]) -> Vulnerability {
    let kind = package.kind;
    let names: BTreeSet<String> = group.iter().flat_map(|s| names(&s.advisory)).collect();
    let first = |text: fn(&Advisory) -> &str| {
        group.iter().map(|s| text(&s.advisory)).find(|text| !text.is_empty()).unwrap_or_default().to_owned()
    };
    let level = group.iter().map(|s| level(kind, s)).max().unwrap_or_default();
    let vectors: Vec<String> =
        group.iter().flat_map(|s| s.affected.cvss.iter().chain(&s.advisory.cvss)).cloned().collect();
    // What mends all of them mends it.
    let mut fixed: Option<&String> = None;
    for candidate in group.iter().filter_map(|s| s.fixed.as_ref()) {
        let is_higher = fixed.is_none_or(|f| kind.compare_versions(candidate, f) == Some(Ordering::Greater));
        fixed = if is_higher { Some(candidate) } else { fixed };
    }
    Vulnerability {
        id: id_of(group, &names),
        names: names.into_iter().collect(),
        package: package.clone(),
        is_placed: true,
        paths: paths.to_vec(),
        level,
        scores: scores(&vectors),
        fixed: fixed.cloned(),
        is_unattended: group.iter().all(|s| s.affected.is_unattended),
        published: group
            .iter()
            .map(|s| s.advisory.published.as_str())
            .filter(|day| !day.is_empty())
            .min()
            .unwrap_or_default()
            .to_owned(),
        summary: first(|a| &a.summary),
        source: group.first().map(|s| s.source.to_owned()).unwrap_or_default(),
    }
}

/// The one CVE id, else the name of an advisory, those most people know first.
fn id_of(group: &[Said<'_>], names: &BTreeSet<String>) -> String {
    let mut cves = names.iter().filter(|name| name.starts_with("CVE-"));
    if let (Some(only), None) = (cves.next(), cves.next()) {
        return only.clone();
    }
    let own = || group.iter().map(|s| &s.advisory.id);
    let github = names.iter().find(|name| name.starts_with("GHSA-"));
    match own().count() {
        1 => own().next().cloned().unwrap_or_default(),
        _ => github.or_else(|| own().min()).cloned().unwrap_or_default(),
    }
}

/// The word for the package at hand, then the distribution's for the whole, then CVSS, then the database's.
fn level(kind: PackageKind, said: &Said<'_>) -> Level {
    let of_vectors = || said.affected.cvss.iter().chain(&said.advisory.cvss).find_map(|v| level_of_vector(v));
    let own = said.affected.word.or_else(|| said.advisory.word.filter(|_| kind.is_distribution()));
    own.or_else(of_vectors).or(said.advisory.word).unwrap_or_default()
}

/// Takes in a scanner's report: what is not known yet is added at the package it is about.
fn take_in(report: &ScanReport, packages: &Packages, image: Scanned<'_>, found: &mut Vulnerabilities) {
    if let Some(other) = report.image.as_ref().filter(|id| !image.id.is_empty() && **id != image.id) {
        found.notes.push(format!("{} is a report on another image, {other}", report.name));
    }
    if let Some(other) = report.other {
        found.notes.push(format!("{} is a report on {other}, not on an image", report.name));
    }
    if report.left_out > 0 {
        let what = if report.left_out == 1 { "vulnerability" } else { "vulnerabilities" };
        found
            .notes
            .push(format!("{} leaves out {} {what} that its scanner was told to ignore", report.name, report.left_out));
    }
    for reported in &report.list {
        let places: Vec<&Package> = packages.list.iter().filter(|p| reported.is_about(p)).collect();
        let is_known = |v: &Vulnerability| {
            let is_package = match places.first() {
                Some(place) => {
                    v.package.name == place.name && v.package.version == place.version && v.package.kind == place.kind
                }
                None => v.package.name == reported.name && v.package.version == reported.version,
            };
            is_package && reported.names.iter().any(|name| v.names.contains(name))
        };
        if let Some(known) = found.list.iter_mut().find(|v| is_known(v)) {
            known.names.extend(reported.names.iter().cloned());
            known.names.sort();
            known.names.dedup();
            known.fixed = known.fixed.take().or_else(|| reported.fixed.clone());
            continue;
        }
        found.list.push(of_report(report, reported, &places, image));
    }
}

fn of_report(report: &ScanReport, reported: &Reported, places: &[&Package], image: Scanned<'_>) -> Vulnerability {
    let named_layer = reported.layer.as_ref().and_then(|id| image.diff_ids.iter().position(|known| known == id));
    let package = match places.first() {
        Some(package) => (*package).clone(),
        None => Package {
            layer: named_layer.unwrap_or_default(),
            purl: reported.purl.clone().unwrap_or_default(),
            database: reported.path.clone().unwrap_or_default(),
            ..Package::new(reported.kind.unwrap_or(PackageKind::Deb), &reported.name, &reported.version)
        },
    };
    let mut paths: Vec<String> = places.iter().map(|p| p.database.clone()).chain(reported.path.clone()).collect();
    paths.retain(|path| !path.is_empty());
    paths.sort();
    paths.dedup();
    let vector_level = reported.vectors.iter().find_map(|v| level_of_vector(v));
    Vulnerability {
        id: reported.id.clone(),
        names: reported.names.clone(),
        is_placed: !places.is_empty() || named_layer.is_some(),
        package,
        paths,
        level: reported.level.or(vector_level).unwrap_or_default(),
        scores: scores(&reported.vectors).or(reported.scores),
        fixed: reported.fixed.clone(),
        is_unattended: reported.is_unattended,
        published: reported.published.clone(),
        summary: reported.summary.clone(),
        source: report.name.clone(),
    }
}
