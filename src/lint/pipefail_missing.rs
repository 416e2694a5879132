use super::{Facts, Reporter, Run};
use crate::rule::Severity;
use crate::shell::{Command, base_name};

/// Commands that fail half way, when the network does.
const DOWNLOADS: [&str; 7] = ["aria2c", "aws", "curl", "git", "gsutil", "ssh", "wget"];

/// Reports every RUN with a pipeline that hides the failure of its first commands.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for run in facts.runs().filter(|run| !run.is_trigger) {
        let hiding =
            |command: &&Command| command.pipeline.is_some_and(|at| at.is_piped()) && !is_safe_from(&run, command);
        let is_download = |command: &&Command| command.name().is_some_and(|name| DOWNLOADS.contains(&name));
        let hiding: Vec<&Command> = run.script.commands.iter().filter(hiding).collect();
        let download = hiding.iter().copied().find(is_download);
        let Some(first) = download.or(hiding.first().copied()) else { continue };
        let name = first.words.first().map_or("its first command", |word| word.text.as_str());
        let message = format!("when `{name}` fails the pipeline goes on, and the layer is made of what came through");
        let finding = report
            .at(first.span, message)
            .help("put `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]` above it, or `set -o pipefail` in front");
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
