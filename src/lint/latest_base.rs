use super::{Facts, Reporter};

/// Reports every FROM of an image by the tag `latest` without a digest.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (stage, image) in facts.base_images() {
        if image.tag.as_deref() == Some("latest") && image.digest.is_none() {
            let message = format!("base image `{}` has the tag `latest`, which moves", image.repository());
            report.push(
                report
                    .at(image.tag_span.unwrap_or(stage.base.span), message)
                    .help("name the version you tested, or add its digest"),
            );
        }
    }
}
