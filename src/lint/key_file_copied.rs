use super::{Facts, Reporter};
use crate::rule::{Confidence, catalogue};

/// Reports every source of a COPY or ADD that takes key or credential files from the context.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for source in facts.sources() {
        for files in source.told_by(catalogue::KEY_FILE_COPIED) {
            let keys = || files.iter().filter_map(|file| file.key.as_ref());
            let mut finding = source.finding(report, &files, |named| {
                format!("this takes {named} into a layer, where whoever can pull the image can read it")
            });
            finding.fix = source.keep_files_out(facts, &files).or_else(|| source.secret_mount(facts, &files));
            let is_ssh = keys().next().is_some_and(|key| key.kind.id.starts_with("ssh"));
            let mount = if is_ssh { "RUN --mount=type=ssh" } else { "RUN --mount=type=secret,id=…" };
            let line = source.lines_for(files.first().map(|file| source.facts.path(file.file)));
            report.push(
                finding
                    .confidence(keys().map(|key| key.confidence).max().unwrap_or(Confidence::Low))
                    .help(format!("keep it out with {line}, and give the step that needs it `{mount}`")),
            );
        }
    }
}
