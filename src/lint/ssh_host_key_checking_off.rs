use super::written;
use super::{Facts, Reporter};
use crate::dockerfile::Keyword;
use crate::rule::Severity;
use crate::shell::{Command, RedirectKind};
use crate::text::Span;

const OFF: [&str; 2] = ["no", "off"];

/// Reports every place that turns the check of SSH host keys off, and every host key taken on trust.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let mut places = written::places(facts, |text| written::setting(text, "StrictHostKeyChecking", &OFF));
    places.extend(in_variables(facts));
    for span in places {
        let message =
            "with host key checking off, whoever answers in the server's name gets the login and gives the code";
        let help = "copy the server's host key into known_hosts, from a file in the repository";
        report.push(report.at(span, message).help(help));
    }
    for script in facts.run_scripts() {
        for command in script.commands.iter().filter(|command| command.name() == Some("ssh-keyscan")) {
            let Some(name) = command.words.first().filter(|_| is_kept(command)) else { continue };
            let message =
                "ssh-keyscan takes whatever key the network gives it during the build, and trusts it from then on";
            let help = "copy the server's host key into known_hosts, from a file in the repository";
            report.push(report.at(name.span, message).help(help).severity(Severity::Info));
        }
    }
}

/// `ENV GIT_SSH_COMMAND="ssh -o StrictHostKeyChecking=no"` and the like.
fn in_variables(facts: &Facts<'_>) -> Vec<Span> {
    let instructions = facts.dockerfile.instructions.iter().map(|instruction| instruction.innermost());
    let variables =
        instructions.filter(|i| matches!(i.keyword, Keyword::Env | Keyword::Arg)).flat_map(|i| i.args.pairs());
    let found = variables.filter_map(|pair| {
        let value = pair.value.as_ref()?;
        let text = facts.dockerfile.source.slice(value.span);
        let range = written::setting(text, "StrictHostKeyChecking", &OFF)?;
        Some(Span::new(value.span.start + range.start, value.span.start + range.end))
    });
    found.collect()
}

/// Whether the keys go to a file, not into another command that may compare them.
fn is_kept(command: &Command) -> bool {
    let goes_to_file = |kind| matches!(kind, RedirectKind::Output | RedirectKind::Append);
    command.redirects.iter().any(|redirect| goes_to_file(redirect.kind) && redirect.descriptor.is_none_or(|fd| fd == 1))
}
