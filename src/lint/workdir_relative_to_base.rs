use std::collections::HashSet;

use super::{Facts, Reporter};
use crate::dockerfile::{Base, Keyword, expand_word};

/// Reports the first WORKDIR of a stage when it is relative and no stage below has set one.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let mut is_set: HashSet<usize> = HashSet::new();
    for step in facts.step_nodes() {
        if step.node.keyword != Keyword::Workdir {
            continue;
        }
        let stage = step.step.stage;
        let below = facts.dockerfile.stage_chain(stage);
        if below.iter().any(|stage| is_set.contains(stage)) {
            continue;
        }
        let Some(word) = step.node.args.text() else { continue };
        is_set.insert(stage);
        let Ok(path) = expand_word(&word.text, &step.step.env, facts.dockerfile.escape) else { continue };
        // A variable that nothing sets may have an absolute path in the base image.
        if !path.missing.is_empty() && !facts.is_from_scratch(stage) {
            continue;
        }
        let path = path.text;
        if !is_absolute(&path, is_windows(facts, stage)) {
            let message =
                format!("`{path}` is relative to the base image's working directory, which may change with the image");
            let finding = report.at_step(&step, word.span, message);
            report.push(finding.help("start it with `/`"));
        }
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
    let lowest = facts.dockerfile.stage_chain(stage).last().and_then(|index| facts.dockerfile.stages.get(*index));
    let Some(lowest) = lowest else { return false };
    let names = ["mcr.microsoft.com/windows", "windowsservercore", "nanoserver"];
    let is_by_image = match facts.bases.get(lowest.index) {
        Some(Base::Image(image)) => names.iter().any(|name| image.contains(name)),
        _ => false,
    };
    is_by_image
        || facts.dockerfile.escape == '`'
        || facts.platform_of(lowest).is_some_and(|platform| platform.system == "windows")
}
