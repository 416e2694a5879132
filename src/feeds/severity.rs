//! How bad a vulnerability is: the distribution's own word first, then CVSS.

use cvss::{Cvss, Severity as CvssSeverity};
use serde::{Deserialize, Serialize};

/// How bad, on the scale Anchore's policies have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nobody has said.
    #[default]
    Unknown,
    /// Of no practical consequence.
    Negligible,
    /// CVSS below 4.
    Low,
    /// CVSS from 4.
    Medium,
    /// CVSS from 7.
    High,
    /// CVSS from 9.
    Critical,
}

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Self; 6] = [Self::Unknown, Self::Negligible, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Its name: `high`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Negligible => "negligible",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The level a word stands for, in the words of distributions and advisories; `None` for a word that is none.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "unknown" => Self::Unknown,
            "negligible" | "unimportant" | "none" | "informational" => Self::Negligible,
            "low" | "minor" => Self::Low,
            "medium" | "moderate" => Self::Medium,
            "high" | "important" | "severe" => Self::High,
            "critical" | "urgent" => Self::Critical,
            _ => return None,
        })
    }
}

/// The scores of a CVSS vector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// The base score.
    pub base: f64,
    /// The exploitability part of a version 3 score.
    pub exploitability: Option<f64>,
    /// The impact part of a version 3 score.
    pub impact: Option<f64>,
}

/// A CVSS vector of any version; `None` when it is none.
fn parse(vector: &str) -> Option<Cvss> {
    vector.trim().trim_matches(['(', ')']).parse().ok()
}

/// The level of a CVSS vector.
pub(super) fn level_of_vector(vector: &str) -> Option<Level> {
    let cvss = parse(vector)?;
    // Version 2 has no critical.
    Some(match cvss.severity() {
        CvssSeverity::None => Level::Negligible,
        CvssSeverity::Low => Level::Low,
        CvssSeverity::Medium => Level::Medium,
        CvssSeverity::High => Level::High,
        CvssSeverity::Critical => Level::Critical,
    })
}

/// The scores of the CVSS 3 vector among several, which is what policies compare; of another version where there is none.
pub(super) fn scores(vectors: &[String]) -> Option<Scores> {
    let parsed: Vec<Cvss> = vectors.iter().filter_map(|v| parse(v)).collect();
    let version_3 = parsed.iter().find_map(|cvss| match cvss {
        Cvss::CvssV30(vector) | Cvss::CvssV31(vector) => Some(Scores {
            base: vector.base_score().value(),
            exploitability: Some(one_digit(vector.exploitability().value())),
            impact: Some(impact(vector.impact().value(), vector.to_string().contains("/S:C"))),
        }),
        _ => None,
    });
    let other = || parsed.first().map(|cvss| Scores { base: cvss.score(), exploitability: None, impact: None });
    version_3.or_else(other)
}

/// The impact part of a score, from the impact on what is attacked; the formula is another when more than that is.
fn impact(own: f64, is_scope_changed: bool) -> f64 {
    one_digit(match is_scope_changed {
        true => 7.52 * (own - 0.029) - 3.25 * (own - 0.02).powi(15),
        false => 6.42 * own,
    })
}

fn one_digit(score: f64) -> f64 {
    (score.max(0.0) * 10.0).round() / 10.0
}

/// The newest CVSS vector first.
pub(super) fn newest_first(vectors: &mut Vec<String>) {
    let version = |vector: &String| match vector.as_str() {
        v if v.starts_with("CVSS:4") => 0,
        v if v.starts_with("CVSS:3.1") => 1,
        v if v.starts_with("CVSS:3") => 2,
        _ => 3,
    };
    vectors.sort_by_key(version);
    vectors.dedup();
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_every_version_have_a_level() {
        for (vector, level) in [
            // Log4Shell, Heartbleed, and vectors of the specifications.
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", Level::Critical),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", Level::High),
            ("CVSS:3.0/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", Level::Low),
            ("AV:N/AC:L/Au:N/C:P/I:N/A:N", Level::Medium),
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", Level::Critical),
        ] {
            assert_eq!(level_of_vector(vector), Some(level), "{vector}");
        }
        assert_eq!(level_of_vector("7.5"), None);
    }

    #[test]
    fn scores_are_those_of_version_3() {
        let vectors = [
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
        ];
        let found = scores(&vectors.map(String::from)).unwrap();
        assert_eq!(found, Scores { base: 7.5, exploitability: Some(3.9), impact: Some(3.6) });
        assert!(scores(&vectors[..1].iter().map(|v| (*v).to_owned()).collect::<Vec<_>>()).unwrap().base > 9.0);
        assert_eq!(scores(&[String::from("x")]), None);
    }

    #[test]
    fn words_of_distributions_are_levels() {
        for (word, level) in
            [("unimportant", Level::Negligible), ("MODERATE", Level::Medium), ("Important", Level::High)]
        {
            assert_eq!(Level::of_word(word), Some(level));
        }
        assert_eq!(Level::of_word("not yet assigned"), None);
        assert!(Level::ALL.is_sorted());
    }
}
