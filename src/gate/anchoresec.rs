//! ANCHORESEC and the engine's `vulnerabilities`: known vulnerabilities of packages, and what was not looked up.

use std::collections::BTreeSet;

use super::{Facts, Reporter};
use crate::feeds::{Level, Vulnerability};
use crate::finding::{Finding, Origin, VulnerabilityRef};
use crate::packages::PackageKind;
use crate::policy::{Date, path_regex};
use crate::rule::{Params, Severity};

/// Packages told by name in one message.
const MAX_NAMED: usize = 5;

/// Packages with known vulnerabilities that the parameters take.
pub fn vulnerable_package(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let Some(known) = facts.vulnerabilities else { return };
    let wanted = Wanted::of(report.params());
    for found in known.list.iter().filter(|found| wanted.takes(found, facts.today)) {
        let finding = told(report, found);
        let origin = report.params().str("origin");
        let is_origin = match origin {
            "base" => finding.origin == Origin::Base,
            "yours" => finding.origin == Origin::Yours,
            _ => true,
        };
        if is_origin {
            report.push(finding);
        }
    }
}

/// Vulnerabilities that a policy names.
pub fn denied_vulnerability(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let Some(known) = facts.vulnerabilities else { return };
    let params = report.params();
    let is_named = |found: &&Vulnerability| {
        let is_id =
            params.list("ids").iter().any(|id| found.names.iter().any(|name| name.eq_ignore_ascii_case(id.trim())));
        is_id && !(params.bool("attended-only") && found.is_unattended)
    };
    for found in known.list.iter().filter(is_named) {
        report.push(told(report, found));
    }
}

/// What the parameters of `vulnerable-package` ask for.
struct Wanted<'p> {
    params: &'p Params,
    severity: Option<Level>,
    except: Option<regex::Regex>,
    kinds: Vec<PackageKind>,
}

impl<'p> Wanted<'p> {
    fn of(params: &'p Params) -> Self {
        let except = params.str("path-except-regexp");
        Self {
            params,
            severity: Level::of_word(params.str("level")),
            except: Some(except).filter(|e| !e.is_empty()).and_then(|e| path_regex(e).ok()),
            kinds: PackageKind::all_named(params.str("package-type")).unwrap_or_default(),
        }
    }

    fn takes(&self, found: &Vulnerability, today: Date) -> bool {
        let params = self.params;
        let score = |get: fn(&crate::feeds::Scores) -> Option<f64>| found.scores.as_ref().and_then(get);
        let is_severity =
            self.severity.is_none_or(|wanted| compares(params.str("level-comparison"), found.level.cmp(&wanted)));
        let is_fixable = match params.str("fix-available") {
            "true" => found.fixed.is_some(),
            "false" => found.fixed.is_none(),
            _ => true,
        };
        let is_attended = !(params.bool("attended-only") && found.is_unattended);
        let is_old = |name: &str| params.int(name) <= 0 || age(found, today).is_none_or(|days| days > params.int(name));
        let is_scored = scored(params.str("cvss-base"), score(|s| Some(s.base)))
            && scored(params.str("cvss-exploitability"), score(|s| s.exploitability))
            && scored(params.str("cvss-impact"), score(|s| s.impact));
        let is_excepted = self
            .except
            .as_ref()
            .is_some_and(|except| !found.paths.is_empty() && found.paths.iter().all(|path| except.is_match(path)));
        is_severity
            && is_fixable
            && is_attended
            && self.kinds.contains(&found.package.kind)
            && is_old("days-since-published")
            && is_old("days-since-fix")
            && is_scored
            && !is_excepted
    }
}

/// Days since a vulnerability was published; `None` when nobody says when.
fn age(found: &Vulnerability, today: Date) -> Option<i64> {
    Some(today.days_since(Date::parse(&found.published)?))
}

/// Whether an order is the one a comparison asks for.
pub(super) fn compares(comparison: &str, order: std::cmp::Ordering) -> bool {
    match comparison {
        "=" => order.is_eq(),
        "!=" => order.is_ne(),
        ">" => order.is_gt(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        _ => order.is_ge(),
    }
}

/// Whether a score is one that `>= 7.0` asks for. Nothing asks for nothing, and what has no score is below every score.
fn scored(wanted: &str, score: Option<f64>) -> bool {
    let wanted = wanted.trim();
    if wanted.is_empty() {
        return true;
    }
    let at = wanted.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(wanted.len());
    let (comparison, number) = wanted.split_at(at);
    let number = number.trim().parse::<f64>();
    let order = number.ok().and_then(|number| score.unwrap_or(-1.0).partial_cmp(&number));
    order.is_some_and(|order| compares(comparison.trim(), order))
}

fn told(report: &Reporter<'_>, found: &Vulnerability) -> Finding {
    let package = &found.package;
    let fixed = match (&found.fixed, found.is_unattended) {
        _ if found.is_malware() => String::from("; the package is malware"),
        (Some(fixed), _) => format!("; version {fixed} mends it"),
        (None, true) => String::from("; its distribution will not mend it"),
        (None, false) => String::from("; no version mends it yet"),
    };
    let summary = if found.summary.is_empty() { String::new() } else { format!(": {}", found.summary) };
    let level = if found.level == Level::Unknown { "a severity nobody has told" } else { found.level.as_str() };
    let message =
        format!("{} {} has {} ({level}{}{fixed}){summary}", package.name, package.version, found.id, score(found));
    let path = found.paths.first().map(String::as_str);
    let finding = match found.is_placed {
        true => report.on_package(package, path, message),
        false => report.on_image(message),
    };
    let help = help(found, finding.origin);
    finding.subject(format!("{}+{}", found.id, package.name)).severity(severity(found.level)).help(help).vulnerability(
        VulnerabilityRef { names: found.names.clone(), package: package.name.clone(), purl: package.purl.clone() },
    )
}

/// What to do, by which other names it goes, and where else the package is.
fn help(found: &Vulnerability, origin: Origin) -> String {
    let name = &found.package.name;
    let mut help = match (&found.fixed, origin) {
        _ if found.is_malware() => {
            format!("take {name} out, and change every secret that a machine on which it was installed has seen")
        }
        (Some(_), Origin::Base) => format!("build again on a newer base, or raise {name} in a step of your own"),
        (Some(fixed), Origin::Yours) => format!("raise {name} to {fixed}"),
        (None, _) => format!("do without {name}, or waive it with the reason why it does no harm"),
    };
    // `DEBIAN-CVE-2023-0464` says no more than the id.
    let is_other = |other: &&String| !other.ends_with(&found.id);
    let others: Vec<&str> = found.names.iter().filter(is_other).map(String::as_str).collect();
    if !others.is_empty() {
        help.push_str(&format!("; it is also {}", listed(others.into_iter())));
    }
    if let [_, others @ ..] = found.paths.as_slice()
        && !others.is_empty()
    {
        help.push_str(&format!("; the package is also at {}", listed(others.iter().map(String::as_str))));
    }
    help
}

fn score(found: &Vulnerability) -> String {
    found.scores.map(|scores| format!(", CVSS {:.1}", scores.base)).unwrap_or_default()
}

fn severity(level: Level) -> Severity {
    match level {
        Level::Critical | Level::High => Severity::Error,
        // Nobody has said that it is not bad.
        Level::Medium | Level::Unknown => Severity::Warning,
        Level::Low => Severity::Info,
        Level::Negligible => Severity::Style,
    }
}

/// A few of several names.
fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.len().checked_sub(MAX_NAMED) {
        Some(more) if more > 0 => format!("{} and {more} more", names.get(..MAX_NAMED).unwrap_or_default().join(", ")),
        _ => names.join(", "),
    }
}

/// Tells which packages were not looked up.
pub fn vulnerability_data_missing(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let sync = "run `dockgate feeds sync`, or give the report of another scanner with --vulns";
    let Some(known) = facts.vulnerabilities else {
        report.push(report.on_image("vulnerabilities were not looked for: there is no vulnerability data").help(sync));
        return;
    };
    if known.asked.is_empty() && known.unmatched.is_empty() && known.list.is_empty() && facts.packages.list.is_empty() {
        // An image in which no package was found may still have them; that the run says elsewhere.
        return;
    }
    let unmatched: usize = known.unmatched.iter().map(|u| u.packages).sum();
    if unmatched > 0 {
        let reasons: BTreeSet<&str> = known.unmatched.iter().map(|u| u.reason.as_str()).collect();
        let reasons: Vec<&str> = reasons.into_iter().collect();
        let were = if unmatched == 1 { "1 package was" } else { &format!("{unmatched} packages were") };
        let message = format!("{were} not checked for vulnerabilities: {}", reasons.join(", "));
        let feeds: BTreeSet<&str> = known.unmatched.iter().filter_map(|u| u.feed.as_deref()).collect();
        let names: Vec<String> =
            feeds.iter().map(|f| if f.contains(' ') { format!("'{f}'") } else { (*f).to_owned() }).collect();
        let help = match names.is_empty() {
            true => String::from("give the report of another scanner with --vulns"),
            false => format!(
                "run `dockgate feeds sync {}`, or give the report of another scanner with --vulns",
                names.join(" ")
            ),
        };
        report.push(report.on_image(message).help(help));
    }
    if !known.uncomparable.is_empty() {
        let names = listed(known.uncomparable.iter().map(String::as_str));
        let message = format!(
            "some packages were not checked for all vulnerabilities, since their versions cannot be compared: {names}"
        );
        report.push(report.on_image(message).subject("versions"));
    }
}

/// Tells that no feed knows the image's distribution, or that its data is not here.
pub fn unsupported_distro(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let reason = match facts.vulnerabilities {
        _ if facts.packages.of_distribution().next().is_none() => Some(match &facts.packages.distro {
            Some(distro) => {
                let name = distro.pretty_name.as_ref().unwrap_or(&distro.id);
                format!("no package of {name} was found in the image")
            }
            None => String::from("the image does not say which distribution it is of, and no package of one was found"),
        }),
        None => Some(String::from("there is no vulnerability data")),
        Some(known) => known.unmatched.iter().find(|u| u.kind.is_distribution()).map(|u| u.reason.clone()),
    };
    if let Some(reason) = reason {
        let message =
            format!("the packages of the image's distribution were not checked for vulnerabilities: {reason}");
        report.push(report.on_image(message));
    }
}

/// Vulnerability data that is older than a policy takes.
pub fn vulnerability_data_stale(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let limit = report.params().int("max-age");
    for (name, checked) in facts.vulnerabilities.iter().flat_map(|known| &known.asked) {
        let age = facts.today.days_since(Date::from_unix(*checked));
        if age > limit {
            let days = |n: i64| if n == 1 { String::from("1 day") } else { format!("{n} days") };
            let message =
                format!("the vulnerability data of {name} is {} old, and the policy takes {}", days(age), days(limit));
            report.push(report.on_image(message).subject(name).help("run `dockgate feeds sync`"));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fixtures::{Case, messages};
    use super::*;
    use crate::feeds::{Scores, Unmatched, Vulnerabilities};
    use crate::packages::Package;

    fn found(id: &str, level: Level, fixed: Option<&str>) -> Vulnerability {
        Vulnerability {
            id: id.to_owned(),
            names: vec![id.to_owned()],
            package: Package { layer: 1, ..Package::new(PackageKind::Deb, "curl", "7.88-1") },
            is_placed: true,
            paths: vec![String::from("/var/lib/dpkg/status")],
            level,
            scores: None,
            fixed: fixed.map(str::to_owned),
            is_unattended: false,
            published: String::from("2026-01-01"),
            summary: String::from("a sad flaw"),
            source: String::from("Debian"),
        }
    }

    fn case(list: Vec<Vulnerability>) -> Case {
        let mut case = Case::new(1).layer([], []).layer([], []).packages([("curl", "7.88-1")]);
        let asked = vec![(String::from("Debian"), 1_748_000_000)];
        case.vulnerabilities = Some(Vulnerabilities { list, asked, ..Vulnerabilities::default() });
        case
    }

    #[test]
    fn a_vulnerability_says_what_it_is_and_what_mends_it() {
        let scores = Some(Scores { base: 9.8, exploitability: None, impact: None });
        let high = Vulnerability { scores, ..found("CVE-1", Level::Critical, Some("7.88-2")) };
        let findings = case(vec![high, found("CVE-2", Level::Unknown, None)]).run("vulnerable-package", &[]);
        assert_eq!(
            messages(&findings),
            [
                "1 curl 7.88-1 has CVE-1 (critical, CVSS 9.8; version 7.88-2 mends it): a sad flaw",
                "1 curl 7.88-1 has CVE-2 (a severity nobody has told; no version mends it yet): a sad flaw",
            ]
        );
        assert_eq!((findings[0].severity, findings[1].severity), (Severity::Error, Severity::Warning));
        assert_eq!(super::super::trigger_id(&findings[0], Some("ANCHORESEC:VULNCRITICAL")), "CVE-1+curl");
        assert_eq!(findings[0].help.as_deref(), Some("raise curl to 7.88-2"));
        let help = findings[1].help.as_deref();
        assert_eq!(help, Some("do without curl, or waive it with the reason why it does no harm"));
    }

    #[test]
    fn malware_is_told_apart() {
        let names = vec![String::from("GHSA-1"), String::from("MAL-2025-1")];
        let findings = case(vec![Vulnerability { names, ..found("MAL-2025-1", Level::Critical, None) }])
            .run("vulnerable-package", &[]);
        assert_eq!(
            messages(&findings),
            ["1 curl 7.88-1 has MAL-2025-1 (critical; the package is malware): a sad flaw"]
        );
        assert!(findings[0].help.as_deref().unwrap().starts_with("take curl out, and change every secret"));
    }

    #[test]
    fn parameters_choose() {
        let base = Vulnerability {
            package: Package::new(PackageKind::Npm, "x", "1"),
            paths: vec![String::from("/app/test/x")],
            ..found("CVE-B", Level::Low, None)
        };
        let scores = Some(Scores { base: 7.5, exploitability: Some(3.9), impact: Some(3.6) });
        let list = vec![
            Vulnerability { scores, ..found("CVE-H", Level::High, Some("8")) },
            Vulnerability {
                is_unattended: true,
                published: String::from("2026-05-30"),
                ..found("CVE-N", Level::Negligible, None)
            },
            base,
        ];
        let ids = |params: &[(&str, &str)]| {
            let found = case(list.clone()).run("vulnerable-package", params);
            found.iter().map(|f| f.subject.split('+').next().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
        };
        for (params, expected) in [
            (&[][..], "CVE-H CVE-N CVE-B"),
            (&[("level", "low")], "CVE-H CVE-B"),
            (&[("level", "negligible"), ("level-comparison", "<=")], "CVE-N"),
            (&[("level", "low"), ("level-comparison", "!=")], "CVE-H CVE-N"),
            (&[("fix-available", "true")], "CVE-H"),
            (&[("fix-available", "false")], "CVE-N CVE-B"),
            (&[("attended-only", "true")], "CVE-H CVE-B"),
            (&[("days-since-published", "30")], "CVE-H CVE-B"),
            (&[("package-type", "os")], "CVE-H CVE-N"),
            (&[("package-type", "npm")], "CVE-B"),
            (&[("package-type", "non-os")], "CVE-B"),
            (&[("cvss-base", ">= 7.5")], "CVE-H"),
            (&[("cvss-base", "> 7.5")], ""),
            (&[("cvss-impact", "< 4")], "CVE-H CVE-N CVE-B"),
            (&[("cvss-exploitability", "=3.9")], "CVE-H"),
            (&[("origin", "base")], "CVE-B"),
            (&[("origin", "yours")], "CVE-H CVE-N"),
            (&[("path-except-regexp", "/app/test/.*")], "CVE-H CVE-N"),
        ] {
            assert_eq!(ids(params), expected, "{params:?}");
        }
    }

    #[test]
    fn it_never_passes_in_silence() {
        let mut case = Case::new(0).layer([], []).packages([("curl", "1"), ("tar", "2")]);
        assert_eq!(
            messages(&case.run("vulnerability-data-missing", &[])),
            ["- vulnerabilities were not looked for: there is no vulnerability data"]
        );
        assert!(case.run("vulnerable-package", &[]).is_empty());
        let unmatched = |feed: Option<&str>, reason: &str| Unmatched {
            kind: PackageKind::Deb,
            packages: 2,
            feed: feed.map(str::to_owned),
            reason: reason.to_owned(),
        };
        case.vulnerabilities = Some(Vulnerabilities {
            unmatched: vec![unmatched(Some("Debian"), "there is no data for Debian:12")],
            uncomparable: vec![String::from("x 1")],
            ..Vulnerabilities::default()
        });
        let findings = case.run("vulnerability-data-missing", &[]);
        assert_eq!(
            messages(&findings),
            [
                "- 2 packages were not checked for vulnerabilities: there is no data for Debian:12",
                "- some packages were not checked for all vulnerabilities, since their versions cannot be compared: x 1",
            ]
        );
        assert!(findings[0].help.as_ref().unwrap().contains("`dockgate feeds sync Debian`"));
        assert_eq!(
            messages(&case.run("unsupported-distro", &[])),
            [
                "- the packages of the image's distribution were not checked for vulnerabilities: there is no data for Debian:12"
            ]
        );
        case.vulnerabilities = Some(Vulnerabilities {
            asked: vec![(String::from("Debian"), 1_780_000_000)],
            ..Vulnerabilities::default()
        });
        assert!(case.run("vulnerability-data-missing", &[]).is_empty());
        assert!(case.run("unsupported-distro", &[]).is_empty());
    }

    #[test]
    fn old_data_is_told_with_its_age() {
        // 1 748 000 000 is 2025-05-23, and the day of the run is 2026-06-01.
        let case = case(Vec::new());
        assert_eq!(
            messages(&case.run("vulnerability-data-stale", &[("max-age", "7")])),
            ["- the vulnerability data of Debian is 374 days old, and the policy takes 7 days"]
        );
        assert!(case.run("vulnerability-data-stale", &[("max-age", "374")]).is_empty());
    }

    #[test]
    fn a_named_vulnerability_is_denied_by_any_of_its_names() {
        let named = Vulnerability {
            names: vec![String::from("CVE-1"), String::from("GHSA-1")],
            ..found("CVE-1", Level::Low, None)
        };
        let case = case(vec![named, found("CVE-2", Level::Low, None)]);
        let denied = case.run("denied-vulnerability", &[("ids", "ghsa-1")]);
        assert_eq!(denied.len(), 1);
        assert!(denied[0].help.as_ref().unwrap().ends_with("; it is also GHSA-1"));
        assert!(case.run("denied-vulnerability", &[("ids", "CVE-3")]).is_empty());
    }
}
