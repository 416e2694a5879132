//! The `policy` commands.

use std::io::Write;

use comfy_table::{ContentArrangement, Table, presets};

use super::CliError;
use super::args::PolicyCommand;
use crate::policy::{self, ImageNames, Policies, Policy, from_disk};
use crate::rule::Target;

/// Runs a `policy` command.
pub(super) fn run(command: &PolicyCommand, out: &mut dyn Write) -> Result<u8, CliError> {
    let load = |name: &str| Policies::load(name, &[], &from_disk);
    match command {
        PolicyCommand::Show { policy, image_names } => show(&load(policy)?.for_image(&named(image_names))?, out)?,
        PolicyCommand::Check { policy } => check(policy, &load(policy)?, out)?,
        PolicyCommand::Convert { policy, image_names } => {
            let toml = load(policy)?.to_toml(&named(image_names))?.ok_or_else(|| CliError::Argument {
                what: "the policy",
                value: policy.clone(),
                wanted: "in one of Anchore's forms, and needs no conversion".to_owned(),
            })?;
            write!(out, "{toml}").map_err(CliError::Write)?;
        }
        PolicyCommand::Init => write!(out, "{}", policy::starter()).map_err(CliError::Write)?,
        PolicyCommand::Template => write!(out, "{}", policy::template()).map_err(CliError::Write)?,
        PolicyCommand::Schema => {
            writeln!(out, "{:#}", policy::schema()).map_err(CliError::Write)?;
        }
    }
    Ok(0)
}

fn named(names: &[String]) -> ImageNames {
    ImageNames { names: names.to_vec(), ..ImageNames::default() }
}

fn check(name: &str, policies: &Policies, out: &mut dyn Write) -> Result<(), CliError> {
    let told = match policies.for_image(&ImageNames::default()) {
        // It may have nothing for an image without a name.
        _ if policies.depend_on_image() => {
            format!("{name} is sound; what it asks for depends on the image: `policy show --image-name NAME` tells")
        }
        policy => {
            let policy = policy?;
            let (checks, waivers) = (policy.checks.len(), policy.waivers.len());
            format!("{} is sound: ruleset {}, {checks} checks, {waivers} waivers", policy.name, policy.ruleset)
        }
    };
    writeln!(out, "{told}").map_err(CliError::Write)
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
