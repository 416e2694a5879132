//! Small images by hand, for the gates' tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{BaseFacts, Facts, PreviousFacts, Reporter};
use crate::dockerfile::{self, BuildOptions, Dockerfile};
use crate::feeds::{Registries, Vulnerabilities};
use crate::finding::{Finding, ImagePlace, Place};
use crate::image::{Change, Entry, EntryKind, FileSecret, Image, ImageConfig, Layer, Node, Problem, Tree};
use crate::packages::{Package, PackageHistory, PackageKind, Packages, Recorded};
use crate::policy::Date;
use crate::rule::{self, Params, Rule, Value};
use crate::text::SourceText;
use crate::trace::{Copies, Trace};

/// An image of hand-written layers, the packages after each, and what is known about it.
pub(super) struct Case {
    base_layers: Option<usize>,
    pub(super) problems: Vec<Problem>,
    pub(super) package_problems: Vec<Problem>,
    pub(super) content_patterns: Vec<String>,
    /// Layers of a base given beside the image.
    pub(super) current_layers: Option<usize>,
    /// The platform of that base.
    pub(super) base_platform: Option<String>,
    /// Packages of other kinds, in the image and not in its base.
    pub(super) others: Vec<Package>,
    /// What is recorded of the files of packages.
    pub(super) recorded: Option<Recorded>,
    /// Licences of every package.
    pub(super) licences: Vec<String>,
    /// What is known of vulnerabilities.
    pub(super) vulnerabilities: Option<Vulnerabilities>,
    /// What the registries know.
    pub(super) registries: Registries,
    /// The image's config.
    pub(super) config: ImageConfig,
    /// The image's own names.
    pub(super) tags: Vec<String>,
    /// Bytes of the layers of the image before this one.
    pub(super) previous: Option<u64>,
    /// Sizes of the layers; 0 where there are fewer.
    pub(super) sizes: Vec<u64>,
    layers: Vec<(Vec<Entry>, Vec<String>)>,
    packages: Vec<Vec<(&'static str, &'static str)>>,
    dockerfile: Option<Dockerfile>,
    trace: Option<Trace>,
}

impl Case {
    /// An image whose lowest `base_layers` layers are its base.
    pub(super) fn new(base_layers: usize) -> Self {
        Self {
            base_layers: Some(base_layers),
            problems: Vec::new(),
            package_problems: Vec::new(),
            content_patterns: Vec::new(),
            current_layers: None,
            base_platform: None,
            others: Vec::new(),
            recorded: None,
            licences: Vec::new(),
            vulnerabilities: None,
            registries: Registries::default(),
            config: ImageConfig::default(),
            tags: Vec::new(),
            previous: None,
            sizes: Vec::new(),
            layers: Vec::new(),
            packages: Vec::new(),
            dockerfile: None,
            trace: None,
        }
    }

    /// The same image, with nothing known of its base.
    pub(super) fn without_base(self) -> Self {
        Self { base_layers: None, ..self }
    }

    /// Adds a layer with these entries, and whiteouts of these paths.
    pub(super) fn layer<const A: usize, const R: usize>(mut self, entries: [Entry; A], removed: [&str; R]) -> Self {
        self.layers.push((entries.into(), removed.map(str::to_owned).into()));
        self.packages.push(self.packages.last().cloned().unwrap_or_default());
        self
    }

    /// Names and versions of the packages after the layer added last.
    pub(super) fn packages<const N: usize>(mut self, packages: [(&'static str, &'static str); N]) -> Self {
        if let Some(last) = self.packages.last_mut() {
            *last = packages.into();
        }
        self
    }

    /// The Dockerfile.
    pub(super) fn dockerfile(mut self, text: &str) -> Self {
        self.dockerfile = Some(dockerfile::parse(&SourceText::new("Dockerfile", text)));
        self
    }

    /// The trace of the layers.
    pub(super) fn trace(mut self, trace: Trace) -> Self {
        self.trace = Some(trace);
        self
    }

    /// What a rule finds.
    pub(super) fn run(&self, rule: &str, params: &[(&str, &str)]) -> Vec<Finding> {
        let given = params.iter().map(|(name, value)| ((*name).to_owned(), Value::Str((*value).to_owned())));
        self.judge(rule::find(rule).unwrap(), given)
    }

    /// What a rule with lists for parameters finds.
    pub(super) fn run_with(&self, rule: &str, params: &[(&str, &[&str])]) -> Vec<Finding> {
        let list = |items: &[&str]| Value::List(items.iter().map(|item| (*item).to_owned()).collect());
        self.judge(rule::find(rule).unwrap(), params.iter().map(|(name, items)| ((*name).to_owned(), list(items))))
    }

    /// What a rule with these parameters finds.
    pub(super) fn judge(&self, rule: &'static Rule, given: impl Iterator<Item = (String, Value)>) -> Vec<Finding> {
        let params = Params::new(rule, given).unwrap();
        let base_layers = self.base_layers.unwrap_or_default();
        let (image, tree, base_tree) = (self.image(), self.tree(self.layers.len()), self.tree(base_layers));
        let (packages, base_packages) = (self.inventory(self.layers.len()), self.inventory(base_layers));
        let (history, _) = PackageHistory::of(&image);
        let copies = self.dockerfile.as_ref().map(|dockerfile| {
            let environments = dockerfile::environments(dockerfile, &BuildOptions::default());
            Copies::new(dockerfile, None, &environments, Vec::new(), &tree, "")
        });
        let facts = Facts {
            image: &image,
            tree: &tree,
            packages: &packages,
            package_history: &history,
            recorded: self.recorded.as_ref(),
            base: self.base_layers.map(|layers| BaseFacts {
                name: String::from("the base"),
                tree: &base_tree,
                packages: &base_packages,
                layers,
                current_layers: self.current_layers,
                platform: self.base_platform.clone(),
            }),
            previous: self.previous.map(|size| PreviousFacts { name: "app:1".to_owned(), size }),
            dockerfile: self.dockerfile.as_ref(),
            trace: self.trace.as_ref(),
            copies: copies.as_ref(),
            content_patterns: &self.content_patterns,
            vulnerabilities: self.vulnerabilities.as_ref(),
            registries: &self.registries,
            today: Date::parse("2026-06-01").unwrap(),
        };
        let mut report = Reporter::new(rule, &params, &facts);
        assert!(super::run(rule, &facts, &mut report), "{} has no code", rule.id);
        report.into_findings()
    }

    fn image(&self) -> Image {
        let layers =
            self.layers.iter().zip(&self.packages).enumerate().map(|(index, ((entries, removed), packages))| {
                let removed = removed.iter().cloned().map(Change::Whiteout);
                let added = entries.iter().cloned().chain([status(packages)]).map(|e| Change::Add(Arc::new(e)));
                let diff_id = format!("sha256:{index}");
                let size = self.sizes.get(index).copied().unwrap_or_default();
                Layer {
                    index,
                    diff_id,
                    size,
                    changes: removed.chain(added).collect(),
                    blob: format!("layer{index}"),
                    keys: self.keys_of(entries),
                    secrets: secrets_of(entries),
                    ..Layer::default()
                }
            });
        Image {
            reference: String::from("docker-archive:x.tar"),
            id: String::from("sha256:x"),
            tags: self.tags.clone(),
            digests: Vec::new(),
            config: self.config.clone(),
            layers: layers.collect(),
            has_config: true,
            base: None,
            attestations: crate::image::Attestations::default(),
            notes: Vec::new(),
            problems: self.problems.clone(),
        }
    }

    /// The key files among entries with content.
    fn keys_of(&self, entries: &[Entry]) -> BTreeMap<String, crate::secrets::KeyHit> {
        let hit = |entry: &Entry| {
            let mut content = entry.content.as_deref()?;
            Some((entry.path.clone(), crate::secrets::classify(&entry.path, &mut content)?))
        };
        entries.iter().filter_map(hit).collect()
    }

    fn tree(&self, layers: usize) -> Tree {
        let mut nodes = BTreeMap::new();
        for (layer, (entries, removed)) in self.layers.iter().enumerate().take(layers) {
            let is_gone = |path: &str| removed.iter().any(|gone| path == gone || path.starts_with(&format!("{gone}/")));
            nodes.retain(|path: &String, _| !is_gone(path));
            nodes.extend(entries.iter().cloned().map(|e| (e.path.clone(), Node { entry: Arc::new(e), layer })));
        }
        Tree { nodes }
    }

    fn inventory(&self, layers: usize) -> Packages {
        let after = layers.checked_sub(1).and_then(|last| self.packages.get(last)).cloned().unwrap_or_default();
        let mut list: Vec<Package> = after.into_iter().map(|(name, version)| package(name, version)).collect();
        if layers == self.layers.len() {
            list.extend(self.others.iter().cloned());
        }
        let (history, _) = PackageHistory::of(&self.image());
        for package in &mut list {
            package.licences.clone_from(&self.licences);
            package.layer = history.layer_of(&package.name).filter(|_| package.layer == 0).unwrap_or(package.layer);
        }
        list.sort();
        Packages { list, problems: self.package_problems.clone(), distro: None }
    }
}

/// The secrets in entries with content.
fn secrets_of(entries: &[Entry]) -> BTreeMap<String, Vec<FileSecret>> {
    let found = |entry: &Entry| {
        let content = entry.content.as_deref()?;
        let hits = crate::secrets::Scanner::shared().scan(&entry.path, content).hits;
        let secrets: Vec<FileSecret> = hits.into_iter().map(FileSecret::from).collect();
        (!secrets.is_empty()).then(|| (entry.path.clone(), secrets))
    };
    entries.iter().filter_map(found).collect()
}

/// A regular file of root's, mode 0644.
pub(super) fn file(path: &str) -> Entry {
    Entry::new(path, EntryKind::File)
}

/// A regular file of root's with this content.
pub(super) fn text(path: &str, content: &str) -> Entry {
    let size = content.len() as u64;
    Entry { size, sha256: Some(content.to_owned()), content: Some(Arc::from(content.as_bytes())), ..file(path) }
}

/// Layer (`-` for none) and message of each finding.
pub(super) fn messages(findings: &[Finding]) -> Vec<String> {
    let place = |f: &Finding| match (&f.in_image, f.place()) {
        (Some(place), _) | (None, Place::Image(place)) => place.clone(),
        (None, _) => ImagePlace { image: String::new(), path: None, layer: None },
    };
    let layer = |f: &Finding| place(f).layer.map_or(String::from("-"), |l| l.index.to_string());
    findings.iter().map(|f| format!("{} {}", layer(f), f.message())).collect()
}

/// A dpkg database with these packages.
fn status(packages: &[(&str, &str)]) -> Entry {
    let one = |(name, version): &(&str, &str)| {
        format!("Package: {name}\nVersion: {version}\nStatus: install ok installed\n\n")
    };
    let text: String = packages.iter().map(one).collect();
    Entry { sha256: Some(text.clone()), content: Some(Arc::from(text.into_bytes())), ..file(DATABASE) }
}

const DATABASE: &str = "/var/lib/dpkg/status";

/// A package of dpkg's.
pub(super) fn package(name: &str, version: &str) -> Package {
    Package { database: String::from(DATABASE), ..Package::new(PackageKind::Deb, name, version) }
}
