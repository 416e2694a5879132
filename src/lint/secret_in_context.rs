use super::{Facts, Reporter};
use crate::rule::{Confidence, Severity, catalogue};

/// Reports every source of a COPY or ADD that takes files with secrets in them from the context.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for source in facts.sources() {
        for files in source.told_by(catalogue::SECRET_IN_CONTEXT) {
            let confidence = files.iter().flat_map(|file| &file.secrets).map(|hit| hit.confidence).max();
            let is_shipped = source.node.stage.is_some_and(|stage| facts.final_stages.binary_search(&stage).is_ok());
            let mut finding = source.finding(report, &files, |named| {
                let who = match is_shipped {
                    true => "whoever can pull the image",
                    false => "whoever gets at the build cache, or at what is copied on from this stage,",
                };
                format!("this takes secrets into a layer, where {who} can read them: {named}")
            });
            let confidence = confidence.unwrap_or(Confidence::Medium);
            let severity = match is_shipped && confidence == Confidence::High {
                true => Severity::Error,
                false => Severity::Warning,
            };
            // What git has is part of the program; what it ignores is of one machine.
            let is_local = files.iter().all(|file| file.git_ignored.is_some());
            let out = source.keep_files_out(facts, &files).filter(|_| is_local);
            finding.fix = out.or_else(|| source.secret_mount(facts, &files));
            let line = source.lines_for(files.first().map(|file| source.facts.path(file.file)));
            report.push(finding.confidence(confidence).severity(severity).help(format!(
                "take the secret out of the file and make a new one; a file that is for one machine is kept out with {line}, and \
                 a step that needs the secret gets it with `RUN --mount=type=secret,id=…`"
            )));
        }
    }
}
