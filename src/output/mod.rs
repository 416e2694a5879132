//! One file per report format: each turns a [`Report`] into text. Everything that leaves is escaped for its sink, and no
//! secret is in it.

mod github;
mod inspect;
mod json;
mod line_hash;
mod markdown;
mod sarif;
mod table;
mod text;

use std::io::{self, Write};

use crate::check::Report;

pub use inspect::{InspectFormat, View, write_inspection};
pub use json::SCHEMA_VERSION;

/// A report format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// For people: source excerpts with the marked places.
    Text,
    /// Anchore's columns and the FINAL row.
    Table,
    /// Everything, versioned.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// GitHub workflow commands.
    Github,
    /// Markdown, for a job's page or a pull request.
    Markdown,
}

/// How text for people looks.
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
}

impl Format {
    /// All formats and their names.
    pub const ALL: [(&'static str, Format); 6] = [
        ("text", Format::Text),
        ("table", Format::Table),
        ("json", Format::Json),
        ("sarif", Format::Sarif),
        ("github", Format::Github),
        ("markdown", Format::Markdown),
    ];

    /// The format of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, f)| *f)
    }
}

/// Writes `report` in `format`.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(report: &Report, format: Format, style: Style, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => text::write(report, style, out),
        Format::Table => table::write(report, style, out),
        Format::Json => json::write(report, out),
        Format::Sarif => sarif::write(report, out),
        Format::Github => github::write(report, style, out),
        Format::Markdown => markdown::write(report, style, out),
    }
}
