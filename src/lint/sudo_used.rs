use super::{Facts, Reporter};
use crate::finding::Fix;
use crate::text::{Edit, Span};

/// Reports every command of a RUN that is sudo.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for command in facts.run_commands() {
        let Some(name) = command.words.first().filter(|_| command.name() == Some("sudo")) else { continue };
        let mut finding = report
            .at(name.span, "sudo adds a setuid program to the image and does nothing in a build, which is root until a USER says otherwise")
            .help("do what needs root before the USER line, without sudo");
        // With flags of its own (`sudo -u app`), taking the word away would leave them behind.
        if let Some(next) = command.words.get(1).filter(|next| !next.text.starts_with('-')) {
            let edit = Edit { span: Span::new(name.span.start, next.span.start), text: String::new() };
            finding = finding.fix(Fix::unsafe_("run the command without sudo", vec![edit]));
        }
        report.push(finding);
    }
}
