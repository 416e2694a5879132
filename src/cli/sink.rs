//! Where output goes: the terminal and its width, and report files.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

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

    /// Writes the report to the file, whole or not at all.
    pub(super) fn write(&self, report: &Report, trigger_ids: bool) -> Result<(), CliError> {
        let mut bytes = Vec::new();
        let style = Style { color: false, width: DEFAULT_WIDTH, quiet: false, trigger_ids, fixes: false };
        let written = output::write(report, self.format, style, &mut bytes).and_then(|()| {
            let mut name = self.path.file_name().unwrap_or_default().to_os_string();
            name.push(".part");
            let part = self.path.with_file_name(name);
            fs::write(&part, &bytes)?;
            fs::rename(&part, &self.path).inspect_err(|_| drop(fs::remove_file(&part)))
        });
        written.map_err(|e| CliError::WriteFile { path: self.path.display().to_string(), reason: e.to_string() })
    }
}
