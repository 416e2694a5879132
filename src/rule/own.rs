//! Rules that a policy brings itself (`[[check]]`): a rule of the catalogue does the work, and everything that is told of what
//! it finds goes by the name and words the policy gives it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::{Rule, Severity, Veiled};

/// What a policy says of a check of its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct OwnCheck {
    /// Its name, kebab-case.
    pub id: String,
    /// What is wrong, for people.
    pub message: String,
    /// What to do, when the policy says.
    pub help: Option<String>,
    /// How bad it is, when the policy says; else the rule's own word.
    pub severity: Option<Severity>,
}

/// Every rule made so far. Rules live as long as the program, so equal descriptions share one.
static MADE: Mutex<BTreeMap<(&'static str, OwnCheck), &'static Rule>> = Mutex::new(BTreeMap::new());

impl Rule {
    /// The rule that a policy's check is, whose work `self` does. Equal descriptions give the same rule.
    pub fn own(&'static self, check: OwnCheck) -> &'static Rule {
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        made.entry((self.id, check)).or_insert_with_key(|(_, check)| {
            let page = page(self, check);
            Box::leak(Box::new(Rule {
                id: leak(&check.id),
                severity: check.severity.unwrap_or(self.severity),
                summary: leak(&check.message),
                aliases: &[],
                groups: &[],
                codes: None,
                triggers: &[],
                page: Veiled(Box::leak(page.bytes().map(|byte| byte ^ 0x80).collect())),
                examples: &[],
                works_as: Some(self),
                advice: check.help.as_deref().map(leak),
                ..*self
            }))
        })
    }

    /// The rule of the catalogue whose code runs for this one: itself, but for a policy's own check.
    pub fn of_catalogue(&self) -> &Rule {
        self.works_as.unwrap_or(self)
    }

    /// Whether a policy brought it.
    pub fn is_own(&self) -> bool {
        self.works_as.is_some()
    }
}

/// A rule that a policy of this run brought, for readers of reports that name it.
pub(super) fn made(id: &str) -> Option<&'static Rule> {
    let made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.values().find(|rule| rule.id == id).copied()
}

fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

/// The page of such a rule, as those of the catalogue are.
fn page(rule: &Rule, check: &OwnCheck) -> String {
    let sentence = |text: &str| if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") };
    let instead = check.help.as_deref().unwrap_or("Follow the message");
    format!(
        "# {}\n\n## What\n\n{}\n\n## Why\n\nIt is a check of the policy's own (`[[check]]`). {}\n\n## Instead\n\n{}\n",
        check.id,
        sentence(&check.message),
        sentence(rule.summary),
        sentence(instead),
    )
}

#[cfg(test)]
mod tests {
    use super::super::catalogue;
    use super::*;

    #[test]
    fn a_check_is_a_rule_by_its_own_name() {
        let check = |message: &str| OwnCheck {
            id: "no-telnet".into(),
            message: message.into(),
            help: Some("use ssh".into()),
            severity: Some(Severity::Info),
        };
        let rule = catalogue::CUSTOM_PACKAGE.own(check("telnet sends passwords in the clear"));
        assert_eq!(
            (rule.id, rule.severity, rule.phase),
            ("no-telnet", Severity::Info, catalogue::CUSTOM_PACKAGE.phase)
        );
        assert_eq!(rule.what(), "telnet sends passwords in the clear.");
        assert!(rule.page.text().ends_with("## Instead\n\nuse ssh.\n"), "{}", rule.page.text());
        assert!(rule.is_own() && rule.of_catalogue() == catalogue::CUSTOM_PACKAGE && rule.params.len() > 1);
        assert!(std::ptr::eq(rule, catalogue::CUSTOM_PACKAGE.own(check("telnet sends passwords in the clear"))));
        assert!(!std::ptr::eq(rule, catalogue::CUSTOM_PACKAGE.own(check("another"))));
    }
}
