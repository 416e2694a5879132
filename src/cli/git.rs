//! Files as a git ref has them.

use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use super::CliError;

/// Bytes of a file that are read.
const LARGEST: u64 = 16 << 20;

/// A commit of the repository that the current folder is in.
pub(super) struct Commit {
    /// Its digest, so that a ref that moves changes nothing under way.
    id: String,
}

impl Commit {
    /// The commit a ref names; `option` is what the ref was given for.
    ///
    /// # Errors
    /// When git cannot be run, there is no repository, or no such commit.
    pub(super) fn find(option: &'static str, reference: &str) -> Result<Self, CliError> {
        let wrong = |wanted: String| CliError::Argument { what: option, value: reference.to_owned(), wanted };
        if reference.starts_with('-') || reference.contains(':') {
            return Err(wrong("the name of a commit".to_owned()));
        }
        let output = Command::new("git")
            .args(["rev-parse", "--verify", "--end-of-options", &format!("{reference}^{{commit}}")])
            .stdin(Stdio::null())
            .output()
            .map_err(|error| wrong(format!("readable: git cannot be run: {error}")))?;
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stderr);
            let told = told.lines().next().unwrap_or_default().trim_start_matches("fatal: ").to_owned();
            return Err(wrong(format!("a commit that is here; fetch it first ({told})")));
        }
        Ok(Self { id: String::from_utf8_lossy(&output.stdout).trim().to_owned() })
    }

    /// The content of the file at a path, which counts from the current folder.
    ///
    /// # Errors
    /// When git cannot be run, and when the commit has no such file.
    pub(super) fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let own = std::env::current_dir()?;
        let path = Path::new(path);
        let path = if path.is_absolute() { path.strip_prefix(&own).unwrap_or(path) } else { path };
        if path.is_absolute() {
            let outside = "it is outside of the current folder, so its path in the commit is not known";
            return Err(io::Error::new(ErrorKind::InvalidInput, outside));
        }
        let name = format!("{}:./{}", self.id, path.display());
        let mut child = Command::new("git")
            .args(["cat-file", "blob", &name])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut bytes = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            stdout.take(LARGEST).read_to_end(&mut bytes)?;
        }
        if child.wait()?.success() { Ok(bytes) } else { Err(ErrorKind::NotFound.into()) }
    }
}
