use super::{ContextFacts, Facts, Reporter};
use crate::context::CopiedSource;
use crate::finding::Place;
use crate::rule::Confidence;
use crate::secrets::KeyHit;

/// Files named in a message; the rest is counted.
const NAMED: usize = 10;

/// Reports every source of a COPY or ADD that takes key or credential files from the context.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let Some(context) = &facts.context else { return };
    for source in context.copied.iter().flat_map(|copied| &copied.sources) {
        let hits = keys_of(source, context);
        let Some((_, first)) = hits.first() else { continue };
        let named: Vec<String> =
            hits.iter().take(NAMED).map(|(path, hit)| format!("{path} ({})", hit.kind.name)).collect();
        let more = hits.len() - named.len();
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        let mut finding = report
            .at(
                source.span,
                format!(
                    "this takes {}{rest} into a layer, where whoever can pull the image can read it",
                    named.join(", ")
                ),
            )
            .subject(hits.iter().map(|(path, _)| *path).collect::<Vec<_>>().join("\n"))
            .confidence(hits.iter().map(|(_, hit)| hit.confidence).max().unwrap_or(Confidence::Low));
        for (path, hit) in hits.iter().take(NAMED) {
            let line = hit.line.and_then(|l| usize::try_from(l).ok());
            let place = Place::File { path: context.report_path(path), line };
            finding = finding.related(place, hit.kind.name);
        }
        let pattern = hits.first().map_or("", |(path, _)| path);
        let mount =
            if first.kind.id.starts_with("ssh") { "RUN --mount=type=ssh" } else { "RUN --mount=type=secret,id=…" };
        report.push(finding.help(format!(
            "keep it out with the line `{pattern}` in .dockerignore, and give the step that needs it `{mount}`"
        )));
    }
}

/// The key files among what a source takes, sorted by path.
fn keys_of<'a>(source: &CopiedSource, context: &'a ContextFacts<'_>) -> Vec<(&'a str, &'a KeyHit)> {
    let taken = |index: &usize| source.files.binary_search(index).is_ok();
    let hits = context.keys.iter().filter(|(index, _)| taken(index));
    hits.filter_map(|(index, hit)| Some((context.context.files.get(*index)?.path.as_str(), hit))).collect()
}
