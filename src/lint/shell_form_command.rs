use std::collections::HashSet;

use super::{Facts, Reporter};
use crate::dockerfile::{Args, Base, Keyword};

/// Reports CMD and ENTRYPOINT in shell form, unless a SHELL of the file says that the shell is meant.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let (healthcheck, after_shell) = (report.params().bool("healthcheck"), report.params().bool("after-shell"));
    let mut with_shell: HashSet<usize> = HashSet::new();
    let mut entered = None;
    for step in facts.step_nodes() {
        let stage = step.step.stage;
        if entered != Some(stage) {
            entered = Some(stage);
            if let Some(Base::Stage(base)) = facts.bases.get(stage)
                && with_shell.contains(base)
            {
                with_shell.insert(stage);
            }
        }
        let name = match step.node.keyword {
            Keyword::Shell => {
                with_shell.insert(stage);
                continue;
            }
            Keyword::Healthcheck
                if healthcheck && step.node.check_type.as_ref().is_some_and(|t| t.text.eq_ignore_ascii_case("cmd")) =>
            {
                "HEALTHCHECK"
            }
            Keyword::Cmd => "CMD",
            Keyword::Entrypoint => "ENTRYPOINT",
            _ => continue,
        };
        if step.node.args.is_json() || (with_shell.contains(&stage) && !after_shell) {
            continue;
        }
        let span = match &step.node.args {
            Args::Text(text) => text.span,
            _ => step.node.keyword_word.span,
        };
        let message = match name {
            "HEALTHCHECK" => "HEALTHCHECK CMD in shell form needs a shell in the image".to_owned(),
            _ => format!("{name} in shell form runs under `/bin/sh -c`, which keeps signals from the program"),
        };
        let finding = report.at_step(&step, span, message);
        report.push(finding.help(format!(
            "write it as a list, `{name} [\"program\", \"argument\"]`, or say with SHELL which shell is meant"
        )));
    }
}
