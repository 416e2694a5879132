use super::labels::{self, Label};
use super::{Facts, Reporter};

/// Namespaces that Docker keeps for itself.
const RESERVED: [&str; 3] = ["com.docker.", "io.docker.", "org.dockerproject."];

/// Reports every LABEL key that is not written as Docker asks for.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for Label { key, name, .. } in labels::all(facts) {
        if let Some(why) = fault(&name) {
            report.push(report.at(key.span, format!("label key `{name}` {why}")).subject(name));
        }
    }
}

fn fault(key: &str) -> Option<String> {
    if let Some(reserved) = RESERVED.iter().find(|namespace| key.starts_with(*namespace)) {
        return Some(format!("is in `{reserved}`, which Docker keeps for itself"));
    }
    if let Some(other) = key.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '.' | '-' | '_')) {
        return Some(format!("holds `{}`: keys are made of a-z, 0-9, `.`, `-` and `_`", other.escape_default()));
    }
    if !key.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Some("does not start with a letter".to_owned());
    }
    if !key.ends_with(|c: char| c.is_ascii_alphanumeric()) {
        return Some("does not end with a letter or digit".to_owned());
    }
    if key.contains("..") || key.contains("--") {
        return Some("has two separators in a row".to_owned());
    }
    None
}
