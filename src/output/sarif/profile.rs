//! Who a SARIF report is for.

/// A service that reads SARIF, with what it makes of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Profile {
    /// GitHub code scanning: at most 5,000 results are kept of a report of at most 10 MB, gzipped, and suppressions are not
    /// looked at, so that what is waived would come up as an alert.
    #[default]
    Github,
    /// GitLab: `rank` comes before every other severity, and what is suppressed is left out by GitLab itself.
    Gitlab,
    /// SonarQube: one range that does not fit its file, or one missing field, and the report is refused whole; suppressions are
    /// not looked at.
    Sonar,
    /// Whoever reads the whole standard.
    Generic,
}

impl Profile {
    /// All, by the names they are chosen by.
    pub const ALL: [(&'static str, Profile); 4] =
        [("github", Self::Github), ("gitlab", Self::Gitlab), ("sonar", Self::Sonar), ("generic", Self::Generic)];

    /// Whether suppressed results are understood, and so are in the report.
    pub(super) fn reads_suppressions(self) -> bool {
        matches!(self, Self::Gitlab | Self::Generic)
    }

    /// Whether `baselineState` is read: what a project lives with is no news then, and what is gone may be told.
    pub(super) fn reads_states(self) -> bool {
        self == Self::Generic
    }

    /// Whether `rank` is read.
    pub(super) fn reads_rank(self) -> bool {
        matches!(self, Self::Gitlab | Self::Generic)
    }

    /// Whether fixes are of use.
    pub(super) fn reads_fixes(self) -> bool {
        self != Self::Sonar
    }

    /// Whether columns may be given where they mark nothing, or the end of a line.
    pub(super) fn takes_empty_ranges(self) -> bool {
        self != Self::Sonar
    }

    /// The most results that are kept.
    pub(super) fn most_results(self) -> Option<usize> {
        (self == Self::Github).then_some(5_000)
    }

    /// The most bytes of a report, gzipped.
    pub(super) fn most_bytes(self) -> Option<usize> {
        (self == Self::Github).then_some(10 * 1000 * 1000)
    }
}
