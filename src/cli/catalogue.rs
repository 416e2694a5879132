//! `rules` and `explain`: the catalogue for people and for programs.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;

use super::CliError;
use super::args::ListFormat;
use crate::policy::Policy;
use crate::rule::{self, FixKind, Rule, Target};

/// Lists every rule, sorted by id.
pub(super) fn rules(format: ListFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        ListFormat::Json => {
            let rules: Vec<_> = rule::all().iter().map(as_json).collect();
            serde_json::to_writer_pretty(&mut *out, &json!({ "schema": 1, "rules": rules }))?;
            writeln!(out)
        }
        ListFormat::Table => {
            let mut table = Table::new();
            table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
            table.set_header(["rule", "severity", "summary", "also known as"]);
            for rule in rule::all() {
                let names: Vec<&str> = rule.other_names().collect();
                table.add_row([rule.id, severity(rule), rule.summary, &names.join(" ")]);
            }
            for line in table.lines() {
                writeln!(out, "{}", line.trim())?;
            }
            Ok(())
        }
    }
}

/// Shows the page of every rule a name stands for under a policy.
///
/// # Errors
/// When no rule has the name; the nearest known one is told.
pub(super) fn explain(name: &str, policy: &Policy, out: &mut dyn Write) -> Result<(), CliError> {
    let targets = policy.targets(name);
    if targets.is_empty() {
        return Err(CliError::UnknownRule { name: name.to_owned(), similar: policy.similar(name) });
    }
    for Target { rule, code } in targets {
        let names: Vec<&str> = rule.other_names().collect();
        let fix = match rule.fix {
            FixKind::None => "none",
            FixKind::Safe => "safe",
            FixKind::Unsafe => "unsafe",
        };
        writeln!(out, "{}: {}\n", rule.id, rule.summary).map_err(CliError::write)?;
        writeln!(out, "severity {}, confidence {}, fix {fix}, since {}", severity(rule), confidence(rule), rule.since)
            .map_err(CliError::write)?;
        if !names.is_empty() {
            writeln!(out, "also known as {}", names.join(", ")).map_err(CliError::write)?;
        }
        if let Some(code) = code {
            writeln!(out, "{code} is one of its codes: https://www.shellcheck.net/wiki/{code}")
                .map_err(CliError::write)?;
        }
        let settable = if rule.is_own() { &[][..] } else { rule.params };
        for param in settable {
            writeln!(out, "parameter {}: {}", param.name, param.help).map_err(CliError::write)?;
        }
        let page = rule.page.text();
        let text = page.split_once('\n').map_or("", |(_, rest)| rest);
        writeln!(out, "\n{}", text.trim()).map_err(CliError::write)?;
    }
    Ok(())
}

fn as_json(rule: &Rule) -> serde_json::Value {
    json!({
        "id": rule.id,
        "phase": rule.phase,
        "severity": rule.severity,
        "confidence": rule.confidence,
        "summary": rule.summary,
        "aliases": rule.aliases,
        "triggers": rule.triggers,
        "tags": rule.tags,
        "fix": rule.fix,
        "since": rule.since.to_string(),
        "params": rule.params.iter().map(|p| json!({ "name": p.name, "anchore": p.anchore, "required": p.required, "help": p.help })).collect::<Vec<_>>(),
    })
}

fn severity(rule: &Rule) -> &'static str {
    match rule.severity {
        rule::Severity::Error => "error",
        rule::Severity::Warning => "warning",
        rule::Severity::Info => "info",
        rule::Severity::Style => "style",
    }
}

fn confidence(rule: &Rule) -> &'static str {
    match rule.confidence {
        rule::Confidence::High => "high",
        rule::Confidence::Medium => "medium",
        rule::Confidence::Low => "low",
    }
}
