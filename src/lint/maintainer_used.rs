use super::{Facts, Reporter, edits};
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::Fix;
use crate::text::{Edit, Span};

/// Reports every MAINTAINER.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for instruction in facts.dockerfile.instructions.iter().filter(|i| i.keyword == Keyword::Maintainer) {
        let message = "MAINTAINER is deprecated, and sets a field few tools read";
        let mut finding = report.at(instruction.keyword_word.span, message);
        finding.fix = label(facts, instruction).map(|edits| Fix::safe("use a label", edits));
        report.push(finding.help("use a label: `LABEL org.opencontainers.image.authors=\"…\"`"));
    }
}

/// The name as the value of a label: in quotes, and with what quotes do not protect escaped.
fn label(facts: &Facts<'_>, maintainer: &Instruction) -> Option<Vec<Edit>> {
    let name = maintainer.args.text().filter(|name| facts.dockerfile.source.slice(name.span) == name.text)?;
    let inside = name.text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let (offset, text, quote) = inside.map_or((0, name.text.as_str(), "\""), |inside| (1, inside, ""));
    let label =
        format!("{} org.opencontainers.image.authors={quote}", edits::in_case_of(&maintainer.keyword_word, "LABEL"));
    let escape = facts.dockerfile.escape;
    let mut edits = vec![edits::replace(Span::new(maintainer.keyword_word.span.start, name.span.start), label)];
    let special = text.char_indices().filter(|(_, c)| matches!(c, '"' | '$') || *c == escape);
    edits.extend(special.map(|(at, _)| edits::insert(name.span.start + offset + at, escape)));
    if !quote.is_empty() {
        edits.push(edits::insert(name.span.end, quote));
    }
    // A quote at the very start is escaped where the label's text ends.
    if let [first, second, ..] = edits.as_mut_slice()
        && second.span.start == first.span.end
    {
        first.text.push_str(&second.text);
        edits.remove(1);
    }
    Some(edits)
}
