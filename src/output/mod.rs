//! One file per report format: each turns a [`Report`] into text. Everything that leaves is escaped for its sink, and no
//! secret is in it.

mod checkstyle;
mod codacy;
mod codeclimate;
mod diff;
mod github;
mod gitlab;
mod gitlab_sast;
mod gnu;
mod hadolint_json;
mod html;
mod inspect;
mod issue;
mod json;
mod junit;
mod line_hash;
mod markdown;
mod rdjson;
mod sarif;
mod sonarqube;
mod table;
mod text;
mod tty;

use std::io::{self, Write};

use crate::check::Report;

pub use diff::diff;
pub use github::{AnnotationLimit, workflow_command};
pub use inspect::{InspectFormat, View, write_inspection};
pub use json::SCHEMA_VERSION;
pub use sarif::{Comparison, Fault, Profile, Weight, category_warning, compare, merge, validate};

/// A report format. Each is described in the file that writes it, and listed in [`Format::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// What it is called where a format is chosen.
    pub name: &'static str,
    /// What other tools call it.
    pub aliases: &'static [&'static str],
    /// What it is for, no full stop.
    pub about: &'static str,
    /// Whether it says what was not looked at.
    pub has_notes: bool,
    /// Whether it is the text a person reads, where more may follow.
    pub is_for_people: bool,
    write: fn(&Report, Style, &mut dyn Write) -> io::Result<()>,
}

/// How a report is written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// With colours.
    pub color: bool,
    /// Columns a line may take.
    pub width: usize,
    /// Only what is WARN or STOP.
    pub quiet: bool,
    /// The table has a column with Anchore's trigger ids.
    pub trigger_ids: bool,
    /// Text shows below each finding that has a fix what it changes.
    pub fixes: bool,
    /// When it is written, in seconds since 1970, for formats that have to say so.
    pub time: u64,
    /// Who a SARIF report is for.
    pub sarif: Profile,
}

impl Style {
    /// Without colours, for a file or a pipe.
    pub fn plain(width: usize) -> Self {
        Self { color: false, width, quiet: false, trigger_ids: false, fixes: false, time: 0, sarif: Profile::default() }
    }
}

impl Format {
    /// All formats, those for people first.
    pub const ALL: [Format; 18] = [
        text::FORMAT,
        table::FORMAT,
        markdown::FORMAT,
        html::FORMAT,
        json::FORMAT,
        sarif::FORMAT,
        github::FORMAT,
        gitlab::FORMAT,
        gitlab_sast::FORMAT,
        junit::FORMAT,
        rdjson::FORMAT,
        sonarqube::FORMAT,
        checkstyle::FORMAT,
        codeclimate::FORMAT,
        codacy::FORMAT,
        gnu::FORMAT,
        tty::FORMAT,
        hadolint_json::FORMAT,
    ];

    /// The format of a report that nobody chose one for.
    pub const TEXT: Format = text::FORMAT;

    /// The format that hadolint calls so.
    pub fn of_hadolint(name: &str) -> Option<Self> {
        Self::named(if name == "json" { hadolint_json::FORMAT.name } else { name })
    }

    /// The format of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name == name || format.aliases.contains(&name))
    }
}

/// Writes `report` in `format`.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(report: &Report, format: Format, style: Style, out: &mut dyn Write) -> io::Result<()> {
    (format.write)(report, style, out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
