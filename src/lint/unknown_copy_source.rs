use super::{Facts, Reporter, stages};
use crate::dockerfile::Keyword;

/// Reports every COPY --from that names neither a stage above nor an image by its tag or digest.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (_, copy) in facts.instructions_of(Keyword::Copy) {
        let Some(from) = copy.flag_value("from") else { continue };
        let name = from.text.as_str();
        let number = name.parse::<usize>().ok();
        let is_stage = match number {
            Some(number) => copy.stage.is_some_and(|own| number < own),
            None => stages::earlier(facts, copy.stage, name).is_some(),
        };
        let is_context = facts.context_names.iter().any(|context| context.eq_ignore_ascii_case(name));
        if is_stage || is_context || name.contains([':', '@', '$']) || name == "scratch" {
            continue;
        }
        let (message, help) = if number.is_some() {
            (
                format!("there is no stage number {name} above this line"),
                "name the stage: `FROM … AS build`, `--from=build`",
            )
        } else if name.contains('/') {
            (
                format!("`{name}` is an image without a tag, so every build may copy from another one"),
                "name the version you tested, and its digest where the build must repeat exactly",
            )
        } else {
            (
                format!(
                    "no stage above is called `{name}`, so the builder takes an image of that name from a registry"
                ),
                "name a stage that stands above this line, or the image with its tag",
            )
        };
        report.push(report.at(from.span, message).help(help));
    }
}
