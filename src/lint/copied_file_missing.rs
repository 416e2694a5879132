use super::{Facts, Reporter};
use crate::rule::{Confidence, Severity};

/// Reports every source of a COPY or ADD that is not in the build context, though nothing keeps it out.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for source in facts.sources() {
        let Some(path) = source.taken.path().filter(|_| !source.taken.is_there && !source.taken.only_ignored) else {
            continue;
        };
        let place = match (source.facts.name, source.facts.folder) {
            (Some(name), _) => format!("the context `{name}`"),
            (None, "" | ".") => "the build context".to_owned(),
            (None, folder) => format!("the build context ({folder})"),
        };
        let finding = |message: String| report.at(source.taken.span, message).subject(path.clone());
        // Git ignores what is made: it may be there when the image is built.
        let is_made = source.facts.git.is_some_and(|git| git.ignores(&path, false) || git.ignores(&path, true));
        let finding = match is_made {
            true => finding(format!(
                "`{path}` is not in {place} yet: git ignores it, so something has to make it before the image is built"
            ))
            .severity(Severity::Info)
            .confidence(Confidence::Low)
            .help("make it in a stage of the Dockerfile, and the build depends on nothing that ran before it"),
            false => finding(format!("`{path}` is not in {place}, so the build fails here"))
                .help("paths count from the root of the context, not from the Dockerfile's folder"),
        };
        report.push(finding);
    }
}
