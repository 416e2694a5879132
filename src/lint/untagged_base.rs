use super::{Facts, Reporter};

/// Reports every FROM of an image with neither tag nor digest.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (stage, image) in facts.base_images() {
        let is_whole_variable = stage.base.text.starts_with('$');
        if image.tag.is_none() && image.digest.is_none() && !is_whole_variable {
            let message =
                format!("base image `{}` has no tag, so every build may start from another image", image.repository());
            report.push(report.at(stage.base.span, message).help(format!(
                "name the version you tested, as in `{}:1.2`, and its digest where the build must repeat exactly",
                image.repository()
            )));
        }
    }
}
