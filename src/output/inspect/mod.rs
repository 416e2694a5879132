//! What an image holds, shown: tables for people, JSON for programs, and bills of materials.

mod cyclonedx;
mod json;
mod spdx;
mod table;

use std::io::{self, Write};

use crate::check::Inspection;
use crate::policy::Date;

/// What of an image is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum View {
    /// Its packages.
    Packages,
    /// The files of all layers merged.
    Files,
    /// Its layers.
    Layers,
    /// How it was made.
    History,
    /// How containers of it run.
    Config,
    /// How it differs from its base.
    Diff,
}

/// How it is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InspectFormat {
    /// Columns, a row a line.
    Table,
    /// Everything, versioned.
    Json,
    /// CycloneDX 1.5 JSON; packages only.
    CycloneDx,
    /// SPDX 2.3 JSON; packages only.
    Spdx,
}

/// Writes a view of an image. The bills of materials are packages, whatever the view. `time`, in seconds since 1970, is
/// when a bill of materials says it was made; without it, it says when the image was.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_inspection(
    inspection: &Inspection,
    view: View,
    format: InspectFormat,
    time: Option<u64>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let time = time.map(timestamp);
    match format {
        InspectFormat::Table => table::write(inspection, view, out),
        InspectFormat::Json => json::write(inspection, view, out),
        InspectFormat::CycloneDx => cyclonedx::write(inspection, time, out),
        InspectFormat::Spdx => spdx::write(inspection, time, out),
    }
}

/// A time as RFC 3339 has it, in UTC.
fn timestamp(seconds: u64) -> String {
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{}T{hour:02}:{minute:02}:{second:02}Z", Date::from_unix(seconds))
}

/// When the image says it was made, in the form [`timestamp`] has; fractions of seconds are cut.
fn created(inspection: &Inspection) -> Option<String> {
    let created = inspection.image.config.created.as_deref()?;
    let (date, time) = created.split_once('T')?;
    let date = Date::parse(date)?;
    let (time, rest) = (time.get(..8)?, time.get(8..)?);
    let is_time = time.bytes().enumerate().all(|(i, b)| if i % 3 == 2 { b == b':' } else { b.is_ascii_digit() });
    (is_time && rest.ends_with('Z')).then(|| format!("{date}T{time}Z"))
}

/// What the image is called: its first tag, or the reference it was read by.
fn name(inspection: &Inspection) -> &str {
    inspection.image.tags.first().unwrap_or(&inspection.image.reference)
}

/// What of the image could not be read.
fn problems(inspection: &Inspection) -> Vec<&str> {
    let all = inspection.image.problems.iter().chain(&inspection.packages.problems);
    all.map(|problem| problem.message.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00Z");
        assert_eq!(timestamp(1_700_000_000), "2023-11-14T22:13:20Z");
    }
}
