//! What can go wrong at the command line, and how it is told: what was being done, to what, and what to do.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use thiserror::Error;

use super::sink::Terminal;
use crate::check::CheckError;
use crate::context::DefinitionError;
use crate::dockerfile::EmbeddedError;
use crate::feeds::FeedError;
use crate::github::GithubError;
use crate::policy::{BaselineError, PolicyError};
use crate::text::{SourceText, Span, escape};

/// Why a command could not be done.
#[derive(Debug, Error)]
pub(super) enum CliError {
    #[error("cannot read {path}: {reason}")]
    Read { path: String, reason: String },
    #[error("{path} is larger than {limit} MiB, which no Dockerfile is")]
    TooLarge { path: String, limit: u64 },
    #[error("cannot write the report: {0}")]
    Write(#[source] io::Error),
    #[error("cannot write {path}: {reason}")]
    WriteFile { path: String, reason: String },
    #[error("no rule is named `{name}`")]
    UnknownRule { name: String, similar: Option<&'static str> },
    #[error("{what} `{value}` is not {wanted}")]
    Argument { what: &'static str, value: String, wanted: String },
    #[error("shellcheck cannot be run: {reason}")]
    NoShellCheck { reason: String },
    #[error("no base to compare with is known{}", why.as_ref().map(|w| format!(": {w}")).unwrap_or_default())]
    NoBase { why: Option<String>, has_dockerfile: bool },
    #[error("nothing to check: {} in {paths}", if notes.is_empty() { "no Dockerfile" } else { "no Dockerfile that can be checked" })]
    NoDockerfile { paths: String, notes: Vec<String> },
    #[error("--new-only has nothing to hold this run against")]
    NothingBefore,
    #[error("there is no policy `{name}` in {reference}, where --policy-from looks for it")]
    NotInCommit { name: String, reference: String },
    #[error("the baseline {path} is not taken: it is part of the change, and {reference} has no such file")]
    OwnBaseline { path: String, reference: String },
    #[error("line {line} of standard input is not JSON: {reason}")]
    Json { line: usize, reason: String },
    #[error("`{name}` of {at} cannot be checked: {error}")]
    Defined { at: String, name: String, error: Box<CliError> },
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error(transparent)]
    Feeds(#[from] FeedError),
    #[error("there is no folder for vulnerability data")]
    NoFeedsFolder,
    #[error("{failed} of {all} sources could not be brought up to date")]
    NotSynced { failed: usize, all: usize },
    #[error(transparent)]
    Github(#[from] GithubError),
}

impl CliError {
    pub(super) fn read(path: &Path, error: &io::Error) -> Self {
        Self::Read { path: path.display().to_string(), reason: error.to_string() }
    }

    pub(super) fn write(error: io::Error) -> Self {
        Self::Write(error)
    }

    /// Tells the error on standard error, with the source it points at where it has one.
    pub(super) fn report(&self, terminal: &Terminal) {
        let theme =
            if terminal.color_on_stderr { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(terminal.width).with_links(false);
        let mut text = String::new();
        if handler.render_report(&mut text, &Told::of(self)).is_err() {
            text = self.to_string();
        }
        terminal.warn(text.trim_matches('\n'));
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::UnknownRule { similar: Some(similar), .. } => Some(format!("did you mean `{similar}`?")),
            Self::UnknownRule { .. } => Some("`dockgate rules` lists them; a policy's own checks are known with --policy".into()),
            Self::NoDockerfile { notes, .. } if !notes.is_empty() => {
                Some(notes.iter().map(|note| escape::line(note)).collect::<Vec<_>>().join("\n"))
            }
            Self::NoDockerfile { .. } => {
                Some("name the file, or the folder that holds it; `-` reads standard input".into())
            }
            Self::NoShellCheck { .. } => {
                Some("install it, or read shell code with the built-in linter: --shellcheck never".into())
            }
            Self::NotInCommit { .. } => {
                Some("a policy that comes with a change holds once the change is merged; let the first one in without --policy-from".into())
            }
            Self::NoBase { has_dockerfile: true, .. } => Some("name the base with --base IMAGE".into()),
            Self::NoBase { .. } => {
                Some("name the base with --base IMAGE, or the Dockerfile with --dockerfile FILE".into())
            }
            Self::NothingBefore => {
                Some("name what was there before: --base-ref REF, --previous IMAGE, --baseline FILE".into())
            }
            Self::OwnBaseline { .. } => Some("a change does not say what of it is known already".into()),
            Self::Github(GithubError::Refused { name, .. }) => {
                Some(format!("`dockgate sarif validate {name}` tells everything that is wrong with it"))
            }
            Self::Policy(error) => error.help(),
            Self::Check(CheckError::Image(error)) => error.help(),
            Self::Baseline(BaselineError::Read { .. }) => {
                Some("`--write-baseline FILE` makes one of what is found now".into())
            }
            Self::Feeds(error) | Self::Check(CheckError::Feeds(error)) => error.help(),
            Self::NoFeedsFolder => Some("name one with --feeds DIR, or set DOCKGATE_FEEDS".into()),
            Self::NotSynced { .. } => Some("the data that was there before is still in place".into()),
            Self::Github(GithubError::NoTarget { what, .. }) => {
                let option = if *what == "repository" { "--repo OWNER/NAME" } else { "--commit COMMIT" };
                Some(format!("run it in a workflow of GitHub Actions, or name it with {option}"))
            }
            Self::Github(GithubError::BadToken(_)) => {
                Some("GITHUB_TOKEN is read, or else GH_TOKEN; in a workflow set it to ${{ github.token }}".into())
            }
            Self::Check(CheckError::Nothing) => Some("name a Dockerfile, a folder that holds one, or an image".into()),
            _ => None,
        }
    }

    fn place(&self) -> Option<(&Arc<SourceText>, Span)> {
        match self {
            Self::Policy(error) => error.place(),
            _ => None,
        }
    }
}

/// An error as miette draws it.
struct Told {
    message: String,
    help: Option<String>,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
}

impl Told {
    fn of(error: &CliError) -> Self {
        let (place, help) = (error.place(), error.help());
        // On one line an error ends in what to do, which here stands below.
        let whole = error.to_string();
        let alone = help.as_ref().and_then(|help| whole.strip_suffix(help.as_str())?.strip_suffix("; "));
        Self {
            message: escape::line(alone.unwrap_or(&whole)).into_owned(),
            help: help.map(|h| escape::terminal(&h).into_owned()),
            source: place
                .map(|(s, _)| NamedSource::new(escape::line(s.path()), escape::terminal(s.text()).into_owned())),
            labels: place
                .map(|(_, span)| LabeledSpan::new_primary_with_span(None, (span.start, span.len())))
                .into_iter()
                .collect(),
        }
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Told {}

impl Diagnostic for Told {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|s| s as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if self.labels.is_empty() { None } else { Some(Box::new(self.labels.iter().cloned())) }
    }
}
