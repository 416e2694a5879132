use std::collections::BTreeSet;

use super::references::{Hints, place};
use super::{Facts, Reporter, StepNode};
use crate::dockerfile::{BUILDER_ARGS, Expandable, Expander, Keyword, WordError};
use crate::rule::{Confidence, Severity};

/// Reports every variable that nothing set or declared before the instruction that uses it.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let mut hints = Hints::default();
    for step in facts.step_nodes() {
        let is_sure = facts.is_from_scratch(step.step.stage);
        for text in step.node.expandable() {
            for name in undefined(facts, &step, text) {
                let hint = hints.of(&name, &step.step.env);
                let message = match is_sure {
                    true => format!("`${name}` is set nowhere, so it is empty here{hint}"),
                    false => format!(
                        "`${name}` is not set in this file, so it is empty here unless the base image sets it{hint}"
                    ),
                };
                let finding = report.at_step(&step, place(facts, text.span, &name), message).subject(name.clone());
                let finding =
                    finding.help(format!("declare it before this line in the same stage, with `ARG {name}` or ENV"));
                report.push(match is_sure {
                    true => finding,
                    false => finding.severity(Severity::Info).confidence(Confidence::Low),
                });
            }
        }
    }
}

/// The variables of a text that are not declared, sorted.
fn undefined(facts: &Facts<'_>, step: &StepNode<'_>, text: Expandable<'_>) -> BTreeSet<String> {
    let env = &step.step.env;
    let mut declared: Vec<&str> = BUILDER_ARGS.to_vec();
    if step.node.keyword == Keyword::Arg {
        // An ARG declares its names one after the other; a default that the build replaces is not looked at.
        let own = |pair: &&crate::dockerfile::Pair| pair.value.as_ref().is_some_and(|value| value.span == text.span);
        let pairs = step.node.args.pairs();
        if pairs.iter().find(own).is_some_and(|pair| facts.build.build_args.contains_key(&pair.key.text)) {
            return BTreeSet::new();
        }
        declared.extend(pairs.iter().take_while(|pair| !own(pair)).map(|pair| pair.key.text.as_str()));
    }
    let expander = match text.is_document {
        true => Expander::for_heredoc(env),
        false => Expander::new(env, facts.dockerfile.escape),
    };
    let mut names = match expander.word(text.text) {
        Ok(expanded) => expanded.unmatched,
        Err(WordError::Required { name, .. }) => BTreeSet::from([name]),
        Err(_) => BTreeSet::new(),
    };
    names.retain(|name| !env.is_declared(name) && !declared.contains(&name.as_str()));
    names
}
