//! The comparisons of Anchore's engine, which its triggers name.

use regex::Regex;

use crate::policy::path_regex;

/// A comparison with a value.
#[derive(Debug)]
pub(super) enum Comparison {
    Exists,
    NotExists,
    Equal(String),
    NotEqual(String),
    Like(Regex),
    NotLike(Regex),
    In(Vec<String>),
    NotIn(Vec<String>),
    Greater(String),
    Less(String),
    AtLeast(String),
    AtMost(String),
}

impl Comparison {
    /// The comparison with this sign or name.
    ///
    /// # Errors
    /// With what is wrong, in words: there is no such comparison, or the expression cannot be run.
    pub(super) fn new(check: &str, value: &str) -> Result<Self, String> {
        let text = || value.to_owned();
        let items = || value.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect();
        let regex = || path_regex(value).map_err(|error| error.to_string());
        Ok(match check.trim().to_ascii_lowercase().as_str() {
            "exists" => Self::Exists,
            "not_exists" => Self::NotExists,
            "=" => Self::Equal(text()),
            "!=" => Self::NotEqual(text()),
            "like" => Self::Like(regex()?),
            "not_like" => Self::NotLike(regex()?),
            "in" => Self::In(items()),
            "not_in" => Self::NotIn(items()),
            ">" => Self::Greater(text()),
            "<" => Self::Less(text()),
            ">=" => Self::AtLeast(text()),
            "<=" => Self::AtMost(text()),
            other => return Err(format!("`{other}` is no comparison")),
        })
    }

    /// Whether it holds for a text; numbers and versions are compared part by part.
    pub(super) fn holds(&self, text: &str) -> bool {
        match self {
            Self::Exists => true,
            Self::NotExists => false,
            Self::Equal(value) => text == value,
            Self::NotEqual(value) => text != value,
            Self::Like(regex) => regex.is_match(text),
            Self::NotLike(regex) => !regex.is_match(text),
            Self::In(items) => items.iter().any(|item| item == text),
            Self::NotIn(items) => !items.iter().any(|item| item == text),
            Self::Greater(value) => parts(text) > parts(value),
            Self::Less(value) => parts(text) < parts(value),
            Self::AtLeast(value) => parts(text) >= parts(value),
            Self::AtMost(value) => parts(text) <= parts(value),
        }
    }

    /// Whether it asks for something not to be so, which holds for what is not there.
    pub(super) fn is_negative(&self) -> bool {
        matches!(self, Self::NotExists | Self::NotEqual(_) | Self::NotLike(_) | Self::NotIn(_))
    }

    /// In words, for messages: `is like .*`.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Exists => "is there".to_owned(),
            Self::NotExists => "is not there".to_owned(),
            Self::Equal(value) => format!("is `{value}`"),
            Self::NotEqual(value) => format!("is not `{value}`"),
            Self::Like(regex) => format!("matches `{}`", shown(regex)),
            Self::NotLike(regex) => format!("does not match `{}`", shown(regex)),
            Self::In(items) => format!("is one of {}", items.join(", ")),
            Self::NotIn(items) => format!("is none of {}", items.join(", ")),
            Self::Greater(value) => format!("is more than {value}"),
            Self::Less(value) => format!("is less than {value}"),
            Self::AtLeast(value) => format!("is at least {value}"),
            Self::AtMost(value) => format!("is at most {value}"),
        }
    }
}

/// The expression as the policy has it.
fn shown(regex: &Regex) -> &str {
    let text = regex.as_str();
    text.strip_prefix("^(?:").and_then(|text| text.strip_suffix(')')).unwrap_or(text)
}

/// The numbers of a version: `12.10` comes after `12.9`. What is no number counts as 0.
fn parts(text: &str) -> Vec<u64> {
    let mut parts: Vec<u64> = text.split(['.', '-']).map(|part| part.trim().parse().unwrap_or(0)).collect();
    while parts.last() == Some(&0) {
        parts.pop();
    }
    parts
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_hold_as_their_names_say() {
        let cases = [
            ("exists", "", "a", true),
            ("not_exists", "", "a", false),
            ("=", "a", "a", true),
            ("!=", "a", "a", false),
            ("like", "a.*c", "abcd", true),
            ("like", "b", "abc", false),
            ("not_like", "b", "abc", true),
            ("in", "a, b", "b", true),
            ("not_in", "a,b", "b", false),
            (">", "12.9", "12.10", true),
            ("<", "9", "10", false),
            (">=", "3", "3.0", true),
            ("<=", "100", "99", true),
            ("NOT_IN", "a", "b", true),
        ];
        for (check, value, text, expected) in cases {
            assert_eq!(Comparison::new(check, value).unwrap().holds(text), expected, "{text} {check} {value}");
        }
        assert_eq!(Comparison::new("~", "").unwrap_err(), "`~` is no comparison");
        assert!(Comparison::new("like", "(").is_err());
        assert_eq!(Comparison::new("not_like", "a.*").unwrap().told(), "does not match `a.*`");
    }
}
