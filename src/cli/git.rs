//! Files as a git ref has them.

use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use super::CliError;
use crate::context::Archive;

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
        let name = self.name(Path::new(path))?;
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

    /// The folder at a path with all that is in it, as a build context. What git does not keep is not in it.
    ///
    /// # Errors
    /// When git cannot be run, and when the commit has no such folder.
    pub(super) fn folder(&self, path: &Path) -> Result<Archive, CliError> {
        let unread = |error: io::Error| CliError::read(path, &error);
        let none =
            || CliError::Read { path: path.display().to_string(), reason: "the commit has no such folder".to_owned() };
        let ask = |arguments: &[&str]| -> Option<String> {
            let output = Command::new("git").args(arguments).stdin(Stdio::null()).output().ok()?;
            let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
            Some(text.trim_end_matches(['\n', '\r']).to_owned())
        };
        // Below the top git would look for the current folder inside the one that is asked for.
        let top = ask(&["rev-parse", "--show-toplevel"]).ok_or_else(none)?;
        let name = self.name(path).map_err(unread)?;
        let tree = ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &name]).ok_or_else(none)?;
        let mut child = Command::new("git")
            .args(["-C", &top, "archive", "--format=tar", &tree])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(unread)?;
        let archive = child.stdout.take().map(Archive::read);
        match (child.wait().map_err(unread)?.success(), archive) {
            (true, Some(archive)) => archive.map_err(|error| CliError::Check(error.into())),
            _ => Err(none()),
        }
    }

    /// What a path is called in the commit.
    fn name(&self, path: &Path) -> io::Result<String> {
        let own = std::env::current_dir()?;
        let path = if path.is_absolute() { path.strip_prefix(&own).unwrap_or(path) } else { path };
        if path.is_absolute() {
            let outside = "it is outside of the current folder, so its path in the commit is not known";
            return Err(io::Error::new(ErrorKind::InvalidInput, outside));
        }
        Ok(format!("{}:./{}", self.id, path.display()))
    }
}

/// Whether the repository has the file, as it is checked out.
pub(super) fn is_tracked(path: &str) -> bool {
    let output = Command::new("git")
        .args(["ls-files", "--error-unmatch", "--", path])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    output.is_ok_and(|status| status.success())
}
