//! A finding as the formats of other Dockerfile linters show it: one code, one level, one message, one place in a file.

use std::borrow::Cow;

use super::Style;
use crate::check::{Judged, Report};
use crate::finding::Place;
use crate::policy::Action;
use crate::rule::Severity;
use crate::text::{Position, Region};

/// What the finding comes to.
pub(super) struct Issue<'a> {
    pub(super) judged: &'a Judged,
    /// The file as reports print it, or the image's name without its transport.
    pub(super) path: &'a str,
    /// Where in the file; its first character for what has no place in a text.
    pub(super) region: Region,
}

/// The findings that are not waived, in the report's order.
pub(super) fn issues<'a>(report: &'a Report, style: Style) -> impl Iterator<Item = Issue<'a>> {
    let is_shown = move |judged: &&Judged| judged.waived.is_none() && (!style.quiet || judged.action > Action::Go);
    report.findings.iter().filter(is_shown).map(Issue::of)
}

impl<'a> Issue<'a> {
    pub(super) fn of(judged: &'a Judged) -> Self {
        let at = |line| Region { start: Position { line, column: 1 }, end: Position { line, column: 1 } };
        let place = judged.finding.place();
        let (path, region) = match place {
            Place::Source { source, .. } => (source.path(), place.region().unwrap_or(at(1))),
            Place::File { path, line } => (path.as_str(), at(line.unwrap_or(1))),
            Place::Image(inside) => {
                let is_transport = |name: &str| name.ends_with("-archive") || name == "oci";
                let image = inside.image.as_str();
                (image.split_once(':').filter(|(name, _)| is_transport(name)).map_or(image, |(_, path)| path), at(1))
            }
        };
        Self { judged, path, region }
    }

    /// The file below the root of the repository, which some services take all files to be in.
    pub(super) fn relative_path(&self) -> &'a str {
        self.path.trim_start_matches('/')
    }

    /// The code hadolint or ShellCheck gave the check, else the rule's id.
    pub(super) fn code(&self) -> Cow<'static, str> {
        let finding = &self.judged.finding;
        if let Some(code) = finding.code {
            return Cow::Owned(code.to_string());
        }
        let rule = finding.rule();
        let is_code = |alias: &&&str| {
            let number = alias.strip_prefix("DL").or_else(|| alias.strip_prefix("SC"));
            number.is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
        };
        Cow::Borrowed(rule.aliases.iter().find(is_code).copied().unwrap_or(rule.id))
    }

    /// `error`, `warning`, `info` or `style`.
    pub(super) fn level(&self) -> &'static str {
        match self.judged.finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
            Severity::Style => "style",
        }
    }

    pub(super) fn message(&self) -> &'a str {
        self.judged.finding.message()
    }

    pub(super) fn line(&self) -> usize {
        self.region.start.line
    }

    pub(super) fn column(&self) -> usize {
        self.region.start.column
    }
}
