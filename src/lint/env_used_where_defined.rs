use std::collections::BTreeSet;

use super::{Facts, Reporter};
use crate::dockerfile::{Env, Expander, Keyword, Setter};

/// Reports every value of an ENV that reads a variable which another pair of the same ENV defines.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (index, instruction) in facts.instructions_of(Keyword::Env) {
        let pairs = instruction.args.pairs();
        let Some(env) = facts.environments.get(index) else { continue };
        let names: Vec<String> = pairs.iter().map(|pair| facts.text_of(index, &pair.key)).collect();
        for (at, pair) in pairs.iter().enumerate() {
            let Some(value) = &pair.value else { continue };
            let Ok(expanded) = Expander::new(env, facts.dockerfile.escape).word(&value.text) else { continue };
            let read: BTreeSet<&String> = expanded.matched.iter().chain(&expanded.unmatched).collect();
            let others = names.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, name)| name);
            let defined: Vec<&String> = others.filter(|name| read.contains(name) && !is_set(env, name)).collect();
            if let Some(name) = defined.first() {
                let message = format!(
                    "`{name}` is defined by this same ENV, so here it still has its old value: none, or that of the base image"
                );
                report.push(report.at(value.span, message).subject((*name).clone()).help("write two ENV instructions"));
            }
        }
    }
}

/// Whether an earlier ARG or ENV of the file set the variable, so that an old value is meant.
fn is_set(env: &Env, name: &str) -> bool {
    env.variable(name).is_some_and(|variable| variable.setter != Setter::Builder)
}
