use super::{Facts, Reporter, StepNode, edits};
use crate::dockerfile::{Base, Keyword, expand_word};
use crate::finding::Fix;

/// Reports the first WORKDIR of a stage when it is relative and no stage below has set one.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let mut steps = facts.step_nodes().filter(|step| step.node.keyword == Keyword::Workdir).peekable();
    let mut is_set: Vec<bool> = Vec::with_capacity(facts.bases.len());
    for stage in 0..facts.bases.len() {
        let mut is_known = facts.base_stage(stage).is_some_and(|base| is_set.get(base) == Some(&true));
        while let Some(step) = steps.next_if(|step| step.step.stage == stage) {
            if !std::mem::replace(&mut is_known, true) {
                first(facts, &step, report);
            }
        }
        is_set.push(is_known);
    }
}

fn first(facts: &Facts<'_>, step: &StepNode<'_>, report: &mut Reporter<'_>) {
    let Some(word) = step.node.args.text() else { return };
    let Ok(path) = expand_word(&word.text, &step.step.env, facts.dockerfile.escape) else { return };
    let stage = step.step.stage;
    // A variable that nothing sets may have an absolute path in the base image.
    let is_known = path.missing.is_empty() || facts.is_from_scratch(stage);
    if is_known && !is_absolute(&path.text, is_windows(facts, stage)) {
        let message = format!(
            "`{}` is relative to the base image's working directory, which may change with the image",
            path.text
        );
        let mut finding = report.at_step(step, word.span, message).help("start it with `/`");
        let edit = edits::in_front(facts, word, "/").filter(|_| !is_windows(facts, stage));
        finding.fix = edit.map(|edit| Fix::unsafe_("start it with `/`", vec![edit]));
        report.push(finding);
    }
}

fn is_absolute(path: &str, is_windows: bool) -> bool {
    let after_drive = match path.as_bytes() {
        [drive, b':', ..] if is_windows && drive.is_ascii_alphabetic() => path.get(2..).unwrap_or_default(),
        _ => path,
    };
    after_drive.starts_with('/') || (is_windows && after_drive.starts_with('\\'))
}

/// Whether a stage is for Windows: by `--platform`, by its base's name, or because the file has the escape character
/// that only paths of Windows ask for.
fn is_windows(facts: &Facts<'_>, stage: usize) -> bool {
    let Some(lowest) = facts.lowest(stage) else { return false };
    let names = ["mcr.microsoft.com/windows", "windowsservercore", "nanoserver"];
    let is_by_image = match facts.bases.get(lowest.index) {
        Some(Base::Image(image)) => names.iter().any(|name| image.contains(name)),
        _ => false,
    };
    is_by_image
        || facts.dockerfile.escape == '`'
        || facts.platform_of(lowest).is_some_and(|platform| platform.system == "windows")
}
