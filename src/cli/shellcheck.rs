//! The `shellcheck` command on the PATH.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// Longest time for one script. ShellCheck takes a few milliseconds for most, and very long for some that are hostile.
const TIME: Duration = Duration::from_secs(20);
/// Longest answer that is read, in bytes.
const ANSWER: u64 = 16 * 1024 * 1024;

/// The version of the command, or why it cannot be run.
pub(super) fn version() -> Result<String, String> {
    let answer = run(&["--version"], "")?;
    let version = answer.lines().find_map(|line| line.strip_prefix("version:"));
    version.map(|v| v.trim().to_owned()).ok_or_else(|| "it does not tell its version".to_owned())
}

/// Runs the command with these arguments and this standard input: its standard output, or why there is none.
pub(super) fn run(arguments: &[&str], input: &str) -> Result<String, String> {
    let mut child = Command::new("shellcheck")
        .args(arguments)
        .env_remove("SHELLCHECK_OPTS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("shellcheck could not be started: {e}"))?;
    let answer = exchange(&mut child, input);
    if answer.is_err() {
        // It may have ended by itself.
        let _ = child.kill();
    }
    let status = child.wait().map_err(|e| format!("shellcheck did not end well: {e}"))?;
    match (answer?, status.code()) {
        // 1 says that something was found.
        (answer, Some(0 | 1)) => {
            String::from_utf8(answer).map_err(|_| "shellcheck gave an answer that is not UTF-8".to_owned())
        }
        (_, Some(code)) => Err(format!("shellcheck ended with status {code}")),
        (_, None) => Err("shellcheck was ended by a signal".to_owned()),
    }
}

fn exchange(child: &mut Child, input: &str) -> Result<Vec<u8>, String> {
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err("shellcheck has no input or output".to_owned());
    };
    let (sender, receiver) = channel();
    let input = input.to_owned();
    // Both threads end with the child: their pipes break.
    thread::spawn(move || {
        // It may end before it has read everything.
        let _ = stdin.write_all(input.as_bytes());
    });
    thread::spawn(move || {
        let mut answer = Vec::new();
        let read = stdout.take(ANSWER + 1).read_to_end(&mut answer).map(|_| answer);
        // Nobody waits any more when the time is over.
        let _ = sender.send(read);
    });
    match receiver.recv_timeout(TIME) {
        Ok(Ok(answer)) if answer.len() as u64 > ANSWER => Err("shellcheck gave too long an answer".to_owned()),
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(e)) => Err(format!("shellcheck could not be read: {e}")),
        Err(RecvTimeoutError::Timeout) => Err(format!("shellcheck took longer than {} seconds", TIME.as_secs())),
        Err(RecvTimeoutError::Disconnected) => Err("shellcheck could not be read".to_owned()),
    }
}
