//! Rules that report under codes of another tool, and names that mean one such code.

use std::fmt;

use serde::{Serialize, Serializer};

use super::Rule;

/// A code a finding is reported under beside its rule: `SC2086`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Code {
    family: &'static str,
    number: u16,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:04}", self.family, self.number)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a name stands for: a rule with all it reports, or one code of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target {
    /// The rule.
    pub rule: &'static Rule,
    /// The code; `None` for all.
    pub code: Option<Code>,
}

impl Target {
    /// Whether it means a finding of this rule and code.
    pub fn covers(&self, rule: &Rule, code: Option<Code>) -> bool {
        self.rule == rule && (self.code.is_none() || self.code == code)
    }

    /// The order of lists: by rule id, the rule itself before its codes.
    pub fn sort_key(&self) -> (&'static str, Option<Code>) {
        (self.rule.id, self.code)
    }
}

impl From<&'static Rule> for Target {
    fn from(rule: &'static Rule) -> Self {
        Self { rule, code: None }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => code.fmt(f),
            None => f.write_str(self.rule.id),
        }
    }
}

impl Rule {
    /// One of the codes this rule reports under; `None` when it reports under none.
    pub fn code(&self, number: u16) -> Option<Code> {
        self.codes.map(|family| Code { family, number })
    }

    /// The code that a name means: the family's letters, in any case, and four digits.
    fn code_named(&self, name: &str) -> Option<Code> {
        let family = self.codes?;
        let (letters, digits) = name.split_at_checked(family.len())?;
        let is_code = letters.eq_ignore_ascii_case(family) && digits.len() == 4;
        self.code(digits.parse().ok().filter(|_| is_code && digits.bytes().all(|b| b.is_ascii_digit()))?)
    }
}

/// What a name stands for: the rules of [`super::named`], or one code of a rule. Empty for an unknown name.
pub fn targets(name: &str) -> Vec<Target> {
    let rules = super::named(name);
    if rules.is_empty() {
        let coded = super::all().iter().find_map(|rule| Some((rule, rule.code_named(name)?)));
        return coded.map(|(rule, code)| Target { rule, code: Some(code) }).into_iter().collect();
    }
    rules.into_iter().map(Target::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_name() {
        let shown = |name| targets(name).iter().map(|t| format!("{} {t}", t.rule.id)).collect::<Vec<_>>();
        assert_eq!(shown("sc2086"), ["shell-pitfall SC2086"]);
        assert_eq!(shown("SC0099"), ["shell-pitfall SC0099"]);
        assert_eq!(shown("shell-pitfall"), ["shell-pitfall shell-pitfall"]);
        for other in ["SC", "SC208", "SC20865", "SC+086", "DL2086", "2086", "SÇ2086"] {
            assert_eq!(shown(other), Vec::<String>::new(), "{other}");
        }
    }

    #[test]
    fn a_rule_covers_its_codes() {
        let (whole, one) = (targets("shell-pitfall")[0], targets("SC2086")[0]);
        assert!(whole.covers(whole.rule, one.code) && one.covers(one.rule, one.code));
        assert!(!one.covers(one.rule, None) && !one.covers(one.rule, one.rule.code(2046)));
    }
}
