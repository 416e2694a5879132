use super::{Facts, Reporter};
use crate::rule::{Confidence, Severity, catalogue};

/// Reports every source of a COPY or ADD that takes environment files from the context.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for source in facts.sources() {
        for files in source.told_by(catalogue::DOTENV_COPIED) {
            let has_secrets = files.iter().any(|file| {
                !file.secrets.is_empty() || file.key.as_ref().is_some_and(|key| key.kind.id == "dotenv-secrets")
            });
            let why = match has_secrets {
                true => "with the secrets in them, which whoever can pull the image can read",
                false => "and what is put into them later goes along unseen",
            };
            let finding = source.finding(report, &files, |named| format!("this takes {named} into a layer, {why}"));
            let line = source.lines_for(files.first().map(|file| source.facts.path(file.file)));
            let mut finding = match has_secrets {
                true => finding.severity(Severity::Error).confidence(Confidence::High),
                false => finding,
            };
            // Without secrets it may be what a step of the build is told by.
            let out = source.keep_files_out(facts, &files).map(|fix| if has_secrets { fix } else { fix.to_look_at() });
            finding.fix = out.or_else(|| source.secret_mount(facts, &files));
            report.push(finding.help(format!(
                "keep it out with {line}, and give its values where the container is run (`--env-file`), or `RUN \
                 --mount=type=secret,id=env` to the step that needs them"
            )));
        }
    }
}
