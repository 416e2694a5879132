use super::{Facts, Reporter, StepNode, edits, through_shell};
use crate::dockerfile::{Args, Instruction, Keyword};
use crate::finding::{Finding, Fix};
use crate::text::Span;

/// Reports CMD and ENTRYPOINT in shell form, unless a SHELL of the file says that the shell is meant.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let (healthcheck, after_shell) = (report.params().bool("healthcheck"), report.params().bool("after-shell"));
    let counts = |node: &Instruction| node.keyword != Keyword::Healthcheck || healthcheck;
    for node in facts.dockerfile.instructions.iter().take_while(|node| node.stage.is_none()) {
        if let Some((span, message)) = shell_form(node).filter(|_| counts(node)) {
            report.push(helped(report.at(span, message), node));
        }
    }
    let mut steps = facts.step_nodes().peekable();
    let mut with_shell: Vec<bool> = Vec::with_capacity(facts.bases.len());
    for stage in 0..facts.bases.len() {
        let mut is_meant = facts.base_stage(stage).is_some_and(|base| with_shell.get(base) == Some(&true));
        while let Some(step) = steps.next_if(|step| step.step.stage == stage) {
            is_meant |= step.node.keyword == Keyword::Shell;
            if let Some((span, message)) = shell_form(step.node).filter(|_| counts(step.node))
                && (after_shell || !is_meant)
            {
                let mut finding = helped(report.at_step(&step, span, message), step.node);
                finding.fix = listed(facts, &step);
                report.push(finding);
            }
        }
        with_shell.push(is_meant);
    }
}

/// Where a command in shell form stands, and what is wrong with it.
fn shell_form(node: &Instruction) -> Option<(Span, String)> {
    let message = match node.keyword {
        Keyword::Cmd | Keyword::Entrypoint => {
            let name = node.keyword.name();
            format!("{name} in shell form runs under `/bin/sh -c`, which keeps signals from the program")
        }
        Keyword::Healthcheck if node.check_type.as_ref().is_some_and(|kind| kind.text.eq_ignore_ascii_case("cmd")) => {
            "HEALTHCHECK CMD in shell form needs a shell in the image".to_owned()
        }
        _ => return None,
    };
    match &node.args {
        Args::Json(_) => None,
        Args::Text(text) => Some((text.span, message)),
        _ => Some((node.keyword_word.span, message)),
    }
}

/// The command as a list. An ENTRYPOINT stays where there is a CMD: in shell form it does not look at it, as a list it does.
fn listed(facts: &Facts<'_>, step: &StepNode<'_>) -> Option<Fix> {
    let has_cmd = || facts.dockerfile.instructions.iter().any(|i| i.innermost().keyword == Keyword::Cmd);
    if step.node.keyword == Keyword::Entrypoint && has_cmd() {
        return None;
    }
    let script = facts.scripts.binary_search_by_key(&step.step.instruction, |script| script.instruction).ok()?;
    let script = facts.scripts.get(script)?;
    if let Some(edits) = edits::json_form(facts, script, &step.node.args) {
        // With an ENTRYPOINT in list form, the words of a CMD are what that gets.
        let is_argument = step.node.keyword == Keyword::Cmd && has_list_entrypoint(facts);
        let what = "write the command as a list";
        return Some(if is_argument { Fix::unsafe_(what, edits) } else { Fix::safe(what, edits) });
    }
    if step.node.keyword == Keyword::Cmd && has_list_entrypoint(facts) {
        return None;
    }
    let edits = through_shell::list(facts, script, &step.node.args)?;
    Some(Fix::unsafe_("have the shell give its place to the program", edits))
}

fn has_list_entrypoint(facts: &Facts<'_>) -> bool {
    let mut nodes = facts.dockerfile.instructions.iter().map(|node| node.innermost());
    nodes.any(|node| node.keyword == Keyword::Entrypoint && matches!(node.args, Args::Json(_)))
}

fn helped(finding: Finding, node: &Instruction) -> Finding {
    let name = node.keyword.name();
    let help =
        format!("write it as a list, `{name} [\"program\", \"argument\"]`, or say with SHELL which shell is meant");
    finding.help(if node.keyword == Keyword::Healthcheck { help.replace(" [", " CMD [") } else { help })
}
