use super::{Facts, Reporter};
use crate::finding::Fix;
use crate::image::whole_name;

/// Reports every FROM of an image without a digest, and every COPY and mount that takes files from one. A name that a build argument
/// without default makes is left alone.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for image in facts.outside_images() {
        if image.name.digest.is_some() || !image.name.missing.is_empty() {
            continue;
        }
        let kind = if image.is_base { "base image" } else { "image" };
        let name = image.name.repository();
        let message = match &image.name.tag {
            Some(tag) => format!("{kind} `{name}:{tag}` has no digest, and whoever owns the tag can move it"),
            None => format!("{kind} `{name}` has no digest, so every build may start from another image"),
        };
        let known = whole_name(&image.name.reference).and_then(|name| facts.digests.get(&name));
        let help = match known {
            Some(known) => format!(
                "write the digest {} behind the tag, `@{}`, and let a bot keep it up to date",
                known.told_by, known.digest
            ),
            None => "add the digest of the image you tested behind the tag (`dockgate fix --online --unsafe` asks the registry for \
                     it), and let a bot keep it up to date"
                .to_owned(),
        };
        let mut finding = report.at(image.span, message).help(help);
        finding.fix = known.and_then(|known| {
            let edit = image.pinned(facts, &known.digest)?;
            Some(Fix::unsafe_(format!("pin it to the digest {}", known.told_by), vec![edit]))
        });
        report.push(finding);
    }
}
