//! One file per image gate family: pure functions from what was read of an image to findings.
//!
//! To add a trigger: a page in `rules/image` whose `code` names the function (`suiddiff::setuid_added`), and the function.

pub mod accountcheck;
mod accounts;
pub mod anchoresec;
pub mod bytes;
pub mod caches;
pub mod capabilities;
mod compare;
pub mod config;
pub mod contents;
pub mod custom;
pub mod dockerfilecheck;
pub mod end_of_life;
pub mod filecheck;
pub mod fileparse_passwd;
pub mod files;
pub mod imagecheck;
pub mod instructions;
pub mod keys;
pub mod leftovers;
pub mod licblacklist;
pub mod metadata;
mod old_ids;
mod own_user;
pub mod permissions;
pub mod pkgblacklist;
pub mod pkgcheck;
pub mod pkgdiff;
pub mod platform;
pub mod registry;
pub mod secrets;
pub mod suiddiff;
mod traced;
pub mod unchecked;
pub mod verify;

pub use accounts::{EffectiveUser, effective_user};

use crate::dockerfile::Dockerfile;
use crate::feeds::{Registries, Vulnerabilities};
use crate::finding::{Finding, ImagePlace, LayerRef, Origin, Place};
use crate::image::{Image, Tree};
use crate::packages::{Package, PackageHistory, Packages, Recorded};
use crate::policy::Date;
use crate::rule::{Params, Phase, Rule};
use crate::trace::{Copies, FileMaker, Maker, Trace};

/// Whether gates look at the content of the file at an absolute path, so that it has to be captured
/// ([`Wants::capture_if`](crate::image::Wants::capture_if)).
pub fn is_looked_at(path: &str) -> bool {
    accounts::is_account_file(path) || end_of_life::is_release_file(path)
}

/// What a gate can look at. Everything is computed before the first gate runs.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The image.
    pub image: &'a Image,
    /// All layers merged.
    pub tree: &'a Tree,
    /// Packages of the merged tree.
    pub packages: &'a Packages,
    /// Which layers installed, changed and removed packages.
    pub package_history: &'a PackageHistory,
    /// What is recorded of the files of packages; `None` where no rule asks for it.
    pub recorded: Option<&'a Recorded>,
    /// The base the image is compared with, when one is known.
    pub base: Option<BaseFacts<'a>>,
    /// The image that this one takes the place of, when it was named.
    pub previous: Option<PreviousFacts>,
    /// The Dockerfile, when the run has one.
    pub dockerfile: Option<&'a Dockerfile>,
    /// Layers traced to the Dockerfile, when there is one.
    pub trace: Option<&'a Trace>,
    /// Files traced to its COPY lines, likewise.
    pub copies: Option<&'a Copies<'a>>,
    /// The content patterns searched for while reading, in the order `Wants::content` had them.
    pub content_patterns: &'a [String],
    /// Known vulnerabilities of the packages; `None` where there is no data at all.
    pub vulnerabilities: Option<&'a Vulnerabilities>,
    /// What the registries of npm and RubyGems know.
    pub registries: &'a Registries,
    /// The day of the run.
    pub today: Date,
}

/// The base of an image.
#[derive(Debug)]
pub struct BaseFacts<'a> {
    /// What it is, for messages: `the base (layers 1 to 3)`, or the reference given with `--base`.
    pub name: String,
    /// Its merged tree.
    pub tree: &'a Tree,
    /// Its packages.
    pub packages: &'a Packages,
    /// Leading layers of the image that are the base's.
    pub layers: usize,
    /// Layers the base has today; `None` for a base found inside the image, of which nothing newer is known.
    pub current_layers: Option<usize>,
    /// `os/architecture` of a base that was given beside the image, when its config tells.
    pub platform: Option<String>,
}

/// An image that the one at hand takes the place of.
#[derive(Debug)]
pub struct PreviousFacts {
    /// The reference it was named by.
    pub name: String,
    /// Bytes of its layers, uncompressed.
    pub size: u64,
}

/// Where a gate reports to.
#[derive(Debug)]
pub struct Reporter<'a> {
    rule: &'static Rule,
    params: &'a Params,
    facts: &'a Facts<'a>,
    findings: Vec<Finding>,
}

impl<'a> Reporter<'a> {
    /// A reporter for one run of one gate.
    pub fn new(rule: &'static Rule, params: &'a Params, facts: &'a Facts<'a>) -> Self {
        Self { rule, params, facts, findings: Vec::new() }
    }

    /// The rule that is run.
    pub fn rule(&self) -> &'static Rule {
        self.rule
    }

    /// The gate's parameters.
    pub fn params(&self) -> &'a Params {
        self.params
    }

    /// Starts a finding about something layer `layer` did, to the file `path` when it is about one. Its primary place is
    /// the Dockerfile instruction that made the layer, or the file in a layer of several instructions; the FROM line for what
    /// came with the base; and the image itself where no Dockerfile tells. What was copied from a stage has that as a second
    /// place.
    pub fn in_layer(&self, layer: usize, path: Option<&str>, message: impl Into<String>) -> Finding {
        let (maker, source) = self.maker_of(layer, path.and_then(|path| self.file_of(layer, path)));
        self.made_by(maker, source, layer, path, message)
    }

    /// Starts a finding about a package that layer `package.layer` installed, to the file `path` when it is about one; otherwise
    /// as [`Reporter::in_layer`].
    pub fn on_package(&self, package: &Package, path: Option<&str>, message: impl Into<String>) -> Finding {
        match self.is_package_of_base(package) {
            true => self.made_by(Maker::Base, None, package.layer, path, message),
            false => self.in_layer(package.layer, path, message),
        }
    }

    fn made_by(
        &self,
        maker: Maker,
        source: Option<FileMaker>,
        layer: usize,
        path: Option<&str>,
        message: impl Into<String>,
    ) -> Finding {
        let diff_id = self.facts.image.layers.get(layer).map(|l| l.diff_id.clone()).unwrap_or_default();
        let inside = ImagePlace {
            image: self.facts.image.reference.clone(),
            path: path.map(str::to_owned),
            layer: Some(LayerRef { index: layer, diff_id }),
        };
        let is_base = maker == Maker::Base || self.facts.base.as_ref().is_some_and(|b| layer < b.layers);
        let finding = self.traced(maker, inside, message).origin(if is_base { Origin::Base } else { Origin::Yours });
        self.with_sources(finding, maker, path, source)
    }

    /// Starts a finding about the image as a whole: at the final stage's FROM line when there is a Dockerfile.
    pub fn on_image(&self, message: impl Into<String>) -> Finding {
        let inside = ImagePlace { image: self.facts.image.reference.clone(), path: None, layer: None };
        self.traced(Maker::Base, inside, message)
    }

    /// Starts a finding about an entry of the image's history: at the instruction that made it.
    pub fn in_history(&self, entry: usize, message: impl Into<String>) -> Finding {
        let inside = ImagePlace { image: self.facts.image.reference.clone(), path: None, layer: None };
        let maker = self.facts.trace.and_then(|t| t.history.get(entry)).copied().unwrap_or(Maker::Unknown);
        let origin = if maker == Maker::Base { Origin::Base } else { Origin::Yours };
        self.traced(maker, inside, message).origin(origin)
    }

    /// Starts a finding about an instruction of the Dockerfile, and about the image where there is none.
    pub fn at_instruction(&self, index: usize, message: impl Into<String>) -> Finding {
        let inside = ImagePlace { image: self.facts.image.reference.clone(), path: None, layer: None };
        let instruction = self.facts.dockerfile.and_then(|d| Some((d, d.instructions.get(index)?)));
        match instruction {
            Some((dockerfile, instruction)) => {
                Finding::new(self.rule, Place::source(&dockerfile.source, instruction.head_span), message)
                    .in_image(inside)
            }
            None => Finding::new(self.rule, Place::Image(inside), message),
        }
    }

    /// Where layer `layer` stands, for a second place.
    pub fn layer_place(&self, layer: usize) -> Place {
        self.in_layer(layer, None, "").place().clone()
    }

    fn traced(&self, maker: Maker, inside: ImagePlace, message: impl Into<String>) -> Finding {
        match self.dockerfile_place(maker) {
            Some(place) => Finding::new(self.rule, place, message).in_image(inside),
            None => Finding::new(self.rule, Place::Image(inside), message),
        }
    }

    fn dockerfile_place(&self, maker: Maker) -> Option<Place> {
        let (dockerfile, trace) = (self.facts.dockerfile?, self.facts.trace?);
        let index = match maker {
            Maker::Base => trace.base_from?,
            Maker::Instruction(index) => index,
            Maker::Unknown => return None,
        };
        let instruction = dockerfile.instructions.get(index)?;
        let stage = instruction.stage.and_then(|s| dockerfile.stages.get(s));
        let span = match stage {
            Some(stage) if stage.from == index => stage.base.span,
            _ => instruction.head_span,
        };
        Some(Place::source(&dockerfile.source, span))
    }

    /// Reports a finding.
    pub fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// What was reported, in the order it was.
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}

/// Anchore's id for what a finding found, which its whitelists name: the thing found and the trigger
/// (`/usr/bin/x-SUIDFILEADD`, `curl-PKGADD`), the trigger alone for the image as a whole, and the fingerprint for what was
/// found in a Dockerfile. `trigger` is the `GATE:TRIGGER` that asked for it; without one the rule's first stands for it,
/// and the rule's id where no trigger of Anchore's does.
pub fn trigger_id(finding: &Finding, trigger: Option<&str>) -> String {
    let rule = finding.rule();
    if rule.phase != Phase::Image {
        return finding.fingerprint();
    }
    // `CVE-2023-1234+openssl`, whatever the severity.
    if finding.vulnerability.is_some() {
        return finding.subject.clone();
    }
    let named = trigger.or(rule.triggers.first().copied());
    let trigger = named.and_then(|t| t.split_once(':')).map_or(rule.id, |(_, trigger)| trigger);
    match finding.subject.as_str() {
        "" => trigger.to_owned(),
        subject => format!("{subject}-{trigger}"),
    }
}

/// Every id by which a whitelist can name what a check found: [`trigger_id`], and the hashes that stood for it in Anchore's tools, where
/// they can be made again.
pub fn trigger_ids(finding: &Finding, trigger: Option<&str>, params: &Params) -> Vec<String> {
    let Some(trigger) = trigger else {
        // A policy of dockgate's own may have its whitelist from one of Anchore's, with any of these triggers.
        let both = |trigger: &str| [trigger.to_owned(), trigger.replace("blacklist", "denylist")];
        let triggers = finding.rule().triggers.iter().flat_map(|trigger| both(trigger));
        let named = triggers.flat_map(|trigger| trigger_ids(finding, Some(&trigger), params));
        return std::iter::once(trigger_id(finding, None)).chain(named).collect();
    };
    let old = old_ids::of(finding, trigger, params).into_iter().chain(old_ids::of_engine(finding, trigger, params));
    std::iter::once(trigger_id(finding, Some(trigger))).chain(old).collect()
}

include!(concat!(env!("OUT_DIR"), "/gate_dispatch.rs"));

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod fixtures;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::fixtures::{Case, file};
    use super::*;

    const NAMES: &[(&str, &str)] = &[("name-regexp", ".*/key$")];

    fn case() -> Case {
        Case::new(1).layer([file("/base/key")], []).layer([file("/own/key")], [])
    }

    /// Path of the file, the place it is told at, and whose doing it is.
    fn told(findings: &[Finding]) -> Vec<(&str, String, Origin)> {
        findings
            .iter()
            .map(|f| (f.subject.as_str(), format!("{} {}", f.place().file(), f.place().text()), f.origin))
            .collect()
    }

    #[test]
    fn a_finding_is_told_at_the_instruction_that_made_its_layer() {
        let trace = Trace {
            layers: vec![Maker::Base, Maker::Instruction(1)],
            history: Vec::new(),
            base_layers: Some(1),
            base_from: Some(0),
            mismatch: None,
            is_merged: false,
        };
        let findings = case().dockerfile("FROM debian:12\nRUN keygen\n").trace(trace).run("file-name-matched", NAMES);
        let expected = [
            ("/base/key", String::from("Dockerfile debian:12"), Origin::Base),
            ("/own/key", String::from("Dockerfile RUN keygen"), Origin::Yours),
        ];
        assert_eq!(told(&findings), expected);
        let inside = findings[1].in_image.as_ref().unwrap();
        assert_eq!(
            (inside.path.as_deref(), inside.layer.as_ref().unwrap().diff_id.as_str()),
            (Some("/own/key"), "sha256:1")
        );
    }

    #[test]
    fn without_a_dockerfile_it_is_told_at_the_image() {
        let findings = case().run("file-name-matched", NAMES);
        let expected = [
            ("/base/key", String::from("docker-archive:x.tar:/base/key "), Origin::Base),
            ("/own/key", String::from("docker-archive:x.tar:/own/key "), Origin::Yours),
        ];
        assert_eq!(told(&findings), expected);
    }
}
