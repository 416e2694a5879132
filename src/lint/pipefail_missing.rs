use super::{Facts, Reporter, Run, edits};
use crate::finding::Fix;
use crate::rule::Severity;
use crate::shell::{Command, Dialect, Form, Shell, base_name};
use crate::text::Edit;

/// Commands that fail half way, when the network does.
const DOWNLOADS: [&str; 7] = ["aria2c", "aws", "curl", "git", "gsutil", "ssh", "wget"];

/// Reports every RUN with a pipeline that hides the failure of its first commands.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let mut above: Option<(Option<usize>, Option<&Shell>, Edit)> = None;
    for run in facts.runs().filter(|run| !run.is_trigger) {
        let hiding =
            |command: &&Command| command.pipeline.is_some_and(|at| at.is_piped()) && !is_safe_from(&run, command);
        let is_download = |command: &&Command| command.name().is_some_and(|name| DOWNLOADS.contains(&name));
        let hiding: Vec<&Command> = run.script.commands.iter().filter(hiding).collect();
        let download = hiding.iter().copied().find(is_download);
        let Some(first) = download.or(hiding.first().copied()) else { continue };
        let name = first.words.first().map_or("its first command", |word| word.text.as_str());
        let message = format!("when `{name}` fails the pipeline goes on, and the layer is made of what came through");
        let mut finding = report
            .at(first.span, message)
            .help("put `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]` above it, or `set -o pipefail` in front");
        let is_by_inner_shell = hiding.iter().any(|command| has_own_shell(&run, command));
        let edit = set_pipefail(facts, &run).filter(|_| !is_by_inner_shell);
        // One SHELL does for the RUNs below it that have the same shell now.
        let edit = edit.map(|edit| {
            let (stage, shell) = (run.instruction.stage, run.script.shell.as_deref());
            match &above {
                _ if is_within(&run, &edit) => edit,
                Some((at, of, first)) if *at == stage && *of == shell => first.clone(),
                _ => above.insert((stage, shell, edit)).2.clone(),
            }
        });
        finding.fix = edit.map(|edit| Fix::unsafe_("let pipelines fail with each of their commands", vec![edit]));
        report.push(if download.is_some() { finding.severity(Severity::Warning) } else { finding });
    }
}

/// Whether the pipeline of the command fails with it. A `sh` that was started with `-o pipefail` may not know the option.
fn is_safe_from(run: &Run<'_>, command: &Command) -> bool {
    let shell = run.script.shell.as_ref().filter(|shell| shell.sets_pipefail());
    let is_sh =
        shell.and_then(|shell| shell.words.first()).is_some_and(|word| matches!(base_name(word), "sh" | "dash"));
    run.script.has_pipefail(command) && !is_sh
}

/// Whether the edit is inside the RUN, and does nothing for others.
fn is_within(run: &Run<'_>, edit: &Edit) -> bool {
    edit.span.start > run.instruction.span.start
}

/// Whether another shell than that of the RUN runs the command.
fn has_own_shell(run: &Run<'_>, command: &Command) -> bool {
    let outer = |command: &Command| command.wrapper.and_then(|index| run.script.commands.get(index));
    let mut wrappers = std::iter::successors(outer(command), |command| outer(command));
    wrappers.any(|wrapper| wrapper.name().is_some_and(|name| Dialect::of_shell(name).is_some()))
}

/// `set -o pipefail` where the shell is bash; else a SHELL above the stage's first RUN that needs one, for a shell that knows
/// the option.
fn set_pipefail(facts: &Facts<'_>, run: &Run<'_>) -> Option<Edit> {
    if !edits::is_readable(run.script) {
        return None;
    }
    if run.script.dialect() == Dialect::Bash {
        return match run.script.form {
            Form::Heredoc => {
                let [document] = run.instruction.heredocs.as_slice() else { return None };
                Some(edits::insert(
                    document.body_span.start,
                    format!("set -o pipefail{}", edits::line_end(facts.dockerfile)),
                ))
            }
            _ => Some(edits::insert(run.instruction.args.text()?.span.start, "set -o pipefail && ")),
        };
    }
    // A `#!` line has the last word on which shell reads a here-document.
    let [.., last] = run.script.shell.as_ref()?.words.as_slice() else { return None };
    if run.script.form == Form::Heredoc && last != "-c" {
        return None;
    }
    let stage = facts.dockerfile.stages.get(run.instruction.stage?)?;
    let lowest = facts.lowest(stage.index)?;
    let shell = if lowest.base.text.contains("alpine") { "/bin/ash" } else { "/bin/bash" };
    let line = format!("SHELL [\"{shell}\", \"-o\", \"pipefail\", \"-c\"]");
    Some(edits::line_above(facts.dockerfile, run.instruction, &line))
}
