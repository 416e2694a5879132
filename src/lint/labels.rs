//! LABEL pairs with their variables expanded: what the rules about labels share.

use super::{Facts, Reporter};
use crate::dockerfile::{Keyword, Word};

/// One pair of a LABEL.
pub(super) struct Label<'a> {
    /// The key in the file.
    pub(super) key: &'a Word,
    /// The key, expanded.
    pub(super) name: String,
    /// The value in the file.
    pub(super) value: Option<&'a Word>,
    /// The value, expanded; `None` when it holds a variable that the build fills: an ARG, or one without a value.
    pub(super) text: Option<String>,
}

/// Every label of the file, in order; what an ONBUILD holds is not among them.
pub(super) fn all<'a>(facts: &Facts<'a>) -> impl Iterator<Item = Label<'a>> {
    facts.instructions_of(Keyword::Label).flat_map(move |(index, instruction)| {
        instruction.args.pairs().iter().map(move |pair| Label {
            key: &pair.key,
            name: facts.text_of(index, &pair.key),
            value: pair.value.as_ref(),
            text: match &pair.value {
                Some(value) => facts.expanded(index, value).filter(|e| !facts.is_left_open(index, e)).map(|e| e.text),
                None => Some(String::new()),
            },
        })
    })
}

/// Reports the labels named by the parameter `labels` whose value is known and not what it has to be. `wanted` says
/// what that is, with its article.
pub(super) fn report_values(
    facts: &Facts<'_>,
    report: &mut Reporter<'_>,
    wanted: &str,
    example: &str,
    is_valid: impl Fn(&str) -> bool,
) {
    let names = report.params().list("labels");
    for label in all(facts).filter(|label| names.contains(&label.name)) {
        let Some(text) = label.text.filter(|text| !is_valid(text)) else { continue };
        let message = format!("label `{}` has to hold {wanted}, and `{text}` is none", label.name);
        let span = label.value.map_or(label.key.span, |value| value.span);
        report.push(report.at(span, message).subject(label.name).help(format!("write it as in `{example}`")));
    }
}
