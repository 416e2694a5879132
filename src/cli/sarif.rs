//! `sarif`: reports that are there already, checked, put together and held against each other.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::args::SarifCommand;
use super::{CliError, FAILED};
use crate::output::{self, Weight};
use crate::text::escape;

/// Runs a `sarif` command. `validate` fails on an error in a report, `diff` on a new result.
pub(super) fn run(command: &SarifCommand, out: &mut dyn Write) -> Result<u8, CliError> {
    match command {
        SarifCommand::Validate { files, profile } => {
            let mut is_sound = true;
            for file in files {
                let sarif = read(file)?;
                let name = file.display().to_string();
                let faults = output::validate(&sarif, profile.profile());
                is_sound &= faults.iter().all(|fault| fault.weight != Weight::Error);
                for fault in &faults {
                    writeln!(out, "{}: {fault}", escape::line(&name)).map_err(CliError::Write)?;
                }
                let results = sarif.pointer("/runs").and_then(Value::as_array).into_iter().flatten();
                let results: usize = results.filter_map(|run| run.get("results")?.as_array()).map(Vec::len).sum();
                if faults.is_empty() {
                    writeln!(out, "{}: valid, {results} results", escape::line(&name)).map_err(CliError::Write)?;
                }
            }
            Ok(if is_sound { 0 } else { FAILED })
        }
        SarifCommand::Merge { files, output } => {
            let reports = files.iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>()?;
            write(&output::merge(&reports), output.as_deref(), out)?;
            Ok(0)
        }
        SarifCommand::Diff { old, new, output } => {
            let compared = output::compare(&read(old)?, &read(new)?);
            let marked = compared.added.iter().map(|line| ('+', line));
            for (mark, line) in marked.chain(compared.gone.iter().map(|line| ('-', line))) {
                writeln!(out, "{mark} {}", escape::line(line)).map_err(CliError::Write)?;
            }
            let (added, gone, unchanged) = (compared.added.len(), compared.gone.len(), compared.unchanged);
            writeln!(out, "{added} new, {gone} gone, {unchanged} in both").map_err(CliError::Write)?;
            if let Some(path) = output {
                write(&compared.sarif, Some(path), out)?;
            }
            Ok(if compared.added.is_empty() { 0 } else { FAILED })
        }
    }
}

fn read(path: &Path) -> Result<Value, CliError> {
    let bytes = fs::read(path).map_err(|e| CliError::read(path, &e))?;
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    serde_json::from_slice(bytes)
        .map_err(|e| CliError::Read { path: path.display().to_string(), reason: format!("it is not JSON: {e}") })
}

fn write(sarif: &Value, path: Option<&Path>, out: &mut dyn Write) -> Result<(), CliError> {
    match path {
        None => writeln!(out, "{sarif:#}").map_err(CliError::Write),
        Some(path) => {
            let path: PathBuf = path.to_owned();
            fs::write(&path, format!("{sarif:#}\n"))
                .map_err(|e| CliError::WriteFile { path: path.display().to_string(), reason: e.to_string() })
        }
    }
}
