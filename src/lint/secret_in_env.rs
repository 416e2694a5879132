use super::{Facts, Reporter};
use crate::dockerfile::Keyword;

/// Reports every ENV and ARG that is named like a secret or has a value that is one.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for secret in facts.secrets {
        let Some(instruction) = secret.instruction.and_then(|i| facts.dockerfile.instructions.get(i)) else { continue };
        let (Some(name), Keyword::Env | Keyword::Arg) = (&secret.variable, instruction.keyword) else { continue };
        let (kept, keyword) = match instruction.keyword {
            Keyword::Env => ("the image's config", "ENV"),
            _ => ("the image's history", "ARG"),
        };
        let what = secret.detector.map_or("is named like a secret", |_| "holds a secret");
        let message = format!("{keyword} `{}` {what}, and its value stays readable in {kept}", name.text);
        let finding = report.at(name.span, message).subject(name.text.clone());
        report.push(
            finding
                .help("mount it for the step that needs it (`RUN --mount=type=secret,id=…`), or give it at run time"),
        );
    }
}
