use super::{Facts, Reporter};
use crate::dockerfile::ImageName;

/// Reports every FROM of an image with neither tag nor digest.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (stage, image) in facts.base_images() {
        let is_named = image.tag.is_some() || image.digest.is_some();
        if is_named || is_open(&image) || is_one_variable(&stage.base.text) {
            continue;
        }
        let name = image.repository();
        let message = format!("base image `{name}` has no tag, so every build may start from another image");
        let help = format!(
            "name the version you tested, as in `{name}:1.2`, and its digest where the build must repeat exactly"
        );
        report.push(report.at(stage.base.span, message).help(help));
    }
}

/// Whether the name ends in a variable without a value, which may hold the tag as well.
fn is_open(image: &ImageName) -> bool {
    !image.missing.is_empty() && image.name.rsplit('/').next().is_some_and(|last| last.contains(['$', '}']))
}

/// Whether the whole name is one variable, for whoever runs the build to fill.
fn is_one_variable(name: &str) -> bool {
    let Some(variable) = name.trim_matches('"').strip_prefix('$') else { return false };
    let inside = variable.strip_prefix('{').and_then(|v| v.strip_suffix('}')).unwrap_or(variable);
    !inside.contains(['/', '}'])
}
