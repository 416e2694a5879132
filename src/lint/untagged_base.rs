use super::{Facts, Reporter};

/// Reports every FROM of an image with neither tag nor digest.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (stage, image) in facts.base_images() {
        if image.tag.is_some() || image.digest.is_some() || is_one_variable(&stage.base.text) {
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

/// Whether the whole name is one variable, for whoever runs the build to fill.
fn is_one_variable(name: &str) -> bool {
    let Some(variable) = name.trim_matches('"').strip_prefix('$') else { return false };
    let inside = variable.strip_prefix('{').and_then(|v| v.strip_suffix('}')).unwrap_or(variable);
    !inside.contains(['/', '}'])
}
