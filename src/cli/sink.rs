//! Where output goes: the terminal and its width, and report files.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::CliError;
use super::args::Cli;
use crate::check::Report;
use crate::output::{self, Format, Style};

/// Columns of text where there is no terminal to ask.
const DEFAULT_WIDTH: usize = 100;

/// What is known of the terminal.
pub(super) struct Terminal {
    pub(super) color: bool,
    pub(super) color_on_stderr: bool,
    pub(super) width: usize,
    pub(super) quiet: bool,
}

impl Terminal {
    pub(super) fn new(cli: &Cli) -> Self {
        let color = super::wants_color(cli.color);
        let width = terminal_size::terminal_size().map_or(DEFAULT_WIDTH, |(width, _)| usize::from(width.0));
        Self { color, color_on_stderr: color && io::stderr().is_terminal(), width: width.max(40), quiet: cli.quiet }
    }

    /// Says something on standard error.
    pub(super) fn warn(&self, text: &str) {
        // Nobody is left to tell when standard error is closed.
        let _ = writeln!(io::stderr(), "{text}");
    }
}

/// A report to write to a file.
pub(super) struct FileOutput {
    format: Format,
    path: PathBuf,
}

impl FileOutput {
    /// Reads `FORMAT:FILE`.
    pub(super) fn parse(text: &str) -> Result<Self, CliError> {
        let wanted = || {
            let names: Vec<&str> = Format::ALL.iter().map(|format| format.name).collect();
            format!("FORMAT:FILE, where FORMAT is one of {}", names.join(", "))
        };
        let split = text.split_once(':').filter(|(_, path)| !path.is_empty());
        match split.and_then(|(format, path)| Some((Format::named(format)?, path))) {
            Some((format, path)) => Ok(Self { format, path: PathBuf::from(path) }),
            None => Err(CliError::Argument { what: "--output", value: text.to_owned(), wanted: wanted() }),
        }
    }

    /// Its format.
    pub(super) fn format(&self) -> Format {
        self.format
    }

    /// Writes the report to the file, whole or not at all.
    pub(super) fn write(&self, report: &Report, style: Style) -> Result<(), CliError> {
        let mut bytes = Vec::new();
        let style = Style {
            trigger_ids: style.trigger_ids,
            time: style.time,
            sarif: style.sarif,
            ..Style::plain(DEFAULT_WIDTH)
        };
        output::write(report, self.format, style, &mut bytes)
            .map_err(|e| CliError::WriteFile { path: self.path.display().to_string(), reason: e.to_string() })?;
        write_whole(&self.path, &bytes)
    }
}

/// Writes a file, whole or not at all, and never through a link that lies in its place.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let part = path.with_file_name(name);
    drop(fs::remove_file(&part));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&part)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&part, path).inspect_err(|_| drop(fs::remove_file(&part))));
    written.map_err(|e| CliError::WriteFile { path: path.display().to_string(), reason: e.to_string() })
}
