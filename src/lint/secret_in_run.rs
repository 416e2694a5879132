use std::collections::BTreeSet;

use super::{Facts, Reporter};
use crate::dockerfile::{Flag, Instruction, Keyword, Setter};
use crate::rule::Severity;
use crate::secrets::{self, CommandSecretUse};
use crate::shell::Command;
use crate::text::Span;

const HELP: &str = "take it out, make it invalid where it was issued, and mount its successor for the step that needs it: \
                    `RUN --mount=type=secret,id=…`";

/// Reports secrets in the text of instructions that set no variable, and secret build arguments in a RUN.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    known(facts, report);
    logins(facts, report);
    arguments(facts, report);
}

/// What a detector knows.
fn known(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for secret in facts.secrets.iter().filter(|secret| secret.variable.is_none()) {
        let (Some(detector), Some(instruction)) =
            (secret.detector, secret.instruction.and_then(|i| facts.dockerfile.instructions.get(i)))
        else {
            continue;
        };
        let message = format!(
            "{} holds a secret ({}), which stays readable in the image's history",
            instruction.keyword.name(),
            detector.name
        );
        let finding = report.at(secret.value, message).confidence(detector.confidence);
        report.push(finding.subject(detector.id).help(HELP));
    }
}

/// Passwords that a command is given to log in elsewhere.
fn logins(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let is_known = |span: Span| facts.secrets.iter().any(|secret| span.contains(secret.value));
    for secret in facts.command_secrets.iter().filter(|secret| secret.usage == CommandSecretUse::Login) {
        if !is_known(secret.value) {
            let taker = facts.dockerfile.source.slice(secret.taker);
            let message = format!("{taker} is given a password, which stays readable in the image's history");
            report.push(report.at(secret.value, message).help(HELP));
        }
    }
}

/// Build arguments named like a secret that a RUN without a secret mount uses.
fn arguments(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for script in facts.run_scripts() {
        let Some(instruction) = facts.dockerfile.instructions.get(script.instruction).map(Instruction::innermost)
        else {
            continue;
        };
        let Some(environment) = facts.environments.get(script.instruction).filter(|_| !mounts_secret(instruction))
        else {
            continue;
        };
        let mut seen = BTreeSet::new();
        // What gpg is given under such a name is the fingerprint of a public key.
        let commands =
            script.commands.iter().filter(|command| !matches!(command.name(), Some("gpg" | "gpg2" | "apt-key")));
        for (name, span) in commands.flat_map(|command| variables(facts, command)) {
            let declared = environment.variable(name).filter(|_| secrets::is_secret_name(name)).map(|v| v.setter);
            let Some(Setter::Arg(declared)) = declared.filter(|_| seen.insert(name)) else { continue };
            let message = format!(
                "RUN uses the build argument `{name}`, and the history of this step keeps its value for whoever pulls the image"
            );
            let mut finding = report.at(span, message).subject(name).severity(Severity::Info);
            if let Some(declared) = facts.dockerfile.instructions.get(declared) {
                finding = finding.related(report.place(declared.head_span), "declared here");
            }
            report.push(finding.help(format!(
                "mount it instead: `RUN --mount=type=secret,id={name},env={name}`, and give `--secret id={name}` to the build"
            )));
        }
    }
}

fn mounts_secret(run: &Instruction) -> bool {
    run.keyword == Keyword::Run
        && run.flags_named("mount").flat_map(Flag::options).any(|option| matches!(option, ("type", Some("secret"))))
}

/// The variables that a command uses outside single quotes, with their places. What a script in single quotes uses belongs
/// to the commands of that script.
fn variables<'a>(facts: &Facts<'a>, command: &Command) -> Vec<(&'a str, Span)> {
    let parts = command.assignments.iter().map(|part| part.span).chain(command.redirects.iter().map(|part| part.span));
    let span = parts.fold(command.span, Span::to);
    let text = facts.dockerfile.source.text().get(span.range()).unwrap_or_default();
    let (mut is_single, mut is_double, mut is_escaped) = (false, false, false);
    let mut found = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            _ if std::mem::take(&mut is_escaped) => {}
            '\\' if !is_single => is_escaped = true,
            '\'' if !is_double => is_single = !is_single,
            '"' if !is_single => is_double = !is_double,
            '$' if !is_single => {
                let rest = text.get(at + 1..).unwrap_or_default();
                let start = at + 1 + (rest.len() - rest.trim_start_matches('{').len());
                let name = text.get(start..).unwrap_or_default();
                let length = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
                let end = start + length;
                let end_with_brace =
                    end + usize::from(start > at + 1 && text.get(end..).is_some_and(|t| t.starts_with('}')));
                if let Some(name) = text.get(start..end).filter(|name| !name.is_empty()) {
                    found.push((name, Span::new(span.start + at, span.start + end_with_brace)));
                }
            }
            _ => {}
        }
    }
    found
}
