use std::collections::BTreeSet;

use super::{Facts, Reporter, edits};
use crate::dockerfile::{Env, Expander, Instruction, Keyword, Setter};
use crate::finding::Fix;
use crate::text::{Edit, Span};

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
                let mut finding = report.at(value.span, message).subject((*name).clone());
                let is_before = names.iter().take(at).any(|before| defined.contains(&before))
                    && !names.iter().skip(at + 1).any(|after| defined.contains(&after));
                let edit = split(facts, instruction, at).filter(|_| is_before);
                finding.fix = edit.map(|edit| Fix::unsafe_("write two ENV instructions", vec![edit]));
                report.push(finding.help("write two ENV instructions"));
            }
        }
    }
}

/// Whether an earlier ARG or ENV of the file set the variable, so that an old value is meant.
fn is_set(env: &Env, name: &str) -> bool {
    env.variable(name).is_some_and(|variable| variable.setter != Setter::Builder)
}

/// Starts another ENV before a pair.
fn split(facts: &Facts<'_>, env: &Instruction, at: usize) -> Option<Edit> {
    let pairs = env.args.pairs();
    let before = pairs.get(at.checked_sub(1)?)?.value.as_ref()?;
    let gap = Span::new(before.span.end, pairs.get(at)?.key.span.start);
    let is_bare = !facts.dockerfile.source.slice(gap).contains('#');
    is_bare.then(|| edits::replace(gap, format!("{}{} ", edits::line_end(facts.dockerfile), env.keyword_word.text)))
}
