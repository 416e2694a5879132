//! The gates of Anchore's engine (2018 to 2023): what each trigger and its parameters mean in rules of the catalogue.
//!
//! A trigger whose rule exists is translated here; one that nothing answers to is refused by name. Which rule answers to
//! which trigger stands on the rules' pages as well, and a test holds the two together.

use std::collections::BTreeMap;

use super::Fault;
use super::regexp::{from_python, line_expressions};
use super::vulnerability::COMPARISONS;
use crate::rule::{Rule, Value, catalogue};

/// Rules to run, and the parameters of each.
type Runs = Vec<(&'static Rule, Vec<(String, Value)>)>;

/// A trigger of the engine.
pub(super) struct Trigger {
    /// `gate:trigger`.
    pub(super) name: &'static str,
    /// Names of its parameters.
    pub(super) params: &'static [&'static str],
    /// Those of them it cannot do without.
    required: &'static [&'static str],
    runs: fn(&Given<'_>) -> Result<Runs, Fault>,
}

/// The parameters of a rule by name; empty ones count as not given.
struct Given<'a> {
    params: &'a BTreeMap<&'a str, &'a str>,
}

impl<'a> Given<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        self.params.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }

    /// The items of a list, which commas separate.
    fn list(&self, name: &str) -> Vec<String> {
        self.text(name).split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// A whole number.
    fn number(&self, name: &str) -> Result<i64, Fault> {
        let given = self.get(name);
        given.and_then(|text| text.parse().ok()).ok_or_else(|| bad(name, given, "a whole number"))
    }

    /// Whether a `type` says that the list names what is allowed.
    fn is_allow_list(&self) -> Result<bool, Fault> {
        match self.get("type").map(str::to_ascii_lowercase).as_deref() {
            Some("whitelist" | "allowlist") => Ok(true),
            Some("blacklist" | "denylist") => Ok(false),
            other => Err(bad("type", other, "whitelist or blacklist")),
        }
    }

    /// One of the words a parameter can be.
    fn one_of(&self, name: &str, words: &[&'static str]) -> Result<&'static str, Fault> {
        let given = self.get(name);
        let found = words.iter().find(|word| given.is_some_and(|g| g.eq_ignore_ascii_case(word)));
        found.copied().ok_or_else(|| bad(name, given, &words.join(", ")))
    }
}

fn bad(name: &str, given: Option<&str>, wanted: &str) -> Fault {
    Fault::Bundle(format!("`{name}` is `{}`; it can be {wanted}", given.unwrap_or_default()))
}

fn string(name: &str, value: impl Into<String>) -> (String, Value) {
    (name.to_owned(), Value::Str(value.into()))
}

fn list(name: &str, values: Vec<String>) -> (String, Value) {
    (name.to_owned(), Value::List(values))
}

fn switch(name: &str, value: bool) -> (String, Value) {
    (name.to_owned(), Value::Bool(value))
}

/// A package by name, or by name and version.
fn package(given: &Given<'_>, by_name: &'static Rule, by_version: &'static Rule) -> Runs {
    let name = given.text("name");
    match given.get("version").filter(|version| *version != "*") {
        Some(version) => vec![(by_version, vec![list("versions", vec![format!("{name}|{version}")])])],
        None => vec![(by_name, vec![list("names", vec![name])])],
    }
}

/// Comparisons of the engine.
const CHECKS: [&str; 12] =
    ["exists", "not_exists", "=", "!=", "like", "not_like", "in", "not_in", ">", "<", ">=", "<="];
/// Parameters of the trigger over packages with known vulnerabilities.
const OF_VULNERABLE_PACKAGES: &[&str] = &[
    "cvss_v3_base_score",
    "cvss_v3_base_score_comparison",
    "cvss_v3_exploitability_score",
    "cvss_v3_exploitability_score_comparison",
    "cvss_v3_impact_score",
    "cvss_v3_impact_score_comparison",
    "fix_available",
    "inherited_from_base",
    "max_days_since_creation",
    "max_days_since_fix",
    "package_path_exclude",
    "package_type",
    "severity",
    "severity_comparison",
    "vendor_cvss_v3_base_score",
    "vendor_cvss_v3_base_score_comparison",
    "vendor_cvss_v3_exploitability_score",
    "vendor_cvss_v3_exploitability_score_comparison",
    "vendor_cvss_v3_impact_score",
    "vendor_cvss_v3_impact_score_comparison",
    "vendor_only",
];

const NONE: &[&str] = &[];

/// A row of the table: a trigger, its parameters, those it needs, and what they mean.
macro_rules! trigger {
    ($name:literal, $params:expr, $required:expr, $runs:expr) => {
        Trigger { name: $name, params: $params, required: $required, runs: $runs }
    };
}

/// Every trigger that is answered to, sorted by name.
static TRIGGERS: &[Trigger] = &[
    trigger!("always:always", NONE, NONE, |_| Ok(vec![(catalogue::ALWAYS, Vec::new())])),
    trigger!("dockerfile:effective_user", &["type", "users"], &["users"], |given| {
        let list_name = if given.is_allow_list()? { "allowed-users" } else { "denied-users" };
        Ok(vec![(catalogue::DENIED_EFFECTIVE_USER, vec![list(list_name, given.list("users"))])])
    }),
    trigger!("dockerfile:exposed_ports", &["actual_dockerfile_only", "ports", "type"], &["ports"], |given| {
        let list_name = if given.is_allow_list()? { "allowed-ports" } else { "denied-ports" };
        let own = switch("dockerfile-only", given.is_on("actual_dockerfile_only"));
        Ok(vec![(catalogue::DENIED_EXPOSED_PORT, vec![list(list_name, given.list("ports")), own])])
    }),
    trigger!(
        "dockerfile:instruction",
        &["actual_dockerfile_only", "check", "instruction", "value"],
        &["instruction", "check"],
        |given| {
            let params = vec![
                string("instruction", given.text("instruction")),
                string("check", given.one_of("check", &CHECKS[..8])?),
                string("value", given.text("value")),
                switch("dockerfile-only", given.is_on("actual_dockerfile_only")),
            ];
            Ok(vec![(catalogue::DENIED_INSTRUCTION, params)])
        }
    ),
    trigger!("dockerfile:no_dockerfile_provided", NONE, NONE, |_| {
        Ok(vec![(catalogue::DOCKERFILE_MISSING, Vec::new())])
    }),
    trigger!(
        "files:attribute_match",
        &["checksum", "checksum_algorithm", "checksum_match", "filename", "mode", "mode_op", "skip_missing"],
        &["filename"],
        |given| {
            if given.get("checksum_algorithm").is_some_and(|a| !a.eq_ignore_ascii_case("sha256")) {
                return Err(bad("checksum_algorithm", given.get("checksum_algorithm"), "sha256"));
            }
            let is_not = |name: &str| given.get(name).is_some_and(|op| op.eq_ignore_ascii_case("not_equals"));
            let params = vec![
                string("path", given.text("filename")),
                string("sha256", given.text("checksum")),
                switch("other-sha256", is_not("checksum_match")),
                string("mode", given.text("mode")),
                switch("other-mode", is_not("mode_op")),
                switch("or-missing", given.get("skip_missing").is_some() && !given.is_on("skip_missing")),
            ];
            Ok(vec![(catalogue::FILE_ATTRIBUTE_MATCHED, params)])
        }
    ),
    trigger!("files:content_regex_match", &["regex_name"], &["regex_name"], |given| {
        let expression = line_expressions(&given.text("regex_name")).join("|");
        Ok(vec![(catalogue::FILE_CONTENT_MATCHED, vec![string("content-regexp", expression)])])
    }),
    trigger!("files:name_match", &["regex"], &["regex"], |given| {
        Ok(vec![(catalogue::FILE_NAME_MATCHED, vec![string("name-regexp", from_python(&given.text("regex")))])])
    }),
    trigger!("files:suid_or_guid_set", NONE, NONE, |_| Ok(vec![(catalogue::SETUID_FILE_PRESENT, Vec::new())])),
    trigger!("licenses:blacklist_exact_match", &["licenses"], &["licenses"], |given| {
        Ok(vec![(catalogue::DENIED_LICENCE, vec![list("licences", given.list("licenses"))])])
    }),
    trigger!("licenses:blacklist_partial_match", &["licenses"], &["licenses"], |given| {
        Ok(vec![(catalogue::DENIED_LICENCE_PART, vec![list("licences", given.list("licenses"))])])
    }),
    trigger!("malware:scan_not_run", NONE, NONE, |_| Ok(vec![(catalogue::MALWARE_NOT_SCANNED, Vec::new())])),
    trigger!("malware:scans", NONE, NONE, |_| Ok(vec![(catalogue::MALWARE_NOT_SCANNED, Vec::new())])),
    trigger!("metadata:attribute", &["attribute", "check", "value"], &["attribute", "check"], |given| {
        let params = vec![
            string("attribute", given.text("attribute")),
            string("check", given.one_of("check", &CHECKS)?),
            string("value", given.text("value")),
        ];
        Ok(vec![(catalogue::IMAGE_ATTRIBUTE_MATCHED, params)])
    }),
    trigger!("npms:blacklisted_name_version", &["name", "version"], &["name"], |given| {
        Ok(package(given, catalogue::DENIED_NPM_PACKAGE, catalogue::DENIED_NPM_VERSION))
    }),
    trigger!("npms:feed_data_unavailable", NONE, NONE, |_| {
        Ok(vec![(catalogue::NPM_REGISTRY_DATA_MISSING, Vec::new())])
    }),
    trigger!("npms:newer_version_in_feed", NONE, NONE, |_| {
        Ok(vec![(catalogue::NPM_VERSION_OUTDATED, Vec::new()), (catalogue::NPM_REGISTRY_DATA_MISSING, Vec::new())])
    }),
    trigger!("npms:unknown_in_feeds", NONE, NONE, |_| {
        Ok(vec![(catalogue::NPM_PACKAGE_UNOFFICIAL, Vec::new()), (catalogue::NPM_REGISTRY_DATA_MISSING, Vec::new())])
    }),
    trigger!("npms:version_not_in_feeds", NONE, NONE, |_| {
        Ok(vec![(catalogue::NPM_VERSION_UNOFFICIAL, Vec::new()), (catalogue::NPM_REGISTRY_DATA_MISSING, Vec::new())])
    }),
    trigger!("packages:blacklist", &["name", "version"], &["name"], |given| {
        Ok(package(given, catalogue::DENIED_PACKAGE, catalogue::DENIED_PACKAGE_VERSION))
    }),
    trigger!("packages:required_package", &["name", "version", "version_match_type"], &["name"], |given| {
        let name = given.text("name");
        let is_minimum = given.get("version_match_type").is_some_and(|t| t.eq_ignore_ascii_case("minimum"));
        let params = match given.get("version") {
            None => list("names", vec![name]),
            Some(version) => {
                let key = if is_minimum { "minimum-versions" } else { "exact-versions" };
                list(key, vec![format!("{name}|{version}")])
            }
        };
        Ok(vec![(catalogue::REQUIRED_PACKAGE_MISSING, vec![params])])
    }),
    trigger!("passwd_file:blacklist_full_entry", &["entry"], &["entry"], |given| {
        Ok(vec![(catalogue::DENIED_PASSWD_ENTRY, vec![list("entries", vec![given.text("entry")])])])
    }),
    trigger!("passwd_file:blacklist_groupids", &["group_ids"], &["group_ids"], |given| {
        Ok(vec![(catalogue::DENIED_GROUP_ID, vec![list("ids", given.list("group_ids"))])])
    }),
    trigger!("passwd_file:blacklist_shells", &["shells"], &["shells"], |given| {
        Ok(vec![(catalogue::DENIED_SHELL, vec![list("shells", given.list("shells"))])])
    }),
    trigger!("passwd_file:blacklist_userids", &["user_ids"], &["user_ids"], |given| {
        Ok(vec![(catalogue::DENIED_USER_ID, vec![list("ids", given.list("user_ids"))])])
    }),
    trigger!("passwd_file:blacklist_usernames", &["user_names"], &["user_names"], |given| {
        Ok(vec![(catalogue::DENIED_USER_NAME, vec![list("names", given.list("user_names"))])])
    }),
    trigger!("passwd_file:content_not_available", NONE, NONE, |_| Ok(vec![(catalogue::PASSWD_MISSING, Vec::new())])),
    trigger!("retrieved_files:content_match", &["check", "path", "value"], &["path", "check", "value"], |given| {
        let is_absent = given.one_of("check", &["match", "no_match"])? == "no_match";
        let expression = line_expressions(&given.text("value")).join("|");
        let params =
            vec![string("path", given.text("path")), string("content-regexp", expression), switch("absent", is_absent)];
        Ok(vec![(catalogue::FILE_LINE_MISMATCH, params)])
    }),
    trigger!("retrieved_files:content_not_available", &["path"], &["path"], |given| {
        Ok(vec![(catalogue::REQUIRED_FILE_MISSING, vec![list("paths", vec![given.text("path")])])])
    }),
    trigger!("ruby_gems:blacklist", &["name", "version"], &["name"], |given| {
        Ok(package(given, catalogue::DENIED_GEM_PACKAGE, catalogue::DENIED_GEM_VERSION))
    }),
    trigger!("ruby_gems:feed_data_unavailable", NONE, NONE, |_| {
        Ok(vec![(catalogue::GEM_REGISTRY_DATA_MISSING, Vec::new())])
    }),
    trigger!("ruby_gems:newer_version_found_in_feed", NONE, NONE, |_| {
        Ok(vec![(catalogue::GEM_VERSION_OUTDATED, Vec::new()), (catalogue::GEM_REGISTRY_DATA_MISSING, Vec::new())])
    }),
    trigger!("ruby_gems:not_found_in_feed", NONE, NONE, |_| {
        Ok(vec![(catalogue::GEM_PACKAGE_UNOFFICIAL, Vec::new()), (catalogue::GEM_REGISTRY_DATA_MISSING, Vec::new())])
    }),
    trigger!("ruby_gems:version_not_found_in_feed", NONE, NONE, |_| {
        Ok(vec![(catalogue::GEM_VERSION_UNOFFICIAL, Vec::new()), (catalogue::GEM_REGISTRY_DATA_MISSING, Vec::new())])
    }),
    trigger!("secret_scans:content_regex_checks", &["content_regex_name", "match_type"], NONE, |given| {
        if given.get("match_type").is_some_and(|kind| !kind.eq_ignore_ascii_case("found")) {
            return Err(bad("match_type", given.get("match_type"), "found"));
        }
        let params = given.get("content_regex_name").map(|name| list("content-regexp", line_expressions(name)));
        Ok(vec![(catalogue::SECRET_CONTENT_MATCHED, params.into_iter().collect())])
    }),
    trigger!("vulnerabilities:blacklist", &["vendor_only", "vulnerability_ids"], &["vulnerability_ids"], |given| {
        let params =
            vec![list("ids", given.list("vulnerability_ids")), switch("attended-only", given.is_on("vendor_only"))];
        Ok(vec![(catalogue::DENIED_VULNERABILITY, params), (catalogue::VULNERABILITY_DATA_MISSING, Vec::new())])
    }),
    trigger!("vulnerabilities:package", OF_VULNERABLE_PACKAGES, NONE, |given| {
        let params = vulnerable_package(given)?;
        Ok(vec![(catalogue::VULNERABLE_PACKAGE, params), (catalogue::VULNERABILITY_DATA_MISSING, Vec::new())])
    }),
    trigger!("vulnerabilities:stale_feed_data", &["max_days_since_sync"], &["max_days_since_sync"], |given| {
        let params = vec![("max-age".to_owned(), Value::Int(given.number("max_days_since_sync")?))];
        Ok(vec![(catalogue::VULNERABILITY_DATA_STALE, params), (catalogue::VULNERABILITY_DATA_MISSING, Vec::new())])
    }),
    trigger!("vulnerabilities:vulnerability_data_unavailable", NONE, NONE, |_| {
        Ok(vec![(catalogue::VULNERABILITY_DATA_MISSING, Vec::new())])
    }),
];

/// What `vulnerabilities:package` asks for. There is one CVSS vector for a vulnerability, the vendor's where it has one.
fn vulnerable_package(given: &Given<'_>) -> Result<Vec<(String, Value)>, Fault> {
    let mut params = Vec::new();
    if given.get("severity").is_some() {
        params.push(string(
            "level",
            given.one_of("severity", &["unknown", "negligible", "low", "medium", "high", "critical"])?,
        ));
        let comparison = match given.get("severity_comparison") {
            Some(_) => given.one_of("severity_comparison", &COMPARISONS)?,
            None => "=",
        };
        params.push(string("level-comparison", comparison));
    }
    for (name, param) in [("fix_available", "fix-available"), ("inherited_from_base", "origin")] {
        if given.get(name).is_some() {
            let value = given.one_of(name, &["true", "false"])?;
            let value = match (name, value) {
                ("inherited_from_base", "true") => "base",
                ("inherited_from_base", _) => "yours",
                (_, value) => value,
            };
            params.push(string(param, value));
        }
    }
    params.push(switch("attended-only", given.is_on("vendor_only")));
    for (name, param) in [("max_days_since_creation", "days-since-published"), ("max_days_since_fix", "days-since-fix")]
    {
        if given.get(name).is_some() {
            params.push((param.to_owned(), Value::Int(given.number(name)?)));
        }
    }
    for (part, param) in [("base", "cvss-base"), ("exploitability", "cvss-exploitability"), ("impact", "cvss-impact")] {
        let names = [format!("cvss_v3_{part}_score"), format!("vendor_cvss_v3_{part}_score")];
        let scores: Vec<&String> = names.iter().filter(|name| given.get(name).is_some()).collect();
        match scores.as_slice() {
            [] => {}
            [name] => {
                let comparison = given.get(&format!("{name}_comparison")).unwrap_or(">=");
                params.push(string(param, format!("{comparison} {}", given.text(name))));
            }
            _ => {
                return Err(Fault::Bundle(format!(
                    "`{}` and `{}` are one score here; give one of them",
                    names[0], names[1]
                )));
            }
        }
    }
    if let Some(kind) = given.get("package_type") {
        params.push(string("package-type", kind));
    }
    if let Some(path) = given.get("package_path_exclude") {
        params.push(string("path-except-regexp", from_python(path)));
    }
    Ok(params)
}

/// Triggers of the engine that need what is not here: a scanner, its feeds, or its own analysis of other images.
const UNSUPPORTED: [&str; 9] = [
    "ancestry:allowed_base_image_digest",
    "ancestry:allowed_base_image_tag",
    "distro:deny",
    "image_source_drift:image_not_source",
    "packages:metadata",
    "packages:verify",
    "tag_drift:packages_added",
    "tag_drift:packages_modified",
    "tag_drift:packages_removed",
];

/// What a `gate:trigger` is to this version.
pub(super) enum Known {
    /// It is answered to.
    Answered(&'static Trigger),
    /// It is the engine's, and nothing answers to it.
    Unsupported,
    /// It is not the engine's; it may be one of 2017.
    Foreign,
}

/// Finds a trigger. Later versions of the engine say `denylist` where earlier ones say `blacklist`.
pub(super) fn find(gate: &str, trigger: &str) -> Known {
    let name = format!("{gate}:{trigger}").to_ascii_lowercase().replace("denylist", "blacklist");
    if let Some(found) = TRIGGERS.iter().find(|t| t.name == name) {
        return Known::Answered(found);
    }
    let gate = gate.to_ascii_lowercase();
    let gates = TRIGGERS.iter().map(|t| t.name).chain(UNSUPPORTED).filter_map(|name| name.split(':').next());
    let is_listed = UNSUPPORTED.contains(&name.as_str());
    if is_listed || gates.into_iter().any(|known| known == gate) { Known::Unsupported } else { Known::Foreign }
}

/// Every trigger that is answered to, as `gate:trigger`, sorted.
#[cfg(test)]
fn names() -> impl Iterator<Item = &'static str> {
    TRIGGERS.iter().map(|t| t.name)
}

impl Trigger {
    /// The rules that a trigger with these parameters runs.
    pub(super) fn runs(&self, params: &BTreeMap<&str, &str>) -> Result<Runs, Fault> {
        let given = Given { params };
        if let Some(missing) = self.required.iter().find(|name| given.get(name).is_none()) {
            return Err(Fault::Bundle(format!("`{}` needs the parameter `{missing}`", self.name)));
        }
        (self.runs)(&given)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
