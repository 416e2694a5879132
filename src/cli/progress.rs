//! Progress bars on standard error: only on a terminal that a person sits at, only for what takes a while.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::sink::Terminal;
use crate::check::ContextProgress;
use crate::image::Progress;

/// What is done sooner than this is not worth a bar.
const PATIENCE: Duration = Duration::from_millis(500);
const OF_ENTRIES: &str = "{spinner} {msg} {human_pos} files";
const OF_BYTES: &str = "{spinner} {msg} {bytes}/{total_bytes} [{bar:30}] {binary_bytes_per_sec}";

/// A bar that follows a run: the files of contexts, then the bytes searched in them, then the bytes of layers.
pub(super) struct Bar {
    bar: ProgressBar,
    /// Nobody has seen it yet, and somebody may.
    is_waiting: AtomicBool,
    started: Instant,
}

impl Bar {
    /// A bar that shows itself, after a while, on a terminal, unless the run is quiet or one of a CI.
    pub(super) fn new(terminal: &Terminal) -> Self {
        let is_in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
        let may_show = io::stderr().is_terminal() && !terminal.quiet && !is_in_ci;
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let bar = Self { bar, is_waiting: AtomicBool::new(may_show), started: Instant::now() };
        bar.phase("looking at the build context", OF_ENTRIES, None);
        bar
    }

    /// Takes in what the reader of images tells.
    pub(super) fn advance(&self, progress: Progress) {
        match progress {
            Progress::Start { bytes, .. } => self.phase("reading layers", OF_BYTES, Some(bytes)),
            Progress::Bytes(bytes) => self.more(bytes),
            Progress::Layer(_) => {}
        }
    }

    /// Takes in what the reader of contexts tells.
    pub(super) fn watch(&self, progress: ContextProgress) {
        match progress {
            ContextProgress::Entries(entries) => self.more(entries),
            ContextProgress::Start { bytes, .. } => self.phase("searching the build context", OF_BYTES, Some(bytes)),
            ContextProgress::Bytes(bytes) => self.more(bytes),
        }
    }

    fn phase(&self, message: &'static str, template: &str, length: Option<u64>) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_message(message);
        self.bar.set_position(0);
        if let Some(length) = length {
            self.bar.set_length(length);
        }
    }

    fn more(&self, count: u64) {
        self.bar.inc(count);
        if self.started.elapsed() >= PATIENCE && self.is_waiting.swap(false, Ordering::Relaxed) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
            self.bar.enable_steady_tick(Duration::from_millis(200));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
