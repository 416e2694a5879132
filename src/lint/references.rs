//! References to variables: where one stands, and what may have been meant.

use super::Facts;
use crate::dockerfile::Env;
use crate::text::{Span, closest};

/// Among more variables than this no similar name is looked for.
const MAX_CANDIDATES: usize = 500;
/// Nor for a longer name.
const MAX_NAME: usize = 80;

/// The first `$name` or `${name` in `span`; all of `span` when the reference is written in another way.
pub(super) fn place(facts: &Facts<'_>, span: Span, name: &str) -> Span {
    let text = facts.dockerfile.source.slice(span);
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    for (dollar, _) in text.match_indices('$') {
        let after = text.get(dollar + 1..).unwrap_or_default();
        let (is_braced, after) = after.strip_prefix('{').map_or((false, after), |inside| (true, inside));
        let Some(rest) = after.strip_prefix(name) else { continue };
        if name.starts_with(is_name) && rest.starts_with(is_name) {
            continue;
        }
        let end = match (is_braced, rest.find('}')) {
            (true, Some(brace)) => text.len() - rest.len() + brace + 1,
            _ => text.len() - rest.len(),
        };
        return Span::new(span.start + dollar, span.start + end);
    }
    span
}

/// Finds what may have been meant, for as many names as a person would read on.
pub(super) struct Hints {
    left: usize,
}

impl Default for Hints {
    fn default() -> Self {
        Self { left: 200 }
    }
}

impl Hints {
    /// ` (did you mean …?)` when a variable of a similar name is set, else nothing.
    pub(super) fn of(&mut self, name: &str, env: &Env) -> String {
        if name.len() > MAX_NAME || self.left == 0 {
            return String::new();
        }
        self.left -= 1;
        let variables = env.few_variables(MAX_CANDIDATES).unwrap_or_default();
        let names = variables.iter().map(|v| &*v.name).filter(|known| known.len() <= MAX_NAME);
        closest(name, names).map_or_else(String::new, |near| format!(" (did you mean `${near}`?)"))
    }
}
