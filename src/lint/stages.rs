//! Stages that lack something an image should have: what the rules about missing instructions share.

use super::Facts;
use crate::dockerfile::{Base, Instruction, Stage};

/// The stages whose image lacks an instruction that `has` knows.
///
/// The final stage alone, which has what the stages it stands on have; with `every_stage` all stages but those that are
/// only a step on the way: a stage that a stage with the instruction stands on, and one that files are copied from.
pub(super) fn lacking<'a>(
    facts: &Facts<'a>,
    every_stage: bool,
    has: impl Fn(usize, &Instruction) -> bool,
) -> Vec<&'a Stage> {
    let stages = &facts.dockerfile.stages;
    let mut is_good: Vec<bool> = Vec::with_capacity(stages.len());
    for stage in stages {
        let own = facts.dockerfile.instructions_of(stage).any(|(index, instruction)| has(index, instruction));
        is_good.push(own || base_of(facts, stage).is_some_and(|base| is_good.get(base) == Some(&true)));
    }
    if !every_stage {
        let lacks = |stage: &&Stage| is_good.get(stage.index) == Some(&false);
        return facts.target.and_then(|stage| stages.get(stage)).filter(lacks).into_iter().collect();
    }
    let mut is_step = vec![false; stages.len()];
    for stage in stages.iter().rev() {
        let passes_on = is_good.get(stage.index) == Some(&true) || is_step.get(stage.index) == Some(&true);
        if let Some(step) = base_of(facts, stage).filter(|_| passes_on).and_then(|base| is_step.get_mut(base)) {
            *step = true;
        }
    }
    let is_copied = copied_from(facts);
    let holds = |flags: &[bool], stage: &Stage| flags.get(stage.index) == Some(&true);
    stages.iter().filter(|s| !(holds(&is_good, s) || holds(&is_step, s) || holds(&is_copied, s))).collect()
}

fn base_of(facts: &Facts<'_>, stage: &Stage) -> Option<usize> {
    match facts.bases.get(stage.index) {
        Some(Base::Stage(base)) if *base < stage.index => Some(*base),
        _ => None,
    }
}

/// By stage, whether COPY or a mount of another takes files from it.
fn copied_from(facts: &Facts<'_>) -> Vec<bool> {
    let mut is_copied = vec![false; facts.dockerfile.stages.len()];
    for instruction in &facts.dockerfile.instructions {
        for name in instruction.sources_of_files() {
            let stage = earlier(facts, instruction.stage, name).filter(|from| Some(from.index) != instruction.stage);
            if let Some(flag) = stage.and_then(|stage| is_copied.get_mut(stage.index)) {
                *flag = true;
            }
        }
    }
    is_copied
}

/// The stage that a name or number means in a `from` of stage `at`: itself or an earlier one.
pub(super) fn earlier<'a>(facts: &Facts<'a>, at: Option<usize>, name: &str) -> Option<&'a Stage> {
    let seen = facts.dockerfile.stages.get(..=at?)?;
    match name.parse::<usize>() {
        Ok(number) => seen.get(number),
        Err(_) => seen.iter().rev().find(|stage| stage.is_named(name)),
    }
}
