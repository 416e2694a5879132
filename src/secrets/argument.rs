//! Secrets among the values that a build is given for its arguments.

use std::collections::BTreeMap;

use super::{Scanner, is_placeholder, is_secret_name};
use crate::rule::Detector;

/// A build argument that is given a secret. It holds the name only, never the value.
#[derive(Clone, Debug)]
pub struct GivenSecret {
    /// The argument's name.
    pub name: String,
    /// The detector that knows the value; `None` when only the name says that it is a secret.
    pub detector: Option<&'static Detector>,
}

/// The arguments whose values are secrets, sorted by name: a detector knows the value, or the name says so and the value is
/// not one that stands for nothing.
pub fn in_arguments(arguments: &BTreeMap<String, String>) -> Vec<GivenSecret> {
    let secret = |(name, value): (&String, &String)| {
        let hits = Scanner::shared().scan_text(&format!("{name}={value}\n"));
        let detector = hits.first().map(|hit| hit.detector);
        let is_named = is_secret_name(name) && !value.trim().is_empty() && !is_placeholder(value);
        (detector.is_some() || is_named).then(|| GivenSecret { name: name.clone(), detector })
    };
    arguments.iter().filter_map(secret).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_names_tell() {
        let token = ["ghp_", "q3TxWz9kLmN4bV7cX2sD", "5fG8hJ1pR64fDpPu"].concat();
        let given = [("SOURCE", token.as_str()), ("DB_PASSWORD", "q3TxWz9k"), ("API_TOKEN", ""), ("VERSION", "1.2")];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let found: Vec<_> = in_arguments(&given).into_iter().map(|s| (s.name, s.detector.map(|d| d.id))).collect();
        assert_eq!(found, [("DB_PASSWORD".to_owned(), None), ("SOURCE".to_owned(), Some("github-pat"))]);
    }
}
