use super::{Facts, Reporter};
use crate::dockerfile::Keyword;
use crate::rule::{Confidence, Severity};

/// Reports every ARG that the build gives a secret.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for given in facts.given_secrets {
        let taken = facts.instructions_of(Keyword::Arg).find_map(|(_, instruction)| {
            let is_built = instruction.stage.is_none_or(|stage| facts.is_built(stage));
            let pair = instruction.args.pairs().iter().find(|pair| pair.key.text == given.name)?;
            is_built.then_some(pair.key.span)
        });
        // What no ARG takes, the builder drops.
        let Some(span) = taken else { continue };
        let what = given.detector.map_or("a value that its name calls a secret", |detector| detector.name);
        let message = format!(
            "the build gives `{}` {what}, and build arguments stay readable in the image's history",
            given.name
        );
        let mut finding = report.at(span, message).subject(given.name.clone());
        if let Some(place) = facts.argument_places.get(&given.name) {
            finding = finding.related(place.clone(), "it is given here");
        }
        if given.detector.is_none() {
            finding = finding.severity(Severity::Warning).confidence(Confidence::Medium);
        }
        report.push(finding.help(format!(
            "give it as a secret: `RUN --mount=type=secret,id={0},env={0}`, and `--secret id={0}` where the image is built",
            given.name
        )));
    }
}
