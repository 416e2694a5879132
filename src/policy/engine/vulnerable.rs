//! What the engine's trigger over packages with known vulnerabilities asks for.

use super::super::regexp::from_python;
use super::super::vulnerability::COMPARISONS;
use super::{Given, bad, string, switch};
use crate::packages::PackageKind;
use crate::policy::Fault;
use crate::rule::Value;

/// Its parameters.
pub(super) const PARAMS: &[&str] = &[
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

const SEVERITIES: [&str; 6] = ["unknown", "negligible", "low", "medium", "high", "critical"];

/// What they mean. There is one CVSS vector for a vulnerability, the vendor's where it has one.
pub(super) fn params(given: &Given<'_>) -> Result<Vec<(String, Value)>, Fault> {
    let mut params = vec![
        string("level", given.one_of_or_first("severity", &SEVERITIES)?),
        string("level-comparison", comparison(given, "severity_comparison", ">")?),
        switch("attended-only", given.is_on("vendor_only", true)?),
    ];
    let fixed = given.get("fix_available").map(|_| given.one_of("fix_available", &["true", "false"])).transpose()?;
    params.extend(fixed.map(|fixed| string("fix-available", fixed)));
    if given.get("inherited_from_base").is_some() {
        let is_base = given.is_on("inherited_from_base", false)?;
        params.push(string("origin", if is_base { "base" } else { "yours" }));
    }
    if given.get("max_days_since_creation").is_some() {
        params.push(("days-since-published".to_owned(), Value::Int(given.number("max_days_since_creation")?)));
    }
    if given.get("max_days_since_fix").is_some() {
        let days = given.number("max_days_since_fix")?;
        // The age of a fix is asked for only where a fix is.
        params.extend((fixed == Some("true")).then(|| ("days-since-fix".to_owned(), Value::Int(days))));
    }
    for (part, param) in [("base", "cvss-base"), ("exploitability", "cvss-exploitability"), ("impact", "cvss-impact")] {
        let names = [format!("cvss_v3_{part}_score"), format!("vendor_cvss_v3_{part}_score")];
        let scores: Vec<&String> = names.iter().filter(|name| given.get(name).is_some()).collect();
        match scores.as_slice() {
            [] => {}
            [name] => {
                let comparison = comparison(given, &format!("{name}_comparison"), ">=")?;
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
    let kind = given.text("package_type");
    if PackageKind::all_named(&kind).is_none() {
        return Err(bad("package_type", Some(&kind), "all, os, non-os or a type of packages"));
    }
    params.push(string("package-type", kind));
    if let Some(path) = given.get("package_path_exclude") {
        params.push(string("path-except-regexp", from_python(path)));
    }
    Ok(params)
}

fn comparison(given: &Given<'_>, name: &str, otherwise: &'static str) -> Result<&'static str, Fault> {
    given.get(name).map_or(Ok(otherwise), |_| given.one_of(name, &COMPARISONS))
}
