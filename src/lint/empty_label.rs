use super::{Facts, Reporter, labels};

/// Reports every label that the policy asks for and that has an empty value.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let names = report.params().list("labels");
    for label in labels::all(facts).filter(|label| names.contains(&label.name)) {
        if label.text.as_deref() == Some("") {
            let span = label.value.map_or(label.key.span, |value| value.span);
            let message = format!("label `{}` is empty, which says as much as no label", label.name);
            report.push(report.at(span, message).subject(label.name));
        }
    }
}
