//! Progress bars on standard error: only on a terminal, only for what takes a while.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::sink::Terminal;
use crate::image::Progress;

/// A bar that counts bytes of layers.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar that shows itself on a terminal, unless the run is quiet.
    pub(super) fn new(terminal: &Terminal) -> Self {
        let is_shown = io::stderr().is_terminal() && !terminal.quiet;
        let target = if is_shown { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {msg} {bytes}/{total_bytes} [{bar:30}] {binary_bytes_per_sec}")
        {
            bar.set_style(style);
        }
        bar.set_message("reading layers");
        if is_shown {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self(bar)
    }

    /// Takes in what the reader tells.
    pub(super) fn advance(&self, progress: Progress) {
        match progress {
            Progress::Start { bytes, .. } => self.0.set_length(bytes),
            Progress::Bytes(bytes) => self.0.inc(bytes),
            Progress::Layer(_) => {}
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
