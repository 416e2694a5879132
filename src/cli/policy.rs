//! `policy show` and `policy check`.

use std::io::Write;

use comfy_table::{ContentArrangement, Table, presets};

use super::CliError;
use super::args::PolicyCommand;
use crate::policy::Policy;
use crate::rule::Target;

/// Runs a `policy` command.
pub(super) fn run(command: &PolicyCommand, out: &mut dyn Write) -> Result<u8, CliError> {
    match command {
        PolicyCommand::Show { policy } => show(&Policy::load(policy)?, out)?,
        PolicyCommand::Check { policy } => {
            let policy = Policy::load(policy)?;
            let (checks, waivers) = (policy.checks.len(), policy.waivers.len());
            writeln!(out, "{} is sound: ruleset {}, {checks} checks, {waivers} waivers", policy.name, policy.ruleset)
                .map_err(CliError::Write)?;
        }
    }
    Ok(0)
}

fn show(policy: &Policy, out: &mut dyn Write) -> Result<(), CliError> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["action", "rule", "parameters", "asked for by"]);
    for check in &policy.checks {
        let params: Vec<String> = check.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let by = match &check.line {
            Some(line) => format!("{}:{}", line.source.path(), line.source.line(line.span.start)),
            None => "its severity".to_owned(),
        };
        let name = Target { rule: check.rule, code: check.code };
        table.add_row([check.action.to_string(), name.to_string(), params.join(" "), by]);
    }
    writeln!(out, "policy {}, ruleset {}", policy.name, policy.ruleset).map_err(CliError::Write)?;
    for line in table.lines() {
        writeln!(out, "{}", line.trim()).map_err(CliError::Write)?;
    }
    for waiver in &policy.waivers {
        let rules: Vec<String> = waiver.rules.iter().map(Target::to_string).collect();
        writeln!(out, "waived: {}: {}", rules.join(", "), waiver.reason).map_err(CliError::Write)?;
    }
    Ok(())
}
