//! Lint findings and the image they became: what the image confirms stays, what it refutes stops nothing.

use super::collect::{ImageModels, LintModels};
use crate::finding::{Finding, ImageWord};
use crate::image::{Change, EntryKind};
use crate::policy::{Action, Decision};
use crate::rule::catalogue;
use crate::text::Span;
use crate::trace::Maker;

/// Asks the image about each finding it can speak on. A refuted finding is told and counts as GO.
pub(super) fn confirm<'d>(
    findings: impl Iterator<Item = (&'d mut Finding, &'d mut Decision)>,
    image: &ImageModels,
    models: Option<&LintModels>,
) {
    for (finding, decision) in findings {
        let word = if finding.rule() == catalogue::LAST_USER_ROOT {
            Some(user(image))
        } else if finding.rule() == catalogue::MISSING_HEALTHCHECK {
            Some(healthcheck(image))
        } else if finding.rule() == catalogue::EXPOSED_PORT {
            Some(port(image, &finding.subject))
        } else if finding.rule() == catalogue::KEY_FILE_COPIED {
            models.and_then(|m| copied(finding, image, m))
        } else {
            None
        };
        if matches!(word, Some(ImageWord::Refuted(_))) {
            decision.action = Action::Go;
        }
        finding.verdict_of_image = word;
    }
}

fn user(image: &ImageModels) -> ImageWord {
    let user = image.image.config.config.user.as_str();
    match user.split(':').next() {
        Some("" | "root" | "0") => ImageWord::Confirmed("its config runs it as root".into()),
        _ => ImageWord::Refuted(format!("its config runs it as {user}")),
    }
}

fn healthcheck(image: &ImageModels) -> ImageWord {
    match &image.image.config.config.healthcheck {
        Some(check) if !check.test.is_empty() => ImageWord::Refuted("its config has a health check".into()),
        _ => ImageWord::Confirmed("its config has no health check".into()),
    }
}

fn port(image: &ImageModels, port: &str) -> ImageWord {
    let with_protocol = if port.contains('/') { port.to_owned() } else { format!("{port}/tcp") };
    match image.image.config.config.exposed_ports.contains_key(&with_protocol) || port.contains('-') {
        true => ImageWord::Confirmed(format!("its config exposes {with_protocol}")),
        false => ImageWord::Refuted(format!("its config does not expose {with_protocol}")),
    }
}

/// Whether the layer that the COPY made holds a file of the same size under one of the names it was copied from or to.
fn copied(finding: &Finding, image: &ImageModels, models: &LintModels) -> Option<ImageWord> {
    let context = models.context.as_ref()?;
    let trace = image.trace.as_ref()?;
    let span: Span = finding.place().span();
    let instruction = models.dockerfile.instructions.iter().position(|i| i.span.contains(span))?;
    let layer = trace.layers.iter().position(|maker| *maker == Maker::Instruction(instruction))?;
    let layer = image.image.layers.get(layer)?;
    let sizes: Vec<u64> = finding
        .subject
        .lines()
        .filter_map(|path| context.context.files.iter().find(|f| f.path == path))
        .map(|f| f.size)
        .collect();
    let found = layer.changes.iter().find_map(|change| match change {
        Change::Add(entry) if entry.kind == EntryKind::File && sizes.contains(&entry.size) => Some(&entry.path),
        _ => None,
    });
    Some(match found {
        Some(path) => ImageWord::Confirmed(format!("{path} is in layer {}", layer.index + 1)),
        None => ImageWord::Refuted(format!("layer {}, which this line made, holds no such file", layer.index + 1)),
    })
}
