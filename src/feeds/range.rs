//! Which versions a record is about: ranges with turning points, as the schema's algorithm evaluates them.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::record::Affected;
use crate::packages::PackageKind;

/// Where a range begins or ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Turn {
    Introduced(String),
    Fixed(String),
    LastAffected(String),
    Limit(String),
}

impl Turn {
    fn version_mut(&mut self) -> &mut String {
        match self {
            Self::Introduced(version) | Self::Fixed(version) | Self::LastAffected(version) | Self::Limit(version) => {
                version
            }
        }
    }

    fn version(&self) -> &str {
        match self {
            Self::Introduced(version) | Self::Fixed(version) | Self::LastAffected(version) | Self::Limit(version) => {
                version
            }
        }
    }
}

/// Whether a version is in a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Hit {
    /// It is; the lowest version above it that mends it, where there is one.
    Affected { fixed: Option<String> },
    /// It is not.
    Clear,
    /// Versions could not be compared.
    Uncomparable,
}

impl Affected {
    /// Takes the epochs off all versions, for what is compared with a version of which it is not known.
    pub(super) fn forget_epochs(&mut self) {
        let versions = self.ranges.iter_mut().flatten().map(Turn::version_mut).chain(&mut self.versions);
        for version in versions {
            if let Some((epoch, rest)) = version.split_once(':')
                && epoch.bytes().all(|b| b.is_ascii_digit())
            {
                *version = rest.to_owned();
            }
        }
    }

    /// Whether a version is in it, as the schema's algorithm has it.
    pub(super) fn judge(&self, kind: PackageKind, version: &str) -> Hit {
        let mut is_hit = self
            .versions
            .iter()
            .any(|listed| listed == version || kind.compare_versions(listed, version) == Some(Ordering::Equal));
        let mut is_uncomparable = false;
        let mut fixed: Option<String> = None;
        let ranges = || self.ranges.iter().filter(|range| is_of_same_build(range, kind, version));
        for range in ranges() {
            match in_range(range, kind, version) {
                None => is_uncomparable = true,
                Some(false) => {}
                Some(true) => is_hit = true,
            }
        }
        if !is_hit {
            return if is_uncomparable { Hit::Uncomparable } else { Hit::Clear };
        }
        for turn in ranges().flatten() {
            let Turn::Fixed(candidate) = turn else { continue };
            let is_above = kind.compare_versions(candidate, version) == Some(Ordering::Greater);
            let is_lower = fixed.as_ref().is_none_or(|f| kind.compare_versions(candidate, f) == Some(Ordering::Less));
            if is_above && is_lower {
                fixed = Some(candidate.clone());
            }
        }
        Hit::Affected { fixed }
    }
}

/// Whether a range is about builds such as an installed one: a module of an rpm distribution has packages beside those of the
/// same name outside it, and an advisory is about the one or the other.
fn is_of_same_build(range: &[Turn], kind: PackageKind, version: &str) -> bool {
    let is_modular = |version: &str| version.contains(".module");
    let mut fixes = range.iter().filter_map(|turn| match turn {
        Turn::Fixed(fixed) => Some(fixed),
        _ => None,
    });
    kind != PackageKind::Rpm || fixes.all(|fixed| is_modular(fixed) == is_modular(version))
}

/// Whether a version lies in a range; `None` when it cannot be told.
pub(super) fn in_range(range: &[Turn], kind: PackageKind, version: &str) -> Option<bool> {
    // `0` is before everything, whatever the order says of it.
    let order = |turn: &Turn| match turn {
        Turn::Introduced(start) if start == "0" => Some(Ordering::Greater),
        turn => kind.compare_versions(version, turn.version()),
    };
    let limits: Vec<&Turn> = range.iter().filter(|t| matches!(t, Turn::Limit(l) if l != "*")).collect();
    if !limits.is_empty() {
        let mut is_below = false;
        for limit in limits {
            is_below |= order(limit)? == Ordering::Less;
        }
        if !is_below {
            return Some(false);
        }
    }
    // The turn nearest below the version decides; of two at one version the one that is listed last.
    let mut nearest: Option<&Turn> = None;
    for turn in range.iter().filter(|t| !matches!(t, Turn::Limit(_))) {
        let at = order(turn)?;
        let is_passed = match turn {
            Turn::LastAffected(_) => at == Ordering::Greater,
            _ => at != Ordering::Less,
        };
        if !is_passed {
            continue;
        }
        let is_nearer = match nearest {
            None => true,
            Some(other) => match (is_zero(other), is_zero(turn)) {
                (true, _) => true,
                (false, true) => false,
                (false, false) => kind.compare_versions(turn.version(), other.version())?.is_ge(),
            },
        };
        if is_nearer {
            nearest = Some(turn);
        }
    }
    Some(matches!(nearest, Some(Turn::Introduced(_))))
}

fn is_zero(turn: &Turn) -> bool {
    matches!(turn, Turn::Introduced(start) if start == "0")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::feeds::record::split;

    fn ranged(ecosystem: &str, events: &str) -> Affected {
        let record = format!(
            "{{\"id\": \"X\", \"affected\": [{{\"package\": {{\"ecosystem\": \"{ecosystem}\", \"name\": \"x\"}}, \"ranges\": [{{\"type\": \"ECOSYSTEM\", \"events\": {events}}}]}}]}}"
        );
        split(serde_json::from_str(&record).unwrap()).1.remove(0).affected
    }

    fn hit(fixed: &str) -> Hit {
        Hit::Affected { fixed: Some(fixed.to_owned()).filter(|f| !f.is_empty()) }
    }

    #[test]
    fn ranges_are_read_by_the_ecosystems_own_order() {
        let deb = ranged("Debian:12", r#"[{"introduced": "0"}, {"fixed": "3.0.11-1~deb12u2"}]"#);
        assert_eq!(deb.judge(PackageKind::Deb, "3.0.11-1~deb12u1"), hit("3.0.11-1~deb12u2"));
        assert_eq!(deb.judge(PackageKind::Deb, "3.0.11-1~deb12u2"), Hit::Clear);
        // Before `0` in dpkg's order, and affected all the same.
        assert_eq!(deb.judge(PackageKind::Deb, "0~git1"), hit("3.0.11-1~deb12u2"));
        let several =
            ranged("npm", r#"[{"introduced": "0"}, {"fixed": "2.0.0"}, {"introduced": "3.0.0"}, {"fixed": "3.1.0"}]"#);
        for (version, expected) in [
            ("1.9.9", hit("2.0.0")),
            ("2.0.0", Hit::Clear),
            ("2.5.0", Hit::Clear),
            ("3.0.0-beta", Hit::Clear),
            ("3.0.0", hit("3.1.0")),
            ("3.1.0-rc.1", hit("3.1.0")),
            ("3.1.0", Hit::Clear),
        ] {
            assert_eq!(several.judge(PackageKind::Npm, version), expected, "{version}");
        }
    }

    #[test]
    fn events_count_in_any_order() {
        let npm = ranged(
            "npm",
            r#"[{"fixed": "3.1.0"}, {"introduced": "3.0.0"}, {"fixed": "2.0.0"}, {"introduced": "1.0.0"}]"#,
        );
        assert_eq!(npm.judge(PackageKind::Npm, "0.9.0"), Hit::Clear);
        assert_eq!(npm.judge(PackageKind::Npm, "1.5.0"), hit("2.0.0"));
        assert_eq!(npm.judge(PackageKind::Npm, "2.1.0"), Hit::Clear);
        assert_eq!(npm.judge(PackageKind::Npm, "3.0.9"), hit("3.1.0"));
    }

    #[test]
    fn of_two_events_at_one_version_the_last_counts() {
        let again =
            ranged("npm", r#"[{"introduced": "0"}, {"fixed": "2.0.0"}, {"introduced": "2.0.0"}, {"fixed": "3.0.0"}]"#);
        assert_eq!(again.judge(PackageKind::Npm, "2.0.0"), hit("3.0.0"));
        let none = ranged("npm", r#"[{"introduced": "2.0.0"}, {"fixed": "2.0.0"}]"#);
        assert_eq!(none.judge(PackageKind::Npm, "2.0.0"), Hit::Clear);
        let one = ranged("npm", r#"[{"introduced": "2.0.0"}, {"last_affected": "2.0.0"}]"#);
        assert_eq!((one.judge(PackageKind::Npm, "2.0.0"), one.judge(PackageKind::Npm, "2.0.1")), (hit(""), Hit::Clear));
    }

    #[test]
    fn an_epoch_that_nobody_tells_does_not_count() {
        let mut perl = ranged("AlmaLinux:9", r#"[{"introduced": "0"}, {"fixed": "4:5.32.1-481.el9"}]"#);
        assert_eq!(perl.judge(PackageKind::Rpm, "5.32.1-481.el9"), hit("4:5.32.1-481.el9"));
        perl.forget_epochs();
        assert_eq!(perl.judge(PackageKind::Rpm, "5.32.1-481.el9"), Hit::Clear);
        assert_eq!(perl.judge(PackageKind::Rpm, "5.32.1-480.el9"), hit("5.32.1-481.el9"));
    }

    #[test]
    fn modules_of_rpm_distributions_stand_apart() {
        let fixed = "1:16.20.2-2.module_el8.8.0+3621+d5d2ed6c";
        let modular = ranged("AlmaLinux:8", &format!(r#"[{{"introduced": "0"}}, {{"fixed": "{fixed}"}}]"#));
        assert_eq!(modular.judge(PackageKind::Rpm, "1:16.14.0-1.module_el8.6.0+1+a"), hit(fixed));
        assert_eq!(modular.judge(PackageKind::Rpm, "1:16.14.0-1.el8"), Hit::Clear);
        let plain = ranged("AlmaLinux:8", r#"[{"introduced": "0"}, {"fixed": "1:18.0-1.el8"}]"#);
        assert_eq!(plain.judge(PackageKind::Rpm, "1:16.14.0-1.module_el8.6.0+1+a"), Hit::Clear);
    }

    #[test]
    fn the_last_affected_version_is_affected() {
        let gem = ranged("RubyGems", r#"[{"introduced": "1.0"}, {"last_affected": "1.4"}]"#);
        assert_eq!(gem.judge(PackageKind::Gem, "1.4"), hit(""));
        assert_eq!(gem.judge(PackageKind::Gem, "1.4.1"), Hit::Clear);
        let open = ranged("RubyGems", r#"[{"introduced": "1.0"}]"#);
        assert_eq!(open.judge(PackageKind::Gem, "99"), hit(""));
        let limited = ranged("RubyGems", r#"[{"introduced": "0"}, {"limit": "2"}]"#);
        assert_eq!(limited.judge(PackageKind::Gem, "1"), hit(""));
        assert_eq!(limited.judge(PackageKind::Gem, "2"), Hit::Clear);
    }
}
