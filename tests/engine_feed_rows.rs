//! The same as `engine_rows`, for the triggers over vulnerabilities and registries: judged with the data of `feed_rows`.

use crate::engine::{Made, Row, Silent, files, with_data};

const RELEASE: (&str, u32, Option<&str>) = ("etc/os-release", 0o644, Some("ID=debian\nVERSION_ID=\"12\"\n"));
const STATUS: &str = "var/lib/dpkg/status";

/// A Debian 12 with one package, in version 1.
macro_rules! deb {
    ($name:literal) => {
        with_data(files(&[
            RELEASE,
            (STATUS, 0o644, Some(concat!("Package: ", $name, "\nStatus: install ok installed\nVersion: 1\n\n"))),
        ]))
    };
}

macro_rules! npm {
    ($name:literal, $version:literal) => {
        with_data(files(&[(
            concat!("app/node_modules/", $name, "/package.json"),
            0o644,
            Some(concat!("{\"name\": \"", $name, "\", \"version\": \"", $version, "\"}")),
        )]))
    };
}

macro_rules! gem {
    ($name:literal, $version:literal) => {
        with_data(files(&[(
            concat!("usr/lib/ruby/gems/3.1.0/specifications/", $name, "-", $version, ".gemspec"),
            0o644,
            Some(concat!("# stub: ", $name, " ", $version, " ruby lib\n")),
        )]))
    };
}

const UNKNOWN: Made = deb!("of-unknown");
const NEGLIGIBLE: Made = deb!("of-negligible");
const LOW: Made = deb!("of-low");
const MEDIUM: Made = deb!("of-medium");
const HIGH: Made = deb!("of-high");
const CRITICAL: Made = deb!("of-critical");
const FINE: Made = deb!("fine");
const FOREIGN: Made = with_data(files(&[
    ("etc/os-release", 0o644, Some("ID=hannah-montana\nVERSION_ID=1\n")),
    (STATUS, 0o644, Some("Package: x\nStatus: install ok installed\nVersion: 1\n\n")),
]));
const LEFT_PAD: Made = npm!("left-pad", "1.3.0");
const LATEST_PAD: Made = npm!("left-pad", "1.3.1");
const OLD_PAD: Made = npm!("left-pad", "1.0.0");
const RAKE: Made = gem!("rake", "13.0.6");
const LATEST_RAKE: Made = gem!("rake", "13.1.0");
/// The low one came with the base.
const LOW_OF_BASE: Made = Made { is_base: true, ..LOW };

const ALL: (&str, &str) = ("package_type", "all");
/// Whatever the severity, one that nobody has told among them.
const ANY: [(&str, &str); 2] = [("severity", "unknown"), ("severity_comparison", ">=")];

use Silent::{In, Never, With};

pub(crate) const ROWS: &[Row] = &[
    ("vulnerabilities:package", &[ALL], LOW, In(FINE)),
    ("vulnerabilities:package", &[ALL], MEDIUM, In(UNKNOWN)),
    ("vulnerabilities:package", &[ALL], HIGH, In(NEGLIGIBLE)),
    ("vulnerabilities:package", &[ALL, ("severity_comparison", ">=")], UNKNOWN, In(FINE)),
    (
        "vulnerabilities:package",
        &[("package_type", "os"), ("severity", "high"), ("severity_comparison", ">=")],
        CRITICAL,
        In(MEDIUM),
    ),
    ("vulnerabilities:package", &[ALL, ("severity", "HIGH")], CRITICAL, In(HIGH)),
    ("vulnerabilities:package", &[ALL, ("severity", "high"), ("severity_comparison", "=")], HIGH, In(CRITICAL)),
    ("vulnerabilities:package", &[ALL, ("severity", "medium"), ("severity_comparison", "<")], LOW, In(MEDIUM)),
    ("vulnerabilities:package", &[ALL, ("severity", "medium"), ("severity_comparison", "<=")], MEDIUM, In(HIGH)),
    ("vulnerabilities:package", &[ALL, ("severity", "medium"), ("severity_comparison", ">")], HIGH, In(MEDIUM)),
    ("vulnerabilities:package", &[ALL, ("severity", "medium"), ("severity_comparison", "!=")], HIGH, In(MEDIUM)),
    ("vulnerabilities:package", &[ALL, ("fix_available", "true")], LOW, In(HIGH)),
    ("vulnerabilities:package", &[ALL, ("fix_available", "false")], HIGH, In(LOW)),
    ("vulnerabilities:package", &[ALL, ("vendor_only", "false")], NEGLIGIBLE, With(&[ALL, ("vendor_only", "true")])),
    (
        "vulnerabilities:package",
        &[ALL, ("max_days_since_creation", "30")],
        LOW,
        With(&[ALL, ("max_days_since_creation", "3000")]),
    ),
    (
        "vulnerabilities:package",
        &[ALL, ("fix_available", "true"), ("max_days_since_fix", "30")],
        LOW,
        With(&[ALL, ("fix_available", "true"), ("max_days_since_fix", "3000")]),
    ),
    // Without `fix_available` nobody asks for its age.
    ("vulnerabilities:package", &[ALL, ("max_days_since_fix", "3000")], LOW, In(FINE)),
    (
        "vulnerabilities:package",
        &[ALL, ("cvss_v3_base_score", "9"), ("cvss_v3_base_score_comparison", ">=")],
        CRITICAL,
        In(HIGH),
    ),
    (
        "vulnerabilities:package",
        &[ALL, ("cvss_v3_exploitability_score", "3.9"), ("cvss_v3_exploitability_score_comparison", "=")],
        HIGH,
        In(LOW),
    ),
    (
        "vulnerabilities:package",
        &[ALL, ("cvss_v3_impact_score", "4"), ("cvss_v3_impact_score_comparison", "<")],
        HIGH,
        In(CRITICAL),
    ),
    // What has no score is below every one.
    (
        "vulnerabilities:package",
        &[ALL, ("cvss_v3_base_score", "4"), ("cvss_v3_base_score_comparison", "<")],
        LOW,
        In(HIGH),
    ),
    ("vulnerabilities:package", &[ALL, ("cvss_v3_base_score", "9")], CRITICAL, In(HIGH)),
    (
        "vulnerabilities:package",
        &[ALL, ("vendor_cvss_v3_base_score", "9"), ("vendor_cvss_v3_base_score_comparison", "<")],
        HIGH,
        In(CRITICAL),
    ),
    (
        "vulnerabilities:package",
        &[ALL, ("vendor_cvss_v3_exploitability_score", "3"), ("vendor_cvss_v3_exploitability_score_comparison", ">")],
        HIGH,
        In(LOW),
    ),
    (
        "vulnerabilities:package",
        &[ALL, ("vendor_cvss_v3_impact_score", "5"), ("vendor_cvss_v3_impact_score_comparison", ">=")],
        CRITICAL,
        In(HIGH),
    ),
    ("vulnerabilities:package", &[ALL, ("inherited_from_base", "false")], LOW, In(LOW_OF_BASE)),
    ("vulnerabilities:package", &[ALL, ("inherited_from_base", "true")], LOW_OF_BASE, In(LOW)),
    ("vulnerabilities:package", &[("package_type", "npm"), ANY[0], ANY[1]], OLD_PAD, In(HIGH)),
    ("vulnerabilities:package", &[("package_type", "non-os"), ANY[0], ANY[1]], OLD_PAD, In(HIGH)),
    ("vulnerabilities:package", &[("package_type", "os"), ANY[0], ANY[1]], HIGH, In(OLD_PAD)),
    (
        "vulnerabilities:package",
        &[ALL, ANY[0], ANY[1], ("package_path_exclude", "/srv/.*")],
        OLD_PAD,
        With(&[ALL, ANY[0], ANY[1], ("package_path_exclude", "/app/.*")]),
    ),
    ("vulnerabilities:blacklist", &[("vulnerability_ids", "CVE-2025-0005,CVE-1")], HIGH, In(LOW)),
    (
        "vulnerabilities:denylist",
        &[("vulnerability_ids", "CVE-2025-0002"), ("vendor_only", "false")],
        NEGLIGIBLE,
        With(&[("vulnerability_ids", "CVE-2025-0002")]),
    ),
    (
        "vulnerabilities:stale_feed_data",
        &[("max_days_since_sync", "2")],
        FINE,
        With(&[("max_days_since_sync", "100000")]),
    ),
    ("vulnerabilities:vulnerability_data_unavailable", &[], FOREIGN, In(HIGH)),
    ("npms:newer_version_in_feed", &[], LEFT_PAD, In(LATEST_PAD)),
    ("npms:unknown_in_feeds", &[], npm!("never-published", "1"), In(LATEST_PAD)),
    ("npms:version_not_in_feeds", &[], LEFT_PAD, In(LATEST_PAD)),
    ("npms:feed_data_unavailable", &[], npm!("nobody-asked", "1"), In(LEFT_PAD)),
    ("ruby_gems:newer_version_found_in_feed", &[], RAKE, In(LATEST_RAKE)),
    ("ruby_gems:not_found_in_feed", &[], gem!("never-published", "1"), In(LATEST_RAKE)),
    ("ruby_gems:version_not_found_in_feed", &[], gem!("rake", "13.0.5"), In(RAKE)),
    ("ruby_gems:feed_data_unavailable", &[], gem!("nobody-asked", "1"), In(RAKE)),
    // What was not looked up passes in no rule's silence.
    ("vulnerabilities:package", &[ALL], Made { has_data: false, ..FINE }, Never),
    ("vulnerabilities:blacklist", &[("vulnerability_ids", "CVE-1")], Made { has_data: false, ..FINE }, Never),
    ("vulnerabilities:stale_feed_data", &[("max_days_since_sync", "2")], Made { has_data: false, ..FINE }, Never),
    ("npms:unknown_in_feeds", &[], Made { has_data: false, ..LEFT_PAD }, Never),
    ("ruby_gems:newer_version_found_in_feed", &[], Made { has_data: false, ..RAKE }, Never),
    // The first versions of the engine had a gate for what is of no distribution.
    ("cpegate:vulnunknown", &[], OLD_PAD, In(NEGLIGIBLE)),
    ("cpegate:vulnlow", &[], npm!("of-low", "1.0.0"), In(LOW)),
    ("cpegate:vulnmedium", &[], npm!("of-medium", "1.0.0"), In(MEDIUM)),
    ("cpegate:vulnhigh", &[], npm!("of-high", "1.0.0"), In(HIGH)),
];
