use super::{Facts, Reporter};
use crate::dockerfile::Keyword;
use crate::secrets::is_secret_name;
use crate::text::Span;

/// Reports every ENV and ARG that is named like a secret or has a value that is one.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let (by_value, global_args) = (report.params().bool("values"), report.params().bool("global-args"));
    let mut last: Option<Span> = None;
    for secret in facts.secrets {
        let instruction = secret.instruction.and_then(|index| facts.dockerfile.instructions.get(index));
        let Some(instruction) = instruction else { continue };
        let (Some(name), Keyword::Env | Keyword::Arg) = (&secret.variable, instruction.keyword) else { continue };
        let is_named = is_secret_name(name.text.trim_matches(['"', '\'']));
        let is_built = instruction.stage.map_or(global_args, |stage| facts.is_built(stage));
        if last == Some(name.span) || !is_built || !(is_named || by_value) {
            continue;
        }
        last = Some(name.span);
        let (kept, keyword) = match instruction.keyword {
            Keyword::Env => ("the image's config", "ENV"),
            _ => ("the image's history", "ARG"),
        };
        let what = if secret.detector.is_some() && by_value { "holds a secret" } else { "is named like a secret" };
        let message = format!("{keyword} `{}` {what}, and its value stays readable in {kept}", name.text);
        let finding = report.at(name.span, message).subject(name.text.clone());
        report.push(
            finding
                .help("mount it for the step that needs it (`RUN --mount=type=secret,id=…`), or give it at run time"),
        );
    }
}
