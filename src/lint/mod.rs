//! One file per Dockerfile or context rule: pure functions from models to findings.
//!
//! To add a rule: a page in `rules/lint` or `rules/context`, a file here with the page's name (`_` for `-`) and a
//! function `check`, and its `mod` line.

use std::sync::Arc;

use crate::context::{Context, Copied};
use crate::dockerfile::Dockerfile;
use crate::finding::{Finding, Place};
use crate::rule::{Params, Rule};
use crate::text::{SourceText, Span};

/// What a rule can look at. Everything is computed before the first rule runs.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The Dockerfile.
    pub dockerfile: &'a Dockerfile,
    /// The commands of each RUN instruction (and shell-form CMD, ENTRYPOINT, HEALTHCHECK), by instruction index.
    pub scripts: &'a [crate::shell::Script],
    /// The build context, when the run has one.
    pub context: Option<ContextFacts<'a>>,
}

/// What a context rule can look at.
#[derive(Debug)]
pub struct ContextFacts<'a> {
    /// The context.
    pub context: &'a Context,
    /// What each COPY and ADD takes.
    pub copied: &'a [Copied],
    /// Key files among what is copied, by index into [`Context::files`], sorted.
    pub keys: &'a [(usize, crate::secrets::KeyHit)],
}

/// Where a rule reports to.
#[derive(Debug)]
pub struct Reporter<'a> {
    rule: &'static Rule,
    params: &'a Params,
    source: &'a Arc<SourceText>,
    findings: Vec<Finding>,
}

impl<'a> Reporter<'a> {
    /// A reporter for one run of one rule over one Dockerfile.
    pub fn new(rule: &'static Rule, params: &'a Params, source: &'a Arc<SourceText>) -> Self {
        Self { rule, params, source, findings: Vec::new() }
    }

    /// The rule's parameters.
    pub fn params(&self) -> &'a Params {
        self.params
    }

    /// Starts a finding at a span of the Dockerfile; give it to [`Reporter::push`].
    pub fn at(&self, span: Span, message: impl Into<String>) -> Finding {
        Finding::new(self.rule, self.place(span), message)
    }

    /// A place in the Dockerfile.
    pub fn place(&self, span: Span) -> Place {
        Place::source(self.source, span)
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

include!(concat!(env!("OUT_DIR"), "/lint_dispatch.rs"));
