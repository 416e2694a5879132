use super::{Facts, Reporter, labels};

/// Reports every label that is not among those the policy allows.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let allowed = report.params().list("labels");
    if allowed.is_empty() {
        return;
    }
    for label in labels::all(facts).filter(|label| !allowed.contains(&label.name)) {
        let message = format!("label `{}` is not among those the policy allows", label.name);
        let near = crate::text::closest(&label.name, allowed.iter().map(String::as_str));
        let mut finding = report.at(label.key.span, message).subject(label.name.clone());
        if let Some(near) = near {
            finding = finding.help(format!("did you mean `{near}`?"));
        }
        report.push(finding);
    }
}
