use super::{Facts, Reporter};

/// Reports every FROM of an image without a digest. A name that a build argument without default makes is left alone.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (stage, image) in facts.base_images() {
        if image.digest.is_some() || !image.missing.is_empty() {
            continue;
        }
        let name = image.repository();
        let message = match &image.tag {
            Some(tag) => format!("base image `{name}:{tag}` has no digest, and whoever owns the tag can move it"),
            None => format!("base image `{name}` has no digest, so every build may start from another image"),
        };
        let help = "add the digest of the image you tested behind the tag (`docker buildx imagetools inspect` shows it), \
                    and let a bot keep it up to date";
        report.push(report.at(stage.base.span, message).help(help));
    }
}
