//! What EXPOSE is given: `[[address:]host port:]port[/protocol]`.

use super::{Facts, Reporter, StepNode, edits};
use crate::dockerfile::{Keyword, Word, expand_words};
use crate::finding::Fix;
use crate::text::Span;

/// Reports every protocol that is not in small letters.
pub fn casing(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    each(facts, |step, word, spec| {
        let (_, container) = split(spec);
        let Some((_, protocol)) = container.split_once('/') else { return };
        let lower = protocol.to_ascii_lowercase();
        if protocol != lower {
            let message = format!("the protocol of `{spec}` is not in small letters");
            let help = format!("write `{lower}`");
            let mut finding = report.at_step(step, word.span, message).subject(spec).help(help.clone());
            // What a variable holds is written elsewhere.
            let edit = edits::replace_in(facts, word.span, protocol, &lower).filter(|_| word.text == spec);
            finding.fix = edit.map(|edit| Fix::safe(help, vec![edit]));
            report.push(finding);
        }
    });
}

/// Reports every port that is mapped to one of the host.
pub fn mapping(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    each(facts, |step, word, spec| {
        let (host, container) = split(spec);
        if !host.is_empty() {
            let message = format!("`{spec}` names an address or a port of the host, which EXPOSE cannot publish");
            let mut finding = report.at_step(step, word.span, message).subject(spec);
            if word.text == spec && facts.dockerfile.source.slice(word.span) == spec {
                let host = Span::new(word.span.start, word.span.end - container.len());
                finding.fix = Some(Fix::safe("name the container's port alone", vec![edits::delete(host)]));
            }
            report.push(
                finding.help(format!("expose `{container}`, and map it when the container is run: `docker run -p`")),
            );
        }
    });
}

fn each<'a>(facts: &Facts<'a>, mut visit: impl FnMut(&StepNode<'a>, &'a Word, &str)) {
    for step in facts.step_nodes().filter(|step| step.node.keyword == Keyword::Expose) {
        for word in step.node.args.words() {
            let specs = expand_words(&word.text, &step.step.env, facts.dockerfile.escape).unwrap_or_default();
            for spec in &specs {
                visit(&step, word, spec);
            }
        }
    }
}

/// Address and port of the host, empty without them, and what is exposed.
fn split(spec: &str) -> (&str, &str) {
    let (host, container) = spec.rsplit_once(':').unwrap_or(("", spec));
    (host, container)
}
