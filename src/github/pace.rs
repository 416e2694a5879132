//! How fast GitHub is written to, and how long it is waited for.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Requests that make content which GitHub takes in a minute.
const WRITES: usize = 80;
const MINUTE: Duration = Duration::from_secs(60);

/// The writes of the last minute, and the patience that is left.
#[derive(Debug)]
pub(super) struct Pace {
    writes: VecDeque<Instant>,
    patience: Duration,
}

impl Pace {
    /// A pace that waits for no longer than `patience` in all.
    pub(super) fn new(patience: Duration) -> Self {
        Self { writes: VecDeque::new(), patience }
    }

    /// Enters a write that is made as soon as it may be, and says how long that takes.
    pub(super) fn write(&mut self, now: Instant) -> Duration {
        while self.writes.front().is_some_and(|at| now.saturating_duration_since(*at) >= MINUTE) {
            self.writes.pop_front();
        }
        let oldest = self.writes.len().checked_sub(WRITES).and_then(|i| self.writes.get(i)).copied();
        let at = oldest.map_or(now, |oldest| now.max(oldest + MINUTE));
        self.writes.push_back(at);
        at.saturating_duration_since(now)
    }

    /// Takes a wait from the patience; false when there is not as much left.
    pub(super) fn spend(&mut self, wait: Duration) -> bool {
        match self.patience.checked_sub(wait) {
            Some(left) => {
                self.patience = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_has_more_writes_than_github_takes() {
        let mut pace = Pace::new(MINUTE);
        let start = Instant::now();
        let mut now = start;
        let mut times = Vec::new();
        for _ in 0..400 {
            now += pace.write(now);
            times.push(now);
        }
        assert_eq!(times[WRITES - 1], start, "the first come at once");
        assert!(times.windows(WRITES + 1).all(|w| w[WRITES] - w[0] >= MINUTE));
        assert_eq!(times[399] - start, MINUTE * 4);
    }

    #[test]
    fn patience_ends() {
        let mut pace = Pace::new(Duration::from_secs(5));
        assert!(pace.spend(Duration::from_secs(3)));
        assert!(!pace.spend(Duration::from_secs(3)));
        assert!(pace.spend(Duration::from_secs(2)));
    }
}
